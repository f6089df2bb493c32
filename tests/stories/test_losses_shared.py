"""Losses that a venue shares out: positions closed against their owner's will, profits and balances taken.

MODEL.md sections 1, 2.2, 7.3, 8. Spot on A, perpetual on B, 1,000 USDT each unless a story says otherwise; every figure
by hand. Bybit's trigger and BitMEX's rank are in the published cases (G048, G050, G136), the two socialised losses too
(G134 OKEx 2018, G135 Bitfinex 2016).
"""

import numpy as np
import pytest

from basisbt.core.rules import ADL, BASIS, CLAWBACK, DEFAULT, DIRECTIONAL, RECOVERY
from basisbt.core.tape import CLAW, CUT, DELEVERAGE, DRAIN, REDEEM, SINCE
from tests.support.worlds import (
    COIN, PERP, SPOT, A, B, Desk, Failure, Freeze, Happening, coin_perpetual, perpetual, spot, world,
)  # fmt: skip

CRASH = {SPOT: [100, 80], PERP: [100, 80]}


def desk_with_pair(units=5.0, **given):
    """Long `units` of spot on A, short as many on B, from the first open."""
    desk = Desk(world(**given))
    desk.order(SPOT, units)
    desk.order(PERP, -units)
    desk.step()
    return desk


# ADL.


def test_the_winning_short_is_closed_at_the_mark_and_the_spot_stands_naked():
    # Short 5 from 100, the crash to 80 has won 100. Half is closed at 80: 50 realised. Then 80 -> 60: spot loses
    # 5 x 20 = 100, the remaining 2.5 win 50: the pair, flat before, loses 50.
    path = {SPOT: [100, 80, 60], PERP: [100, 80, 60]}
    desk = desk_with_pair(bars=4, prices=path, events=[Happening(DELEVERAGE, PERP, 1, 0.5)])
    desk.step()
    assert desk.position(PERP) == -2.5 and desk.wallet(B) == pytest.approx(1050.0)
    assert desk.marked == pytest.approx(2000.0)
    desk.step()
    assert desk.marked == pytest.approx(1950.0) and desk.line(DIRECTIONAL) == pytest.approx(-50.0)
    assert [ticket[:4] for ticket in desk.tickets() if ticket[1] == "adl"] == [(PERP, "adl", 2.5, 80.0)]


def test_the_penalty_is_what_the_close_was_worse_than_the_mark():
    # All 5 closed at 80 with 2 %: 5 x 80 x 2 % = 8, a line of its own.
    desk = desk_with_pair(bars=3, prices=CRASH, events=[Happening(DELEVERAGE, PERP, 1, 1.0, 0.02)])
    desk.step()
    assert desk.position(PERP) == 0.0 and desk.wallet(B) == pytest.approx(1092.0)
    assert desk.line(ADL) == pytest.approx(-8.0) and desk.book.held[0].tolist() == [5.0, 0.0]


def test_adl_comes_at_the_mark_of_the_open_not_at_the_trade():
    # The trade opens at 80, the mark at 85.
    desk = desk_with_pair(bars=3, prices=CRASH, marks={PERP: [100, 85]}, events=[Happening(DELEVERAGE, PERP, 1, 1.0)])
    desk.step()
    assert desk.wallet(B) == pytest.approx(1000.0 + 5 * 15.0)


def test_what_was_closed_pays_no_funding_at_the_same_instant():
    # Events come before funding (MODEL.md section 2.2): 2.5 left x 80 x 0.1 % = 0.2 received.
    desk = desk_with_pair(bars=3, prices=CRASH, funding={PERP: {1: 0.001}}, events=[Happening(DELEVERAGE, PERP, 1, 0.5)])
    desk.step()
    assert desk.wallet(B) == pytest.approx(1050.0 + 0.2)


