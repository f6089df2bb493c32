"""What happens first when several things fall on one instant (MODEL.md section 2): one story each.

Numbers are worked out by hand beside each assertion; prices are 100 unless a story moves them.
"""

import numpy as np
import pytest

from basisbt.core.books import QUEUED
from basisbt.core.margin import maintenance_margin, tier_of
from basisbt.core.rules import FEE, FUNDING, TRANSFER_FEE
from basisbt.strategy import hold
from tests.support.worlds import COIN, DAY, HOUR, PERP, SPOT, A, B, Desk, Freeze, perpetual, world

# -- funding ---------------------------------------------------------------------------------------------------


def test_a_position_opened_at_eight_does_not_take_part_in_the_funding_of_eight():
    desk = Desk(world(bars=12, funding={PERP: {8: 0.001}})).step(8)
    desk.order(PERP, -5.0)
    desk.step(4)
    assert desk.position(PERP) == -5.0
    assert desk.postings(FUNDING) == []


def test_a_position_held_into_eight_and_closed_at_eight_does():
    desk = Desk(world(bars=12, funding={PERP: {8: 0.001}})).step(3)
    desk.order(PERP, -5.0)
    desk.step(5)
    desk.order(PERP, 5.0)
    desk.step(4)
    assert desk.position(PERP) == 0.0
    assert desk.postings(FUNDING) == [(8.0, 0.5)]  # a short of 5 at 100 receives 500 * 0.001


def test_a_long_pays_a_positive_rate_and_receives_a_negative_one():
    desk = Desk(world(bars=12, funding={PERP: {4: 0.001, 8: -0.002}}))
    desk.order(PERP, 5.0)
    desk.step(12)
    assert desk.postings(FUNDING) == [(4.0, -0.5), (8.0, 1.0)]  # 500 * 0.001 paid, 500 * 0.002 received


@pytest.mark.parametrize(("rate", "survives"), [(0.002, True), (0.0, False)])
def test_a_payment_of_funding_at_the_instant_can_save_the_account_from_its_bar(rate, survives):
    bars = [100] * 8 + [(100, 111, 100, 100)]
    desk = Desk(world(bars=10, prices={PERP: bars}, funding={PERP: {8: rate}}, deposits={A: 0.0, B: 60.0}))
    desk.order(PERP, -5.0)
    desk.step(10)
    # At the high: 60 - 5 * 11 = 5 of equity against 5 * 111 * 1 % = 5.55; with 500 * 0.002 = 1 more it is 6.
    assert (desk.position(PERP) == -5.0) is survives
    assert ("liquidation" in desk.outcomes()) is not survives


def test_a_stamp_that_falls_into_a_missing_bar_is_paid_once_on_the_last_known_mark():
    bars = [100] * 7 + [(100, 104, 100, 104), 999, 104]
    desk = Desk(world(bars=14, prices={PERP: bars}, missing={(8, PERP)}, funding={PERP: {8: 0.001}}))
    desk.order(PERP, -5.0)
    desk.step(14)
    assert desk.postings(FUNDING) == [(8.0, pytest.approx(0.52, abs=1e-12))]  # 5 * 104 * 0.001, the close of 07:00


def test_a_stamp_that_nobody_holds_anything_into_is_shown_but_not_paid():
    desk = Desk(world(bars=12, funding={PERP: {8: 0.001}})).step(12)
    assert desk.postings(FUNDING) == []
    assert desk.machine.tape.funding[8, PERP] == 0.001
    assert desk.machine.tape.funding_total[11, PERP] == 0.001


def test_daily_bars_settle_three_fundings_midnight_before_the_fills_and_two_after_them():
    stamps = {24: 0.001, 32: 0.001, 40: 0.001}
    desk = Desk(world(bars=3, seconds=DAY, funding={PERP: stamps}))
    desk.order(PERP, -5.0)
    desk.step()
    desk.order(PERP, -3.0)
    desk.step(2)
    # 00:00 on the 5 carried in; 08:00 and 16:00 on the 8 held after the open: 500 and 800 times 0.001.
    assert desk.postings(FUNDING) == [(24.0, 0.5), (32.0, 0.8), (40.0, 0.8)]


