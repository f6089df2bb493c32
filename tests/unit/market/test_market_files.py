"""One instant, written in every way people write it, is one number of seconds."""

import subprocess
import sys

import numpy as np
import pandas
import pyarrow
import pyarrow.parquet
import pytest

from basisbt.errors import DataError
from basisbt.market.files import digest, read_sheet
from basisbt.market.store import available, read_bars, read_funding, series_path

START = 1_672_531_200  # 2023-01-01T00:00Z
BAR = "100,101,99,100.5,7"
HEAD = "timestamp,open,high,low,close,volume\n"


def seconds(sheet):
    return [sheet.second(row) for row in range(sheet.rows)]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
def test_parquet_timestamps_of_any_unit_and_zone(tmp_path, unit, zone):
    # A zoned timestamp is an instant: 09:00 in Tokyo is stored as 00:00 UTC. A naive one is UTC already.
    path = tmp_path / "x.parquet"
    per = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    stamp = pyarrow.array([START * per, (START + 3600) * per], pyarrow.timestamp(unit, zone))
    pyarrow.parquet.write_table(pyarrow.table({"timestamp": stamp, "close": [1.0, 2.0]}), path)
    assert seconds(read_sheet(path, ("close",))) == [START, START + 3600]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_pandas_writes_microseconds_and_any_other_unit_reads_the_same(tmp_path, unit):
    path = tmp_path / "x.parquet"
    index = pandas.date_range("2023-01-01", periods=2, freq="h", tz="Europe/Berlin", unit=unit)
    pandas.DataFrame({"timestamp": index, "close": [1.0, 2.0]}).to_parquet(path)
    assert seconds(read_sheet(path, ("close",))) == [START - 3600, START]  # midnight in Berlin is 23:00 UTC


@pytest.mark.parametrize(
    "text",
    [
        "2023-01-01", "2023-01-01T00:00", "2023-01-01 00:00:00", "2023-01-01T00:00:00Z", "2023-01-01T00:00:00.000000Z",
        "2023-01-01 09:00:00+09:00", str(START), str(START * 1000), str(START * 10**6), str(START * 10**9), f"{START}.0",
    ],
)  # fmt: skip
def test_csv_timestamps_iso_or_epoch(tmp_path, text):
    path = tmp_path / "trade_1h.csv"
    path.write_text(f"{HEAD}{text},{BAR}\n")
    bars = read_bars(path, START, START + 3600)
    assert bars.time.tolist() == [START]
    assert bars.time.dtype == np.int64
    assert (bars.open[0], bars.high[0], bars.low[0], bars.close[0], bars.volume[0]) == (100, 101, 99, 100.5, 7)


def test_csv_and_parquet_hold_the_same_doubles(tmp_path):
    values = np.random.default_rng(5).lognormal(0, 5, 200)
    stamp = START + 28_800 * np.arange(200)
    frame = pandas.DataFrame({"timestamp": stamp, "funding_rate": values / values.max()})
    frame.to_csv(tmp_path / "funding.csv", index=False)
    frame.to_parquet(tmp_path / "funding.parquet")
    text, binary = (read_funding(tmp_path / f"funding.{kind}", 0, 2**40) for kind in ("csv", "parquet"))
    assert text.rate.tolist() == binary.rate.tolist()
    assert text.time.tolist() == binary.time.tolist() == stamp.tolist()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "cannot be read as CSV"),
        (HEAD, "the file has no rows"),
        ("time,open\n1,2\n", "no column timestamp, high, low, close; the file has time, open"),
        (f"{HEAD}soon,{BAR}\n", "row 0: timestamp 'soon' is not a time; expected ISO 8601"),
        (f"{HEAD}2023-01-01,{BAR}\n,{BAR}\n", "row 1: timestamp nan is not a time"),
        (f"{HEAD}20230101,{BAR}\n", "row 0: timestamp 20230101 reads as 1970-08-23"),
        (f"{HEAD}2023-01-01,1,x,1,1,1\n", "row 0: high 'x' is not a number"),
    ],
)
def test_what_cannot_be_read_is_said_plainly(tmp_path, content, message):
    path = tmp_path / "trade_1h.csv"
    path.write_text(content)
    with pytest.raises(DataError) as caught:
        read_bars(path, START, START + 3600)
    assert str(caught.value).startswith(f"{path}: {message}")


