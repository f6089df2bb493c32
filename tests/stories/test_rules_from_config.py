"""The rules of real exchanges asked for in a config: accounts, borrowed legs, formulas, sizes, limits.

Flat or straight made-up prices, hourly, from 2024-01-01 on, so that the arithmetic fits beside each story.
"""

import csv
from datetime import UTC, datetime, timedelta

import pytest

import basisbt

START = datetime(2024, 1, 1, tzinfo=UTC)
HOURS = 24 * 10
TIERS = "tiers: {default: [{floor: 0, mmr: 1%, max_leverage: 50}]}"
CONFIG = """
schema: 1
name: rules
capital: 100_000 USDT
data: {{dir: data, window: [2024-01-01, 2024-01-11], timeframe: 1h, gaps: {{max: 1d}}}}
venues: {venues}
pairs: {{btc: {{long: {long}, short: {short}}}}}
strategy: {{use: {use}, params: {{{params}}}}}
{more}
tail: none
"""


def write(folder, place, rows, header="timestamp,open,high,low,close,volume"):
    """One CSV series; rows: one tuple an hour."""
    path = folder / "data" / f"{place}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(header.split(","))
        out.writerows([(START + timedelta(hours=h)).isoformat(), *row] for h, row in rows)


def flat(folder, place, price=100.0, volume=1000.0):
    """A price that does not move."""
    write(folder, place, [(h, (price, price, price, price, volume)) for h in range(HOURS)])


def straight(folder, place, slope, start=100.0):
    """A price that gains `slope` an hour, every bar from its open to its close."""
    bars = [(start + slope * h, start + slope * (h + 1)) for h in range(HOURS)]
    write(folder, place, [(h, (a, max(a, b), min(a, b), b, 1000.0)) for h, (a, b) in enumerate(bars)])


def rates(folder, venue, rate, every=8):
    """Funding every so many hours."""
    write(folder, f"{venue}/BTC-USDT_USDT/funding", [(h, (rate,)) for h in range(0, HOURS, every)], "timestamp,funding_rate")


def run(folder, venues, long, short, use="static_carry", params="notional: 50%", more=""):
    """A config's result, through Backtrader."""
    file = folder / "run.yaml"
    file.write_text(CONFIG.format(venues=venues, long=long, short=short, use=use, params=params, more=more))
    return basisbt.run(file, engine="backtrader")


SPOT, SHORT = "{venue: a, symbol: BTC/USDT}", '{venue: a, symbol: "BTC/USDT:USDT", leverage: 5x}'
FREE = "preset: none, fees: none, spread: none"


def one_venue(folder, slope):
    """Spot and perpetual of venue a on a straight line."""
    for place in ("a/BTC-USDT/trade_1h", "a/BTC-USDT_USDT/trade_1h", "a/BTC-USDT_USDT/mark_1h"):
        straight(folder, place, slope)
    rates(folder, "a", 0.0)


@pytest.mark.parametrize("account", ["unified", "classic"])
def test_a_rally_kills_the_short_of_a_classic_account_and_not_of_a_unified_one(tmp_path, account):
    """Prices rise from 100 to 340; half of 100,000 is hedged, 495 coins at 101. Unified, coins count for 90 %: enough.
    Classic at 5x: 10,000 - 495 (L - 101) = 495 L 1 %. The spot account has more than enough, and cannot help."""
    one_venue(tmp_path, 1.0)
    done = run(tmp_path, f"{{a: {{{FREE}, account: {account}, collateral: {{BTC: 90%}}, {TIERS}}}}}", SPOT, SHORT)
    dead = done.fills[done.fills["reason"] == "liquidation"]
    assert done.metrics["liquidations"] == (1 if account == "classic" else 0)
    if account == "classic":
        units = 50_000.0 / 101.0  # decided at the first close
        assert dead["price"].iloc[0] == pytest.approx((units * 101.0 / 5.0 + units * 101.0) / (units * 1.01))
        names = set(done.journal["source"]) | set(done.journal["target"])
        assert {"a spot", "a linear USDT"} <= names


def test_keeping_the_leverage_saves_the_classic_account(tmp_path):
    """The same rally: `cash_and_carry` brings margin from the spot account whenever leverage leaves its band."""
    one_venue(tmp_path, 0.05)
    rates(tmp_path, "a", 0.001)
    params = "enter_above: 1%, exit_below: -100%, lookback: 1, notional: 50%, drift: 500%"
    done = run(tmp_path, f"{{a: {{{FREE}, account: classic, {TIERS}}}}}", SPOT,
               '{venue: a, symbol: "BTC/USDT:USDT", leverage: 20x}', use="cash_and_carry", params=params)  # fmt: skip
    moved = done.journal[(done.journal["kind"] == "transfer") & (done.journal["target"] == "a linear USDT")]
    assert done.metrics["liquidations"] == 0 and len(moved) >= 2


