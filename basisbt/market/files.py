"""Files: one Parquet or CSV file as numpy columns, with its timestamps whatever their unit.

Knows file formats and units of time. Knows nothing of bars: sorting, gaps and prices are judged elsewhere.
Naive timestamps are UTC; other time zones are converted; integers are epoch s, ms, µs or ns by their size.
pandas is imported only when a CSV or a text timestamp has to be read.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from basisbt.errors import DataError
from basisbt.market.grid import moment

PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
BITCOIN = 1_230_940_800  # 2009-01-03: no market data is older, so an older integer is not an epoch


class Sheet(NamedTuple):
    """A whole file. `stamp` is int64 in units of `1 / per_second` seconds since the epoch, UTC, in file order."""

    path: Path
    stamp: np.ndarray
    per_second: int
    columns: dict[str, np.ndarray]  # float64, only those asked for and present

    def second(self, row: int) -> int:
        """The timestamp of a row in whole seconds, rounded down."""
        return int(self.stamp[row]) // self.per_second

    @property
    def rows(self) -> int:
        """How many rows the file has."""
        return len(self.stamp)


def read_sheet(path: Path, needed: tuple[str, ...], optional: tuple[str, ...] = ()) -> Sheet:
    """Read `timestamp`, the needed columns and those optional ones that exist.

    DataError when the file cannot be read, is empty, lacks a needed column, or holds something that is not a number.
    """
    read = _read_csv if path.suffix == ".csv" else _read_parquet
    sheet = read(path, ("timestamp", *needed), optional)
    if sheet.rows == 0:
        raise DataError(f"{path}: the file has no rows")
    return sheet


def digest(files: Iterable[str | Path]) -> dict[str, str]:
    """The BLAKE2b-128 digest of each file's bytes, keyed by the path as given. Reads every file once more."""
    found = {}
    for path in files:
        with open(path, "rb") as stream:
            found[str(path)] = hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    return found


def _read_parquet(path: Path, needed: tuple[str, ...], optional: tuple[str, ...]) -> Sheet:
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            names = _chosen(path, file.schema_arrow.names, needed, optional)
            table = file.read(columns=names, use_pandas_metadata=False)
    except (pyarrow.ArrowInvalid, OSError) as error:
        raise DataError(f"{path}: cannot be read as Parquet ({_first_line(error)})") from None
    stamp, per_second = _arrow_stamp(path, table.column("timestamp"))
    columns = {name: _arrow_numbers(path, name, table.column(name)) for name in names[1:]}
    return Sheet(path, stamp, per_second, columns)


def _read_csv(path: Path, needed: tuple[str, ...], optional: tuple[str, ...]) -> Sheet:
    import pandas

    try:
        frame = pandas.read_csv(path)
    except (ValueError, OSError) as error:  # pandas' parser errors are ValueErrors
        raise DataError(f"{path}: cannot be read as CSV ({_first_line(error)})") from None
    names = _chosen(path, list(frame.columns), needed, optional)
    stamp, per_second = _pandas_stamp(path, frame["timestamp"])
    columns = {name: _pandas_numbers(path, name, frame[name]) for name in names[1:]}
    return Sheet(path, stamp, per_second, columns)


def _chosen(path: Path, there: list[str], needed: tuple[str, ...], optional: tuple[str, ...]) -> list[str]:
    missing = [name for name in needed if name not in there]
    if missing:
        raise DataError(f"{path}: no column {', '.join(missing)}; the file has {', '.join(map(str, there)) or 'none'}")
    return [*needed, *(name for name in optional if name in there)]


def _arrow_stamp(path: Path, column) -> tuple[np.ndarray, int]:
    import pyarrow

    kind = column.type
    if column.null_count:
        row = column.is_null().to_pylist().index(True)
        raise DataError(f"{path}: row {row}: the timestamp is empty")
    if pyarrow.types.is_timestamp(kind):  # with a zone or without, the stored integers are UTC
        return _numpy(column.cast(pyarrow.int64())), PER_SECOND[kind.unit]
    if pyarrow.types.is_date(kind):
        return _numpy(column.cast(pyarrow.timestamp("s")).cast(pyarrow.int64())), 1
    if pyarrow.types.is_integer(kind):
        return _epoch(path, _numpy(column.cast(pyarrow.int64())))
    return _pandas_stamp(path, column.to_pandas())


def _arrow_numbers(path: Path, name: str, column) -> np.ndarray:
    import pyarrow

    if pyarrow.types.is_floating(column.type) or pyarrow.types.is_integer(column.type):
        numbers = column.cast(pyarrow.float64())
        return _numpy(numbers.fill_null(np.nan) if numbers.null_count else numbers)  # NaN is refused with its row
    return _pandas_numbers(path, name, column.to_pandas())


def _numpy(column) -> np.ndarray:
    """A column without nulls, not copied where it is one chunk. Arrow's own `to_numpy` would import pandas."""
    return np.from_dlpack(column.chunk(0) if column.num_chunks == 1 else column.combine_chunks())


def _pandas_stamp(path: Path, column) -> tuple[np.ndarray, int]:
    import pandas

    if pandas.api.types.is_numeric_dtype(column):
        odd = np.flatnonzero(~(np.mod(column.to_numpy(np.float64), 1.0) == 0.0))  # NaN and infinity too
        if odd.size:
            raise _not_a_time(path, int(odd[0]), column.iloc[odd[0]])
        return _epoch(path, column.to_numpy(np.int64))
    parsed = pandas.to_datetime(column, utc=True, format="ISO8601", errors="coerce")
    odd = np.flatnonzero(parsed.isna().to_numpy())
    if odd.size:
        raise _not_a_time(path, int(odd[0]), column.iloc[odd[0]])
    naive = parsed.dt.tz_localize(None).to_numpy()  # pandas 3: µs, or whatever the text needs
    return naive.astype(np.int64), PER_SECOND[np.datetime_data(naive.dtype)[0]]


def _pandas_numbers(path: Path, name: str, column) -> np.ndarray:
    import pandas

    values = pandas.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    odd = np.flatnonzero(np.isnan(values) & column.notna().to_numpy())
    if odd.size:
        raise DataError(f"{path}: row {odd[0]}: {name} {column.iloc[odd[0]]!r} is not a number")
    return values


def _epoch(path: Path, stamp: np.ndarray) -> tuple[np.ndarray, int]:
    if stamp.size == 0:
        return stamp, 1
    largest = int(stamp.max())
    unit = "s" if largest < 10**11 else "ms" if largest < 10**14 else "us" if largest < 10**17 else "ns"
    lowest = int(stamp.argmin())
    if stamp[lowest] < BITCOIN * PER_SECOND[unit]:
        read = moment(int(stamp[lowest]) // PER_SECOND[unit])
        raise DataError(
            f"{path}: row {lowest}: timestamp {stamp[lowest]} reads as {read}; expected epoch s, ms, µs or ns, or ISO 8601"
        )
    return stamp, PER_SECOND[unit]


def _not_a_time(path: Path, row: int, value: object) -> DataError:
    return DataError(
        f"{path}: row {row}: timestamp {value!r} is not a time; expected ISO 8601 like 2023-01-01T08:00Z, or an epoch"
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
