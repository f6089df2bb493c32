"""Outages, thin books, depegs, limits, halts, contracts and venues that end: what each does to the money.

MODEL.md sections 2.2, 3, 7, 8. Spot on A, perpetual on B, 1,000 USDT each, prices 100, unless a story says otherwise.
"""

import numpy as np
import pytest

from basisbt.core.rules import BASIS, DEFAULT, DIRECTIONAL, RECOVERY, SETTLEMENT_GAP
from basisbt.core.rules import COLLATERAL as DEPEGGED
from basisbt.core.rules import SPREAD as SPREAD_PAID
from basisbt.events import (
    CircuitBreaker, Depeg, ExpiryVolatility, ForcedSettlement, Liquidity, NonConvergence, Outage, PriceLimit, Squeeze,
    VenueClosure, VenueDefault, WithdrawalFreeze, make_overlay,
)  # fmt: skip
from tests.support.worlds import (
    HOUR, PERP, SPOT, START, USDT, A, B, COIN, Desk, coin_perpetual, future, perpetual, spot, world,
)  # fmt: skip

FLAT = [100.0] * 8


def at(hours):
    return START + int(hours * HOUR)


def eventful(*events, order=5.0, **given):
    """A desk whose world has typed events; long `order` of spot, short as many, from the first open, bar 0 done."""
    w = world(**{"bars": 8, **given})
    overlay = make_overlay(events, w.panel.time, w.rules.seconds)
    desk = Desk(w.without(overlay=overlay, events=events))
    if order:
        desk.order(SPOT, order)
        desk.order(PERP, -order)
        desk.step()
    return desk


def outage(venue, instruments, first, last, **more):
    return Outage("o", venue, at(first), at(last), instruments, **more)


# Outages, by scope.


def test_a_venue_that_is_down_rejects_orders_and_the_other_one_fills_them():
    desk = eventful(outage(B, (PERP,), 1, 3))
    for _ in range(3):
        desk.order(SPOT, 1.0)
        desk.order(PERP, -1.0)
        desk.step()
    assert desk.outcomes()[2:] == ["filled", "venue_outage"] * 2 + ["filled", "filled"]  # bars 1, 2; up again in bar 3
    assert desk.position(SPOT) == 8.0 and desk.position(PERP) == -6.0


def test_an_order_may_wait_and_trades_at_the_first_open_after_the_end():
    # Sold at the open of bar 3, 90, not at the 100 of the bar it was given for.
    path = {SPOT: [100, 100, 95, 90], PERP: [100, 100, 95, 90]}
    desk = eventful(outage(B, (PERP,), 1, 3, queues=True), prices=path)
    desk.order(PERP, -1.0)
    desk.step(3)
    assert [ticket[:4] for ticket in desk.tickets()][2:] == [(PERP, "filled", -1.0, 90.0)]


def test_an_order_with_a_price_does_not_wait_and_come_back_without_it():
    # A limit sale at 100 that matched in bar 1 is refused; it must not sell at the 90 of bar 3.
    path = {SPOT: [100, 100, 95, 90], PERP: [100, 100, 95, 90]}
    desk = eventful(outage(B, (PERP,), 1, 3, queues=True), prices=path)
    desk.order(PERP, -1.0, price=100.0, bound=100.0)
    desk.step(3)
    assert desk.outcomes()[2:] == ["venue_outage"] and desk.position(PERP) == -5.0


def test_funding_and_liquidation_go_on_while_nothing_can_be_traded():
    # Short 20 from 100 with 1,000: dead at (1,000 + 2,000) / (20 x 1.01) = 148.5; 150 is reached in bar 1.
    path = {SPOT: [100, 100], PERP: [100, (100, 150, 100, 150)]}
    desk = eventful(outage(B, (PERP,), 1, 4), order=0, prices=path, funding={PERP: {1: 0.001}})
    desk.order(PERP, -20.0)
    desk.step(2)
    assert desk.postings(2)[0][1] == pytest.approx(20 * 100 * 0.001)  # FUNDING
    assert desk.outcomes()[-1] == "liquidation"


