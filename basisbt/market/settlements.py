"""Settlements: funding stamps placed into the rows of the grid, each with the price it is computed on.

Knows stamps, rates and marks. Invents nothing: a settlement that is not in the file is a gap in the notes.
"""

from typing import NamedTuple

import numpy as np

from basisbt.market.grid import Grid
from basisbt.market.marks import mark_at
from basisbt.market.store import Bars, FundingStamps

LATE = 1.5  # in usual intervals: a longer silence lacks a settlement


class Settlements(NamedTuple):
    """The funding arrays of a panel, ordered by (row, time, instrument); row r owns `first[r]:first[r + 1]`."""

    first: np.ndarray  # [T + 1] int64
    instrument: np.ndarray  # [K] int64
    rate: np.ndarray  # [K] fraction
    price: np.ndarray  # [K] mark in quote
    at_open: np.ndarray  # [K] bool
    time: np.ndarray  # [K] int64, seconds UTC
    premium: np.ndarray  # [K] mean premium of the interval, NaN where no formula is known
    hours: np.ndarray  # [K] length of the interval


def place(stamps: dict[int, FundingStamps], marks: dict[int, Bars], grid: Grid, behind: dict | None = None):
    """Merge the stamps of every perpetual (by instrument index); a file's own mark beats the mark series.

    behind: (premia, hours) of an instrument's stamps, where the formula of its venue is known.
    """
    columns = []
    for i, stamp in sorted(stamps.items()):
        none = np.full(stamp.time.size, np.nan), np.full(stamp.time.size, stamp.interval / 3600.0)
        number = np.full(stamp.time.size, i, np.int64)
        columns.append((stamp.time, number, stamp.rate, _prices(stamp, marks[i]), *(behind or {}).get(i, none)))
    empty = (np.empty(0, np.int64), np.empty(0, np.int64), *(np.empty(0) for _ in range(4)))
    time, instrument, rate, price, premium, hours = (np.concatenate(c) for c in zip(empty, *columns, strict=True))
    order = np.lexsort((instrument, time))
    time = time[order]
    row = (time - grid.start) // grid.step
    first = np.searchsorted(row, np.arange(grid.rows + 1)).astype(np.int64)
    at_open = time == grid.start + row * grid.step
    return Settlements(
        first, instrument[order], rate[order], price[order], at_open, time, premium[order], hours[order]
    )


def missing_settlements(stamps: FundingStamps) -> tuple[tuple[int, int], ...]:
    """(last stamp before, first stamp after) of each silence longer than 1.5 usual intervals, seconds UTC."""
    late = np.flatnonzero(np.diff(stamps.time) > LATE * stamps.interval)
    return tuple((int(stamps.time[k]), int(stamps.time[k + 1])) for k in late)


def _prices(stamps: FundingStamps, marks: Bars) -> np.ndarray:
    if not np.isnan(stamps.mark).any():
        return stamps.mark
    return np.where(np.isnan(stamps.mark), mark_at(marks, stamps.time), stamps.mark)
