"""Stress: one config through the incident catalogue, one row per incident.

Knows how an incident is cast onto the config's venues and coins, and what is told of each run. The panel, the strategy
and the rules are prepared once; an incident changes events only.
"""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np

from basisbt import units
from basisbt.config.incidents import Incident, cast, catalogue, find_incident, typed
from basisbt.config.replay import venue_roles
from basisbt.core.rules import ATTRIBUTION
from basisbt.engines.machine import run_steps
from basisbt.engines.paths import PathRunner, outcome_of
from basisbt.errors import BasisError, ConfigError
from basisbt.events import make_overlay
from basisbt.market.instruments import parse_symbol
from basisbt.studies.happenings import make_event
from basisbt.studies.history import blaming, drive, loop_is_warm
from basisbt.studies.interrupts import check, listening

DAY = 86400
CALM = "(calm)"


@dataclass(frozen=True)
class Task:
    """One run: an incident cast onto a venue, beginning at a moment; `events` as typed events."""

    incident: str
    venue: str
    at: int
    events: tuple


def casts_of(incident: Incident, spec, at_home: bool) -> list[tuple[str, dict[str, str]]]:
    """[(venue, roles)]: an incident that names a venue is cast onto each of the config's; `at_home`: it stays where it
    was, nothing if it cannot."""
    bases = list(dict.fromkeys(parse_symbol(leg.venue, leg.symbol).base for leg in legs_in(spec) if not leg.wraps))
    quotes = [parse_symbol(leg.venue, leg.symbol).quote for leg in legs_in(spec)]
    coins = {incident.coin: incident.coin if incident.coin in bases else bases[0]} if incident.coin else {}
    for event in incident.events:
        if event.get("coin_role"):
            coins[event["coin_role"]] = event["coin_role"] if event["coin_role"] in bases else bases[0]
        asset = event.get("asset")
        if event["event"] == "depeg" and asset not in (None, "coin"):
            coins[asset] = asset if asset in quotes else quotes[0]
    roles = venue_roles(incident)
    if not roles:
        return [("", coins)]
    if at_home:
        return [("+".join(roles), coins)] if set(roles) <= set(spec.venues) else []
    found = []
    for venue in spec.venues:  # a chain's venues are different ones, as far as there are
        others = [venue, *(v for v in spec.venues if v != venue)]
        found.append((venue, coins | {role: others[min(n, len(others) - 1)] for n, role in enumerate(roles)}))
    return found


def legs_in(spec) -> list:
    """Every leg of every pair."""
    return [leg for pair in spec.pairs.values() for leg in (pair.long, pair.short)]


def events_for(incident: Incident, roles, at: int, prepared) -> tuple:
    """The typed events of an incident in this config. Raises ConfigError where it has nothing to say to it."""
    spec, names = prepared.resolved.spec, prepared.world.names
    legs = [(leg.venue, leg.symbol) for leg in legs_in(spec)]
    found = []
    for name, entry in cast(incident, at, roles, legs).items():
        try:
            found.append(make_event(name, typed(entry), names, spec))
        except (ValueError, TypeError):
            missing = "an insurance fund of known size" if entry["event"] == "insurance_drain" else "what it names"
            raise ConfigError(f"{incident.id}: {entry.get('venue', 'the config')} lacks {missing}") from None
    if not found:
        raise ConfigError(f"{incident.id}: no contract there that it could be about")
    return tuple(found)


def onsets(incident: Incident, when: str | None, window: tuple[int, int]) -> list[int]:
    """Seconds UTC: its own date, where that is inside the window, else a third into it; `every 7d` or a date."""
    start, end = window
    if when is None:
        third = start + (end - start) // 3
        return [incident.start if start <= incident.start < end else third - third % DAY]
    if when.startswith("every "):
        step = units.parse_duration(when.removeprefix("every ").strip())
        return list(range(start, end, step))
    return [units.parse_time(when)]


def tasks_of(prepared, names, when) -> tuple[list[Task], dict[str, str]]:
    """(runs, {incident: why it is left out})."""
    spec = prepared.resolved.spec
    tasks, left = [Task(CALM, "", spec.data.window[0], ())], {}
    for name in names or catalogue():
        incident, reasons = find_incident(name), []
        for at in onsets(incident, when, spec.data.window):
            for at_home in (True, False):
                found = []
                for venue, roles in casts_of(incident, spec, at_home):
                    try:
                        found.append(Task(name, venue, at, events_for(incident, roles, at, prepared)))
                    except ConfigError as error:
                        reasons.append(str(error).partition(": ")[2])
                tasks += found
                if found:
                    break
        if not any(task.incident == name for task in tasks):
            left[name] = reasons[0]
    return tasks, left


