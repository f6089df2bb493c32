"""The panel: everything a run needs of the market, aligned on one UTC grid, and notes on what was missing.

Knows series, stand-ins and gaps. Knows neither config nor accounts; it makes no price that nobody quoted:
a missing bar is the last known close, flagged as not tradable.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from basisbt.core.tape import CLOSE, FIELDS, HIGH, INDEX_FIELDS, LOW, MARK_OPEN, OPEN, TERMS, VOLUME, Panel
from basisbt.errors import DataError
from basisbt.market.align import Lane, align
from basisbt.market.coverage import Span, check_gaps, common_window, shortfalls
from basisbt.market.formula import HOUR, FundingFormula, made_stamps, mean_premia, paid_on, premia
from basisbt.market.grid import Grid, grid_over, moment
from basisbt.market.index import IndexRule, index_lane
from basisbt.market.instruments import Instrument, is_stable
from basisbt.market.marks import fair_marks, proxy_mark
from basisbt.market.settlements import Settlements, missing_settlements, place
from basisbt.market.sources import Shelf, Source, Sources, find_sources
from basisbt.market.store import Bars, FundingStamps, bars_between, funding_between, title


@dataclass(frozen=True)
class PanelRequest:
    """What to load. Times are seconds UTC, `end` exclusive; `timeframe` and `gap_max` are seconds."""

    dir: Path
    instruments: tuple[Instrument, ...]  # their order is the instrument index
    bases: tuple[str, ...]  # their order is the index of the index block
    assets: tuple[str, ...]  # their order is the index of `usd`
    start: int
    end: int
    timeframe: int
    gap_policy: str = "stale"  # stale | error
    gap_max: int = 6 * 3600
    coverage: str = "error"  # error | intersect
    index: dict[str, IndexRule] = field(default_factory=dict)  # by base
    fair: tuple[bool, ...] = ()  # by instrument: without a mark series, marks are the index and the funding to come
    # (from when on, by instrument) by date; none: funding is what was recorded, no more
    formulas: tuple[tuple[int, tuple[FundingFormula | None, ...]], ...] = ()


@dataclass(frozen=True)
class PanelNotes:
    """What a reader of the results must know about the data. Keys are titles like `okx BTC/USDT`."""

    window: tuple[int, int]  # seconds UTC; smaller than asked for under `coverage: intersect`
    stand_ins: dict[str, str]
    missing_bars: dict[str, int]  # rows that cannot be traded, where there are any
    stale_marks: dict[str, int]  # rows of a real mark series that repeat the last mark
    funding_gaps: dict[str, tuple[tuple[int, int], ...]]  # (last stamp before, first after)
    files: tuple[str, ...]  # every file read; `files.digest` turns them into digests
    warnings: tuple[str, ...]


NEVER_BEFORE, FOR_EVER = -(1 << 62), 1 << 62  # seconds UTC
ABSURD_TURNOVER = 1e10  # quote an hour, in the median; the busiest perpetual there is turns over a tenth of it


class Loaded(NamedTuple):
    """The series of one window: bars with one bar before it, and the same bars on the grid."""

    grid: Grid
    trade: list[Bars]
    mark: list[Bars]  # what funding is priced on: the mark series, else the trades
    trade_lanes: list[Lane]
    mark_lanes: list[Lane]
    index_lanes: list[Lane]
    funding: dict[int, FundingStamps]
    stand_ins: dict[str, str]


def build_panel(request: PanelRequest) -> tuple[Panel, PanelNotes]:
    """Load, check and align. DataError (exit 3) for what is missing, broken, too short or silent for too long."""
    if request.end <= request.start:
        raise DataError(f"the window {moment(request.start)} to {moment(request.end)} is empty")
    shelf = Shelf(request.dir)
    shelf.rolls = {(i.venue, i.symbol): (i, request.timeframe) for i in request.instruments if i.rolls is not None}
    rules = request.formulas[0][1] if request.formulas else (None,) * len(request.instruments)
    made = tuple(rule is not None and rule.made for rule in rules)
    found = find_sources(shelf, request.instruments, request.bases, request.index, request.timeframe, made)
    start, end, warnings = _window(request, shelf, found)
    loaded = _load(request, shelf, found, grid_over(start, end, request.timeframe))
    funding, behind = with_formulas(request, loaded)
    settled = place(funding, dict(enumerate(loaded.mark)), loaded.grid, behind)
    panel = _panel(request, loaded, settled, rolls_in(request, shelf, found, loaded.grid))
    for array in panel:
        array.flags.writeable = False
    return panel, _notes(request, shelf, found, loaded, tuple(warnings))


def _window(request: PanelRequest, shelf: Shelf, found: Sources) -> tuple[int, int, list[str]]:
    """The window to use, and a warning for each series that made it smaller."""
    spans = []
    for i, instrument in enumerate(request.instruments):
        spans += [_span(shelf, s, instrument.expiry) for s in (found.trade[i], found.mark[i]) if s]
        if found.funding[i]:
            stamps = funding_between(shelf.funding(found.funding[i]), request.start, request.end)
            spans.append(Span(title(stamps.path), stamps.first, stamps.last, stamps.interval))
    spans += [_span(shelf, source) for group in found.index for source in group]
    short = shortfalls(spans, request.start, request.end)
    if not short:
        return request.start, request.end, []
    if request.coverage == "error":
        raise DataError("\n".join(short))
    start, end = common_window(spans, request.start, request.end, request.timeframe)
    return start, end, [f"the window shrank to {moment(start)} … {moment(end)}: {text}" for text in short]


def _span(shelf: Shelf, source: Source, until: int | None = None) -> Span:
    sheet = shelf.sheet(source)
    return Span(title(source.path), sheet.second(0), sheet.second(-1) + source.step, until=until)


class _Lanes:
    """Each bar series of the window, read and aligned once."""

    def __init__(self, request: PanelRequest, shelf: Shelf, grid: Grid) -> None:
        self.request, self.shelf, self.grid = request, shelf, grid
        self.bars: dict[Source, Bars] = {}
        self._lanes: dict[Source, Lane] = {}

    def lane(self, source: Source, until: int | None = None) -> Lane:
        """The series on the grid; its gaps are held to the policy."""
        if source not in self._lanes:
            grid, request = self.grid, self.request
            bars = bars_between(self.shelf.sheet(source), source.step, grid.start, grid.end, lead=1)
            check_gaps(title(source.path), bars, grid, request.gap_policy, request.gap_max, until)
            self.bars[source] = bars
            self._lanes[source] = align(bars, grid)
        return self._lanes[source]

    def proxy(self, trade: Lane, widen: tuple[Source, ...], index: Source) -> tuple[Lane, str]:
        """A stand-in for the mark and the name of what it is widened to: the first candidate over the whole window."""
        for source in (*widen, index):
            if not shortfalls([_span(self.shelf, source)], self.grid.start, self.grid.end):
                bars = bars_between(self.shelf.sheet(source), source.step, self.grid.start, self.grid.end, lead=1)
                return proxy_mark(trade, align(bars, self.grid)), title(source.path).rpartition(" ")[0]
        return proxy_mark(trade, None), "nothing"


def _load(request: PanelRequest, shelf: Shelf, found: Sources, grid: Grid) -> Loaded:
    lanes = _Lanes(request, shelf, grid)
    index_lanes = [
        index_lane([lanes.lane(source) for source in group], request.index.get(base))
        for base, group in zip(request.bases, found.index, strict=True)
    ]
    trade_lanes = [lanes.lane(s, i.expiry) for s, i in zip(found.trade, request.instruments, strict=True)]
    stamps = {i: shelf.funding(path) for i, path in enumerate(found.funding) if path}
    funding = {i: funding_between(sheet, grid.start, grid.end) for i, sheet in stamps.items()}
    mark_lanes, proxies = [], {}
    for i, instrument in enumerate(request.instruments):
        own, base = found.mark[i], request.bases.index(instrument.base)
        if instrument.kind == "spot":
            mark_lanes.append(trade_lanes[i])
        elif own:
            mark_lanes.append(lanes.lane(own, instrument.expiry))
        elif request.fair and request.fair[i] and i in funding:
            proxies[f"{instrument.title} mark"] = "fair: the index and the funding to come"
            mark_lanes.append(fair_marks(index_lanes[base], trade_lanes[i], grid, shelf.funding(found.funding[i])))
        else:
            lane, name = lanes.proxy(trade_lanes[i], found.widen[i], found.index[base][0])
            proxies[f"{instrument.title} mark"] = f"proxy: trade open/close widened to {name}"
            mark_lanes.append(lane)
    trade = [lanes.bars[source] for source in found.trade]
    mark = [lanes.bars[own or other] for own, other in zip(found.mark, found.trade, strict=True)]
    return Loaded(grid, trade, mark, trade_lanes, mark_lanes, index_lanes, funding, {**found.stand_ins, **proxies})


def with_formulas(request: PanelRequest, loaded: Loaded) -> tuple[dict[int, FundingStamps], dict]:
    """(stamps by instrument, (premia, hours) of each): rates made where they were not recorded, prices of payments as
    the venue has them, and the premium behind each rate where the venue's formula is known; each by the rule of its
    day."""
    stamps, behind, grid = dict(loaded.funding), {}, loaded.grid
    for i, instrument in enumerate(request.instruments):
        rules = [(at, formulas[i]) for at, formulas in request.formulas]
        if instrument.kind != "perpetual" or not rules or rules[0][1] is None:
            continue
        lane = loaded.index_lanes[request.bases.index(instrument.base)]
        premium = premia(loaded.trade_lanes[i].open, lane.open)
        if rules[0][1].made:
            stamps[i], hours = made_by(rules, premium, grid, loaded.trade[i].path)
        else:
            step = np.diff(stamps[i].time, prepend=stamps[i].time[:1] - stamps[i].interval)
            hours = np.where(step > 1.5 * stamps[i].interval, stamps[i].interval, step) / HOUR
        mean, price = behind_stamps(rules, premium, lane.open, grid, stamps[i].time, hours)
        behind[i] = mean, hours
        stamps[i] = stamps[i]._replace(mark=np.where(np.isnan(stamps[i].mark), price, stamps[i].mark))
    return stamps, behind


def made_by(rules, premium: np.ndarray, grid: Grid, path: Path) -> tuple[FundingStamps, np.ndarray]:
    """(stamps that the rules make, each in its time, hours of each)."""
    parts = [made_stamps(premium, grid, rule or rules[0][1]) for _, rule in rules]
    inside = [(part[0] >= at) & (part[0] < end) for part, (at, end, _) in zip(parts, spans_of(rules), strict=True)]
    time, rate, hours = (
        np.concatenate([part[k][mask] for part, mask in zip(parts, inside, strict=True)]) for k in range(3)
    )
    unpriced, interval = np.full(time.size, np.nan), rules[0][1].interval
    return FundingStamps(path, 0, time, rate, unpriced, grid.start, grid.end, interval), hours


def behind_stamps(rules, premium: np.ndarray, index_open: np.ndarray, grid: Grid, times: np.ndarray, hours: np.ndarray):
    """([K] mean premium of each stamp's interval, [K] price of its payment, NaN for the mark)."""
    mean, price = np.full(times.size, np.nan), np.full(times.size, np.nan)
    begins = times - (hours * HOUR).astype(np.int64)
    for at, end, rule in spans_of(rules):
        mine = (times >= at) & (times < end)
        if rule is not None and mine.any():
            mean[mine] = mean_premia(premium, grid, begins[mine], times[mine], rule.weighted)
            paid = paid_on(rule, index_open, grid, times[mine], hours[mine])
            price[mine] = np.nan if paid is None else paid
    return mean, price


def spans_of(rules) -> list[tuple[int, int, FundingFormula | None]]:
    """(from, until, rule): the first holds before its date too."""
    dates = [at for at, _ in rules]
    return [(NEVER_BEFORE if k == 0 else at, (dates + [FOR_EVER])[k + 1], rule) for k, (at, rule) in enumerate(rules)]


def rolls_in(request: PanelRequest, shelf: Shelf, found: Sources, grid: Grid):
    """(rows [R], instruments [R], terms [R, TERMS]) of the rolls of contracts by rule inside the grid."""
    rolls = []
    for i, instrument in enumerate(request.instruments):
        for when, *terms in shelf.hand_overs(found.trade[i]) if instrument.rolls is not None else ():
            if grid.start < when < grid.end:
                if not np.isfinite(terms).all():
                    which = "left" if not np.isfinite(terms[-2]) else "taken up"
                    raise DataError(f"{instrument.title}: no price of the contract that is {which} at {moment(when)}")
                rolls.append(((when - grid.start) // grid.step, i, terms))
    rolls.sort()
    terms = np.array([each[2] for each in rolls], float).reshape(-1, TERMS)
    return np.array([each[0] for each in rolls], np.int64), np.array([each[1] for each in rolls], np.int64), terms


def _panel(request: PanelRequest, loaded: Loaded, settled: Settlements, rolls) -> Panel:
    grid, count = loaded.grid, len(request.instruments)
    prices = np.empty((grid.rows, FIELDS, count))
    fresh = np.empty((grid.rows, count), np.bool_)
    for i, (trade, mark) in enumerate(zip(loaded.trade_lanes, loaded.mark_lanes, strict=True)):
        for offset, lane in ((OPEN, trade), (MARK_OPEN, mark)):
            for kind, values in zip((OPEN, HIGH, LOW, CLOSE), lane[:4], strict=True):
                prices[:, offset + kind, i] = values
        prices[:, VOLUME, i] = trade.volume
        fresh[:, i] = trade.fresh
    index = np.empty((grid.rows, INDEX_FIELDS, len(request.bases)))
    for b, lane in enumerate(loaded.index_lanes):
        for kind, values in zip((OPEN, HIGH, LOW, CLOSE), lane[:4], strict=True):
            index[:, kind, b] = values
    time = grid.start + grid.step * np.arange(grid.rows, dtype=np.int64)
    usd = np.ones((grid.rows, len(request.assets)))
    for a, asset in enumerate(request.assets):
        if asset in request.bases:
            usd[:, a] = index[:, OPEN, request.bases.index(asset)]
        elif not is_stable(asset):
            raise DataError(f"{asset} has no USD price: it is neither a stablecoin nor a base asset with an index")
    return Panel(
        time, prices, fresh, index, usd, settled.first, settled.instrument,
        settled.rate, settled.price, settled.at_open, settled.time, settled.premium, settled.hours,
        *rolls,
    )  # fmt: skip


def _notes(
    request: PanelRequest, shelf: Shelf, found: Sources, loaded: Loaded, warnings: tuple[str, ...]
) -> PanelNotes:
    names = [instrument.title for instrument in request.instruments]
    missing = {name: lane.missing for name, lane in zip(names, loaded.trade_lanes, strict=True) if lane.missing}
    stale = {
        name: lane.missing
        for name, lane, own in zip(names, loaded.mark_lanes, found.mark, strict=True)
        if own and lane.missing
    }
    gaps = {names[i]: missing_settlements(stamps) for i, stamps in loaded.funding.items()}
    gaps = {name: found_gaps for name, found_gaps in gaps.items() if found_gaps}
    doubts = tuple(dict.fromkeys(filter(None, map(_volume_doubt, loaded.trade))))
    window = (loaded.grid.start, loaded.grid.end)
    return PanelNotes(window, loaded.stand_ins, missing, stale, gaps, shelf.opened, warnings + doubts)


def _volume_doubt(bars: Bars) -> str:
    """Why the volume of a series should not be trusted, or nothing. Exchanges count contracts or quote at times."""
    if bars.volume is None:
        return f"{title(bars.path)} has no volume; it counts as 0"
    turnover = float(np.median(bars.volume * bars.close)) * 3600 / bars.step if bars.time.size else 0.0
    if turnover > ABSURD_TURNOVER:
        return f"{title(bars.path)} turns over {turnover:.0e} an hour; its volume is hardly in base units"
    return ""
