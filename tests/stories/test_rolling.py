"""Contracts by rule: the quarterly future, rolled before it expires (MODEL.md section 4.2).

Two contracts: the old one 2 % over spot and falling to it, the next one 5 % over. Bars of an hour.
"""

import numpy as np
import pandas as pd
import pytest

import basisbt
from basisbt.core.rules import BASIS, DIRECTIONAL, FEE, SPREAD
from basisbt.market.instruments import parse_symbol, quarter_end
from tests.support.worlds import COIN, DAY, HOUR, A, Desk, future, spot, world


def rolling(position, old, new, inverse=False, at=3, **changes):
    """A desk with a position in a contract at `old` that moves on to one at `new` in bar `at`."""
    legs = (spot(A), future(A, inverse=inverse))
    prices = {0: [100.0] * 8, 1: [old] * at + [new] * (8 - at)}
    given = dict(legs=legs, bars=8, prices=prices, deposits={A: 2000.0}, counted={A: 1.0} if inverse else {}, more={"rolls": True})
    w = world(**given | changes)
    terms = np.array([[old, 1.0, 1.0, old, new]])
    panel = w.panel._replace(roll_row=np.array([at]), roll_instrument=np.array([1]), roll_terms=terms)
    desk = Desk(w.without(panel=panel))
    if inverse:
        desk.order(0, 10.0)
        desk.step()
    desk.order(1, position)
    return desk


def test_a_roll_sells_at_the_old_price_and_opens_at_the_new_one():
    """Short 5 at 102, rolled at 102 into one at 105: nothing gained or lost by the step of 3."""
    desk = rolling(-5.0, 102.0, 105.0).step(8)
    assert desk.position(1) == -5.0 and desk.book.entry[1] == 105.0
    assert desk.marked == 2000.0
    assert [(outcome, quantity, price) for _, outcome, quantity, price, *_ in desk.tickets()][1:] == [
        ("rolled", 5.0, 102.0), ("rolled", -5.0, 105.0)
    ]  # fmt: skip


def test_what_a_roll_costs_is_two_fees_and_two_half_spreads():
    """5 at 102 and 5 at 105: 10 bp fee, 2 bp half-spread on 510 and on 525, beside those of the entry on 510."""
    desk = rolling(-5.0, 102.0, 105.0, fee=0.001, spread=0.0002).step(8)
    assert desk.line(FEE) == pytest.approx(-0.001 * (510 + 510 + 525))
    assert desk.line(SPREAD) == pytest.approx(-0.0002 * (510 + 510 + 525))


def test_the_basis_of_either_contract_shows_as_basis():
    """Sold at 102, bought back at 100 in the roll, sold at 105: 10 of basis, no direction."""
    w = {1: [102.0, 102.0, (102.0, 102.0, 100.0, 100.0)] + [105.0] * 5}
    desk = rolling(-5.0, 100.0, 105.0, prices={0: [100.0] * 8, **w}).step(8)
    assert desk.line(BASIS) == pytest.approx(10.0) and desk.line(DIRECTIONAL) == pytest.approx(0.0)


def test_an_inverse_roll_hedges_as_many_coins_as_before():
    """1,020 USD short at 102 hedge 10 coins; at 105 it takes 1,050 USD."""
    desk = rolling(-1020.0, 102.0, 105.0, inverse=True).step(7)
    assert desk.position(1) == pytest.approx(-1050.0)
    assert desk.wallet(A, COIN) == pytest.approx(10.0)


def in_two(position, inverse=False, **changes):
    """A desk whose contract at 102 moves on to one at 105 in two halves, in bars 3 and 5: between them it is worth
    what both are together, 103.5, the harmonic mean 2 / (1/102 + 1/105) of inverse ones."""
    both = 2 / (1 / 102 + 1 / 105) if inverse else 103.5
    desk = rolling(position, 102.0, 105.0, inverse, prices={0: [100.0] * 8, 1: [102.0] * 3 + [both] * 2 + [105.0] * 3}, **changes)
    terms = np.array([[102.0, 0.5, 1.0, 102.0, 105.0], [both, 0.5, 0.5, 102.0, 105.0]])
    panel = desk.world.panel._replace(roll_row=np.array([3, 5]), roll_instrument=np.array([1, 1]), roll_terms=terms)
    held = Desk(desk.world.without(panel=panel))
    if inverse:
        held.order(0, 10.0)
        held.step()
    held.order(1, position)
    return held


