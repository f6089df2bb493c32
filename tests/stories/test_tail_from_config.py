"""Two tails told through a config, on flat made-up prices, so that the arithmetic fits beside the story."""

import csv
from datetime import UTC, datetime, timedelta

import pytest

import basisbt

START = datetime(2024, 1, 1, tzinfo=UTC)
HOURS = 24 * 12
MMR = 0.005

CONFIG = """
schema: 1
name: flat
capital: 1_000_000 USDT
data: {{dir: data, window: [2024-01-01, 2024-01-13], timeframe: 1h}}
venues:
  a: {{preset: none, fees: none, spread: none, transfer: {{delay: 30m, fee: 0 USDT}}}}
  b:
    preset: none
    fees: none
    spread: none
    transfer: {{delay: 30m, fee: 0 USDT}}
    tiers: {{default: [{{floor: 0, mmr: 0.5%, max_leverage: 100}}]}}
pairs:
  btc:
    long:  {{venue: a, symbol: BTC/USDT}}
    short: {{venue: b, symbol: "BTC/USDT:USDT", leverage: {leverage}}}
strategy: {{use: {use}, params: {{notional: {notional}}}}}
tail: {{script: {script}}}
"""


def write_flat_market(folder):
    """BTC at 100 everywhere, funding 1 bp every 8 hours."""
    for place in ("a/BTC-USDT/trade_1h", "b/BTC-USDT_USDT/trade_1h", "b/BTC-USDT_USDT/mark_1h"):
        path = folder / "data" / f"{place}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "w", newline="") as file:
            out = csv.writer(file)
            out.writerow(["timestamp", "open", "high", "low", "close", "volume"])
            out.writerows([(START + timedelta(hours=h)).isoformat(), 100, 100, 100, 100, 1000] for h in range(HOURS))
    with open(folder / "data" / "b" / "BTC-USDT_USDT" / "funding.csv", "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["timestamp", "funding_rate"])
        out.writerows([(START + timedelta(hours=h)).isoformat(), 0.0001] for h in range(0, HOURS, 8))


def run(folder, script, leverage=3.0, use="static_carry", notional="50%", **sets):
    if not (folder / "data").exists():
        write_flat_market(folder)
    path = folder / "flat.yaml"
    path.write_text(CONFIG.format(leverage=leverage, use=use, notional=notional, script=script))
    return basisbt.run(path, set=sets, engine="backtrader")


RALLY = (
    "{rally: {event: price, base: BTC, move: +30%, over: 3d, at: 2024-01-03T00:00Z}, "
    "freeze: {event: withdrawal_freeze, venue: a, at: 2024-01-03T00:00Z, for: 3d}}"
)


def dies(folder, leverage):
    """Notional N on a, N / leverage on b and nothing to spare: weights `auto`, notional L / (1 + L) of capital."""
    notional = leverage / (1.0 + leverage)
    return run(folder, RALLY, leverage=leverage, notional=notional).metrics["liquidations"] > 0


def test_a_rally_of_30_percent_behind_a_freeze_kills_the_leverage_that_arithmetic_gives(tmp_path):
    """Margin N/L, loss 0.30 N, maintenance mmr * 1.30 N: dead from 1/L = 0.30 + 1.30 mmr.

    The short also receives funding before the end of the rally: 1 bp on N (1 + part of the move) per stamp, 0.15 % of
    N or so; it lets a little more leverage live. Without funding the formula is exact, so it is switched off here.
    """
    write_flat_market(tmp_path)
    path = tmp_path / "data" / "b" / "BTC-USDT_USDT" / "funding.csv"
    path.write_text(path.read_text().replace(",0.0001", ",0.0"))
    expected = 1.0 / (0.30 + 1.30 * MMR)  # 3.2626
    low, high = 2.5, 5.0
    assert not dies(tmp_path, low) and dies(tmp_path, high)
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (low, middle) if dies(tmp_path, middle) else (middle, high)
    assert high == pytest.approx(expected, abs=2e-4)


def gap(size, rest=""):
    return (
        "{gap: {event: non_convergence, venue: b, symbol: 'BTC/USDT:USDT', at: 2024-01-03T00:00Z, "
        f"gap: {size}, half_life: 3d, funding: recorded{rest}}}}}"
    )


def test_a_gap_costs_what_arithmetic_says_while_it_is_open_and_nothing_once_it_has_decayed(tmp_path):
    """+300 bp on the short leg of 5,000 BTC-equivalents at 100: N = 500,000, cost 0.03 N = 15,000 at its widest.

    Held to the end, 10 days later, 2 ** (-10 / 3) of it is left: 15,000 * 0.0992 = 1,488.
    """
    quiet, wide = run(tmp_path, "{}"), run(tmp_path, gap("300bps"))
    lost = quiet.equity["marked"] - wide.equity["marked"]
    onset = 48
    assert lost.iloc[onset - 1] == 0.0
    funding = wide.metrics["attribution"]["funding"] - quiet.metrics["attribution"]["funding"]
    assert lost.iloc[onset] == pytest.approx(0.03 * 500_000, rel=2e-3)  # the 00:00 stamp is paid on the wider mark
    # at the last bar the gap has run for 239 hours (its bar's open), half-life 72 h; funding on the wider mark is ours
    left = 0.03 * 500_000 * 2.0 ** (-239 / 72)
    assert lost.iloc[-1] == pytest.approx(left - funding, rel=1e-9)
    assert 0.0 < funding < 0.03 * 0.0001 * 500_000 * 30


def test_a_gap_large_enough_liquidates_the_short(tmp_path):
    """Leverage 3, all of b's money is margin: N/3; maintenance 0.5 %: a gap g kills from g = (1/3 - mmr)/(1 + mmr)."""
    notional = 0.75  # with `auto` weights b holds N / 3 exactly
    edge = (1.0 / 3.0 - MMR) / (1.0 + MMR)
    assert run(tmp_path, gap(edge - 0.002), notional=notional).metrics["liquidations"] == 0
    assert run(tmp_path, gap(edge + 0.002), notional=notional).metrics["liquidations"] == 1
