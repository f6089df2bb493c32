"""Premium and funding of a synthetic perpetual: a mean-reverting premium passed through the venue's formula.

Knows regimes (calm, hot, rarely stressed) and how Binance, Bybit and OKX turn a premium into a rate. Knows no
price. Simulating the premium and not the rate gives funding its point mass: whenever the mean premium is within
5 bp of the interest rate, a damped venue pays exactly the interest rate.

Sources: formulas and caps in the venues' help pages (Binance, Bybit: `F = P̄ + clamp(I − P̄, ±5 bp)`, I = 1 bp / 8 h,
P̄ weighted 1..n; OKX since 2024: simple mean, no interest, no damper). Regime lengths: two-state fit on Binance BTC
funding 2019–2024 (calm 30.0 d at 2.0 bp/d, hot 9.7 d at 10.1 bp/d). Premium levels are set by hand to give such rates.
"""

from typing import NamedTuple

import numpy as np

from basisbt.market.climate import BP, Climate

CALM, HOT, STRESS = range(3)
SLOW_HALF_LIFE = 24.0  # hours, of the premium around its regime's level
BLEND_HALF_LIFE = 6.0  # hours, of the passage from one regime's level to the next
COMMON = 0.75  # share of the slow premium's variance that all venues have in common
FLUTTER = 1.5 * BP  # standard deviation of what lasts minutes and averages out of the rate


class FundingRule(NamedTuple):
    """How a venue turns premia into a rate per 8 h, and the premium its market settles at."""

    interest: float  # fraction per 8 h
    damper: float  # fraction; 0: none
    weighted: bool  # premia weighted 1..n, else equally
    caps: dict[str, float]  # by base; `""` for any other
    level: tuple[float, float, float]  # mean premium when calm, hot, stressed
    spread: tuple[float, float, float]  # standard deviation of the slow premium


DAMPED_LEVEL = (-3.1 * BP, 6.8 * BP, -13.0 * BP)
DAMPED_SPREAD = (2.0 * BP, 3.6 * BP, 6.0 * BP)
RULES = {
    "binance": FundingRule(1 * BP, 5 * BP, True, {"BTC": 30 * BP, "": 75 * BP}, DAMPED_LEVEL, DAMPED_SPREAD),
    "bybit": FundingRule(1 * BP, 5 * BP, True, {"": 50 * BP}, DAMPED_LEVEL, DAMPED_SPREAD),
    "okx": FundingRule(
        0.0, 0.0, False, {"BTC": 37.5 * BP, "ETH": 75 * BP, "": 150 * BP},
        (0.6 * BP, 3.0 * BP, -8.0 * BP), (0.8 * BP, 2.2 * BP, 5.0 * BP),
    ),
}  # fmt: skip
OTHER = RULES["bybit"]


def mean_premium(premia: np.ndarray, weighted: bool) -> np.ndarray:
    """Mean of premia [..., samples]; weighted: by 1..n, the last counts most."""
    samples = premia.shape[-1]
    weights = np.arange(1.0, samples + 1.0) if weighted else np.ones(samples)
    return (premia * weights).sum(axis=-1) / weights.sum()


def damped(mean, interest: float, damper: float):
    """`P + clamp(I - P, -damper, damper)`: the rate per 8 h of a mean premium; the interest where it is near enough."""
    return mean + np.clip(interest - mean, -damper, damper)


def funding_rates(premia: np.ndarray, rule: FundingRule, base: str) -> np.ndarray:
    """Rates per 8 h from premia [intervals, samples], rounded to 8 decimals as venues publish them."""
    mean = mean_premium(premia, rule.weighted)
    if rule.damper:
        mean = damped(mean, rule.interest, rule.damper)
    cap = rule.caps.get(base, rule.caps[""])
    return np.round(np.clip(mean, -cap, cap), 8)


def premium_paths(
    random: np.random.Generator, regime: np.ndarray, rules: list[FundingRule], per_hour: int
) -> np.ndarray:
    """Premia [venues, steps] of one base: regime level + common and own slow part + flutter."""
    steps = regime.size
    slow = np.exp2(-1.0 / (SLOW_HALF_LIFE * per_hour))
    blend = np.exp2(-1.0 / (BLEND_HALF_LIFE * per_hour))
    common = mean_reverting(random.standard_normal(steps), slow)
    paths = np.empty((len(rules), steps))
    for v, rule in enumerate(rules):
        own = mean_reverting(random.standard_normal(steps), slow)
        level = smoothed(np.asarray(rule.level)[regime], blend)
        spread = smoothed(np.asarray(rule.spread)[regime], blend)
        factor = np.sqrt(COMMON) * common + np.sqrt(1.0 - COMMON) * own
        paths[v] = level + spread * factor + FLUTTER * random.standard_normal(steps)
    return paths


def regime_path(random: np.random.Generator, steps: int, per_hour: int, climate: Climate) -> np.ndarray:
    """CALM, HOT or STRESS at every step; stays are exponential, and hot or stressed times end in calm."""
    path = np.empty(steps, np.int64)
    at, state = 0, CALM
    while at < steps:
        days = random.exponential((climate.calm_days, climate.hot_days, climate.stress_days)[state])
        stay = max(1, round(days * 24 * per_hour))
        path[at : at + stay] = state
        at += stay
        state = CALM if state != CALM else STRESS if random.random() < climate.stress_share else HOT
    return path


def mean_reverting(noise: np.ndarray, keep: float) -> np.ndarray:
    """The stationary AR(1) path with unit variance that keeps `keep` of itself at each step, driven by unit noise."""
    path = noise * np.sqrt(1.0 - keep * keep)
    path[0] = noise[0]
    return _accumulated(path, keep)


def smoothed(values: np.ndarray, keep: float) -> np.ndarray:
    """The exponential moving average that starts at the first value."""
    driven = values * (1.0 - keep)
    driven[0] = values[0]
    return _accumulated(driven, keep)


def _accumulated(driven: np.ndarray, keep: float) -> np.ndarray:
    """x[t] = driven[t] + keep · x[t − 1], by doubling: after pass k each entry holds its last 2^k drives."""
    path = driven.astype(np.float64)
    shift, weight = 1, keep
    while shift < path.size and weight > 1e-18:
        path[shift:] += weight * path[:-shift]
        shift, weight = 2 * shift, weight * weight
    return path