def test_an_isolated_leg_dies_alone(tmp_path):
    one_venue(tmp_path, 1.0)
    isolated = '{venue: a, symbol: "BTC/USDT:USDT", leverage: 5x, margin: isolated}'
    done = run(tmp_path, f"{{a: {{{FREE}, {TIERS}}}}}", SPOT, isolated)
    assert done.metrics["liquidations"] == 1
    assert "a isolated BTC/USDT:USDT" in set(done.journal["source"])


def test_reverse_carry_earns_negative_funding_and_pays_for_the_coin(tmp_path):
    """Short borrowed spot, long perpetual at 3x each. Funding -10 bp every 8 h on 30,000; interest 8.76 % a year is
    0.1 bp an hour: 0.3 an hour."""
    for place in ("a/BTC-USDT/trade_1h", "a/BTC-USDT_USDT/trade_1h", "a/BTC-USDT_USDT/mark_1h"):
        flat(tmp_path, place)
    rates(tmp_path, "a", -0.001)
    venue = f"{{a: {{{FREE}, {TIERS}, borrow: {{rates: {{BTC: 8.76%/y}}, initial: 33%, maintenance: 10%}}}}}}"
    done = run(tmp_path, venue, '{venue: a, symbol: "BTC/USDT:USDT", leverage: 3x}',
               "{venue: a, symbol: BTC/USDT, leverage: 3x}", params="notional: 30%")  # fmt: skip
    lines = done.metrics["attribution"]
    assert lines["funding"] == pytest.approx(30.0 * 29)  # the first stamp falls before the first fill
    assert lines["borrow"] == pytest.approx(-0.3 * (HOURS - 2), rel=1e-9)  # from 02:00 on, every full hour
    assert lines["directional"] == pytest.approx(0.0, abs=1e-9)


def test_perpetual_against_perpetual_earns_the_difference_of_two_fundings(tmp_path):
    for place in ("a/BTC-USDT_USDT/trade_1h", "a/BTC-USDT_USDT/mark_1h", "b/BTC-USDT_USDT/trade_1h", "b/BTC-USDT_USDT/mark_1h"):
        straight(tmp_path, place, 0.02)
    straight(tmp_path, "a/BTC-USDT/trade_1h", 0.02)
    rates(tmp_path, "a", 0.0001)
    rates(tmp_path, "b", 0.0004)
    venues = f"{{a: {{{FREE}, {TIERS}, transfer: {{delay: 30m, fee: 0 USDT}}}}, b: {{{FREE}, {TIERS}, transfer: {{delay: 30m, fee: 0 USDT}}}}}}"
    done = run(tmp_path, venues, '{venue: a, symbol: "BTC/USDT:USDT", leverage: 3x}',
               '{venue: b, symbol: "BTC/USDT:USDT", leverage: 3x}', params="quantity: 300",
               more="")  # fmt: skip
    marks = [100.0 + 0.02 * h for h in range(8, HOURS, 8)]
    lines = done.metrics["attribution"]
    assert lines["funding"] == pytest.approx(sum(300.0 * mark * 0.0003 for mark in marks))
    assert lines["directional"] == pytest.approx(0.0, abs=1e-6) and done.metrics["liquidations"] == 0


def test_funding_by_formula_where_no_venue_recorded_any(tmp_path):
    """The perpetual trades 20 bp above spot: 20 - 5 = 15 bp every eight hours. Nothing was recorded."""
    flat(tmp_path, "a/BTC-USDT/trade_1h")
    flat(tmp_path, "a/BTC-USDT_USDT/trade_1h", 100.2)
    flat(tmp_path, "a/BTC-USDT_USDT/mark_1h", 100.2)
    rule = "funding: {source: formula, interest: 1bps, damper: 5bps, weighted: true, cap: {default: 1%}}"
    done = run(tmp_path, f"{{a: {{{FREE}, {TIERS}, {rule}}}}}", SPOT, SHORT, params="quantity: 300")
    assert done.metrics["attribution"]["funding"] == pytest.approx(29 * 300.0 * 100.2 * 0.0015)


