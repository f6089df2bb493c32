"""Diversification: what each venue adds to the tail, and how much of it spreading takes away.

Knows P&L by path and part (a venue, or any other cut that sums to the whole) and the capital it stands on. Refuses to
know what a venue is. Losses are positive, fractions of the whole capital.
"""

import numpy as np

from basisbt.measures.tail import euler_shares, expected_shortfall

LEVELS = {"es_95": 0.95, "es_99": 0.99}


def contributions(pnl, capital: float, names, weight=None) -> dict:
    """{part: {pnl, es_95, es_99}} and `ratio`, from pnl [n, k] in USD, each row summing to the path's P&L.

    pnl: mean, USD. es_*: `alone` (the part by itself), `euler` (its share of the whole's ES: the mean loss of the part
    over the tail of the whole; they sum to the ES), `marginal` (the whole's ES less that of the whole without it, its
    capital idle). ratio: ES of the whole over the sum of those alone, 1 = spreading takes nothing away; None where that
    sum is not above 0. Source of euler: Tasche (1999).
    """
    losses = -np.asarray(pnl, float) / capital
    whole = losses.sum(axis=1)
    found = {name: {"pnl": mean_of(-losses[:, k] * capital, weight)} for k, name in enumerate(names)}
    ratio = {}
    for figure, p in LEVELS.items():
        total = expected_shortfall(whole, p, weight).value
        shares = euler_shares(losses, whole, p, weight)
        alone = [expected_shortfall(losses[:, k], p, weight).value for k in range(len(names))]
        for k, name in enumerate(names):
            without = expected_shortfall(whole - losses[:, k], p, weight).value
            found[name][figure] = {"alone": alone[k], "euler": float(shares[k]), "marginal": total - without}
        ratio[figure] = total / sum(alone) if sum(alone) > 0.0 else None
    return {"venues": found, "diversification_ratio": ratio}


def mean_of(values, weight) -> float:
    """A weighted mean."""
    return float(np.average(values, weights=weight))
