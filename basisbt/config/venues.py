"""A venue in a config: what it charges, how it margins, lends and liquidates, and how money leaves it.

Knows shapes, units and bounds. Knows no number itself: those are in `configs/venues/` and in people's configs.
"""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator

from basisbt import units
from basisbt.config.fields import (
    AssetAmounts, Cost, Dollars, Fraction, LongSeconds, Multiple, Number, PaidCost, Preset, Rate, Seconds, Spec, Text,
    Weight, Window, fees_or_none, half_spreads, none_or, one_bracket,
)  # fmt: skip
from basisbt.config.sample import VenueRates

Positive = Annotated[Number, Field(gt=0)]
Share = Annotated[Fraction, Field(ge=0, le=1)]


class FeeSpec(Spec):
    """Fees as fractions of notional. A maker fee left out is the taker's; negative is a rebate."""

    spot_taker: PaidCost | None = None
    taker: PaidCost = Field(description="derivatives")
    liquidation: PaidCost = Field(description="on liquidated notional")
    delivery: PaidCost | None = Field(None, description="on the notional of a dated future at its settlement")
    spot_fee_asset: Literal["quote", "base"] = Field("quote", description="in what a spot purchase is charged")
    spot_maker: Cost | None = Field(default_factory=lambda known: known.get("spot_taker"))
    maker: Cost = Field(default_factory=lambda known: known.get("taker", 0.0), description="derivatives")


class SpreadSpec(Spec):
    """HALF the spread, as a fraction of price: what a market order pays away from the middle, per fill."""

    spot: PaidCost
    derivative: PaidCost


class TransferSpec(Spec):
    """A withdrawal: seconds until it arrives, and fee and minimum per asset, in units of the asset."""

    delay: Seconds = Field(examples=["30m"])
    fees: AssetAmounts = Field({}, alias="fee", examples=["1 USDT"])
    minimum: AssetAmounts = {}
    network: Text | None = Field(None, description="the chain it goes over", examples=["TRC20"])


class Tier(Spec):
    """A margin tier: begins at `floor` (notional in quote, inclusive). `cap` ends the last one; None: no end."""

    floor: Annotated[Number, Field(ge=0)]
    mmr: Annotated[Fraction, Field(ge=0, lt=1)] = Field(description="maintenance margin rate")
    max_leverage: Annotated[Multiple, Field(ge=1)]
    cap: Annotated[Number, Field(gt=0)] | None = None


def check_tiers(tiers: list[Tier]) -> list[Tier]:
    """Tiers must start at 0 and rise; a ValueError says which does not."""
    if not tiers or tiers[0].floor != 0:
        raise ValueError("the first tier must have `floor: 0`")
    for below, above in pairwise(tiers):
        if above.floor <= below.floor or above.mmr < below.mmr or above.max_leverage > below.max_leverage:
            raise ValueError(f"tiers must rise in floor and mmr and fall in max_leverage; see floor {above.floor:,.0f}")
        if below.cap is not None and below.cap != above.floor:
            raise ValueError(f"only the last tier has a cap; see floor {below.floor:,.0f}")
    if tiers[-1].cap is not None and tiers[-1].cap <= tiers[-1].floor:
        raise ValueError("the cap must lie above the last tier's floor")
    for tier in tiers:
        if tier.mmr * tier.max_leverage > 1 + 1e-9:
            raise ValueError(f"maintenance margin is above initial margin at floor {tier.floor:,.0f}")
    return tiers


class MaintenanceSpec(Spec):
    """On what maintenance is charged: the notional at mark or at entry; with the taker fee of closing or without."""

    at: Literal["mark", "entry"] = "mark"
    closing_fee: bool = False


class Bracket(Spec):
    """What of a coin counts as margin from `floor` units on, up to the next bracket."""

    floor: Annotated[Number, Field(ge=0)] = 0.0
    share: Annotated[Fraction, Field(ge=0, le=1)]


