"""What venues add to the tail: sums, equal venues, one that hedges, and independence against comonotone losses."""

import numpy as np
import pytest

from basisbt.measures.diversification import contributions


def test_euler_shares_sum_to_the_es_and_equal_venues_share_it_evenly():
    """Two venues that always lose the same: each alone 10 % of the whole at worst; together 20 %: nothing is gained."""
    pnl = np.zeros((100, 2))
    pnl[:5] = -100.0
    found = contributions(pnl, 1000.0, ("a", "b"))
    for name in "ab":
        assert found["venues"][name]["es_95"] == pytest.approx({"alone": 0.1, "euler": 0.1, "marginal": 0.1})
    assert found["diversification_ratio"]["es_95"] == pytest.approx(1.0)
    assert found["venues"]["a"]["pnl"] == pytest.approx(-5.0)


def test_losses_that_never_coincide_halve_the_tail():
    """Five paths lose at a, five others at b, of 100: the worst 5 % are five single losses of 10 %. Alone: 10 % each."""
    pnl = np.zeros((100, 2))
    pnl[:5, 0] = pnl[5:10, 1] = -100.0
    found = contributions(pnl, 1000.0, ("a", "b"))
    assert found["diversification_ratio"]["es_95"] == pytest.approx(0.5)
    assert found["venues"]["a"]["es_95"]["euler"] == pytest.approx(0.05)  # ties share the tail evenly
    assert found["venues"]["a"]["es_95"]["marginal"] == pytest.approx(0.0)  # without a: b's five are the tail


def test_a_venue_that_gains_when_the_other_loses_takes_from_the_tail():
    """a loses 100 in five paths and b gains 40 there: the whole 6 %, a's share 10 %, b's -4 %, a alone 10 %."""
    pnl = np.zeros((100, 2))
    pnl[:5, 0], pnl[:5, 1] = -100.0, 40.0
    found = contributions(pnl, 1000.0, ("a", "b"))
    assert found["venues"]["b"]["es_95"]["euler"] == pytest.approx(-0.04)
    assert found["venues"]["b"]["es_95"]["marginal"] == pytest.approx(0.06 - 0.10)


def test_normal_losses_grow_with_the_root_of_their_number():
    """Four independent normal venues: ES of the sum is 2 sigma-units where the sum of those alone is 4: ratio 1/2."""
    pnl = np.random.default_rng(3).normal(0.0, 10.0, (200_000, 4))
    found = contributions(pnl, 1000.0, tuple("abcd"))
    assert found["diversification_ratio"]["es_99"] == pytest.approx(0.5, abs=0.01)
    shares = [found["venues"][name]["es_99"]["euler"] for name in "abcd"]
    assert max(shares) / min(shares) < 1.1


def test_no_loss_alone_has_no_ratio():
    assert contributions(np.ones((50, 2)), 100.0, ("a", "b"))["diversification_ratio"]["es_95"] is None
