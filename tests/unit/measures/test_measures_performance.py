"""Performance figures against arithmetic done by hand."""

import math

import numpy as np
import pytest

from basisbt.measures.performance import annual_return, drawdown, performance

DAY = 86400
START = 1_672_531_200  # 2023-01-01


def daily(*equity):
    """A run of daily bars: bar openings and the equity at each close."""
    return START + DAY * np.arange(len(equity)), np.array(equity, float)


def test_returns_volatility_sharpe_and_sortino_of_four_days():
    time, equity = daily(101.0, 99.99, 101.9898, 101.9898)  # +1 %, -1 %, +2 %, 0 %
    out = performance(time, DAY, equity, 100.0, 0.0)
    returns = np.array([0.01, -0.01, 0.02, 0.0])
    mean, spread = 0.005, math.sqrt(((returns - 0.005) ** 2).sum() / 3)  # ddof 1
    assert out["return"] == pytest.approx(0.019898)
    assert out["volatility_annual"] == pytest.approx(spread * math.sqrt(365))
    assert out["sharpe"] == pytest.approx(mean / spread * math.sqrt(365))
    assert out["sortino"] == pytest.approx(mean / math.sqrt(0.0001 / 4) * math.sqrt(365))  # one losing day of -1 %
    assert out["return_annual"] == pytest.approx(1.019898 ** (365 / 4) - 1)
    assert out["max_drawdown"] == pytest.approx(0.01) and out["max_drawdown_days"] == pytest.approx(2.0)


def test_the_risk_free_rate_is_taken_off_each_day():
    time, equity = daily(101.0, 99.99, 101.9898)
    plain, excess = (performance(time, DAY, equity, 100.0, rf)["sharpe"] for rf in (0.0, 0.365))
    mean, spread = 0.02 / 3, np.array([0.01, -0.01, 0.02]).std(ddof=1)
    assert plain == pytest.approx(mean / spread * math.sqrt(365))
    assert excess == pytest.approx((mean - 0.001) / spread * math.sqrt(365))


def test_hours_are_gathered_into_utc_days_and_a_close_at_midnight_belongs_to_the_day_it_ends():
    time = START + 3600 * np.arange(48)
    equity = np.full(48, 100.0)
    equity[24:] = 110.0  # from the first hour of the second day
    out = performance(time, 3600, equity, 100.0, 0.0)
    assert out["volatility_annual"] == pytest.approx(np.std([0.0, 0.1], ddof=1) * math.sqrt(365))


def test_what_cannot_be_had_is_none_and_what_is_lost_is_lost():
    flat = performance(*daily(100.0)[:1], DAY, daily(100.0)[1], 100.0, 0.0)
    assert flat["sharpe"] is None and flat["volatility_annual"] is None
    still = performance(*daily(100.0, 100.0, 100.0)[:1], DAY, daily(100.0, 100.0, 100.0)[1], 100.0, 0.0)
    assert still["sharpe"] is None and still["volatility_annual"] == 0.0
    assert annual_return(-1.2, 100.0) == -1.0 and annual_return(0.1, 0.0) is None
    ruined = performance(*daily(50.0, -10.0, -10.0)[:1], DAY, daily(50.0, -10.0, -10.0)[1], 100.0, 0.0)
    assert ruined["return_annual"] == -1.0 and ruined["max_drawdown"] == pytest.approx(1.1)


def test_a_drawdown_lasts_from_its_peak_to_the_bar_that_reaches_it_again():
    closes = START + DAY * np.arange(1, 7)
    depth, days = drawdown(closes, np.array([110.0, 99.0, 104.5, 110.0, 109.0, 111.0]), 100.0)
    assert depth == pytest.approx(0.1)  # 110 -> 99
    assert days == pytest.approx(3.0)  # the close of day 1 to the close of day 4
