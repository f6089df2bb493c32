"""Stored: a series as it is on disk, and as it is written: whole, checked, and never over what says something else.

Knows files, columns and what a row must be. Knows no venue.
"""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from basisbt.errors import DataError
from basisbt.market.download.manifest import Entry, read_entry, replace_bytes
from basisbt.market.download.rows import Rows, moment_ms
from basisbt.market.download.series_names import Series
from basisbt.market.files import Sheet, digest, read_sheet
from basisbt.market.grid import moment
from basisbt.market.instruments import folder
from basisbt.market.quality import PRICES, check_bars, check_grid, check_rates, check_times
from basisbt.market.store import series_path


class Disagreement(DataError):
    """The file on disk and what a download would write do not go together."""


class Stored(NamedTuple):
    """What is on disk. `rows` None: nothing. `entry` None: not from us, or changed since."""

    path: Path
    rows: Rows | None
    entry: Entry | None
    digest: str


def read_stored(directory: Path, venue: str, symbol: str, series: Series, any_columns: bool = False) -> Stored:
    """A series on disk. Disagreement for one that cannot be read, breaks the rules of its kind, or has more columns
    than would be written again."""
    path = series_path(directory, venue, symbol, series.name)
    if not path.exists():
        return Stored(path, None, None, "")
    if path.suffix == ".parquet" and not any_columns:
        _refuse_more_columns(path, series)
    try:
        rows = _rows(path, series)
    except DataError as error:
        raise Disagreement(f"{error}; --force keeps the file as a backup and fetches anew") from None
    found = digest([path])[str(path)]
    entry = read_entry(path.parent, series.name)
    return Stored(path, rows, entry if entry is not None and entry.digest == found else None, found)


def write_rows(directory: Path, venue: str, symbol: str, series: Series, rows: Rows) -> tuple[Path, str]:
    """Write a series in Parquet, whole or not at all; (path, digest). DataError for rows that break its rules."""
    path = directory / folder(venue, symbol) / f"{series.name}.parquet"
    columns = {name: rows.values[:, k] for k, name in enumerate(series.names)}
    for name in ("volume", "mark"):
        if name in columns and np.isnan(columns[name]).all():
            del columns[name]
    _check(Sheet(path, rows.time, 1000, columns), series)
    replace_bytes(path, _parquet(rows.time, columns))
    return path, digest([path])[str(path)]


def put_aside(path: Path) -> Path:
    """Keep a file under a second name, which no reader takes for a series."""
    for number in range(1, 10_000):
        aside = path.with_name(f"{path.name}.{number}.bak")
        if not aside.exists():
            os.link(path, aside)
            return aside
    raise DataError(f"{path}: has 9,999 backups beside it; remove some")


def agree(stored: Stored, fetched: Rows, series: Series, venue: str) -> None:
    """Every row that disk and venue both have must be the same. DataError names row and both values.

    A value that one of them does not have (a mark, a volume) is no disagreement.
    """
    if series.kind == "trade" and np.isnan(stored.rows.values[:, -1]).any() and fetched.time.size > 2:
        raise Disagreement(
            f"{stored.path}: has no volume, and new rows would; --force keeps the file as a backup and fetches anew"
        )
    _, here, there = np.intersect1d(stored.rows.time, fetched.time, assume_unique=True, return_indices=True)
    mine, theirs = stored.rows.values[here], fetched.values[there]
    differ = np.argwhere((mine != theirs) & ~np.isnan(mine) & ~np.isnan(theirs))
    if differ.size:
        at, column = (int(index) for index in differ[0])
        row, name = int(here[at]), series.names[column]
        origin = "downloaded before" if stored.entry else "not from a download, or changed since"
        when = moment_ms(int(stored.rows.time[row]))
        raise Disagreement(
            f"{stored.path}: row {row} ({when}): {name} {float(mine[at, column])!r} on disk ({origin}), "
            f"{float(theirs[at, column])!r} at {venue}; expected the same. --force keeps the file as a backup and "
            "fetches its whole span anew"
        )


def merged(stored: Rows | None, fetched: list[Rows]) -> Rows:
    """The rows on disk and those that are new; where disk lacks a value that the venue has, the venue's is taken."""
    parts = [part for part in [stored, *fetched] if part]
    time = np.concatenate([part.time for part in parts])
    values = np.concatenate([part.values for part in parts])
    order = np.argsort(time, kind="stable")
    time, values = time[order], values[order]
    for at in np.flatnonzero(time[1:] == time[:-1]):
        values[at + 1] = np.where(np.isnan(values[at]), values[at + 1], values[at])
    keep = np.concatenate([time[1:] != time[:-1], [True]])
    return Rows(time[keep], values[keep])


def _rows(path: Path, series: Series) -> Rows:
    needed = ("funding_rate",) if series.kind == "funding" else PRICES
    sheet = read_sheet(path, needed, tuple(name for name in series.names if name not in needed))
    _check(sheet, series)
    values = [sheet.columns.get(name, np.full(sheet.rows, np.nan)) for name in series.names]
    return Rows(sheet.stamp * 1000 // sheet.per_second, np.column_stack(values))


def _refuse_more_columns(path: Path, series: Series) -> None:
    import pyarrow
    import pyarrow.parquet

    try:
        names = pyarrow.parquet.read_schema(path).names
    except (pyarrow.ArrowInvalid, OSError):
        return  # reading it says what is wrong
    more = [name for name in names if name not in ("timestamp", *series.names)]
    if more:
        raise Disagreement(
            f"{path}: has columns that a download does not write ({', '.join(more)}) and would lose them; name another "
            "--data-dir, or --force keeps the file as a backup"
        )


def _check(sheet: Sheet, series: Series) -> None:
    check_times(sheet)
    if series.kind == "funding":
        check_rates(sheet)
        return
    check_grid(sheet, series.step // 1000)
    if series.kind != "premium":  # a premium may be negative
        check_bars(sheet.path, sheet.stamp // sheet.per_second, sheet.columns, 0)
        return
    bad = np.flatnonzero(~np.isfinite(np.column_stack([sheet.columns[name] for name in PRICES])).all(axis=1))
    if bad.size:
        row = int(bad[0])
        raise DataError(f"{sheet.path}: row {row} ({moment(sheet.second(row))}): a premium that is no number")


def _parquet(time: np.ndarray, columns: dict[str, np.ndarray]) -> bytes:
    import pyarrow
    import pyarrow.parquet

    arrays = {"timestamp": pyarrow.array(time, pyarrow.timestamp("ms", "UTC"))}
    arrays |= {name: pyarrow.array(np.ascontiguousarray(values)) for name, values in columns.items()}
    sink = pyarrow.BufferOutputStream()
    encoding = dict.fromkeys(columns, "PLAIN") | {"timestamp": "DELTA_BINARY_PACKED"}
    pyarrow.parquet.write_table(
        pyarrow.table(arrays), sink, compression="zstd", use_dictionary=False, column_encoding=encoding
    )
    return sink.getvalue().to_pybytes()