def test_where_the_liquidation_engine_is_down_too_the_account_dies_at_the_first_open_after():
    # 150 in bars 1 and 2, nobody looks; bar 3 opens at 160, beyond 148.5: closed there. 1,000 - 20 x 60 = -200: the fund.
    path = {SPOT: [100] * 8, PERP: [100, (100, 150, 100, 150), 150, 160]}
    desk = eventful(outage(B, (PERP,), 1, 3, spares=True), order=0, prices=path)
    desk.order(PERP, -20.0)
    desk.step(3)
    assert desk.position(PERP) == -20.0
    desk.step()
    assert desk.tickets()[-1][:4] == (PERP, "liquidation", 20.0, 160.0) and desk.fund_paid(B) == pytest.approx(200.0)


def test_transfers_wait_while_they_are_down_both_ways():
    # Sent at bar 1 to B, whose transfers are down from bar 2 to 4: due at bar 2, arrives at bar 4. Nothing leaves B.
    desk = eventful(outage(B, (), 2, 4, transfers=True))
    desk.withdraw(A, B, 100.0)
    desk.step(2)
    assert desk.in_transit(A) == 100.0
    desk.withdraw(B, A, 100.0)
    desk.withdraw(A, B, 50.0)
    desk.step()
    assert desk.outcomes()[2:] == ["withdrawals_frozen", "deposits_shut"]
    desk.step()
    assert desk.in_transit(A) == 0.0 and desk.wallet(B) == 1100.0


def test_an_outage_over_an_expiry_does_not_stop_the_settlement():
    legs = (spot(A), future(B, expiry=at(2)))
    desk = eventful(outage(B, (1,), 1, 5), legs=legs, prices={0: [100, 100, 104], 1: [105, 105, 104]})
    desk.step(2)
    assert desk.outcomes()[-1] == "settled" and desk.position(1) == 0.0
    assert desk.wallet(B) == pytest.approx(1000.0 + 5 * 1.0)


# Thin books.


def test_spreads_widen_and_come_back_by_half_lives():
    # 10 bp half-spread, 16 times as wide, half-life one bar: 16, 4, 2 (the logarithm halves). Selling 1 at 100 each bar.
    desk = eventful(Liquidity("thin", at(1), None, (PERP,), 16.0, 1.0, HOUR), spread=0.001)
    paid = [desk.line(SPREAD_PAID)]
    for _ in range(3):
        desk.order(PERP, -1.0)
        desk.step()
        paid.append(desk.line(SPREAD_PAID))
    assert -np.diff(paid) == pytest.approx([1.6, 0.4, 0.2])


def test_depth_takes_less_of_an_order_and_at_more_impact():
    # A bar of 1,000 units at a tenth of its depth takes 10 % of 100 = 10 of 30; impact grows by sqrt(10).
    more = {"volume_share": np.array([np.inf, 0.1])}
    desk = eventful(Liquidity("thin", at(1), at(3), (PERP,), 1.0, 0.1), more=more, deposits={A: 1e4, B: 1e5}, order=0)
    desk.step()
    desk.order(PERP, -30.0)
    desk.step()
    assert desk.position(PERP) == pytest.approx(-10.0)
    wide = {SPOT: [100] * 8, PERP: [(100, 102, 98, 100)] * 8}
    law = {"impact": np.array([0.0, 1.0]), "impact_bars": np.array([1, 4])}
    cost = []
    for events in ((), (Liquidity("thin", at(4), None, (PERP,), 1.0, 0.1),)):
        desk = eventful(*events, more=law, prices=wide, order=0, deposits={A: 1e4, B: 1e5})
        desk.step(4)
        desk.order(PERP, -10.0)
        desk.step()
        cost.append(desk.line(5))  # IMPACT
    assert cost[1] / cost[0] == pytest.approx(np.sqrt(10.0)) and cost[0] < 0.0


# Depegs.


