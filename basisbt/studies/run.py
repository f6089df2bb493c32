"""`run`: from a config file to a run folder and a result in memory.

Knows the order: resolve, load, assemble, look whether it was asked before, run, measure, write.
"""

import json
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from basisbt.engines.machine import Machine
from basisbt.errors import DataError, RunError
from basisbt.studies import store
from basisbt.studies.history import metrics_of, run_history, tail_costs
from basisbt.studies.notes import intrabar_warnings, quantised, rule_changes, versions
from basisbt.studies.prepare import Prepared, prepare

FRAMES = ("equity", "attribution", "journal", "orders", "fills", "margin", "events", "paths")


@dataclass
class Result:
    """A finished run: `metrics`, `meta`, and its frames by name, from memory or from its folder."""

    metrics: dict
    meta: dict
    folder: Path | None
    cached: bool = False
    frames: dict = field(default_factory=dict)
    machine: Machine | None = None

    def frame(self, name: str):
        """One of equity, attribution, journal, orders, fills, margin, events, paths; made now for a cell of a sweep."""
        if name not in self.frames:
            import pandas as pd

            path = self.folder / f"{name}.parquet"
            if not path.exists() and (self.folder / "config.yaml").exists():
                from basisbt.studies.fill import fill

                self.frames |= fill(self.folder, name, self.metrics, self.meta)
                return self.frames[name]
            try:
                self.frames[name] = pd.read_parquet(path)
            except (OSError, ValueError) as error:
                raise DataError(f"{path}: cannot be read ({error}); `basisbt run … --force` writes it anew") from error
        return self.frames[name]

    equity = property(lambda self: self.frame("equity"))
    journal = property(lambda self: self.frame("journal"))
    attribution = property(lambda self: self.frame("attribution"))
    orders = property(lambda self: self.frame("orders"))
    fills = property(lambda self: self.frame("fills"))
    margin = property(lambda self: self.frame("margin"))
    events = property(lambda self: self.frame("events"))
    paths = property(lambda self: self.frame("paths"))


def finish(prepared: Prepared, machine: Machine) -> tuple[dict, dict]:
    """(metrics, meta) of one finished path through Backtrader."""
    spec = prepared.resolved.spec
    world = machine.world
    figures = metrics_of(machine, spec.measures.risk_free)
    figures["tail_cost"] = tail_costs(world, prepared.loaded, prepared.compiled, figures["pnl"], prepared.direct)
    head = {"name": spec.name, "key": prepared.key, "engine": prepared.engine, "seed": spec.seed}
    notes = prepared.world.notes["panel"]
    warnings = [*prepared.resolved.warnings, *notes.warnings, *intrabar_warnings(world)]
    meta = {
        "versions": versions(), "data_digest": prepared.data_digest, "seed": spec.seed,
        "strategy": prepared.loaded.name, "strategy_digest": prepared.loaded.digest, "engine": prepared.engine,
        "config": str(prepared.resolved.path), "window": list(notes.window), "stand_ins": notes.stand_ins,
        "missing_bars": notes.missing_bars, "stale_marks": notes.stale_marks, "funding_gaps": notes.funding_gaps,
        "quantised": quantised(world), "rule_changes": rule_changes(prepared.resolved), "warnings": warnings,
    }  # fmt: skip
    return {**head, **figures}, meta


def frames_of(machine: Machine, reasons: dict) -> dict:
    """All frames of one path through Backtrader."""
    from basisbt.studies import records

    orders = records.orders_frame(machine, reasons)
    return {
        "equity": records.equity_frame(machine), "attribution": records.attribution_frame(machine),
        "journal": records.journal_frame(machine, reasons), "orders": orders, "fills": records.fills_frame(orders),
        "margin": records.margin_frame(machine), "events": records.events_frame(machine),
    }  # fmt: skip


