"""Regimes: rules that change while a path runs.

Core reads one set of rules. Where venues change theirs inside the window, a driver runs on a copy of the first set, and
at the bar of each change the numbers of the next are written into it; what is where never changes.
"""

from dataclasses import replace

import numpy as np

from basisbt.core.rules import Rules

FILL = {"floor": np.inf, "bracket": np.inf}  # of columns that one set has and another has not; elsewhere 0


def padded(name: str, block: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A block of a set of rules, as wide as the widest."""
    wider = [(0, big - small) for big, small in zip(shape, block.shape, strict=True)]
    return np.pad(block, wider, constant_values=FILL.get(name, 0)) if any(more for _, more in wider) else block


def alike(sets: list[Rules]) -> list[Rules]:
    """The same sets with blocks of the same shapes; what is charged at all in one of them is looked at in each."""
    found = [{} for _ in sets]
    for name in Rules._fields:
        blocks = [getattr(each, name) for each in sets]
        if isinstance(blocks[0], np.ndarray):
            shape = tuple(max(sizes) for sizes in zip(*(block.shape for block in blocks), strict=True))
            blocks = [np.ascontiguousarray(padded(name, block, shape)) for block in blocks]
            for block in blocks:
                block.flags.writeable = False
        elif name == "charges_interest":
            blocks = [any(blocks)] * len(sets)
        for one, block in zip(found, blocks, strict=True):
            one[name] = block
    return [Rules(**one) for one in found]


class Regimes:
    """The rules a path runs on, brought up to date bar by bar. Without changes they are the world's own."""

    def __init__(self, world):
        self.sets = (world.rules, *(rules for _, rules in world.changes))
        self.bars = np.array([bar for bar, _ in world.changes], np.int64)
        self.now, self.rules = 0, world.rules
        if self.bars.size:
            self.blocks = {n: b.copy() for n, b in world.rules._asdict().items() if isinstance(b, np.ndarray)}
            shown = {name: block.view() for name, block in self.blocks.items()}
            for block in shown.values():  # compiled code is made for rules that cannot be written
                block.flags.writeable = False
            self.rules = world.rules._replace(**shown)

    def at(self, bar: int) -> None:
        """Write what is in force in a bar into `rules`."""
        wanted = int(np.searchsorted(self.bars, bar, side="right"))
        if wanted != self.now:
            self.now = wanted
            for name, block in self.blocks.items():
                block[...] = getattr(self.sets[wanted], name)

    def stretches(self, first: int, end: int) -> list[tuple[int, int]]:
        """Bars first..end-1 in pieces in which nothing changes, at least one, be it empty."""
        inside = self.bars[(self.bars > first) & (self.bars < end)].tolist()
        return list(zip([first, *inside], [*inside, end], strict=True))


def with_later(world, changes):
    """A world whose rules change: (bar, rules), ascending; those of bar 0 are in force from the start.

    Of several in one bar the last holds.
    """
    last = {max(bar, 0): rules for bar, rules in changes if bar < world.bars}
    first = last.pop(0, world.rules)
    sets = alike([first, *last.values()])
    return replace(world, rules=sets[0], changes=tuple(zip(last, sets[1:], strict=True)))