def test_a_global_depeg_keeps_dollar_prices_and_reprices_what_is_held():
    # USDT at 0.8: spot trades at 125, the short of 5 from 100 loses 125 USDT = 100 USD, 500 + 1,000 USDT lose 300 USD
    # and are 1,200; the coins are worth 500 USD as before.
    desk = eventful(Depeg("peg", USDT, at(1), 0.8))
    desk.step()
    assert desk.machine.tape.prices[0].tolist() == [125.0, 125.0]
    assert desk.marked == pytest.approx((500 + 1000 - 5 * 25) * 0.8 + 500)
    assert desk.line(DEPEGGED) == pytest.approx(desk.marked - 2000.0) and desk.line(DIRECTIONAL) == pytest.approx(0.0)


def test_a_peg_that_comes_back_takes_nothing():
    desk = eventful(Depeg("peg", USDT, at(1), 0.8, end=at(3)))
    desk.step(4)
    assert desk.marked == pytest.approx(2000.0)


def test_a_depeg_while_the_short_wins_hits_what_it_won():
    # 100 -> 80 wins 100 USDT; then USDT at 0.5: spot 160 USDT. Wallets 500 + 1,000, short: 5 x (100 - 160) = -300 USDT.
    path = {SPOT: [100, 80], PERP: [100, 80]}
    desk = eventful(Depeg("peg", USDT, at(2), 0.5), prices=path, index={0: [100, 80]})
    desk.step()
    assert desk.marked == pytest.approx(2000.0)
    desk.step()
    assert desk.marked == pytest.approx((1500 - 300) * 0.5 + 5 * 80)


def test_a_local_depeg_reprices_collateral_at_that_venue_only_and_kills_the_account():
    # B counts USDT at 0.65 (USDe at Binance, 2025-10-10): 1,000 count 650. Short 60 of 100: maintenance 60, no loss:
    # alive. At 0.05: 50 < 60: liquidated at 100. Nothing is lost but the hedge.
    alive = eventful(Depeg("local", USDT, at(1), 0.65, place=B * 3 + USDT), order=0)
    dead = eventful(Depeg("local", USDT, at(1), 0.05, place=B * 3 + USDT), order=0)
    for desk in (alive, dead):
        desk.order(PERP, -40.0)
        desk.step()
        desk.step(2)
    assert alive.position(PERP) == -40.0 and alive.marked == pytest.approx(2000.0)
    assert alive.machine.book.margin[alive.t, B, 0] == pytest.approx(650.0)
    dead = eventful(Depeg("local", USDT, at(1), 0.03, place=B * 3 + USDT), order=0)
    dead.order(PERP, -40.0)
    dead.step(2)
    assert dead.position(PERP) == 0.0 and dead.marked == pytest.approx(2000.0)


# Limits, halts, wild settlements.


def test_at_its_limit_a_price_takes_orders_of_one_side_only():
    desk = eventful(PriceLimit("limit", at(1), at(2), (PERP,), buys=True))
    desk.order(PERP, 1.0)
    desk.order(PERP, -1.0)
    desk.step()
    desk.order(PERP, 1.0)
    desk.step()
    assert desk.outcomes()[2:] == ["price_limit", "filled", "filled"]


def test_a_move_halts_trading_for_a_while():
    # Bar 1 falls from 100 to 89: 11 % >= 10 %: bars 2 and 3 are halted (two hours from its close), bar 4 trades.
    path = {SPOT: [100] * 8, PERP: [100, (100, 100, 89, 90), 90]}
    desk = eventful(CircuitBreaker("halt", at(0), None, (PERP,), 0.10, 2 * HOUR), prices=path)
    for _ in range(4):
        desk.order(PERP, -1.0)
        desk.step()
    assert desk.outcomes()[2:] == ["filled", "trading_halted", "trading_halted", "filled"]


