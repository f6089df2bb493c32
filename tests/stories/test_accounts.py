"""Accounts that stand apart: classic sub-accounts and isolated positions (MODEL.md sections 3.3, 5, 6.3).

Prices are 100 unless a story moves them, maintenance is 1 %, initial margin 2 %; A is the venue, PERP its perpetual.
"""

import numpy as np
import pytest

from basisbt.core.books import QUEUED
from basisbt.core.rules import CLAWBACK, LIQUIDATION, TRANSFER
from basisbt.strategy import hold
from tests.support.worlds import COIN, PERP, SPOT, USDT, A, Desk, Freeze, coin_perpetual, perpetual, spot, world

SUB = 1  # the account beside the main one of venue A
ONE_VENUE = (spot(A), perpetual(A))
RALLY = [100] * 3 + [(100, 130, 100, 130)]


def classic(**changes):
    """Spot in the main account of venue A, its perpetual in a linear sub-account."""
    given = dict(legs=ONE_VENUE, accounts={PERP: SUB}, deposits={A: 2000.0}, bars=8)
    return Desk(world(**given | changes))


def isolated(**changes):
    """A unified venue whose perpetual stands on margin of its own."""
    return classic(isolated=(PERP,), **changes)


def sub(desk, asset=USDT):
    """Balance of the sub-account."""
    return float(desk.book.balance[SUB, asset])


def test_an_order_brings_the_margin_it_needs_and_the_end_of_the_position_takes_it_back():
    desk = classic()
    desk.order(PERP, -5.0)
    desk.step()
    assert (desk.wallet(A), sub(desk)) == (1990.0, 10.0)  # 500 of notional at 2 %
    desk.order(PERP, 5.0)
    desk.step()
    assert (desk.wallet(A), sub(desk)) == (2000.0, 0.0)
    assert [amount for _, amount in desk.postings(TRANSFER)] == [10.0, 10.0]


def test_a_pairs_leg_comes_with_the_equity_its_leverage_asks_for():
    def decide(seen, book, want, p):
        if book.notional[0] == 0.0:
            hold(want, 0, 900.0)

    desk = classic(decide=decide, leverage=3.0)
    for _ in range(2):
        desk.step()
        desk.machine.decide(desk.t)
    assert desk.position(SPOT) == 9.0 and desk.position(PERP) == -9.0
    assert sub(desk) == pytest.approx(300.0)  # 900 at 3x
    assert desk.wallet(A) == pytest.approx(2000.0 - 900.0 - 300.0)


@pytest.mark.parametrize("apart", [True, False])
def test_a_classic_accounts_spot_does_not_save_its_derivatives(apart):
    """9 coins in the spot account rise by 270 while the short of 9 loses 270 of its 100: unified money would carry it,
    but a classic account's money on the other side is not there for it."""
    desk = Desk(world(
        legs=ONE_VENUE, accounts={PERP: SUB} if apart else {}, deposits={A: 2000.0}, bars=8, prices={SPOT: RALLY, PERP: RALLY}
    ))  # fmt: skip
    desk.order(SPOT, 9.0)
    desk.order(PERP, -9.0)
    desk.step(2)
    if apart:
        from basisbt.core.decision import queue_move

        queue_move(A, SUB, 82.0, desk.book)  # 18 came with the order: 100 in all
    desk.step(4)
    assert (desk.position(PERP) == 0.0) is apart
    if apart:
        # 100 - 9 (L - 100) = 9 L 1 %  =>  L = 1000 / 9.09 = 110.011
        assert [price for _, outcome, _, price, *_ in desk.tickets() if outcome == "liquidation"] == [
            pytest.approx(1000.0 / 9.09)
        ]
        assert desk.position(SPOT) == 9.0 and desk.wallet(A) == pytest.approx(2000.0 - 900.0 - 100.0 + sub_left(), abs=1e-9)


def sub_left():
    """What the liquidation left and what went back: 100 less 9 times (110.011 - 100)."""
    return 100.0 - 9.0 * (1000.0 / 9.09 - 100.0)


def test_the_loss_of_an_isolated_position_stops_at_its_margin():
    """The open gaps to 130: the short of 5 has lost 150 of its 10; the rest is the fund's, the main account is whole."""
    desk = isolated(prices={PERP: [100, 100, 130]})
    desk.order(PERP, -5.0)
    desk.step(4)
    assert desk.position(PERP) == 0.0
    assert desk.wallet(A) == 1990.0 and sub(desk) == 0.0
    assert desk.fund_paid(A) == 140.0 and desk.debt(A) == 0.0  # 150 - 10
    assert desk.marked == 1990.0


def test_an_isolated_position_pays_funding_from_the_free_balance_first():
    desk = isolated(funding={PERP: {3: -0.01}})
    desk.order(PERP, -5.0)
    desk.step(5)
    assert desk.wallet(A) == pytest.approx(1990.0 - 5.0)  # 500 * 1 %
    assert sub(desk) == pytest.approx(10.0)


