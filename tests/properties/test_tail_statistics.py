"""Intervals that say 95 % must hold 95 %: coverage of the package's own figures over repeated samples, seeded.

The truth is computed here from each law, not with the package. The bounds are 93 and 97 %; with 2,000 repetitions the
error of a measured coverage is 0.5 %.
"""

import math

import numpy as np
import pytest
from scipy.special import ndtri, stdtrit
from scipy.stats import norm

from basisbt.measures.breakeven import breakeven_default_rate
from basisbt.measures.intervals import mean, mean_skewed, share
from basisbt.measures.paired import independent_es, independent_mean, paired_es, paired_mean
from basisbt.measures.pareto import peaks_over_threshold
from basisbt.measures.tail import expected_shortfall, value_at_risk


def desk(rng, n, rate=0.03):
    """97 % small normal gains, 3 % default losses uniform on 20-60 %."""
    u = rng.random(n)
    return np.where(u < rate, 0.2 + 0.4 * u / rate, rng.normal(-0.08, 0.02, n))


def desk_atoms(rng, n):
    """97 % exactly one gain, 2 % uniform losses on 20-60 %, 1 % exactly a loss of 50 %."""
    u = rng.random(n)
    return np.where(u < 0.01, 0.5, np.where(u < 0.03, 0.2 + 0.4 * (u - 0.01) / 0.02, -0.08))


def desk_es(p, rate=0.03):
    """ES of `desk` by the law."""
    tail = 1.0 - p
    if tail <= rate:
        return 0.6 - 0.4 * tail / rate / 2.0
    upper = (tail - rate) / (1.0 - rate)
    rest = -0.08 * upper + 0.02 * norm.pdf(norm.isf(upper))
    return (rate * 0.4 + (1.0 - rate) * rest) / tail


def atoms_es(p):
    """ES of `desk_atoms` by the law: beyond 1 % half of the mass is uniform on 50-60 %, half the atom."""
    tail = 1.0 - p
    return 0.525 if abs(tail - 0.01) < 1e-9 else (0.01 * 0.5 + 0.02 * 0.4 + (tail - 0.03) * -0.08) / tail


def student_es(p, nu=4):
    """ES of Student's t(4)."""
    t = float(stdtrit(nu, p))
    return 3 / 8 * (1 + t * t / 4) ** -2.5 / (1 - p) * (nu + t * t) / (nu - 1)


LAWS = {
    "normal": (lambda rng, n: rng.standard_normal(n), lambda p: norm.pdf(ndtri(p)) / (1 - p), ndtri),
    "student": (lambda rng, n: rng.standard_t(4, n), student_es, lambda p: stdtrit(4, p)),
    "exponential": (lambda rng, n: rng.exponential(size=n), lambda p: 1 - math.log(1 - p), lambda p: -math.log(1 - p)),
    "lognormal": (
        lambda rng, n: np.exp(0.5 * rng.standard_normal(n)),
        lambda p: math.exp(0.125) * norm.cdf(0.5 - ndtri(p)) / (1 - p),
        lambda p: math.exp(0.5 * ndtri(p)),
    ),
    "desk": (desk, desk_es, lambda p: 0.6 - 0.4 * (1 - p) / 0.03 if p > 0.97 else None),
    "desk_atoms": (desk_atoms, atoms_es, lambda p: 0.5 if p > 0.97 else -0.08),
}


def covered(figures, truth):
    """Share of the figures whose interval holds the truth; an open bound holds."""
    inside = [(f.low is None or f.low <= truth) and (f.high is None or truth <= f.high) for f in figures]
    return sum(inside) / len(inside)


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("n, repeats", [(2_000, 2_000), (10_000, 1_000)])
def test_es_95_and_es_99_hold_the_truth_in_93_to_97_percent(name, n, repeats):
    draw, es, _ = LAWS[name]
    rng = np.random.default_rng(20)
    found = {0.95: [], 0.99: []}
    for _ in range(repeats):
        losses = draw(rng, n)
        for p, figures in found.items():
            figures.append(expected_shortfall(losses, p))
    for p, figures in found.items():
        assert 0.93 <= covered(figures, es(p)) <= 0.97, (name, n, p)


@pytest.mark.parametrize("name", ["normal", "student", "desk"])
def test_var_99_holds_the_truth(name):
    draw, _, var = LAWS[name]
    rng = np.random.default_rng(21)
    figures = [value_at_risk(draw(rng, 5_000), 0.99) for _ in range(2_000)]
    assert 0.93 <= covered(figures, var(0.99)) <= 0.97


def test_var_on_an_atom_holds_it_always():
    rng = np.random.default_rng(22)
    assert covered([value_at_risk(desk_atoms(rng, 2_000), 0.95) for _ in range(200)], -0.08) == 1.0


