"""One running path: its tape, books and views, stepped interpreted or compiled. Both drivers hold one.

Knows how to call the model and how to keep what it writes down. Knows no rule of it.
"""

import numpy as np

from basisbt.core.books import BAD_MOVE, BAD_TARGET, ERROR, JOURNAL_FULL, POSTINGS, RUINED, TICKETS, TOO_MANY
from basisbt.core.decision import make_want
from basisbt.core.instant import step
from basisbt.engines import compiled
from basisbt.engines.world import World, begin
from basisbt.errors import RunError
from basisbt.strategy.sight import make_desk, make_window

ROOM = 2048
FAILURES = {
    BAD_TARGET: "the strategy asked for a target that is not a finite number",
    BAD_MOVE: "the strategy asked to move an amount that is not a finite number",
    TOO_MANY: "more orders or transfers than one bar can hold",
    JOURNAL_FULL: "more postings than one bar can hold",
}


class Machine:
    """A path under way. `compile=True` uses the compiled core (and `decide`), else everything is interpreted."""

    def __init__(self, world: World, compile: bool = False, room: int = ROOM):
        self.world = world
        self.tape, self.book = begin(world, room)
        self.window = make_window(self.tape)
        self.desk = make_desk(world.rules.long.size, world.rules.venues)
        self.want = make_want(world.rules.long.size)
        self.memory = world.memory.copy()
        self.postings: list = []
        self.tickets: list = []
        self._bind(compile)
        self.drain()

    def _bind(self, compile):
        w, b = self.world, self.book
        if compile:
            from basisbt.engines.compile import engine_for

            engine = engine_for(w.decide or compiled.decide)
            handle = engine.handle(
                w.panel, w.overlay, self.window, self.tape, w.rules, b, self.desk, self.want, self.memory, w.params
            )
            by_step, by_think = engine.step, engine.think
            self.advance = lambda t: by_step(handle, t)
            self.decide = lambda t: by_think(handle, t)
            return
        panel, overlay, tape, rules = w.panel, w.overlay, self.tape, w.rules
        think = compiled.think_with(w.decide)
        window, desk, want, memory, params = self.window, self.desk, self.want, self.memory, w.params
        self.advance = lambda t: step(t, panel, overlay, tape, rules, b)
        self.decide = lambda t: think(t, window, tape, rules, b, desk, want, memory, params)

    @property
    def ruined(self) -> bool:
        """Marked equity has been zero or less: the strategy is no longer asked."""
        return self.book.count[RUINED] != 0

    def check(self, t: int) -> None:
        """Stop the run if core reported an error in bar t. Raises RunError with the moment and the cause."""
        code = int(self.book.count[ERROR])
        if code:
            moment = np.datetime64(int(self.world.panel.time[t]), "s")
            raise RunError(f"{moment}Z: {FAILURES[code]}")

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


def run_loop(world: World, compile: bool = False, upto: int | None = None) -> Machine:
    """Run a world without Backtrader. Interpreted or compiled, to the same digest. Raises RunError."""
    room = 4 * ROOM
    while True:
        machine = Machine(world, compile=False, room=room)
        b = machine.book
        loop = compiled.run_path_with(world.decide)
        if compile:
            from basisbt.engines.compile import engine_for

            loop = engine_for(world.decide).run_path
        last = loop(
            0, world.bars if upto is None else upto, world.panel, world.overlay, machine.window, machine.tape,
            world.rules, b, machine.desk, machine.want, machine.memory, world.params,
        )  # fmt: skip
        if b.count[ERROR] != JOURNAL_FULL:
            break
        room *= 4
    machine.check(min(last, world.bars - 1))
    machine.drain()
    return machine
