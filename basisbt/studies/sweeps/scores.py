"""Scores: what of a run stands in a sweep's table, which cells are allowed, and which is best.

Knows figures by name. With sampled paths they are those over the paths, as in `compare`; `history_pnl` is the one
history's.
"""

import numpy as np

from basisbt.config.mistakes import Mistakes
from basisbt.errors import ConfigError
from basisbt.studies.compare import checked_limit
from basisbt.studies.differences import FIGURES, WITH_INTERVAL

HISTORY = (
    "pnl", "return", "return_annual", "volatility_annual", "sharpe", "sortino", "max_drawdown", "max_drawdown_days",
    "trapped_days", "liquidations", "fills", "accessible_equity", "recovered_equity", "final_equity",
)  # fmt: skip
OVER_PATHS = (
    *(f"{name}{end}" for name in WITH_INTERVAL for end in ("", "_low", "_high")), *FIGURES, "paths", "history_pnl",
    "diversification_ratio",
)  # fmt: skip


def figures_of(metrics: dict) -> dict:
    """{name: number} of a run's metrics.json, None where a figure is not known; over paths the attribution is its mean,
    `diversification_ratio` that of ES 99."""
    block = metrics.get("paths")
    if block is None:
        row = {name: metrics.get(name) for name in HISTORY}
        return row | {"tail_cost": metrics["tail_cost"].get("total", 0.0)} | metrics["attribution"]
    row = {"paths": block["n"]}
    for name in WITH_INTERVAL:
        figure = block[name]
        row |= {name: figure["value"], f"{name}_low": figure["low"], f"{name}_high": figure["high"]}
    row |= {name: block[name]["value"] for name in FIGURES}
    row["tail_cost"] = block["tail_cost"].get("total", {}).get("value", 0.0)
    row["diversification_ratio"] = block.get("diversification_ratio", {}).get("es_99")
    return row | {"history_pnl": metrics["pnl"]} | block.get("attribution", {})


def known_figures(sampled: bool) -> tuple[str, ...]:
    """Names that a table has: over paths, or of history."""
    from basisbt.core.rules import ATTRIBUTION

    return (*(OVER_PATHS if sampled else HISTORY), "tail_cost", *ATTRIBUTION)


def limits_of(texts, known) -> list[tuple[str, str, float]]:
    """(metric, comparison, limit) of every `require`. Raises ConfigError for a figure the table does not have."""
    found = [checked_limit(text, "require") for text in texts]
    for metric, _, _ in found:
        refuse_unknown(metric, known, "require")
    return found


def refuse_unknown(metric: str, known, where: str) -> None:
    """Raise ConfigError for a figure that the table will not have."""
    if metric not in known:
        close = Mistakes().suggestion(metric, known) or f"; there are {', '.join(known)}"
        raise ConfigError(f"{where}: no figure '{metric}'{close}")


def holds(value, sign: str, limit: float) -> bool:
    """Whether a figure keeps a limit; one that is not known does not."""
    if value is None or value != value:
        return False
    return bool({">": value > limit, ">=": value >= limit, "<": value < limit, "<=": value <= limit}[sign])


def allowed(figures: dict, limits) -> bool:
    """Whether a row keeps every limit."""
    return all(holds(figures.get(metric), sign, limit) for metric, sign, limit in limits)


def costs_of(figures: dict, rank) -> tuple[float, ...]:
    """One number an objective, smaller is better; infinite where it is not known."""
    found = []
    for metric, order in rank:
        value = figures.get(metric)
        value = float("inf") if value is None or value != value else float(value)
        found.append(value if order == "asc" or value == float("inf") else -value)
    return tuple(found)


def front(costs: np.ndarray) -> np.ndarray:
    """[n] whether nothing else is at least as good in every objective and better in one. costs: [n, objectives]."""
    found = np.zeros(len(costs), bool)
    known = np.isfinite(costs).all(axis=1)
    for k in np.flatnonzero(known):
        others = costs[known]
        found[k] = not ((others <= costs[k]).all(axis=1) & (others < costs[k]).any(axis=1)).any()
    return found
