"""`sweep`: many configs that differ in a few keys, and what came of them.

Knows the order: read the file, plan, ask the ledger, hand out, record, score the winners again. Knows nothing of
processes (crew.py) and nothing of a figure's meaning (scores.py).
"""

import hashlib
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

from basisbt import units
from basisbt.config.axes import Axis
from basisbt.config.merge import read_extended
from basisbt.config.mistakes import Mistakes, Source
from basisbt.config.reader import read_text
from basisbt.config.sweep_file import SweepFile, is_sweep, load_sweep
from basisbt.errors import BasisError, ConfigError
from basisbt.places import packaged
from basisbt.studies.history import loop_is_warm
from basisbt.studies.interrupts import listening
from basisbt.studies.notebook import bar
from basisbt.studies.prepare import code_digest
from basisbt.studies.sweeps import cell as cells
from basisbt.studies.sweeps import scores
from basisbt.studies.sweeps.cell import Answer, Job
from basisbt.studies.sweeps.crew import Alone, Cluster
from basisbt.studies.sweeps.ledger import Ledger, sweep_away
from basisbt.studies.sweeps.plan import Cell, cells_of
from basisbt.studies.sweeps.result import Sweep, table_of
from basisbt.studies.sweeps.shipping import pack
from basisbt.studies.sweeps.search import Learning, Planned
from basisbt.studies.sweeps.shell import axes_of

WORTH_COMPILING = 100  # cells from which on a strategy is compiled for a sweep
FEW = 8  # cells that one process runs alone, unless it is told otherwise


def plan_of(config, axes, overrides) -> tuple[SweepFile, list[str]]:
    """(sweep, fixed overrides) of a sweep file, or of a run config and `-S key=a,b,c`. Raises ConfigError."""
    given, fixed = axes_of(overrides)
    given |= {key: [plain_value(value) for value in values] for key, values in (axes or {}).items()}
    more = tuple(Axis(key, tuple(values)) for key, values in given.items())
    if is_sweep(config):
        file = load_sweep(config)
        kept = tuple(axis for axis in file.axes if axis.key not in given)
        return replace(file, axes=(*kept, *more)), fixed
    if not more:
        raise ConfigError("a sweep needs an axis: -S key=a,b,c, or a file with `kind: sweep`")
    return SweepFile(f"{Path(config).stem}-sweep", Path(config), more), fixed


def plain_value(value):
    """A value as YAML reads it: `4%` is text, `3` a number."""
    if not isinstance(value, str):
        return value
    mistakes = Mistakes()
    node = read_text(value, Source(value, (), Path.cwd(), "-S"), mistakes)
    mistakes.raise_if_any()
    return node.plain()


def job_of(sweep: SweepFile, fixed, flags, engine, out, force, jobs) -> Job:
    """What the cells share. Raises ConfigError for a base that cannot be read."""
    mistakes = Mistakes()
    base = Path(sweep.base).absolute()
    root = read_extended(base, mistakes)
    mistakes.raise_if_any()
    if os.environ.get("BASISBT_DATA") and flags.get("--data-dir") is None:
        flags = {**flags, "--data-dir": os.environ["BASISBT_DATA"]}
    flags = {key: os.path.abspath(v) if key == "--data-dir" and v is not None else v for key, v in flags.items()}
    out = None if out is None else str(Path(out).absolute())
    return Job(root, base, sweep.setups, tuple(fixed), flags, holdout_texts(sweep), engine, out, force, jobs=jobs)


def holdout_texts(sweep: SweepFile) -> tuple[str, ...]:
    """What the holdout changes, as after `-S`."""
    found = []
    if sweep.holdout is not None and sweep.holdout.window is not None:
        start, end = map(units.time_name, sweep.holdout.window)
        found.append(f"data.window=[{start}, {end}]")
    if sweep.holdout is not None and sweep.holdout.seed is not None:
        found.append(f"seed={sweep.holdout.seed}")
    return tuple(found)


