"""The bootstrapped market: history in blocks of random length, put together anew.

Stationary block bootstrap (Politis and Romano 1994) of whole panel rows: all instruments, funding and gaps in the
data move together. Knows rows and the index; knows no event. A block begins at the time of day it is put on, so
funding stays on its clock; prices are chained so that no index jumps where two blocks meet.
"""

import numpy as np

from basisbt.events.chance import Chance

DAY = 86400


class Bootstrap:
    """Draws row maps of `bars` bars that begin where the panel does. index_open, index_close: [T, B] USD.

    mean_block in seconds. ValueError where a time of day has no row.
    """

    def __init__(self, time, seconds, index_open, index_close, mean_block, bars, seed):
        self.chance = Chance(seed)
        self.index_open, self.index_close = index_open, index_close
        self.bars, self.rows_there = bars, time.size
        self.mean = max(1.0, mean_block / seconds)
        self.cycle = max(1, DAY // seconds) if DAY % seconds == 0 else 1  # bars after which the time of day comes again
        if self.rows_there < min(self.cycle, bars):
            raise ValueError(f"found {self.rows_there} bars of history; expected a day, to keep the time of day")

    def rows(self, path: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(row [N] int64, bars [K] at which a block begins, level [K, B] of every base from there on)."""
        generator = self.chance.at(path, "market")
        starts, lengths, bar = [], [], 0
        while bar < self.bars:
            start = self.start(generator, bar)
            length = int(min(generator.geometric(1.0 / self.mean), self.bars - bar))
            while length > 0:  # past the end of history a block goes on at its beginning
                run = min(length, self.rows_there - start)
                starts.append(start)
                lengths.append(run)
                bar, length = bar + run, length - run
                start = bar % self.cycle
        lengths, starts = np.array(lengths), np.array(starts)
        joints = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        row = np.arange(self.bars) + np.repeat(starts - joints, lengths)
        return row, joints, self.levels(row, joints)

    def start(self, generator, bar: int) -> int:
        """A row, each equally likely among those of the time of day of `bar`."""
        phase = bar % self.cycle
        count = -(-(self.rows_there - phase) // self.cycle)
        if count <= 0:
            return int(generator.integers(self.rows_there))
        return phase + self.cycle * int(generator.integers(count))

    def levels(self, row, joints) -> np.ndarray:
        """[K, B] level of each base from each joint on: the index opens where it closed; history's first open first."""
        first = self.index_open[0] / self.index_open[row[0]]
        before, after = row[joints[1:] - 1], row[joints[1:]]
        steps = self.index_close[before] / self.index_open[after]
        return np.vstack([first, first * np.cumprod(steps, axis=0)])
