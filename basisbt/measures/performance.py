"""Performance of one equity curve: return, volatility, Sharpe, Sortino, drawdown, time trapped.

Knows arrays of times and equity in USD. Daily (UTC) simple returns, ddof 1, x sqrt(365), excess over the risk-free
rate (MODEL.md section 10). A figure that cannot be had is None, never a made-up number.
"""

import math

import numpy as np

DAY = 86400
YEAR_DAYS = 365.0


def daily_equity(close_time: np.ndarray, equity: np.ndarray, capital: float) -> np.ndarray:
    """Equity at the start and at the last close of each UTC day. close_time: [T] seconds; a bar that closes at
    midnight belongs to the day it ends.
    """
    day = (close_time - 1) // DAY
    last = np.flatnonzero(np.append(day[1:] != day[:-1], True))
    return np.concatenate([[capital], equity[last]])


def drawdown(close_time: np.ndarray, equity: np.ndarray, capital: float) -> tuple[float, float]:
    """(largest fall from a peak as a positive fraction of the peak, longest time below a peak in days), every bar."""
    curve = np.concatenate([[capital], equity])
    peak = np.maximum.accumulate(curve)
    depth = float(((peak - curve) / peak).max())
    start = close_time[0] if close_time.size else 0
    time = np.concatenate([[start], close_time])
    at_peak = np.flatnonzero(curve >= peak)
    marks = np.append(time[at_peak], time[-1])
    longest = float(np.diff(marks).max()) / DAY if depth > 0.0 else 0.0
    return depth, longest


def ratio(mean: float, spread: float) -> float | None:
    """mean / spread x sqrt(365); None without spread."""
    return mean / spread * math.sqrt(YEAR_DAYS) if spread > 0.0 else None


def annual_return(total: float, days: float) -> float | None:
    """Compound annual growth of a total return over `days`, act/365; -1 when everything is lost."""
    if days <= 0.0:
        return None
    return (1.0 + total) ** (YEAR_DAYS / days) - 1.0 if total > -1.0 else -1.0


def performance(open_time, seconds, equity, capital, risk_free) -> dict:
    """The performance block of metrics.json. open_time: [T] bar openings, seconds; equity: [T] marked, USD."""
    close_time = open_time + seconds
    days = (close_time[-1] - open_time[0]) / DAY
    total = float(equity[-1] / capital - 1.0)
    curve = daily_equity(close_time, equity, capital)
    out = {"return": total, "return_annual": annual_return(total, float(days))}
    alive = curve[:-1] > 0.0
    returns = curve[1:][alive] / curve[:-1][alive] - 1.0
    if returns.size < 2:
        out.update(volatility_annual=None, sharpe=None, sortino=None)
    else:
        excess = returns - risk_free / YEAR_DAYS
        spread = float(excess.std(ddof=1))
        down = math.sqrt(float((np.minimum(excess, 0.0) ** 2).mean()))
        out["volatility_annual"] = float(returns.std(ddof=1)) * math.sqrt(YEAR_DAYS)
        out["sharpe"] = ratio(float(excess.mean()), spread)
        out["sortino"] = ratio(float(excess.mean()), down)
    out["max_drawdown"], out["max_drawdown_days"] = drawdown(close_time, equity, capital)
    return out
