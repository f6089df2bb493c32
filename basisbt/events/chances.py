"""Chances: how often things happen and how bad they are, as plain numbers.

Knows rates a year, medians in seconds, fractions. Knows neither YAML nor when anything happens (arrivals.py).
"""

import math
from dataclasses import dataclass

MODELS = ("none", "gaussian_copula", "t_copula", "common_shock", "hawkes")
Z95 = 1.6448536269514722  # standard normal quantile of 95 %
YEAR = 365.0 * 86400.0


@dataclass(frozen=True)
class Lognormal:
    """A positive quantity by its median and its 95th percentile."""

    median: float
    p95: float

    def __post_init__(self):
        if not 0.0 < self.median <= self.p95:
            raise ValueError(f"found median {self.median} and p95 {self.p95}; expected 0 < median <= p95")

    @property
    def sigma(self) -> float:
        """Standard deviation of the logarithm."""
        return math.log(self.p95 / self.median) / Z95

    def of(self, normal: float) -> float:
        """The quantity at a standard normal deviate."""
        return self.median * math.exp(self.sigma * normal)


@dataclass(frozen=True)
class Recovery:
    """What is paid on a dollar of claim: `whole` of all defaults pay everything, `nothing` nothing, a Beta between.

    mean and sd are overall, masses included; ValueError where no Beta makes them so.
    """

    mean: float
    sd: float
    whole: float = 0.0
    nothing: float = 0.0

    def __post_init__(self):
        self.body()

    def body(self) -> tuple[float, float] | None:
        """(a, b) of the Beta body; None when the two masses are all there is."""
        share = 1.0 - self.whole - self.nothing
        if min(self.whole, self.nothing) < 0.0 or share < -1e-12:
            raise ValueError(f"found whole {self.whole} and nothing {self.nothing}; expected at most 1 together")
        if share <= 1e-12:
            if abs(self.mean - self.whole) > 1e-9 or abs(self.sd**2 - self.whole * self.nothing) > 1e-9:
                raise ValueError("two masses alone do not have this mean and sd")
            return None
        mean = (self.mean - self.whole) / share
        variance = (self.sd**2 + self.mean**2 - self.whole) / share - mean**2
        if not (0.0 < mean < 1.0 and 0.0 < variance < mean * (1.0 - mean)):
            raise ValueError(f"no Beta body has the mean {mean:.3f} and the variance {variance:.4f} this needs")
        size = mean * (1.0 - mean) / variance - 1.0
        return mean * size, (1.0 - mean) * size

    def draw(self, generator) -> float:
        """One recovery, 0..1."""
        at = generator.random()
        if at < self.whole:
            return 1.0
        if at >= 1.0 - self.nothing:
            return 0.0
        return float(generator.beta(*self.body()))


@dataclass(frozen=True)
class FreezeChance:
    """Withdrawal freezes: arrivals a year of every venue; a freeze draws its outcome, then its length given that."""

    rate: tuple[float, ...]
    duration: Lognormal
    duration_if_default: Lognormal
    ends_in_default: float
    voids_pending: bool = False


@dataclass(frozen=True)
class DefaultChance:
    """Defaults a year of every venue, whatever the cause: those that freezes end in are among them."""

    rate: tuple[float, ...]
    recovery: Recovery
    delay: Lognormal


@dataclass(frozen=True)
class GapChance:
    """Prices that leave the index: arrivals a year of every instrument (0 for spot), size, share that is positive."""

    rate: tuple[float, ...]
    gap: Lognormal
    up: float
    half_life: Lognormal
    follows: tuple[bool, ...] = ()  # whether an instrument's funding goes with the gap; none: no one's does


@dataclass(frozen=True)
class FundingChance:
    """Funding that flips: arrivals a year of every instrument, size of the rate per settlement, and its sign."""

    rate: tuple[float, ...]
    size: Lognormal
    sign: float
    duration: Lognormal


@dataclass(frozen=True)
class Dependence:
    """How venues' incidents hang together: one of MODELS.

    correlation: of the latent factor in copulas; the share of incidents that are common in common_shock. nu: degrees
    of freedom of t_copula. branching: incidents each sets off on average in hawkes, below 1, `half_life` seconds later.
    """

    model: str = "none"
    correlation: float = 0.0
    nu: float = 4.0
    branching: float = 0.0
    half_life: float = 864_000.0  # seconds

    def __post_init__(self):
        if self.model not in MODELS:
            raise ValueError(f"found dependence {self.model!r}; expected one of {', '.join(MODELS)}")
        if not 0.0 <= self.correlation <= 1.0:
            raise ValueError(f"found correlation {self.correlation}; expected 0 to 1")
        if not 0.0 <= self.branching < 1.0:
            raise ValueError(f"found branching {self.branching}; expected 0 or more and below 1")
        if min(self.nu, self.half_life) <= 0.0:
            raise ValueError(f"found nu {self.nu} and half_life {self.half_life}; expected both above 0")


@dataclass(frozen=True)
class Stress:
    """Intensities times exp(volatility x standardised log realised volatility over `lookback` seconds), mean 1."""

    volatility: float
    lookback: float


@dataclass(frozen=True)
class ArrivalChance:
    """Events that come together, so often a year: the moments of `events` count from there."""

    name: str
    rate: float
    events: tuple


@dataclass(frozen=True)
class Chances:
    """Everything that may happen on a path; None: never."""

    venues: tuple[str, ...]
    instruments: tuple[tuple[str, str], ...]  # (venue, symbol)
    freeze: FreezeChance | None = None
    default: DefaultChance | None = None
    gap: GapChance | None = None
    funding: FundingChance | None = None
    dependence: Dependence = Dependence()
    stress: Stress | None = None
    arrivals: tuple[ArrivalChance, ...] = ()

    def freeze_rate(self, v: int) -> float:
        """Freezes a year of venue v."""
        return 0.0 if self.freeze is None else self.freeze.rate[v]

    def sudden_rate(self, v: int) -> float:
        """Defaults a year of venue v that no freeze announces. ValueError when freezes alone make more defaults."""
        every = 0.0 if self.default is None else self.default.rate[v]
        frozen = 0.0 if self.freeze is None else self.freeze.rate[v] * self.freeze.ends_in_default
        if every < frozen - 1e-12:
            name = self.venues[v]
            raise ValueError(f"{name}: freezes end in {frozen:.2%} defaults a year, venue_default says {every:.2%}")
        return max(0.0, every - frozen)