def key_of(sweep: SweepFile, job: Job) -> str:
    """Digest of what decides which cells there are and what they answer."""
    flags = {k: v for k, v in job.flags.items() if v is not None}
    parts = [
        job.root.plain(), {name: node.plain() for name, node in job.setups.items()}, [repr(a) for a in sweep.axes],
        sweep.exclude, sweep.method, sweep.samples, sweep.seed, job.fixed, flags, job.engine, code_digest(),
        sweep.rank if sweep.method == "optuna" else "", sweep.require if sweep.method == "optuna" else "",
    ]  # fmt: skip
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def sweep(config, axes=None, overrides=(), *, set=None, timerange=None, data_dir=None, seed=None, engine="auto",
          out="runs", force=False, paths=None, jobs=None, scheduler=None, retry_failed=False, max_hours=None,
          progress=None, say=None) -> Sweep:  # fmt: skip
    """Run every cell of a sweep file, or every combination of `axes` (key -> values) over a run config.

    out: the run store, None: nothing is written. What is in the store is not run again; a cell that fails is kept with
    its error and the rest goes on. Raises ConfigError, RunError.
    """
    overrides = [*overrides, *(f"{key}={json.dumps(value)}" for key, value in (set or {}).items())]
    file, fixed = plan_of(config, axes, overrides)
    flags = {"--timerange": timerange, "--data-dir": data_dir, "--seed": seed, "--paths": paths}
    cells.forget()
    job = job_of(file, fixed, flags, engine, out, force, 1)
    with listening():
        return Sweeping(file, job, jobs, scheduler, retry_failed, max_hours, progress or bar("cells"), say).run()


def slim(answer: Answer) -> Answer:
    """An answer without the files of its run: what a hundred thousand of may be kept."""
    figures = {sys.intern(name): value for name, value in answer.figures.items()}
    return replace(answer, figures=figures, texts={}, files=())


