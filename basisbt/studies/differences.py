"""Differences: setups that met the same draws, path by path against the first of them.

Knows the `paths` block and the paths of finished runs. Path k of every setup had the same seed, so the same market and
the same events for what the setups share: what they have in common cancels, and the interval is the difference's own.
"""

from basisbt.core.rules import ATTRIBUTION
from basisbt.errors import ConfigError
from basisbt.measures.paired import paired_es, paired_mean

FIGURES = ("return_annual", "es_95", "es_999", "var_99", "ruin", "margin_call", "trapped_days", "max_drawdown",
           "liquidations", "breakeven_default_rate")  # fmt: skip
WITH_INTERVAL = ("pnl", "es_99")


def refuse_other_draws(configs, prepared) -> None:
    """Raise ConfigError unless all setups have sampled paths with the same draws, or none has any."""
    first = prepared[0]
    for path, each in zip(configs[1:], prepared[1:]):
        for what, one, other in zip(DRAWN, drawn(first), drawn(each)):
            if one != other:
                raise ConfigError(
                    f"{path}: {what}: {told_of(other)}, {configs[0]}: {told_of(one)}; compare needs common random "
                    "numbers: the same tail.sample.paths, market, mean_block and horizon, and the same seed"
                )


DRAWN = ("paths", "seed", "market", "mean block", "bars of a path", "timeframe", "bars of history")


def told_of(value) -> str:
    """A value for a person; None is what a config without sampled paths has."""
    return "no sampled paths" if value is None else str(value)


def drawn(prepared) -> tuple:
    """What has to be the same for path k to mean the same draw; all None without sampled paths."""
    sample, time = prepared.sample, prepared.world.panel.time
    if sample is None:
        return (None,) * len(DRAWN)
    return (sample.paths, sample.seed, sample.market, sample.mean_block, sample.bars, prepared.world.rules.seconds,
            int(time.size))  # fmt: skip


def sampled_row(result) -> dict:
    """Figures of one setup over its paths: mean P&L and ES with their intervals, then the rest, then mean attribution.

    pnl: USD; es_*, var_*, ruin, …: as in the `paths` block of metrics.json; history_pnl: the one history, USD.
    """
    block = result.metrics["paths"]
    row = {"paths": block["n"]}
    for name in WITH_INTERVAL:
        figure = block[name]
        row.update({name: figure["value"], f"{name}_low": figure["low"], f"{name}_high": figure["high"]})
    row.update({name: block[name]["value"] for name in FIGURES})
    row["tail_cost"] = block["tail_cost"].get("total", {}).get("value", 0.0)
    row["history_pnl"] = result.metrics["pnl"]
    return row


def attribution_row(result) -> dict:
    """Mean attribution over the paths, USD a path."""
    return {line: float(result.paths[line].mean()) for line in ATTRIBUTION}


def difference_row(first, other) -> dict:
    """Second less first over common draws: mean P&L in USD, ES 95 and 99 as fractions of capital; 95 % intervals.

    `diff_low`, `diff_high` belong to `diff_es_99`, on which the verdict rests.
    """
    weight = first.paths["weight"].to_numpy()
    capital = first.metrics["capital"]
    one, two = first.paths["pnl"].to_numpy(), other.paths["pnl"].to_numpy()
    gain = paired_mean(one, two, weight)
    es_95 = paired_es(-one / capital, -two / capital, 0.95, weight)
    es_99 = paired_es(-one / capital, -two / capital, 0.99, weight)
    return {
        "diff_pnl": gain.value, "diff_pnl_low": gain.low, "diff_pnl_high": gain.high,
        "diff_es_95": es_95.value, "diff_es_95_low": es_95.low, "diff_es_95_high": es_95.high,
        "diff_es_99": es_99.value, "diff_low": es_99.low, "diff_high": es_99.high,
        "verdict": verdict(es_99, gain),
    }  # fmt: skip


def verdict(es, gain) -> str:
    """What the intervals allow to say of a setup against the first, in words."""
    if es.value == es.low == es.high == gain.value == gain.low == gain.high == 0.0:
        return "identical"
    tail = told(es, "more tail", "less tail", "tail: no difference shown")
    mean = told(gain, "more P&L", "less P&L", "P&L: no difference shown")
    return f"{tail}; {mean}" + (f" ({es.note})" if es.note else "")


def told(figure, above: str, below: str, neither: str) -> str:
    """Which side of zero an interval lies on."""
    if figure.low is None or figure.high is None:
        return neither
    return above if figure.low > 0.0 else below if figure.high < 0.0 else neither
