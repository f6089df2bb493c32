"""tardis.dev: CSV files of `derivative_ticker`, from which come settlements, and candles of marks, index and trades.

Columns: exchange, symbol, timestamp, local_timestamp, funding_timestamp, funding_rate, predicted_funding_rate,
open_interest, last_price, index_price, mark_price; times in µs. What is settled at `funding_timestamp` is the last
rate that was seen before it; it counts only when ticks went on past it. A bar without ticks is missing, not filled.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from basisbt.errors import ConfigError, DataError
from basisbt.market.grid import timeframe_seconds
from basisbt.market.imports.part import Part, first_line

NEEDED = (
    "exchange",
    "symbol",
    "timestamp",
    "funding_timestamp",
    "funding_rate",
    "last_price",
    "index_price",
    "mark_price",
)
VENUES = {
    "binance-futures": ("binance", "um"), "binance-delivery": ("binance", "cm"), "bybit": ("bybit", "um"),
    "okex-swap": ("okx", "dash"), "okex-futures": ("okx", "dash"), "bitmex": ("bitmex", ""), "deribit": ("deribit", ""),
    "kraken-futures": ("kraken", ""), "huobi-dm-linear-swap": ("htx", "dash"), "gate-io-futures": ("gate", ""),
}  # fmt: skip
SERIES = (("mark_price", "mark"), ("index_price", "index"))


def parts(path: Path, venue: str | None, symbol: str | None, timeframe: str = "1h") -> Iterator[Part]:
    """Settlements and candles of every derivative_ticker file below a folder, or of one file, all days of a symbol
    together. ConfigError for another data type or a symbol that is not clear."""
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*.csv*") if each.is_file())
    by_symbol: dict[tuple[str, str], list] = {}
    for file in files:
        frame = read(file)
        for (exchange, name), part in frame.groupby(["exchange", "symbol"], sort=False):
            known, _ = VENUES.get(str(exchange), (str(exchange), ""))
            by_symbol.setdefault((venue or known, symbol or symbol_of(file, str(exchange), str(name))), []).append(
                (file, part)
            )
    for (where, named), pieces in by_symbol.items():
        yield from candles_and_settlements(where, named, pieces, timeframe)


def candles_and_settlements(venue: str, symbol: str, pieces, timeframe: str) -> Iterator[Part]:
    """The parts of one symbol, its files put in order of time."""
    import pandas as pd

    frame = pd.concat([part for _, part in pieces]).sort_values("timestamp", kind="stable")
    file, time = pieces[0][0], frame["timestamp"].to_numpy(np.int64) // 1000
    stamps, rates = settlements(time, frame["funding_timestamp"].to_numpy(float), frame["funding_rate"].to_numpy(float))
    if stamps.size:
        yield Part(venue, symbol, "funding", file, stamps, np.column_stack([rates, np.full(stamps.size, np.nan)]))
    step = timeframe_seconds(timeframe) * 1000
    for column, kind in SERIES:
        opened, values = candles(time, frame[column].to_numpy(float), step)
        if opened.size:
            yield Part(venue, symbol, f"{kind}_{timeframe}", file, opened, values)


def settlements(time: np.ndarray, due: np.ndarray, rate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(ms, rate) of what was settled: of each due time (µs) that ticks went past, the last rate before it."""
    known = np.isfinite(due) & np.isfinite(rate)
    time, due, rate = time[known], (due[known] / 1000.0).astype(np.int64), rate[known]
    stamps, rates = [], []
    for moment in np.unique(due):
        before = np.flatnonzero((due == moment) & (time <= moment))
        if before.size and time.size and time[-1] > moment:
            stamps.append(int(moment))
            rates.append(rate[before[-1]])
    return np.array(stamps, np.int64), np.array(rates)


def candles(time: np.ndarray, price: np.ndarray, step: int) -> tuple[np.ndarray, np.ndarray]:
    """(ms of the opening, [N, 5] with no volume) of ticks. The first bar, which may have begun before, and the last,
    which may not be over, are left out."""
    known = np.isfinite(price)
    time, price = time[known], price[known]
    if not time.size:
        return time, np.zeros((0, 5))
    bar = time // step
    first = np.flatnonzero(np.concatenate([[True], bar[1:] != bar[:-1]]))
    last = np.concatenate([first[1:] - 1, [time.size - 1]])
    high, low = np.maximum.reduceat(price, first), np.minimum.reduceat(price, first)
    values = np.column_stack([price[first], high, low, price[last], np.full(first.size, np.nan)])
    inside = slice(0 if time[0] % step < 1000 else 1, -1)
    return (bar[first] * step)[inside], values[inside]


def read(file: Path):
    """The table of one file. ConfigError for another data type of the same source."""
    import pandas as pd

    try:
        frame = pd.read_csv(file)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{file}: cannot be read as CSV ({first_line(error)})") from None
    missing = [name for name in NEEDED if name not in frame]
    if missing:
        raise ConfigError(
            f"{file}: is no derivative_ticker file (no {', '.join(missing)}); of tardis.dev only these are imported"
        )
    return frame


def symbol_of(file: Path, exchange: str, name: str) -> str:
    """The exchange's name of a contract as ccxt calls it. ConfigError where that is not clear."""
    family = VENUES.get(exchange, ("", ""))[1]
    if family == "um" and name.endswith(("USDT", "USDC")):
        return f"{name[:-4]}/{name[-4:]}:{name[-4:]}"
    if family == "um" and name.endswith("USD"):
        return f"{name[:-3]}/USD:{name[:-3]}"
    if family == "cm" and name.endswith("USD_PERP"):
        return f"{name.removesuffix('USD_PERP')}/USD:{name.removesuffix('USD_PERP')}"
    if family == "dash" and (name.endswith("-SWAP") or name.count("-") == 1):
        base, quote = name.removesuffix("-SWAP").split("-")
        return f"{base}/{quote}:{base if quote == 'USD' else quote}"
    raise ConfigError(f"{file}: what {exchange} {name} is called here is not clear; give --symbol, like BTC/USDT:USDT")
