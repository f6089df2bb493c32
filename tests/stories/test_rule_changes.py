"""Venues that change their rules inside the window: the block in force on the day decides (MODEL.md sections 5, 6).

Flat or straight made-up prices, hourly, from 2024-01-01 on; the arithmetic beside each story.
"""

from dataclasses import replace

import numpy as np
import pytest
import yaml

import basisbt
from basisbt.config import load
from basisbt.engines.machine import run_loop
from basisbt.engines.paths import PathRunner, outcome_of
from basisbt.strategy.loader import as_record
from tests.properties.markets import changing, random_world, strategy
from tests.stories.test_rules_from_config import CONFIG, SHORT, SPOT, flat, one_venue, rates

TIER = "tiers: [{{valid_from: 2024-01-01, default: [{{floor: 0, mmr: 1%, max_leverage: 50}}]}}{}]"


def run(folder, venue, params="quantity: 500", long=SPOT, short=SHORT):
    file = folder / "run.yaml"
    text = CONFIG.format(venues=f"{{a: {{preset: none, spread: none, {venue}}}}}", long=long, short=short,
                         use="static_carry", params=params, more="")  # fmt: skip
    file.write_text(text)
    return basisbt.run(file, engine="backtrader")


def test_maintenance_that_rises_kills_a_position_that_was_safe(tmp_path):
    """Short 100 from 100, isolated at 5x: 2,000 of margin behind 10,000. 1 % until the 5th: 100. From the 5th on 25 %:
    2,500, more than there is: liquidated on that day at its open, at 100, with all of its margin there."""
    for place in ("a/BTC-USDT/trade_1h", "a/BTC-USDT_USDT/trade_1h", "a/BTC-USDT_USDT/mark_1h"):
        flat(tmp_path, place)
    rates(tmp_path, "a", 0.0)
    isolated = '{venue: a, symbol: "BTC/USDT:USDT", leverage: 5x, margin: isolated}'
    more = ", {valid_from: 2024-01-05, default: [{floor: 0, mmr: 25%, max_leverage: 4}]}"
    fees = "fees: {spot_taker: 0, taker: 0, liquidation: 0}"
    done = run(tmp_path, f"{fees}, {TIER.format(more)}", "quantity: 100", short=isolated)
    dead = done.fills[done.fills["reason"] == "liquidation"].iloc[0]
    assert str(dead["time"]) == "2024-01-05 01:00:00+00:00"  # inside the bar that opens at 00:00, kept at its close
    assert dead["price"] == 100.0
    calm = run(tmp_path, f"{fees}, {TIER.format('')}", "quantity: 100", short=isolated)
    assert calm.metrics["liquidations"] == 0


def test_fees_are_those_of_the_day_and_the_resolved_config_gives_the_same_again(tmp_path):
    """500 at 100 on the first day pay 5 bp: 25. The block of the 3rd comes back from the resolved text too."""
    one_venue(tmp_path, 0.0)
    fees = ("fees: [{valid_from: 2024-01-01, spot_taker: 0, taker: 5bps, liquidation: 0}, {valid_from: 2024-01-03T12:00Z, "
            "spot_taker: 0, taker: 2bps, liquidation: 0}]")  # fmt: skip
    done = run(tmp_path, f"{fees}, {TIER.format('')}")
    text = tmp_path / "again.yaml"
    text.write_text(yaml.safe_dump(load(tmp_path / "run.yaml").tree))
    first, again = load(tmp_path / "run.yaml"), load(text)
    assert again.spec.venues == first.spec.venues and len(first.changes) == 1
    assert [(at, spec.venues) for at, spec in again.changes] == [(at, spec.venues) for at, spec in first.changes]
    assert first.changes[0][1].venues["a"].fees.taker == 2e-4
    assert done.metrics["attribution"]["fee"] == pytest.approx(-500 * 100 * 5e-4)


def test_a_fee_after_the_change_is_the_new_one(tmp_path):
    """The perpetual is liquidated on the way from 100 up, after the 2nd: its fee is 1 %, not the 3 % of before."""
    one_venue(tmp_path, 0.2)
    fees = ("fees: [{valid_from: 2024-01-01, spot_taker: 0, taker: 5bps, liquidation: 3%}, {valid_from: 2024-01-02, "
            "spot_taker: 0, taker: 5bps, liquidation: 1%}]")  # fmt: skip
    done = run(tmp_path, f"account: classic, {fees}, {TIER.format('')}")
    dead = done.fills[done.fills["reason"] == "liquidation"].iloc[0]
    assert dead["time"].day >= 2 and dead["fee"] == pytest.approx(0.01 * dead["quantity"] * dead["price"])


