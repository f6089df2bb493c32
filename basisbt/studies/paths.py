"""Paths: a config's sampled paths, run in this process or in several, and what they say together.

Knows which reruns a tail cost needs and how chunks of paths travel. Knows neither a rule of the model nor a formula of
statistics.
"""

from dataclasses import dataclass

import numpy as np

from basisbt.engines.machine import run_steps
from basisbt.engines.paths import OUTCOME, PathRunner, by_venue, loop_is_kept, outcome_of
from basisbt.engines.world import World
from basisbt.errors import BasisError, RunError
from basisbt.events import kind_of
from basisbt.studies.history import blaming, drive
from basisbt.studies.interrupts import check, listening
from basisbt.studies.sampling import Draws, Sample, without_defaults


@dataclass(frozen=True)
class PathJob:
    """Everything a worker needs, as data: the world without its functions, and how to load the strategy again."""

    world: World
    sample: Sample
    strategy: tuple  # arguments of `load_strategy`
    compiled: bool
    kinds: tuple[str, ...]  # kinds of event whose cost is wanted
    costs: bool


class Worker:
    """Runs chunks of paths of one job, compiled, or through Backtrader where the strategy does not compile."""

    def __init__(self, job: PathJob, loaded=None):
        from basisbt.strategy.loader import load_strategy

        self.job = job
        self.loaded = loaded or load_strategy(*job.strategy)
        self.draws = Draws(job.sample, job.world)
        plain = self.draws.overlay(self.draws.draw(0), ())._replace(row=np.arange(job.sample.bars))
        params = self.loaded.record if job.compiled else self.loaded.params
        self.world = job.world.without(decide=self.loaded.decide, params=params, overlay=plain)
        self.runner = PathRunner(self.world) if job.compiled else None
        self.quiet: np.void | None = None  # the path without events, where it is the same for all
        self.quiet_venues: np.ndarray | None = None
        self.venues: np.ndarray | None = None  # P&L by venue of the path that was run last
        self.extra = [("without_events", "f8"), ("without_defaults", "f8"), ("first", "i8"), ("first_venue", "i8")]
        by_venue = [("venue_pnl", "f8", (self.world.rules.venues,))]
        self.dtype = np.dtype(OUTCOME.descr + self.extra + by_venue + [(f"cost_{kind}", "f8") for kind in job.kinds])

    def run(self, paths) -> np.ndarray:
        """OUTCOME rows with costs, one per path. Raises RunError naming the path."""
        rows = np.zeros(len(paths), self.dtype)
        for k, path in enumerate(paths):
            check()
            try:
                self.path(int(path), rows[k : k + 1])
            except BasisError as error:
                raise type(error)(f"path {path}: {error}; `--path {path}` runs it alone") from error
        return rows

    def path(self, path: int, row: np.ndarray) -> None:
        """Fill one row: the path, and what it would have earned without some of its events (MODEL.md section 3.7)."""
        drawn = self.draws.draw(path)
        wanted = {"": drawn.events, **(self.reruns(drawn.events) if self.job.costs else {})}
        known = {(): self.quiet} if self.quiet is not None else {}
        if not drawn.events and self.quiet_venues is None:
            known = {}  # as a rerun its P&L by venue was not asked
        asked = list(dict.fromkeys(events for events in wanted.values() if events not in known))
        found = {**known, **dict(zip(asked, self.together(drawn, asked)))}
        own = self.venues if drawn.events in asked else self.quiet_venues
        if drawn.row is None:  # the market is history on every path: so is what happens without events
            self.quiet = found.get((), self.quiet)
            self.quiet_venues = own if not drawn.events else self.quiet_venues
        row["venue_pnl"] = own
        for name in OUTCOME.names:
            row[name] = found[drawn.events][name]
        row["path"] = path
        row["first"], row["first_venue"] = self.first(drawn.events)
        pnl = {name: float(found[events]["pnl"]) for name, events in wanted.items()}
        for name in ("without_events", "without_defaults"):
            row[name] = pnl.get(name, pnl[""])
        for name in pnl.keys() & set(self.dtype.names):
            if name.startswith("cost_"):
                row[name] = pnl[name] - pnl[""]

    def reruns(self, events) -> dict[str, tuple]:
        """{column: the events that are left} of the runs that tell what a path's events cost."""
        kinds = list(dict.fromkeys(kind_of(event) for event in events))
        found = {f"cost_{kind}": tuple(e for e in events if kind_of(e) != kind) for kind in kinds}
        if kinds:
            found |= {"without_events": (), "without_defaults": without_defaults(events)}
        return found

    def together(self, drawn, wanted) -> list[np.ndarray]:
        """OUTCOMEs of a drawn market under several sets of events, the path's own first."""
        overlays = [self.draws.overlay(drawn, events) for events in wanted]
        worlds = [self.world.without(overlay=o, events=e) for o, e in zip(overlays, wanted)]
        if self.runner is None:
            machines = [
                blaming(lambda kind, w=world: drive(w, self.loaded, kind, None), self.loaded, False) for world in worlds
            ]
            if machines:
                first = machines[0]
                self.venues = by_venue(first.world, first.tape, first.book, first.world.bars)
            return [outcome_of(machine) for machine in machines]
        try:
            found = list(self.runner.run(*overlays)) if overlays else []
            self.venues = self.runner.venue_pnl.copy()
            return found
        except BasisError:
            raise
        except Exception as error:  # the strategy's own: compiled code has no lines, so once more with them
            for world in worlds:
                world = world.without(params=self.loaded.params)
                blaming(lambda kind, w=world: run_steps(w, False), self.loaded, False)
            raise RunError(f"{self.loaded.file}: error: runs interpreted but not compiled: {error}") from error

    def first(self, events) -> tuple[int, int]:
        """(kind, venue) of the first event as numbers, -1 for none."""
        if not events:
            return -1, -1
        event = min(events, key=lambda e: e.start)
        venue = getattr(event, "venue", -1)
        if hasattr(event, "instrument"):
            venue = int(self.world.rules.venue[event.instrument])
        return self.job.kinds.index(kind_of(event)), venue