def test_around_a_settlement_extremes_reach_further():
    # Short 20, dead at 148.5: the bar's high of 140 is not there, 8 % more, 151.2, is.
    path = {SPOT: [100] * 8, PERP: [100, (100, 140, 100, 100)]}
    calm = eventful(order=0, prices=path)
    wild = eventful(ExpiryVolatility("expiry", at(1), at(2), (PERP,), 0.08), order=0, prices=path)
    for desk in (calm, wild):
        desk.order(PERP, -20.0)
        desk.step(2)
    assert calm.position(PERP) == -20.0 and wild.outcomes()[-1] == "liquidation"


# Contracts and venues that end.


def test_a_delisting_settles_at_the_index_and_nothing_trades_afterwards():
    # LUNA, 2022-05-13. The perpetual is at 60, the index at 50: short 5 from 100 is settled at 50.
    path = {SPOT: [100, 50], PERP: [100, 60]}
    desk = eventful(ForcedSettlement("luna", at(1), (PERP,)), prices=path, index={0: [100, 50]})
    desk.step()
    desk.order(PERP, -1.0)
    desk.step()
    assert desk.wallet(B) == pytest.approx(1250.0) and desk.outcomes()[2:] == ["settled", "venue_outage"]
    assert desk.line(SETTLEMENT_GAP) == 0.0


def test_an_administrative_price_is_what_the_venue_says():
    # JELLY, 2025-03-26: settled at 70 where the index is 110: the short wins 30 a unit, 40 of it against the index.
    path = {SPOT: [100, 110], PERP: [100, 110]}
    desk = eventful(ForcedSettlement("jelly", at(1), (PERP,), price=70.0), prices=path)
    desk.step()
    assert desk.wallet(B) == pytest.approx(1000.0 + 5 * 30.0)
    assert desk.line(SETTLEMENT_GAP) == pytest.approx(5 * 40.0)


def test_a_venue_that_closes_lets_positions_shrink_then_settles_them_and_pays_out():
    event = VenueClosure("bitmex", B, at(1), at(4), (PERP,), (PERP,))
    desk = eventful(event)
    desk.order(PERP, -1.0)
    desk.order(PERP, 1.0)
    desk.withdraw(A, B, 10.0)
    desk.step()
    assert desk.outcomes()[2:] == ["reduce_only", "filled", "deposits_shut"]
    desk.step(3)
    assert desk.outcomes()[-1] == "settled" and desk.position(PERP) == 0.0
    desk.withdraw(B, A, 500.0)
    desk.step(2)
    assert desk.wallet(A) == pytest.approx(1000.0)


# Prices that leave the world's.


def test_a_trapped_venues_prices_leave_the_index_over_days():
    # Mt. Gox: to -80 % over four bars; 5 coins there are worth 80, 60, 40, 20 of 100 each; all of it basis.
    event = NonConvergence("gox", SPOT, at(0), -0.8, over=4 * HOUR)
    desk = eventful(event, order=0)
    desk.order(SPOT, 5.0)
    desk.step()
    found = [desk.marked]
    for _ in range(4):
        desk.step()
        found.append(desk.marked)
    assert found == pytest.approx([2000.0, 1900.0, 1800.0, 1700.0, 1600.0])
    assert desk.line(BASIS) == pytest.approx(-400.0) and desk.line(DIRECTIONAL) == pytest.approx(0.0)


def test_a_squeeze_takes_the_short_further_than_the_index():
    # +40 % over two bars and 10 % premium at the top: the perpetual is at 154, the index at 140. 20 short die at 148.5.
    event = Squeeze("squeeze", 0, at(1), 0.4, 2 * HOUR, 0, (PERP,), 0.10)
    desk = eventful(event, order=0)
    desk.order(PERP, -20.0)
    desk.step(4)
    assert desk.machine.tape.prices[0].tolist() == pytest.approx([140.0, 154.0])
    assert desk.tickets()[-1][:2] == (PERP, "liquidation") and desk.tickets()[-1][3] == pytest.approx(154.0)


# Claims: sold, carried at their bid, paid in kind.


