"""The journal: pages of a download that is not finished, `.<series>.part` beside the series.

Knows lines of JSON that only grow; a line that a kill cut short is no line. It belongs to one state of the visible
file and one source: for any other it is thrown away, since it holds nothing that cannot be asked for again.
"""

import json
from pathlib import Path
from typing import NamedTuple

from basisbt.market.download.rows import Rows, join, no_rows


class Found(NamedTuple):
    """What is known of a span from an earlier try: its rows, and up to where in ms nothing is missing."""

    rows: Rows
    to: int


class Journal:
    """The journal of one series. identity: what the pages belong to; `names`: their columns."""

    def __init__(self, folder: Path, series: str, identity: dict, names: tuple[str, ...]) -> None:
        self.path = folder / f".{series}.part"
        self.identity, self.names = identity, names
        self._found: dict[int, list] = {}
        self._stream = None
        self._whole = 0  # bytes that are worth keeping
        self._read()

    def found(self, begin: int) -> Found | None:
        """What an earlier try learned of the span that begins there."""
        pages = self._found.get(begin)
        if not pages:
            return None
        parts = [_rows(page["rows"], len(self.names)) for page in pages]
        return Found(join(parts, self.names, str(self.path)), pages[-1]["to"])

    def add(self, begin: int, rows: Rows, to: int) -> None:
        """Keep a page; it is in the system's hands when this returns."""
        if self._stream is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = open(self.path, "ab")
            self._stream.truncate(self._whole)
            if not self._whole:
                self._write(self.identity)
        cells = [[time, *_cells(row)] for time, row in zip(rows.time.tolist(), rows.values.tolist(), strict=True)]
        self._write({"begin": begin, "to": to, "rows": cells})

    def close(self) -> None:
        """Let go of the file; it stays for the next try."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def drop(self) -> None:
        """It has served, or it cannot be trusted."""
        self.close()
        self.path.unlink(missing_ok=True)
        self._found, self._whole = {}, 0

    def _write(self, line: dict) -> None:
        self._stream.write(json.dumps(line).encode() + b"\n")
        self._stream.flush()

    def _read(self) -> None:
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return
        head = None
        for text in content.splitlines(keepends=True):
            try:
                line = json.loads(text) if text.endswith(b"\n") else None
            except ValueError:
                line = None
            if not isinstance(line, dict) or (head is None and line != self.identity):
                break
            if head is None:
                head = line
            else:
                self._found.setdefault(line["begin"], []).append(line)
            self._whole += len(text)


def _rows(cells: list, width: int) -> Rows:
    import numpy as np

    if not cells:
        return no_rows(width)
    values = [[np.nan if cell is None else cell for cell in row[1:]] for row in cells]
    return Rows(np.array([row[0] for row in cells], np.int64), np.array(values, np.float64))


def _cells(row: list[float]) -> list:
    return [None if cell != cell else cell for cell in row]