def run_prepared(prepared: Prepared, out: Path | None = None, force: bool = False, jobs: int | None = None,
                 progress=None) -> Result:  # fmt: skip
    """Run what is prepared, or take it from the store when the same question was asked before.

    History through Backtrader, then the sampled paths on `jobs` processes; progress(done, total) counts paths.
    """
    folder = None if out is None else Path(out) / prepared.resolved.spec.name / prepared.key
    known = answered(folder, out, force)
    if known is not None:
        return known
    prepared.try_strategy()
    machine = run_history(prepared.world, prepared.loaded, prepared.compiled)
    metrics, meta = finish(prepared, machine)
    frames = frames_of(machine, prepared.loaded.reasons)
    if prepared.sample is not None:
        from basisbt.studies.tails import figures, paths_frame, paths_meta, sampled

        rows = sampled(prepared, jobs, progress)
        metrics["paths"], frames["paths"] = figures(prepared, rows), paths_frame(prepared, rows)
        meta["paths"] = paths_meta(prepared)
    keep(prepared, folder, out, metrics, meta, frames)
    return Result(store.plain(metrics), store.plain(meta), folder, False, frames, machine)


def answered(folder, out, force) -> Result | None:
    """The result in the store; None when it has to be worked out. Raises ConfigError when it could not be written."""
    if folder is None:
        return None
    if not force and (folder / "metrics.json").is_file():
        with suppress(OSError):  # a store that can only be read still answers
            store.remember_last(Path(out), folder)
        return read_run(folder, cached=True)
    store.refuse_unwritable(folder.parent)
    return None


def keep(prepared: Prepared, folder, out, metrics, meta, frames) -> None:
    """Write a run folder, whole or not at all; nothing without a store."""
    if folder is None:
        return
    from basisbt.studies.yaml_text import resolved_text

    texts = {
        "config.yaml": resolved_text(store.plain(prepared.resolved.tree), {}) + "\n",
        "metrics.json": store.to_json(metrics), "meta.json": store.to_json(meta),
    }  # fmt: skip
    try:
        store.write_run(folder, texts, frames)
        store.remember_last(Path(out), folder)
    except OSError as error:
        why = error.strerror or error
        raise RunError(f"{folder}: cannot be written: {why}; choose a place with --out") from error


def run_path(prepared: Prepared, which, out: Path | None = None, force: bool = False, jobs: int | None = None,
             progress=None) -> Result:  # fmt: skip
    """One sampled path alone, through Backtrader, with its full journal: a number, or `worst`.

    Where the paths have been run, their digest of it must be met. Raises ConfigError, RunError.
    """
    from basisbt.studies.tails import alone, pick_path

    path, digest = pick_path(prepared, which, out, jobs, progress)
    folder = None if out is None else Path(out) / prepared.resolved.spec.name / f"{prepared.key}-path-{path}"
    known = answered(folder, out, force)
    if known is not None:
        return known
    prepared.try_strategy()
    machine = run_history(alone(prepared, path), prepared.loaded, prepared.compiled)
    metrics, meta = finish(prepared, machine)
    metrics["key"], metrics["path"], metrics["paths_digest"] = f"{prepared.key}-path-{path}", path, digest
    if digest is not None and digest != metrics["journal_digest"]:
        raise RunError(
            f"path {path}: Backtrader's digest {metrics['journal_digest']} is not the loop's {digest}: "
            "the two engines disagree; please report this with the config"
        )
    frames = frames_of(machine, prepared.loaded.reasons)
    keep(prepared, folder, out, metrics, meta, frames)
    return Result(store.plain(metrics), store.plain(meta), folder, False, frames, machine)


def read_run(folder: Path, cached: bool = False) -> Result:
    """A result from its folder; frames are read when asked for."""
    figures = []
    for path in (folder / "metrics.json", folder / "meta.json"):
        try:
            figures.append(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise DataError(f"{path}: cannot be read ({error}); `basisbt run … --force` writes it anew") from error
    return Result(*figures, folder, cached)


def run(config, set=None, *, timerange=None, data_dir=None, seed=None, engine="auto", out=None, force=False,
        paths=None, path=None, jobs=None, progress=None) -> Result:  # fmt: skip
    """Run a config from Python: `basisbt.run("x.yaml", set={"strategy.params.enter_above": "4%"})`.

    `out` names a run store; without one nothing is written. `paths` replaces the number of sampled paths, `path`
    (a number or `worst`) runs that one alone. Raises ConfigError, DataError, RunError.
    """
    overrides = [f"{key}={value}" for key, value in (set or {}).items()]
    prepared = prepare(
        config, overrides, timerange=timerange, data_dir=data_dir, seed=seed, engine=engine, paths=paths
    )  # fmt: skip
    place = None if out is None else Path(out)
    if path is not None:
        return run_path(prepared, path, place, force, jobs, progress)
    return run_prepared(prepared, place, force, jobs, progress)