def changed(seed, bars=60):
    """(a random world whose tiers, fees and spreads change twice, the same for compiled code)."""
    decide, params = strategy("static_carry", notional=0.7)
    w = changing(seed, random_world(seed, bars=bars, decide=decide, params=params))
    return w, w.without(params=as_record(params))


def test_the_loop_changes_the_rules_at_the_same_bar_as_the_driver():
    different = 0
    for seed in range(8):
        w, loop = changed(seed)
        alone, compiled = outcome_of(run_loop(w)), PathRunner(loop).run(loop.overlay)[0]
        for name in alone.dtype.names:
            np.testing.assert_array_equal(alone[name], compiled[name], err_msg=name)
        different += int(outcome_of(run_loop(replace(w, changes=())))["digest"] != alone["digest"])
    assert different >= 3  # the changes matter


def test_a_runner_sets_the_rules_back_for_the_next_path():
    _, w = changed(3)
    runner = PathRunner(w)
    first, second = runner.run(w.overlay)[0], runner.run(w.overlay)[0]
    assert first["digest"] == second["digest"]


def test_funding_by_formula_follows_the_rule_of_the_day(tmp_path):
    """Trades at 100.2 over an index of 100: premium 0.2 %, less the damper's 5 bp: 15 bp, capped at 5 bp until the 5th.
    Then there is no cap, and the settlements come every 4 h, each half of 15 bp. Short 500 at marks of 100: 25, 37.5."""
    for place, price in (("a/BTC-USDT/trade_1h", 100.0), ("a/BTC-USDT_USDT/trade_1h", 100.2), ("a/BTC-USDT_USDT/mark_1h", 100.0)):
        flat(tmp_path, place, price)
    rule = "source: formula, interest: 1bps, damper: 5bps"
    funding = (f"funding: [{{valid_from: 2024-01-01, {rule}, interval: 8h, cap: {{default: 5bps}}}}, "
               f"{{valid_from: 2024-01-05, {rule}, interval: 4h, cap: {{default: 2%}}}}]")  # fmt: skip
    fees = "fees: {spot_taker: 0, taker: 0, liquidation: 0}"
    done = run(tmp_path, f"{fees}, {TIER.format('')}, {funding}")
    paid = done.journal[done.journal["kind"] == "funding"]
    days = paid.groupby(paid["time"].dt.day)["amount"]
    assert days.count()[[2, 3, 4, 5, 6]].tolist() == [3, 3, 3, 6, 6]
    assert days.sum()[[2, 5]].tolist() == [pytest.approx(3 * 25.0), pytest.approx(6 * 37.5)]


def test_a_gap_is_followed_to_the_cap_of_the_day(tmp_path):
    """Recorded at 1 bp with a premium of nothing; a gap of 3 % for good. The formula would pay 2.95 %: at the cap, 50 bp
    until the 5th, 2 % after it."""
    for place in ("a/BTC-USDT/trade_1h", "a/BTC-USDT_USDT/trade_1h", "a/BTC-USDT_USDT/mark_1h"):
        flat(tmp_path, place)
    rates(tmp_path, "a", 0.0001)
    rule = "interest: 1bps, damper: 5bps"
    funding = (f"funding: [{{valid_from: 2024-01-01, {rule}, cap: {{default: 50bps}}}}, "
               f"{{valid_from: 2024-01-05, {rule}, cap: {{default: 2%}}}}]")  # fmt: skip
    file = tmp_path / "run.yaml"
    venue = f"preset: none, spread: none, fees: {{spot_taker: 0, taker: 0, liquidation: 0}}, {TIER.format('')}, {funding}"
    text = CONFIG.format(venues=f"{{a: {{{venue}}}}}", long=SPOT, short=SHORT, use="static_carry", params="quantity: 100", more="")
    gap = 'gap: {event: non_convergence, venue: a, symbol: "BTC/USDT:USDT", at: 2024-01-02, gap: 3%}'
    file.write_text(text.replace("tail: none", f"tail: {{script: {{{gap}}}}}"))
    paid = basisbt.run(file, engine="backtrader").journal.query("kind == 'funding'")
    days = paid.groupby(paid["time"].dt.day)["amount"].sum()
    assert days[4] == pytest.approx(3 * 100 * 103.0 * 0.005) and days[6] == pytest.approx(3 * 100 * 103.0 * 0.02)
