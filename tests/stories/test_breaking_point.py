"""`solve` finds the leverage that arithmetic gives, and says where there is none, or more than one."""

import pytest

import basisbt
from basisbt.studies.solve import question, solve
from tests.stories.test_rules_from_config import flat, rates

CONFIG = """
schema: 1
name: breaking
capital: 100_000 USDT
data: {dir: data, window: [2024-01-01, 2024-01-11], timeframe: 1h}
venues:
  a: {preset: none, fees: none, spread: none, transfer: {delay: 1h, fee: 0 USDT}}
  b: {preset: none, fees: none, spread: none, transfer: {delay: 1h, fee: 0 USDT},
      tiers: {default: [{floor: 0, mmr: 1%, max_leverage: 50}]}}
pairs: {btc: {long: {venue: a, symbol: BTC/USDT}, short: {venue: b, symbol: "BTC/USDT:USDT", leverage: 2x}}}
strategy: {use: static_carry, params: {notional: 60%}}
tail: {script: {rally: {event: price, base: BTC, move: 30%, over: 0s, at: 2024-01-05},
                freeze: {event: withdrawal_freeze, venue: a, at: 2024-01-04}}}
"""
RALLY = "pairs.btc.short.leverage=2..8"


@pytest.fixture
def config(tmp_path):
    for place in ("a/BTC-USDT/trade_1h", "b/BTC-USDT_USDT/trade_1h", "b/BTC-USDT_USDT/mark_1h"):
        flat(tmp_path, place)
    rates(tmp_path, "b", 0.0)
    file = tmp_path / "run.yaml"
    file.write_text(CONFIG)
    return file


def test_the_leverage_that_a_rally_of_thirty_percent_kills(config):
    """The short venue gets 1 / (L + 1) of the capital, the position is 60 % of it. It dies where
    1 / (L + 1) < 0.6 x (0.30 + 1.30 x 1 %) = 0.1878: beyond L = 4.3248."""
    found = solve(config, RALLY, "liquidations > 0", 0.01, {"engine": "backtrader"})
    safe, fails = (float(found[side].rstrip("x")) for side in ("safe", "fails"))
    assert safe <= 1 / 0.1878 - 1 <= fails and fails - safe <= 0.01 and found["monotone"]
    assert found["first"] == "liquidation of b BTC/USDT:USDT at 2024-01-05 01:00 UTC"
    assert found["answer"].startswith(f"safe at {found['safe']}, liquidations > 0 at {found['fails']}")


def test_nowhere_and_everywhere_are_answers(config):
    assert "nowhere from 2 to 4" in solve(config, "pairs.btc.short.leverage=2..4", "liquidations > 0", 0.1, {})["answer"]
    found = solve(config, "pairs.btc.short.leverage=5..8", "liquidations > 0", 0.1, {})
    assert "everywhere" in found["answer"] and found["fails"] == "5" and found["safe"] is None


def test_an_answer_that_is_not_monotone_says_so(config):
    """A rally of exactly 30 % is put where a share of the notional between is dead: asked for P&L between two values."""
    from basisbt.studies.solve import Question, answer

    asked = Question("k", 0.0, 4.0, "", "pnl", ">", 0.0)
    runs = {float(k): {"text": str(k), "holds": k in (1, 2), "first": "", "figure": 1.0} for k in range(5)}
    said = answer(asked, runs, (0.0, 1.0), 2)
    assert not said["monotone"] and "not monotone: it changes 2 times" in said["answer"]


@pytest.mark.parametrize(
    ("vary", "until", "says"),
    [
        ("leverage", "liquidations > 0", "expected KEY=LO..HI"), ("a.b=5..2", "liquidations > 0", "lower end first"),
        ("a.b=1..2", "liquidations", "expected METRIC > X"), (RALLY, "liquidation > 0", "no metric 'liquidation'"),
        (RALLY, "paths.ruin > 1%", "needs sampled paths"), ("pairs.btc.short.levrage=1..2", "pnl < 0", "levrage"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_a_usage_error(config, vary, until, says):
    with pytest.raises(basisbt.errors.ConfigError, match=says):
        solve(config, vary, until, 0.1, {})


def test_units_stay():
    asked = question("strategy.params.notional=10%..50%", "max_drawdown >= 20%")
    assert (asked.text(12.5), asked.limit, asked.holds(0.2), asked.holds(0.19)) == ("12.5%", 0.2, True, False)
