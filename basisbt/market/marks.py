"""Marks: what margin and funding are computed on.

Knows a real mark series or the trades that stand in for it. A proxy's extremes are not the trade's extremes,
which no margin engine ever saw, but those of open and close widened to the index (MODEL.md §2.6).
"""

import numpy as np

from basisbt.errors import DataError
from basisbt.market.align import Lane
from basisbt.market.grid import moment
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


def mark_at(bars: Bars, times: np.ndarray) -> np.ndarray:
    """The mark at each moment (int64 seconds): the open of the bar it falls in, else the close of the last bar.

    A moment inside a bar gets that bar's open, the last mark known before it. DataError before the first bar.
    """
    at = np.searchsorted(bars.time, times, side="right") - 1
    if times.size and at[0] < 0:
        raise DataError(f"{title(bars.path)}: no mark at the funding stamp {moment(times[0])} or before it")
    inside = times < bars.time[at] + bars.step
    return np.where(inside, bars.open[at], bars.close[at])
