"""The data store: five years of six hourly instruments, written and read, beside CSV.

    python benchmarks/data_store.py             # some two minutes, half of it Backtrader's
    python benchmarks/data_store.py --years 1

Parquet as the downloader writes it, read as a run reads it (checks included); the same content as CSV through
`pandas.read_csv`, and through Backtrader's GenericCSVData, which parses lines one by one. Ratios of one run count.
"""

import argparse
import contextlib
import io
import tempfile
import time
from pathlib import Path

import numpy as np

from basisbt.market.download.rows import Rows
from basisbt.market.download.series_names import read_series
from basisbt.market.download.stored import write_rows
from basisbt.market.instruments import folder
from basisbt.market.store import read_bars

INSTRUMENTS = [(venue, symbol) for venue in ("one", "two", "three") for symbol in ("BTC/USDT", "BTC/USDT:USDT")]
HOUR = 3_600_000
START = 1_577_836_800_000  # 2020-01-01


def market(years: int, seed: int) -> Rows:
    """Bars that a market could have made, prices to a tick."""
    random = np.random.default_rng(seed)
    n = years * 365 * 24
    close = np.round(30_000.0 * np.exp(np.cumsum(0.005 * random.standard_normal(n))), 1)
    opened = np.concatenate([[30_000.0], close[:-1]])
    high = np.maximum(opened, close) + np.round(50.0 * random.random(n), 1)
    low = np.minimum(opened, close) - np.round(50.0 * random.random(n), 1)
    volume = np.round(1_000.0 * random.random(n) + 1.0, 3)
    values = np.column_stack([opened, high, np.maximum(low, 0.1), close, volume])
    return Rows(START + HOUR * np.arange(n, dtype=np.int64), values)


def csv_of(rows: Rows, file: Path) -> None:
    """The same as CSV, as exchanges and other tools write it."""
    import pandas as pd

    frame = pd.DataFrame(rows.values, columns=["open", "high", "low", "close", "volume"])
    frame.insert(0, "timestamp", pd.to_datetime(rows.time, unit="ms").strftime("%Y-%m-%d %H:%M:%S"))
    frame.to_csv(file, index=False)


def timed(job) -> float:
    """Seconds that a job takes."""
    before = time.perf_counter()
    job()
    return time.perf_counter() - before


def with_backtrader(files) -> None:
    """Every file through GenericCSVData, loaded as a cerebro loads it."""
    import backtrader as bt

    cerebro = bt.Cerebro(stdstats=False)
    for file in files:
        cerebro.adddata(bt.feeds.GenericCSVData(
            dataname=str(file), dtformat="%Y-%m-%d %H:%M:%S", timeframe=bt.TimeFrame.Minutes, compression=60,
            openinterest=-1,
        ))  # fmt: skip
    cerebro.addstrategy(bt.Strategy)
    with contextlib.redirect_stdout(io.StringIO()):
        cerebro.run(runonce=True, preload=True)


def main() -> None:
    """Write, read and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--years", type=int, default=5)
    years = parser.parse_args().years
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        table = {name: market(years, k) for k, name in enumerate(INSTRUMENTS)}
        series = read_series("trade_1h")
        wrote = timed(lambda: [write_rows(place, *name, series, rows) for name, rows in table.items()])
        parquet = [place / folder(*name) / "trade_1h.parquet" for name in INSTRUMENTS]
        csv = [place / f"{k}.csv" for k in range(len(INSTRUMENTS))]
        wrote_csv = timed(lambda: [csv_of(rows, file) for rows, file in zip(table.values(), csv)])
        import pandas as pd

        read = [
            ("Parquet, as a run reads it", parquet, lambda: [read_bars(file, 0, 2**40) for file in parquet], wrote),
            ("pandas.read_csv", csv, lambda: [pd.read_csv(f, parse_dates=["timestamp"]) for f in csv], wrote_csv),
            ("Backtrader GenericCSVData", csv, lambda: with_backtrader(csv), wrote_csv),
        ]
        first = timed(read[0][2])
        best = {name: min(timed(job) for _ in range(3 if name[0] != "B" else 1)) for name, _, job, _ in read}
        for name, files, _, written in read:
            size = sum(file.stat().st_size for file in files) / 1e6
            ratio = best[name] / best[read[0][0]]
            print(f"{name:<28} {size:6.1f} MB  written {written:6.2f} s  read {best[name]:7.3f} s  {ratio:8.1f}x")
        print(f"{years} years, {len(INSTRUMENTS)} instruments, {len(table[INSTRUMENTS[0]].time):,} bars each; "
              f"first read {first:.3f} s")  # fmt: skip


if __name__ == "__main__":
    main()
