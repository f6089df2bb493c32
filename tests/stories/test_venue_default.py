"""A venue stops for good: what is there becomes a dollar claim, what was hedged elsewhere stands naked.

MODEL.md section 7.2. Spot on A, perpetual on B, 1,000 USDT each unless a story says otherwise; every figure by hand.
"""

import numpy as np
import pytest

from basisbt.core.books import (
    DEFAULTED, DRAWDOWN, LOWEST, OUTCOME_NAMES, PEAK, T_OUTCOME, T_PRICE, T_QUANTITY, TRAPPED, WORST_RATIO,
)  # fmt: skip
from basisbt.core.rules import BASIS, CLAIM, DEFAULT, DIRECTIONAL, FUNDING, RECOVERY, TRANSFER_FEE
from tests.support.worlds import PERP, SPOT, A, B, C, Desk, Failure, Freeze, Leg, world

GONE = "venue_defaulted"


def desk_with_pair(units=5.0, **given):
    """Long `units` of spot on A, short as many on B, from the first open."""
    desk = Desk(world(**given))
    desk.order(SPOT, units)
    desk.order(PERP, -units)
    desk.step()
    return desk


def face(desk, venue):
    return desk.book.face[venue]


def test_what_is_at_the_venue_is_lost_at_once_and_the_hedge_stays_open():
    # A holds 500 USDT and 5 coins at 100: a claim of 1,000, carried at nothing. The short on B stands.
    desk = desk_with_pair(bars=4, events=[Failure(A, 1, 0.22)])
    desk.step()
    assert face(desk, A) == pytest.approx(1000.0)
    assert desk.wallet(A) == 0.0 and desk.position(PERP) == -5.0
    assert desk.marked == pytest.approx(1000.0)
    assert desk.line(DEFAULT) == pytest.approx(-1000.0)
    assert desk.book.equity[desk.t, 2] == pytest.approx(1220.0)  # recovered: 22 % of the face will be paid


def test_the_naked_hedge_is_directional_afterwards():
    # After A is gone at 100 the price goes to 110: the short of 5 loses 50, and nothing hedges it.
    desk = desk_with_pair(bars=4, prices={SPOT: [100, 100, 110], PERP: [100, 100, 110]}, events=[Failure(A, 1)])
    desk.step(3)
    assert desk.line(DIRECTIONAL) == pytest.approx(-50.0)
    assert desk.marked == pytest.approx(950.0)


def test_a_derivative_closes_at_the_index_not_at_the_venues_own_price():
    # The short of 5 was sold at 100; in bar 1 the venue's market opens 10 % under an index of 100.
    # It closes at 100: no gain from the trapped price. Claim: 1,000 USDT.
    prices = {SPOT: [100, 100], PERP: [100, 90]}
    desk = desk_with_pair(bars=3, prices=prices, index={0: [100, 100]}, events=[Failure(B, 1)])
    desk.step()
    (rows, numbers), outcome = desk.machine.tickets[-1], DEFAULTED
    assert rows[-1][T_OUTCOME] == outcome and OUTCOME_NAMES[outcome] == "default"
    assert (numbers[-1][T_QUANTITY], numbers[-1][T_PRICE]) == (5.0, 100.0)
    assert face(desk, B) == pytest.approx(1000.0) and desk.position(PERP) == 0.0
    assert desk.line(BASIS) == pytest.approx(0.0)


def test_unrealised_loss_is_netted_against_the_wallet():
    # Short 5 from 100, index 140 in bar 1 (mark high stays 100 in bar 0): 1,000 - 200 = 800.
    path = [100, 140]
    desk = desk_with_pair(bars=3, prices={SPOT: path, PERP: path}, index={0: path}, events=[Failure(B, 1)])
    desk.step()
    assert face(desk, B) == pytest.approx(800.0)


def test_a_claim_is_not_below_zero():
    # 1,000 at B, short 5 from 100; the index gaps to 320 over night: 1,000 - 1,100 < 0. We owe nothing, we claim nothing.
    path = [100, 320]
    desk = desk_with_pair(bars=3, prices={SPOT: path, PERP: path}, index={0: path}, events=[Failure(B, 1, 1.0)])
    desk.step()
    assert face(desk, B) == 0.0
    # 500 USDT and 5 coins at 320 on A; the venue B bears 100 of the 1,100.
    assert desk.marked == pytest.approx(500.0 + 5 * 320.0)
    assert desk.line(DEFAULT) == pytest.approx(100.0)


def test_the_estate_pays_in_dollars_of_the_petition_whatever_the_coin_does():
    path = [100, 100, 100, 400]
    desk = desk_with_pair(
        units=2.0, bars=5, prices={SPOT: path, PERP: path}, index={0: path}, events=[Failure(A, 1, 0.22, 3)]
    )
    desk.step(3)
    assert desk.line(RECOVERY) == pytest.approx(220.0)
    assert desk.book.balance[desk.rules.wallets + 3 * desk.rules.venues, desk.rules.dollar] == pytest.approx(220.0)
    assert face(desk, A) == 0.0
    # B: 1,000 - 2 * 300 = 400, and 220 in hand, which is accessible too.
    assert desk.marked == pytest.approx(620.0)
    assert desk.book.equity[desk.t, 1] >= 220.0


