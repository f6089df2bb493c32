"""Performance figures against arithmetic done by hand. Days are UTC; returns are of marked equity, daily and simple."""

import math

import numpy as np
import pytest

from basisbt.measures.performance import annual_return, drawdown, performance

DAY = 86400


def daily(*equity, capital=100.0, risk_free=0.0):
    """Performance of daily bars from midnight, 1 January 1970."""
    return performance(np.arange(len(equity)) * DAY, DAY, np.array(equity, float), capital, risk_free)


def test_annual_return_compounds_and_stops_at_everything():
    assert annual_return(0.1, 365.0) == pytest.approx(0.1)
    assert annual_return(0.1, 182.5) == pytest.approx(0.21)  # 1.1 squared
    assert annual_return(-1.0, 10.0) == -1.0
    assert annual_return(-1.7, 10.0) == -1.0  # more than everything
    assert annual_return(0.1, 0.0) is None


def test_after_a_total_loss_no_daily_return_is_made_up():
    # +10 %, then -100 %; from zero there is no return
    out = daily(110.0, 0.0, 0.0)
    assert out["return"] == -1.0 and out["return_annual"] == -1.0 and out["max_drawdown"] == 1.0
    # returns 0.1, -1: mean -0.45, ddof 1 deviation 1.1 / sqrt(2)
    assert out["sharpe"] == pytest.approx(-0.45 / (1.1 / math.sqrt(2)) * math.sqrt(365))


def test_a_drawdown_that_does_not_end_counts_to_the_last_bar():
    time = np.arange(1, 5) * DAY
    assert drawdown(time, np.array([110.0, 99.0, 104.5, 109.0]), 100.0) == (pytest.approx(0.1), 3.0)


def test_a_curve_that_never_falls_has_no_drawdown():
    assert drawdown(np.arange(1, 4) * DAY, np.array([100.0, 100.0, 101.0]), 100.0) == (0.0, 0.0)
