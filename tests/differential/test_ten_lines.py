"""`static_carry` on real data equals ten lines of pandas, item by item.

The pandas below knows nothing of basisbt: it reads the files, holds `QUANTITY` long spot and short perpetual from the
open of the second bar, and adds up funding at the mark's open of each stamp, price differences, fees and half-spreads.
"""

import numpy as np
import pandas as pd
import pytest

import basisbt
from basisbt.core.rules import ATTRIBUTION, BASIS, DIRECTIONAL, FEE, FUNDING, SPREAD
from tests.support.places import REAL, needs_real_data

CAPITAL = 1_000_000.0
FEES = {"spot_taker": 10e-4, "taker": 5e-4}
HALF_SPREAD = 1e-4

CONFIG = """
schema: 1
name: ten-lines
capital: 1_000_000 USDT
seed: 1
data: {{dir: {dir}, window: [{start}, {end}], timeframe: 1h}}
venues:
  binance:
    preset: none
    fees: {{spot_taker: 10bps, taker: 5bps, liquidation: 1.25%}}
    spread: 1bps
    transfer: {{delay: 30m, fee: 1 USDT}}
    tiers: {{default: [{{floor: 0, mmr: 0.4%, max_leverage: 125}}]}}
pairs:
  pair:
    long: {{venue: binance, symbol: {base}/USDT}}
    short: {{venue: binance, symbol: "{base}/USDT:USDT", leverage: 3x}}
strategy: {{use: static_carry, params: {{quantity: {quantity}}}}}
"""

WINDOWS = [
    pytest.param("BTC", 10, "2022-01-01", "2023-01-01", id="BTC through 2022"),
    pytest.param("ETH", 200, "2022-09-01", "2022-09-16", id="ETH across the merge"),
    pytest.param("BTC", 40, "2020-03-01", "2020-03-20", id="BTC across 2020-03-12"),
]


def series(folder, name, start, end):
    frame = pd.read_parquet(REAL / "binance" / folder / f"{name}.parquet").set_index("timestamp")
    frame.index = pd.to_datetime(frame.index, utc=True).floor("min")
    return frame[(frame.index >= pd.Timestamp(start, tz="UTC")) & (frame.index < pd.Timestamp(end, tz="UTC"))]


def ten_lines(base, quantity, start, end):
    """Expected P&L by item, from the files alone."""
    spot = series(f"{base}-USDT", "trade_1h", start, end)
    perp = series(f"{base}-USDT_USDT", "trade_1h", start, end)
    mark = series(f"{base}-USDT_USDT", "mark_1h", start, end)
    rate = series(f"{base}-USDT_USDT", "funding", start, end)["funding_rate"]
    held = rate[rate.index > perp.index[1]]
    funding = (quantity * mark["open"].reindex(held.index) * held).sum()
    spot_in, perp_in = spot["open"].iloc[1], perp["open"].iloc[1]
    return {
        "funding": funding,
        "spot": quantity * (spot["close"].iloc[-1] - spot_in),
        "perp": -quantity * (mark["close"].iloc[-1] - perp_in),
        "fee": -quantity * (spot_in * FEES["spot_taker"] + perp_in * FEES["taker"]),
        "spread": -quantity * (spot_in + perp_in) * HALF_SPREAD,
    }


@needs_real_data
@pytest.mark.parametrize(("base", "quantity", "start", "end"), WINDOWS)
def test_static_carry_equals_ten_lines_of_pandas(tmp_path, base, quantity, start, end):
    config = tmp_path / "ten.yaml"
    config.write_text(CONFIG.format(dir=REAL, base=base, quantity=quantity, start=start, end=end))
    result = basisbt.run(config, engine="backtrader")
    expected = ten_lines(base, quantity, start, end)
    block = result.machine.attribution(result.machine.world.bars - 1)
    got = {
        "funding": block[FUNDING].sum(),
        "spot": block[[DIRECTIONAL, BASIS], 0].sum(),
        "perp": block[[DIRECTIONAL, BASIS], 1].sum(),
        "fee": block[FEE].sum(),
        "spread": block[SPREAD].sum(),
    }
    for item, value in expected.items():
        assert got[item] == pytest.approx(value, abs=1e-9 * CAPITAL), item
    assert result.metrics["pnl"] == pytest.approx(sum(expected.values()), abs=1e-9 * CAPITAL)
    assert result.metrics["liquidations"] == 0 and result.metrics["fills"] == 2
    assert abs(result.metrics["attribution"]["directional"]) < 1e-9 * CAPITAL  # long and short the same quantity


@needs_real_data
def test_the_journal_replayed_gives_every_balance_and_attribution_sums(tmp_path):
    config = tmp_path / "ten.yaml"
    config.write_text(CONFIG.format(dir=REAL, base="BTC", quantity=10, start="2022-01-01", end="2022-03-01"))
    result = basisbt.run(config, engine="backtrader")
    replayed = {}
    for row in result.journal.itertuples():
        replayed[row.source, row.asset] = replayed.get((row.source, row.asset), 0.0) - row.amount
        replayed[row.target, row.asset] = replayed.get((row.target, row.asset), 0.0) + row.amount
    book, names = result.machine.book, result.machine.world.names
    assert replayed["binance wallet", "USDT"] == book.balance[0, names.assets.index("USDT")]
    assert replayed["binance wallet", "BTC"] == book.balance[0, names.assets.index("BTC")] == 10.0
    assert np.isclose(sum(v for (_, asset), v in replayed.items() if asset == "USDT"), 0.0, atol=1e-6)
    lines = result.metrics["attribution"]
    assert set(lines) == set(ATTRIBUTION)
    assert sum(lines.values()) == pytest.approx(result.metrics["pnl"], abs=1e-9 * CAPITAL)
    assert result.attribution["amount"].sum() == pytest.approx(result.metrics["pnl"], abs=1e-9 * CAPITAL)
