"""Events about trading, as a script writes them: outages, thin books, depegs, limits, contracts that end early.

Knows each event's keys, like events.py. Where a symbol is left out, all that pairs trade at the venue are meant.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from basisbt.config.fields import Fraction, Instant, LongSeconds, Number, EventBase, Seconds, Text

Times = Annotated[Number, Field(gt=0)]


class LastingSpec(EventBase):
    """What begins at `at` and lasts for a time, until a time, or for good."""

    at: Instant = Field(examples=["2023-10-24T00:00Z"])
    duration: LongSeconds | None = Field(None, alias="for")
    until: Instant | None = None

    @property
    def end(self) -> int | None:
        """Seconds UTC at which it ends; None: it does not."""
        return self.until if self.duration is None else self.at + self.duration

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if self.duration is not None and self.until is not None:
            raise ValueError("found both 'for' and 'until'; expected one")
        if self.until is not None and self.until <= self.at:
            raise ValueError("ends before it starts; expected 'until' after 'at'")
        return self


class OutageSpec(LastingSpec):
    """A venue is down: its spot, its derivatives, its transfers, our access to it (api), or all of it."""

    event: Literal["outage"]
    venue: Text
    scope: Literal["spot", "derivatives", "transfers", "api", "all"] = "all"
    orders: Literal["reject", "queue"] = "reject"
    liquidation: Literal["alive", "off"] | None = Field(None, description="default: off where all is down, else alive")


class LiquiditySpec(LastingSpec):
    """Spreads times `spread`, depth times `depth`, coming back by half-lives of their own."""

    event: Literal["liquidity"]
    venue: Text
    symbol: Text | None = None
    spread: Annotated[Times, Field(ge=1)] = 1.0
    depth: Annotated[Times, Field(le=1)] = 1.0
    half_life: LongSeconds | None = None
    depth_half_life: LongSeconds | None = Field(None, description="default: half_life")


class DepegSpec(LastingSpec):
    """An asset is worth `to` of a dollar, or of its price: everywhere, or at one venue as collateral only."""

    event: Literal["depeg"]
    asset: Text
    venue: Text | None = Field(None, description="only what this venue counts it for; without: everywhere")
    to: Annotated[Number, Field(gt=0, le=2)] = Field(examples=[0.95])
    half_life: LongSeconds | None = None


class SettlementSpec(EventBase):
    """A venue settles a contract before its time and delists it: at the index, beside it, or at a price of its own."""

    event: Literal["settlement"]
    venue: Text
    symbol: Text | None = None
    at: Instant = Field(examples=["2022-05-13T00:30Z"])
    price: Annotated[Number, Field(gt=0)] | None = Field(None, description="administrative; in quote")
    gap: Annotated[Fraction, Field(gt=-1, le=10)] = 0.0
    trading: Literal["ends", "goes on"] = "ends"

    @property
    def end(self) -> int | None:
        """Seconds UTC: it has happened."""
        return self.at

    @model_validator(mode="after")
    def _one_price(self) -> Self:
        if self.price is not None and self.gap != 0.0:
            raise ValueError("found both 'price' and 'gap'; expected one")
        return self


class PriceLimitSpec(LastingSpec):
    """Orders on one side are rejected, the price being at its limit."""

    event: Literal["price_limit"]
    venue: Text
    symbol: Text | None = None
    rejects: Literal["buys", "sells"]


class CircuitBreakerSpec(LastingSpec):
    """A bar that moves by `move` from its open halts trading for `pause`."""

    event: Literal["circuit_breaker"]
    venue: Text
    symbol: Text | None = None
    move: Annotated[Fraction, Field(gt=0)]
    pause: LongSeconds


class ExpiryVolatilitySpec(LastingSpec):
    """Around a settlement extremes reach further by `reach` of the price, spreads are `spread` times as wide."""

    event: Literal["expiry_volatility"]
    venue: Text
    symbol: Text | None = None
    reach: Annotated[Fraction, Field(ge=0, lt=1)]
    spread: Annotated[Times, Field(ge=1)] = 1.0


class VenueClosureSpec(EventBase):
    """A venue announces at `at` that it closes after `notice`: reduce-only, then settled at the index."""

    event: Literal["venue_closure"]
    venue: Text
    at: Instant = Field(examples=["2026-08-01"])
    notice: LongSeconds

    @property
    def end(self) -> int | None:
        """Seconds UTC at which trading ends."""
        return self.at + self.notice


class SqueezeSpec(EventBase):
    """A base runs by `move` over a time and comes back after `for`, its derivatives `premium` beyond its index."""

    event: Literal["squeeze"]
    base: Text
    at: Instant = Field(examples=["2021-01-28"])
    move: Annotated[Fraction, Field(gt=-1, le=100)]
    over: Seconds
    duration: Seconds = Field(0, alias="for")
    premium: Annotated[Fraction, Field(gt=-1, le=10)] = 0.0

    @property
    def end(self) -> int | None:
        """Seconds UTC at which prices are back."""
        return self.at + 2 * self.over + self.duration


TRADING = (
    OutageSpec | LiquiditySpec | DepegSpec | SettlementSpec | PriceLimitSpec | CircuitBreakerSpec | ExpiryVolatilitySpec
    | VenueClosureSpec | SqueezeSpec
)  # fmt: skip
