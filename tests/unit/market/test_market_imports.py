"""Other tools' files come in: each fixture is written here as its source writes it.

freqtrade: names and columns of its data handlers (freqtrade/data/history/datahandlers/idatahandler.py, feather).
Binance: the tables of github.com/binance/binance-public-data and the headers of its newer files. CryptoDataDownload: the
address in the first line, newest first. tardis.dev: docs.tardis.dev/downloadable-csv-files, derivative_ticker.
"""

import hashlib
import json
import zipfile

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from basisbt.cli.main import app
from basisbt.errors import ConfigError, DataError
from basisbt.market.checks.check import check_directory
from basisbt.market.imports.bring import bring
from basisbt.market.imports.freqtrade import settled
from basisbt.market.imports.tardis import candles, settlements
from basisbt.market.store import read_bars, read_funding

START = 1_672_531_200  # 2023-01-01
HOUR = 3600


def bars(count=48, start=START, price=100.0):
    """[(second, open, high, low, close, volume)] of hours that rise by one."""
    return [(start + HOUR * k, price + k, price + k + 1.5, price + k - 0.5, price + k + 1.0, 10.0 + k) for k in range(count)]


def feather(file, rows, start=START):
    file.parent.mkdir(parents=True, exist_ok=True)
    frame = pd.DataFrame(rows, columns=["date", "open", "high", "low", "close", "volume"])
    frame["date"] = pd.to_datetime(frame["date"], unit="s", utc=True)
    frame.to_feather(file)


def test_a_folder_of_freqtrade(tmp_path):
    home = tmp_path / "user_data" / "data" / "binance"
    feather(home / "BTC_USDT-1h.feather", bars())
    feather(home / "futures" / "BTC_USDT_USDT-1h-futures.feather", bars(price=101.0))
    feather(home / "futures" / "BTC_USDT_USDT-8h-mark.feather", [(START + 8 * HOUR * k, 1, 2, 1, 2, 0) for k in range(6)])
    rates = [(START + 8 * HOUR * k, 0.0001 * (k + 1), 0, 0, 0, 0) for k in range(6)]
    feather(home / "futures" / "BTC_USDT_USDT-8h-funding_rate.feather", rates)
    feather(home / "BTC_USDT-trades.feather", [(START, 1, 1, 1, 1, 1)])  # not candles: let alone
    found = bring("freqtrade", tmp_path / "user_data", tmp_path / "data")
    names = {(f.venue, f.symbol, f.series, f.rows) for f in found}
    assert names == {
        ("binance", "BTC/USDT", "trade_1h", 48), ("binance", "BTC/USDT:USDT", "trade_1h", 48),
        ("binance", "BTC/USDT:USDT", "mark_8h", 6), ("binance", "BTC/USDT:USDT", "funding", 6),
    }  # fmt: skip
    spot = read_bars(tmp_path / "data/binance/BTC-USDT/trade_1h.parquet", 0, 2**40)
    assert spot.close[:3].tolist() == [101.0, 102.0, 103.0] and spot.volume[0] == 10.0 and spot.time[0] == START
    funding = read_funding(tmp_path / "data/binance/BTC-USDT_USDT/funding.parquet", 0, 2**40)
    assert funding.rate.tolist() == pytest.approx([0.0001 * (k + 1) for k in range(6)]) and funding.interval == 8 * HOUR
    shape = {f.kind for f in check_directory(tmp_path / "data")[0] if f.severity != "note"}
    assert shape <= {"unfinished"}


