"""The typed config of a run: every value resolved to seconds, fractions and units of an asset.

Knows shapes, units and bounds. Knows neither positions in files nor what refers to what (`crossing`) nor presets.
`RunSpec` accepts the words a person writes (`8%`, `8h`) and holds plain numbers.
"""

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from basisbt import units
from basisbt.config.events import EventSpec
from basisbt.config.fields import (
    AssetAmounts, Band, Capital, Cost, Count, Fraction, LongSeconds, Multiple, Number, PaidCost, Part, Preset, Rate,
    Seconds, Spec, Text, Weight, Window, fees_or_none, half_spreads, none_or, one_bracket, tail_or_none,
)  # fmt: skip
from basisbt.config.sample import SampleSpec, VenueRates, parse_measure

NAME = r"^[A-Za-z0-9_][A-Za-z0-9_-]*$"
BAND_WIDTH = 1.5  # default band: leverage / 1.5 to leverage * 1.5

Folder = Annotated[Path, BeforeValidator(lambda v: v if isinstance(v, Path) else Path(str(v)))]
Folder = Annotated[Folder, WithJsonSchema({"type": "string"})]


class GapsSpec(Spec):
    """What to do about missing bars: `stale` does not trade on them, `error` stops the run."""

    policy: Literal["stale", "error"] = "stale"
    max: Seconds = Field(21_600, description="the longest gap that is bridged")


class DataSpec(Spec):
    """Which market data: an absolute folder, a window in seconds UTC (end exclusive), a bar length in seconds."""

    dir: Folder
    window: Window = Field(examples=["[2023-01-01, 2024-01-01]"])
    timeframe: LongSeconds = 28_800
    gaps: GapsSpec = GapsSpec()
    coverage: Literal["error", "intersect"] = "error"
    index: dict[str, Text] = Field({}, description="base → venue:symbol whose price is the base's USD index")

    @property
    def timeframe_name(self) -> str:
        """How the bar length is written: `8h`."""
        return units.duration_name(self.timeframe)


class FeeSpec(Spec):
    """Fees as fractions of notional. A maker fee left out is the taker's; negative is a rebate."""

    spot_taker: PaidCost
    taker: PaidCost = Field(description="derivatives")
    liquidation: PaidCost = Field(description="on liquidated notional")
    delivery: PaidCost | None = Field(None, description="on the notional of a dated future at its settlement")
    spot_maker: Cost = Field(default_factory=lambda known: known.get("spot_taker", 0.0))
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
        {}, description="coin → share of its value that counts as margin, or brackets; none: coins are no collateral",
        examples=["{BTC: 95%}", "{BTC: [{floor: 0, share: 98%}, {floor: 500, share: 97.5%}]}"],
    )
    account: Literal["unified"] = "unified"
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


class LegSpec(Spec):
    """One leg. On a derivative `leverage` is notional / equity kept for the leg, held inside `leverage_band`.

    `exchange_leverage` only caps initial margin; None: the tier's maximum.
    """

    venue: Text
    symbol: Text
    leverage: Multiple | None = None
    exchange_leverage: Annotated[Multiple, Field(ge=1)] | None = None
    leverage_band: Band | None = Field(None, validate_default=True)

    @field_validator("leverage_band")
    @classmethod
    def _default_band(cls, band: tuple[float, float] | None, info: ValidationInfo) -> tuple[float, float] | None:
        leverage = info.data.get("leverage")
        if band is None and leverage is not None:
            return leverage / BAND_WIDTH, leverage * BAND_WIDTH
        if band is not None and leverage is not None and not band[0] <= leverage <= band[1]:
            raise ValueError(f"found a band of {band[0]:g}x to {band[1]:g}x; expected one around {leverage:g}x")
        return band


class PairSpec(Spec):
    """A long leg and a short leg on the same base. `share` of the strategy's notional; all pairs sum to 1."""

    long: LegSpec
    short: LegSpec
    share: Part = 1.0


class StrategySpec(Spec):
    """Which strategy, and its parameters as written: the strategy's own annotations give them units."""

    use: Text = Field(examples=["cash_and_carry"])
    params: dict[str, Any] = {}


class TailSpec(Spec):
    """What goes wrong: the script, by name, and what is sampled on paths."""

    script: dict[str, EventSpec] = {}
    sample: Annotated[SampleSpec | None, none_or] = None


class ClaimsSpec(Spec):
    """What a claim on a defaulted venue counts for in marked equity."""

    carry_at: Literal["zero", "expected"] = "zero"


class MeasuresSpec(Spec):
    """What counts as ruin and as a margin call, and the rate returns are compared with."""

    ruin: Text = Field("equity < 50%", description="of capital, at any close")
    margin_call: Text = Field("ratio < 1.1", description="account equity over maintenance, at any close")
    risk_free: Rate = 0.0

    @field_validator("ruin")
    @classmethod
    def _share(cls, text: str) -> str:
        mark, bound = parse_measure(text, "equity")
        if not mark or not 0 <= bound < 1:
            raise units.refuse(text, "a share of capital: `equity < 50%`")
        return text

    @field_validator("margin_call")
    @classmethod
    def _ratio(cls, text: str) -> str:
        mark, bound = parse_measure(text, "ratio")
        if mark or bound < 1:
            raise units.refuse(text, "a multiple of maintenance from 1 up: `ratio < 1.1`")
        return text

    @property
    def ruin_share(self) -> float:
        """Share of capital below which a path is ruined."""
        return parse_measure(self.ruin, "equity")[1]

    @property
    def margin_call_ratio(self) -> float:
        """Account equity over maintenance below which a margin call comes."""
        return parse_measure(self.margin_call, "ratio")[1]


class RunSpec(Spec):
    """One run, resolved. `capital` is an opening balance; reports are in `currency`."""

    name: Annotated[Text, Field(pattern=r"^[A-Za-z0-9_][\w.-]*$")]
    capital: Capital = Field(examples=["1_000_000 USDT"])
    currency: Literal["USD"] = "USD"
    seed: Count = 1
    data: DataSpec
    venues: dict[str, VenueSpec] = Field(examples=["{okx: {}}"])
    pairs: dict[str, PairSpec]
    strategy: StrategySpec = Field(examples=["{use: cash_and_carry}"])
    tail: Annotated[TailSpec, tail_or_none] = TailSpec()
    claims: ClaimsSpec = ClaimsSpec()
    measures: MeasuresSpec = MeasuresSpec()
