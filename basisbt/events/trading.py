"""Events about trading: who cannot trade, at what spread, under which limits, and contracts that end before their time.

Typed events like those in kinds.py: frozen data and one pure method. Times are seconds UTC; instruments, venues, assets
and bases are numbers. What an event is about is resolved before it is made: `instruments` are all it touches.
"""

from dataclasses import dataclass

import numpy as np

from basisbt.core.tape import (
    CLOSED, DEPTH, LOCAL, MOVE, NO_BUY, NO_DEPOSITS, NO_INSIDE, NO_SELL, PAUSE, PEG, QUEUES, REDUCE_ONLY, SETTLE,
    SPARED, SPREAD, STRETCH,
)  # fmt: skip
from basisbt.events.kinds import CLOSED as GONE


def fading(effects, start: int, end: int | None, half_life: int | None) -> np.ndarray:
    """[T] what is left of a shock: 1 in the bar of its onset, halved every half-life, 0 before it and after its end."""
    onset = effects.floor(start)
    age = np.maximum(effects.time - onset, 0)
    left = np.ones(age.size) if half_life is None else np.exp2(-age / half_life)
    live = effects.live(start, end)
    if half_life is not None:
        live &= age <= GONE * half_life
    return np.where(live, left, 0.0)


@dataclass(frozen=True)
class Outage:
    """Instruments of a venue cannot be traded; `transfers`: nothing moves in, out or inside.

    `withdrawals`: nothing moves out; `spares`: nobody is liquidated. `queues`: orders wait and trade at the first open
    after the end, else they are rejected.
    """

    name: str
    venue: int
    start: int
    end: int | None
    instruments: tuple[int, ...]
    transfers: bool = False
    withdrawals: bool = False
    queues: bool = False
    spares: bool = False
    origin: str = "script"
    root: str = ""
    kind: str = "outage"

    def apply(self, effects) -> None:
        """Shut what is shut, from the onset to the end."""
        for i in self.instruments:
            effects.switch(CLOSED, i, self.start, self.end)
            if self.queues:
                effects.switch(QUEUES, i, self.start, self.end)
        if self.transfers or self.withdrawals:
            effects.freeze(self.venue, self.start, self.end, False)
        if self.transfers:
            effects.switch(NO_DEPOSITS, self.venue, self.start, self.end)
            effects.switch(NO_INSIDE, self.venue, self.start, self.end)
        if self.spares:
            effects.switch(SPARED, self.venue, self.start, self.end)


@dataclass(frozen=True)
class Liquidity:
    """Half-spreads times `spread`, depth times `depth`; each comes back at a speed of its own."""

    name: str
    start: int
    end: int | None
    instruments: tuple[int, ...]
    spread: float
    depth: float
    half_life: int | None = None
    depth_half_life: int | None = None
    venue: int = -1
    origin: str = "script"
    root: str = ""
    kind: str = "liquidity"

    def apply(self, effects) -> None:
        """Geometric recovery: the logarithm of a multiplier halves every half-life."""
        wide = fading(effects, self.start, self.end, self.half_life)
        thin = fading(effects, self.start, self.end, self.depth_half_life or self.half_life)
        for i in self.instruments:
            effects.multiply(SPREAD, i, self.spread**wide)
            effects.multiply(DEPTH, i, self.depth**thin)


@dataclass(frozen=True)
class Depeg:
    """An asset's USD price falls to `to` of what it was, everywhere, or in what one venue counts it for (`place`).

    `claim`: the base it is the coin of, where that is a claim on another coin; -1 of a currency.
    """

    name: str
    asset: int
    start: int
    to: float
    end: int | None = None
    half_life: int | None = None
    place: int = -1  # venue * assets + asset of a local one
    venue: int = -1
    origin: str = "script"
    root: str = ""
    kind: str = "depeg"
    claim: int = -1

    def apply(self, effects) -> None:
        """Reprice from the onset, coming back where it does."""
        left = fading(effects, self.start, self.end, self.half_life)
        price = 1.0 - (1.0 - self.to) * left
        if self.place >= 0:
            effects.multiply(LOCAL, self.place, price)
        elif self.claim >= 0:
            effects.scale_base(self.claim, price)
        else:
            effects.multiply(PEG, self.asset, price)


