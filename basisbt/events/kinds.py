"""Typed events: frozen data and one pure method that says what it does, from a closed set of effects.

Knows times, sizes and what an event is about, by number (venue, instrument, base). Knows neither chance nor YAML.
Times are seconds UTC. An onset is floored to its bar, an end ceiled to the next open (MODEL.md section 2.5).
"""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from basisbt.core.tape import DELEVERAGE, DRAIN, NO_DEPOSITS

CLOSED = 20  # half-lives after which a gap is closed: a millionth of it is left


class Event(Protocol):
    """What every event has."""

    name: str
    kind: str
    start: int
    origin: str
    root: str  # kind of the event this one followed from; empty: it came by itself

    def apply(self, effects) -> None:
        """Write what the event does into `effects` (events.effects.Effects)."""


@dataclass(frozen=True)
class WithdrawalFreeze:
    """A venue stops releasing assets; trading, funding and liquidation go on. `end` None: for good.

    `others`: more venues, where a network stops under several; `venue` is -1 where it stops under none.
    `fated`: when it ends in the venue's default; were there no default, it would end whole then.
    """

    name: str
    venue: int
    start: int
    end: int | None = None
    voids_pending: bool = False
    origin: str = "script"
    root: str = ""
    kind: str = "withdrawal_freeze"
    fated: int | None = None
    deposits_shut: bool = False
    others: tuple[int, ...] = ()

    def apply(self, effects) -> None:
        """Freeze at the onset, thaw at the end."""
        for venue in (self.venue, *self.others):
            if venue < 0:
                continue
            effects.freeze(venue, self.start, self.end, self.voids_pending)
            if self.deposits_shut:
                effects.switch(NO_DEPOSITS, venue, self.start, self.end)


@dataclass(frozen=True)
class VenueDefault:
    """A venue stops for good: what is there becomes a dollar claim, of which `recovery` is paid at `recovered_at`.

    `recovered_at` None: not within any run. `in_kind`: coins are paid back at what they are worth then. `bids`:
    (moment, what a dollar of claim fetches from then on); `sold_at`: it is sold for that.
    `root` is `withdrawal_freeze` when a freeze ended in it.
    """

    name: str
    venue: int
    start: int
    recovery: float
    recovered_at: int | None = None
    origin: str = "script"
    root: str = ""
    kind: str = "venue_default"
    in_kind: bool = False
    bids: tuple[tuple[int, float], ...] = ()
    sold_at: int | None = None

    def apply(self, effects) -> None:
        """Default at the onset, pay the claim later, or sell it for what it fetches before that."""
        effects.default(
            self.venue, self.start, self.recovery, self.recovered_at, self.in_kind, self.bids, self.sold_at
        )  # fmt: skip


@dataclass(frozen=True)
class FundingShock:
    """Every funding settlement of an instrument is at `rate` from the onset to the end, whatever was recorded."""

    name: str
    instrument: int
    start: int
    rate: float
    end: int | None = None
    origin: str = "script"
    root: str = ""
    kind: str = "funding"

    def apply(self, effects) -> None:
        """Replace the rates."""
        effects.set_rate(self.instrument, self.start, self.end, self.rate)


@dataclass(frozen=True)
class PriceShock:
    """All venues' spot, mark and index of a base move together by `move` over `over` seconds.

    Then they stay (`then` = hold), or come back over the same time after `stay` seconds (revert). Steps at bar opens.
    `claims`: bases that are claims on this one and go where it goes.
    """

    name: str
    base: int
    start: int
    move: float
    over: int
    then: str = "hold"
    stay: int = 0
    origin: str = "script"
    root: str = ""
    kind: str = "price"
    claims: tuple[int, ...] = ()

    def level(self, time: np.ndarray) -> np.ndarray:
        """Multiplier at each time [T]; 1 + move once it is complete."""
        over = max(self.over, 1)
        way = np.clip((time - self.start) / over, 0.0, 1.0)
        if self.over == 0:
            way = (time >= self.start).astype(float)
        if self.then == "revert":
            way = way - np.clip((time - self.start - self.over - self.stay) / over, 0.0, 1.0)
        return 1.0 + self.move * way

    def apply(self, effects) -> None:
        """Multiply the base's price level."""
        for base in (self.base, *self.claims):
            effects.scale_base(base, self.level(effects.time))


