"""Every shipped config, and those of tests/configs on real data, give the figures and the journal they gave before.

Rewritten only by `pytest --rewrite-golden`; read the difference before you commit it.
"""

import json

import pytest

import basisbt
from tests.support.places import REAL, ROOT

GOLDEN = ROOT / "tests" / "golden"
SHIPPED = sorted((ROOT / "configs" / "runs").glob("*.yaml"))
ON_REAL_DATA = sorted((ROOT / "tests" / "configs").glob("*.yaml"))
KEPT = (
    "bars", "capital", "final_equity", "accessible_equity", "pnl", "return_annual", "volatility_annual", "sharpe",
    "sortino", "max_drawdown", "max_drawdown_days", "trapped_days", "liquidations", "fills", "attribution", "tail_cost",
    "journal_digest",
)  # fmt: skip


FEW = 6  # paths of a config that samples: its golden is about the draws, not about the tail


def close(one, two):
    """Equal to 1e-9 relative (the digest exactly: it is promised on one platform and lock file)."""
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(close(one[k], two[k]) for k in one)
    if isinstance(one, float) and isinstance(two, (int, float)):
        return one == pytest.approx(two, rel=1e-9, abs=1e-6)
    return one == two


@pytest.mark.parametrize("config", [*SHIPPED, *ON_REAL_DATA], ids=lambda path: path.stem)
def test_a_config_gives_what_it_gave(config, request):
    if config in ON_REAL_DATA and not REAL.is_dir():
        pytest.skip(f"real market data is not here ({REAL})")
    samples = basisbt.load(config).spec.tail.sample is not None
    result = basisbt.run(config, engine="backtrader", paths=FEW if samples else None, jobs=1)
    kept = {key: result.metrics[key] for key in KEPT}
    if samples:
        rows = result.paths[["journal_digest", "pnl", "first_event", "first_venue"]].to_dict("records")
        kept["sampled"] = {str(path): row for path, row in enumerate(rows)}
    file = GOLDEN / f"{config.stem}.json"
    if request.config.getoption("--rewrite-golden"):
        file.write_text(json.dumps(kept, indent=2) + "\n")
    expected = json.loads(file.read_text())
    assert kept.keys() == expected.keys()
    for key in expected:
        assert close(kept[key], expected[key]), key


@pytest.mark.skipif(not REAL.is_dir(), reason=f"real market data is not here ({REAL})")
def test_frozen_okx_liquidates_the_short_while_the_profit_sits_on_okx(tmp_path):
    """The story behind the golden figures. Nothing in the config says `liquidate`: it follows from the freeze."""
    config = ROOT / "tests" / "configs" / "frozen_okx.yaml"
    free = basisbt.run(config, set={"tail": "none"}, engine="backtrader")
    frozen = basisbt.run(config, engine="backtrader")

    assert free.metrics["liquidations"] == 0  # it tops up margin by transfers and survives the rally
    sent = free.journal[(free.journal["kind"] == "transfer") & (free.journal["source"] == "okx wallet")]
    assert ((sent["time"] >= "2023-10-20") & (sent["time"] < "2024-04-01")).any()

    assert frozen.metrics["liquidations"] == 1
    dead = frozen.events[frozen.events["event"] == "liquidation"].iloc[0]
    assert dead["venue"] == "bybit" and "2023-10-20" <= str(dead["time"])[:10] <= "2024-03-31"
    sent = frozen.journal[(frozen.journal["kind"] == "transfer") & (frozen.journal["source"] == "okx wallet")]
    assert not (sent["time"] >= "2023-10-20").any()
    at_death = frozen.equity[frozen.equity["timestamp"] >= dead["time"]].iloc[0]
    assert at_death["okx"] > 0.98 * at_death["marked"]  # the profit, and nearly everything, is on okx
    assert at_death["accessible"] < 0.02 * at_death["marked"]  # and none of it can leave
    hedged = abs(free.metrics["attribution"]["directional"])
    assert abs(frozen.metrics["attribution"]["directional"]) > 10_000.0 > hedged  # naked after the short is gone
    assert frozen.metrics["trapped_days"] > 150