def test_a_broken_or_absent_parquet_file_is_a_data_error(tmp_path):
    path = tmp_path / "trade_1h.parquet"
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        read_bars(path, 0, 1)
    path.write_bytes(b"PAR1 and then nothing")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        read_bars(path, 0, 1)
    assert DataError.exit_code == 3


def test_an_empty_cell_is_refused_with_its_row(tmp_path):
    path = tmp_path / "trade_1h.parquet"
    columns = {name: [1.0, 1.0] for name in ("open", "high", "low", "close")}
    stamps = {"timestamp": pyarrow.array([START, START + 3600], pyarrow.timestamp("s"))}
    pyarrow.parquet.write_table(pyarrow.table({**stamps, **columns, "high": [1.0, None]}), path)
    with pytest.raises(DataError, match=r"row 1 .*: high nan; expected a finite price"):
        read_bars(path, 0, 2**40)
    stamps = {"timestamp": pyarrow.array([START, None], pyarrow.timestamp("s"))}
    pyarrow.parquet.write_table(pyarrow.table({**stamps, **columns}), path)
    with pytest.raises(DataError, match="row 1: the timestamp is empty"):
        read_bars(path, 0, 2**40)


def test_whole_numbers_dates_and_several_row_groups_are_read(tmp_path):
    path = tmp_path / "trade_1d.parquet"
    days = pyarrow.array([19_358, 19_359, 19_360], pyarrow.date32())  # 2023-01-01 and two days after
    columns = {name: [7, 7, 7] for name in ("open", "high", "low", "close", "volume")}
    pyarrow.parquet.write_table(pyarrow.table({"timestamp": days, **columns}), path, row_group_size=1)
    bars = read_bars(path, 0, 2**40)
    assert bars.time.tolist() == [START, START + 86_400, START + 2 * 86_400]
    assert bars.volume.dtype == np.float64


def test_reading_parquet_does_not_import_pandas(market):
    # pandas takes 0.2 s to import; a run on Parquet data need not pay for it.
    path = market.bars("okx", "BTC/USDT", "trade_1h", range(4), range(100, 104))
    code = (
        "import sys; from basisbt.market.store import read_bars; from pathlib import Path; "
        f"read_bars(Path({str(path)!r}), 0, 2**40); print('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_parquet_goes_before_csv_and_foreign_files_are_listed_by_stem(market):
    market.bars("okx", "BTC/USDT", "trade_1h", [0], [100])
    market.path("okx", "BTC/USDT", "trade_1h", ".csv").write_text(HEAD)
    market.path("okx", "BTC/USDT", "notes", ".txt").write_text("hello")
    market.path("okx", "BTC/USDT", "close_1h", ".csv").write_text(HEAD)
    assert [p.name for p in available(market.dir, "okx", "BTC/USDT").values()] == ["close_1h.csv", "trade_1h.parquet"]
    assert series_path(market.dir, "okx", "BTC/USDT", "trade_1h").suffix == ".parquet"
    assert series_path(market.dir, "okx", "BTC/USDT", "close_1h").suffix == ".csv"
    assert available(market.dir, "okx", "ETH/USDT") == {}


def test_a_digest_is_of_bytes(tmp_path):
    for name, content in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        (tmp_path / name).write_bytes(content)
    found = digest(tmp_path / name for name in "abc")
    assert found[str(tmp_path / "a")] == found[str(tmp_path / "b")] != found[str(tmp_path / "c")]


def test_a_window_is_cut_out_end_exclusive(market):
    path = market.bars("okx", "BTC/USDT", "trade_1h", range(10), range(100, 110))
    bars = read_bars(path, START + 2 * 3600, START + 5 * 3600)
    assert bars.open.tolist() == [102, 103, 104]
    assert bars.row == 2
    assert (bars.first, bars.last) == (START, START + 10 * 3600)
