"""What the venues know: candles, funding, contract facts, coins, and the clock that says which of it exists yet.

Times are milliseconds since 1970 UTC. A candle is `[open time, open, high, low, close, volume]`, its prices whole
ticks, so that the text a venue sends reads back as the same float. Rows after `Truth.now` do not exist; the candle
that contains it is shown unfinished, and its numbers differ from the final ones.
"""

import math
from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
TIMEFRAMES = {"1m": MINUTE, "3m": 3 * MINUTE, "5m": 5 * MINUTE, "15m": 15 * MINUTE, "30m": 30 * MINUTE, "1h": HOUR,
              "2h": 2 * HOUR, "4h": 4 * HOUR, "6h": 6 * HOUR, "8h": 8 * HOUR, "12h": 12 * HOUR, "1d": DAY}
SERIES = ("trade", "mark", "index", "premium")


def ms(moment) -> int:
    """Milliseconds of an ISO text (UTC when it names no zone), a datetime, or milliseconds already."""
    if isinstance(moment, int):
        return moment
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


class Funding(NamedTuple):
    """One settlement: its nominal stamp, the rate of that interval, the mark charged on, and how late the venue stamps
    it (Binance is a few ms late). `settled` is the realized rate where a venue tells it apart (OKX); else the rate."""

    time: int
    rate: float
    mark: float | None = None
    late: int = 0
    settled: float | None = None


@dataclass
class Network:
    """One chain a coin moves on. `fee` is per withdrawal, in the coin; `chain` is the venue's own name for it."""

    chain: str
    fee: float = 0.0
    deposit: bool = True
    withdraw: bool = True
    minimum: float = 0.0
    confirmations: int = 1


@dataclass
class Coin:
    """A currency of a venue and the chains it moves on."""

    code: str
    name: str
    networks: list[Network] = field(default_factory=list)
    places: int = 8


@dataclass
class Market:
    """One instrument of one venue. `symbol` is ccxt's; `kind` is spot, swap or future. `lot` and `smallest` are in
    what the venue counts (coins, or contracts of `contract_size` coins; of `contract_size` USD when inverse).
    `tiers` rows: (up to, maintenance rate, maximum leverage), ascending, "up to" as the venue counts it: quote money,
    coins when inverse, contracts at OKX. `interval` is hours between settlements now. `candles` by series, each of
    `step` ms, oldest first; append to them, but do not change rows that were shown. The volume is in coins."""

    symbol: str
    kind: str
    tick: str = "0.1"
    lot: str = "0.001"
    smallest: str = "0.001"
    contract_size: str = "1"
    least_cost: str = "5"
    listed: int = 0
    expiry: int | None = None
    live: bool = True
    interval: int = 8
    cap: str = "0.003"
    tiers: tuple = ()
    step: int = HOUR
    candles: dict = field(default_factory=dict)
    funding: list[Funding] = field(default_factory=list)

    @property
    def base(self) -> str:
        """The coin traded."""
        return self.symbol.split("/")[0]

    @property
    def quote(self) -> str:
        """What its price is in."""
        return self.symbol.split("/")[1].split(":")[0]

    @property
    def settle(self) -> str | None:
        """What profit is paid in; None for spot."""
        return self.symbol.split(":")[1].split("-")[0] if ":" in self.symbol else None

    @property
    def inverse(self) -> bool:
        """Whether it is settled in the coin itself."""
        return self.settle == self.base

    def places(self, series: str = "trade") -> int:
        """Decimal places its candles of a series are sent with."""
        return 8 if series == "premium" else len(self.tick.partition(".")[2])


