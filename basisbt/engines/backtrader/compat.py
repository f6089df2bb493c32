"""Everything that bends Backtrader, in one place; each patch has a test that fails when upstream needs it no more.

Backtrader 1.9.78.123 on Python >= 3.10. Nothing here changes a number.
"""

import array
import collections
import collections.abc
import warnings

import numpy as np
from backtrader.linebuffer import LineBuffer


def patch() -> None:
    """Apply the patches; safe to call again.

    - `collections.Iterable` is gone since Python 3.10 but `LineIterator.bindlines` still names it.
    - `datetime.utcnow()` warns once a bar in the step-by-step mode on Python >= 3.12.
    """
    if not hasattr(collections, "Iterable"):
        collections.Iterable = collections.abc.Iterable
    warnings.filterwarnings("ignore", message=r".*utcnow\(\) is deprecated", module=r"backtrader\..*")


class Clock:
    """The position shared by all lines of all feeds of one run: one step forward moves them all."""

    __slots__ = ("index",)

    def __init__(self):
        self.index = -1


class SharedLine(LineBuffer):
    """A preloaded line whose position is the shared clock's. Feeds on one grid always advance together."""

    idx = property(lambda self: self.clock.index, lambda self, value: None)

    def __len__(self):
        return self.clock.index + 1

    def __getitem__(self, ago):
        return self.array[self.clock.index + ago]

    def home(self):
        self.clock.index = -1

    def reset(self):
        self.clock.index = -1

    def advance(self, size=1):
        self.clock.index += size


def share(line, values: np.ndarray, clock: Clock) -> None:
    """Turn a line into a preloaded one on the shared clock. values: [T] float64."""
    line.__class__ = SharedLine
    line.clock = clock
    line.array = array.array("d", np.ascontiguousarray(values, float).tobytes())
    line.extension = 0


def unshare(line) -> None:
    """Turn a shared line back into an ordinary empty one."""
    line.__class__ = LineBuffer
    line.reset()