def test_an_order_for_the_same_open_fills_after_the_adl():
    # Half of 5 is closed by the venue; the strategy's order, decided before, sells 1 more: 3.5 short.
    desk = desk_with_pair(bars=3, prices=CRASH, events=[Happening(DELEVERAGE, PERP, 1, 0.5)])
    desk.order(PERP, -1.0)
    desk.step()
    assert desk.position(PERP) == -3.5


def test_an_inverse_short_is_closed_in_its_coin():
    # 1 coin, short 100 USD from 100; at 80 it has won 100/80 - 100/100 = 0.25. Half closed: 0.125 paid, 1.125 coins.
    legs, path = (spot(A), coin_perpetual(A)), {0: [100, 80], 1: [100, 80]}
    given = dict(legs=legs, bars=3, prices=path, counted={A: 1.0}, deposits={A: 100.0})
    desk = Desk(world(**given, events=[Happening(DELEVERAGE, 1, 1, 0.5)]))
    desk.order(0, 1.0)
    desk.order(1, -100.0)
    desk.step(2)
    assert desk.position(1) == -50.0 and desk.wallet(A, COIN) == pytest.approx(1.125)


# The insurance fund, and what happens when it has lost too much.


def drained(loss, fund=1_000.0, ours=1.0, trigger=0.3, **given):
    """A pair that has won 100 on its short, at a venue whose fund pays `loss`."""
    more = {"fund": np.array([np.inf, fund]), "adl_trigger": np.array([-1.0, -trigger])}
    desk = desk_with_pair(bars=3, prices=CRASH, events=[Happening(DRAIN, B, 1, loss, ours)], more=more, **given)
    desk.step()
    return desk


def test_a_fund_that_loses_less_than_its_trigger_takes_nobodys_position():
    # 290 of 1,000: 29 % < 30 %.
    assert drained(290.0).position(PERP) == -5.0


def test_beyond_the_trigger_as_much_is_closed_as_the_fund_does_not_pay():
    # 350 of 1,000: 35 %, 5 % of 1,000 = 50 USD beyond the trigger (G048): at 80 that is 0.625 of our 5.
    desk = drained(350.0)
    assert desk.position(PERP) == pytest.approx(-4.375) and desk.book.fund[B] == 650.0


def test_our_share_of_it_is_a_parameter():
    assert drained(350.0, ours=0.4).position(PERP) == pytest.approx(-4.75)  # 20 USD


def test_an_empty_fund_closes_the_whole_loss():
    # 80 USD at 80: one unit. A fund of 0 has no drawdown, it is just empty (G050).
    assert drained(80.0, fund=0.0).position(PERP) == pytest.approx(-4.0)


def test_the_position_of_the_higher_rank_goes_first():
    # Two shorts at B, 1 each: X0 from 100 to 80 has won 20 %, X1 from 100 to 90 won 10 %: X0 is closed. 40 USD: half.
    legs = (perpetual(B, 0), perpetual(B, 1), spot(A, 0))
    more = {"fund": np.array([np.inf, 100.0]), "adl_trigger": np.array([-1.0, -0.3])}
    w = world(legs, bars=3, prices={0: [100, 80], 1: [100, 90], 2: [100, 80]}, pairs=((2, 0),), more=more,
              events=[Happening(DRAIN, B, 1, 70.0, 1.0)])
    desk = Desk(w)
    desk.order(0, -1.0)
    desk.order(1, -1.0)
    desk.step(2)
    assert desk.position(0) == pytest.approx(-0.5) and desk.position(1) == -1.0


def test_a_losing_position_is_nobodys_winner():
    # The price rose: the short has lost, nothing of it is closed.
    path = {SPOT: [100, 110], PERP: [100, 110]}
    more = {"fund": np.array([np.inf, 100.0]), "adl_trigger": np.array([-1.0, -0.3])}
    desk = desk_with_pair(bars=3, prices=path, events=[Happening(DRAIN, B, 1, 100.0, 1.0)], more=more)
    desk.step()
    assert desk.position(PERP) == -5.0


