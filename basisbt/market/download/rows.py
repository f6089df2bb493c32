"""Rows: what a page holds, as arrays: sorted, each time once, and joined to other pages only where both agree.

Knows times and numbers. Knows no venue and no file.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from basisbt.errors import DataError
from basisbt.market.grid import moment

BARS = ("open", "high", "low", "close", "volume")
FUNDING = ("funding_rate", "mark")


class Rows(NamedTuple):
    """`time` int64 ms UTC, strictly rising; `values` float64 [N, K], NaN where the venue says nothing."""

    time: np.ndarray
    values: np.ndarray

    def between(self, start: int, stop: int) -> "Rows":
        """The rows in `[start, stop)`."""
        low, high = np.searchsorted(self.time, [start, stop])
        return Rows(self.time[low:high], self.values[low:high])

    @property
    def first(self) -> int:
        """Time of the first row."""
        return int(self.time[0])

    @property
    def last(self) -> int:
        """Time of the last row."""
        return int(self.time[-1])

    def __bool__(self) -> bool:
        return self.time.size > 0


def no_rows(width: int) -> Rows:
    """Nothing, in so many columns."""
    return Rows(np.zeros(0, np.int64), np.zeros((0, width)))


def tidy(raw: Iterable, names: tuple[str, ...], title: str) -> Rows:
    """Rows `[time, value, …]` in any order, sorted, equal repeats dropped. DataError for two that differ."""
    raw = [row for row in raw if row[0] is not None]
    if not raw:
        return no_rows(len(names))
    time = np.array([int(row[0]) for row in raw], np.int64)
    values = np.array([[np.nan if cell is None else float(cell) for cell in row[1:]] for row in raw], np.float64)
    order = np.argsort(time, kind="stable")
    time, values = time[order], values[order]
    twice = np.flatnonzero(time[1:] == time[:-1])
    for at in twice:
        differ = _differ(values[at], values[at + 1])
        if differ.size:
            raise DataError(
                f"{title}: two rows for {moment_ms(int(time[at]))}: {names[differ[0]]} "
                f"{float(values[at, differ[0]])!r} and {float(values[at + 1, differ[0]])!r}; expected one"
            )
    keep = np.concatenate([[True], time[1:] != time[:-1]])
    return Rows(time[keep], values[keep])


def join(parts: list[Rows], names: tuple[str, ...], title: str) -> Rows:
    """All rows of several parts; a time that two of them have must hold the same values, or DataError."""
    parts = [part for part in parts if part]
    if not parts:
        return no_rows(len(names))
    time = np.concatenate([part.time for part in parts])
    values = np.concatenate([part.values for part in parts])
    order = np.argsort(time, kind="stable")
    time, values = time[order], values[order]
    same = np.flatnonzero(time[1:] == time[:-1])
    differ = ~((values[same] == values[same + 1]) | (np.isnan(values[same]) & np.isnan(values[same + 1])))
    if differ.any():
        at, column = (int(index[0]) for index in np.nonzero(differ))
        a, b = (float(values[same[at] + k, column]) for k in (0, 1))
        raise DataError(
            f"{title}: two rows for {moment_ms(int(time[same[at]]))}: {names[column]} {a!r} and {b!r}; expected one"
        )
    keep = np.concatenate([[True], time[1:] != time[:-1]])
    return Rows(time[keep], values[keep])


def holes(time: np.ndarray, step: int) -> list[tuple[int, int]]:
    """(last before, first after) of every place where rows are further apart than they should be.

    step: ms between bars; 0 for settlements, whose distance may change: there a distance is a hole when it is more
    than one and a half times those on both sides of it.
    """
    apart = np.diff(time).astype(float)
    if step:
        wide = apart > step
    elif apart.size < 2:
        return []
    else:
        around = np.pad(apart, 1)
        wide = apart > 1.5 * np.maximum(around[:-2], around[2:])
    return [(int(time[at]), int(time[at + 1])) for at in np.flatnonzero(wide)]


def moment_ms(ms: int) -> str:
    """A time in ms as people read it."""
    return moment(ms // 1000)


def _differ(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.flatnonzero(~((a == b) | (np.isnan(a) & np.isnan(b))))
