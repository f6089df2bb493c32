"""Impact and thin bars: what a large order costs, and how it is spread over bars (MODEL.md section 4.5).

A bar's volume is 1,000 base units unless a story says otherwise, an hour long: 24,000 a day.
"""

import math

import numpy as np
import pytest

from basisbt.core.rules import IMPACT
from tests.support.worlds import PERP, SPOT, A, B, Desk, world

WIDE = [(100, 101, 100, 100)] * 24


def desk_with(bars=24, **more):
    """Two venues with plenty of money; every bar reaches from 100 to 101."""
    return Desk(world(bars=bars, prices={SPOT: WIDE, PERP: WIDE}, deposits={A: 1e6, B: 1e6}, more=more))


def test_impact_follows_the_square_root_of_the_share_of_a_days_volume():
    """Parkinson: variance of a bar = ln(1.01)^2 / (4 ln 2), of a day 24 times that; 240 units are 1 % of a day:
    sigma * sqrt(0.01) of 24,000 of notional."""
    desk = desk_with(impact=np.array([0.0, 1.0]), impact_bars=np.array([1, 10])).step(12)
    desk.order(PERP, -240.0)
    desk.step()
    sigma = math.sqrt(24 * math.log(1.01) ** 2 / (4 * math.log(2.0)))
    assert desk.postings(IMPACT) == [(12.0, pytest.approx(-24_000.0 * sigma * 0.1))]
    assert desk.line(IMPACT, PERP) == pytest.approx(-24_000.0 * sigma * 0.1)


def test_another_exponent():
    desk = desk_with(impact=np.array([0.0, 2.0]), impact_power=np.array([0.5, 0.6]), impact_bars=np.array([1, 4])).step(6)
    desk.order(PERP, 240.0)
    desk.step()
    sigma = math.sqrt(24 * math.log(1.01) ** 2 / (4 * math.log(2.0)))
    assert desk.line(IMPACT, PERP) == pytest.approx(-24_000.0 * 2.0 * sigma * 0.01**0.6)


def test_only_closed_bars_count():
    """The order's own bar is twice as wide: nobody knows that at its open."""
    first = desk_with(impact=np.array([0.0, 1.0]), impact_bars=np.array([1, 4])).step(6)
    wide = [*WIDE[:6], (100, 110, 90, 100)]
    other = Desk(world(bars=24, prices={SPOT: WIDE, PERP: wide}, deposits={A: 1e6, B: 1e6},
                       more=dict(impact=np.array([0.0, 1.0]), impact_bars=np.array([1, 4])))).step(6)  # fmt: skip
    for desk in (first, other):
        desk.order(PERP, 240.0)
        desk.step()
    assert first.line(IMPACT, PERP) == other.line(IMPACT, PERP)


def test_an_order_larger_than_its_share_of_the_bar_is_spread_over_bars():
    desk = desk_with(volume_share=np.array([np.inf, 0.1]))  # 100 units a bar
    desk.order(PERP, -250.0)
    desk.step()
    assert desk.position(PERP) == -100.0
    desk.step()
    assert desk.position(PERP) == -200.0
    desk.step(3)
    assert desk.position(PERP) == -250.0
    assert [quantity for _, _, quantity, *_ in desk.tickets()] == [-100.0, -100.0, -50.0]


def test_a_pair_that_is_still_being_filled_is_not_uneven_and_a_new_wish_replaces_the_rest():
    from basisbt.strategy import hold

    wish = {0: 30_000.0, 2: 10_000.0}  # after bar 2 less is wanted: what is left of the first order goes

    def decide(seen, book, want, p):
        if seen.now in wish:
            hold(want, 0, wish[seen.now])

    desk = Desk(world(bars=8, deposits={A: 1e6, B: 1e6}, decide=decide,
                      more={"volume_share": np.array([np.inf, 0.1])}))  # fmt: skip
    seen = []
    for _ in range(6):
        desk.step()
        desk.machine.decide(desk.t)
        seen.append((desk.position(SPOT), desk.position(PERP), int(desk.book.uneven[0])))
    assert seen == [(0, 0, 0), (300, -100, 0), (300, -200, 0), (100, -100, 0), (100, -100, 0), (100, -100, 0)]


def test_a_rest_does_not_outlive_the_account():
    """Short 100 of 1,000 wanted at 2 % margin; the next bar kills the account, and the rest is not sold after it."""
    desk = Desk(world(bars=8, deposits={A: 1000.0, B: 250.0}, prices={PERP: [100, (100, 130, 100, 130)]},
                      more={"volume_share": np.array([np.inf, 0.1])}))  # fmt: skip
    desk.order(PERP, -120.0)
    desk.step(4)
    assert desk.outcomes()[:2] == ["filled", "filled"] and "liquidation" in desk.outcomes()
    assert desk.position(PERP) == 0.0 and desk.outcomes()[-1] == "liquidation"