@pytest.mark.parametrize(("rate", "survives"), [(0.002, True), (0.0, False)])
def test_a_stamp_inside_a_daily_bar_comes_before_the_liquidation_of_that_bar(rate, survives):
    bars = [100, (100, 111, 100, 100)]
    world_ = world(bars=3, seconds=DAY, prices={PERP: bars}, funding={PERP: {32: rate}}, deposits={A: 0.0, B: 60.0})
    desk = Desk(world_)
    desk.order(PERP, -5.0)
    desk.step(3)
    assert (desk.position(PERP) == -5.0) is survives  # the same 5 or 6 against 5.55 as above


# -- margin ----------------------------------------------------------------------------------------------------


TWO_PERPETUALS = dict(legs=(perpetual(A), perpetual(A)), deposits={A: 50.0})
WIDE = [100, (100, 120, 80, 100)]


def test_a_hedged_account_is_not_liquidated_by_a_bar_that_was_wide_in_both_directions():
    desk = Desk(world(bars=3, prices={0: WIDE, 1: WIDE}, **TWO_PERPETUALS))
    desk.order(0, 10.0)
    desk.order(1, -10.0)
    desk.step(3)
    # High: +200 - 200 + 50 against 20 * 120 * 1 % = 24; low: the same 50 against 16.
    assert desk.outcomes() == ["filled", "filled"]
    assert (desk.position(0), desk.position(1)) == (10.0, -10.0)


@pytest.mark.parametrize(("leg", "quantity"), [(0, 10.0), (1, -10.0)])
def test_each_of_its_legs_alone_would_have_been(leg, quantity):
    desk = Desk(world(bars=3, prices={0: WIDE, 1: WIDE}, **TWO_PERPETUALS))
    desk.order(leg, quantity)
    desk.step(3)
    assert desk.outcomes() == ["filled", "liquidation"]  # 50 - 10 * 20 is far below zero


@pytest.mark.parametrize(("spare", "dies"), [(0.0, True), (2.0**-20, False)])
def test_equity_that_equals_maintenance_exactly_is_liquidated(spare, dies):
    tiers = ((0.0, 1 / 64, 1 / 32),)  # powers of two: every number below is exact
    bars = [100, (100, 128, 100, 128)]
    desk = Desk(world(bars=2, prices={PERP: bars}, tiers=tiers, deposits={A: 0.0, B: 150.0 + spare}))
    desk.order(PERP, -5.0)
    desk.step(2)
    # At 128: 150 - 5 * 28 = 10, maintenance 5 * 128 / 64 = 10.
    assert ("liquidation" in desk.outcomes()) is dies
    if dies:
        assert desk.tickets()[-1][3] == 128.0
        assert desk.wallet(B) == 10.0  # the residual stays


def test_the_floor_of_a_tier_belongs_to_it():
    tiers = ((0.0, 0.01, 0.02), (1000.0, 0.05, 0.10))
    w = world(bars=3, tiers=tiers, deposits={A: 0.0, B: 99.0})
    assert tier_of(PERP, 1000.0, w.rules) == 1
    assert tier_of(PERP, np.nextafter(1000.0, 0.0), w.rules) == 0
    assert maintenance_margin(PERP, 1000.0, w.rules) == pytest.approx(10.0)  # 1000 * 5 % - 1000 * (5 % - 1 %)
    desk = Desk(w)
    desk.order(PERP, -10.0)  # 1,000 in the second tier needs 10 %: 100 > 99
    desk.step()
    desk.order(PERP, -9.5)  # 950 in the first needs 2 %: 19
    desk.step()
    assert desk.outcomes() == ["not_enough_margin", "filled"]


def test_an_order_beyond_the_last_tier_is_refused_and_one_that_reduces_is_not():
    desk = Desk(world(bars=4, prices={PERP: [100, 300]}, cap=1000.0, deposits={A: 0.0, B: 9999.0}))
    desk.order(PERP, -10.5)
    desk.order(PERP, -10.0)
    desk.step()
    desk.order(PERP, 2.0)  # 8 at 300 is still beyond 1,000
    desk.step()
    assert desk.outcomes() == ["beyond_last_tier", "filled", "filled"]


def test_a_turn_through_zero_needs_margin_for_what_is_left_only():
    desk = Desk(world(bars=3, deposits={A: 0.0, B: 30.0}))
    desk.order(PERP, 10.0)  # 1,000 at 2 % : 20 of 30
    desk.step()
    desk.order(PERP, -20.0)  # afterwards 10 short: again 20 of 30
    desk.step()
    desk.order(PERP, 28.0)  # afterwards 18 long: 36 of 30
    desk.step()
    assert desk.outcomes() == ["filled", "filled", "not_enough_margin"]