def test_a_claim_that_is_carried_is_worth_that_much_until_it_is_paid():
    # Carried at 45 %: 550 lost at once. Paid 22 %: recovery is 220 - 450 = -230.
    desk = desk_with_pair(bars=5, carried=0.45, events=[Failure(A, 1, 0.22, 3)])
    desk.step()
    assert desk.line(DEFAULT) == pytest.approx(-550.0)
    assert desk.marked == pytest.approx(1450.0)
    assert desk.book.equity[desk.t, 2] == pytest.approx(1220.0)
    assert desk.book.equity[desk.t, 1] == pytest.approx(desk.book.free[B])  # a claim is not accessible
    desk.step(2)
    assert desk.line(RECOVERY) == pytest.approx(-230.0)
    assert desk.marked == pytest.approx(1220.0)


def test_what_was_under_way_from_it_joins_the_claim_and_what_was_under_way_to_it_goes_back():
    # 300 from A to B and 200 from B to A leave at bar 0 with a delay of 5 hours; A fails at bar 2.
    desk = Desk(world(bars=8, delay=5 * 3600, transfer_fee=3.0, events=[Failure(A, 2)]))
    desk.withdraw(A, B, 300.0)
    desk.withdraw(B, A, 200.0)
    desk.step(3)
    assert face(desk, A) == pytest.approx(1000.0)  # 700 and the 300
    assert desk.wallet(B) == pytest.approx(997.0)  # 800 and the 200 less the fee
    assert desk.line(TRANSFER_FEE) == pytest.approx(-3.0)
    desk.step(5)
    assert desk.wallet(B) == pytest.approx(997.0)  # nothing arrives later


def test_a_dead_venue_takes_no_order_and_no_transfer():
    desk = Desk(world(bars=4, events=[Failure(A, 1)]))
    desk.step(2)
    desk.order(SPOT, 1.0)
    desk.withdraw(B, A, 100.0)
    desk.withdraw(A, B, 100.0)
    desk.step()
    assert desk.outcomes()[-3:] == [GONE, GONE, GONE]
    assert desk.wallet(B) == 1000.0


def test_funding_at_the_instant_of_a_default_is_not_paid_on_what_was_closed():
    desk = desk_with_pair(bars=10, funding={PERP: {8: 0.01}}, events=[Failure(B, 8)])
    desk.step(9)
    assert desk.line(FUNDING) == 0.0


def test_a_freeze_that_ends_in_default_and_a_second_default_of_the_same_venue():
    desk = desk_with_pair(bars=6, events=[Freeze(A, 1), Failure(A, 3, 0.1), Failure(A, 4, 0.9)])
    desk.step(5)
    assert face(desk, A) == pytest.approx(1000.0) and desk.book.recovery[A] == 0.1
    assert len(desk.postings(CLAIM)) == 1
    assert desk.book.equity[desk.t, 1] == pytest.approx(desk.book.free[B])


def test_a_loan_is_repaid_out_of_the_claim():
    # The wallet of B is emptied by funding of 25 % on 5 * 100 over ten stamps, unrealised profit bears it; then B fails.
    path = [100.0] * 2 + [20.0] * 100
    desk = Desk(
        world(bars=90, prices={SPOT: path, PERP: path}, index={0: path}, deposits={A: 1000.0, B: 200.0},
              funding={PERP: {8 * k: -0.5 for k in range(1, 11)}}, events=[Failure(B, 85)])
    )  # fmt: skip
    desk.order(PERP, -5.0)
    desk.step(86)
    # 200 - 10 * 0.5 * 5 * 20 = -300 of cash (a loan of 300), +400 unrealised: 100 is claimed.
    assert face(desk, B) == pytest.approx(100.0)
    assert np.abs(desk.book.balance.sum(axis=0)).max() < 1e-9


def test_trapped_bars_are_those_with_our_money_behind_a_freeze_or_in_a_claim_and_none_twice():
    # Frozen with money in bars 1 and 2 (A twice over in bar 2), nothing at C; A's claim is open in bars 5, 6 and 7.
    legs = (Leg(A, 0, True), Leg(B), Leg(C))
    events = [Freeze(A, 1, 3), Freeze(A, 2, 3), Freeze(C, 0), Failure(A, 5, 0.5, 8)]
    desk = Desk(world(legs=legs, bars=10, deposits={A: 1000.0, B: 1000.0, C: 0.0}, events=events))
    desk.step(10)
    assert desk.book.record[TRAPPED] == 5.0


def test_the_record_of_a_path():
    # Equity at the closes: 2,000, then the short alone loses 100, 300, wins 200: 1,900, 1,600, 1,800.
    path = [100, 120, 180, 140]
    desk = Desk(world(bars=4, prices={SPOT: path, PERP: path}, index={0: path}))
    desk.order(PERP, -5.0)
    desk.step(4)
    assert desk.book.record[PEAK] == 2000.0 and desk.book.record[LOWEST] == 1600.0
    assert desk.book.record[DRAWDOWN] == pytest.approx(400.0 / 2000.0)
    # Worst ratio: equity 600 over maintenance 1 % of 900.
    assert desk.book.record[WORST_RATIO] == pytest.approx(600.0 / 9.0)


def test_everything_sums_to_the_profit():
    path = list(100.0 * np.exp(np.linspace(0.0, 0.3, 12)))
    desk = desk_with_pair(
        bars=12, prices={SPOT: path, PERP: [p * 1.01 for p in path]}, index={0: path}, fee=0.001, spread=0.0005,
        funding={PERP: {8: 0.001}}, carried=0.3, usd=list(np.linspace(1.0, 0.97, 12)), events=[Failure(A, 5, 0.6, 9)],
    )  # fmt: skip
    desk.step(11)
    lines = desk.machine.attribution(desk.t).sum()
    assert lines == pytest.approx(desk.marked - desk.world.capital, abs=1e-6)
