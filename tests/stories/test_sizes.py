"""Sizes: whole lots, least orders, both legs together, and what a limit refuses (MODEL.md sections 4.3, 4.4)."""

import numpy as np
import pytest

from basisbt.core.rules import FEE
from basisbt.strategy import hold
from tests.support.worlds import COIN, PERP, SPOT, A, B, Desk, perpetual, spot, world


def two(lots=(0.0, 0.0), minimum=(0.0, 0.0), unit=0.0, target=900.0, **changes):
    """Spot on A, perpetual on B, a strategy that wants `target` USD once."""

    def decide(seen, book, want, p):
        if book.held[0, 0] == 0.0 and book.held[0, 1] == 0.0:
            hold(want, 0, target)

    more = dict(lot=np.array(lots), minimum=np.array(minimum), unit=np.array([unit])) | changes.pop("more", {})
    desk = Desk(world(decide=decide, more=more, bars=6, **changes))
    for _ in range(3):
        desk.step()
        desk.machine.decide(desk.t)
    return desk


def test_a_pair_is_a_whole_number_of_both_lots():
    desk = two(lots=(0.3, 0.2), unit=0.6)  # 9 wanted; 15 * 0.6 = 9
    assert (desk.position(SPOT), desk.position(PERP)) == (pytest.approx(9.0), pytest.approx(-9.0))
    desk = two(lots=(0.3, 0.2), unit=0.6, target=895.0)  # 8.95: 14 * 0.6 = 8.4
    assert (desk.position(SPOT), desk.position(PERP)) == (pytest.approx(8.4), pytest.approx(-8.4))


def test_an_order_is_cut_down_to_whole_lots_and_less_than_one_is_refused():
    desk = Desk(world(more={"lot": np.array([0.0, 2.0])}))
    desk.order(PERP, -5.0)
    desk.order(PERP, -1.9)
    desk.step()
    assert desk.position(PERP) == -4.0
    assert desk.outcomes() == ["filled", "below_one_lot"]


def test_what_closes_a_position_to_the_last_unit_is_never_rounded():
    desk = Desk(world(more={"lot": np.array([2.0, 0.0])}, deposits={A: 1000.0, B: 1000.0}, fee=0.001))
    desk.order(SPOT, 4.0)
    desk.step()
    desk.order(SPOT, -4.0)
    desk.step()
    assert desk.position(SPOT) == 0.0


def test_an_order_below_the_least_notional_is_refused_unless_it_reduces():
    desk = Desk(world(more={"minimum": np.array([0.0, 200.0])}))
    desk.order(PERP, -1.9)
    desk.order(PERP, -3.0)
    desk.step()
    desk.order(PERP, 1.0)
    desk.step()
    assert desk.outcomes() == ["below_minimum_notional", "filled", "filled"]
    assert desk.position(PERP) == -2.0


def test_a_pair_of_which_one_leg_would_be_too_small_gets_no_order():
    desk = two(minimum=(5.0, 1000.0))
    assert desk.tickets() == [] and desk.position(SPOT) == 0.0


def test_a_pair_is_as_large_as_both_legs_can_pay_for():
    """A has 1,000 and pays 1 % on top: 990.099; B needs 2 % + 1 % of a notional that 1,000 would carry 33,333 of."""
    desk = two(target=2000.0, fee=0.01)
    assert desk.position(SPOT) == pytest.approx(1000.0 / 101.0, rel=1e-9)
    assert desk.position(PERP) == pytest.approx(-1000.0 / 101.0, rel=1e-9)
    assert desk.outcomes() == ["filled", "filled"]


def test_on_one_venue_both_legs_share_the_money():
    """1,000 on A: 100 u + 100 u 2 % = 1,000  =>  u = 9.8039."""
    desk = two(target=2000.0, legs=(spot(A), perpetual(A)), deposits={A: 1000.0})
    assert desk.position(SPOT) == pytest.approx(1000.0 / 102.0, rel=1e-9)


def test_where_the_coin_pays_the_fee_the_hedge_is_what_was_received():
    """9 coins bought, 1 % kept by the venue: 8.91 arrive, 8.91 are sold short; the fee is worth 9 USD."""
    desk = two(fee=0.01, more={"fee_in_base": np.array([True, False])})
    assert desk.wallet(A, COIN) == pytest.approx(8.91) and desk.position(PERP) == pytest.approx(-8.91)
    assert desk.line(FEE, SPOT) == pytest.approx(-9.0)
    assert desk.book.uneven[0] == 0
    assert desk.machine.attribution(desk.t).sum() == pytest.approx(desk.marked - 2000.0, abs=1e-9)


def test_an_order_beyond_the_leverage_limit_is_refused():
    desk = Desk(world(more={"most_leverage": 2.0}))  # equity 2,000
    desk.step()
    desk.order(PERP, -41.0)
    desk.order(PERP, -40.0)
    desk.step()
    assert desk.outcomes() == ["leverage_limit", "filled"]


def test_a_transfer_beyond_the_custody_limit_is_refused():
    desk = Desk(world(more={"most_custody": 0.6}))  # 1,000 each: B may hold 1,200
    desk.step()
    desk.withdraw(A, B, 150.0)
    desk.withdraw(A, B, 100.0)  # 150 are under way already
    desk.step()
    assert desk.outcomes() == ["custody_limit"]
    assert desk.in_transit(A) == 150.0