@dataclass(frozen=True)
class ForcedSettlement:
    """A venue settles contracts before their time, at a price (NaN: the index times 1 + `gap`), and delists them."""

    name: str
    start: int
    instruments: tuple[int, ...]
    price: float = float("nan")
    gap: float = 0.0
    delists: bool = True
    venue: int = -1
    origin: str = "script"
    root: str = ""
    kind: str = "settlement"

    def apply(self, effects) -> None:
        """Settle at the onset, no trading afterwards."""
        for i in self.instruments:
            effects.once(self.start, SETTLE, i, self.price, self.gap)
            if self.delists:
                effects.switch(CLOSED, i, self.start, None)


@dataclass(frozen=True)
class PriceLimit:
    """Orders on one side are rejected: the price is at its limit."""

    name: str
    start: int
    end: int | None
    instruments: tuple[int, ...]
    buys: bool
    venue: int = -1
    origin: str = "script"
    root: str = ""
    kind: str = "price_limit"

    def apply(self, effects) -> None:
        """Reject from the onset to the end."""
        for i in self.instruments:
            effects.switch(NO_BUY if self.buys else NO_SELL, i, self.start, self.end)


@dataclass(frozen=True)
class CircuitBreaker:
    """While it is in force, a bar that moves by `move` or more from its open halts trading for `pause` seconds."""

    name: str
    start: int
    end: int | None
    instruments: tuple[int, ...]
    move: float
    pause: int
    venue: int = -1
    origin: str = "script"
    root: str = ""
    kind: str = "circuit_breaker"

    def apply(self, effects) -> None:
        """Arm it from the onset to the end."""
        live = effects.live(self.start, self.end)
        for i in self.instruments:
            effects.multiply(PAUSE, i, np.where(live, float(self.pause), 0.0))
            effects.multiply(MOVE, i, np.where(live, self.move, np.inf))


@dataclass(frozen=True)
class ExpiryVolatility:
    """Around a settlement extremes reach further by a share of the price, and spreads are wider."""

    name: str
    start: int
    end: int | None
    instruments: tuple[int, ...]
    reach: float
    spread: float = 1.0
    venue: int = -1
    origin: str = "script"
    root: str = ""
    kind: str = "expiry_volatility"

    def apply(self, effects) -> None:
        """Stretch and widen from the onset to the end."""
        live = effects.live(self.start, self.end)
        for i in self.instruments:
            effects.multiply(STRETCH, i, np.where(live, self.reach, 0.0))
            effects.multiply(SPREAD, i, np.where(live, self.spread, 1.0))


@dataclass(frozen=True)
class VenueClosure:
    """A venue closes with notice: positions may only shrink, then contracts are settled at the index and trading ends.

    Withdrawals stay open; deposits end with the notice.
    """

    name: str
    venue: int
    start: int
    end: int
    instruments: tuple[int, ...]
    derivatives: tuple[int, ...]
    origin: str = "script"
    root: str = ""
    kind: str = "venue_closure"

    def apply(self, effects) -> None:
        """Reduce-only from the onset, settled and shut at the end."""
        for i in self.instruments:
            effects.switch(REDUCE_ONLY, i, self.start, None)
            effects.switch(CLOSED, i, self.end, None)
        effects.switch(NO_DEPOSITS, self.venue, self.start, None)
        for i in self.derivatives:
            effects.once(self.end, SETTLE, i, float("nan"), 0.0)


@dataclass(frozen=True)
class Squeeze:
    """A price runs up (or down) everywhere and comes back, and derivatives run `premium` further than the index."""

    name: str
    base: int
    start: int
    move: float
    over: int
    stay: int
    instruments: tuple[int, ...]
    premium: float
    follows: tuple[bool, ...] = ()
    origin: str = "script"
    root: str = ""
    kind: str = "squeeze"
    claims: tuple[int, ...] = ()

    @property
    def end(self) -> int:
        """Seconds UTC at which prices are back."""
        return self.start + 2 * self.over + self.stay

    def apply(self, effects) -> None:
        """Level and gap go up together and come back together."""
        over = max(self.over, 1)
        way = np.clip((effects.time - self.start) / over, 0.0, 1.0)
        if self.over == 0:
            way = (effects.time >= effects.floor(self.start)).astype(float)
        way = way - np.clip((effects.time - self.start - self.over - self.stay) / over, 0.0, 1.0)
        for base in (self.base, *self.claims):
            effects.scale_base(base, 1.0 + self.move * way)
        for k, i in enumerate(self.instruments):
            effects.add_gap(i, self.premium * way, bool(self.follows) and self.follows[k])
