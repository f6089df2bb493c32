"""Incidents of several venues: names decide the draws, and each model does to them what it says."""

import numpy as np
import pytest

from basisbt.events.chance import Chance
from basisbt.events.chances import Dependence
from basisbt.events.dependence import incidents

MODELS = [
    Dependence(), Dependence("gaussian_copula", correlation=0.4), Dependence("t_copula", correlation=0.4),
    Dependence("common_shock", correlation=0.3), Dependence("hawkes", branching=0.4),
]  # fmt: skip


def drawn(model, names=("okx", "bybit"), rates=None, path=1, horizon=5.0):
    return incidents(model, rates or (1.0,) * len(names), names, path, Chance(3), horizon)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.model)
def test_incidents_are_ordered_within_the_horizon_and_repeatable(model):
    for path in range(20):
        found = drawn(model, path=path)
        assert found == drawn(model, path=path)
        for mine in found:
            times = [t for t, _ in mine]
            assert times == sorted(times) and all(0.0 <= t < 5.0 for t in times)
            assert all(0.0 <= what < 1.0 for _, what in mine)


@pytest.mark.parametrize("model", MODELS[:4], ids=lambda m: m.model)
def test_another_venue_of_the_same_rate_leaves_the_draws_alone(model):
    for path in range(10):
        okx, bybit = drawn(model, path=path)
        three = drawn(model, ("bybit", "kraken", "okx"), path=path)
        assert (three[2], three[0]) == (okx, bybit)


def test_under_hawkes_what_nobody_set_off_is_the_same_beside_another_venue():
    model, shared = Dependence("hawkes", branching=0.4), 0
    for path in range(200):
        alone, beside = drawn(model, path=path)[0], drawn(model, ("okx", "bybit", "kraken"), path=path)[0]
        shared += len({t for t, _ in alone} & {t for t, _ in beside})
    # 0.6 of one incident a year comes by itself: 200 paths x 5 years x 0.6 = 600, sd 24.5
    assert shared == pytest.approx(600, abs=4 * 24.5)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.model)
def test_a_venue_without_a_rate_has_no_incident(model):
    assert all(drawn(model, rates=(0.0, 2.0), path=k)[0] == [] for k in range(20))
    assert drawn(model, rates=(0.0, 0.0)) == [[], []]


def test_a_common_shock_of_all_is_one_instant_for_all():
    okx, bybit = drawn(Dependence("common_shock", correlation=1.0))
    assert [t for t, _ in okx] == [t for t, _ in bybit] and okx


def test_branching_zero_leaves_independent_incidents():
    okx, bybit = (np.array([t for t, _ in mine]) for mine in drawn(Dependence("hawkes", branching=0.0)))
    assert okx.size and np.intersect1d(okx, bybit).size == 0
