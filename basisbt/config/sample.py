"""What a config says about sampled paths: how many, of what market, and what happens on them how often.

Knows units, bounds and what excludes what. Draws nothing and knows no venue by name. Rates are arrivals a year: of
every venue for freezes and defaults, of every derivative for gaps and funding.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from basisbt import units
from basisbt.config.events import EventSpec
from basisbt.config.fields import Count, Fraction, LongSeconds, Rate, Spec, Text

WIDE = 3.0  # p95 over median where no p95 is given
Share = Annotated[Fraction, Field(ge=0, le=1)]
Arrivals = Annotated[Rate, Field(ge=0, le=1000, description="arrivals a year")]


class DurationSpec(Spec):
    """A lognormal length of time by its median and 95th percentile, in seconds; without p95 three times the median."""

    dist: Literal["lognormal"] = "lognormal"
    median: LongSeconds
    p95: LongSeconds = Field(default_factory=lambda known: int(known.get("median", 0) * WIDE))

    @model_validator(mode="after")
    def _wider(self) -> Self:
        if self.p95 <= self.median:
            raise ValueError("found a p95 that is not above the median; expected a longer one, or none")
        return self


class SizeSpec(Spec):
    """A lognormal size, a fraction, by its median and 95th percentile in absolute value; both of one sign."""

    dist: Literal["lognormal"] = "lognormal"
    median: Fraction
    p95: Fraction = Field(default_factory=lambda known: known.get("median", 0.0) * WIDE)

    @model_validator(mode="after")
    def _wider(self) -> Self:
        if self.median == 0 or self.p95 / self.median <= 1:
            raise ValueError("found a p95 not beyond the median; expected two sizes of one sign, p95 the larger")
        return self


class GapSizeSpec(SizeSpec):
    """The size of a gap, positive, and the share of gaps that are above the index."""

    up: Share = 0.5

    @model_validator(mode="after")
    def _positive(self) -> Self:
        if self.median < 0:
            raise ValueError("found a negative size; expected a positive one: `up` says how many are above the index")
        return self


class RecoverySpec(Spec):
    """What is paid on a dollar of claim: mean and sd overall, `whole` paid in full, `nothing` paid nothing."""

    mean: Share
    sd: Annotated[Fraction, Field(ge=0, lt=1)]
    whole: Share = 0.0
    nothing: Share = 0.0

    @model_validator(mode="after")
    def _possible(self) -> Self:
        share = 1.0 - self.whole - self.nothing
        if share < -1e-12:
            raise ValueError("found more than 100 % whole and nothing together; expected at most 100 %")
        if share <= 1e-12:
            self._two_masses()
            return self
        body = (self.mean - self.whole) / share
        if not 0 < body < 1:
            low, high = self.whole, self.whole + share
            found = f"found mean {self.mean:.0%}"
            raise ValueError(f"{found}; expected one between {low:.0%} and {high:.0%} with these masses")
        least = share * body**2 + self.whole - self.mean**2
        most = share * body + self.whole - self.mean**2
        if not least < self.sd**2 < most:
            low, high = max(least, 0.0) ** 0.5, most**0.5
            raise ValueError(
                f"found sd {self.sd:.1%}; expected one between {low:.1%} and {high:.1%}, the only ones possible with "
                "this mean and these masses"
            )
        return self

    def _two_masses(self) -> None:
        sd = (self.whole * self.nothing) ** 0.5
        if abs(self.mean - self.whole) > 1e-9 or abs(self.sd - sd) > 1e-4:
            raise ValueError(f"only whole and nothing: expected mean {self.whole:.1%} and sd {sd:.1%}, which they make")


class FreezeChanceSpec(Spec):
    """Withdrawal freezes. A freeze draws its outcome first, then its length given that."""

    rate: Arrivals
    duration: DurationSpec
    duration_if_default: DurationSpec | None = Field(None, description="before a default; as `duration` when left out")
    ends_in_default: Share = 0.0
    pending: Literal["held", "voided"] = "held"


class DefaultChanceSpec(Spec):
    """Defaults, whatever the cause: those that freezes end in are counted in `rate`."""

    rate: Arrivals
    recovery: RecoverySpec
    delay: DurationSpec


class GapChanceSpec(Spec):
    """Derivatives that leave the index, and come back with a half-life."""

    rate: Arrivals
    gap: GapSizeSpec
    half_life: DurationSpec
    funding: Literal["follows", "recorded"] = Field(
        "follows", description="follows goes with the gap where the venue's formula is known"
    )


class FundingChanceSpec(Spec):
    """Funding that flips: for a time every settlement is at one rate, `size`, per settlement, with its sign."""

    rate: Arrivals
    size: SizeSpec
    duration: DurationSpec

    @model_validator(mode="after")
    def _small(self) -> Self:
        if abs(self.size.median) > 0.1:
            raise ValueError("found a rate beyond 10 % a settlement; expected a fraction per settlement, like -5bps")
        return self


USES = {
    "none": (), "gaussian_copula": ("correlation",), "t_copula": ("correlation", "nu"),
    "common_shock": ("correlation",), "hawkes": ("branching", "half_life"),
}  # fmt: skip


class DependenceSpec(Spec):
    """How venues' troubles hang together."""

    model: Literal["none", "gaussian_copula", "t_copula", "common_shock", "hawkes"] = "none"
    correlation: Annotated[Fraction, Field(ge=0, lt=1)] = 0.0
    nu: Annotated[float, Field(gt=0, le=1000, strict=False)] = 4.0
    branching: Annotated[Fraction, Field(ge=0, lt=1, description="incidents each sets off on average")] = 0.0
    half_life: LongSeconds = 864_000

    @model_validator(mode="after")
    def _only_its_own(self) -> Self:
        used = USES[self.model]
        for key in ("correlation", "nu", "branching", "half_life"):
            if key in self.model_fields_set and key not in used:
                own = ", ".join(used) or "nothing else"
                raise ValueError(f"found '{key}' with `model: {self.model}`, which takes {own}")
        return self


