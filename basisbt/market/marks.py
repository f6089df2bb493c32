"""Marks: what margin and funding are computed on.

Knows a real mark series or the trades that stand in for it. A proxy's extremes are not the trade's extremes,
which no margin engine ever saw, but those of open and close widened to the index (MODEL.md §2.6).
"""

import numpy as np

from basisbt.errors import DataError
from basisbt.market.align import Lane
from basisbt.market.files import Sheet
from basisbt.market.grid import Grid, moment
from basisbt.market.store import Bars, title


def proxy_mark(trade: Lane, index: Lane | None) -> Lane:
    """Trade open and close, extremes widened to the index wherever both were seen; a stale row stays flat."""
    high = np.maximum(trade.open, trade.close)
    low = np.minimum(trade.open, trade.close)
    if index is not None:
        both = trade.seen & index.seen
        high = np.where(both, np.maximum(high, index.high), high)
        low = np.where(both, np.minimum(low, index.low), low)
    return Lane(trade.open, high, low, trade.close, trade.volume, trade.fresh, trade.seen)


def fair_price(index, rate, left, interval):
    """BitMEX's fair price: the index and the part of the coming funding that is not earned yet.

    left, interval: minutes to the settlement and between two, whole ones.
    """
    return index * (1.0 + rate * left / interval)


def fair_marks(index: Lane, trade: Lane, grid: Grid, stamps: Sheet) -> Lane:
    """Marks of a venue that knows each rate before its interval begins; without a rate to come, the index."""
    seconds, rates = stamps.stamp // stamps.per_second, stamps.columns["funding_rate"]
    interval = int(np.median(np.diff(seconds))) if seconds.size > 1 else 28800
    opens = grid.start + grid.step * np.arange(grid.rows, dtype=np.int64)
    lanes = []
    for moments in (opens, opens + grid.step - 1):
        k = np.searchsorted(seconds, moments, side="right")
        left = seconds[np.minimum(k, seconds.size - 1)] - moments
        due = (k < seconds.size) & (left <= interval)
        rate = np.where(due, rates[np.minimum(k, seconds.size - 1)], 0.0)
        lanes.append(fair_price(1.0, rate, left // 60, interval // 60))
    first, last = lanes
    high, low = index.high * np.maximum(first, last), index.low * np.minimum(first, last)
    return Lane(index.open * first, high, low, index.close * last, trade.volume, index.fresh, index.seen)


def mark_at(bars: Bars, times: np.ndarray) -> np.ndarray:
    """The mark at each moment (int64 seconds): the open of the bar it falls in, else the close of the last bar.

    A moment inside a bar gets that bar's open, the last mark known before it. DataError before the first bar.
    """
    at = np.searchsorted(bars.time, times, side="right") - 1
    if times.size and at[0] < 0:
        raise DataError(f"{title(bars.path)}: no mark at the funding stamp {moment(times[0])} or before it")
    inside = times < bars.time[at] + bars.step
    return np.where(inside, bars.open[at], bars.close[at])
