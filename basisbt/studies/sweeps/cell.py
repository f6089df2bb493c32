"""One cell: from a base and what it changes to the two files of its run. The same in this process and on a cluster.

Knows how a config is resolved and run. Writes nothing: what it answers is put into the store by who asked.
"""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from basisbt.config.merge import merge
from basisbt.config.mistakes import Mistakes
from basisbt.config.override import parse_overrides
from basisbt.config.reader import Node
from basisbt.config.resolve import resolve
from basisbt.errors import BasisError, RunError
from basisbt.studies import store
from basisbt.studies.kept import Kept
from basisbt.studies.prepare import Prepared, code_digest, prepare_resolved
from basisbt.studies.run import finish
from basisbt.studies.sweeps.plan import Cell
from basisbt.studies.sweeps.scores import figures_of
from basisbt.studies.yaml_text import resolved_text


class Refused(RunError):
    """This process has other code, or other data, than who asks."""


@dataclass(frozen=True)
class Job:
    """What all cells share, as data. `root`: the base as a tree; `flags`: as the command line has them."""

    root: Node
    path: Path
    setups: dict[str, Node]
    fixed: tuple[str, ...]
    flags: dict[str, Any]
    holdout: tuple[str, ...]
    engine: str
    out: str | None
    force: bool = False
    code: str = ""
    digests: tuple[tuple[str, str], ...] = ()  # (file, digest) of the base's market data
    jobs: int | None = 1  # processes for sampled paths


@dataclass(frozen=True)
class Answer:
    """What came of one cell: its figures, and the files of its run where it was run now."""

    cell: Cell
    status: str  # done | cached | failed
    seconds: float = 0.0
    name: str = ""
    key: str = ""
    figures: dict = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    error: str = ""


_kept: Kept | None = None


def kept() -> Kept:
    """What this process has loaded already."""
    global _kept
    _kept = _kept or Kept()
    return _kept


def forget() -> None:
    """Load everything anew from here on: a new sweep in the same process sees what was edited."""
    global _kept
    _kept = None


def prepared_cell(job: Job, cell: Cell) -> Prepared:
    """The config of a cell, ready to run. Raises ConfigError, DataError."""
    mistakes, root = Mistakes(), job.root
    chosen = cell.chosen
    if "setup" in chosen:
        root = merge(root, job.setups[chosen["setup"]])
    texts, flags = [*job.fixed, *cell.overrides()], job.flags
    if cell.holdout:
        texts += job.holdout
        own = {"--timerange" if text.startswith("data.window") else "--seed" for text in job.holdout}
        flags = {key: value for key, value in flags.items() if key not in own}
    parsed = parse_overrides(texts, mistakes, lists=True)
    return prepare_resolved(resolve(root, job.path, parsed, flags, (), mistakes), job.engine, kept())


def refuse_other(job: Job) -> None:
    """Raise Refused unless code and market data are those of who asks."""
    if job.code and job.code != code_digest():
        raise Refused(f"other code here: digest {code_digest()}, expected {job.code}")
    for name, digest in job.digests:
        try:
            found = kept().digests([name])[name]
        except OSError as error:
            raise Refused(f"{name}: cannot be read here ({error.strerror}), expected digest {digest}") from error
        if found != digest:
            raise Refused(f"{name}: other data here: digest {found}, expected {digest}")


def run_one(job: Job, cell: Cell) -> Answer:
    """The answer of one cell, from the store when the same question was asked before. Raises Refused only."""
    began = time.perf_counter()
    refuse_other(job)
    try:
        prepared = prepared_cell(job, cell)
        files = tuple(sorted(map(str, prepared.world.notes["panel"].files)))
        name, key = prepared.resolved.spec.name, prepared.key
        known = None if job.out is None or job.force else stored(Path(job.out) / name / key)
        if known is not None:
            return Answer(cell, "cached", time.perf_counter() - began, name, key, figures_of(known), files=files)
        metrics, texts = run_now(prepared, job.jobs)
    except BasisError as error:
        return Answer(cell, "failed", time.perf_counter() - began, error=str(error))
    except Exception as error:  # the rest of a sweep goes on; `--only` shows where
        return Answer(cell, "failed", time.perf_counter() - began, error=f"{type(error).__name__}: {error}")
    figures = figures_of(store.plain(metrics))
    return Answer(cell, "done", time.perf_counter() - began, name, key, figures, texts, files)


def stored(folder: Path) -> dict | None:
    """metrics.json of a finished run; None where there is none that can be read."""
    try:
        return json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def run_now(prepared: Prepared, jobs: int | None) -> tuple[dict, dict[str, str]]:
    """(metrics, files) of a run without its records: history, then sampled paths."""
    from basisbt.studies.history import run_direct, run_history

    if not prepared.direct or prepared.loaded.digest not in kept().tried:
        prepared.try_strategy()
        kept().tried.add(prepared.loaded.digest)
    if prepared.direct:
        machine = run_direct(prepared.world, prepared.loaded)
    else:
        machine = run_history(prepared.world, prepared.loaded, prepared.compiled)
    metrics, meta = finish(prepared, machine)
    if prepared.sample is not None:
        from basisbt.studies.tails import figures, paths_meta, sampled

        metrics["paths"], meta["paths"] = figures(prepared, sampled(prepared, jobs)), paths_meta(prepared)
    texts = {
        "config.yaml": resolved_text(store.plain(prepared.resolved.tree), {}) + "\n",
        "metrics.json": store.to_json(metrics), "meta.json": store.to_json(meta),
    }  # fmt: skip
    return metrics, texts
