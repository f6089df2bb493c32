"""Incidents of the catalogue, replayed and as a stress test, on prices that do not move: what is lost is arithmetic.

Spot of 500 coins at 100 on venue a, as many short on b, 100,000 USDT split evenly, 2024-01-01 to 2024-01-11, hourly.
An incident whose date is elsewhere begins a third into the window: 2024-01-04.
"""

import pytest
import yaml

import basisbt
from basisbt.config import load
from basisbt.config.incidents import catalogue
from basisbt.studies.prepare import prepare
from basisbt.studies.stress import stress
from tests.stories.test_rules_from_config import flat, rates

CONFIG = """
schema: 1
name: stressed
capital: 110_000 USDT
data: {dir: data, window: [2024-01-01, 2024-01-11], timeframe: 1h}
venues:
  a: &venue
    {preset: none, weight: 50%, fees: {spot_taker: 0, taker: 0, liquidation: 0}, spread: none,
     transfer: {delay: 1h, fee: 0 USDT}, tiers: {default: [{floor: 0, mmr: 1%, max_leverage: 50}]}}
  b: {preset: none, weight: 50%, fees: {spot_taker: 0, taker: 0, liquidation: 0}, spread: none,
      transfer: {delay: 1h, fee: 0 USDT, network: TRC20}, tiers: {default: [{floor: 0, mmr: 1%, max_leverage: 50}]}}
pairs: {btc: {long: {venue: a, symbol: BTC/USDT}, short: {venue: b, symbol: "BTC/USDT:USDT", leverage: 2x}}}
strategy: {use: static_carry, params: {quantity: 500}}
tail: TAIL
""".replace("&venue\n    ", "")


@pytest.fixture
def config(tmp_path):
    """config(tail): a file."""
    for place in ("a/BTC-USDT/trade_1h", "b/BTC-USDT_USDT/trade_1h", "b/BTC-USDT_USDT/mark_1h"):
        flat(tmp_path, place)
    rates(tmp_path, "b", 0.0)

    def write(tail="none"):
        file = tmp_path / "run.yaml"
        file.write_text(CONFIG.replace("TAIL", tail))
        return file

    return write


def rows_of(file, *names, **given):
    rows, left = stress(prepare(file), names, **given)
    return {row["incident"]: row for row in rows}, left


def test_the_catalogue_is_long_and_says_what_it_knows_and_from_where():
    known = catalogue()
    assert len(known) >= 45
    for each in known.values():
        assert each.title and each.story and each.source and each.events
        assert each.checked in ("read", "second-hand", "derived", "memory")
        assert each.unsure or each.checked in ("read", "second-hand", "derived")


def test_ftx_takes_what_is_at_the_venue(config):
    """55,000 are at a: 5,000 USDT and 500 coins; the claim is paid after 1,057 days, not within these ten."""
    rows, _ = rows_of(config(), "ftx_2022_large")
    row = rows["ftx_2022_large"]
    assert (row["venue"], row["at"]) == ("a", "2024-01-04T00:00:00")
    assert row["pnl"] == pytest.approx(-55_000.0) and row["default"] == pytest.approx(-55_000.0)
    assert row["recovered"] == pytest.approx(-0.22 * 55_000.0) and row["trapped_days"] == pytest.approx(7.0)


def test_bitfinex_takes_36_067_percent_of_everything_there(config):
    """Of 55,000 at either venue: 19,836.85; 500 - 180.335 coins against 500 short: flat prices show no direction."""
    row = rows_of(config(), "bitfinex_2016")[0]["bitfinex_2016"]
    assert row["clawback"] == pytest.approx(-0.36067 * 55_000.0) == pytest.approx(row["pnl"])


def test_the_merge_costs_the_short_its_funding(config):
    """-149.7 bp over 45 settlements: -3.3267 bp each. 21 of them are left in the window: 50,000 x 21 x 3.3267 bp."""
    row = rows_of(config(), "merge_eth_binance")[0]["merge_eth_binance"]
    assert row["venue"] == "b" and row["funding"] == pytest.approx(-50_000 * 21 * 149.7e-4 / 45, rel=1e-4)


def test_a_peg_that_comes_back_costs_nothing_but_a_drawdown(config):
    """At 0.87 the coins keep their dollars, 50,000; cash of 60,000 USDT is 52,200, and the short loses the 14.94 USDT
    by which a coin rises, 6,500 USD of 500: hedged in USDT, all of it is USDT, 13 % are gone for twelve hours."""
    row = rows_of(config(), "usdt_2018")[0]["usdt_2018"]
    assert row["pnl"] == pytest.approx(0.0, abs=1e-6) and row["max_drawdown"] == pytest.approx(0.13)


