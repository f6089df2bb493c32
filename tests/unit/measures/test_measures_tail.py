"""VaR, ES and Euler shares against arithmetic done by hand and against laws whose tail is known."""

import math

import numpy as np
import pytest

from basisbt.measures.tail import (
    euler_shares, expected_shortfall, influence, quantile, tail_count, tail_weights, value_at_risk,
)  # fmt: skip

TEN = np.array([3.0, 10.0, 1.0, 8.0, 2.0, 9.0, 5.0, 4.0, 7.0, 6.0])


def test_es_of_ten_losses_counts_the_boundary_path_by_its_half():
    figure = expected_shortfall(TEN, 0.75)  # 2.5 paths: 10, 9 and half of 8
    assert figure.value == pytest.approx((10 + 9 + 0.5 * 8) / 2.5)
    assert quantile(TEN, 0.75) == 8.0 and value_at_risk(TEN, 0.75).value == 8.0
    assert tail_weights(TEN, 0.75) == pytest.approx(np.array([0, 0.4, 0, 0.2, 0, 0.4, 0, 0, 0, 0]))
    assert figure.note == "too few (2)" and figure.n == 10
    assert figure.low < figure.value and figure.high is None  # two paths do not say how far it may reach
    wide = expected_shortfall(np.concatenate([TEN] * 10), 0.75)
    assert wide.low < wide.value < wide.high < 20.0


def test_a_whole_number_of_tail_paths_takes_exactly_those():
    assert expected_shortfall(TEN, 0.8).value == pytest.approx(9.5)
    assert quantile(TEN, 0.8) == 8.0  # the smallest x with F(x) >= 0.8
    assert expected_shortfall(TEN, 0.9).value == pytest.approx(10.0)


def test_paths_that_tie_at_var_share_its_weight_whatever_their_order():
    losses = np.array([5.0, 1.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0])
    weights = tail_weights(losses, 0.75)  # two paths: the 5, and one spread over three 2s
    assert weights == pytest.approx(np.array([1 / 2, 0, 1 / 6, 1 / 6, 1 / 6, 0, 0, 0]))
    assert expected_shortfall(losses, 0.75).value == pytest.approx(3.5)


def test_a_tail_that_gains_has_a_negative_es():
    figure = expected_shortfall(-np.linspace(0.01, 0.10, 1000), 0.95)
    assert figure.value < 0.0 and figure.low <= figure.value <= figure.high


def test_integer_weights_are_repetitions_and_their_scale_is_nothing():
    losses, weight = np.array([4.0, 1.0, 3.0, 2.0]), np.array([1, 4, 2, 3])
    long = np.repeat(losses, weight)
    for p in (0.5, 0.75, 0.85, 0.9):
        assert expected_shortfall(losses, p, weight).value == pytest.approx(expected_shortfall(long, p).value)
        assert quantile(losses, p, weight) == quantile(long, p)
        assert expected_shortfall(losses, p, 7.0 * weight).value == expected_shortfall(losses, p, weight).value


def test_equal_weights_give_the_unweighted_figure():
    losses = np.random.default_rng(1).exponential(size=5000)
    plain, even = expected_shortfall(losses, 0.95), expected_shortfall(losses, 0.95, np.full(5000, 0.3))
    assert (even.value, even.low, even.high) == pytest.approx((plain.value, plain.low, plain.high), rel=1e-9)
    plain, even = value_at_risk(losses, 0.95), value_at_risk(losses, 0.95, np.ones(5000))
    assert (even.low, even.high) == pytest.approx((plain.low, plain.high), rel=5e-3)


def test_drawing_rare_losses_more_often_and_weighing_them_back_finds_the_same_tail_with_less_error():
    rng = np.random.default_rng(2)
    often, n, truth = 0.3, 20_000, 0.6 - 0.4 * 0.01 / 0.03 / 2  # 3 % defaults uniform on 20-60 %
    rare = rng.random(n) < often
    losses = np.where(rare, rng.uniform(0.2, 0.6, n), -0.05)
    weight = np.where(rare, 0.03 / often, 0.97 / (1 - often))
    figure = expected_shortfall(losses, 0.99, weight)
    assert figure.low < truth < figure.high
    plain = np.where(rng.random(n) < 0.03, rng.uniform(0.2, 0.6, n), -0.05)
    direct = expected_shortfall(plain, 0.99)
    assert direct.low < truth < direct.high
    assert figure.high - figure.low < 0.7 * (direct.high - direct.low)


