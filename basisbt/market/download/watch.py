"""Watching: whether deposits and withdrawals are open, by asset and network, written down as it is seen.

No API tells when a venue froze withdrawals last year, so who wants to know writes it down.
`<dir>/<venue>/status.parquet` has one row for the venue each time it was looked at (asset and network empty), and one
for each asset and network whose flags are not those of the time before. Written whole each time, or not at all.
"""

from pathlib import Path
from typing import NamedTuple

from basisbt.errors import DataError
from basisbt.market.download.client import Client, Unreachable
from basisbt.market.download.locks import locked
from basisbt.market.download.manifest import replace_bytes

NAME = "status.parquet"


class Flags(NamedTuple):
    """What a venue says at one time. Flags are None where it says nothing; `status` is the venue's own word."""

    time: int  # ms UTC, the venue's clock
    asset: str
    network: str
    deposit: bool | None
    withdraw: bool | None
    status: str


class Seen(NamedTuple):
    """What one look brought: rows written, assets with flags, and what the venue does not tell."""

    rows: int
    assets: int
    notes: list[str]


def look(directory: Path, client: Client) -> Seen:
    """Ask a venue and append what is new to its table. DataError when it tells nothing or the table is broken."""
    notes: list[str] = []
    flags = _flags(client, notes)
    status = _status(client, notes)
    if not flags and not status:
        raise DataError(f"{client.venue}: nothing to watch: " + "; ".join(notes))
    home = directory / client.venue
    with locked(home):
        known = read_table(home / NAME)
        if known and known[-1].time >= client.now:
            raise DataError(f"{home / NAME}: ends after the venue's clock; expected looks one after another")
        now = client.now
        before = {(row.asset, row.network): row[3:5] for row in known if row.asset}
        fresh = [Flags(now, "", "", None, None, status)]
        for key in sorted(before.keys() | flags.keys()):
            said = flags.get(key, (None, None))
            if flags and before.get(key) != said:
                fresh.append(Flags(now, *key, *said, ""))
        _write(home / NAME, [*known, *fresh])
    return Seen(len(fresh), len({asset for asset, _ in flags}), notes)


def read_table(path: Path) -> list[Flags]:
    """The rows of a table, in order; none when there is no file. DataError for one that is not such a table."""
    import pyarrow
    import pyarrow.parquet

    if not path.exists():
        return []
    try:
        table = pyarrow.parquet.read_table(path)
        columns = [table.column(name) for name in ("timestamp", "asset", "network", "deposit", "withdraw", "status")]
        time = columns[0].cast(pyarrow.int64())
    except (pyarrow.ArrowInvalid, KeyError, OSError) as error:
        raise DataError(f"{path}: cannot be read as a table of statuses ({str(error).splitlines()[0]})") from None
    return [Flags(*row) for row in zip(*(column.to_pylist() for column in (time, *columns[1:])), strict=True)]


def _flags(client: Client, notes: list[str]) -> dict[tuple[str, str], tuple[bool | None, bool | None]]:
    """(deposit, withdraw) by asset and network; the asset alone, network empty, is there too."""
    try:
        currencies = client.currencies
    except Unreachable:
        raise
    except DataError as error:
        notes.append(str(error))
        return {}
    found = {}
    for code, currency in currencies.items():
        found[code, ""] = currency.get("deposit"), currency.get("withdraw")
        for network, each in (currency.get("networks") or {}).items():
            found[code, network] = each.get("deposit"), each.get("withdraw")
    found = {key: flags for key, flags in found.items() if flags != (None, None)}
    if not found:
        notes.append(f"{client.venue} deposit and withdrawal flags: only with keys, or not at all")
    return found


def _status(client: Client, notes: list[str]) -> str:
    if not client.has("fetchStatus"):
        return ""
    try:
        return str(client.call("fetch_status", what="status").get("status") or "")
    except Unreachable:
        raise
    except DataError as error:
        notes.append(str(error))
        return ""


def _write(path: Path, rows: list[Flags]) -> None:
    import pyarrow
    import pyarrow.parquet

    columns = list(zip(*rows, strict=True))
    text, flag = pyarrow.string(), pyarrow.bool_()
    kinds = (pyarrow.timestamp("ms", "UTC"), text, text, flag, flag, text)
    names = ("timestamp", "asset", "network", "deposit", "withdraw", "status")
    arrays = {name: pyarrow.array(column, kind) for name, column, kind in zip(names, columns, kinds, strict=True)}
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(pyarrow.table(arrays), sink, compression="zstd")
    replace_bytes(path, sink.getvalue().to_pybytes())