def test_a_freeze_traps_and_costs_nothing_where_nothing_moves(config):
    """OKEx 2020: 41 days from the 4th on, seven of them in the window."""
    row = rows_of(config(), "okex_freeze_2020")[0]["okex_freeze_2020"]
    assert row["pnl"] == 0.0 and row["trapped_days"] == pytest.approx(7.0) and row["survived"]


def test_some_kill_and_some_do_not_and_what_cannot_be_cast_says_why(config):
    rows, left = rows_of(config())
    assert len(rows) + len(left) == len(catalogue()) + 1  # the calm run is a row too
    alive = [row["survived"] for row in rows.values()]
    assert any(alive) and not all(alive)
    assert left["deribit_if_202003"] == "a lacks an insurance fund of known size"
    lines = ("funding", "basis", "directional", "collateral", "fee", "spread", "impact", "borrow", "transfer_fee",
             "liquidation", "adl", "clawback", "default", "recovery", "settlement_gap")  # fmt: skip
    for row in rows.values():
        assert sum(row[line] for line in lines) == pytest.approx(row["pnl"], abs=1e-4), row["incident"]


def test_rolling_the_onset_tells_the_worst(config):
    """FTX on any day costs the same here; the loss of a day is the earliest that is worst: any of the ten."""
    file = config()
    rows, _ = stress(prepare(file), ("ftx_2022_large",), "every 2d", every=True)
    assert len(rows) == 1 + 5 * 2  # five onsets, two venues
    assert rows_of(file, "ftx_2022_large", when="every 2d")[0]["ftx_2022_large"]["pnl"] == min(r["pnl"] for r in rows)


def test_workers_say_the_same_as_one_process(config):
    prepared = prepare(config(), engine="backtrader")
    names = ("ftx_2022_large", "okex_freeze_2020", "usdt_2018", "bitfinex_2016")
    assert stress(prepared, names, jobs=2) == stress(prepared, names, jobs=1)


# Replay.


def test_a_replay_is_its_events_written_out(config):
    written = "{script: {ftx: {event: venue_default, venue: a, at: 2024-01-05, recovery: 78%, recovered_after: 1057d}}}"
    by_hand = basisbt.run(config(written), engine="backtrader")
    replayed = basisbt.run(
        config("{replay: [{incident: ftx_2022_large, as: {ftx: a}, at: 2024-01-05}]}"), engine="backtrader"
    )
    assert replayed.metrics["pnl"] == by_hand.metrics["pnl"] == pytest.approx(-55_000.0)
    assert replayed.events["origin"].tolist()[0] == "replay" and by_hand.events["origin"].tolist()[0] == "script"


def test_a_chain_comes_one_after_another_and_reads_back(config, tmp_path):
    file = config(
        "{replay: [{incident: ftx_chain_2022, as: {ftx: a, blockfi: b, aax: a, genesis: b}, at: 2024-01-02}]}"
    )
    found = load(file)
    script = found.spec.tail.script
    assert [e.event for e in script.values()] == [
        "venue_default",
        "venue_default",
        "withdrawal_freeze",
        "venue_default",
        "venue_default",
    ]
    days = [(e.at - 1_704_153_600) / 86400 for e in script.values()]
    assert days == [0, 3, 5, 15, 8]
    again = tmp_path / "again.yaml"
    again.write_text(yaml.safe_dump(found.tree))
    assert load(again).spec.tail == found.spec.tail


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("{incident: ftx_2022_larg, as: {ftx: a}}", "no incident 'ftx_2022_larg', did you mean 'ftx_2022_large'?"),
        ("{incident: ftx_2022_large}", "is about ftx, which the config does not have; cast it: `as: {ftx: a}`"),
        ("{incident: ftx_2022_large, as: {fxt: a}}", "'fxt' is no role of ftx_2022_large; expected ftx"),
        ("{as: {ftx: a}}", "missing 'incident'"),
        ("{incident: ftx_2022_large, as: {ftx: a}, when: 2024-01-05}", "unknown key 'when'; expected incident, as, at"),
        ("{incident: ftx_2022_large, as: {ftx: a}, at: soon}", "expected"),
        ("ftx_2022_large", "expected `{incident: …"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_replay_is_said(config, entry, says):
    with pytest.raises(basisbt.errors.ConfigError) as caught:
        load(config(f"{{replay: [{entry}]}}"))
    assert says in str(caught.value) and "run.yaml:" in str(caught.value)