def test_a_payment_on_the_oracle_is_on_the_index(tmp_path):
    flat(tmp_path, "a/BTC-USDT/trade_1h")
    flat(tmp_path, "a/BTC-USDT_USDT/trade_1h", 100.2)
    flat(tmp_path, "a/BTC-USDT_USDT/mark_1h", 100.2)
    rates(tmp_path, "a", 0.001)
    rule = "funding: {interest: 1bps, damper: 5bps, price: oracle}"
    done = run(tmp_path, f"{{a: {{{FREE}, {TIERS}, {rule}}}}}", SPOT, SHORT, params="quantity: 300")
    assert done.metrics["attribution"]["funding"] == pytest.approx(29 * 300.0 * 100.0 * 0.001)


def test_sizes_are_whole_contracts_and_what_a_limit_forbids_is_journaled(tmp_path):
    """Contracts of 7 coins, spot in lots of 2: a pair is a multiple of 14. 50,000 at 100 is 500 coins: 490."""
    for place in ("a/BTC-USDT/trade_1h", "a/BTC-USDT_USDT/trade_1h", "a/BTC-USDT_USDT/mark_1h"):
        flat(tmp_path, place)
    rates(tmp_path, "a", 0.0)
    sizes = 'markets: {BTC/USDT: {lot: 2}, "BTC/USDT:USDT": {contract_size: 7, lot: 1, minimum: 5}}'
    venue = f"{{a: {{{FREE}, {TIERS}, {sizes}}}}}"
    done = run(tmp_path, venue, SPOT, SHORT)
    assert done.fills["quantity"].tolist() == [490.0, 490.0]
    done = run(tmp_path, venue, SPOT, SHORT, more="limits: {leverage: 0.4x}")
    refused = done.orders[done.orders["status"] == "leverage_limit"]
    assert len(refused) > 0 and refused["symbol"].unique().tolist() == ["BTC/USDT:USDT"]


def test_impact_is_a_line_of_its_own(tmp_path):
    """No range, no impact; then the column of the fills adds up to the line."""
    one_venue(tmp_path, 0.05)
    venue = f"{{a: {{{FREE}, {TIERS}, impact: {{factor: 1, over: 1d, share: 30%}}}}}}"
    done = run(tmp_path, venue, SPOT, SHORT, params="quantity: 400")
    lines = done.metrics["attribution"]
    assert lines["impact"] < 0.0 and lines["impact"] == pytest.approx(-done.fills["impact"].sum())
    assert done.fills["quantity"].tolist() == [300.0, 300.0, 100.0, 100.0]  # 30 % of 1,000 a bar


def crash(folder, venue="a"):
    """Spot, perpetual and mark of a venue: 100 until hour 48, 80 from then on. 2024-01-03 is a Wednesday."""
    bars = [(h, (100.0 if h < 48 else 80.0,) * 4 + (1000.0,)) for h in range(HOURS)]
    for place in ("BTC-USDT/trade_1h", "BTC-USDT_USDT/trade_1h", "BTC-USDT_USDT/mark_1h"):
        write(folder, f"{venue}/{place}", bars)
    rates(folder, venue, 0.0)


def with_script(folder, script, settings=""):
    """The run of a pair of 500 coins through the crash, with a script of events."""
    crash(folder)
    file = folder / "run.yaml"
    text = CONFIG.format(venues=f"{{a: {{{FREE}, {TIERS}{settings}}}}}", long=SPOT, short=SHORT, use="static_carry",
                         params="quantity: 500", more="")  # fmt: skip
    file.write_text(text.replace("tail: none", f"tail: {{script: {{{script}}}}}"))
    return basisbt.run(file, engine="backtrader")


def test_adl_closes_the_winner_and_the_strategy_is_asked_again(tmp_path):
    """Short 500 from 100, at 80: half closed with 1 % on 20,000 = 200. `static_carry` holds what it has been left."""
    event = 'adl: {event: adl, venue: a, symbol: "BTC/USDT:USDT", at: 2024-01-05T00:00Z, fraction: 50%, penalty: 1%}'
    done = with_script(tmp_path, event)
    assert done.metrics["attribution"]["adl"] == pytest.approx(-200.0)
    assert done.metrics["tail_cost"]["adl"] == pytest.approx(200.0, abs=1e-6)
    row = done.events[done.events["event"] == "closed by adl"].iloc[0]
    assert row["size"] == pytest.approx(250 * 80.0) and row["origin"] == "emergent"
    assert done.fills.iloc[2][["status", "quantity", "price"]].tolist() == ["adl", 250.0, 80.0]


