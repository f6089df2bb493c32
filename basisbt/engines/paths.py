"""Paths: one world run over and over, each time under another overlay, through the compiled loop.

Knows how to set tape and books back to the beginning and what to keep of a path. Knows neither chance (who makes the
overlays) nor statistics (who reads the outcomes). One runner's memory does not grow with the number of paths.
"""

import numpy as np

from basisbt.core.books import (
    DEFAULTS, DRAWDOWN, ERROR, FILLS, LIQUIDATIONS, LOWEST, REFUSALS, TRANSFERS, TRAPPED, WORST_RATIO,
)  # fmt: skip
from basisbt.core.decision import make_want
from basisbt.core.rules import ATTRIBUTION, LINES
from basisbt.core.tape import Overlay, blank, forget
from basisbt.core.valuation import lines_to_date, split_at_close
from basisbt.engines import compiled
from basisbt.engines.compile import handle_of, pointed
from basisbt.engines.machine import FAILURES, Machine
from basisbt.engines.regimes import Regimes
from basisbt.engines.world import World, begin
from basisbt.errors import RunError
from basisbt.strategy.sight import make_desk, make_window

OUTCOME = np.dtype(
    [("path", "i8"), ("pnl", "f8"), ("final_equity", "f8"), ("accessible_equity", "f8"), ("recovered_equity", "f8"),
     ("open_claims", "f8"), ("max_drawdown", "f8"), ("lowest_equity", "f8"), ("worst_ratio", "f8"),
     ("trapped_days", "f8"), ("liquidations", "i8"), ("defaults", "i8"), ("fills", "i8"), ("transfers", "i8"),
     ("refusals", "i8"), ("digest", "u8"), *((line, "f8") for line in ATTRIBUTION)]
)  # fmt: skip


WRITTEN = ("margin",)  # rewritten bar by bar, never read before; equity is: limits go by the last close
MEMORY = ("time", "past", "past_fresh", "past_index", "funding", "funding_total")  # kept up to a bar, blank after it


class PathRunner:
    """Runs overlays of one world, compiled; what a path changes is set back before the next.

    Paths that differ by a few events only are run together: each sets out from where it first differs.
    """

    def __init__(self, world: World):
        self.world, self.regimes = world, Regimes(world)
        self.tape, self.book = begin(world, 0, kept=1)
        self.cash = np.flatnonzero(world.rules.cash)
        self.capital = world.capital
        self.beginnings: dict[bytes, tuple] = {}
        self.window = make_window(self.tape)
        self.desk = make_desk(world.rules.long.size, world.rules.venues)
        self.want = make_want(world.rules.long.size)
        self.memory = world.memory.copy()
        self.lines = np.zeros(LINES)
        self.loop = compiled_loop(world)
        self.shown = self.handle = None
        self.parts = [pointed(part) for part in (world.panel, self.tape, self.regimes.rules, self.book)]
        self.used = False
        self.venue_pnl = np.zeros(world.rules.venues)  # USD, of the path that was run last

    def reset(self, overlay: Overlay) -> None:
        """The state before the first bar, capital deposited at the currencies' prices of that bar."""
        if self.used:
            blank(self.tape)
        self.used = True
        prices = self.world.panel.usd[overlay.row[0], self.cash].tobytes()
        if prices not in self.beginnings:
            world = self.world.without(overlay=overlay)
            _, book = begin(world, 0, kept=1)
            kept = [k for k, name in enumerate(book._fields) if name not in WRITTEN]
            self.beginnings[prices] = world.capital, [(self.book[k], book[k]) for k in kept]
        self.capital, parts = self.beginnings[prices]
        for part, before in parts:
            part[...] = before
        self.memory[:] = self.world.memory

    def run(self, overlay: Overlay, *others: Overlay) -> np.ndarray:
        """OUTCOMEs of a path and of others on the same rows, [1 + others] (`path` is left 0).

        Raises RunError with the moment and the cause, ValueError where the others replay other rows.
        """
        bars = overlay.row.size
        found = np.zeros(1 + len(others), OUTCOME)
        setting_out = [fork(overlay, other) for other in others]
        kept, here = {}, 0
        self.reset(overlay)
        for bar in sorted(set(setting_out)):
            here = self.go(here, bar, overlay)
            kept[bar] = [(part, part.copy()) for part in self.state()]
        self.go(here, bars, overlay)
        found[0] = outcome(self.world, self.capital, self.book, self.lines)
        self.venue_pnl = by_venue(self.world, self.tape, self.book, bars)
        latest_first = sorted(range(len(others)), key=lambda k: -setting_out[k])  # rows before are still those of all
        for k in latest_first:
            forget(self.tape, setting_out[k])
            for part, before in kept[setting_out[k]]:
                part[...] = before
            self.go(setting_out[k], bars, others[k])
            found[1 + k] = outcome(self.world, self.capital, self.book, self.lines)
        return found

    def trace(self, overlay: Overlay, ends) -> np.ndarray:
        """Marked equity, USD, of one path at the close of some bars, [len(ends)]; ends: ascending bar counts."""
        self.reset(overlay)
        found, here = np.zeros(len(ends)), 0
        for k, end in enumerate(ends):
            here = self.go(here, int(end), overlay)
            found[k] = self.book.equity[-1, 0]
        return found

    def state(self) -> list[np.ndarray]:
        """Everything a path changes but its tape's memory and what it never reads before writing it."""
        parts = [part for name, part in zip(self.tape._fields, self.tape) if name not in MEMORY]
        parts += [part for name, part in zip(self.book._fields, self.book) if name not in WRITTEN]
        return [*parts, self.memory]

    def go(self, first: int, end: int, overlay: Overlay) -> int:
        """Bars first..end-1 of a path; returns `end`."""
        panel, tape, rules, book = self.parts
        if overlay is not self.shown:
            self.shown = overlay
            self.handle = handle_of(
                panel, overlay, self.window, tape, rules, book, self.desk, self.want, self.memory, self.world.params
            )
        for here, there in self.regimes.stretches(first, end):
            self.regimes.at(here)
            last = self.loop(self.handle, here, there, self.lines)
            check(self.world, self.book, last)
        return end


