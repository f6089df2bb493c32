"""Quality: what a series must be before anybody computes with it.

Knows what a bar and a funding rate can and cannot be. Repairs nothing: the first offence of each file is named
with its row (0-based data row), its timestamp and its value, and how many more there are. Gaps are not an
offence here; the panel's gap policy judges them.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from basisbt.errors import DataError
from basisbt.market.files import Sheet
from basisbt.market.grid import moment, timeframe_text

PRICES = ("open", "high", "low", "close")
LARGEST_RATE = 1.0  # a fraction: 100 % in one settlement; above it the file holds percent


class Offence(NamedTuple):
    """What is wrong with one row: `found` names the value, `expected` what would be right."""

    found: str
    expected: str


def check_times(sheet: Sheet) -> None:
    """Strictly increasing timestamps, or a DataError that tells a repeat from a disorder."""
    bad = np.flatnonzero(sheet.stamp[1:] <= sheet.stamp[:-1]) + 1
    if not bad.size:
        return
    row = int(bad[0])
    if sheet.stamp[row] == sheet.stamp[row - 1]:
        offence = Offence(f"the timestamp repeats row {row - 1}", "each timestamp once")
    else:
        before = moment(sheet.second(row - 1))
        offence = Offence(f"the timestamp is before row {row - 1} ({before})", "rows sorted by time")
    raise _refusal(sheet.path, row, sheet.second(row), offence, bad.size)


def check_grid(sheet: Sheet, step: int) -> None:
    """Every bar opens on its timeframe's UTC grid (a whole multiple of `step` seconds since the epoch)."""
    bad = np.flatnonzero(sheet.stamp % (step * sheet.per_second))
    if not bad.size:
        return
    row = int(bad[0])
    exact = np.datetime64(int(sheet.stamp[row]) * (10**9 // sheet.per_second), "ns")
    text = str(exact).rstrip("0").rstrip(".")
    offence = Offence(f"the bar opens at {text}Z", f"an opening on the {timeframe_text(step)} UTC grid")
    raise _refusal(sheet.path, row, sheet.second(row), offence, bad.size)


def check_bars(path: Path, time: np.ndarray, columns: dict[str, np.ndarray], first_row: int) -> None:
    """Prices finite and positive, low ≤ open, close ≤ high, volume finite and not negative.

    `time` is int64 seconds and `first_row` the file row of the first bar, so that messages name the file's rows.
    """
    opened, high, low, close = (columns[name] for name in PRICES)
    good = (low > 0.0) & (low <= opened) & (low <= close) & (opened <= high) & (close <= high) & (high < np.inf)
    if "volume" in columns:
        good &= (columns["volume"] >= 0.0) & (columns["volume"] < np.inf)
    if good.all():
        return
    bad = np.flatnonzero(~good)
    at = int(bad[0])
    row = {name: float(values[at]) for name, values in columns.items()}
    raise _refusal(path, first_row + at, int(time[at]), _bar_offence(row), bad.size)


def check_minutes(sheet: Sheet) -> np.ndarray:
    """The stamps floored to the minute, seconds UTC; two settlements in one minute are a DataError."""
    time = sheet.stamp // (60 * sheet.per_second) * 60
    bad = np.flatnonzero(time[1:] == time[:-1]) + 1
    if bad.size:
        row = int(bad[0])
        offence = Offence(f"a second settlement in the minute of row {row - 1}", "one settlement a minute")
        raise _refusal(sheet.path, row, int(time[row]), offence, bad.size)
    return time


def check_rates(sheet: Sheet) -> None:
    """Funding rates are finite fractions of at most 1 in size; a `mark` column is positive where it is not empty."""
    rate = sheet.columns["funding_rate"]
    bad = np.flatnonzero(~(np.abs(rate) <= LARGEST_RATE))
    if bad.size:
        row = int(bad[0])
        offence = Offence(f"funding_rate {rate[row]:g}", "a fraction like 0.0001 (one basis point), at most 1 in size")
        raise _refusal(sheet.path, row, sheet.second(row), offence, bad.size)
    mark = sheet.columns.get("mark")
    if mark is None:
        return
    bad = np.flatnonzero(~(np.isnan(mark) | ((mark > 0.0) & (mark < np.inf))))
    if bad.size:
        row = int(bad[0])
        offence = Offence(f"mark {mark[row]:g}", "a positive price, or an empty cell")
        raise _refusal(sheet.path, row, sheet.second(row), offence, bad.size)


def _bar_offence(row: dict[str, float]) -> Offence:
    for name in PRICES:
        if not np.isfinite(row[name]):
            return Offence(f"{name} {row[name]:g}", "a finite price")
        if row[name] <= 0.0:
            return Offence(f"{name} {row[name]:g}", "a positive price")
    for name in ("low", "open", "close"):
        if row["high"] < row[name]:
            return Offence(f"high {row['high']:.10g} is below {name} {row[name]:.10g}", "high ≥ open, close and low")
    for name in ("open", "close"):
        if row["low"] > row[name]:
            return Offence(f"low {row['low']:.10g} is above {name} {row[name]:.10g}", "low ≤ open, close and high")
    return Offence(f"volume {row['volume']:g}", "a finite volume, zero or more")


def _refusal(path: Path, row: int, second: int, offence: Offence, count: int) -> DataError:
    more = f" ({count - 1} more such row{'s' if count > 2 else ''})" if count > 1 else ""
    return DataError(f"{path}: row {row} ({moment(second)}): {offence.found}; expected {offence.expected}{more}")
