"""ETH on Binance from June 2022 to June 2023, a static carry of real prices and rates, through the whole catalogue.

Five incidents by hand:

- `quadriga_2019`, `aax_2022`: everything is at the one venue and nothing is paid within the window: minus the capital.
- `okex_freeze_2020`: a freeze costs nothing to who moves nothing: the P&L of the calm run.
- `merge_eth_binance`: its rate is what these files say, -149.7 bp from 2022-09-01 to 16, spread evenly: within a tenth
  of the recorded path's cost, which differs by the price at each settlement.
- `usdt_2018`: for twelve hours everything is worth 13 % less, since what is hedged in USDT is USDT; then it is as before,
  but for two settlements of funding that were paid in 15 % more USDT, each of less than 3 bp.
- `liq_202003`: spreads and depth matter to who trades; this one does not after its first hour.
"""

import pytest

from basisbt.studies.prepare import prepare
from basisbt.studies.stress import stress
from tests.support.places import REAL, needs_real_data

CONFIG = f"""
schema: 1
name: eth-2022
capital: 1_000_000 USDT
data: {{dir: {REAL}, window: [2022-06-01, 2023-06-01], timeframe: 8h, gaps: {{max: 3d}}}}
venues: {{binance: {{}}}}
pairs: {{eth: {{long: {{venue: binance, symbol: ETH/USDT}},
              short: {{venue: binance, symbol: "ETH/USDT:USDT", leverage: 2x}}}}}}
strategy: {{use: static_carry, params: {{notional: 40%}}}}
tail: none
"""
LINES = ("funding", "basis", "directional", "collateral", "fee", "spread", "impact", "borrow", "transfer_fee",
         "liquidation", "adl", "clawback", "default", "recovery", "settlement_gap")  # fmt: skip


@needs_real_data
def test_every_incident_answers_and_five_are_as_arithmetic_has_them(tmp_path):
    file = tmp_path / "eth.yaml"
    file.write_text(CONFIG)
    found, left = stress(prepare(file, engine="backtrader"), jobs=2)
    rows = {row["incident"]: row for row in found}
    assert set(left) == set() and len(rows) >= 46
    for row in found:
        assert sum(row[line] for line in LINES) == pytest.approx(row["pnl"], abs=1e-3), row["incident"]
    alive = [row["survived"] for row in found]
    assert any(alive) and not all(alive)
    calm = rows["(calm)"]
    for name in ("quadriga_2019", "aax_2022"):
        assert rows[name]["pnl"] == pytest.approx(-1_000_000.0)
    assert rows["okex_freeze_2020"]["change"] == 0.0 and rows["liq_202003"]["change"] == 0.0
    merge = rows["merge_eth_binance"]
    assert merge["at"] == "2022-09-01T00:00:00" and abs(merge["change"]) < 0.1 * 149.7e-4 * 400_000
    assert calm["change"] == 0.0 and abs(rows["usdt_2018"]["change"]) < 0.15 * 2 * 3e-4 * 400_000
    assert rows["usdt_2018"]["max_drawdown"] == pytest.approx(0.13, abs=0.02)