# Clawback of profits (OKEx, July 2018).


def test_a_share_of_the_net_profit_is_taken_open_positions_included():
    # Short 5 from 100, mark 80: 100 unrealised, 17.7 % of it: 17.7 from the wallet.
    desk = desk_with_pair(bars=3, prices=CRASH, events=[Happening(CLAW, B, 1, 0.177)])
    desk.step()
    assert desk.line(CLAWBACK) == pytest.approx(-17.7) and desk.wallet(B) == pytest.approx(982.3)
    assert desk.position(PERP) == -5.0


def test_fees_and_funding_count_before_the_share_is_taken():
    # 0.1 % of 500 = 0.5 fee, funding at the second open comes after the clawback: 100 - 0.5 = 99.5, half of it.
    desk = desk_with_pair(bars=3, prices=CRASH, fee=0.001, funding={PERP: {1: 0.01}}, events=[Happening(CLAW, B, 1, 0.5)])
    desk.step()
    assert desk.line(CLAWBACK) == pytest.approx(-49.75)


def test_profit_of_the_week_before_is_not_touched():
    # 100 won by the open of bar 1, where the week begins; 80 -> 70 wins 50 more, of which half is taken.
    path = {SPOT: [100, 80, 70], PERP: [100, 80, 70]}
    desk = desk_with_pair(bars=4, prices=path, events=[Happening(SINCE, B, 1), Happening(CLAW, B, 2, 0.5)])
    desk.step(2)
    assert desk.line(CLAWBACK) == pytest.approx(-25.0)


def test_who_has_lost_pays_nothing():
    path = {SPOT: [100, 110], PERP: [100, 110]}
    desk = desk_with_pair(bars=3, prices=path, events=[Happening(CLAW, B, 1, 0.5)])
    desk.step()
    assert desk.line(CLAWBACK) == 0.0


def test_losses_at_the_venue_are_netted_between_its_contracts():
    # Short 1 X0 from 100 at 80: +20; long 1 X1 from 100 at 90: -10. Net 10, half of it: 5.
    legs = (perpetual(B, 0), perpetual(B, 1), spot(A, 0))
    w = world(legs, bars=3, prices={0: [100, 80], 1: [100, 90], 2: [100, 80]}, pairs=((2, 0),),
              events=[Happening(CLAW, B, 1, 0.5)])
    desk = Desk(w)
    desk.order(0, -1.0)
    desk.order(1, 1.0)
    desk.step(2)
    assert desk.line(CLAWBACK) == pytest.approx(-5.0)


def test_profits_in_coin_are_taken_in_coin():
    # 1 coin, short 100 USD from 100, at 80: 0.25 coins won; a fifth: 0.05 coins, 4 USD at 80.
    legs, path = (spot(A), coin_perpetual(A)), {0: [100, 80], 1: [100, 80]}
    desk = Desk(world(legs, bars=3, prices=path, counted={A: 1.0}, deposits={A: 100.0}, events=[Happening(CLAW, A, 1, 0.2)]))
    desk.order(0, 1.0)
    desk.order(1, -100.0)
    desk.step(2)
    assert desk.wallet(A, COIN) == pytest.approx(0.95) and desk.line(CLAWBACK) == pytest.approx(-4.0)
    assert desk.marked == pytest.approx(100.0 - 4.0)


# A share of all balances (Bitfinex, August 2016).


def test_every_balance_is_cut_and_the_hedge_is_too_big_for_what_is_left():
    # A: 500 USDT and 5 coins at 100. 36.067 % of both: 360.67 gone, 3.19665 coins left, short 5 on B.
    desk = desk_with_pair(bars=4, events=[Happening(CUT, A, 1, 0.36067)])
    desk.step()
    assert desk.wallet(A) == pytest.approx(500 * 0.63933) and desk.wallet(A, COIN) == pytest.approx(5 * 0.63933)
    assert desk.line(CLAWBACK) == pytest.approx(-360.67) and desk.marked == pytest.approx(2000 - 360.67)
    assert desk.book.held[0].tolist() == pytest.approx([5 * 0.63933, -5.0])


