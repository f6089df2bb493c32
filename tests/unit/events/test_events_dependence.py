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
    return incidents(model, rates or (1.0,) * len(names), [("freeze", n) for n in names], path, Chance(3), horizon)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.model)
def test_incidents_are_ordered_within_the_horizon_and_repeatable(model):
    for path in range(20):
        found = drawn(model, path=path)
        assert found == drawn(model, path=path)
        for mine in found:
            assert mine == sorted(mine) and all(0.0 <= t < 5.0 for t in mine)


@pytest.mark.parametrize("model", MODELS[:4], ids=lambda m: m.model)
def test_another_venue_of_whatever_rate_leaves_the_draws_alone(model):
    for path in range(10):
        okx, bybit = drawn(model, path=path)
        three = drawn(model, ("bybit", "kraken", "okx"), (1.0, 7.0, 1.0), path=path)
        assert (three[2], three[0]) == (okx, bybit)


@pytest.mark.parametrize("model", MODELS[:4], ids=lambda m: m.model)
def test_another_kind_leaves_the_draws_alone(model):
    subjects = [("freeze", "okx"), ("default", "okx"), ("freeze", "bybit"), ("default", "bybit")]
    for path in range(10):
        four = incidents(model, (1.0, 3.0, 1.0, 0.5), subjects, path, Chance(3), 5.0)
        assert four[::2] == drawn(model, path=path)


def test_under_hawkes_what_nobody_set_off_is_the_same_beside_another_venue():
    model, shared = Dependence("hawkes", branching=0.4), 0
    for path in range(200):
        alone, beside = drawn(model, ("okx",), path=path)[0], drawn(model, ("okx", "bybit", "kraken"), path=path)[0]
        shared += len(set(alone) & set(beside))
    # 200 paths x 5 years x 1 a year: 600 by themselves, and of the 400 these set off a third strikes here in both
    assert shared == pytest.approx(600 + 400 / 3, abs=4 * 35)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.model)
def test_a_venue_without_a_rate_has_no_incident(model):
    assert all(drawn(model, rates=(0.0, 2.0), path=k)[0] == [] for k in range(20))
    assert drawn(model, rates=(0.0, 0.0)) == [[], []]


def test_a_common_shock_of_all_is_one_instant_for_all():
    okx, bybit = drawn(Dependence("common_shock", correlation=1.0))
    assert okx == bybit and okx


def test_branching_zero_leaves_independent_incidents():
    okx, bybit = (np.array(mine) for mine in drawn(Dependence("hawkes", branching=0.0)))
    assert okx.size and np.intersect1d(okx, bybit).size == 0
