"""Events of the script: what a config says about each, in seconds and fractions.

Knows each event's keys. Knows neither what an event does (basisbt.events) nor whether its venue exists.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from basisbt.config.trading_events import TRADING
from basisbt.config.fields import Dollars, EventBase, Fraction, Instant, LongSeconds, Seconds, Spec, Text


class WithdrawalFreezeSpec(EventBase):
    """A venue, or a network, stops releasing assets from `at`, for a time, until a time, or for good."""

    event: Literal["withdrawal_freeze"]
    venue: Text | None = Field(None, description="without it: every venue whose withdrawals go over `network`")
    at: Instant = Field(examples=["2023-10-20T00:00Z"])
    duration: LongSeconds | None = Field(None, alias="for", description="how long; without `for` and `until`, for good")
    until: Instant | None = None
    pending: Literal["held", "voided"] = Field("held", description="what happens to a withdrawal under way")
    deposits: Literal["open", "shut"] = "open"
    asset: Text | None = Field(None, description="only withdrawals of this asset; the others go on")
    network: Text | None = Field(None, description="only withdrawals over this network", examples=["TRC20"])

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
        if self.venue is None and self.network is None:
            raise ValueError("expected a 'venue', a 'network', or both")
        return self


class NonConvergenceSpec(EventBase):
    """One derivative's price leaves the index by `gap`; it halves every `half_life`, ends after `for`, or stays."""

    event: Literal["non_convergence"]
    venue: Text
    symbol: Text | None = Field(None, description="without it the venue is trapped: all its prices leave the world's")
    at: Instant = Field(examples=["2023-10-23T00:00Z"])
    over: Seconds = Field(0, description="how long the gap takes to open")
    gap: Annotated[Fraction, Field(gt=-1, le=10)] = Field(description="fraction of the price, either sign")
    half_life: LongSeconds | None = None
    duration: LongSeconds | None = Field(None, alias="for")
    residual: Annotated[Fraction, Field(gt=-1, le=1)] = Field(
        0.0, description="of a dated contract: settled so far beside its index; the gap itself ends with the contract"
    )
    funding: Literal["follows", "recorded"] | None = Field(
        None, description="recorded keeps the historical rate, follows adds what the venue's formula makes of the gap; "
        "default: follows where the formula is known",
    )  # fmt: skip

    @property
    def end(self) -> int | None:
        """Seconds UTC at which it ends; None: it does not (a half-life only fades)."""
        return None if self.duration is None else self.at + self.duration


class PriceSpec(EventBase):
    """All venues' spot, mark and index of a base move by `move` over a time, then stay or come back.

    With `then: revert` the level stays for `for` (default 0) once it is reached, and comes back over `over` again.
    """

    event: Literal["price"]
    base: Text
    move: Annotated[Fraction, Field(gt=-1, le=100)]
    over: Seconds = Field(examples=["3d"])
    at: Instant = Field(examples=["2023-10-23T00:00Z"])
    then: Literal["hold", "revert"] = "hold"
    duration: Seconds | None = Field(None, alias="for", description="how long the level holds before `then: revert`")

    @property
    def end(self) -> int | None:
        """Seconds UTC at which prices are back; None: they hold."""
        return None if self.then == "hold" else self.at + 2 * self.over + (self.duration or 0)

    @model_validator(mode="after")
    def _hold_has_no_length(self) -> Self:
        if self.duration is not None and self.then == "hold":
            raise ValueError("found 'for' with `then: hold`, which never ends; expected `then: revert`, or no 'for'")
        return self


class BidSpec(Spec):
    """What a dollar of claim would fetch from so long after the default on."""

    after: LongSeconds | Literal[0]
    price: Annotated[Fraction, Field(ge=0, le=1)]


class VenueDefaultSpec(EventBase):
    """A venue stops for good at `at`; `recovery` of the dollar claim is paid `recovered_after`, or never."""

    event: Literal["venue_default"]
    venue: Text
    at: Instant = Field(examples=["2023-11-20T00:00Z"])
    recovery: Annotated[Fraction, Field(ge=0, le=2)]
    recovered_after: LongSeconds | None = Field(None, description="without it the claim is not paid")
    paid_in: Literal["dollars", "kind"] = Field("dollars", description="kind: coins at what they are worth then")
    bids: list[BidSpec] = Field([], description="what a dollar of claim would fetch, from when on")
    sold_after: LongSeconds | None = Field(None, description="the claim is sold at its bid then")

    @property
    def end(self) -> int | None:
        """None: a default does not end."""
        return None


class FundingSpec(EventBase):
    """Every settlement of one derivative is at `rate` for a time, until a time, or from then on."""

    event: Literal["funding"]
    venue: Text
    symbol: Text
    at: Instant = Field(examples=["2023-11-01T00:00Z"])
    rate: Annotated[Fraction, Field(ge=-0.1, le=0.1)] = Field(description="per settlement; positive: longs pay")
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


class MomentSpec(EventBase):
    """What happens at one instant."""

    at: Instant = Field(examples=["2023-10-24T08:00Z"])

    @property
    def end(self) -> int | None:
        """Seconds UTC: it is over when it has happened."""
        return self.at


class AdlSpec(MomentSpec):
    """The venue closes `fraction` of one derivative position at the mark, worse by `penalty` of what it closes."""

    event: Literal["adl"]
    venue: Text
    symbol: Text
    fraction: Annotated[Fraction, Field(gt=0, le=1)]
    penalty: Annotated[Fraction, Field(ge=0, lt=1)] = Field(0.0, description="of the notional closed")


class InsuranceDrainSpec(MomentSpec):
    """The venue's insurance fund pays a loss; past the venue's ADL trigger winning positions are closed, by rank."""

    event: Literal["insurance_drain"]
    venue: Text
    loss: Dollars | None = Field(None, examples=["350_000 USD"])
    share: Annotated[Fraction, Field(gt=0, le=1)] | None = Field(None, description="of the fund, instead of loss")
    ours: Annotated[Fraction, Field(gt=0, le=1)] = Field(1.0, description="our share of what has to be closed")

    @model_validator(mode="after")
    def _one_loss(self) -> Self:
        if (self.loss is None) == (self.share is None):
            raise ValueError("expected one of 'loss' and 'share'")
        return self


class ClawbackSpec(MomentSpec):
    """The venue takes a share of profits since the last Friday 08:00 UTC, or of all balances, some of it redeemed."""

    event: Literal["clawback"]
    venue: Text
    of: Literal["profit", "balances"] = "profit"
    fraction: Annotated[Fraction, Field(gt=0, le=1)]
    redeemed: Annotated[Fraction, Field(ge=0, le=1)] | None = Field(None, description="of what was taken of balances")
    redeemed_after: LongSeconds | None = None

    @model_validator(mode="after")
    def _redeems_balances(self) -> Self:
        if self.of == "profit" and (self.redeemed is not None or self.redeemed_after is not None):
            raise ValueError("a share of profits is not redeemed; expected `of: balances`, or no 'redeemed'")
        if (self.redeemed is None) != (self.redeemed_after is None):
            raise ValueError("expected both 'redeemed' and 'redeemed_after', or neither")
        return self


EventSpec = Annotated[
    WithdrawalFreezeSpec
    | NonConvergenceSpec
    | PriceSpec
    | VenueDefaultSpec
    | FundingSpec
    | AdlSpec
    | InsuranceDrainSpec
    | ClawbackSpec
    | TRADING,
    Field(discriminator="event"),
]