def run_task(world, loaded, compiled: bool, task: Task, ruin: float, runner=None) -> dict:
    """One row: USD, fractions of capital, days. runner: the compiled loop, where there is one."""
    events = (*world.events, *task.events)
    world = world.without(events=events, overlay=make_overlay(events, world.time, world.rules.seconds))
    if runner is not None:
        done = runner.run(world.overlay)[0]
    elif loaded.cls is not None:
        done = outcome_of(blaming(lambda kind: drive(world, loaded, kind, None), loaded, False))
    else:
        done = outcome_of(blaming(
            lambda kind: run_steps(world.without(params=loaded.record if kind else loaded.params), kind),
            loaded, compiled,
        ))  # fmt: skip
    lines = {line: float(done[line]) for line in ATTRIBUTION}
    return {
        "incident": task.incident, "venue": task.venue, "at": str(np.datetime64(task.at, "s")),
        "pnl": float(done["pnl"]), "recovered": float(done["recovered_equity"]) - world.capital,
        "max_drawdown": float(done["max_drawdown"]), "lowest_equity": float(done["lowest_equity"]),
        "trapped_days": float(done["trapped_days"]), "liquidations": int(done["liquidations"]),
        "survived": bool(done["lowest_equity"] >= ruin * world.capital), **lines,
    }  # fmt: skip


_shared: dict = {}


def start_worker(world, call, compiled, ruin):
    """In a new process: what all runs share."""
    import signal

    from basisbt.strategy.loader import load_strategy

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    loaded = load_strategy(*call)
    _shared.update(world=world.without(decide=loaded.decide), loaded=loaded, compiled=compiled, ruin=ruin)


def work(task: Task) -> dict:
    """In a worker: one run."""
    return run_task(_shared["world"], _shared["loaded"], _shared["compiled"], task, _shared["ruin"])


def stress(prepared, names=(), when=None, jobs: int = 1, progress=None, every: bool = False) -> tuple[list[dict], dict]:
    """([one row per incident, the calm run first, then the worst first], {incident: why it is left out}).

    An incident that can be cast in several ways, or begin at several moments, is told by its worst; `every`: by each.
    Raises ConfigError, RunError naming the incident.
    """
    with listening():
        tasks, left = tasks_of(prepared, names, when)
        rows = []
        for row in run_all(prepared, tasks, jobs):
            rows.append(row)
            if progress is not None:
                progress(len(rows), len(tasks))
    calm, rows = rows[0], rows[1:]
    for row in rows:
        row["change"] = row["pnl"] - calm["pnl"]
    calm["change"] = 0.0
    rows.sort(key=lambda row: row["pnl"])
    if not every:
        worst: dict[str, dict] = {}
        for row in rows:
            worst.setdefault(row["incident"], row)
        rows = list(worst.values())
    return [calm, *rows], left


def run_all(prepared, tasks: list[Task], jobs: int):
    """Yield rows in the order of the tasks: through the compiled loop where it is on disk (run_paths makes it), which
    gives the same digits; else step by step, in several processes."""
    ruin = prepared.resolved.spec.measures.ruin_share
    world, loaded, compiled = prepared.world, prepared.loaded, prepared.compiled
    fast = prepared.engine_asked != "backtrader" and loaded.cls is None and loop_is_warm(loaded)
    runner = PathRunner(world.without(params=loaded.record)) if fast else None

    def alone(task):
        check()
        try:
            return run_task(world, loaded, compiled, task, ruin, runner)
        except BasisError as error:
            raise type(error)(f"{task.incident} ({task.venue}, {np.datetime64(task.at, 's')}): {error}") from error

    yield alone(tasks[0])
    if fast or jobs <= 1 or len(tasks) < 4:
        yield from map(alone, tasks[1:])
        return
    shared = world.without(decide=None, params=None, notes={})
    pool = ProcessPoolExecutor(
        jobs, mp_context=get_context("spawn"), initializer=start_worker,
        initargs=(shared, prepared.strategy_call, compiled, ruin),
    )  # fmt: skip
    try:
        yield from pool.map(work, tasks[1:])
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