def test_what_was_taken_is_a_claim_until_it_is_redeemed_in_what_the_venue_settles_in():
    # Taken 360.67 at bar 1, redeemed whole at bar 3: the money is back, the coins are not.
    events = [Happening(CUT, A, 1, 0.36067, 1.0), Happening(REDEEM, A, 3)]
    desk = desk_with_pair(bars=5, events=events)
    desk.step(2)
    assert desk.book.equity[desk.t, 2] == pytest.approx(2000.0)  # recovered
    desk.step()
    assert desk.line(RECOVERY) == pytest.approx(360.67) and desk.marked == pytest.approx(2000.0)
    assert desk.wallet(A) == pytest.approx(500 * 0.63933 + 360.67) and desk.book.face[A] == 0.0


def test_a_claim_that_is_carried_is_lost_only_in_part_at_once():
    # Carried at 40 %: 60 % of 360.67 = 216.402 lost now; redeemed at 50 %: 180.335 - 144.268 carried = 36.067 back.
    events = [Happening(CUT, A, 1, 0.36067, 0.5), Happening(REDEEM, A, 2)]
    desk = desk_with_pair(bars=5, events=events, carried=0.4)
    desk.step()
    assert desk.line(CLAWBACK) == pytest.approx(-216.402)
    desk.step()
    assert desk.line(RECOVERY) == pytest.approx(36.067) and desk.marked == pytest.approx(2000 - 180.335)


def test_a_cut_margin_account_is_liquidated_by_its_own_rules():
    # B holds 1,000, short 50 from 100 = 5,000 notional; mmr 1 % = 50. 96 % cut: 40 left < 50: liquidated at the open.
    desk = desk_with_pair(units=9.0, bars=3, events=[Happening(CUT, B, 1, 0.995)])
    desk.step()
    assert desk.position(PERP) == 0.0


def test_a_venue_that_fails_before_it_redeems_never_does():
    # 40 % of 1,000 cut: 400 lost. Then A fails with 600: 600 more. Of 1,000 face a fifth is paid: 200, no redemption.
    events = [Happening(CUT, A, 1, 0.4, 1.0), Failure(A, 2, 0.2, 4), Happening(REDEEM, A, 3)]
    desk = desk_with_pair(bars=6, events=events)
    desk.step(2)
    assert desk.line(CLAWBACK) == pytest.approx(-400.0) and desk.line(DEFAULT) == pytest.approx(-600.0)
    assert desk.book.face[A] == pytest.approx(1000.0)
    desk.step(2)
    assert desk.line(RECOVERY) == pytest.approx(200.0)


def test_a_coin_is_taken_at_the_index_whatever_the_venue_trades_it_at():
    # A's market is 10 % under the index: 5 coins were worth 450 there, at the index 500. Half is taken: 250 + 250.
    path = {SPOT: [100, 90], PERP: [100, 100]}
    desk = desk_with_pair(bars=3, prices=path, index={0: [100, 100]}, events=[Happening(CUT, A, 1, 0.5)])
    desk.step()
    assert desk.line(CLAWBACK) == pytest.approx(-500.0) and desk.line(BASIS) == pytest.approx(-25.0)
    assert desk.marked == pytest.approx(250 + 2.5 * 90 + 1000)


def test_what_venues_take_comes_before_freezes_and_defaults_of_the_same_instant():
    # Cut, then default: 40 % of 1,000 is `clawback`, the rest `default`.
    desk = desk_with_pair(bars=3, events=[Failure(A, 1), Freeze(A, 1), Happening(CUT, A, 1, 0.4)])
    desk.step()
    assert desk.line(CLAWBACK) == pytest.approx(-400.0) and desk.line(DEFAULT) == pytest.approx(-600.0)
