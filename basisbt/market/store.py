"""The store: where a series lives on disk, and its bars or funding stamps as checked numpy arrays.

Knows the layout `<dir>/<venue>/<symbol>/<series>.parquet|csv` and what each series must hold. Knows no window
but the one it is asked for, and nothing of how series are aligned or stand in for each other.
"""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from basisbt.market.files import Sheet, read_sheet
from basisbt.market.grid import timeframe_seconds
from basisbt.market.instruments import folder, symbol_of_folder
from basisbt.market.quality import PRICES, check_bars, check_grid, check_minutes, check_rates, check_times

SUFFIXES = (".parquet", ".csv")  # where both exist, the first wins
EIGHT_HOURS = 28_800
_BARS = re.compile(r"(trade|mark|index)_(\d+[smhd])")


class Bars(NamedTuple):
    """Checked bars of one series, ascending. Prices in quote; volume as the venue counts it, None when not recorded."""

    path: Path
    step: int  # seconds
    row: int  # the file's row of the first bar here
    time: np.ndarray  # [N] int64, seconds UTC of the opening
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray | None
    first: int  # opening of the file's first bar, seconds UTC
    last: int  # closing of the file's last bar, seconds UTC


class FundingStamps(NamedTuple):
    """Checked settlements of one perpetual, ascending; `time` is floored to the minute but not deduplicated."""

    path: Path
    row: int
    time: np.ndarray  # [N] int64, seconds UTC
    rate: np.ndarray  # [N] fraction; positive: longs pay
    mark: np.ndarray  # [N] the venue's price of the payment, NaN where not recorded
    first: int  # the file's first stamp
    last: int  # the file's last stamp
    interval: int  # seconds, the usual distance of stamps in and next to the window; 8 h if there is only one


def series_path(directory: Path, venue: str, symbol: str, series: str) -> Path:
    """Where a series is, `.parquet` before `.csv`; the Parquet name when it is in neither."""
    stem = Path(directory) / folder(venue, symbol) / series
    for suffix in SUFFIXES:
        path = stem.with_name(stem.name + suffix)
        if path.exists():
            return path
    return stem.with_name(stem.name + SUFFIXES[0])


def available(directory: Path, venue: str, symbol: str) -> dict[str, Path]:
    """Every series of an instrument that is on disk, by name; empty when its folder does not exist."""
    place = Path(directory) / folder(venue, symbol)
    try:
        names = sorted(entry.name for entry in place.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    found: dict[str, Path] = {}
    for suffix in SUFFIXES:
        for name in names:
            if name.endswith(suffix) and not name.startswith("."):
                found.setdefault(name[: -len(suffix)], place / name)
    return dict(sorted(found.items()))


def bar_series(series: str) -> tuple[str, int] | None:
    """`trade_8h` is ("trade", 28800); None for a name that is no bar series of the layout."""
    found = _BARS.fullmatch(series)
    return (found[1], timeframe_seconds(found[2])) if found else None


def title(path: Path) -> str:
    """How messages name a series: `okx BTC/USDT trade_8h`."""
    return f"{path.parent.parent.name} {symbol_of_folder(path.parent.name)} {path.stem}"


def load_bars(path: Path, step: int) -> Sheet:
    """A whole bar file; its timestamps are checked (sorted, unique, on the grid), its prices not yet."""
    sheet = read_sheet(path, PRICES, ("volume",))
    check_times(sheet)
    check_grid(sheet, step)
    return sheet


def bars_between(sheet: Sheet, step: int, start: int, end: int, lead: int = 0) -> Bars:
    """The bars that open in `[start, end)`, and up to `lead` bars before them, with their prices checked."""
    low, high = np.searchsorted(sheet.stamp, np.array([start, end]) * sheet.per_second)
    low = max(0, int(low) - lead)
    time = sheet.stamp[low:high] // sheet.per_second
    columns = {name: values[low:high] for name, values in sheet.columns.items()}
    check_bars(sheet.path, time, columns, low)
    prices = (columns[name] for name in PRICES)
    ends = sheet.second(0), sheet.second(-1) + step
    return Bars(sheet.path, step, low, time, *prices, columns.get("volume"), *ends)


def read_bars(path: Path, start: int, end: int) -> Bars:
    """The checked bars of one file that open in `[start, end)`, seconds UTC; the timeframe is in the file's name.

    DataError names file, row, timestamp and value of the first offence.
    """
    found = bar_series(path.stem)
    step = found[1] if found else timeframe_seconds(path.stem.rpartition("_")[2])
    return bars_between(load_bars(path, step), step, start, end)


def load_funding(path: Path) -> Sheet:
    """A whole funding file, checked; its timestamps are still the file's own."""
    sheet = read_sheet(path, ("funding_rate",), ("mark",))
    check_times(sheet)
    check_rates(sheet)
    return sheet


def funding_between(sheet: Sheet, start: int, end: int) -> FundingStamps:
    """The settlements whose floored stamps lie in `[start, end)`, seconds UTC."""
    time = check_minutes(sheet)
    low, high = (int(at) for at in np.searchsorted(time, [start, end]))
    rate = sheet.columns["funding_rate"]
    mark = sheet.columns.get("mark", np.full(sheet.rows, np.nan))
    near = np.diff(time[max(0, low - 1) : high + 1])
    interval = int(np.median(near)) if near.size else EIGHT_HOURS
    ends = int(time[0]), int(time[-1])
    return FundingStamps(sheet.path, low, time[low:high], rate[low:high], mark[low:high], *ends, interval)


def read_funding(path: Path, start: int, end: int) -> FundingStamps:
    """The checked settlements of one file in `[start, end)`. DataError as `read_bars`."""
    return funding_between(load_funding(path), start, end)
