"""From three venues that answer over HTTP to a run: the download brings what the config needs, and the run uses it."""

import json

import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from basisbt.cli.main import app
from tests.support.downloads import SPOT, SWAP, expected, kept, no_waiting
from tests.support.exchange import Exchange, Truth

HOUR = 3_600_000
FIRST, END = 1_704_153_600_000, 1_705_017_600_000  # 2024-01-02, 2024-01-12
VENUES = ("binance", "okx", "bybit")
CONFIG = """\
schema: 1
name: three-venues
capital: 300_000 USDT
data: {{dir: market, window: [2024-01-02, 2024-01-12], timeframe: 1h}}
venues:
  binance: {{api: "{url}"}}
  okx: {{api: "{url}"}}
  bybit: {{api: "{url}"}}
carry: {{bases: [BTC], venues: all, layout: same_venue, leverage: 3x}}
strategy: {{use: static_carry, params: {{quantity: 1}}}}
"""


def call(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """(folder with the config, the truth, what download said, what run said)."""
    folder, truth = tmp_path_factory.mktemp("desk"), Truth.small(5, "2024-01-01", 14, VENUES, ("BTC",))
    with pytest.MonkeyPatch.context() as patch, Exchange(truth) as server:
        no_waiting(patch, pages=100)
        (folder / "three.yaml").write_text(CONFIG.format(url=server.url))
        fetched = call("download", folder / "three.yaml", "--json")
    ran = call("run", folder / "three.yaml", "-o", folder / "runs", "--engine", "backtrader", "--json")
    return folder, truth, fetched, ran


def test_a_config_brings_the_series_its_legs_need_over_its_window(desk):
    folder, truth, fetched, _ = desk
    assert fetched.exit_code == 0, fetched.stderr
    told = json.loads(fetched.stdout)
    assert [(row["venue"], row["symbol"], row["series"]) for row in told["series"]] == [
        row for venue in VENUES for row in (
            (venue, SPOT, "trade_1h"), (venue, SWAP, "trade_1h"), (venue, SWAP, "mark_1h"), (venue, SWAP, "index_1h"),
            (venue, SWAP, "funding"),
        )
    ]  # fmt: skip
    for row in told["series"]:
        name = row["venue"], row["symbol"], row["series"]
        assert kept(folder / "market", *name) == expected(truth, *name, FIRST, END), name
    assert sum(row["rows"] for row in told["series"] if row["series"] == "trade_1h") == 6 * 240


def test_what_venues_say_of_themselves_is_beside_the_series_and_what_needs_keys_is_named(desk):
    folder, truth, fetched, _ = desk
    market = json.loads((folder / "market" / "okx" / "BTC-USDT_USDT" / "market.json").read_text())
    assert market["content"]["contractSize"] == 0.01 and market["taken"] == "2024-01-15T00:20Z"
    tiers = json.loads((folder / "market" / "bybit" / "BTC-USDT_USDT" / "tiers.json").read_text())["content"]
    assert [tier["maintenanceMarginRate"] for tier in tiers] == [row[1] for row in truth.market("bybit", SWAP).tiers]
    notes = json.loads(fetched.stdout)["notes"]
    assert "binance BTC/USDT:USDT leverage tiers: only with keys, or not through ccxt" in notes
    assert any("currencies" in note and "only with keys" in note for note in notes)


def test_the_run_earns_the_funding_that_the_venues_settled(desk):
    """One BTC short at each venue from the first open on: every settlement after it pays rate times mark, which is the
    open of that hour's mark bar in this world."""
    folder, truth, _, ran = desk
    assert ran.exit_code == 0, ran.stderr
    done = json.loads(ran.stdout)
    rows = pyarrow.parquet.read_table(f"{done['folder']}/journal.parquet").to_pylist()
    paid = [row for row in rows if row["kind"] == "funding"]
    opened = min(row["time"] for row in rows if row["kind"] == "price")
    for venue in VENUES:
        bars = {row[0]: row[1] for row in expected(truth, venue, SWAP, "mark_1h")}
        due = [rate * bars[stamp] for stamp, rate in truth.funding(venue, SWAP, FIRST, END)
               if stamp > opened.timestamp() * 1000]  # fmt: skip
        got = [row["amount"] * (1 if row["source"] == "funding" else -1) for row in paid if row["venue"] == venue]
        assert sum(got) == pytest.approx(sum(due), rel=1e-9), venue
        assert len(got) == len(due) == 78  # 8 h until the 5th, 16:00: 10; 4 h until the 10th, 08:00: 28; then 40 hours


def test_the_same_download_again_asks_for_no_row(desk):
    folder, truth, _, _ = desk
    with pytest.MonkeyPatch.context() as patch, Exchange(truth) as server:
        no_waiting(patch)
        apis = [word for venue in VENUES for word in ("--api", f"{venue}={server.url}")]
        done = call("download", folder / "three.yaml", "--no-snapshots", *apis)
        assert done.exit_code == 0, done.stderr
        assert not [path for _, path, _ in server.requests if "line" in path or "andles" in path or "unding" in path]
    assert "okx BTC/USDT:USDT funding" in done.stdout


def test_what_was_downloaded_is_clean_and_the_run_has_a_report(desk):
    """The contracts change from 8 to 4 to 1 h: told, and no error."""
    folder, _, _, ran = desk
    checked = call("data", "check", folder / "market", "--json", "--fail-on", "error", "--fail-on", "gap>0h")
    assert checked.exit_code == 0, checked.stderr
    kinds = {row["kind"] for row in json.loads(checked.stdout)["findings"] if row["severity"] != "note"}
    assert kinds <= {"outlier", "mark"}, kinds  # the venues of this world move on their own
    place = json.loads(ran.stdout)["folder"]
    report = call("report", place)
    assert report.exit_code == 0, report.stderr
    page = open(f"{place}/report.html", encoding="utf-8").read()
    assert "three-venues" in page and "Basis: mark over index" in page and "Not drawn" not in page
