"""CryptoDataDownload: `Binance_BTCUSDT_1h.csv`, its address in the first line, the newest row first.

Columns: unix (s or ms; older files: Unix Timestamp), date, symbol, open, high, low, close, a volume for each currency.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from basisbt.errors import ConfigError, DataError
from basisbt.market.imports.part import Part, first_line, milliseconds, numbers

FRAMES = {"1h": "1h", "d": "1d", "daily": "1d", "minute": "1m", "1min": "1m", "hour": "1h", "hourly": "1h"}
_NAME = re.compile(r"([A-Za-z0-9]+)_([A-Z0-9]+)_(?:\d{4}_)?(\w+)\.csv")


def parts(path: Path, venue: str | None, symbol: str | None) -> Iterator[Part]:
    """Every file below a folder, or one file. ConfigError where the timeframe or the symbol is not told."""
    for file in [path] if path.is_file() else sorted(path.rglob("*.csv")):
        found = _NAME.fullmatch(file.name)
        if found is None and path.is_dir():
            continue
        frame = read(file)
        timeframe = FRAMES.get((found[3] if found else "").lower())
        if timeframe is None:
            raise ConfigError(
                f"{file}: the name does not tell the timeframe; expected Binance_BTCUSDT_1h.csv, _d or _minute"
            )
        named = symbol or symbol_in(file, frame)
        base = named.partition("/")[0].lower()
        names = {name.lower(): name for name in frame.columns}
        volume = next((names[n] for n in (f"volume {base}", "volume", f"volume_{base}") if n in names), None)
        values = numbers(file, {name: frame[names[name]] for name in ("open", "high", "low", "close")})
        size = np.full(len(frame), np.nan) if volume is None else numbers(file, {volume: frame[volume]})[:, 0]
        stamp = frame[next(names[n] for n in ("unix", "unix timestamp", "timestamp") if n in names)]
        where = venue or (found[1].lower() if found else "")
        time = milliseconds(file, stamp)
        yield Part(where, named, f"trade_{timeframe}", file, time, np.column_stack([values, size]))


def read(file: Path):
    """The table, the address above it left out. DataError for one without the columns."""
    import pandas as pd

    try:
        with open(file, encoding="utf-8-sig") as stream:
            skip = 1 if stream.readline().lower().startswith("http") else 0
        frame = pd.read_csv(file, skiprows=skip)
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: cannot be read as CSV ({first_line(error)})") from None
    frame.columns = [str(name).strip() for name in frame.columns]
    there = {name.lower() for name in frame.columns}
    missing = {"open", "high", "low", "close"} - there
    if missing or not there & {"unix", "unix timestamp", "timestamp"}:
        raise DataError(f"{file}: expected unix, open, high, low, close; the file has {', '.join(frame.columns)}")
    return frame


def symbol_in(file: Path, frame) -> str:
    """The symbol of the rows, BTC/USDT or BTCUSDT. ConfigError where it cannot be told."""
    column = next((name for name in frame.columns if name.lower() == "symbol"), None)
    said = str(frame[column].iloc[0]) if column is not None and len(frame) else ""
    if "/" in said:
        return said.upper()
    for quote in ("USDT", "USDC", "BUSD", "USD", "EUR", "BTC"):
        if said.upper().endswith(quote) and len(said) > len(quote):
            return f"{said.upper().removesuffix(quote)}/{quote}"
    raise ConfigError(f"{file}: symbol {said!r} is not clear; give --symbol, like BTC/USDT")