def test_a_roll_in_halves_trades_half_each_time_and_gains_nothing_by_itself():
    """Short 5: 2.5 bought at 102 and sold at 105, twice; fees on 255 and 262.5, twice."""
    desk = in_two(-5.0, fee=0.001).step(8)
    assert [(q, price) for _, outcome, q, price, *_ in desk.tickets() if outcome == "rolled"] == [
        (2.5, 102.0), (-2.5, 105.0), (2.5, 102.0), (-2.5, 105.0)
    ]  # fmt: skip
    assert desk.position(1) == -5.0 and desk.book.entry[1] == 105.0
    assert desk.line(FEE) == pytest.approx(-0.001 * (510 + 510 + 525)) and desk.line(BASIS) == pytest.approx(0.0)
    assert desk.marked == pytest.approx(2000.0 - 0.001 * (510 + 510 + 525))


def test_between_the_halves_both_contracts_count():
    """Short 5 from 102. With half gone on at 105, the old falls to 101 and the new to 103: the mean from 103.5 to 102:
    5 x 1.5 won. Then the rest moves on at 101 and 103, which gains nothing; at 103 it ends: nothing more."""
    desk = in_two(-5.0)
    terms = desk.world.panel.roll_terms.copy()
    terms[1] = [102.0, 0.5, 0.5, 101.0, 103.0]
    prices = desk.world.panel.prices.copy()
    for t, price in ((4, 102.0), (5, 103.0), (6, 103.0), (7, 103.0)):
        prices[t, :8, 1] = price
    prices[3, [2, 3, 6, 7], 1] = 102.0  # bar 3 falls from 103.5
    panel = desk.world.panel._replace(roll_terms=terms, prices=prices)
    desk = Desk(desk.world.without(panel=panel))
    desk.order(1, -5.0)
    desk.step(8)
    assert desk.marked == pytest.approx(2007.5) and desk.line(BASIS) == pytest.approx(7.5)


def test_an_inverse_roll_in_halves_keeps_the_coins_hedged():
    """1,020 USD short at 102 hedge 10 coins, at 105 it takes 1,050 USD; nothing is gained."""
    desk = in_two(-1020.0, True).step(7)
    assert desk.position(1) == pytest.approx(-1050.0) and desk.wallet(A, COIN) == pytest.approx(10.0)
    assert desk.book.held[0, 1] == pytest.approx(-10.0)


def test_the_quarter_ends_on_a_friday():
    ends = {day: quarter_end(parse_symbol("x", f"BTC/USDT:USDT-{day}").expiry) for day in ("240329", "240322", "240426", "240628")}
    assert ends == {"240329": True, "240322": False, "240426": False, "240628": True}


def write(folder, symbol, first, close):
    """Hourly bars from `first` on."""
    start = np.concatenate([close[:1], close[:-1]])
    bars = {"open": start, "high": np.maximum(start, close), "low": np.minimum(start, close), "close": close}
    time = pd.date_range(first, periods=close.size, freq="1h", tz="UTC")
    (folder / "binance" / symbol).mkdir(parents=True)
    pd.DataFrame({"timestamp": time, **bars, "volume": 100.0}).to_csv(folder / "binance" / symbol / "trade_1h.csv")