class MarketSpec(Spec):
    """Sizes of one market. `lot` and the least order are in contracts, a contract is `contract_size` base units (of an
    inverse contract: quote units); `minimum` is the least notional in quote."""

    contract_size: Positive = 1.0
    lot: Annotated[Number, Field(ge=0)] = 0.0
    tick: Annotated[Number, Field(ge=0)] = 0.0
    minimum: Annotated[Number, Field(ge=0)] = 0.0


class BorrowSpec(Spec):
    """Lending to spot accounts: yearly rates by asset, charged in whole periods, and the margin on borrowed coins.

    `opening`: periods charged when a loan is taken (Kraken 1).
    """

    rates: dict[str, Annotated[Rate, Field(ge=0)]] = Field({}, examples=["{BTC: 5%/y, USDT: 8%/y}"])
    every: LongSeconds = 3600
    opening: Annotated[Number, Field(ge=0)] = 0.0
    initial: Share = Field(description="of the value of borrowed coins", examples=["33%"])
    maintenance: Share = Field(description="of the value of borrowed coins", examples=["10%"])


class HourlySpec(Spec):
    """What a settlement at the cap or floor sets off: hourly funding, until so many in a row were within `calm`."""

    calm: Fraction
    settlements: Annotated[int, Field(gt=0)]
    then: LongSeconds


def interest_of(quote: float, base: float) -> float:
    """Interest of a funding formula per 8 h from the daily rates at which quote and base are lent (BitMEX)."""
    return (quote - base) / 3.0


def _interest(value: object) -> float:
    """A rate per 8 h, or `{quote: 0.06%, base: 0.03%}`: the daily lending rates it is made of."""
    if isinstance(value, dict) and set(value) == {"quote", "base"}:
        return interest_of(units.parse_fraction(value["quote"]), units.parse_fraction(value["base"]))
    return units.parse_fraction(value)


Interest = Annotated[
    float, BeforeValidator(_interest), WithJsonSchema({"type": ["string", "number", "object"]})
]  # fmt: skip


class FundingSpec(Spec):
    """How a venue makes a funding rate: `P + clamp(I - P, damper)` of the interval's mean premium P, between floor and
    cap. `interest` is per 8 h; `divided`: the whole is paid over `spread` hours, else only the interest is scaled.

    `source: formula` makes rates from prices where the venue's own were not recorded.
    """

    source: Literal["recorded", "formula"] = "recorded"
    interest: Interest = 0.0
    damper: Annotated[Fraction, Field(ge=0)] = 0.0
    weighted: bool = False
    divided: bool = True
    spread: Annotated[Number, Field(gt=0)] = Field(8.0, description="hours over which a mean premium is paid")
    interval: LongSeconds = 28_800
    price: Literal["mark", "oracle", "index_at_start"] = "mark"
    cap: dict[str, Fraction] = Field({}, examples=["{BTC/USDT:USDT: 0.3%, default: 2%}"])
    floor: dict[str, Fraction] = {}
    continuous: bool = False
    hourly_at_cap: HourlySpec | None = None
    assess_window: Seconds = 0

    def bounds(self, symbol: str) -> tuple[float, float]:
        """(floor, cap) of a settlement of this contract; infinite where none is known."""
        cap = self.cap.get(symbol, self.cap.get("default", float("inf")))
        return self.floor.get(symbol, self.floor.get("default", -cap)), cap


class ImpactSpec(Spec):
    """Square-root impact: `factor * sigma * (order / daily volume) ** power` of the notional, sigma and volume of the
    last `over`; and the share of a bar's volume that a market order may take, the rest waits for the next bar."""

    factor: Annotated[Number, Field(ge=0)] = 0.0
    power: Annotated[Number, Field(gt=0, le=1)] = 0.5
    over: LongSeconds = 604_800
    share: Annotated[Fraction, Field(gt=0)] | None = None


class LiquidationSpec(Spec):
    """What happens to what is left of a liquidated account, and whether positions are closed tier by tier."""

    residual: Literal["kept", "forfeited"] = "kept"
    partial: bool = False


