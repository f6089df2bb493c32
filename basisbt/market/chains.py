"""Chains: a contract by rule (`quarter`) as one series, spliced from the contracts that follow one another.

Knows which contract is traded when. Each serves until `before` its expiry, then the next one does; at that moment the
old one's price is kept, since what is held of it is sold there and bought again at the new one's. A roll in `steps`
takes equal parts at as many bars' opens; between them the series is what both parts are worth together.
"""

from pathlib import Path
from typing import NamedTuple

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


class Chain(NamedTuple):
    """How the contracts of a chain follow one another."""

    ends: list[int]  # seconds UTC at which each begins to hand over
    bar: int  # seconds
    steps: int  # bars over which it does
    inverse: bool

    def weight(self, seconds, end):
        """Share of the old contract in what is held, at moments after a hand-over at `end` has begun."""
        return 1.0 - np.minimum((seconds - end) // self.bar + 1, self.steps) / self.steps

    def blend(self, old, new, weight):
        """What one unit of both together is worth: of inverse contracts the harmonic mean, their coins add up."""
        if self.inverse:
            return 1.0 / (weight / old + (1.0 - weight) / new)
        return weight * old + (1.0 - weight) * new


class HandOver(NamedTuple):
    """One step of a roll: prices there, and how much of what is held moves on."""

    moment: int
    held: float  # what was held before is worth this
    share: float  # of all that is held
    weight: float  # share that was still in the old contract
    old: float
    new: float


def splice(path: Path, sheets: list[Sheet], chain: Chain) -> Sheet:
    """One sheet of several: each contract's bars up to its end, from the end of the one before; both while they change.

    A contract of which nothing is on disk for its time leaves a gap, which the gap policy sees.
    """
    parts, begin = [], None
    for k, (sheet, end) in enumerate(zip(sheets, chain.ends, strict=True)):
        seconds = sheet.stamp // sheet.per_second
        keep = (seconds < end) & (True if begin is None else seconds >= begin)
        parts.append((seconds[keep], {name: values[keep] for name, values in sheet.columns.items()}))
        begin = end + (chain.steps - 1) * chain.bar
        if k + 1 < len(sheets) and begin > end:
            parts.append(changing(sheet, sheets[k + 1], end, begin, chain))
    names = set.intersection(*(set(columns) for _, columns in parts))
    stamp = np.concatenate([stamp for stamp, _ in parts])
    if not stamp.size:
        raise DataError(f"{path}: no bar of any contract")
    return Sheet(path, stamp, 1, {name: np.concatenate([columns[name] for _, columns in parts]) for name in names})


def changing(old: Sheet, new: Sheet, end: int, begin: int, chain: Chain):
    """(seconds, columns) of the bars of a roll in steps; a bar that one of the two lacks is missing."""
    seconds, one, two = np.intersect1d(
        old.stamp // old.per_second, new.stamp // new.per_second, assume_unique=True, return_indices=True
    )
    inside = (seconds >= end) & (seconds < begin)
    seconds, one, two = seconds[inside], one[inside], two[inside]
    weight, columns = chain.weight(seconds, end), {}
    for name in set(old.columns) & set(new.columns):
        mix = chain.blend if name in ("open", "high", "low", "close") else lambda a, b, _: a + b
        columns[name] = mix(old.columns[name][one], new.columns[name][two], weight)
    return seconds, columns


def steps_of(old: Sheet, new: Sheet, end: int, chain: Chain) -> list[HandOver]:
    """The steps of one roll."""
    found = []
    for k in range(chain.steps):
        moment, weight = end + k * chain.bar, 1.0 - k / chain.steps
        before, after = last_price(old, moment), last_price(new, moment)
        held = before if k == 0 else float(chain.blend(before, after, weight))
        found.append(HandOver(moment, held, 1.0 / chain.steps, weight, before, after))
    return found


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