def quarterlies(tmp_path, roll_rule):
    """The run of a carry on two quarterly contracts, from files. Spot at 100. The March contract falls from 102 to
    100.25 by 2024-03-24 08:00 and to 100, the June one falls from 104 over 103 then to 102 at the end."""
    total = (pd.Timestamp("2024-04-20", tz="UTC") - pd.Timestamp("2024-01-01", tz="UTC")) // pd.Timedelta("1h")
    roll = (pd.Timestamp("2024-03-24T08:00", tz="UTC") - pd.Timestamp("2024-01-01", tz="UTC")) // pd.Timedelta("1h")
    march = np.interp(np.arange(roll + 5 * 24), [0, roll - 1, roll + 5 * 24], [102.0, 100.25, 100.0])
    june = np.interp(np.arange(total - 500), [0, roll - 1 - 500, total - 501], [104.0, 103.0, 102.0])
    write(tmp_path, "BTC-USDT", "2024-01-01", np.full(total, 100.0))
    write(tmp_path, "BTC-USDT_USDT-240329", "2024-01-01", march)
    write(tmp_path, "BTC-USDT_USDT-240628", pd.Timestamp("2024-01-01") + pd.Timedelta(hours=500), june)  # listed later
    text = (
        "schema: 1\nname: rolled\ncapital: 100_000 USDT\n"
        "data: {dir: ., window: [2024-01-02, 2024-04-20], timeframe: 1h}\n"
        "venues: {binance: {preset: none, fees: {spot_taker: 0, taker: 5bps, liquidation: 0, delivery: 0}, spread: none, "
        "tiers: {default: [{floor: 0, mmr: 1%, max_leverage: 50x}]}}}\n"
        "pairs: {btc: {long: {venue: binance, symbol: BTC/USDT}, short: {venue: binance, symbol: 'BTC/USDT:USDT', "
        "leverage: 1x, contract: quarter, roll: ROLL}}}\n"
        "strategy: {use: static_carry, params: {quantity: 300}}\ntail: none\n"
    )
    (tmp_path / "run.yaml").write_text(text.replace("ROLL", roll_rule))
    return basisbt.run(tmp_path / "run.yaml", engine="backtrader"), march, june


def test_a_carry_on_quarterlies_from_files_rolls_five_days_before(tmp_path):
    """Of 300 coins, sold at about 102, rolled from 100.25 to 103: 300 * 1.75 + 300 * 1 of basis."""
    done, *_ = quarterlies(tmp_path, "{before: 5d, to: next_quarter}")
    fills = done.fills[done.fills["symbol"] == "BTC/USDT:USDT-quarter"]
    assert fills["status"].tolist() == ["filled", "rolled", "rolled"]
    assert fills["time"].astype(str).tolist()[1:] == ["2024-03-24 08:00:00+00:00"] * 2
    sold, bought, again = fills["price"]
    assert (bought, again) == (pytest.approx(100.25), pytest.approx(103.0))
    lines = done.metrics["attribution"]
    assert lines["basis"] == pytest.approx(300.0 * (sold - bought) + 300.0 * (again - 102.0))
    assert lines["fee"] == pytest.approx(-5e-4 * 300.0 * (sold + bought + again))
    assert lines["directional"] == 0.0 and DAY // HOUR == 24


def test_a_roll_over_a_day_takes_equal_parts_at_each_open(tmp_path):
    """24 hourly parts of 12.5 coins from 2024-03-24 08:00 on: each is bought at the March contract's open of that hour
    and sold at the June one's; basis: what each coin was sold for, less what it was bought for, over both contracts."""
    done, march, june = quarterlies(tmp_path, "{before: 5d, over: 1d, to: next_quarter}")
    fills = done.fills[done.fills["status"] == "rolled"]
    assert len(fills) == 48 and fills["quantity"].to_numpy() == pytest.approx(12.5)
    start = (pd.Timestamp("2024-03-24T08:00", tz="UTC") - pd.Timestamp("2024-01-01", tz="UTC")) // pd.Timedelta("1h")
    hours = np.arange(start, start + 24)
    bought, again = march[hours - 1], june[hours - 500 - 1]  # an hour opens where the last one closed
    assert fills["price"].to_numpy()[0::2] == pytest.approx(bought)
    assert fills["price"].to_numpy()[1::2] == pytest.approx(again)
    sold, lines = done.fills["price"][done.fills["symbol"] == "BTC/USDT:USDT-quarter"].iloc[0], done.metrics["attribution"]
    assert lines["basis"] == pytest.approx(300 * sold - 12.5 * bought.sum() + 12.5 * again.sum() - 300 * 102.0)
    assert lines["fee"] == pytest.approx(-5e-4 * (300 * sold + 12.5 * bought.sum() + 12.5 * again.sum()))


def test_a_roll_that_would_outlast_its_contract_is_refused(tmp_path):
    with pytest.raises(basisbt.errors.ConfigError, match="'over' is longer than 'before'"):
        quarterlies(tmp_path, "{before: 5d, over: 6d}")
