"""The `paths` block of metrics.json: every figure over sampled paths, each with its interval.

Knows one number per path for each measure, in USD, days, counts and flags, and the capital they stand on. Refuses to
know how a path was run or what a default is: the caller says what P&L was without them and at what rate they came.
"""

import numpy as np

from basisbt.measures.breakeven import NAME as BREAKEVEN
from basisbt.measures.breakeven import breakeven_default_rate
from basisbt.measures.intervals import Figure, effective_n, mean, mean_skewed, share
from basisbt.measures.pareto import peaks_over_threshold
from basisbt.measures.tail import expected_shortfall, value_at_risk

LEVELS = {"95": 0.95, "99": 0.99, "999": 0.999}


def annual_returns(pnl, capital: float, years) -> np.ndarray:
    """Compound return per year of each path [n], a fraction; -1 when everything is lost. years: number or [n], > 0."""
    growth = 1.0 + np.asarray(pnl, float) / capital
    return np.maximum(growth, 0.0) ** (1.0 / np.asarray(years, float)) - 1.0


def tail_block(
    pnl,
    capital: float,
    years,
    *,
    max_drawdown,
    trapped_days,
    ruined,
    margin_called,
    liquidations,
    tail_cost=None,
    pnl_without_defaults=None,
    default_rate: float | None = None,
    weight=None,
) -> dict:
    """The `paths` block over n paths; every figure {value, low, high, n, estimator[, note]}, 95 % intervals.

    pnl: [n] USD; max_drawdown: [n] positive fractions; trapped_days, liquidations: [n] >= 0; ruined, margin_called: [n]
    flags; tail_cost: {kind: [n] USD, positive = cost}; pnl_without_defaults: [n] USD, with default_rate per year and
    venue, for the break-even rate. es_*, var_*: fractions of capital, positive = lost. ValueError: capital or years
    not positive, an array that is not one finite number per path.
    """
    pnl = np.asarray(pnl, float)
    if not capital > 0.0 or not (np.asarray(years, float) > 0.0).all():
        raise ValueError("capital and years must be positive")
    losses = -pnl / capital
    figures = {
        "pnl": mean(pnl, weight),
        "return_annual": mean(annual_returns(pnl, capital, years), weight),
        "ruin": share(ruined, weight),
        "margin_call": share(margin_called, weight),
        "trapped_days": mean_skewed(trapped_days, weight),
        "max_drawdown": mean_skewed(max_drawdown, weight),
        "liquidations": mean_skewed(liquidations, weight),
        **{f"es_{name}": expected_shortfall(losses, p, weight) for name, p in LEVELS.items()},
        **{f"var_{name}": value_at_risk(losses, p, weight) for name, p in LEVELS.items()},
        "tail_index": peaks_over_threshold(losses, weight=weight).index,
        "breakeven_default_rate": _breakeven(pnl_without_defaults, pnl, default_rate, weight),
    }
    costs = {kind: mean_skewed(cost, weight) for kind, cost in (tail_cost or {}).items()}
    for name, figure in {**figures, **costs}.items():
        if figure.n != pnl.size:
            raise ValueError(f"{name} must have one number per path")
    out = {"n": pnl.size, "effective_n": effective_n(pnl.size, weight)}
    out.update({name: figure.as_dict() for name, figure in figures.items()})
    out["tail_cost"] = {kind: figure.as_dict() for kind, figure in costs.items()}
    return out


def _breakeven(without, pnl, rate, weight) -> Figure:
    if without is None or rate is None:
        return Figure(None, None, None, pnl.size, BREAKEVEN, "defaults were not sampled")
    return breakeven_default_rate(without, pnl, rate, weight)
