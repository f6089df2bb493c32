"""Index: the USD price of a base from one market or from several, as venues make theirs.

Knows prices and weights. A weighted mean of what is known in a bar; where there is a band, each price is first moved to
within so much of their median (Deribit), so that one broken market cannot pull it away.
"""

from typing import NamedTuple

import numpy as np

from basisbt.market.align import Lane


class IndexRule(NamedTuple):
    """Which markets make an index: (venue, symbol) each, their weights, and how far from the median one may be."""

    places: tuple[tuple[str, str], ...]
    weights: tuple[float, ...] = ()  # empty: all the same
    band: float = np.inf


def within(prices: np.ndarray, band: float) -> np.ndarray:
    """[N, T] prices, none further than the fraction `band` from the median of its bar; NaN stays."""
    middle = np.nanmedian(prices, axis=0)
    return np.clip(prices, middle * (1.0 - band), middle * (1.0 + band))


def weighted(prices: np.ndarray, weights: np.ndarray, band: float = np.inf) -> np.ndarray:
    """[T] weighted mean of [N, T] prices; NaN, an unknown one, has no weight in its bar."""
    known = ~np.isnan(prices)
    shares = np.where(known, np.asarray(weights, float)[:, None], 0.0)
    moved = within(prices, band) if np.isfinite(band) else prices
    return (np.where(known, moved, 0.0) * shares).sum(axis=0) / shares.sum(axis=0)


def index_lane(lanes: list[Lane], rule: IndexRule | None) -> Lane:
    """The lane of an index: one market's own, or the mean of several over those that were seen in a bar.

    Where none was seen, the mean of their last closes. Extremes are the mean of extremes: markets move together.
    """
    if len(lanes) == 1:
        return lanes[0]
    seen = np.array([lane.seen for lane in lanes])
    usable = np.where(seen.any(axis=0), seen, True)
    weights = np.array(rule.weights or np.ones(len(lanes)))
    fields = [
        weighted(np.where(usable, np.array([lane[field] for lane in lanes]), np.nan), weights, rule.band)
        for field in range(4)
    ]
    volume = np.sum([lane.volume for lane in lanes], axis=0)
    return Lane(*fields, volume, np.any([lane.fresh for lane in lanes], axis=0), seen.any(axis=0))