# -- transfers and fills ---------------------------------------------------------------------------------------


def test_a_transfer_due_exactly_at_the_open_is_there_for_the_fills_of_that_open():
    desk = Desk(world(bars=6, delay=2 * HOUR, deposits={A: 1000.0, B: 90.0})).step()
    desk.withdraw(A, B, 900.0)
    desk.step()  # sent at 01:00
    assert (desk.wallet(A), desk.in_transit(A), desk.wallet(B)) == (100.0, 900.0, 90.0)
    desk.order(PERP, -50.0)  # 5,000 at 2 % needs 100
    desk.step()  # 02:00: still on its way
    desk.order(PERP, -50.0)
    desk.step()  # 03:00: due now
    assert desk.outcomes() == ["not_enough_margin", "filled"]
    assert (desk.in_transit(A), desk.wallet(B)) == (0.0, 990.0)


def test_a_transfer_that_comes_due_between_two_opens_waits_for_the_next():
    desk = Desk(world(bars=6, delay=HOUR + 1)).step()
    desk.withdraw(A, B, 900.0)
    desk.step(2)
    assert desk.wallet(B) == 1000.0
    desk.step()
    assert desk.wallet(B) == 1900.0


def test_of_a_purchase_and_a_withdrawal_decided_at_one_close_the_purchase_comes_first():
    desk = Desk(world(bars=3)).step()
    desk.withdraw(A, B, 500.0)
    desk.order(SPOT, 6.0)
    desk.step()
    assert desk.outcomes() == ["filled", "beyond_withdrawable"]  # 600 of 1,000 are spent, 400 are left
    assert desk.wallet(A) == 400.0


def test_the_proceeds_of_a_sale_can_leave_at_the_same_open():
    desk = Desk(world(bars=4))
    desk.order(SPOT, 10.0)
    desk.step()
    assert (desk.wallet(A), desk.wallet(A, COIN)) == (0.0, 10.0)
    desk.withdraw(A, B, 1000.0)
    desk.order(SPOT, -10.0)
    desk.step(2)
    assert (desk.wallet(A), desk.wallet(B)) == (0.0, 2000.0)


# -- freezes ---------------------------------------------------------------------------------------------------


def test_a_freeze_that_begins_at_the_instant_refuses_the_withdrawal_decided_for_it():
    desk = Desk(world(bars=8, events=[Freeze(A, 3, 6)])).step(3)
    desk.withdraw(A, B, 100.0)
    desk.step()
    assert desk.outcomes() == ["withdrawals_frozen"]
    assert desk.wallet(A) == 1000.0


def test_a_freeze_that_ends_at_the_instant_lets_it_go():
    desk = Desk(world(bars=8, events=[Freeze(A, 3, 6)])).step(5)
    desk.withdraw(A, B, 100.0)
    desk.step()  # 05:00: the last frozen open
    desk.withdraw(A, B, 100.0)
    desk.step(2)  # 06:00
    assert desk.outcomes() == ["withdrawals_frozen"]
    assert (desk.wallet(A), desk.wallet(B)) == (900.0, 1100.0)


def test_of_two_freezes_that_meet_the_end_comes_first_and_the_venue_stays_shut():
    desk = Desk(world(bars=10, events=[Freeze(A, 2, 5), Freeze(A, 5, 8)])).step(5)
    desk.withdraw(A, B, 100.0)
    desk.step(3)
    desk.withdraw(A, B, 100.0)
    desk.step()
    assert desk.outcomes() == ["withdrawals_frozen"]
    assert desk.wallet(A) == 900.0


def test_the_end_of_one_of_two_overlapping_freezes_does_not_open_the_venue():
    desk = Desk(world(bars=10, events=[Freeze(A, 2, 5), Freeze(A, 3, 8)])).step(6)
    desk.withdraw(A, B, 100.0)
    desk.step()
    assert desk.outcomes() == ["withdrawals_frozen"]


