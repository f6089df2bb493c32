"""One running path: its tape, books and views, stepped interpreted or compiled. Both drivers hold one.

Knows how to call the model and how to keep what it writes down. Knows no rule of it.
"""

import numpy as np

from basisbt.core.books import BAD_MOVE, BAD_PRICE, BAD_TARGET, ERROR, JOURNAL_FULL, POSTINGS, RUINED, TICKETS, TOO_MANY
from basisbt.core.decision import make_want
from basisbt.core.instant import step
from basisbt.core.rules import BASIS, COLLATERAL, DIRECTIONAL, LINES
from basisbt.core.valuation import split_at_close
from basisbt.engines import compiled
from basisbt.engines.regimes import Regimes
from basisbt.engines.world import World, begin
from basisbt.errors import RunError
from basisbt.strategy.sight import make_desk, make_window

ROOM = 2048
FAILURES = {
    BAD_TARGET: "the strategy asked for a target that is not a finite number",
    BAD_MOVE: "the strategy asked to move an amount that is not finite, or from or to a venue that is not there",
    BAD_PRICE: "a price or rate is not a number",
    TOO_MANY: "more orders or transfers than one bar can hold",
    JOURNAL_FULL: "more postings than one bar can hold",
}


class Machine:
    """A path under way. `compile=True` uses the compiled core (and `decide`), else everything is interpreted."""

    def __init__(self, world: World, compile: bool = False, room: int = ROOM):
        self.world, self.regimes = world, Regimes(world)
        self.rules = self.regimes.rules
        self.tape, self.book = begin(world, room)
        self.window = make_window(self.tape)
        self.desk = make_desk(world.rules.long.size, world.rules.venues)
        self.want = make_want(world.rules.long.size)
        self.memory = world.memory.copy()
        self.postings: list = []
        self.snapshots: list = []
        self.next_snapshot = self._day_end(0)
        self.tickets: list = []
        self._bind(compile)
        self.drain()

    def _bind(self, compile):
        w, b = self.world, self.book
        if compile:
            from basisbt.engines.compile import engine_for, handle_of

            engine = engine_for(w.decide or compiled.decide)
            handle = handle_of(
                w.panel, w.overlay, self.window, self.tape, self.rules, b, self.desk, self.want, self.memory, w.params
            )
            by_step, by_think = engine.step, engine.think
            self._step = lambda t: by_step(handle, t)
            self.decide = lambda t: by_think(handle, t)
            return
        panel, overlay, tape, rules = w.panel, w.overlay, self.tape, self.rules
        think = compiled.think_with(w.decide)
        window, desk, want, memory, params = self.window, self.desk, self.want, self.memory, w.params
        self._step = lambda t: step(t, panel, overlay, tape, rules, b)
        self.decide = lambda t: think(t, window, tape, rules, b, desk, want, memory, params)

    def advance(self, t: int) -> None:
        """Everything of bar t up to its close, under the rules in force."""
        self.regimes.at(t)
        self._step(t)

    @property
    def ruined(self) -> bool:
        """Marked equity has been zero or less: the strategy is no longer asked."""
        return self.book.count[RUINED] != 0

    def check(self, t: int) -> None:
        """End of a bar: keep the day's snapshot, and stop the run if core reported an error.

        Raises RunError with the moment and the cause.
        """
        if t == self.next_snapshot:
            self.snapshot(t)
        code = int(self.book.count[ERROR])
        if code:
            moment = np.datetime64(int(self.world.time[t]), "s")
            raise RunError(f"{moment}Z: {FAILURES[code]}")

    def _day_end(self, t: int) -> int:
        """The last bar of the UTC day in which bar t closes (a close at midnight belongs to the day it ends)."""
        time = self.world.time
        day = (time[t] + self.world.rules.seconds - 1) // 86400
        last = int(np.searchsorted(time + self.world.rules.seconds - 1, (day + 1) * 86400)) - 1
        return max(last, t)

    def snapshot(self, t: int) -> None:
        """Keep the attribution to date, open positions marked at the close of bar t; taken at the end of each day."""
        self.snapshots.append((int(self.world.time[t]) + self.world.rules.seconds, self.attribution(t)))
        if t + 1 < self.world.bars:
            self.next_snapshot = self._day_end(t + 1)

    def attribution(self, t: int) -> np.ndarray:
        """[LINES, I + V] USD to date: income lines, and price lines with open holdings marked at the close of bar t."""
        tape, rules, book = self.tape, self.world.rules, self.book
        block = book.attribution.copy()
        for i in range(rules.venue.size):
            block[[DIRECTIONAL, BASIS, COLLATERAL], i] += split_at_close(i, t, tape, rules, book)
        return block

    def drain(self):
        """Take what was written down since the last call out of the buffers; returns the new tickets.

        A ticket is (row of integers, row of numbers), see core.books.
        """
        book = self.book
        count = book.count
        n = int(count[POSTINGS])
        if n:
            self.postings.append((book.journal[:n].copy(), book.amount[:n].copy()))
            count[POSTINGS] = 0
        m = int(count[TICKETS])
        if not m:
            return None
        fresh = (book.ticket[:m].copy(), book.ticket_number[:m].copy())
        self.tickets.append(fresh)
        count[TICKETS] = 0
        return fresh


def run_loop(world: World, compile: bool = False, upto: int | None = None, room: int = 4 * ROOM) -> Machine:
    """Run a world without Backtrader, journal kept (room 0: not), interpreted or compiled, to the same digest.

    Raises RunError.
    """
    while True:
        machine = Machine(world, compile=False, room=room)
        end = world.bars if upto is None else upto
        parts = (world.panel, world.overlay, machine.window, machine.tape, machine.rules, machine.book, machine.desk,
                 machine.want, machine.memory, world.params)  # fmt: skip
        run = loop_of(world, parts, compile)
        for first, until in machine.regimes.stretches(0, end):
            machine.regimes.at(first)
            last = run(first, until)
            if last < until:
                break
        if machine.book.count[ERROR] != JOURNAL_FULL:
            break
        room *= 4
    machine.check(min(last, world.bars - 1))
    machine.drain()
    return machine


def loop_of(world: World, parts, compile: bool):
    """The loop over bars first..end-1 as a function of these two; returns the bar it stopped before."""
    if not compile:
        loop = compiled.run_whole_with(world.decide)
        return lambda first, end: loop(first, end, *parts, np.zeros(LINES))
    from basisbt.engines.compile import handle_of
    from basisbt.engines.paths import compiled_loop

    loop, handle = compiled_loop(world), handle_of(*parts)
    return lambda first, end: loop(handle, first, end, np.zeros(LINES))


def run_steps(world: World, compile: bool = False) -> Machine:
    """Run a world bar by bar without Backtrader and without a journal: for reruns of which only the end counts."""
    machine = Machine(world, compile, room=0)
    for t in range(world.bars):
        machine.advance(t)
        machine.check(t)
        if not machine.ruined:
            machine.decide(t)
            machine.check(t)
    return machine