class SlopeSpec(Spec):
    """Margin rates that rise with the size of the position: so much more for every unit of the coin."""

    initial: Annotated[Fraction, Field(gt=0, le=1)]
    maintenance: Annotated[Fraction, Field(gt=0, le=1)]
    per_unit: Annotated[Fraction, Field(ge=0)]


class VenueSpec(Spec):
    """A venue: what it charges, how it margins, how money leaves it, and its share of the capital.

    `weight` is what was asked for (a share of capital, or auto); `share` is always the resolved share of capital.
    """

    weight: Weight = "auto"
    share: float = 0.0
    fees: Annotated[FeeSpec, fees_or_none] = Field(
        examples=["{spot_taker: 10bps, taker: 5bps, liquidation: 50bps}", "none"]
    )
    spread: Annotated[SpreadSpec, half_spreads] = Field(
        description="HALF-spread", examples=["{spot: 1bps, derivative: 0.5bps}", "none"]
    )
    transfer: TransferSpec = TransferSpec(delay=0)
    tiers: dict[str, list[Tier]] = {}
    maintenance: MaintenanceSpec = MaintenanceSpec()
    collateral: dict[str, Annotated[list[Bracket], one_bracket]] = Field(
        {},
        description="coin → share of its value that counts as margin, or brackets; none: coins are no collateral",
        examples=["{BTC: 95%}", "{BTC: [{floor: 0, share: 98%}, {floor: 500, share: 97.5%}]}"],
    )
    account: Literal["unified", "classic"] = Field(
        "unified", description="one wallet margins everything, or spot and each kind of derivative stand apart"
    )
    markets: dict[str, MarketSpec] = Field({}, examples=["{BTC/USDT:USDT: {contract_size: 0.01, lot: 1, tick: 0.1}}"])
    funding: Annotated[FundingSpec | None, none_or] = None
    borrow: Annotated[BorrowSpec | None, none_or] = None
    impact: Annotated[ImpactSpec | None, none_or] = None
    liquidation: LiquidationSpec = LiquidationSpec()
    mark: Literal["data", "fair"] = Field(
        "data", description="fair: without a mark series marks are the index and the funding to come, known in advance"
    )
    insurance: Dollars | None = Field(
        None, description="insurance fund; none: it never runs out", examples=["1_000_000 USD"]
    )
    adl_trigger: Annotated[Fraction, Field(gt=0, le=1)] = Field(
        1.0, description="share of its insurance fund that a venue has to lose before it closes winning positions"
    )
    margin_slope: dict[str, SlopeSpec] = {}
    life: Window | None = Field(None, description="first and last day on which it traded")
    settlement_window: Seconds = Field(1800, description="a dated future settles at the mean index of this long before")
    convert_cost: PaidCost | None = None
    api: Text | None = None
    rates: VenueRates | None = Field(None, description="this venue's own, in the place of tail.sample's")
    preset: Preset = Field(None, description="the preset these facts come from; none: no preset")

    def margin_share(self, coin: str) -> float:
        """Share of a coin's first bracket that counts as margin, 0 where it is no collateral."""
        return self.collateral[coin][0].share if coin in self.collateral else 0.0

    @field_validator("collateral")
    @classmethod
    def _from_nothing(cls, collateral: dict[str, list[Bracket]]) -> dict[str, list[Bracket]]:
        for coin, rows in collateral.items():
            if not rows or rows[0].floor != 0 or any(a.floor >= b.floor for a, b in pairwise(rows)):
                raise ValueError(f"{coin}: brackets begin at `floor: 0` and rise")
        return collateral

    @field_validator("tiers")
    @classmethod
    def _rising(cls, tiers: dict[str, list[Tier]]) -> dict[str, list[Tier]]:
        for symbol, rows in tiers.items():
            try:
                check_tiers(rows)
            except ValueError as trouble:
                raise ValueError(f"{symbol}: {trouble}") from None
        return tiers