def test_a_pending_withdrawal_is_held_until_the_freeze_ends():
    desk = Desk(world(bars=10, delay=2 * HOUR, events=[Freeze(A, 3, 6)])).step(2)
    desk.withdraw(A, B, 100.0)  # leaves at 02:00, due at 04:00
    desk.step(4)
    assert (desk.t, desk.in_transit(A), desk.wallet(B)) == (5, 100.0, 1000.0)
    desk.step()
    assert (desk.in_transit(A), desk.wallet(B)) == (0.0, 1100.0)


def test_a_pending_withdrawal_is_voided_and_comes_back_whole():
    desk = Desk(world(bars=10, delay=2 * HOUR, transfer_fee=1.0, events=[Freeze(A, 3, 6, voids=True)])).step(2)
    desk.withdraw(A, B, 100.0)
    desk.step()
    assert desk.wallet(A) == 900.0
    desk.step()
    assert (desk.wallet(A), desk.in_transit(A)) == (1000.0, 0.0)
    desk.step(6)
    assert desk.wallet(B) == 1000.0
    assert desk.postings(TRANSFER_FEE) == []


def test_trading_funding_and_deposits_go_on_at_a_frozen_venue():
    desk = Desk(world(bars=10, events=[Freeze(B, 0)], funding={PERP: {8: 0.001}})).step()
    desk.order(PERP, -5.0)
    desk.withdraw(A, B, 100.0)
    desk.step(9)
    assert desk.wallet(B) == 1100.5  # 100 came in, 500 * 0.001 was received
    assert desk.accessible == 900.0  # what is on B cannot be reached


# -- what is refused -------------------------------------------------------------------------------------------


def test_a_withdrawal_below_the_minimum_is_refused_whole():
    desk = Desk(world(bars=3, transfer_minimum=10.0)).step()
    desk.withdraw(A, B, 9.99)
    desk.withdraw(A, B, 10.0)
    desk.step()
    assert desk.outcomes() == ["below_minimum"]
    assert desk.wallet(A) == 990.0


def test_a_withdrawal_that_the_fee_would_eat_is_refused():
    desk = Desk(world(bars=3, transfer_fee=1.0)).step()
    desk.withdraw(A, B, 1.0)
    desk.step()
    assert desk.outcomes() == ["below_minimum"]


def test_a_withdrawal_beyond_what_margin_leaves_free_is_refused_whole():
    desk = Desk(world(bars=4, prices={PERP: [100, 110]}))
    desk.order(PERP, -50.0)
    desk.step()
    # At 110: 1,000 - 50 * 10 of loss - 50 * 110 * 2 % = 390 are free.
    desk.withdraw(B, A, 390.5)
    desk.withdraw(B, A, 389.5)
    desk.step()
    assert desk.outcomes() == ["filled", "beyond_withdrawable"]
    assert desk.wallet(B) == 610.5


def test_unrealised_profit_cannot_be_withdrawn():
    desk = Desk(world(bars=4, prices={PERP: [100, 50]}))
    desk.order(PERP, -5.0)
    desk.step()
    # At 50 the short has made 250; free are min(1,000, 1,000 - 5 * 50 * 2 %) = 995.
    desk.withdraw(B, A, 996.0)
    desk.withdraw(B, A, 995.0)
    desk.step()
    assert desk.outcomes() == ["filled", "beyond_withdrawable"]
    assert desk.wallet(B) == 5.0


def test_the_fee_is_inside_the_amount():
    desk = Desk(world(bars=4, transfer_fee=1.5)).step()
    desk.withdraw(A, B, 100.0)
    desk.step(2)
    assert (desk.wallet(A), desk.wallet(B)) == (900.0, 1098.5)
    assert desk.line(TRANSFER_FEE) == -1.5
    assert desk.marked == 1998.5


def test_nothing_trades_in_a_missing_bar():
    desk = Desk(world(bars=4, missing={(1, SPOT)}, fee=0.001)).step()
    desk.order(SPOT, 1.0)
    desk.step()
    assert desk.outcomes() == ["no_bar"]
    assert desk.line(FEE) == 0.0


def test_if_one_leg_is_refused_the_other_stands():
    desk = Desk(world(bars=3, deposits={A: 1000.0, B: 5.0}))
    desk.order(SPOT, 5.0)
    desk.order(PERP, -5.0)  # 500 at 2 % needs 10
    desk.step()
    assert desk.outcomes() == ["filled", "not_enough_margin"]
    assert (desk.position(SPOT), desk.position(PERP)) == (5.0, 0.0)