def test_known_laws_lie_within_a_thousandth_on_their_own_quantiles():
    from scipy.special import ndtri, stdtrit

    u = (np.arange(2_000_000) + 0.5) / 2_000_000
    for p in (0.95, 0.99, 0.999):
        z, t = float(ndtri(p)), float(stdtrit(4, p))
        normal = 0.01 + 0.2 * math.exp(-z * z / 2) / math.sqrt(2 * math.pi) / (1 - p)
        assert expected_shortfall(0.01 + 0.2 * ndtri(u), p).value == pytest.approx(normal, rel=1e-3)
        assert expected_shortfall(-np.log1p(-u), p).value == pytest.approx(1 - math.log(1 - p), rel=1e-3)
        assert quantile(-np.log1p(-u), p) == pytest.approx(-math.log(1 - p), rel=1e-3)  # VaR + 1 = ES
        density = 3 / 8 * (1 + t * t / 4) ** -2.5
        student = density / (1 - p) * (4 + t * t) / 3
        assert expected_shortfall(stdtrit(4, u), p).value == pytest.approx(student, rel=5e-3)


def test_var_lies_between_the_order_statistics_of_the_binomial_law():
    losses = np.arange(1.0, 101.0)
    figure = value_at_risk(losses, 0.5)  # the tables' ranks for a median of 100: 40 and 61
    assert (figure.value, figure.low, figure.high) == (50.0, 40.0, 61.0)
    assert figure.note == "too few (50)"


def test_what_the_paths_cannot_bound_is_none():
    figure = value_at_risk(np.arange(1000.0), 0.999)
    assert figure.high is None and figure.low is not None and figure.note == "too few (1)"
    figure = expected_shortfall(np.arange(1000.0), 0.999)
    assert figure.value == 999.0 and figure.low is None and figure.high is None
    one = expected_shortfall([0.1], 0.95)
    assert one.value == pytest.approx(0.1) and one.low is None


@pytest.mark.parametrize(
    "n, p, note", [(10_000, 0.99, None), (9_999, 0.99, "too few (99)"), (2_000, 0.99, "too few (20)")]
)
def test_fewer_than_a_hundred_tail_observations_are_said(n, p, note):
    figure = expected_shortfall(np.random.default_rng(3).normal(size=n), p)
    assert figure.note == note
    assert figure.as_dict().get("note") == note and set(figure.as_dict()) >= {"value", "low", "high", "n", "estimator"}


def test_a_tail_without_spread_says_so_and_one_made_by_two_paths_too():
    flat = expected_shortfall(np.full(5000, -0.05), 0.95)
    assert (flat.value, flat.low, flat.high, flat.note) == (-0.05, -0.05, -0.05, "all tail losses are equal")
    lone = np.full(5000, -0.05)
    lone[[7, 70]] = 0.5
    assert expected_shortfall(lone, 0.95).note == "rests on few paths (2)"


def test_influence_predicts_what_one_more_path_does():
    losses = np.random.default_rng(4).exponential(size=4000)
    value, var, psi = influence(losses, 0.95)
    assert psi.mean() == pytest.approx(0.0, abs=1e-12)
    for extra in (0.5, var + 4.0):
        moved = expected_shortfall(np.append(losses, extra), 0.95).value - value
        assert moved * 4001 == pytest.approx(max(extra - var, 0) / 0.05 + var - value, rel=0.02)


def test_euler_shares_are_tail_means_and_sum_to_es():
    parts = np.array([[1, 2], [0, 10], [0, 1], [8, 0], [1, 1], [4, 5], [5, 0], [2, 2], [7, 0], [3, 3]], float)
    losses = parts.sum(axis=1)
    shares = euler_shares(parts, losses, 0.75)  # 10, 9 and half of 8
    assert shares == pytest.approx([(0 + 4 + 0.5 * 8) / 2.5, (10 + 5) / 2.5])
    assert shares.sum() == pytest.approx(expected_shortfall(losses, 0.75).value)
    rng = np.random.default_rng(5)
    parts = np.where(rng.random((3000, 4)) < 0.03, rng.uniform(0, 0.3, (3000, 4)), -0.02)
    shares = euler_shares(parts, parts.sum(axis=1), 0.99)
    assert shares.sum() == pytest.approx(expected_shortfall(parts.sum(axis=1), 0.99).value, rel=1e-12)


@pytest.mark.parametrize(
    "call",
    [
        lambda: expected_shortfall([], 0.95),
        lambda: expected_shortfall([1.0, math.nan], 0.95),
        lambda: expected_shortfall(TEN, 1.0),
        lambda: expected_shortfall(TEN, 0.9, np.zeros(10)),
        lambda: expected_shortfall(TEN, 0.9, -np.ones(10)),
        lambda: expected_shortfall(TEN, 0.9, np.ones(9)),
        lambda: euler_shares(np.ones((10, 2)), TEN, 0.9),
        lambda: euler_shares(np.ones((9, 2)), TEN, 0.9),
    ],
)
def test_what_makes_no_sense_is_refused(call):
    with pytest.raises(ValueError):
        call()


def test_the_tail_is_counted():
    assert tail_count(TEN, 0.75) == 2 and tail_count(np.arange(2000.0), 0.95) == 100
