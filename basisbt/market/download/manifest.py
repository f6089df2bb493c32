"""The manifest: of each series of an instrument that was downloaded, where it came from and what it was when written.

`<dir>/<venue>/<symbol>/manifest.json`. Knows bookkeeping. It is never needed to read data: without it, or when a file's
digest is another, the file counts as somebody else's.
"""

import contextlib
import json
import os
from pathlib import Path
from typing import NamedTuple

NAME = "manifest.json"


class Entry(NamedTuple):
    """One series. `since`, `until`: the span in ms that the venue was asked for, with or without rows in it."""

    source: str  # the ccxt class
    ccxt: str  # its version
    host: str
    since: int
    until: int
    first: str
    last: str
    rows: int
    holes: int
    digest: str  # BLAKE2b-128 of the file's bytes
    fetched: str  # the venue's time


def read_entry(folder: Path, series: str) -> Entry | None:
    """What is written of a series; None when nothing (readable) is."""
    try:
        return Entry(**_read(folder)["series"][series])
    except (KeyError, TypeError):
        return None


def write_entry(folder: Path, series: str, entry: Entry) -> None:
    """Add or replace one series' entry."""
    known = _read(folder)
    rest = known["series"] if isinstance(known.get("series"), dict) else {}
    entries = dict(sorted({**rest, series: entry._asdict()}.items()))
    replace_bytes(folder / NAME, (json.dumps({"series": entries}, indent=1) + "\n").encode())


def replace_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(temporary, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


def sweep(folder: Path) -> None:
    """Remove what a kill left of files that were being written; only for who holds the folder."""
    for pattern in (".*.parquet.*", f".{NAME}.*"):
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)


def _read(folder: Path) -> dict:
    try:
        known = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
