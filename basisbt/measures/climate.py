"""Estimates of a market's climate from its history: volatility, jumps, regimes of funding, premia.

Knows arrays of returns, rates and premia. Knows no venue. Every estimate says how many observations it stands on, and
is None where they are too few: a default that is told is better than a number out of four jumps.
"""

from typing import NamedTuple

import numpy as np

YEAR = 365 * 86400.0
JUMP = 5.0  # local standard deviations: of normal returns one in 1.7 million is beyond
ENOUGH = 10  # observations below which nothing is estimated
HOT, STRESS = 2e-4, -1e-4  # mean rate per 8 h above which times are hot, below which they are stressed
SMOOTH = 3 * 86400  # seconds over which the rate is averaged for that


class Returns(NamedTuple):
    """volatility: median, a year, without jumps; spread: of its logarithm; half_life: hours; drift a year, a log
    return; jumps: how many were beyond the threshold."""

    volatility: float
    spread: float
    half_life: float | None
    jumps_a_year: float | None
    jump_size: float | None
    jumps: int
    drift: float


def fit_returns(returns, step: int) -> Returns:
    """The climate of log returns [n] of bars `step` seconds long; NaN where there is none."""
    from scipy.special import gammaincinv, polygamma

    r = np.asarray(returns, float)
    r = r[np.isfinite(r)]
    a_day = max(1, 86400 // step)
    local = rolling_scale(r, 7 * a_day)
    far = np.abs(r) > JUMP * local
    rate, size = jumps_beyond(np.abs(r[far]), local[far] * JUMP, local, r.size * step / YEAR)
    calm = np.where(far, 0.0, r)[: r.size // a_day * a_day].reshape(-1, a_day)
    daily = np.sqrt((calm**2).mean(axis=1) * YEAR / step)
    logs = np.log(daily[daily > 0.0])
    noise = float(polygamma(1, a_day / 2.0)) / 4.0  # variance of the log of a daily volatility out of so many returns
    spread2 = max(float(logs.var()) - noise, 0.0)
    low = float(np.sqrt(2.0 * gammaincinv(a_day / 2.0, 0.5) / a_day))  # its median, as a share of what it estimates
    volatility = float(np.exp(np.median(logs))) / low
    return Returns(volatility, float(np.sqrt(spread2)), half_life_of(logs, spread2), rate, size, int(far.sum()),
                   float(r.mean() * YEAR / step))  # fmt: skip


def rolling_scale(r: np.ndarray, window: int) -> np.ndarray:
    """[n] the standard deviation around each return, by the median of absolute returns: jumps do not move it."""
    window = min(window | 1, r.size if r.size % 2 else max(r.size - 1, 1))
    padded = np.pad(np.abs(r), window // 2, mode="reflect")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, window), axis=1) / 0.6745


def jumps_beyond(sizes, thresholds, local, years: float) -> tuple[float | None, float | None]:
    """(jumps a year, their standard deviation) of normal jumps of which only those beyond a threshold are seen.

    The mean square of a normal jump beyond u is s^2 (1 + t h(t)) with t = u / s and h the hazard: solved for s.
    """
    from scipy.optimize import brentq
    from scipy.stats import norm

    if len(sizes) < ENOUGH:
        return None, None
    u, square = float(np.median(thresholds)), float(np.mean(np.square(sizes)))

    def excess(s: float) -> float:
        t = u / s
        return s * s * (1.0 + t * float(np.exp(norm.logpdf(t) - norm.logsf(t)))) - square

    low, high = u / 30.0, 30.0 * np.sqrt(square)
    if excess(low) > 0.0:
        return None, None
    s = float(brentq(excess, low, high))
    return len(sizes) / years / (2.0 * float(norm.sf(u / s))), s


def half_life_of(logs: np.ndarray, spread2: float) -> float | None:
    """Hours after which half of a day's deviation in log volatility is left; None where it cannot be told."""
    if logs.size < 60 or spread2 <= 0.0:
        return None
    x = logs - logs.mean()
    one, three = (float((x[k:] * x[:-k]).mean()) for k in (1, 3))  # noise is in lag 0 only
    keep = (three / one) ** 0.5 if one > 0.0 < three < one else None
    return None if keep is None else 24.0 * np.log(0.5) / np.log(keep)


class Regimes(NamedTuple):
    """Mean stays in days and the share of stressed among the stays that are not calm; None where there were too few.
    state: [n] 0 calm, 1 hot, 2 stressed, of every settlement."""

    calm: float | None
    hot: float | None
    stress: float | None
    stress_share: float
    state: np.ndarray


def fit_regimes(time, rate8) -> Regimes:
    """Regimes of funding: time [n] seconds, rate8 [n] fraction per eight hours, both of settlements in order."""
    time, rate8 = np.asarray(time, np.int64), np.asarray(rate8, float)
    total = np.concatenate([[0.0], np.cumsum(rate8)])
    first = np.searchsorted(time, time - SMOOTH // 2)
    last = np.searchsorted(time, time + SMOOTH // 2, side="right")
    mean = (total[last] - total[first]) / (last - first)
    state = np.where(mean > HOT, 1, np.where(mean < STRESS, 2, 0))
    edges = np.flatnonzero(np.diff(state)) + 1
    begin, end = np.concatenate([[0], edges]), np.concatenate([edges, [state.size]])
    apart = float(np.median(np.diff(time))) / 86400.0 if time.size > 1 else 1.0
    stays = {k: [(b - a) * apart for a, b in zip(begin, end) if state[a] == k] for k in range(3)}
    mean_stay = [float(np.mean(stays[k])) if len(stays[k]) >= 3 else None for k in range(3)]
    restless = len(stays[1]) + len(stays[2])
    return Regimes(*mean_stay, len(stays[2]) / restless if restless else 0.0, state)


def fit_premia(premium, day, state) -> tuple[list[float], list[float]]:
    """(levels, spreads) by regime of premia [n], with the day and the regime of each; NaN where a regime never was.

    level: mean. spread: standard deviation of daily means, which is what funding sees.
    """
    premium, day, state = np.asarray(premium, float), np.asarray(day), np.asarray(state)
    levels, spreads = [], []
    for k in range(3):
        chosen = (state == k) & np.isfinite(premium)
        if chosen.sum() < ENOUGH:
            levels.append(np.nan)
            spreads.append(np.nan)
            continue
        values, (days, inverse) = premium[chosen], np.unique(day[chosen], return_inverse=True)
        daily = np.bincount(inverse, values) / np.bincount(inverse)
        levels.append(float(values.mean()))
        spreads.append(float(daily.std()) if days.size > 2 else float(values.std()))
    return levels, spreads