class StressSpec(Spec):
    """Intensities times exp(volatility x standardised log realised volatility over `lookback`), 1 on average."""

    volatility: Annotated[float, Field(ge=-5, le=5, strict=False)] = 1.0
    lookback: LongSeconds = 2_592_000


def _at_nothing(value: object) -> Any:
    """An event without a moment: it comes when it comes."""
    if isinstance(value, dict) and "at" in value:
        raise ValueError("found 'at'; what arrives by chance has a rate instead")
    return {**value, "at": "1970-01-01"} if isinstance(value, dict) else value


class ArrivalSpec(Spec):
    """Any event of a script, without `at`, or an incident of the catalogue, that comes so often a year."""

    rate: Arrivals
    event: Annotated[EventSpec | None, BeforeValidator(_at_nothing)] = Field(
        None, examples=["{event: outage, venue: bybit, scope: derivatives, for: 3h}"]
    )
    incident: Text | None = None
    roles: dict[str, Text] = Field({}, alias="as", examples=["{bitfinex: okx}"])

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if (self.event is None) == (self.incident is None):
            raise ValueError("expected one of 'event' and 'incident'")
        if self.roles and self.incident is None:
            raise ValueError("found 'as' without an 'incident' to cast")
        return self


class SampleSpec(Spec):
    """Sampled paths: their number, market and events."""

    paths: Annotated[Count, Field(ge=1, le=10_000_000)] = 1000
    market: Literal["history", "bootstrap"] = "history"
    mean_block: LongSeconds = Field(6_048_000, description="mean length of a bootstrapped block", examples=["70d"])
    horizon: LongSeconds | None = Field(None, description="length of a path; the whole window when left out")
    include: list[Literal["script", "replay"]] = []
    withdrawal_freeze: FreezeChanceSpec | None = None
    venue_default: DefaultChanceSpec | None = None
    non_convergence: GapChanceSpec | None = None
    funding: FundingChanceSpec | None = None
    arrivals: dict[str, ArrivalSpec] = {}
    dependence: DependenceSpec = DependenceSpec()
    stress: StressSpec | None = None


class VenueRates(Spec):
    """A venue's own rates, in the place of the sample's."""

    withdrawal_freeze: Arrivals | None = None
    venue_default: Arrivals | None = None


def rate_text(rate: float) -> str:
    """A rate as a person writes it."""
    return f"{rate:.4g}/y" if rate >= 1 else f"{rate * 100:.4g}%/y"


def parse_measure(text: str, subject: str) -> tuple[str, float]:
    """(`%` or ``, bound) of `subject < bound`. Raises ValueError."""
    left, mark, right = text.partition("<")
    if mark != "<" or left.strip() != subject:
        raise units.refuse(text, f"`{subject} < …`")
    return ("%" if right.strip().endswith("%") else ""), units.parse_fraction(right.strip())
