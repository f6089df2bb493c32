"""Sources: which file serves each series a panel needs, and what stands in where there is none.

Knows what is on disk and the order of preference of MODEL.md §2.6. Knows no prices. Every stand-in is named;
what cannot be served is a complaint, and all complaints are raised together.
"""

from pathlib import Path
from typing import NamedTuple

from basisbt.errors import DataError
from basisbt.market.chains import Chain, HandOver, contracts, roll_time, splice, steps_of, symbol_in
from basisbt.market.files import Sheet
from basisbt.market.grid import timeframe_text
from basisbt.market.instruments import Instrument, folder, is_stable, parse_symbol
from basisbt.market.store import available, bar_series, load_bars, load_funding, series_path, title


class Source(NamedTuple):
    """One bar file and its timeframe in seconds."""

    path: Path
    step: int


class Shelf:
    """The files of one data directory, each opened at most once."""

    def __init__(self, directory: Path) -> None:
        self.directory = Path(directory)
        self._sheets: dict[Path, Sheet] = {}
        self._spliced: dict[Path, Sheet] = {}
        self.rolls: dict[tuple[str, str], tuple[Instrument, int]] = {}  # contracts by rule: (instrument, timeframe)

    def sheet(self, source: Source) -> Sheet:
        """The whole file, its timestamps checked; of a contract by rule, the contracts' files one after another."""
        rolling = self.rolls.get((source.path.parent.parent.name, symbol_in(source.path)))
        if rolling is None:
            if source.path not in self._sheets:
                self._sheets[source.path] = load_bars(source.path, source.step)
            return self._sheets[source.path]
        if source.path not in self._spliced:
            self._spliced[source.path] = splice(source.path, *self.links(source, *rolling))
        return self._spliced[source.path]

    def links(self, source: Source, instrument: Instrument, timeframe: int) -> tuple[list[Sheet], Chain]:
        """(sheets, how they follow one another) of the contracts of a chain that have this series."""
        sheets, ends = [], []
        for each in contracts(self.directory, instrument):
            there = available(self.directory, each.venue, each.symbol).get(source.path.stem)
            if there is not None:
                sheets.append(self.sheet(Source(there, source.step)))
                ends.append(roll_time(each.expiry, instrument.rolls, timeframe))
        return sheets, Chain(ends, timeframe, max(1, instrument.over // timeframe), instrument.inverse)

    def hand_overs(self, source: Source) -> list[HandOver]:
        """The steps in which a chain moves on."""
        instrument, timeframe = self.rolls[source.path.parent.parent.name, symbol_in(source.path)]
        sheets, chain = self.links(source, instrument, timeframe)
        rolls = zip(sheets[:-1], sheets[1:], chain.ends[:-1], strict=True)
        return [step for old, new, end in rolls for step in steps_of(old, new, end, chain)]

    def funding(self, path: Path) -> Sheet:
        """The whole funding file, checked."""
        if path not in self._sheets:
            self._sheets[path] = load_funding(path)
        return self._sheets[path]

    @property
    def opened(self) -> tuple[str, ...]:
        """Every file opened so far, sorted."""
        return tuple(sorted(str(path) for path in self._sheets))

    def pick(self, venue: str, symbol: str, kind: str, timeframe: int) -> Source | None:
        """The coarsest `kind` series (trade, mark, index) that divides the timeframe; None when there is none."""
        fitting = [s for s in self.offered(venue, symbol, kind) if timeframe % s.step == 0]
        return max(fitting, key=lambda source: source.step, default=None)

    def offered(self, venue: str, symbol: str, kind: str) -> list[Source]:
        """Every series of that kind on disk, fitting or not."""
        there = available(self.directory, venue, symbol)
        if (venue, symbol) in self.rolls:
            for each in contracts(self.directory, self.rolls[venue, symbol][0]):
                for name in available(self.directory, venue, each.symbol):
                    there[name] = self.directory / folder(venue, symbol) / f"{name}.parquet"
        named = [(bar_series(name), path) for name, path in there.items()]
        return [Source(path, found[1]) for found, path in named if found and found[0] == kind]

    def spots(self, venue: str, base: str, quote: str) -> list[str]:
        """Spot symbols of a base against dollars on disk, the wanted quote first, then USD, USDT, USDC, the rest."""
        place = self.directory / venue
        names = sorted(p.name for p in place.glob(f"{base}-*")) if place.is_dir() else []
        quotes = [name[len(base) + 1 :] for name in names]
        ranked = (quote, "USD", "USDT", "USDC")
        usable = [q for q in quotes if "_" not in q and is_stable(q)]
        usable.sort(key=lambda q: ranked.index(q) if q in ranked else len(ranked))
        return [f"{base}/{q}" for q in usable]

    def venues(self) -> list[str]:
        """Every venue with a folder."""
        return sorted(p.name for p in self.directory.iterdir() if p.is_dir() and not p.name.startswith("."))


class Sources(NamedTuple):
    """What serves a panel. Tuples are indexed by instrument, `index` by base."""

    trade: tuple[Source, ...]
    mark: tuple[Source | None, ...]  # None: spot, or a proxy from trade prices
    widen: tuple[tuple[Source, ...], ...]  # candidates a proxy's extremes are widened to, best first
    index: tuple[tuple[Source, ...], ...]  # several where an index is made of several
    funding: tuple[Path | None, ...]  # None: not a perpetual
    stand_ins: dict[str, str]


def find_sources(
    shelf: Shelf, instruments: tuple[Instrument, ...], bases: tuple[str, ...], index: dict, timeframe: int, made=()
) -> Sources:
    """Choose a file for everything; where `made` says so, funding needs none.

    DataError names every series that is missing and what is there instead."""
    if not shelf.directory.is_dir():
        raise DataError(f"the data directory {shelf.directory} does not exist")
    complaints: list[str] = []
    stand_ins: dict[str, str] = {}
    trade = tuple(_trade(shelf, i, timeframe, complaints) for i in instruments)
    mark = tuple(None if i.kind == "spot" else shelf.pick(i.venue, i.symbol, "mark", timeframe) for i in instruments)
    made = made or (False,) * len(instruments)
    funding = tuple(None if m else _funding(shelf, i, complaints) for i, m in zip(instruments, made, strict=True))
    widen = tuple(
        () if i.kind == "spot" or m else _widening(shelf, i, timeframe) for i, m in zip(instruments, mark, strict=True)
    )
    indexes = tuple(_index(shelf, b, instruments, index, timeframe, stand_ins, complaints) for b in bases)
    if complaints:
        raise DataError("\n".join(complaints))
    return Sources(trade, mark, widen, indexes, funding, stand_ins)


def _trade(shelf: Shelf, instrument: Instrument, timeframe: int, complaints: list[str]) -> Source | None:
    venue, symbol = instrument.venue, instrument.symbol
    found = shelf.pick(venue, symbol, "trade", timeframe)
    if found is None:
        complaints.append(_absence(shelf, venue, symbol, "trade", timeframe))
    return found


def _absence(shelf: Shelf, venue: str, symbol: str, kind: str, timeframe: int) -> str:
    wanted = f"{kind}_{timeframe_text(timeframe)}"
    others = [source.path.stem for source in shelf.offered(venue, symbol, kind)]
    if others:
        return (
            f"{venue} {symbol}: only {', '.join(others)} is there; a timeframe of {timeframe_text(timeframe)} needs "
            f"{wanted} or a finer series that divides it (bars cannot be split)"
        )
    there = ", ".join(path.name for path in available(shelf.directory, venue, symbol).values())
    place = shelf.directory / folder(venue, symbol)
    return f"{venue} {symbol}: no {kind} series; expected {place}/{wanted}.parquet (or finer, or .csv); there: " + (
        there or "nothing"
    )


def _funding(shelf: Shelf, instrument: Instrument, complaints: list[str]) -> Path | None:
    if instrument.kind != "perpetual":
        return None
    path = series_path(shelf.directory, instrument.venue, instrument.symbol, "funding")
    if not path.exists():
        there = ", ".join(p.name for p in available(shelf.directory, instrument.venue, instrument.symbol).values())
        complaints.append(
            f"{instrument.title}: a perpetual needs its funding; expected {path} (or .csv) with timestamp and "
            f"funding_rate; there: {there or 'nothing'}"
        )
    return path


def _widening(shelf: Shelf, instrument: Instrument, timeframe: int) -> tuple[Source, ...]:
    """The instrument's own index series, then the venue's spots of its base."""
    venue = instrument.venue
    found = [shelf.pick(venue, instrument.symbol, "index", timeframe)]
    found += [shelf.pick(venue, s, "trade", timeframe) for s in shelf.spots(venue, instrument.base, instrument.quote)]
    return tuple(source for source in found if source)


def _index(
    shelf: Shelf,
    base: str,
    instruments: tuple[Instrument, ...],
    index: dict,
    timeframe: int,
    stand_ins: dict[str, str],
    complaints: list[str],
) -> tuple[Source | None, ...]:
    """The named markets; else the first spot instrument, a spot at their venues, an index series, any venue's spot."""
    if base in index:
        return tuple(_named_index(shelf, base, *place, timeframe, complaints) for place in index[base].places)
    own = [i for i in instruments if i.base == base]
    venues = list(dict.fromkeys(i.venue for i in instruments))
    others = [venue for venue in shelf.venues() if venue not in venues]
    candidates = [(i.venue, i.symbol, "trade") for i in own if i.kind == "spot" and is_stable(i.quote)]
    candidates += [(venue, symbol, "trade") for venue in venues for symbol in shelf.spots(venue, base, "USD")]
    candidates += [(i.venue, i.symbol, "index") for i in own if i.kind != "spot" and is_stable(i.quote)]
    candidates += [(venue, symbol, "trade") for venue in others for symbol in shelf.spots(venue, base, "USD")]
    for venue, symbol, kind in candidates:
        found = shelf.pick(venue, symbol, kind, timeframe)
        if found:
            if kind == "trade":
                stand_ins[f"index {base}"] = title(found.path)
            return (found,)
    complaints.append(
        f"index of {base}: no spot series of {base} in {shelf.directory} fits {timeframe_text(timeframe)}; "
        f"expected one like {venues[0] if venues else 'okx'}/{base}-USDT/trade_{timeframe_text(timeframe)}.parquet"
    )
    return ()


def _named_index(
    shelf: Shelf, base: str, venue: str, symbol: str, timeframe: int, complaints: list[str]
) -> Source | None:
    instrument = parse_symbol(venue, symbol)
    if not is_stable(instrument.quote) or instrument.base != base:
        complaints.append(f"index of {base}: {instrument.title} is not {base} in dollars; name one like {base}/USDT")
        return None
    found = shelf.pick(venue, symbol, "index", timeframe)
    if found is None and instrument.kind == "spot":
        found = shelf.pick(venue, symbol, "trade", timeframe)
    if found is None:
        kind = "trade" if instrument.kind == "spot" else "index"
        complaints.append(f"index of {base}: " + _absence(shelf, venue, symbol, kind, timeframe))
    return found
