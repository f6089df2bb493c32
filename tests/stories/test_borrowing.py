"""Borrowed spot: selling a coin that is not there, what that costs, and how it ends (MODEL.md sections 3.3, 5).

Rates in the stories are large so that the arithmetic shows. Interest: whole periods by the clock.
"""

import numpy as np
import pytest

from basisbt.core.rules import BORROW, DIRECTIONAL, LOAN, loan
from tests.support.worlds import COIN, HOUR, PERP, SPOT, A, Desk, perpetual, spot, world

ONE_VENUE = (spot(A), perpetual(A))


def lender(rate=0.0, opening=0.0, every=HOUR, margin=(0.5, 0.1), **changes):
    """One venue that lends coins at `rate` a period; margin: (initial, maintenance) on what is borrowed."""
    assets = 3
    interest = np.zeros((1, assets))
    interest[0, COIN] = rate
    more = dict(interest=interest, interest_opening=np.array([opening]), interest_period=np.array([every]),
                charges_interest=rate > 0.0)  # fmt: skip
    given = dict(legs=ONE_VENUE, lends={A: margin}, deposits={A: 1000.0}, bars=24, more=more)
    return Desk(world(**given | changes))


def owed(desk):
    """Coins owed."""
    return -float(desk.book.balance[loan(A, desk.rules), COIN])


def test_a_sale_of_what_is_not_there_borrows_it_and_buying_it_back_ends_the_loan():
    desk = lender()
    desk.order(SPOT, -5.0)
    desk.step()
    assert (desk.wallet(A), desk.wallet(A, COIN), owed(desk)) == (1500.0, 0.0, 5.0)
    assert desk.marked == 1000.0
    desk.order(SPOT, 5.0)
    desk.step()
    assert (desk.wallet(A), desk.wallet(A, COIN), owed(desk)) == (1000.0, 0.0, 0.0)
    assert [amount for _, amount in desk.postings(LOAN)] == [5.0, 5.0]


def test_a_short_coin_earns_what_its_price_loses():
    desk = lender(prices={SPOT: [100, 100, (100, 100, 80, 80)]})
    desk.order(SPOT, -5.0)
    desk.step(4)
    assert desk.marked == 1100.0  # 5 * 20
    assert desk.line(DIRECTIONAL) == pytest.approx(100.0)


def test_without_a_lender_the_sale_is_refused():
    desk = Desk(world(legs=ONE_VENUE))
    desk.order(SPOT, -5.0)
    desk.step()
    assert desk.outcomes() == ["not_enough_coin"]


def test_what_is_borrowed_needs_margin():
    """Initial margin 50 %: with 1,000 no more than 2,000 can be borrowed; proceeds of the sale are no margin."""
    desk = lender()
    desk.order(SPOT, -20.1)
    desk.order(SPOT, -20.0)
    desk.step()
    assert desk.outcomes() == ["not_enough_margin", "filled"]
    assert desk.book.free[A] == pytest.approx(0.0)


def test_interest_is_charged_for_every_period_that_began():
    """Borrowed at 00:00, bought back at 05:00: five hours of 5 * 100 * 1 % = 5 each. Nothing for the hour after."""
    desk = lender(rate=0.01)
    desk.order(SPOT, -5.0)
    desk.step(5)
    desk.order(SPOT, 5.0)
    desk.step(5)
    assert desk.postings(BORROW) == [(1.0, -5.0), (2.0, -5.0), (3.0, -5.0), (4.0, -5.0), (5.0, -5.0)]
    assert desk.marked == pytest.approx(975.0) and owed(desk) == 0.0


def test_an_opening_fee_and_a_rollover_every_four_hours():
    """Kraken's way: a period at the opening, another at 04:00; bought back at 06:00, the one that has begun counts."""
    desk = lender(rate=0.01, opening=1.0, every=4 * HOUR)
    desk.order(SPOT, -5.0)
    desk.step(6)
    desk.order(SPOT, 5.0)
    desk.step()
    assert desk.postings(BORROW) == [(0.0, -5.0), (4.0, -5.0), (6.0, -5.0)]  # 1 + ceil(6 / 4) = 3


def test_bars_longer_than_a_period_are_charged_all_their_periods():
    desk = lender(rate=0.01, seconds=8 * HOUR)
    desk.order(SPOT, -5.0)
    desk.step(2)
    assert desk.postings(BORROW) == [(8.0, -40.0)]


def test_a_rally_liquidates_a_borrowed_short_at_the_price_that_arithmetic_gives():
    """1,000 + 5 * 100 of proceeds * ... : 1500 - 5 L = 5 L 10 %  =>  L = 1500 / 5.5 = 272.73."""
    desk = lender(prices={SPOT: [100, 100, (100, 300, 100, 300)]})
    desk.order(SPOT, -5.0)
    desk.step(4)
    assert owed(desk) == 0.0 and desk.position(SPOT) == 0.0
    assert [price for _, outcome, _, price, *_ in desk.tickets() if outcome == "liquidation"] == [
        pytest.approx(1500.0 / 5.5)
    ]
    assert desk.marked == pytest.approx(1500.0 - 5.0 * 1500.0 / 5.5)


def test_reverse_carry_has_no_direction():
    """Long 5 perpetuals, short 5 borrowed coins: a move of the price by 60 % does nothing, negative funding is income."""
    rally = [100, 100, (100, 160, 100, 160)]
    desk = lender(prices={SPOT: rally, PERP: rally}, funding={PERP: {8: -0.001}})
    desk.order(PERP, 5.0)
    desk.order(SPOT, -5.0)
    desk.step(10)
    assert desk.line(DIRECTIONAL) == pytest.approx(0.0, abs=1e-9)
    assert desk.marked == pytest.approx(1000.0 + 5.0 * 160.0 * 0.001)


def test_a_default_nets_the_loan_against_the_money():
    from tests.support.worlds import Failure

    desk = lender(events=(Failure(A, 4, 0.5, 8),), prices={SPOT: [100, 100, 120]})
    desk.order(SPOT, -5.0)
    desk.step(12)
    # 1,500 less 5 coins at 120 = 900, of which half is paid
    assert desk.marked == pytest.approx(450.0) and owed(desk) == 0.0
    assert (desk.book.open_positions == 0).all()
