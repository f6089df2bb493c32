"""Chance and the plain numbers it is asked about: re-keying, lognormals, recoveries, what makes no sense."""

import math

import numpy as np
import pytest

from basisbt.events.chance import Chance, mark_of
from basisbt.events.chances import (
    Chances, DefaultChance, Dependence, FreezeChance, Lognormal, Recovery,
)  # fmt: skip

DAYS = 86400.0


def test_a_draw_is_that_of_a_new_philox_with_this_key_and_counter():
    fresh = np.random.Generator(
        np.random.Philox(key=np.array([7, 3], np.uint64), counter=np.array([0, 0, 0, mark_of("market")], np.uint64))
    )
    assert Chance(7).at(3, "market").random(5).tolist() == fresh.random(5).tolist()


def test_the_numbers_do_not_depend_on_what_was_drawn_before():
    once = Chance(7).at(3, "incident:okx").random(4).tolist()
    chance = Chance(7)
    chance.at(9, "incident:okx").random(3)  # leaves numbers in the buffer
    chance.at(3, "market").integers(5, size=1, dtype=np.uint32)  # leaves half a number
    assert chance.at(3, "incident:okx").random(4).tolist() == once
    assert chance.at(3, "incident:okx").integers(1000, size=3, dtype=np.uint32).tolist() == (
        Chance(7).at(3, "incident:okx").integers(1000, size=3, dtype=np.uint32).tolist()
    )


def test_seed_path_and_purpose_each_make_other_numbers():
    drawn = {Chance(s).at(k, p).random() for s in (1, 2) for k in (0, 1) for p in ("incident:okx", "freeze:okx")}
    assert len(drawn) == 8


def test_a_lognormal_is_told_by_its_median_and_95th_percentile():
    length = Lognormal(2.0, 2.0 * math.exp(1.6448536269514722))  # so that sigma is 1
    assert length.sigma == pytest.approx(1.0)
    assert length.of(0.0) == 2.0
    assert length.of(1.6448536269514722) == pytest.approx(length.p95)
    with pytest.raises(ValueError, match="median"):
        Lognormal(2.0, 1.0)


def test_a_recovery_body_makes_up_for_the_masses():
    # body 0.7; mean (0.6 - 0.2) / 0.7 = 0.571429; second moment (0.1225 + 0.36 - 0.2) / 0.7 = 0.403571
    # variance 0.403571 - 0.326531 = 0.077041; 0.571429 x 0.428571 / 0.077041 - 1 = 2.178808
    # a = 0.571429 x 2.178808 = 1.245033, b = 0.428571 x 2.178808 = 0.933775
    a, b = Recovery(0.6, 0.35, whole=0.2, nothing=0.1).body()
    assert (a, b) == (pytest.approx(1.245033, abs=1e-6), pytest.approx(0.933775, abs=1e-6))


def test_two_masses_alone_have_one_mean_and_sd():
    assert Recovery(0.7, math.sqrt(0.21), whole=0.7, nothing=0.3).body() is None


@pytest.mark.parametrize(
    "asked", [(0.1, 0.3, 0.2, 0.0), (0.5, 0.6, 0.0, 0.0), (0.7, 0.1, 0.7, 0.3), (0.7, math.sqrt(0.35), 0.7, 0.5)]
)
def test_an_impossible_recovery_is_refused(asked):
    with pytest.raises(ValueError):
        Recovery(*asked)


@pytest.mark.parametrize(
    "asked", [{"model": "clayton"}, {"correlation": 1.5}, {"branching": 1.0}, {"branching": -0.1}, {"half_life": 0.0}]
)
def test_an_impossible_dependence_is_refused(asked):
    with pytest.raises(ValueError, match="expected"):
        Dependence(**asked)


def test_sudden_defaults_are_what_freezes_leave():
    freeze = FreezeChance((0.4,), Lognormal(DAYS, 2 * DAYS), Lognormal(DAYS, 2 * DAYS), ends_in_default=0.1)
    recovery, delay = Recovery(0.6, 0.35), Lognormal(DAYS, 2 * DAYS)
    enough = Chances(("okx",), (), freeze, DefaultChance((0.05,), recovery, delay))
    assert enough.sudden_rate(0) == pytest.approx(0.05 - 0.4 * 0.1)
    with pytest.raises(ValueError, match="okx: freezes end in 4.00% defaults a year, venue_default says 3.00%"):
        Chances(("okx",), (), freeze, DefaultChance((0.03,), recovery, delay)).sudden_rate(0)
