"""The same position under the tiers of November 2022 and of October 2024, on the prices of early 2023: maintenance and
the price of its liquidation, worked out from the exchange's own tables.

The tables are freqtrade's binance_leverage_tiers.json of those days; the arithmetic below adds tiers slice by slice and
knows nothing of maintenance amounts.
"""

import json

import pytest
import yaml

import basisbt
from basisbt.places import packaged
from tests.support.places import REAL, needs_real_data

COINS, CAPITAL, FEE = 500.0, 12_000_000.0, 5e-4
CONFIG = """
schema: 1
name: tiers
capital: 12_000_000 USDT
data: {{dir: {dir}, window: [2023-01-01, 2023-04-15], timeframe: 8h, gaps: {{max: 3d}}}}
venues:
  binance:
    account: classic
    fees: {{spot_taker: 0, taker: 5bps, liquidation: 0}}
    spread: none
    liquidation: {{partial: {partial}, residual: kept}}
    tiers: {tiers}
pairs: {{btc: {{long: {{venue: binance, symbol: BTC/USDT}},
              short: {{venue: binance, symbol: "BTC/USDT:USDT", leverage: 4x}}}}}}
strategy: {{use: static_carry, params: {{quantity: 500}}}}
"""


def slices(table):
    """[(from, rate)] of BTC/USDT as published."""
    rows = json.loads((REAL / "margin_tiers" / f"binance_{table}.json").read_text())
    rows = rows.get("BTC/USDT:USDT") or rows["BTC/USDT"]
    return [(float(row["minNotional"]), float(row["maintenanceMarginRate"])) for row in rows]


def maintenance(table, notional):
    """Each slice of the notional at its own rate."""
    rows = slices(table)
    ends = [begin for begin, _ in rows[1:]] + [float("inf")]
    return sum(rate * max(0.0, min(notional, end) - begin) for (begin, rate), end in zip(rows, ends))


def death(table, wallet, entry):
    """The mark at which `wallet` less the loss of a short of COINS is its maintenance, by halving."""
    low, high = entry, 4.0 * entry
    for _ in range(200):
        middle = 0.5 * (low + high)
        alive = wallet - COINS * (middle - entry) > maintenance(table, COINS * middle)
        low, high = (middle, high) if alive else (low, middle)
    return low


def block(day):
    """The preset's tiers of a day, as text for a config."""
    preset = yaml.safe_load(packaged("configs", "venues", "binance.yaml").read_text(encoding="utf-8"))
    found = next(b for b in preset["tiers"] if str(b["valid_from"]) == day)
    return json.dumps({"BTC/USDT:USDT": found["BTC/USDT:USDT"]})


def run(folder, day, partial="false"):
    config = folder / "tiers.yaml"
    config.write_text(CONFIG.format(dir=REAL, tiers=block(day), partial=partial))
    return basisbt.run(config, engine="backtrader")


@needs_real_data
@pytest.mark.parametrize(("table", "day"), [("2022-11", "2022-11-01"), ("2024-10", "2024-10-24")])
def test_the_liquidation_of_early_2023_is_where_the_tables_of_the_day_put_it(tmp_path, table, day):
    done = run(tmp_path, day)
    fills = done.fills
    opened = fills[(fills["symbol"] == "BTC/USDT:USDT") & (fills["side"] == "sell")].iloc[0]
    dead = fills[fills["reason"] == "liquidation"].iloc[0]
    paid = done.journal[(done.journal["kind"] == "funding") & (done.journal["time"] <= dead["time"])]
    signed = paid["amount"].where(paid["target"] == "binance linear USDT", -paid["amount"]).sum()
    wallet = COINS * opened["price"] / 4.0 + signed  # what came with the order, its fee beside it
    assert dead["price"] == pytest.approx(death(table, wallet, opened["price"]), rel=1e-9)


@needs_real_data
def test_the_wider_tiers_of_2024_let_the_same_position_live_longer(tmp_path):
    """8.3 million of notional: 2.5 % beyond a million in 2022, 0.65 % and 1 % beyond 600,000 and 3 million in 2024."""
    early, late = (run(tmp_path, day).fills for day in ("2022-11-01", "2024-10-24"))
    prices = [fills[fills["reason"] == "liquidation"]["price"].iloc[0] for fills in (early, late)]
    assert prices[0] < prices[1] < 1.03 * prices[0]


@needs_real_data
def test_step_by_step_the_venue_takes_less_of_it(tmp_path):
    """Partial liquidation brings the short down a tier at a time; what is left of it lives on."""
    whole, steps = run(tmp_path, "2022-11-01"), run(tmp_path, "2022-11-01", partial="true")
    taken = [r.fills[r.fills["reason"] == "liquidation"]["quantity"] for r in (whole, steps)]
    assert taken[0].tolist() == [COINS]
    assert taken[1].iloc[0] < COINS and taken[1].sum() <= COINS + 1e-9
