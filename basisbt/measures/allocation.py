"""Allocation: the weights with the least expected shortfall for a given mean, as a linear programme.

Knows returns by path and part. Refuses to know what a venue is or how weights become positions. The programme is that
of R. T. Rockafellar, S. Uryasev (2000), J. of Risk 2(3), 21-41: ES is the least value of a + mean(max(L - a, 0)) /
(1 - p) over a, which is VaR at the best; solved by HiGHS (scipy).
"""

from typing import NamedTuple

import numpy as np


class Weights(NamedTuple):
    """One solution. weights [k] sum to 1; mean and es of the whole: fractions of capital, es positive = lost."""

    weights: np.ndarray
    mean: float
    es: float


def least_shortfall(returns, p: float, low, high, mean: float | None = None) -> Weights | None:
    """The weights with the least ES at level p, `mean` or more on average; None when no weights satisfy that.

    returns: [n, k] by path and part, fractions of the part's capital; low, high: [k] bounds of the weights.
    """
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, eye_array, hstack

    r, low, high = np.asarray(returns, float), np.asarray(low, float), np.asarray(high, float)
    n, k = r.shape
    goal = np.concatenate([np.zeros(k), [1.0], np.full(n, 1.0 / (n * (1.0 - p)))])
    shortfall = hstack([csr_array(-r), csr_array(-np.ones((n, 1))), -eye_array(n)], format="csr")  # -r.x - a - z <= 0
    rows, limit = [shortfall], [np.zeros(n)]
    if mean is not None:
        rows.append(csr_array(np.concatenate([-r.mean(axis=0), np.zeros(n + 1)])[None, :]))
        limit.append([-mean])
    from scipy.sparse import vstack

    bounds = [*zip(low, high), (None, None), *[(0.0, None)] * n]
    found = linprog(
        goal, A_ub=vstack(rows, format="csr"), b_ub=np.concatenate(limit),
        A_eq=csr_array(np.concatenate([np.ones(k), np.zeros(n + 1)])[None, :]), b_eq=[1.0], bounds=bounds,
        method="highs",
    )  # fmt: skip
    if found.status != 0:
        return None
    x = np.clip(found.x[:k], low, high)
    return Weights(x, float(r.mean(axis=0) @ x), float(found.fun))


def largest_mean(returns, low, high) -> float:
    """The largest mean that weights between the bounds reach: the best parts filled first. Bounds must admit 1."""
    means = np.asarray(returns, float).mean(axis=0)
    x, left = np.array(low, float), 1.0 - float(np.sum(low))
    for k in np.argsort(-means, kind="stable"):
        more = min(high[k] - x[k], left)
        x[k], left = x[k] + more, left - more
    return float(means @ x)


def frontier(returns, p: float, low, high, points: int) -> list[Weights]:
    """Weights from the least ES to the largest mean, `points` of them at even steps of the mean; fewer where they meet.

    Raises ValueError when no weights between the bounds sum to 1.
    """
    if not sum(low) <= 1.0 + 1e-12 <= sum(high) + 2e-12:
        raise ValueError(f"weights between the bounds cannot sum to 1: least {sum(low):.4g}, most {sum(high):.4g}")
    first = least_shortfall(returns, p, low, high)
    if first is None:
        raise ValueError("the linear programme has no solution")
    top = largest_mean(returns, low, high)
    out = [first]
    if top - first.mean > 1e-9 * max(abs(top), 1e-9):
        for mean in np.linspace(first.mean, top, points)[1:]:
            out.append(least_shortfall(returns, p, low, high, mean - 1e-12) or out[-1])
    return out