def fork(one: Overlay, other: Overlay) -> int:
    """The first bar in which two overlays of the same rows differ; their length when they do not.

    Raises ValueError where they replay different rows.
    """
    if one.row is not other.row and not np.array_equal(one.row, other.row):
        raise ValueError("overlays that replay different rows have no beginning in common")
    count = min(one.event_bar.size, other.event_bar.size)
    same = np.ones(count, bool)
    for name in ("event_bar", "event_kind", "event_who", "event_size", "event_more"):
        same &= getattr(one, name)[:count].view(np.int64) == getattr(other, name)[:count].view(np.int64)
    k = count if same.all() else int(np.argmin(same))
    return min((int(o.event_bar[k]) for o in (one, other) if o.event_bar.size > k), default=one.row.size)


def check(world: World, book, bar: int) -> None:
    """Raise RunError when core stopped a path before `bar`."""
    code = int(book.count[ERROR])
    if code:
        moment = np.datetime64(int(world.time[min(bar, world.bars - 1)]), "s")
        raise RunError(f"{moment}Z: {FAILURES[code]}")


def outcome(world: World, capital: float, book, lines) -> np.ndarray:
    """What is kept of a finished path; lines: [LINES] attribution in USD."""
    row = np.zeros((), OUTCOME)
    marked, accessible, recovered = book.equity[-1, :3]
    row["pnl"] = marked - capital
    row["final_equity"], row["accessible_equity"], row["recovered_equity"] = marked, accessible, recovered
    row["open_claims"] = book.face.sum()
    row["max_drawdown"], row["lowest_equity"] = book.record[DRAWDOWN], book.record[LOWEST]
    row["worst_ratio"] = book.record[WORST_RATIO]
    row["trapped_days"] = book.record[TRAPPED] * world.rules.seconds / 86400.0
    for name, counter in (
        ("liquidations", LIQUIDATIONS), ("defaults", DEFAULTS), ("fills", FILLS), ("transfers", TRANSFERS),
        ("refusals", REFUSALS),
    ):  # fmt: skip
        row[name] = book.count[counter]
    row["digest"] = book.digest[0]
    for line, number in ATTRIBUTION.items():
        row[line] = lines[number]
    return row


def by_venue(world: World, tape, book, bars: int) -> np.ndarray:
    """[V] P&L of a finished path in USD by the venue where it was made, open holdings split at its last close."""
    rules, count = world.rules, world.rules.venue.size
    slots = book.attribution.sum(axis=0)
    for i in range(count):
        slots[i] += sum(split_at_close(i, bars - 1, tape, rules, book))
    found = np.zeros(rules.venues)
    np.add.at(found, np.concatenate([rules.venue, np.arange(slots.size - count)]), slots)
    return found


def outcome_of(machine: Machine) -> np.ndarray:
    """The same of a path that ran on a Machine, whichever driver stepped it."""
    world, lines = machine.world, np.zeros(LINES)
    lines_to_date(world.bars - 1, machine.tape, world.rules, machine.book, lines)
    return outcome(world, world.capital, machine.book, lines)


def compiled_loop(world: World):
    """The compiled loop for a world's `decide`; its types are those of the first bar's question."""
    from basisbt.engines.compile import loop_for

    return loop_for(world.decide, question(world))


def loop_is_kept(decide) -> bool:
    """Whether the compiled loop of a `decide` that has run is on disk; a few things Numba does not keep."""
    from basisbt.engines.compile import run_by_handle, strategy_folder

    return any(strategy_folder(decide).rglob(f"*{run_by_handle.__name__}*.nbc"))


def question(world: World) -> tuple:
    """(seen, book, want, p) as `decide` gets them, of the first bar."""
    asked = []
    tape, book = begin(world, 0)
    think = compiled.think_with(lambda *arguments: asked.append(arguments))
    think(
        0, make_window(tape), tape, world.rules, book, make_desk(world.rules.long.size, world.rules.venues),
        make_want(world.rules.long.size), world.memory.copy(), world.params,
    )  # fmt: skip
    return asked[0]
