"""Parts: what one foreign file holds of one series, as arrays, and the small readers all sources share.

Knows numbers and times. Knows no source's names.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from basisbt.errors import DataError

BARS = ("open", "high", "low", "close", "volume")


class Part(NamedTuple):
    """Rows of one file. time: [N] int64 ms UTC, any order; values: [N, K] in the order of the series' columns."""

    venue: str
    symbol: str
    series: str
    path: Path
    time: np.ndarray
    values: np.ndarray


def milliseconds(path: Path, stamp) -> np.ndarray:
    """[N] ms of integer epochs in s, ms or µs, told apart by size, each for itself. DataError for anything else."""
    try:
        value = np.asarray(stamp, np.float64)
    except (TypeError, ValueError):
        raise DataError(f"{path}: timestamps {list(stamp)[:1]} are no epochs; expected seconds, ms or µs") from None
    if not np.isfinite(value).all() or (value < 1e9).any() or (value >= 1e17).any():
        odd = value[~(np.isfinite(value) & (value >= 1e9) & (value < 1e17))][0]
        raise DataError(f"{path}: timestamp {odd:g} is no epoch of a market; expected seconds, ms or µs")
    scale = np.where(value < 1e11, 1000.0, np.where(value < 1e14, 1.0, 1e-3))
    return np.floor(value * scale + 1e-6).astype(np.int64)


def numbers(path: Path, columns: dict) -> np.ndarray:
    """[N, K] float64 of named columns. DataError naming the first that is not a number."""
    import pandas as pd

    out = []
    for name, column in columns.items():
        value = pd.to_numeric(pd.Series(column), errors="coerce").to_numpy(np.float64)
        bad = np.flatnonzero(~np.isfinite(value))
        if bad.size:
            raise DataError(f"{path}: row {bad[0]}: {name} {list(column)[bad[0]]!r} is not a number")
        out.append(value)
    return np.column_stack(out)


def first_line(error: Exception) -> str:
    """The first line of another library's complaint."""
    return (str(error).strip() or type(error).__name__).split("\n")[0]
