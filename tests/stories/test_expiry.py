"""Dated futures: what they settle at, when, what that costs, and what is left of the pair."""

import numpy as np
import pandas as pd
import pytest

import basisbt
from basisbt.core.rules import BASIS, DIRECTIONAL, FEE, FUNDING, SETTLEMENT_GAP
from basisbt.core.tape import RESIDUAL
from tests.support.worlds import A, B, COIN, HOUR, START, Desk, Failure, Happening, future, spot, world

SPOT, DATED = 0, 1


def dated_desk(prices, futures, hours=2, seconds=HOUR, **given):
    """Spot on A, a future on B that expires `hours` after the start."""
    legs = (spot(A), future(B, expiry=START + int(hours * HOUR)))
    return Desk(world(legs=legs, bars=len(prices), seconds=seconds, prices={SPOT: prices, DATED: futures}, **given))


def test_it_settles_at_the_index_of_its_expiry_less_the_delivery_fee():
    """G144, Binance: short 1 from 70,000, settled at 68,000: 2,000 less 0.05 % of 68,000, 34. Its own price of 71,000
    does not matter any more: the basis of 2,000 it was sold at is earned whole."""
    money = {A: 70_000.0, B: 70_000.0}
    desk = dated_desk([68_000.0] * 4, [70_000.0, 69_000.0, 71_000.0, 71_000.0], delivery_fee=0.0005, deposits=money)
    desk.order(DATED, -1.0)
    desk.step(2)
    assert desk.position(DATED) == -1.0 and desk.wallet(B) == 70_000.0
    desk.step()
    assert desk.position(DATED) == 0.0 and desk.outcomes() == ["filled", "settled"]
    assert desk.wallet(B) == pytest.approx(70_000.0 + 2_000.0 - 34.0)
    assert (desk.line(BASIS), desk.line(FEE)) == (pytest.approx(2_000.0), pytest.approx(-34.0))
    assert desk.line(DIRECTIONAL) == 0.0 and desk.marked == pytest.approx(141_966.0)


def test_with_short_bars_it_settles_at_the_mean_of_the_window():
    """Ten-minute bars that close at 90, 96 and 102 before expiry: 96, though the index then opens at 130."""
    prices = [100.0, 100.0, 100.0, 90.0, 96.0, 102.0, 130.0]
    desk = dated_desk(prices, [100.0] * 7, hours=1, seconds=600, window=1800)
    desk.order(DATED, -5.0)
    desk.step(7)
    assert desk.outcomes() == ["filled", "settled"]
    assert desk.wallet(B) == pytest.approx(1000.0 + 5.0 * (100.0 - 96.0))


def test_nothing_trades_after_expiry_and_the_other_leg_stands():
    desk = dated_desk([100.0] * 4, [101.0] * 4)
    desk.order(SPOT, 2.0)
    desk.order(DATED, -2.0)
    desk.step(2)
    desk.order(DATED, -1.0)  # decided at the close before, filled at the expiry: too late
    desk.step()
    assert desk.outcomes() == ["filled", "filled", "settled", "expired"]
    assert desk.position(SPOT) == 2.0 and desk.book.held[0].tolist() == [2.0, 0.0]


def test_an_expiry_inside_a_bar_settles_at_the_next_open():
    desk = dated_desk([100.0, (100.0, 120.0, 100.0, 120.0), 125.0], [100.0] * 3, hours=1.5)
    desk.order(DATED, 1.0)
    desk.step(2)
    assert desk.position(DATED) == 1.0
    desk.step()
    assert desk.wallet(B) == pytest.approx(1025.0)


def test_a_default_at_the_same_instant_comes_first():
    desk = dated_desk([100.0] * 4, [110.0] * 4, events=(Failure(B, 2, 0.0),))
    desk.order(DATED, -1.0)
    desk.step(3)
    assert desk.outcomes() == ["filled", "default"]


def test_an_inverse_future_pays_its_fee_in_coin():
    """G145, Bybit: 10,000 USD settled at 10,600, 0.05 %: 0.00047169(8) coins, printed cut off."""
    legs = (spot(A), future(A, expiry=START + HOUR, inverse=True))
    w = world(legs=legs, bars=2, prices={0: [10_600.0] * 2, 1: [10_600.0] * 2}, counted={A: 1.0},
              deposits={A: 10_600.0}, delivery_fee=0.0005)  # fmt: skip
    desk = Desk(w)
    desk.order(SPOT, 1.0)
    desk.order(DATED, -10_000.0)
    desk.step(2)
    assert desk.postings(FEE)[-1] == (1.0, pytest.approx(-0.00047169, abs=1e-8))
    assert desk.wallet(A, COIN) == pytest.approx(1.0 - 0.00047169, abs=1e-8)
    assert desk.line(FUNDING) == 0.0 and desk.line(DIRECTIONAL) + desk.line(BASIS) == pytest.approx(0.0, abs=1e-9)