def test_a_claim_is_sold_at_its_bid():
    event = VenueDefault("ftx", A, at(1), 1.0, None, bids=((at(1), 0.1), (at(3), 0.25)), sold_at=at(4))
    desk = eventful(event)
    desk.step(4)
    assert desk.line(DEFAULT) == pytest.approx(-1000.0) and desk.line(RECOVERY) == pytest.approx(250.0)
    assert desk.book.face[A] == 0.0 and desk.marked == pytest.approx(1250.0)


def test_a_claim_carried_at_its_bid_moves_with_it():
    event = VenueDefault("ftx", A, at(1), 1.0, at(5), bids=((at(1), 0.1), (at(3), 0.25)))
    desk = eventful(event, more={"by_bid": True})
    desk.step()
    assert desk.marked == pytest.approx(1100.0)
    desk.step(2)
    assert desk.marked == pytest.approx(1250.0)
    desk.step(2)
    assert desk.marked == pytest.approx(2000.0) and desk.line(DEFAULT) + desk.line(RECOVERY) == pytest.approx(0.0)


def test_coins_paid_in_kind_are_worth_what_they_are_then():
    # 500 USDT and 5 coins at 100 in the claim; half is paid when the coin is at 300: (500 + 1,500) / 2.
    path = {SPOT: [100, 100, 300], PERP: [100] * 3}
    event = VenueDefault("gox", A, at(1), 0.5, at(3), in_kind=True)
    desk = eventful(event, prices=path, index={0: [100, 100, 300]})
    desk.step(3)
    assert desk.line(RECOVERY) == pytest.approx(1000.0)


# Combinations.


def test_a_default_of_the_hub_sends_an_inbound_transfer_back():
    # 100 leave B for A at bar 1, due at bar 2, when A fails: back at B less the fee of 1.
    desk = eventful(VenueDefault("hub", A, at(2), 0.0), transfer_fee=1.0)
    desk.withdraw(B, A, 100.0)
    desk.step(2)
    assert desk.wallet(B) == pytest.approx(999.0) and desk.in_transit(B) == 0.0


def test_a_freeze_then_a_default_keeps_the_pending_withdrawal_at_the_venue():
    # 100 leave A at bar 1, are held by the freeze of bar 2, and belong to the claim when A fails in bar 4.
    events = WithdrawalFreeze("freeze", A, at(2)), VenueDefault("fail", A, at(4), 0.0)
    desk = eventful(*events)
    desk.withdraw(A, B, 100.0)
    desk.step(4)
    assert desk.book.face[A] == pytest.approx(1000.0) and desk.line(DEFAULT) == pytest.approx(-1000.0)


def test_the_venue_of_the_winning_leg_fails_and_the_winnings_are_its_own():
    # 100 -> 80: the short on B has won 100; B fails: claim 1,100, the spot on A has lost 100 and stands alone.
    path = {SPOT: [100, 80], PERP: [100, 80]}
    desk = eventful(VenueDefault("fail", B, at(1), 0.0), prices=path)
    desk.step()
    assert desk.book.face[B] == pytest.approx(1100.0) and desk.marked == pytest.approx(500.0 + 5 * 80.0)


def test_a_freeze_that_shuts_deposits_too_keeps_money_out():
    desk = eventful(WithdrawalFreeze("freeze", B, at(1), at(3), deposits_shut=True))
    desk.withdraw(A, B, 100.0)
    desk.step()
    assert desk.outcomes()[-1] == "deposits_shut"


def test_nothing_of_this_reaches_the_next_path():
    legs = (spot(A), perpetual(B))
    event = outage(B, (PERP,), 1, 3), Depeg("peg", USDT, at(1), 0.8), Liquidity("l", at(1), None, (PERP,), 2.0, 0.5)
    from basisbt.core.tape import CALM, blank

    desk = eventful(*event, legs=legs).step(3)
    blank(desk.machine.tape)
    assert desk.machine.tape.switch.sum() == 0 and (desk.machine.tape.factor == np.array(CALM)[:, None]).all()
    assert COIN == 1 and coin_perpetual().inverse