def path_world(job: PathJob, loaded, path: int) -> World:
    """The world of one path, to be run alone through Backtrader."""
    draws = Draws(job.sample, job.world)
    drawn = draws.draw(path)
    return job.world.without(
        decide=loaded.decide, overlay=draws.overlay(drawn), events=drawn.events, market=(drawn.row, drawn.chained)
    )  # fmt: skip


def run_paths(job: PathJob, jobs: int = 1, progress=None, loaded=None) -> np.ndarray:
    """All paths of a job in order, on `jobs` processes; progress(done, total) after every chunk.

    Compiles in this process before others start. Raises RunError, KeyboardInterrupt (workers are gone by then).
    """
    with listening():
        return in_order(job, jobs, progress, loaded)


def in_order(job: PathJob, jobs: int, progress, loaded) -> np.ndarray:
    """The same, with somebody listening for Ctrl-C."""
    from basisbt.studies.pool import chunks_of, work

    total = job.sample.paths
    worker = Worker(job, loaded)
    first = worker.run(range(1))
    if job.compiled:
        note_loop(worker.loaded)
        jobs = jobs if loop_is_kept(worker.loaded.decide) else 1  # workers would compile it, each for itself
    if progress is not None:
        progress(0, total)
    if jobs <= 1:
        results = ((start, worker.run(range(start, end))) for start, end in chunks_of(total, 1))
    else:
        results = work(job, chunks_of(total, jobs), jobs)
    rows, done = np.zeros(total, first.dtype), 0
    for start, part in results:
        rows[start : start + part.size] = part
        done += part.size
        if progress is not None:
            progress(done, total)
    if done != total:
        raise RunError(f"{total - done} of {total} paths are missing")
    return rows


def note_loop(loaded) -> None:
    """Remember that the compiled loop of a strategy is on disk."""
    from basisbt.engines.compile import note_compiled

    note_compiled(loaded.file, "loop")
