"""Funding by formula: mean premia of intervals, and rates where a venue's own were not recorded.

Knows prices on the grid and how venues turn them into rates (MODEL.md section 5; the formula itself is core's).
Premia are those of bar opens: a trade's price in USD over the index, less 1.
"""

from typing import NamedTuple

import numpy as np

from basisbt.core.funding import clamp, formula
from basisbt.market.grid import Grid

HOUR = 3600


class FundingFormula(NamedTuple):
    """How one contract's rate is made, and on what price it is paid."""

    made: bool  # rates come from here, not from a file
    interest: float
    damper: float
    weighted: bool
    divided: bool
    spread: float  # hours
    interval: int  # seconds
    price: str  # mark | oracle | index_at_start
    floor: float
    cap: float
    continuous: bool
    calm: float  # hourly after a settlement at floor or cap, until `calm_count` in a row were no larger than this
    calm_count: int  # 0: never hourly
    then: int  # seconds


def premia(trade_open: np.ndarray, index_open: np.ndarray) -> np.ndarray:
    """[rows] premium at each bar's open."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return trade_open / index_open - 1.0


def mean_premia(premium: np.ndarray, grid: Grid, start: np.ndarray, end: np.ndarray, weighted: bool) -> np.ndarray:
    """[K] mean of the premia in each interval [start, end), the last known one where no bar opens in it.

    weighted: by 1..n, as Binance and Bybit do.
    """
    low = np.clip(-((grid.start - start) // grid.step), 0, grid.rows - 1)  # first bar that opens at or after the start
    high = np.clip(-((grid.start - end) // grid.step), 0, grid.rows)
    alone = high <= low
    low = np.where(alone, np.clip((end - 1 - grid.start) // grid.step, 0, grid.rows - 1), low)
    high = np.where(alone, low + 1, high)
    plain = np.concatenate([[0.0], np.cumsum(premium)])
    count = high - low
    if not weighted:
        return (plain[high] - plain[low]) / count
    rising = np.concatenate([[0.0], np.cumsum(premium * np.arange(1, grid.rows + 1))])
    total = rising[high] - rising[low] - low * (plain[high] - plain[low])
    return total / (count * (count + 1) / 2.0)


def made_stamps(premium: np.ndarray, grid: Grid, rule: FundingFormula) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(times, rates, hours) of the settlements in the grid that this rule makes of these premia.

    A settlement at the cap or floor makes the contract hourly where the venue does that; so many calm ones bring it
    back (MODEL.md section 5).
    """
    interval = grid.step if rule.continuous else rule.interval
    times, rates, hours = [], [], []
    moment, calm, hourly = -(-(grid.start + 1) // interval) * interval, 0, False
    while moment < grid.end:
        span = np.array([moment - interval]), np.array([moment])
        mean = float(mean_premia(premium, grid, *span, rule.weighted)[0])
        rate = formula(mean, interval / HOUR, rule.interest, rule.damper, rule.divided, rule.spread)
        rate = clamp(rate, rule.floor, rule.cap)
        times.append(moment)
        rates.append(rate)
        hours.append(interval / HOUR)
        if rule.calm_count:
            if rate <= rule.floor or rate >= rule.cap:
                interval, hourly, calm = HOUR, True, 0
            elif hourly:
                calm = calm + 1 if abs(rate) <= rule.calm else 0
                if calm >= rule.calm_count:
                    interval, hourly = rule.then, False
        moment += interval if not hourly or interval == HOUR else HOUR
        if not hourly:
            moment = -(-moment // interval) * interval
    return np.array(times, np.int64), np.array(rates), np.array(hours)


def paid_on(rule: FundingFormula, index_open: np.ndarray, grid: Grid, times: np.ndarray, hours: np.ndarray):
    """[K] price of each payment where it is not the mark: the oracle (index) at the stamp, or at the interval's start;
    None for the mark."""
    if rule.price == "mark":
        return None
    at = times if rule.price == "oracle" else times - (hours * HOUR).astype(np.int64)
    row = np.clip((at - grid.start) // grid.step, 0, grid.rows - 1)
    return index_open[row]