class Sweeping:
    """One sweep under way."""

    def __init__(self, file: SweepFile, job: Job, jobs, scheduler, retry_failed, max_hours, progress, say):
        self.file, self.job, self.jobs, self.scheduler = file, job, jobs, scheduler
        self.retry_failed, self.progress, self.say = retry_failed, progress, say or (lambda text: None)
        self.until = None if max_hours is None else time.monotonic() + max_hours * 3600.0
        self.key = key_of(file, job)
        self.ledger = Ledger(None if job.out is None else Path(job.out), file.name, self.key)
        self.answers: dict[str, Answer] = {}
        self.crew = None

    def run(self) -> Sweep:
        """All cells, then the winners once more. Raises ConfigError, RunError."""
        first = self.first_cell()
        sampled = first.sample is not None
        known = scores.known_figures(sampled)
        limits = scores.limits_of(self.file.require, known)
        for metric, _ in self.file.rank:
            scores.refuse_unknown(metric, known, "rank_by")
        head = self.ledger.begin(self.head(first))
        self.job = replace(self.job, engine=head["engine"], digests=self.digests(first), code=code_digest())
        if self.job.out is not None:
            sweep_away(Path(self.job.out) / first.resolved.spec.name)
        source = self.source(limits)
        try:
            complete = self.work(source, source.total)
            table = table_of(self.file, self.answers, limits)
            if self.file.holdout is not None and complete:
                winners = [replace(self.answers[i].cell, holdout=True) for i in table.winners(self.file.holdout.top)]
                complete = self.work(Planned(winners), len(winners))
                table = table_of(self.file, self.answers, limits)
        finally:
            self.end()
        return self.finished(table, complete)

    def source(self, limits):
        """Where cells come from."""
        if self.file.method == "optuna":
            return Learning(self.file, limits, self.ledger.folder)
        return Planned(cells_of(self.file))

    def first_cell(self):
        """The first cell that can be prepared: what is wrong with all of them is told before anything runs."""
        candidates = cells_of(self.file)[:20] or [self.middle()]
        trouble = None
        for candidate in candidates:
            try:
                return cells.prepared_cell(self.job, candidate)
            except BasisError as error:
                trouble = trouble or error
        raise trouble

    def middle(self) -> Cell:
        """A cell in the middle of every axis."""
        return Cell(0, tuple((axis.key, axis.at(0.5)) for axis in self.file.axes))

    def head(self, first) -> dict:
        """What sweep.json says of the sweep."""
        engine = self.job.engine
        total = self.file.samples or len(cells_of(self.file))
        if engine == "auto":
            worth = first.sample is not None or total >= WORTH_COMPILING or loop_is_warm(first.loaded)
            engine = "compiled" if worth and not first.obstacle else "backtrader"
        return {
            "name": self.file.name, "key": self.key, "base": str(self.job.path), "engine": engine,
            "axes": {a.key: list(a.values) or {"from": a.low, "to": a.high, "unit": a.unit} for a in self.file.axes},
            "rank": list(map(list, self.file.rank)), "method": self.file.method, "cells": total,
            "fixed": list(self.job.fixed), "code": code_digest(),
        }  # fmt: skip

    def digests(self, first) -> tuple:
        """Digest of the first cell's market data, which every worker must have too."""
        return tuple(sorted(cells.kept().digests(first.world.notes["panel"].files).items()))

    def work(self, source, total: int) -> bool:
        """Run what is not known; False when the time was up before the end."""
        done = 0
        while True:
            while self.crew is None or self.crew.room() > 0:
                cell = None if self.late() else source.ask()
                if cell is None:
                    break
                known = None if self.job.force else self.ledger.answer(cell, self.retry_failed)
                if known is not None:
                    self.answers[cell.id] = replace(known, cell=cell)
                    source.tell(self.answers[cell.id])
                    done += 1
                    continue
                self.crew = self.crew or self.hire(total - done, source.single)
                self.crew.submit(cell)
            found = self.crew.answers() if self.crew is not None else []
            if not found:
                return not self.late() or done >= total
            for answer in found:
                self.ledger.record(answer)
                self.answers[answer.cell.id] = slim(answer)
                source.tell(answer)
                done += 1
                if self.progress is not None:
                    self.progress(done, total)

    def recorded(self) -> list[Cell]:
        """The cells that the ledger knows, in its order."""
        if self.ledger.folder is None or not self.ledger.folder.is_dir():
            return []
        self.ledger.read()
        return [
            Cell(k, tuple(map(tuple, line["values"])), line["holdout"])
            for k, line in enumerate(self.ledger.lines.values())
        ]  # fmt: skip

    def status(self) -> dict:
        """How many cells there are, and how many are done, failed and left; runs nothing."""
        total = self.file.samples or len(cells_of(self.file))
        self.recorded()
        found = [line["status"] for line in self.ledger.lines.values() if not line["holdout"]]
        failed = found.count("failed")
        return {"name": self.file.name, "key": self.key, "cells": total, "done": len(found) - failed, "failed": failed,
                "left": max(total - len(found), 0)}  # fmt: skip

    def late(self) -> bool:
        """Whether the time is up."""
        return self.until is not None and time.monotonic() > self.until

    def hire(self, left: int, single: bool):
        """Who runs the cells: this process for a few, else all cores, or a cluster."""
        jobs = self.jobs or (1 if left <= FEW else os.cpu_count() or 1)
        if self.progress is not None:
            self.progress(0, left)
        if self.scheduler is None and jobs <= 1:
            return Alone(replace(self.job, jobs=self.jobs))
        if self.job.engine == "compiled":
            self.warm()
        return Cluster(self.job, jobs, self.scheduler, single, self.say, self.ship)

    def ship(self):
        """What workers need that do not see our disk."""
        first = self.first_cell()
        own = first.loaded.file if not first.loaded.file.is_relative_to(packaged("strategies")) else None
        if first.loaded.cls is not None or any(axis.key == "strategy.use" for axis in self.file.axes):
            own = None  # has to be there already
        return pack(self.job, Path(first.resolved.spec.data.dir), own)

    def warm(self) -> None:
        """Compile here before workers would, each for itself."""
        from basisbt.studies.history import run_direct
        from basisbt.studies.paths import note_loop

        prepared = self.first_cell()
        if prepared.direct and not loop_is_warm(prepared.loaded):
            run_direct(prepared.world, prepared.loaded)
            note_loop(prepared.loaded)

    def end(self) -> None:
        """Send everybody home, whatever happened."""
        if self.crew is not None:
            self.crew.close()
        self.ledger.close()

    def finished(self, table: Sweep, complete: bool) -> Sweep:
        """The table, kept in the sweep's folder."""
        table.key, table.folder, table.complete = self.key, self.ledger.folder, complete
        if self.ledger.folder is not None:
            table.keep(self.ledger)
        return table
