"""How an account dies: at what price, what is left, what its resting orders do (MODEL.md section 6).

The liquidation price is solved by hand from equity(L) = maintenance(L):
L = (wallet + cum - s q entry) / (q mmr - s q), facts/mechanics.md section 2.3, with s = +1 long, -1 short.
"""

import pytest

from basisbt.core.rules import BASIS, DIRECTIONAL, LIQUIDATION
from tests.support.worlds import PERP, SPOT, USDT, A, B, Desk, perpetual, spot, world


def account(bars, quantity, cash, **more):
    """A perpetual opened at 100 in the first bar; the given bars follow."""
    desk = Desk(world(bars=1 + len(bars), prices={PERP: [100, *bars]}, deposits={A: 0.0, B: cash}, **more))
    desk.order(PERP, quantity)
    return desk.step()


def liquidation_of(desk):
    """The one liquidation ticket."""
    (found,) = [ticket for ticket in desk.tickets() if ticket[1] == "liquidation"]
    return found


TWO_TIERS = ((0.0, 0.01, 0.02), (1100.0, 0.05, 0.10))  # cum of the second: 1,100 * 4 % = 44
LOW_TIERS = ((0.0, 0.01, 0.02), (900.0, 0.05, 0.10))  # 900 * 4 % = 36


@pytest.mark.parametrize(
    ("quantity", "cash", "tiers", "bar", "price"),
    [
        # short of 10: (200 + 10 * 100) / (10 * 1 % + 10)
        (-10.0, 200.0, TWO_TIERS[:1], (100, 130, 99, 100), 1200 / 10.1),
        # long of 10: (200 - 10 * 100) / (10 * 1 % - 10)
        (10.0, 200.0, TWO_TIERS[:1], (100, 101, 70, 100), 800 / 9.9),
        # the short's notional at 118.5 is in the second tier: (200 + 44 + 1000) / (10 * 5 % + 10)
        (-10.0, 200.0, TWO_TIERS, (100, 130, 99, 100), 1244 / 10.5),
        # the long opens in the second tier and dies in it at 90.95: (100 + 36 - 1000) / (10 * 5 % - 10)
        (10.0, 100.0, LOW_TIERS, (100, 101, 70, 100), 864 / 9.5),
        # with 150 it dies in the first, at 85.86: (150 - 1000) / (10 * 1 % - 10)
        (10.0, 150.0, LOW_TIERS, (100, 101, 70, 100), 850 / 9.9),
    ],
)
def test_the_price_at_which_an_account_is_closed(quantity, cash, tiers, bar, price):
    desk = account([bar], quantity, cash, tiers=tiers).step()
    assert liquidation_of(desk)[3] == pytest.approx(price, rel=1e-12)
    assert desk.position(PERP) == 0.0
    # What was lost is quantity * (price - 100); the residual stays, and nobody's fund pays.
    assert desk.wallet(B) == pytest.approx(cash + quantity * (price - 100), rel=1e-12)
    assert desk.fund_paid(B) == 0.0


def test_a_bar_that_stops_short_of_the_price_does_nothing():
    desk = account([(100, 118.8, 99, 100)], -10.0, 200.0).step()  # 1200 / 10.1 = 118.8119
    assert desk.outcomes() == ["filled"]


def test_an_account_that_opens_beyond_its_price_is_closed_at_the_open_and_the_fund_pays_the_hole():
    desk = account([(125, 130, 124, 126)], -10.0, 200.0).step()
    assert liquidation_of(desk)[3] == 125.0
    assert desk.wallet(B) == 0.0  # 200 - 10 * 25 = -50
    assert desk.fund_paid(B) == 50.0
    assert desk.postings(LIQUIDATION) == [(2.0, 50.0)]
    assert desk.line(LIQUIDATION) == 50.0
    assert desk.marked == 0.0 == desk.world.capital + desk.line(DIRECTIONAL) + desk.line(BASIS) + 50.0


def test_the_fee_is_a_fraction_of_the_liquidated_notional_and_comes_out_of_the_residual():
    desk = account([(100, 130, 99, 100)], -10.0, 200.0, liquidation_fee=0.005).step()
    price = 1200 / 10.1
    fee = 0.005 * 10 * price
    assert liquidation_of(desk)[4] == pytest.approx(fee, rel=1e-12)
    assert desk.wallet(B) == pytest.approx(0.01 * 10 * price - fee, rel=1e-9)  # maintenance 11.88 less 5.94
    assert desk.line(LIQUIDATION) == pytest.approx(-fee, rel=1e-12)