def test_weighted_es_and_share_hold_the_truth_when_defaults_are_drawn_ten_times_too_often():
    rng = np.random.default_rng(23)
    figures, shares, n = [], [], 2_000
    for _ in range(2_000):
        hit = rng.random(n) < 0.3
        losses = np.where(hit, rng.uniform(0.2, 0.6, n), rng.normal(-0.08, 0.02, n))
        weight = np.where(hit, 0.03 / 0.3, 0.97 / 0.7)
        figures.append(expected_shortfall(losses, 0.99, weight))
        shares.append(share(losses > 0.5, weight))
    assert 0.93 <= covered(figures, desk_es(0.99)) <= 0.97
    assert 0.93 <= covered(shares, 0.03 / 4) <= 0.97


def test_means_of_pnl_and_of_days_trapped_hold_the_truth():
    rng = np.random.default_rng(24)
    pnl = [mean(-desk(rng, 2_000)) for _ in range(2_000)]
    assert 0.93 <= covered(pnl, 0.97 * 0.08 - 0.03 * 0.4) <= 0.97
    days = [np.where(rng.random(1_000) < 0.03, np.exp(2 + rng.standard_normal(1_000)), 0.0) for _ in range(2_000)]
    truth = 0.03 * math.exp(2.5)
    assert 0.93 <= covered([mean_skewed(d) for d in days], truth) <= 0.97
    assert covered([mean(d) for d in days], truth) < 0.93  # what the correction is for


def test_a_share_of_one_percent_holds_the_truth():
    rng = np.random.default_rng(25)
    assert 0.93 <= covered([share(rng.random(3_000) < 0.01) for _ in range(3_000)], 0.01) <= 0.97


@pytest.mark.parametrize("name", ["normal", "desk"])
def test_two_equal_setups_on_independent_draws_show_no_difference_in_93_to_97_percent(name):
    draw = LAWS[name][0]
    rng = np.random.default_rng(26)
    found = {"mean": [], 0.95: [], 0.99: []}
    for _ in range(2_000):
        a, b = draw(rng, 5_000), draw(rng, 5_000)
        for key, figures in found.items():
            figures.append(independent_mean(a, b) if key == "mean" else independent_es(a, b, key))
    for key, figures in found.items():
        assert 0.93 <= covered(figures, 0.0) <= 0.97, (name, key)


def shared_normal(rng, n):
    """Two normals of correlation 0.9."""
    common, own = rng.standard_normal(n), rng.standard_normal((2, n))
    return 0.95**0.5 * common + 0.05**0.5 * own[0], 0.95**0.5 * common + 0.05**0.5 * own[1]


def shared_desk(rng, n):
    """The desk's law twice; half of the paths are the same in both."""
    a, b = desk(rng, n), desk(rng, n)
    return a, np.where(rng.random(n) < 0.5, a, b)


@pytest.mark.parametrize("draw", [shared_normal, shared_desk])
def test_two_equal_setups_on_common_draws_show_no_difference_in_93_to_97_percent(draw):
    rng = np.random.default_rng(27)
    found = {"mean": [], 0.95: [], 0.99: []}
    narrower = []
    for _ in range(2_000):
        a, b = draw(rng, 5_000)
        for key, figures in found.items():
            figures.append(paired_mean(a, b) if key == "mean" else paired_es(a, b, key))
        apart = independent_es(a, b, 0.95)
        narrower.append((found[0.95][-1].high - found[0.95][-1].low) / (apart.high - apart.low))
    for key, figures in found.items():
        assert 0.93 <= covered(figures, 0.0) <= 0.97, key
    assert np.mean(narrower) < 0.85


def test_a_paired_difference_of_two_default_rates_holds_the_truth():
    rng = np.random.default_rng(28)
    figures = {0.95: [], 0.99: []}
    for _ in range(2_000):
        u, carry = rng.random(5_000), rng.normal(-0.08, 0.02, 5_000)
        a, b = (np.where(u < rate, 0.2 + 0.4 * u / rate, carry) for rate in (0.03, 0.02))
        for p in figures:
            figures[p].append(paired_es(a, b, p))
    for p, found in figures.items():
        assert 0.93 <= covered(found, desk_es(p, 0.02) - desk_es(p, 0.03)) <= 0.97


@pytest.mark.parametrize("xi", [0.0, 0.4])
def test_the_interval_of_the_tail_index_holds_it(xi):
    rng = np.random.default_rng(29)
    draws = (rng.exponential(size=4_000) for _ in range(500))
    figures = [peaks_over_threshold(x if xi == 0.0 else np.expm1(xi * x) / xi).index for x in draws]
    held = [f for f in figures if f.value is not None]
    assert len(held) >= 490
    assert 0.925 <= covered(held, xi) <= 0.975  # 500 repetitions: error 1 %


@pytest.mark.parametrize("rate, n", [(0.03, 2_000), (0.03, 500)])
def test_the_break_even_rate_holds_the_truth(rate, n):
    rng = np.random.default_rng(30)
    figures = []
    for _ in range(2_000):
        u, carry = rng.random(n), rng.normal(0.08, 0.05, n)
        figures.append(breakeven_default_rate(carry, carry - np.where(u < rate, 0.28 + 0.4 * u / rate, 0.0), 0.05))
    assert 0.93 <= covered(figures, 0.05 * 0.08 / (rate * 0.48)) <= 0.975  # few defaults: rather too wide
