"""Chains: a contract by rule (`quarter`) as one series, spliced from the contracts that follow one another.

Knows which contract is traded when. Each serves until `before` its expiry, then the next one does; at that moment the
old one's price is kept, since what is held of it is sold there and bought again at the new one's.
"""

from pathlib import Path

import numpy as np

from basisbt.errors import DataError
from basisbt.market.files import Sheet
from basisbt.market.instruments import Instrument, parse_symbol, quarter_end, symbol_of_folder


def contracts(directory: Path, instrument: Instrument) -> list[Instrument]:
    """The quarterly contracts of a chain that are on disk, by expiry."""
    place = Path(directory) / instrument.venue
    stem = instrument.root.replace("/", "-").replace(":", "_")
    found = []
    for path in sorted(place.glob(f"{stem}-*")) if place.is_dir() else ():
        if path.name.removeprefix(f"{stem}-").isdecimal():
            each = parse_symbol(instrument.venue, f"{instrument.root}-{path.name.rpartition('-')[2]}")
            if each.expiry is not None and quarter_end(each.expiry):
                found.append(each)
    return sorted(found, key=lambda each: each.expiry)


def roll_time(expiry: int, before: int, timeframe: int) -> int:
    """When a contract hands over: `before` its expiry, at the opening of that bar."""
    return (expiry - before) // timeframe * timeframe


def splice(path: Path, sheets: list[Sheet], ends: list[int]) -> Sheet:
    """One sheet of several: each contract's bars up to its end (seconds UTC), from the end of the one before.

    A contract of which nothing is on disk for its time leaves a gap, which the gap policy sees.
    """
    parts, begin = [], None
    for sheet, end in zip(sheets, ends, strict=True):
        seconds = sheet.stamp // sheet.per_second
        keep = (seconds < end) & (True if begin is None else seconds >= begin)
        parts.append((seconds[keep], {name: values[keep] for name, values in sheet.columns.items()}))
        begin = end
    names = set.intersection(*(set(columns) for _, columns in parts))
    stamp = np.concatenate([stamp for stamp, _ in parts])
    if not stamp.size:
        raise DataError(f"{path}: no bar of any contract")
    return Sheet(path, stamp, 1, {name: np.concatenate([columns[name] for _, columns in parts]) for name in names})


def last_price(sheet: Sheet, moment: int) -> float:
    """The price of a contract at a moment: the open of its bar then, else its last close; NaN before its first."""
    seconds = sheet.stamp // sheet.per_second
    row = int(np.searchsorted(seconds, moment, side="right")) - 1
    if row < 0:
        return float("nan")
    return float(sheet.columns["open" if seconds[row] == moment else "close"][row])


def symbol_in(path: Path) -> str:
    """The symbol whose series lie in a file's folder."""
    return symbol_of_folder(path.parent.name)
