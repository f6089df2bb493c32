"""The linear programme of allocation, against what is known on paper for normal P&L."""

import numpy as np
import pytest

from basisbt.measures.allocation import frontier, largest_mean, least_shortfall
from basisbt.measures.tail import expected_shortfall

FREE = np.zeros(3), np.ones(3)


def normal(mean, covariance, n=20_000, seed=3):
    """n draws whose mean and covariance are exactly those asked for: only the shape of the tail is left to chance."""
    raw = np.random.Generator(np.random.Philox(seed)).standard_normal((n, len(mean)))
    raw -= raw.mean(axis=0)
    raw = np.linalg.solve(np.linalg.cholesky(np.cov(raw.T, bias=True)), raw.T).T
    return np.asarray(mean) + raw @ np.linalg.cholesky(np.asarray(covariance)).T


def test_of_equal_means_normal_pnl_wants_the_least_variance():
    """ES of a normal sum is -mean + 2.6652 sd (at 99 %), so with equal means the least ES is the least variance.

    Independent, sd 10, 20 and 40 %: weights as 1/sd^2 = 100 : 25 : 6.25, i.e. 16/21, 4/21, 1/21.
    """
    returns = normal([0.05] * 3, np.diag([0.01, 0.04, 0.16]))
    found = least_shortfall(returns, 0.99, *FREE)
    assert found.weights == pytest.approx([16 / 21, 4 / 21, 1 / 21], abs=0.03)  # 200 paths in the tail
    sd = np.sqrt(1.0 / (100 + 25 + 6.25))  # of the best mix: 8.7287 %
    assert found.es == pytest.approx(-0.05 + 2.6652 * sd, rel=0.03)


def test_correlated_normal_pnl():
    """Two parts, sd 10 % and 20 %, correlation 30 %: w1 = (0.04 - 0.006) / (0.01 + 0.04 - 0.012) = 34/38."""
    returns = normal([0.05, 0.05], [[0.01, 0.006], [0.006, 0.04]])
    found = least_shortfall(returns, 0.95, [0, 0], [1, 1])
    assert found.weights == pytest.approx([34 / 38, 4 / 38], abs=0.03)


def test_a_wanted_mean_is_reached_along_the_frontier():
    """Means 10 % and 2 %, sd 20 % and 5 %, independent: a mean of 6 % needs half and half, whatever the risk; less than
    the mean of the least ES does not bind."""
    returns = normal([0.10, 0.02], np.diag([0.04, 0.0025]))
    half = least_shortfall(returns, 0.99, [0, 0], [1, 1], 0.06)
    assert half.weights == pytest.approx([0.5, 0.5], abs=1e-6)
    assert half.es == pytest.approx(-0.06 + 2.6652 * np.sqrt(0.01 + 0.000625), rel=0.03)
    free = least_shortfall(returns, 0.99, [0, 0], [1, 1])
    assert least_shortfall(returns, 0.99, [0, 0], [1, 1], free.mean / 2).weights == pytest.approx(free.weights, abs=1e-6)


def test_the_figure_of_the_programme_is_the_expected_shortfall_of_its_weights():
    returns = normal([0.03, 0.05, 0.04], np.diag([0.01, 0.04, 0.02]), n=2_000)
    for p in (0.95, 0.99, 0.995):
        found = least_shortfall(returns, p, *FREE)
        assert found.es == pytest.approx(expected_shortfall(-(returns @ found.weights), p).value, abs=1e-9)


def test_bounds_hold_and_bounds_that_cannot_are_refused():
    returns = normal([0.05] * 3, np.diag([0.01, 0.04, 0.16]))
    found = least_shortfall(returns, 0.99, [0.0, 0.0, 0.2], [0.5, 1.0, 1.0])
    assert found.weights[0] <= 0.5 and found.weights[2] >= 0.2 and found.weights.sum() == pytest.approx(1.0)
    with pytest.raises(ValueError, match="least 0, most 0.9"):
        frontier(returns, 0.99, [0, 0, 0], [0.3, 0.3, 0.3], 5)
    with pytest.raises(ValueError, match="least 1.2"):
        frontier(returns, 0.99, [0.4, 0.4, 0.4], [1, 1, 1], 5)


def test_no_weights_reach_a_mean_above_the_best_part():
    returns = normal([0.05, 0.02], np.diag([0.01, 0.01]), n=500)
    assert least_shortfall(returns, 0.99, [0, 0], [1, 1], 0.051) is None
    assert largest_mean(returns, [0, 0.25], [1, 1]) == pytest.approx(0.05 * 0.75 + 0.02 * 0.25)


def test_the_frontier_goes_from_least_risk_to_most_carry_and_never_back():
    returns = normal([0.10, 0.02, 0.05], np.diag([0.04, 0.0025, 0.01]), n=4_000)
    line = frontier(returns, 0.99, *FREE, 6)
    assert len(line) == 6
    means, es = [w.mean for w in line], [w.es for w in line]
    assert means == sorted(means) and es == sorted(es)
    assert line[-1].weights == pytest.approx([1.0, 0.0, 0.0], abs=1e-6)


def test_parts_that_always_pay_the_same_have_one_best_point():
    line = frontier(np.full((50, 2), 0.03), 0.99, [0, 0], [1, 1], 6)
    assert len(line) == 1 and line[0].es == pytest.approx(-0.03)