def test_a_fee_greater_than_the_residual_is_paid_by_the_fund():
    desk = account([(100, 130, 99, 100)], -10.0, 200.0, liquidation_fee=0.02).step()
    price = 1200 / 10.1
    assert desk.wallet(B) == 0.0
    assert desk.fund_paid(B) == pytest.approx(0.01 * 10 * price, rel=1e-9)  # 2 % fee on a residual of 1 %
    assert desk.line(LIQUIDATION) == pytest.approx(-0.01 * 10 * price, rel=1e-9)


def test_the_liquidation_leaves_the_spot_leg_on_the_other_venue_standing_and_naked():
    desk = Desk(world(bars=4, prices={i: [100, (100, 130, 99, 120)] for i in (SPOT, PERP)}, deposits={A: 1000, B: 200}))
    desk.machine.want.asked[0] = 0
    desk.order(SPOT, 10.0)
    desk.order(PERP, -10.0)
    desk.step(2)
    assert (desk.position(SPOT), desk.position(PERP)) == (10.0, 0.0)
    assert list(desk.book.held[0]) == [10.0, 0.0]
    desk.step(2)
    assert desk.book.uneven[0] == 3  # closes in a row at which the legs did not match


def test_a_spot_coin_is_no_collateral_in_the_same_wallet():
    legs = (spot(A), perpetual(A))
    bars = [100, (100, 130, 99, 130)]
    desk = Desk(world(legs=legs, bars=2, prices={0: bars, 1: bars}, deposits={A: 1200.0}))
    desk.order(0, 10.0)
    desk.order(1, -10.0)
    desk.step(2)
    assert liquidation_of(desk)[3] == pytest.approx(1200 / 10.1)  # of 1,200 dollars 200 are left as margin


# -- resting orders --------------------------------------------------------------------------------------------


def test_a_stop_between_the_open_and_the_liquidation_price_saves_the_account():
    desk = account([(100, 130, 95, 100)], -10.0, 200.0)
    desk.order(PERP, 10.0, price=110.0, inside=True)
    desk.step()
    assert desk.outcomes() == ["filled", "filled"]
    assert desk.wallet(B) == pytest.approx(100.0)  # 200 - 10 * 10


def test_a_stop_beyond_the_liquidation_price_is_cancelled_with_the_account():
    desk = account([(100, 130, 95, 100)], -10.0, 200.0)
    desk.order(PERP, 10.0, price=125.0, inside=True)
    desk.step()
    assert desk.outcomes() == ["filled", "liquidation", "cancelled"]
    assert desk.position(PERP) == 0.0


def test_an_order_on_the_favourable_side_fills_after_the_liquidation():
    desk = account([(100, 130, 95, 100)], -10.0, 200.0)
    desk.order(PERP, 2.0, price=96.0, inside=True)  # 192 at 2 % needs 3.84 of the 11.88 that are left
    desk.step()
    assert desk.outcomes() == ["filled", "liquidation", "filled"]
    assert desk.position(PERP) == 2.0


def test_a_stop_that_only_halves_the_position_moves_the_liquidation_price_away():
    desk = account([(100, 130, 95, 100)], -10.0, 200.0)
    desk.order(PERP, 5.0, price=110.0, inside=True)
    desk.step()
    # 50 are realised, 5 are left: (150 + 5 * 100) / (5 * 1.01) = 128.71, still below the high.
    assert desk.outcomes() == ["filled", "filled", "liquidation"]
    assert liquidation_of(desk)[3] == pytest.approx(650 / 5.05)


# -- two bases in one account ----------------------------------------------------------------------------------


def test_a_second_base_counts_at_its_close_and_is_closed_with_the_first():
    legs = (perpetual(A, 0), perpetual(A, 1))
    prices = {0: [100, (100, 130, 100, 100)], 1: [100, (100, 100, 90, 95)]}
    desk = Desk(world(legs=legs, bars=2, prices=prices, deposits={A: 300.0}))
    desk.order(0, -10.0)
    desk.order(1, 10.0)
    desk.step(2)
    # The long of the second base at its close: -50, maintenance 950 * 1 % = 9.5.
    # 300 - 10 (L - 100) - 50 = 10 L 1 % + 9.5  =>  L = 1240.5 / 10.1 = 122.82
    first, second = [ticket for ticket in desk.tickets() if ticket[1] == "liquidation"]
    assert first[3] == pytest.approx(1240.5 / 10.1, rel=1e-12)
    assert second[3] == 95.0
    assert desk.wallet(A, USDT) == pytest.approx(300 - 10 * (1240.5 / 10.1 - 100) - 50)