def test_then_from_its_margin_and_what_that_lacks_the_fund_pays():
    """Nothing free: 4 of 6 comes from the margin, and the position dies at the bar's open for want of maintenance."""
    desk = isolated(deposits={A: 10.0}, funding={PERP: {3: -0.012}})
    desk.order(PERP, -5.0)
    desk.step(3)
    assert (desk.wallet(A), sub(desk)) == (0.0, 10.0)
    desk.step()
    assert sub(desk) + desk.wallet(A) == pytest.approx(4.0) and desk.position(PERP) == 0.0  # 10 - 500 * 1.2 %


def test_a_cross_position_on_the_same_venue_is_not_touched_by_an_isolated_one():
    legs = (spot(A), perpetual(A), perpetual(A))
    desk = Desk(world(legs=legs, accounts={1: SUB}, isolated=(1,), deposits={A: 2000.0}, bars=8,
                      prices={1: [100, 100, 130], 2: [100]}))  # fmt: skip
    desk.order(1, -5.0)
    desk.order(2, -5.0)
    desk.step(4)
    assert desk.position(1) == 0.0 and desk.position(2) == -5.0
    assert desk.fund_paid(A) == 140.0


def test_moves_between_accounts_go_at_once_and_even_while_withdrawals_are_frozen():
    from basisbt.core.decision import queue_move

    desk = classic(events=(Freeze(A, 0),), transfer_fee=1.0)
    queue_move(A, SUB, 300.0, desk.book)
    desk.step()
    assert (desk.wallet(A), sub(desk)) == (1700.0, 300.0)
    queue_move(SUB, A, 301.0, desk.book)  # more than there is: refused whole
    desk.step()
    assert (desk.wallet(A), sub(desk)) == (1700.0, 300.0)
    assert desk.outcomes() == ["beyond_withdrawable"]


def test_a_fund_that_is_empty_leaves_the_rest_to_the_other_traders():
    """Loss beyond the account: 140. The fund has 100; 40 are socialised."""
    desk = isolated(prices={PERP: [100, 100, 130]}, more={"fund": np.array([100.0])})
    desk.order(PERP, -5.0)
    desk.step(4)
    assert desk.fund_paid(A) == 100.0 and desk.book.fund[A] == 0.0
    assert desk.marked == 1990.0
    paid = [amount for _, amount in desk.postings(LIQUIDATION)]
    assert sorted(paid) == [40.0, 100.0]
    from basisbt.core.rules import outside

    assert desk.book.balance[outside(CLAWBACK, desk.rules), USDT] == -40.0


def test_coins_go_to_the_inverse_account_with_the_order_and_come_back_with_its_end():
    """Classic coin margin: 10 coins bought, 1,000 USD sold at 1x: all ten become margin, and none is lost."""
    desk = Desk(world(legs=(spot(A), coin_perpetual(A)), accounts={1: SUB}, pairs=((0, 1),), leverage=1.0,
                      deposits={A: 1000.0}, bars=8, prices={0: RALLY, 1: RALLY}))  # fmt: skip
    desk.order(0, 10.0)
    desk.step()
    from basisbt.core.queue import queue_order

    queue_order(desk.book, 1, -10.0, 0.0, False, 0.0, 0, 1, 0, 0)
    desk.step()
    assert sub(desk, COIN) == pytest.approx(10.0) and desk.wallet(A, COIN) == 0.0
    desk.step(3)
    assert desk.marked == pytest.approx(1000.0) and desk.outcomes() == ["filled", "filled"]  # at 130 as at 100
    queue_order(desk.book, 1, 10.0, 0.0, False, 0.0, 0, 1, 0, 0)
    desk.order(0, -1000.0 / 130.0)
    desk.step()
    assert desk.position(1) == 0.0 and sub(desk, COIN) == 0.0
    assert desk.wallet(A) == pytest.approx(1000.0) and desk.book.count[QUEUED] == 0


def test_a_refused_order_leaves_nothing_behind_and_a_purchase_takes_no_margin():
    """10,001 of notional is beyond the cap; and 1,500 in the linear account do not pay for spot."""
    from basisbt.core.decision import queue_move

    desk = classic(cap=10_000.0)
    desk.order(PERP, -100.01)
    desk.step()
    assert desk.outcomes() == ["beyond_last_tier"] and (desk.wallet(A), sub(desk)) == (2000.0, 0.0)
    desk.order(PERP, -5.0)
    queue_move(A, SUB, 1500.0, desk.book)
    desk.step(2)
    desk.order(SPOT, 6.0)
    desk.step()
    assert desk.outcomes()[1:] == ["filled", "not_enough_cash"] and sub(desk) == 1510.0