@dataclass(frozen=True)
class NonConvergence:
    """Trade and mark of one instrument leave the index by `gap`, decaying with `half_life` (None: they stay).

    `end`: closed at the first open at or after it. A dated contract that settles meanwhile does so at its index times
    1 + `residual`. `over`: seconds in which the gap opens.
    Funding stays as recorded, or `follows` the gap by the venue's rule.
    """

    name: str
    instrument: int
    start: int
    gap: float
    half_life: int | None = None
    end: int | None = None
    origin: str = "script"
    root: str = ""
    kind: str = "non_convergence"
    follows: bool = False
    residual: float = 0.0
    over: int = 0
    others: tuple[int, ...] = ()  # a trapped venue's other instruments

    def gaps(self, time: np.ndarray, onset: int) -> np.ndarray:
        """Gap at each time [T], full at the onset bar."""
        age = np.maximum(time - onset, 0)
        size = np.full(time.size, self.gap)
        if self.half_life is not None:
            size = self.gap * np.exp2(-age / self.half_life)
        if self.over:
            size = size * np.clip((time - onset) / self.over, 0.0, 1.0)
        live = time >= onset
        if self.half_life is not None:
            live &= age <= CLOSED * self.half_life
        if self.end is not None:
            live &= time < self.end
        return np.where(live, size, 0.0)

    def apply(self, effects) -> None:
        """Add the gap to the instrument's."""
        for instrument in (self.instrument, *self.others):
            effects.add_gap(instrument, self.gaps(effects.time, effects.floor(self.start)), self.follows)
        if self.residual:
            effects.leave(self.instrument, self.start, self.end, self.residual)


@dataclass(frozen=True)
class Deleveraging:
    """The venue closes the share `fraction` of a position at the mark, worsened by `penalty` of its notional."""

    name: str
    instrument: int
    start: int
    fraction: float
    penalty: float = 0.0
    origin: str = "script"
    root: str = ""
    kind: str = "adl"

    def apply(self, effects) -> None:
        """Close a part at the onset."""
        effects.once(self.start, DELEVERAGE, self.instrument, self.fraction, self.penalty)


@dataclass(frozen=True)
class InsuranceDrain:
    """A venue's insurance fund pays USD `loss`; what lies beyond its trigger is closed, our part of it is `ours`."""

    name: str
    venue: int
    start: int
    loss: float
    ours: float
    origin: str = "script"
    root: str = ""
    kind: str = "insurance_drain"

    def apply(self, effects) -> None:
        """Drain at the onset."""
        effects.once(self.start, DRAIN, self.venue, self.loss, self.ours)


@dataclass(frozen=True)
class Clawback:
    """A venue takes the share `fraction` of the week's profits, or (`balances`) of all that is there.

    Of balances taken, `redeemed` is paid back at `redeemed_at` (None: not within any run).
    """

    name: str
    venue: int
    start: int
    fraction: float
    balances: bool = False
    redeemed: float = 0.0
    redeemed_at: int | None = None
    origin: str = "script"
    root: str = ""
    kind: str = "clawback"

    def apply(self, effects) -> None:
        """Take at the onset, pay back later."""
        if self.balances:
            effects.cut(self.venue, self.start, self.fraction, self.redeemed, self.redeemed_at)
        else:
            effects.claw(self.venue, self.start, self.fraction)


TIMES = ("start", "end", "recovered_at", "redeemed_at", "sold_at")


def moved(event: Event, by: int, name: str) -> Event:
    """The same event so many seconds later, as one that was sampled."""
    times = {key: getattr(event, key) + by for key in TIMES if isinstance(getattr(event, key, None), int)}
    fields = event.__dataclass_fields__
    times = {key: value for key, value in times.items() if key in fields}
    if getattr(event, "bids", ()):
        times["bids"] = tuple((at + by, bid) for at, bid in event.bids)
    return replace(event, name=name, origin="sample", **times)


def kind_of(event: Event) -> str:
    """The kind an event's cost belongs to: that of the event it followed from, else its own (MODEL.md section 3.7)."""
    return event.root or event.kind
