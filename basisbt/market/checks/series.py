"""Series as the checks read them: every file of a directory, whatever is wrong with it.

Knows files and names. Judges nothing but whether a file can be read.
"""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from basisbt.errors import DataError
from basisbt.market.files import read_sheet
from basisbt.market.grid import timeframe_seconds
from basisbt.market.instruments import symbol_of_folder
from basisbt.market.quality import PRICES
from basisbt.market.store import available

_BARS = re.compile(r"(trade|mark|index|premium|close)_(\d+[smhd])")


class Series(NamedTuple):
    """One file. time: [N] seconds UTC, in the file's order; columns: float64 [N]; step: seconds, 0 for funding."""

    venue: str
    symbol: str
    name: str
    kind: str  # trade, mark, index, premium, close, funding
    path: Path
    step: int
    time: np.ndarray
    columns: dict[str, np.ndarray]

    @property
    def base(self) -> str:
        """The coin."""
        return self.symbol.partition("/")[0]

    @property
    def where(self) -> tuple[str, str, str]:
        """Venue, symbol and series, as findings name them."""
        return self.venue, self.symbol, self.name


class Unread(NamedTuple):
    """A file that could not be read, or that no rule knows (`reason` empty)."""

    venue: str
    symbol: str
    name: str
    reason: str


def read_directory(directory: Path, venue: str = "", symbol: str = "") -> tuple[list[Series], list[Unread]]:
    """Every series of a directory, or of one venue or symbol of it, and what was not read."""
    series, unread = [], []
    for place in sorted(Path(directory).glob("*/*/")):
        here, name = place.parent.name, symbol_of_folder(place.name)
        if (venue and here != venue) or (symbol and name != symbol):
            continue
        for each, path in available(directory, here, name).items():
            try:
                found = read_one(here, name, each, path)
            except DataError as error:
                unread.append(Unread(here, name, each, str(error)))
                continue
            if found is None:
                unread.append(Unread(here, name, each, ""))
            else:
                series.append(found)
    return series, unread


def read_one(venue: str, symbol: str, name: str, path: Path) -> Series | None:
    """One file; None when its name says nothing that a rule knows. DataError when it cannot be read."""
    bars = _BARS.fullmatch(name)
    if bars is not None:
        needed = ("close",) if bars[1] == "close" else PRICES
        sheet, kind, step = read_sheet(path, needed, ("volume",)), bars[1], timeframe_seconds(bars[2])
    elif re.fullmatch(r"funding(_\d{4}.*)?", name):
        sheet, kind, step = read_sheet(path, ("funding_rate",), ("mark",)), "funding", 0
    else:
        return None
    return Series(venue, symbol, name, kind, path, step, sheet.stamp // sheet.per_second, sheet.columns)
