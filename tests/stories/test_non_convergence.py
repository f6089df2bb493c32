"""The derivative does not come back to the index: a +300 bp gap on the short leg, decaying with three days' half-life.

Funding stays as recorded. Daily bars, flat prices of 100, a short of 10 opened on the day before: N = 1,000.
The long spot does not move, so all of it is the short's, and all of it is basis.
"""

import numpy as np
import pytest

from basisbt.core.rules import BASIS, DIRECTIONAL, FUNDING
from tests.support.worlds import DAY, PERP, SPOT, A, B, Desk, world

ONSET, HALF_LIFE = 2, 3  # days


def gap_of(size, days):
    """Gap at each day's open."""
    age = np.arange(days) - ONSET
    return np.where(age >= 0, size * np.exp2(-np.maximum(age, 0) / HALF_LIFE), 0.0)


def short_through(size, days, leave=None, cash=1000.0, **more):
    """Open both legs on day 0; leave at the open of day `leave`."""
    w = world(bars=days, seconds=DAY, gap={PERP: gap_of(size, days)}, deposits={A: 1000.0, B: cash}, **more)
    desk = Desk(w)
    desk.order(SPOT, 10.0)
    desk.order(PERP, -10.0)
    for t in range(days):
        if t == leave:
            desk.order(PERP, 10.0)
        desk.step()
    return desk


def test_closed_at_its_widest_it_costs_three_percent_of_the_notional():
    desk = short_through(0.03, 6, leave=ONSET)
    assert desk.marked - desk.world.capital == pytest.approx(-30.0)  # 0.03 * 1,000
    assert desk.line(BASIS, PERP) == pytest.approx(-30.0)
    assert desk.line(DIRECTIONAL) == 0.0


@pytest.mark.parametrize(("leave", "cost"), [(ONSET + 3, 15.0), (ONSET + 6, 7.5)])
def test_closed_after_one_or_two_half_lives_it_costs_a_half_or_a_quarter(leave, cost):
    desk = short_through(0.03, 10, leave=leave)
    assert desk.marked - desk.world.capital == pytest.approx(-cost)


def test_held_until_it_has_decayed_it_costs_nothing():
    desk = short_through(0.03, 93, leave=92)
    assert desk.marked - desk.world.capital == pytest.approx(0.0, abs=30.0 * 2.0**-29)  # thirty half-lives
    assert min(desk.book.equity[:, 0]) == pytest.approx(2000.0 - 30.0)  # on the way it was marked


def test_recorded_funding_is_paid_on_the_mark_with_the_gap_in_it():
    desk = short_through(0.03, 6, funding={PERP: {24: 0.0001, 48: 0.0001}})
    # Day 1: 10 * 100 * 1 bp. Day 2 at 00:00 the mark is 103.
    assert desk.postings(FUNDING) == [(24.0, pytest.approx(0.1)), (48.0, pytest.approx(0.103))]


def test_the_index_and_the_spot_leg_do_not_follow():
    desk = short_through(0.03, 4)
    assert desk.machine.tape.past_index[ONSET, 0] == 100.0
    assert desk.machine.tape.past[ONSET, 0, SPOT] == 100.0
    assert desk.machine.tape.past[ONSET, 0, PERP] == pytest.approx(103.0)


@pytest.mark.parametrize(("size", "dies"), [(0.315, False), (0.325, True)])
def test_a_gap_that_is_large_enough_liquidates(size, dies):
    # At 3x, 1,000 / 3 of margin: L = (333.33 + 1,000) / (10 * 1.01) = 132.01, a gap of 32.01 %.
    desk = short_through(size, 6, cash=1000.0 / 3)
    assert ("liquidation" in desk.outcomes()) is dies
    if dies:
        assert desk.tickets()[-1][3] == pytest.approx(132.5)  # already beyond at the open
        assert desk.position(SPOT) == 10.0