def test_ruin_is_noticed_at_the_close_and_the_strategy_is_no_longer_heard():
    desk = Desk(world(bars=4, prices={SPOT: [100, 1e-300]}, deposits={A: 1000.0, B: 0.0}))
    desk.order(SPOT, 10.0)
    desk.step(2)
    assert not desk.machine.ruined  # a coin that is worth almost nothing is not ruin
    assert desk.marked > 0.0


def test_costs_are_part_of_what_an_order_must_afford():
    desk = Desk(world(bars=3, fee=0.001, deposits={A: 1000.0, B: 20.5}))
    desk.order(SPOT, 10.0)  # 1,000 and a fee of 1
    desk.order(SPOT, 9.99)  # 999 and 0.999
    desk.order(PERP, -10.0)  # 2 % of 1,000 and a fee of 1: 21 > 20.5
    desk.order(PERP, -9.7)  # 19.4 + 0.97
    desk.step()
    assert desk.outcomes() == ["not_enough_cash", "filled", "not_enough_margin", "filled"]


def test_a_decision_is_sized_by_the_close_and_filled_at_the_next_open():
    prices = {i: [(100, 130, 90, 125), (160, 160, 160, 160)] for i in (SPOT, PERP)}
    desk = Desk(world(bars=3, prices=prices, decide=lambda seen, book, want, p: hold(want, 0, 500.0)))
    desk.step()
    desk.machine.decide(0)
    desk.step()
    # 500 at the close of 125 are 4 units, long and short alike; they cost 160 each.
    assert [ticket[:4] for ticket in desk.tickets()] == [(SPOT, "filled", 4.0, 160.0), (PERP, "filled", -4.0, 160.0)]
    assert desk.wallet(A) == 360.0
    desk.machine.decide(1)
    desk.step()
    assert desk.position(SPOT) == pytest.approx(500 / 160)  # sold down to 500 at the close of 160


def test_a_funding_deficit_is_lent_and_repaid_from_the_first_money_that_comes_in():
    desk = Desk(world(bars=8, prices={PERP: [100, 50]}, funding={PERP: {2: -0.9}}, deposits={A: 1000.0, B: 200.0}))
    desk.order(PERP, -10.0)
    desk.step(3)  # 450 of 200 are due while 500 of profit are unrealised
    assert (desk.wallet(B), desk.debt(B)) == (0.0, 250.0)
    assert desk.marked == 1250.0  # 1,000 + 500 - 250
    desk.withdraw(A, B, 100.0)
    desk.step(2)
    assert (desk.wallet(B), desk.debt(B)) == (0.0, 150.0)
    desk.order(PERP, 10.0)  # 500 are realised
    desk.step()
    assert (desk.wallet(B), desk.debt(B)) == (350.0, 0.0)
    assert desk.marked == 1350.0 - 100.0


def test_a_loan_is_no_money_that_could_be_withdrawn_or_spent():
    desk = Desk(world(bars=8, prices={PERP: [100, 50]}, funding={PERP: {2: -0.9}}, deposits={A: 1000.0, B: 200.0}))
    desk.order(PERP, -10.0)
    desk.step(3)
    assert desk.book.free[B] == 0.0
    desk.withdraw(B, A, 10.0)
    desk.order(PERP, -1.0)
    desk.step()
    assert desk.outcomes() == ["filled", "not_enough_margin", "beyond_withdrawable"]


def test_after_ruin_nothing_is_ordered_and_nothing_is_moved():
    desk = Desk(
        world(bars=4, prices={PERP: [100, 130]}, deposits={B: 200.0}, decide=lambda seen, book, want, p: hold(want, 0, 9.0))
    )  # fmt: skip
    desk.order(PERP, -10.0)
    desk.step(2)  # 200 - 300: the fund pays 100, nothing is left
    assert desk.marked == 0.0 and desk.machine.ruined
    desk.machine.decide(1)
    assert desk.book.count[QUEUED] == 0


def test_a_price_level_that_has_gone_back_leaves_no_trace_in_funding():
    level = [1.0, 1.0, 1.5, 1.5, 1.0, 1.0]
    desk = Desk(world(bars=6, level=level, funding={PERP: {3: 0.001, 5: 0.001}}))
    desk.order(PERP, -1.0)
    desk.step(6)
    assert desk.postings(FUNDING) == [(3.0, pytest.approx(0.15)), (5.0, pytest.approx(0.1))]
