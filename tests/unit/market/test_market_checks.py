"""Dirt in market data: what `data check` finds in the real files, in files that were spoiled on purpose, and what it
lets alone because it is unusual but right."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from basisbt.cli.main import app
from basisbt.errors import ConfigError, DataError
from basisbt.market.checks.check import check_directory
from basisbt.market.checks.finding import limit
from basisbt.market.checks.shape import runs, usual_distance
from tests.support.places import REAL, ROOT

real = pytest.mark.skipif(not REAL.is_dir(), reason=f"real market data is not here ({REAL})")
SAMPLE = ROOT / "data" / "sample"
TRADE, PERP = "BTC-USDT", "BTC-USDT_USDT"


@pytest.fixture(scope="module")
def everything():
    return check_directory(REAL)[0]


def of(findings, venue, symbol, series, kind):
    return [f for f in findings if (f.venue, f.symbol, f.series, f.kind) == (venue, symbol, series, kind)]


@real
def test_the_month_that_gate_lacks(everything):
    hole = of(everything, "gate", "BTC/USDT:USDT", "funding", "gap")
    assert len(hole) == 1 and hole[0].size == 31 * 86400 and hole[0].severity == "error"
    assert hole[0].row()["since"] == "2020-12-01" and hole[0].row()["until"] == "2021-01-01"


@real
def test_nine_days_of_every_month_at_hyperliquid(everything):
    """24 months with a hole of nine days or more, and one hour (INDEX.csv counts 25 gaps)."""
    holes = of(everything, "hyperliquid", "BTC/USDC:USDC", "funding_2024_2025_gappy", "gap")
    assert len(holes) == 25 and sorted(h.size for h in holes)[0] == 3600
    assert sum(h.size > 7 * 86400 for h in holes) == 24


@real
def test_seventeen_gaps_of_binance_spot_and_two_days_of_coin_m(everything):
    spot = of(everything, "binance", "BTC/USDT", "trade_1h", "gap")
    assert len(spot) == 17 and max(h.size for h in spot) == 5 * 3600  # INDEX.csv: rows at most 6 h apart
    coin = of(everything, "binance", "BTC/USD:BTC", "trade_1h", "gap")
    assert len(coin) == 31 and max(h.size for h in coin) == 48 * 3600


@real
def test_what_is_unusual_but_right_is_no_error(everything):
    for venue in ("kucoin", "bitmex", "dydx"):
        assert {f.severity for f in everything if f.venue == venue} <= {"note"}
    assert "04, 12, 20" in of(everything, "kucoin", "BTC/USDT:USDT", "funding", "clock")[0].told
    daily = of(everything, "bitmex", "BTC/USD:BTC", "funding", "interval")
    assert len(daily) == 1 and "every 8 h" in daily[0].told  # BitMEX settled once a day until June 2016
    kinds = {f.kind for f in everything if f.severity == "error"}
    assert kinds == {"gap"}  # nothing else of the real data is wrong beyond doubt


def copied(folder, *names):
    """Some instruments of real Binance data, to be spoiled."""
    for name in names:
        shutil.copytree(REAL / "binance" / name, folder / "binance" / name)
    return folder / "binance"


def spoil(file, change):
    """A file with something done to its frame."""
    frame = pd.read_parquet(file)
    frame = change(frame)
    frame.to_parquet(file, index=False)


@real
@pytest.mark.parametrize("hours", [1, 3, -1])
@pytest.mark.parametrize("series", [f"{PERP}/trade_1h", f"{TRADE}/trade_1h"])
def test_a_series_whose_clock_is_off_is_found_out(hours, series, tmp_path):
    place = copied(tmp_path, TRADE, PERP)
    assert not [f for f in check_directory(tmp_path)[0] if f.kind == "shift"]
    spoil(place / f"{series}.parquet", lambda f: f.assign(timestamp=f["timestamp"] + pd.Timedelta(hours=hours)))
    found = [f for f in check_directory(tmp_path)[0] if f.kind == "shift"]
    wrong = (series.split("/")[0].replace("-", "/", 1).replace("_", ":"), "trade_1h")
    way = "back" if hours > 0 else "forward"
    assert len(found) == 1 and (found[0].symbol, found[0].series) == wrong
    assert found[0].severity == "error" and found[0].size == abs(hours) and f"moved {abs(hours)} h {way}" in found[0].told


@real
@pytest.mark.parametrize("hours", [1, 3])
def test_funding_whose_clock_is_off_is_found_out(hours, tmp_path):
    place = copied(tmp_path, PERP)
    spoil(place / PERP / "funding.parquet", lambda f: f.assign(timestamp=f["timestamp"] + pd.Timedelta(hours=hours)))
    found = [f for f in check_directory(tmp_path)[0] if f.kind == "shift"]
    assert len(found) == 1 and found[0].size == hours and f"settles {hours} h earlier" in found[0].told


@real
def test_ether_in_the_folder_of_bitcoin(tmp_path):
    place = copied(tmp_path, TRADE, PERP)
    shutil.copy(REAL / "binance/ETH-USDT/trade_1h.parquet", place / TRADE / "trade_1h.parquet")
    found = check_directory(tmp_path)[0]
    wrong = [f for f in found if f.kind in ("symbol", "level")]
    assert [(f.symbol, f.series, f.severity) for f in wrong] == [("BTC/USDT", "trade_1h", "error")]


def sample(folder):
    shutil.copytree(SAMPLE, folder / "data")
    return folder / "data"


def test_the_bundled_markets_are_clean():
    for name in ("sample", "sample_five"):
        findings, series = check_directory(ROOT / "data" / name)
        assert findings == [] and len(series) >= 20


def test_rates_in_per_cent(tmp_path):
    place = sample(tmp_path)
    spoil(place / "okx" / PERP / "funding.parquet", lambda f: f.assign(funding_rate=f["funding_rate"] * 100.0))
    found = check_directory(place)[0]
    assert [f.kind for f in found if f.severity == "error"] == ["units"] and "divide by 100" in found[0].todo


def test_a_price_nobody_else_saw_a_run_that_stands_a_repeat_and_prices_that_cannot_be(tmp_path):
    """One close 12 % up; thirteen bars at one price; a row twice; a high below its close."""
    place = sample(tmp_path)

    def outlier(f):
        f.loc[4000, "close"] *= 1.12
        f.loc[4000, "high"] = f.loc[4000, "close"]
        return f

    def stale(f):
        f.loc[3000:3012, ["open", "high", "low", "close"]] = f.loc[3000, "close"]
        return f

    def broken(f):
        f.loc[77, "high"] = f.loc[77, "close"] * 0.9
        return f

    spoil(place / "okx" / TRADE / "trade_1h.parquet", outlier)
    spoil(place / "okx" / PERP / "mark_1h.parquet", stale)
    spoil(place / "bybit" / TRADE / "trade_1h.parquet", lambda f: pd.concat([f.iloc[:101], f.iloc[100:]]))
    spoil(place / "bybit" / PERP / "trade_1h.parquet", broken)
    found = check_directory(place)[0]
    high = of(found, "okx", "BTC/USDT", "trade_1h", "outlier")
    assert len(high) == 1 and high[0].size == pytest.approx(12.0, abs=0.3)
    run = of(found, "okx", "BTC/USDT:USDT", "mark_1h", "stale")
    assert len(run) == 1 and run[0].size == 12  # the first of the thirteen is not a repeat
    twice = of(found, "bybit", "BTC/USDT", "trade_1h", "order")
    assert twice[0].told == "1 rows repeat a time, the first is row 101" and twice[0].severity == "error"
    assert of(found, "bybit", "BTC/USDT:USDT", "trade_1h", "prices")[0].size == 1
    assert {f.kind for f in found} == {"outlier", "stale", "order", "prices"}


def test_a_bar_that_was_still_being_made_and_one_that_is_far_too_thin(tmp_path):
    import os

    place = sample(tmp_path)
    file = place / "okx" / TRADE / "trade_1h.parquet"
    last = int(pd.read_parquet(file)["timestamp"].iloc[-1].timestamp())
    os.utime(file, (last + 1800, last + 1800))  # written half an hour into its last bar
    assert of(check_directory(place)[0], "okx", "BTC/USDT", "trade_1h", "unfinished")[0].severity == "error"
    spoil(file, lambda f: f.assign(volume=f["volume"].where(f.index < len(f) - 1, 0.01)))
    assert of(check_directory(place)[0], "okx", "BTC/USDT", "trade_1h", "unfinished")[0].severity == "warning"


def test_marks_and_spot_that_disagree(tmp_path):
    place = sample(tmp_path)

    def off(f):
        f.loc[5000:5040, ["open", "high", "low", "close"]] *= 1.2
        return f

    spoil(place / "okx" / PERP / "mark_1h.parquet", off)
    spoil(place / "okx" / PERP / "trade_1h.parquet", off)
    spoil(place / "bybit" / PERP / "mark_1h.parquet", off)
    found = check_directory(place)[0]
    basis = of(found, "okx", "BTC/USDT:USDT", "trade_1h", "basis")
    assert len(basis) == 1 and basis[0].until - basis[0].since == 41 * 3600 and 19 < basis[0].size < 21
    assert of(found, "bybit", "BTC/USDT:USDT", "mark_1h", "mark") and not of(found, "okx", "BTC/USDT:USDT", "mark_1h", "mark")


def test_an_interval_that_changes_is_told_and_no_gap():
    """Eight hours, then four, then one: 60 settlements each."""
    apart = np.repeat([28_800, 14_400, 3_600], 60)
    time = 1_672_531_200 + np.concatenate([[0], np.cumsum(apart)])
    assert (np.diff(time) <= 1.5 * usual_distance(time)).all()
    holed = np.delete(time, 90)
    assert (np.diff(holed) > 1.5 * usual_distance(holed)).sum() == 1


def test_runs_are_first_and_last():
    assert runs(np.array([0, 1, 1, 0, 1], bool)) == [(1, 2), (4, 4)] and runs(np.zeros(3, bool)) == []


@pytest.mark.parametrize(("text", "above"), [("gap>6h", 21_600), ("stale>3", 3), ("shift", -1), ("error", -1), ("outlier > 5%", 5)])
def test_limits_as_they_are_typed(text, above):
    assert limit(text).above == above


@pytest.mark.parametrize("text", ["gap>6", "gape", "gap>", "stale>3h", "symbol>2", "outlier>5"])
def test_limits_that_mean_nothing_are_refused(text):
    with pytest.raises(ConfigError, match="--fail-on: found"):
        limit(text)


def call(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_the_verbs(tmp_path):
    place = sample(tmp_path)
    clean = call("data", "check", place, "--fail-on", "error", "--fail-on", "gap>6h")
    assert clean.exit_code == 0 and "24 series checked: 0 errors, 0 warnings, 0 notes" in clean.stdout
    spoil(place / "okx" / TRADE / "trade_1h.parquet", lambda f: f.drop(index=range(100, 110)))
    assert call("data", "check", place).exit_code == 0
    assert call("data", "check", place, "--fail-on", "gap>10h").exit_code == 0  # ten hours are not more than ten
    failed = call("data", "check", place, "--fail-on", "gap>6h", "--json")
    assert failed.exit_code == 3 and "okx BTC/USDT trade_1h: gap: 10 h missing (10 rows)" in failed.stderr
    row = json.loads(failed.stdout)["findings"][0]
    assert row["size"] == 36_000 and row["unit"] == "s" and row["since"] == "2023-01-05T04:00Z"
    listed = call("data", "ls", place)
    assert listed.exit_code == 0 and "█" in listed.stdout and "24 series" in listed.stdout
    frame = json.loads(call("data", "ls", place, "--venue", "okx", "--json").stdout)
    assert len(frame) == 8 and {row["gaps"] for row in frame} == {0, 1}
    (place / "okx" / TRADE / "trade_1h.parquet").write_bytes(b"nothing of the kind")
    unread = call("data", "check", place, "--fail-on", "unreadable")
    assert unread.exit_code == 3 and "cannot be read as Parquet" in unread.stderr
    assert call("data", "ls", tmp_path / "nowhere").exit_code == 2


def test_an_empty_folder_is_an_error(tmp_path):
    with pytest.raises(DataError, match="no series there"):
        check_directory(tmp_path)
