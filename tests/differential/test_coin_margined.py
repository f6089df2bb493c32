"""The coin-margined carry through 2023 on real data equals a page of pandas, and differs from the linear one by the
lines that arithmetic names.

The pandas below knows nothing of basisbt: Binance's BTC/USD:BTC (no mark series, so its trades stand in), BTC/USDT as
spot and index, 20 coins bought at the open of the second bar and 20 times that open in USD sold. Everything the
perpetual pays or charges is in coin.
"""

import pandas as pd
import pytest

import basisbt
from tests.support.places import REAL, needs_real_data

COINS, CAPITAL = 20.0, 1_000_000.0
SPOT_FEE, FEE, HALF_SPREAD = 10e-4, 5e-4, 1e-4
CONFIG = """
schema: 1
name: coins
capital: 1_000_000 USDT
data: {{dir: {dir}, window: [2023-01-01, 2024-01-01], timeframe: 8h, gaps: {{max: 3d}}}}
venues:
  binance:
    preset: none
    fees: {{spot_taker: 10bps, taker: 5bps, liquidation: 1.25%}}
    spread: 1bps
    collateral: {{BTC: 100%}}
    tiers: {{default: [{{floor: 0, mmr: 0.4%, max_leverage: 125}}]}}
pairs:
  pair: {{long: {{venue: binance, symbol: BTC/USDT}}, short: {{venue: binance, symbol: "{symbol}", leverage: 1x}}}}
strategy: {{use: static_carry, params: {{quantity: 20}}}}
"""


def run(folder, symbol):
    config = folder / "coins.yaml"
    config.write_text(CONFIG.format(dir=REAL, symbol=symbol))
    return basisbt.run(config, engine="backtrader")


def opens_and_closes(folder):
    """8 h opens and closes of hourly bars in 2023; a missing hour repeats the last close."""
    frame = pd.read_parquet(REAL / "binance" / folder / "trade_1h.parquet").set_index("timestamp")
    frame.index = pd.to_datetime(frame.index, utc=True)
    hours = pd.date_range("2023-01-01", "2024-01-01", freq="1h", inclusive="left", tz="UTC")
    close = frame["close"].reindex(frame.index.union(hours)).ffill().reindex(hours)
    start = frame["open"].reindex(hours).fillna(close.shift(1))
    return start.resample("8h").first(), close.resample("8h").last()


def coin_lines():
    """Expected P&L of the coin-margined pair by line, from the files alone."""
    spot_open, spot_close = opens_and_closes("BTC-USDT")
    perp_open, perp_close = opens_and_closes("BTC-USD_BTC")
    funding = pd.read_parquet(REAL / "binance" / "BTC-USD_BTC" / "funding.parquet")
    rate = pd.Series(funding["funding_rate"].to_numpy(), pd.to_datetime(funding["timestamp"], utc=True).dt.floor("min"))
    entry, bought = perp_open.iloc[1], spot_open.iloc[1]
    size, cost = COINS * entry, COINS * (FEE + HALF_SPREAD)  # USD sold; coins charged for it
    stamps = rate[(rate.index > spot_open.index[1]) & (rate.index < pd.Timestamp("2024-01-01", tz="UTC"))]
    paid = size / perp_open.reindex(stamps.index) * stamps  # coins
    last_spot, last_perp = spot_close.iloc[-1], perp_close.iloc[-1]
    coins = COINS - cost + paid.sum()
    drift = (paid * (last_spot - spot_open.reindex(paid.index))).sum() - cost * (last_spot - bought)
    money = -COINS * bought * (1.0 + SPOT_FEE + HALF_SPREAD)
    return {
        "pnl": money + (coins + size * (1.0 / last_perp - 1.0 / entry)) * last_spot,
        "funding": (paid * spot_open.reindex(paid.index)).sum(), "directional": drift,
        "fee": -COINS * bought * (SPOT_FEE + FEE), "spread": -2.0 * COINS * bought * HALF_SPREAD,
        "basis": size * (bought / entry - last_spot / last_perp) * -1.0,
    }  # fmt: skip


@needs_real_data
def test_the_coin_margined_carry_equals_a_page_of_pandas(tmp_path):
    """Directional is what the coins earned as funding gained after they came: the pair itself has none."""
    done, expected = run(tmp_path, "BTC/USD:BTC"), coin_lines()
    got = {**done.metrics["attribution"], "pnl": done.metrics["pnl"]}
    for line, value in expected.items():
        assert got[line] == pytest.approx(value, abs=1e-9 * CAPITAL), line
    assert sum(value for line, value in expected.items() if line != "pnl") == pytest.approx(expected["pnl"], abs=1e-6)
    assert done.metrics["liquidations"] == 0 and done.metrics["fills"] == 2


@needs_real_data
def test_where_the_linear_carry_differs(tmp_path):
    """The same 20 coins against the linear perpetual: its funding is on a notional that grew 2.6-fold with the price,
    in USDT, so nothing drifts; the coin-margined one is paid on the 16,500 dollars a coin cost. What is left of the
    difference is the basis of either contract."""
    coin, linear = run(tmp_path, "BTC/USD:BTC").metrics, run(tmp_path, "BTC/USDT:USDT").metrics
    lines = {k: linear["attribution"][k] - coin["attribution"][k] for k in linear["attribution"]}
    assert sum(lines.values()) == pytest.approx(linear["pnl"] - coin["pnl"], abs=1e-6)
    assert abs(linear["attribution"]["directional"]) < 1e-6 < coin["attribution"]["directional"]
    assert lines["funding"] > 0.0 and abs(lines["fee"]) < 20.0 and abs(lines["basis"]) < 1e-3 * CAPITAL
    assert linear["liquidations"] == coin["liquidations"] == 0