def test_profits_of_the_week_are_clawed_back_on_friday(tmp_path):
    """10,000 won on Wednesday; the week began on Friday, 2023-12-29: at 2024-01-05 08:00 it is still that week for
    the venue's books, so 17.7 % = 1,770 go. A clawback a minute later would find a new week: nothing."""
    event = "claw: {{event: clawback, venue: a, fraction: 17.7%, at: 2024-01-05T0{}:00Z}}"
    assert with_script(tmp_path, event.format("7")).metrics["attribution"]["clawback"] == pytest.approx(-1770.0)
    assert with_script(tmp_path, event.format("9")).metrics["attribution"]["clawback"] == 0.0


def test_a_cut_of_all_balances_is_redeemed_later(tmp_path):
    """50,000 USDT and 500 coins at 100: a fifth is 20,000, paid back whole three days later."""
    event = ("cut: {event: clawback, venue: a, of: balances, fraction: 20%, at: 2024-01-02T00:00Z, redeemed: 100%, "
             "redeemed_after: 3d}")  # fmt: skip
    found = with_script(tmp_path, event).metrics["attribution"]
    assert found["clawback"] == pytest.approx(-20_000.0) and found["recovery"] == pytest.approx(20_000.0)


def test_an_insurance_fund_that_pays_too_much_closes_winners(tmp_path):
    """35 % of 100,000 lost, 5,000 beyond the trigger; a tenth of it is ours: 500 USD at 80."""
    event = "drain: {event: insurance_drain, venue: a, loss: 35_000 USD, ours: 10%, at: 2024-01-05T00:00Z}"
    done = with_script(tmp_path, event, ", insurance: 100_000 USD, adl_trigger: 30%")
    closed = done.fills[done.fills["status"] == "adl"]
    assert closed["quantity"].tolist() == [pytest.approx(6.25)]


@pytest.mark.parametrize(
    ("event", "says"),
    [
        ("e: {event: insurance_drain, venue: a, loss: 1 USD, at: 2024-01-05}", "write `a: {insurance: 1_000_000 USD}`"),
        ("e: {event: adl, venue: a, symbol: BTC/USDT, fraction: 50%, at: 2024-01-05}", "no pair trades derivative 'BTC/USDT'"),
        ("e: {event: clawback, venue: a, fraction: 5%, redeemed: 10%, at: 2024-01-05}", "a share of profits is not redeemed"),
        ("e: {event: clawback, venue: a, of: balances, fraction: 5%, redeemed: 10%, at: 2024-01-05}", "both 'redeemed' and"),
    ],
)  # fmt: skip
def test_what_an_event_lacks_is_said(tmp_path, event, says):
    with pytest.raises(basisbt.errors.ConfigError, match=says.replace("{", r"\{").replace("}", r"\}")):
        with_script(tmp_path, event)


def test_an_index_of_several_markets_ignores_the_one_that_breaks(tmp_path):
    """b's market falls to 10 for a day. The index of a, b and c, each within 1 % of the median 100: 99.67, not 70;
    the payment on the oracle: 500 short x 99.67 x 10 bp."""
    for place in ("a/BTC-USDT/trade_1h", "a/BTC-USDT_USDT/trade_1h", "a/BTC-USDT_USDT/mark_1h", "c/BTC-USDT/trade_1h"):
        flat(tmp_path, place)
    write(tmp_path, "b/BTC-USDT/trade_1h", [(h, (10.0 if 24 <= h < 48 else 100.0,) * 4 + (1000.0,)) for h in range(HOURS)])
    rates(tmp_path, "a", 0.001, every=24)
    file = tmp_path / "run.yaml"
    text = CONFIG.format(venues=f"{{a: {{{FREE}, {TIERS}, funding: {{price: oracle}}}}}}", long=SPOT, short=SHORT,
                         use="static_carry", params="quantity: 500", more="")  # fmt: skip
    index = "index: {BTC: {of: ['a:BTC/USDT', 'b:BTC/USDT', 'c:BTC/USDT'], band: 1%}},"
    file.write_text(text.replace("timeframe: 1h,", f"timeframe: 1h, {index}"))
    paid = basisbt.run(file, engine="backtrader").journal.query("kind == 'funding'")["amount"].tolist()
    assert paid[0] == pytest.approx(500 * (100 + 99 + 100) / 3 * 0.001) and paid[1] == pytest.approx(50.0)