def test_a_basis_that_is_left_at_settlement_is_a_line_of_its_own():
    """G144 with 1 % left: short 1 settles at 68,680, not at 68,000: 680 of gap, and 0.05 % of 68,680, 34.34."""
    money = {A: 70_000.0, B: 70_000.0}
    desk = dated_desk([68_000.0] * 4, [70_000.0] * 4, delivery_fee=0.0005, deposits=money, events=[Happening(RESIDUAL, DATED, 1, 0.01)])
    desk.order(DATED, -1.0)
    desk.step(3)
    assert desk.line(SETTLEMENT_GAP) == pytest.approx(-680.0) and desk.line(BASIS) == pytest.approx(2_000.0)
    assert desk.wallet(B) == pytest.approx(70_000.0 + 2_000.0 - 680.0 - 34.34)
    assert [ticket[3] for ticket in desk.tickets()] == [70_000.0, pytest.approx(68_680.0)]


def test_of_an_inverse_contract_the_gap_is_in_coin():
    """Short 10,000 USD from 10,000, index 10,000, 2 % left: settled at 10,200: 10,000/10,200 - 1 = -0.0196078 coins."""
    legs = (spot(A), future(A, expiry=START + HOUR, inverse=True))
    w = world(legs=legs, bars=2, prices={0: [10_000.0] * 2, 1: [10_000.0] * 2}, counted={A: 1.0},
              deposits={A: 10_000.0}, events=[Happening(RESIDUAL, DATED, 0, 0.02)])  # fmt: skip
    desk = Desk(w)
    desk.order(SPOT, 1.0)
    desk.order(DATED, -10_000.0)
    desk.step(2)
    assert desk.wallet(A, COIN) == pytest.approx(1.0 + 10_000 / 10_200 - 1.0)
    assert desk.line(SETTLEMENT_GAP) == pytest.approx((10_000 / 10_200 - 1.0) * 10_000)


def write_series(folder, symbol, close):
    """Hourly bars from 2024-01-01 on that open where the one before closed."""
    start = np.concatenate([close[:1], close[:-1]])
    bars = {"open": start, "high": np.maximum(start, close), "low": np.minimum(start, close), "close": close}
    time = pd.date_range("2024-01-01", periods=close.size, freq="1h", tz="UTC")
    (folder / "binance" / symbol).mkdir(parents=True, exist_ok=True)
    pd.DataFrame({"timestamp": time, **bars, "volume": 100.0}).to_csv(folder / "binance" / symbol / "trade_1h.csv")


def quarterly(tmp_path, tail="none"):
    """A carry sold 3 % over spot with 45 % of a million, spot and the contract moving as they like."""
    hours, life = np.arange(2280), 88 * 24 + 8
    price = 40_000.0 * np.exp(np.cumsum(np.random.default_rng(0).normal(0.0, 0.003, hours.size)))
    premium = 1.0 + 0.03 * np.clip(life - hours, 0, None) / life
    write_series(tmp_path, "BTC-USDT", price)
    write_series(tmp_path, "BTC-USDT_USDT-240329", (price * premium)[:life])
    text = (
        "schema: 1\nname: dated\ncapital: 1_000_000 USDT\n"
        "data: {dir: ., window: [2024-01-01, 2024-04-05], timeframe: 1h}\n"
        "venues: {binance: {preset: none, fees: none, spread: none, tiers: {default: [{floor: 0, mmr: 1%, "
        "max_leverage: 50x}]}}}\n"
        "pairs: {btc: {long: {venue: binance, symbol: BTC/USDT}, "
        "short: {venue: binance, symbol: 'BTC/USDT:USDT-240329', leverage: 1x}}}\n"
        "strategy: {use: static_carry, params: {notional: 45%}}\n"
    )
    (tmp_path / "run.yaml").write_text(text + f"tail: {tail}\n")
    return basisbt.run(tmp_path / "run.yaml", engine="backtrader")


def test_a_carry_on_a_quarterly_contract_earns_the_basis_it_sold(tmp_path):
    """13,500 when it settles on 2024-03-29 08:00, whatever spot does."""
    done = quarterly(tmp_path)
    assert done.metrics["attribution"]["basis"] == pytest.approx(13_500.0, rel=2e-3)
    settled = done.events[done.events["event"] == "settlement"]
    assert settled["time"].astype(str).tolist() == ["2024-03-29 08:00:00+00:00"]


EVENT = "{{script: {{gap: {{event: non_convergence, venue: binance, symbol: '{}', at: {}, gap: 0%, {}residual: 1%}}}}}}"


def test_a_gap_that_is_left_at_settlement_costs_the_short_so_much(tmp_path):
    """1 % of what is settled; an event that has ended before the settlement leaves nothing."""
    symbol = "BTC/USDT:USDT-240329"
    done = quarterly(tmp_path, EVENT.format(symbol, "2024-03-28", ""))
    settled = done.fills[done.fills["status"] == "settled"].iloc[0]
    gap = done.metrics["attribution"]["settlement_gap"]
    assert gap == pytest.approx(-0.01 / 1.01 * settled["quantity"] * settled["price"])
    assert done.metrics["tail_cost"]["non_convergence"] == pytest.approx(-gap)
    calm = quarterly(tmp_path / "calm", EVENT.format(symbol, "2024-03-01", "for: 5d, "))
    assert calm.metrics["attribution"]["settlement_gap"] == 0.0


def test_what_is_never_settled_has_no_residual(tmp_path):
    with pytest.raises(basisbt.errors.ConfigError, match="no pair trades derivative|is never settled"):
        quarterly(tmp_path, EVENT.format("BTC/USDT:USDT", "2024-03-28", ""))
