"""Alignment: bars of one series, resampled up and laid on the grid, with a gap left as a gap.

Knows one series and one grid. Knows no policy: how long a gap may be is the coverage check's business.

A missing bar becomes the last known close with volume 0 and is not fresh. A bar whose first part is missing is
not fresh either: it opens at the last known close, since nobody saw its open, and ends as the rest of it did.
"""

from typing import NamedTuple

import numpy as np

from basisbt.market.grid import Grid
from basisbt.market.store import Bars


class Lane(NamedTuple):
    """One series on the grid, T rows."""

    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray
    fresh: np.ndarray  # bool, the bar's own open is known
    seen: np.ndarray  # bool, some part of the bar is known

    @property
    def missing(self) -> int:
        """How many rows cannot be traded."""
        return int(self.fresh.size - np.count_nonzero(self.fresh))


def align(bars: Bars, grid: Grid) -> Lane:
    """Lay bars on the grid. Bars before the grid's start only lend their close; at least one row or lead must exist.

    The grid's step is a multiple of the bars' (`store` and `panel` choose so); volumes add up.
    """
    parts = grid.step // bars.step
    slots = (bars.time - grid.start) // bars.step
    lead = int(np.searchsorted(slots, 0))
    inside = slots[lead:]
    cells = grid.rows * parts
    if inside.size == cells:
        columns = [values[lead:] for values in (bars.open, bars.high, bars.low, bars.close)]
        volume = np.zeros(cells) if bars.volume is None else bars.volume[lead:]
        known = np.ones(cells, np.bool_)
    else:
        known = np.zeros(cells, np.bool_)
        known[inside] = True
        columns, volume = _with_gaps(bars, lead, inside, known)
    return _resampled(columns, volume, known, parts)


def _with_gaps(bars: Bars, lead: int, inside: np.ndarray, known: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Dense columns in which a missing cell repeats the last close; the lead bar's close serves the first cells."""
    latest = np.cumsum(known) - 1 + lead  # the bar whose close is last known at each cell
    stale = bars.close[np.maximum(latest, 0)]
    columns = []
    for values in (bars.open, bars.high, bars.low, bars.close):
        dense = stale.copy()
        dense[inside] = values[lead:]
        columns.append(dense)
    volume = np.zeros(known.size)
    if bars.volume is not None:
        volume[inside] = bars.volume[lead:]
    return columns, volume


def _resampled(columns: list[np.ndarray], volume: np.ndarray, known: np.ndarray, parts: int) -> Lane:
    if parts == 1:
        return Lane(*columns, volume, known, known)
    opened, high, low, close, volume, known = (values.reshape(-1, parts) for values in (*columns, volume, known))
    return Lane(
        opened[:, 0], high.max(axis=1), low.min(axis=1), close[:, -1],
        volume.sum(axis=1), known[:, 0], known.any(axis=1),
    )  # fmt: skip