def test_zeros_between_settlements_are_fill_and_a_settlement_of_zero_is_one():
    """Hourly rows, paid at 0, 8, 16 h; the one at 16 h is zero and stays, the hours between go."""
    time = START * 1000 + HOUR * 1000 * np.arange(25)
    rate = np.zeros((25, 1))
    rate[[0, 8, 24], 0] = 0.0001
    kept, rates = settled(time, rate)
    assert ((kept - kept[0]) // (HOUR * 1000)).tolist() == [0, 8, 16, 24] and rates[2, 0] == 0.0


def test_freqtrade_in_json(tmp_path):
    home = tmp_path / "okx"
    home.mkdir()
    rows = [[second * 1000, *rest] for second, *rest in bars()]
    (home / "ETH_USDT-1h.json").write_text(json.dumps(rows))
    assert [(f.venue, f.symbol, f.rows) for f in bring("freqtrade", home, tmp_path / "data")] == [("okx", "ETH/USDT", 48)]


def bulk(file, rows, header=None, unit=1000):
    """A ZIP of Binance with one CSV in it; rows as bars()."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [header] if header else []
    for second, o, h, low, c, v in rows:
        lines.append(f"{second * unit},{o},{h},{low},{c},{v},{(second + HOUR) * unit - 1},{v * c},7,1.0,2.0,0")
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(file.stem + ".csv", "\n".join(lines) + "\n")


NAMES = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"


def test_bulk_files_of_binance_spot_and_futures_with_and_without_names_in_ms_and_microseconds(tmp_path):
    vision = tmp_path / "data"
    spot = vision / "spot/monthly/klines/BTCUSDT/1h"
    bulk(spot / "BTCUSDT-1h-2023-01.zip", bars(24))
    later = 1_735_689_600  # 2025-01-01: spot counts microseconds from here on
    bulk(spot / "BTCUSDT-1h-2025-01.zip", bars(24, later), unit=1_000_000)
    um = vision / "futures/um/monthly"
    bulk(um / "klines/BTCUSDT/1h/BTCUSDT-1h-2023-01.zip", bars(24), NAMES)
    bulk(vision / "futures/um/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2023-01-01.zip", bars(24), NAMES)  # the same day again
    bulk(um / "markPriceKlines/BTCUSDT/1h/BTCUSDT-1h-2023-01.zip", bars(24), NAMES)
    bulk(um / "premiumIndexKlines/BTCUSDT/1h/BTCUSDT-1h-2023-01.zip", bars(24, price=0.0), NAMES)
    bulk(vision / "futures/cm/monthly/klines/BTCUSD_PERP/1h/BTCUSD_PERP-1h-2023-01.zip", bars(24), NAMES)
    bulk(vision / "futures/cm/monthly/klines/BTCUSD_230331/1h/BTCUSD_230331-1h-2023-01.zip", bars(24), NAMES)
    rates = um / "fundingRate/BTCUSDT/BTCUSDT-fundingRate-2023-01.zip"
    rates.parent.mkdir(parents=True)
    with zipfile.ZipFile(rates, "w") as archive:
        body = "calc_time,funding_interval_hours,last_funding_rate\n"
        body += "".join(f"{(START + 8 * HOUR * k) * 1000 + 7},8,0.0001000{k}\n" for k in range(3))
        archive.writestr("BTCUSDT-fundingRate-2023-01.csv", body)
    found = {(f.symbol, f.series): f for f in bring("binance", vision, tmp_path / "store")}
    assert {key: f.rows for key, f in found.items()} == {
        ("BTC/USDT", "trade_1h"): 48, ("BTC/USDT:USDT", "trade_1h"): 24, ("BTC/USDT:USDT", "mark_1h"): 24,
        ("BTC/USDT:USDT", "premium_1h"): 24, ("BTC/USD:BTC", "trade_1h"): 24, ("BTC/USD:BTC-230331", "trade_1h"): 24,
        ("BTC/USDT:USDT", "funding"): 3,
    }  # fmt: skip
    assert found["BTC/USDT:USDT", "trade_1h"].files == 2
    stored = read_bars(tmp_path / "store/binance/BTC-USDT/trade_1h.parquet", 0, 2**40)
    assert stored.time[[0, 24]].tolist() == [START, later]
    coin = read_bars(tmp_path / "store/binance/BTC-USD_BTC/trade_1h.parquet", 0, 2**40)
    assert coin.volume[0] == pytest.approx(10.0 * 101.0)  # coins, which stand where spot has its quote volume
    paid = read_funding(tmp_path / "store/binance/BTC-USDT_USDT/funding.parquet", 0, 2**40)
    assert paid.time.tolist() == [START + 8 * HOUR * k for k in range(3)] and paid.rate[1] == 0.00010001


def test_a_checksum_that_is_not_met(tmp_path):
    file = tmp_path / "spot/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2023-01.zip"
    bulk(file, bars(24))
    beside = file.with_name(file.name + ".CHECKSUM")
    beside.write_text(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n")
    assert bring("binance", tmp_path, tmp_path / "store")[0].rows == 24
    file.write_bytes(file.read_bytes() + b"x")
    with pytest.raises(DataError, match="CHECKSUM says .*; fetch it again"):
        bring("binance", tmp_path, tmp_path / "store")


def test_a_file_of_cryptodatadownload(tmp_path):
    lines = ["https://www.CryptoDataDownload.com", "unix,date,symbol,open,high,low,close,Volume BTC,Volume USDT,tradecount"]
    for second, o, h, low, c, v in reversed(bars()):
        lines.append(f"{second * 1000}.0,2023-01-01 00:00:00,BTCUSDT,{o},{h},{low},{c},{v},{v * c},9")
    file = tmp_path / "Binance_BTCUSDT_1h.csv"
    file.write_text("\n".join(lines) + "\n")
    found = bring("cryptodatadownload", file, tmp_path / "store")
    assert [(f.venue, f.symbol, f.series, f.rows) for f in found] == [("binance", "BTC/USDT", "trade_1h", 48)]
    stored = read_bars(tmp_path / "store/binance/BTC-USDT/trade_1h.parquet", 0, 2**40)
    assert stored.open[0] == 100.0 and stored.volume[-1] == 57.0


TICKER = "exchange,symbol,timestamp,local_timestamp,funding_timestamp,funding_rate,predicted_funding_rate,"
TICKER += "open_interest,last_price,index_price,mark_price\n"


def test_ticks_of_tardis_become_settlements_and_candles(tmp_path):
    """A tick every quarter of an hour for 17 hours. What is due at 08:00 is the rate of the last tick before it, 08:00
    itself included; what is due at 16:00 likewise, since ticks go on past it; 24:00 has not come."""
    body = TICKER
    for k in range(17 * 4):
        second = START + 900 * k
        due = START + 8 * HOUR * (k // 32 + 1)
        rate = 0.0001 + k * 1e-6
        stamp = f"{second}000000,{second}000500"
        body += f"binance-futures,BTCUSDT,{stamp},{due}000000,{rate:.7f},,1000,{100 + k},{99.5 + k},{100 + k}\n"
    (tmp_path / "binance-futures_derivative_ticker_2023-01-01_BTCUSDT.csv").write_text(body)
    found = {f.series: f for f in bring("tardis", tmp_path, tmp_path / "store")}
    assert {f.symbol for f in found.values()} == {"BTC/USDT:USDT"} and set(found) == {"funding", "mark_1h", "index_1h"}
    paid = read_funding(tmp_path / "store/binance/BTC-USDT_USDT/funding.parquet", 0, 2**40)
    assert paid.time.tolist() == [START + 8 * HOUR, START + 16 * HOUR]
    assert paid.rate.tolist() == pytest.approx([0.000131, 0.000163])  # ticks 31 (07:45) and 63 (15:45)
    mark = read_bars(tmp_path / "store/binance/BTC-USDT_USDT/mark_1h.parquet", 0, 2**40)
    assert mark.time.size == 16  # the seventeenth hour may not be over
    assert [mark.open[0], mark.high[0], mark.low[0], mark.close[0]] == [100, 103, 100, 103]


def test_hours_without_ticks_are_missing_and_half_hours_at_the_ends_are_left_out():
    time = np.array([30, 59, 60, 119, 240, 299, 300, 310]) * 60_000  # minutes; the first tick is at half past
    opened, values = candles(time, np.arange(8.0) + 1.0, 3_600_000)
    assert (opened // 3_600_000).tolist() == [1, 4] and values[1, :4].tolist() == [5.0, 6.0, 5.0, 6.0]
    empty = settlements(np.array([1]), np.array([np.nan]), np.array([0.1]))
    assert empty[0].size == 0


def test_trades_of_tardis_are_no_tickers(tmp_path):
    (tmp_path / "x.csv").write_text("exchange,symbol,timestamp,local_timestamp,id,side,price,amount\nb,B,1,1,1,buy,1,1\n")
    with pytest.raises(ConfigError, match="is no derivative_ticker file"):
        bring("tardis", tmp_path, tmp_path / "store")


def test_what_is_there_must_be_the_same_or_is_put_aside(tmp_path):
    home, store = tmp_path / "okx", tmp_path / "store"
    feather(home / "BTC_USDT-1h.feather", bars(24))
    bring("freqtrade", home, store)
    file = store / "okx/BTC-USDT/trade_1h.parquet"
    feather(home / "BTC_USDT-1h.feather", bars(48))
    assert bring("freqtrade", home, store)[0].new == 24  # the first day agrees, the second is added
    before = file.read_bytes()
    other = bars(48)
    other[5] = (other[5][0], 105.0, 107.0, 104.0, 105.5, 15.0)
    feather(home / "BTC_USDT-1h.feather", other)
    with pytest.raises(DataError, match=r"row 5 .*high 106\.5 on disk .*107\.0"):
        bring("freqtrade", home, store)
    assert file.read_bytes() == before
    assert bring("freqtrade", home, store, force=True, dry=True) and file.read_bytes() == before
    aside = bring("freqtrade", home, store, force=True)[0].aside
    assert open(aside, "rb").read() == before and read_bars(file, 0, 2**40).high[5] == 107.0


def test_two_files_that_contradict_each_other_write_nothing(tmp_path):
    one = tmp_path / "spot/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2023-01.zip"
    two = tmp_path / "spot/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2023-01-01.zip"
    bulk(one, bars(24))
    bulk(two, [(s, o, h, low, c + 0.25, v) for s, o, h, low, c, v in bars(24)])
    with pytest.raises(DataError, match="two rows for 2023-01-01"):
        bring("binance", tmp_path, tmp_path / "store")
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("name", "content", "source", "text"),
    [
        ("okx/BTC_USDT-1h.feather", b"no feather", "freqtrade", "cannot be read as feather"),
        ("BTCUSDT-1h-2023-01.csv", b"1,2\n", "binance", "no folder says which klines these are"),
        ("klines/BTCUSDT-1h-2023-01.zip", b"no zip", "binance", "cannot be read"),
        ("Binance_BTCUSDT_1h.csv", b"https://x\na,b\n1,2\n", "cryptodatadownload", "expected unix, open"),
        ("Binance_BTCUSDT_7x.csv", b"unix,open,high,low,close\n1672531200,1,1,1,1\n", "cryptodatadownload", "timeframe"),
        ("nothing.txt", b"", "freqtrade", "nothing there that freqtrade would have written"),
        ("x.csv", b"", "excel", "--from: found 'excel', expected one of freqtrade, binance"),
    ],
)
def test_what_cannot_be_imported_says_why(name, content, source, text, tmp_path):
    file = tmp_path / "in" / name
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    with pytest.raises((ConfigError, DataError), match=text):
        bring(source, tmp_path / "in", tmp_path / "store")


def test_the_verb(tmp_path):
    feather(tmp_path / "okx" / "BTC_USDT-1h.feather", bars())
    words = ["data", "import", str(tmp_path / "okx"), "--from", "freqtrade", "--data-dir", str(tmp_path / "store")]
    dry = CliRunner().invoke(app, [*words, "--dry-run"])
    assert dry.exit_code == 0 and "nothing written: a dry run" in dry.stdout and not (tmp_path / "store").exists()
    done = CliRunner().invoke(app, [*words, "--json"])
    assert json.loads(done.stdout)["series"][0]["rows"] == 48
    assert CliRunner().invoke(app, [*words[:3], "--from", "nobody"]).exit_code == 2
