"""Bringing foreign files in: parts of one series joined, checked, merged with what is there, and written whole.

Knows the order and the layout. Rows that two files or a file and the store both have must be the same.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from basisbt.errors import ConfigError, DataError
from basisbt.market.download.rows import Rows, join, moment_ms, tidy
from basisbt.market.download.series_names import read_series
from basisbt.market.download.stored import agree, merged, put_aside, read_stored, write_rows
from basisbt.market.imports import binance, cryptodatadownload, freqtrade, tardis
from basisbt.market.imports.part import Part
from basisbt.market.instruments import parse_symbol

SOURCES = {
    "freqtrade": freqtrade.parts, "binance": binance.parts, "cryptodatadownload": cryptodatadownload.parts,
    "tardis": tardis.parts,
}  # fmt: skip


class Brought(NamedTuple):
    """What came in of one series."""

    venue: str
    symbol: str
    series: str
    files: int
    rows: int
    new: int
    first: str
    last: str
    path: str
    aside: str

    def row(self) -> dict:
        """As a row of a table."""
        return self._asdict()


def bring(source: str, path: Path, directory: Path, *, venue=None, symbol=None, timeframe=None, force=False, dry=False):
    """Import a file or a folder of another tool; what came in, by series. Nothing is written before all is read.

    force: a stored file that disagrees is put aside, not merged with. Raises ConfigError, DataError.
    """
    if source not in SOURCES:
        raise ConfigError(f"--from: found {source!r}, expected one of {', '.join(SOURCES)}")
    if not path.exists():
        raise ConfigError(f"{path}: no such file or folder")
    more = {"timeframe": timeframe} if source == "tardis" and timeframe else {}
    groups = grouped(SOURCES[source](path, venue, symbol, **more))
    if not groups:
        raise DataError(f"{path}: nothing there that {source} would have written; see `basisbt data import --help`")
    ready = [joined(parts, directory, force) for parts in groups.values()]
    return [written(*each, directory, dry) for each in ready]


def grouped(parts: Iterable[Part]) -> dict[tuple, list[Part]]:
    """Parts by series. ConfigError for a symbol that is none."""
    found: dict[tuple, list[Part]] = {}
    for part in parts:
        if not part.venue:
            raise ConfigError(f"{part.path}: whose data these are is not told; give --venue")
        parse_symbol(part.venue, part.symbol)
        found.setdefault((part.venue, part.symbol, part.series), []).append(part)
    return found


def joined(parts: list[Part], directory: Path, force: bool):
    """(parts, series, rows, what is stored or None, put aside?) of one series. DataError where rows do not agree."""
    head = parts[0]
    series = read_series(head.series)
    title = f"{head.venue} {head.symbol} {head.series}"
    tables = [
        tidy([[t, *row] for t, row in zip(p.time.tolist(), p.values.tolist())], series.names, str(p.path))
        for p in parts
    ]
    rows = join(tables, series.names, title)
    if not rows:
        raise DataError(f"{head.path}: no rows")
    if force:
        return parts, series, rows, None, True
    stored = read_stored(directory, head.venue, head.symbol, series)
    if stored.rows is not None:
        agree(stored, rows, series, str(head.path))
    return parts, series, rows, stored.rows, False


def written(
    parts: list[Part], series, rows: Rows, stored: Rows | None, aside: bool, directory: Path, dry: bool
) -> Brought:
    """Write one series unless `dry`; what came in."""
    head = parts[0]
    whole = merged(stored, [rows])
    kept, path = "", directory / head.venue
    if not dry:
        old = read_path(directory, head, series)
        kept = str(put_aside(old)) if aside and old is not None else ""
        path, _ = write_rows(directory, head.venue, head.symbol, series, whole)
    new = whole.time.size - (0 if stored is None else stored.time.size)
    ends = moment_ms(whole.first), moment_ms(whole.last)
    return Brought(head.venue, head.symbol, head.series, len(parts), whole.time.size, new, *ends, str(path), kept)


def read_path(directory: Path, part: Part, series) -> Path | None:
    """The stored file of a series, if there is one."""
    from basisbt.market.store import series_path

    path = series_path(directory, part.venue, part.symbol, series.name)
    return path if path.exists() else None