class Truth:
    """All venues at one moment `now`. Markets by (venue, symbol), coins by (venue, code); `down` names the venues that
    say they are in maintenance, `percent_tiers` those that send maintenance rates in percent. `memory`: how far back
    funding can be asked for, per venue, in ms. Asserting methods (`trade`, `candles`, `funding`) give what happened,
    finished rows only, whatever the venue remembers."""

    def __init__(self, now):
        self.now = ms(now)
        self.markets: dict[tuple[str, str], Market] = {}
        self.coins: dict[tuple[str, str], Coin] = {}
        self.down: set[str] = set()
        self.percent_tiers: set[str] = set()
        self.memory = {"okx": 92 * DAY}
        self._growth: list[tuple[int, float]] = []
        self._built = {}

    @classmethod
    def small(cls, seed=0, start="2024-01-01", days=20, venues=("binance", "bybit", "okx"), bases=("BTC",), **more):
        """A random world of `days` days from `start`, the same for the same seed: see `small.small_world`."""
        from tests.support.exchange.small import small_world

        return small_world(cls, seed, ms(start), days, tuple(venues), tuple(bases), **more)

    def add(self, venue: str, market: Market) -> Market:
        """List a market (again: replace it)."""
        self.markets[venue, market.symbol] = market
        return market

    def market(self, venue: str, symbol: str) -> Market:
        """A market by ccxt's symbol."""
        return self.markets[venue, symbol]

    def of(self, venue: str, *kinds: str) -> list[Market]:
        """The markets of a venue that are listed now (an expired contract is gone), in the order they were added."""
        return [m for (name, _), m in self.markets.items() if name == venue and m.kind in (kinds or (m.kind,))
                and m.listed <= self.now and (m.expiry is None or self.now < m.expiry)]

    def advance(self, seconds: float) -> int:
        """Let time pass; what happened meanwhile exists now. Returns the new `now`."""
        self.now += round(seconds * 1000)
        return self.now

    def grow_after(self, requests: int, seconds: float) -> None:
        """Let time pass by `seconds` once the server has answered `requests` requests."""
        self._growth.append((requests, seconds))

    def answered(self, requests: int) -> None:
        """The server has answered this many requests."""
        for due in [row for row in self._growth if row[0] <= requests]:
            self._growth.remove(due)
            self.advance(due[1])

    def trade(self, venue, symbol, timeframe="1h", since=None, until=None) -> list[list]:
        """Finished trade candles whose open time is in [since, until)."""
        return self.candles(venue, symbol, "trade", timeframe, since, until)

    def candles(self, venue, symbol, series, timeframe="1h", since=None, until=None) -> list[list]:
        """Finished candles of a series (trade, mark, index, premium; the volume 0 but for trade) that open in
        [since, until)."""
        rows = self.shown(self.markets[venue, symbol], series, timeframe)
        step = TIMEFRAMES[timeframe]
        return [row for row in _between(rows, since, until) if row[0] + step <= self.now]

    def funding(self, venue, symbol, since=None, until=None) -> list[tuple[int, float]]:
        """Settlements so far as (nominal stamp, realized rate), stamps in [since, until)."""
        rows = [row for row in self.markets[venue, symbol].funding if row.time <= self.now]
        return [(r.time, r.rate if r.settled is None else r.settled) for r in _between(rows, since, until)]

    def settled(self, market: Market, venue: str = "") -> list[Funding]:
        """The settlements a venue can tell of now: those whose late stamp has passed, as far back as it remembers."""
        first = self.now - self.memory.get(venue, self.now)
        return [row for row in market.funding if row.time + row.late <= self.now and row.time >= first]

    def shown(self, market: Market, series: str, timeframe: str) -> list[list]:
        """What the venue shows now, ascending: finished candles, then the unfinished one. KeyError for a timeframe
        that its base candles cannot make."""
        if TIMEFRAMES[timeframe] % market.step:
            raise KeyError(timeframe)
        finished, at = self._finished(market, series, timeframe)
        end = bisect_left(at, self.now - TIMEFRAMES[timeframe] + 1)
        opening = self.now // TIMEFRAMES[timeframe] * TIMEFRAMES[timeframe]
        base = _between(market.candles.get(series, []), opening, self.now + 1)
        parts = [_so_far(row, self.now, market.step, market.places(series)) for row in base]
        return finished[:end] + ([_joined(opening, parts)] if parts else [])

    def _finished(self, market, series, timeframe):
        """All candles ever of a timeframe and their open times, built once for a list of base candles of a length."""
        rows, key = market.candles.get(series, []), (id(market), series, timeframe)
        built = self._built.get(key)
        if built is None or built[0] is not rows or built[1] != len(rows):
            step, groups = TIMEFRAMES[timeframe], {}
            for row in rows:
                groups.setdefault(row[0] // step * step, []).append(row)
            made = [_joined(opening, group) for opening, group in groups.items()]
            built = self._built[key] = (rows, len(rows), made, [row[0] for row in made])
        return built[2:]


def _between(rows, since, until):
    low = 0 if since is None else bisect_left(rows, since, key=lambda row: row[0])
    return rows[low:] if until is None else rows[low : bisect_left(rows, until, key=lambda row: row[0])]


def _joined(opening: int, rows: list[list]) -> list:
    volume = round(math.fsum(row[5] for row in rows), 3)
    return [opening, rows[0][1], max(r[2] for r in rows), min(r[3] for r in rows), rows[-1][4], volume]


def _so_far(row: list, now: int, step: int, places: int) -> list:
    """A base candle as it stands at `now`: a part of the way to its close has been gone, by whole ticks."""
    share = (now - row[0]) / step
    if share >= 1.0:
        return row
    close = round(row[1] + (row[4] - row[1]) * share / 2, places)
    return [row[0], row[1], max(row[1], close), min(row[1], close), close, round(row[5] * share / 2, 3)]

