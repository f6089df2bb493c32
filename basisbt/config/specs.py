"""The typed config of a run: every value resolved to seconds, fractions and units of an asset.

Knows shapes, units and bounds. Knows neither positions in files nor what refers to what (`crossing`) nor presets.
`RunSpec` accepts the words a person writes (`8%`, `8h`) and holds plain numbers.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator, model_validator

from basisbt import units
from basisbt.config.events import EventSpec
from basisbt.config.fields import (
    Band, Capital, Count, Fraction, LongSeconds, Multiple, Number, Part, Rate, Seconds, Spec, Text, Window, markets_of,
    none_or, tail_or_none,
)  # fmt: skip
from basisbt.config.sample import SampleSpec, parse_measure
from basisbt.config.venues import VenueSpec

NAME = r"^[A-Za-z0-9_][A-Za-z0-9_-]*$"
BAND_WIDTH = 1.5  # default band: leverage / 1.5 to leverage * 1.5

Folder = Annotated[Path, BeforeValidator(lambda v: v if isinstance(v, Path) else Path(str(v)))]
Folder = Annotated[Folder, WithJsonSchema({"type": "string"})]


class GapsSpec(Spec):
    """What to do about missing bars: `stale` does not trade on them, `error` stops the run."""

    policy: Literal["stale", "error"] = "stale"
    max: Seconds = Field(21_600, description="the longest gap that is bridged")


class IndexSpec(Spec):
    """The markets whose mean price is a base's USD index; with a `band` none counts further from their median."""

    of: Annotated[list[Text], Field(min_length=1)]
    weights: list[Annotated[Number, Field(gt=0)]] | None = None
    band: Annotated[Fraction, Field(gt=0, lt=1)] | None = None

    @model_validator(mode="after")
    def _one_weight_each(self) -> Self:
        if self.weights is not None and len(self.weights) != len(self.of):
            raise ValueError(f"found {len(self.weights)} weights for {len(self.of)} markets; expected one each")
        return self


class DataSpec(Spec):
    """Which market data: an absolute folder, a window in seconds UTC (end exclusive), a bar length in seconds."""

    dir: Folder
    window: Window = Field(examples=["[2023-01-01, 2024-01-01]"])
    timeframe: LongSeconds = 28_800
    gaps: GapsSpec = GapsSpec()
    coverage: Literal["error", "intersect"] = "error"
    index: dict[str, Annotated[IndexSpec, markets_of]] = Field(
        {}, description="base → venue:symbol whose price is the base's USD index, or several",
        examples=["{BTC: okx:BTC/USDT}", "{BTC: {of: [okx:BTC/USDT, bybit:BTC/USDT], band: 0.5%}}"],
    )  # fmt: skip

    @property
    def timeframe_name(self) -> str:
        """How the bar length is written: `8h`."""
        return units.duration_name(self.timeframe)


class RollSpec(Spec):
    """When a contract by rule moves on to the next one: so long before it expires, in equal parts over a time."""

    before: LongSeconds = 5 * 86_400
    over: Seconds = Field(0, description="0: at once")
    to: Literal["next_quarter"] = "next_quarter"

    @model_validator(mode="after")
    def _over_before_it_expires(self) -> Self:
        if self.over > self.before:
            raise ValueError("'over' is longer than 'before'; expected a roll that ends before the contract does")
        return self


class LegSpec(Spec):
    """One leg. On a derivative `leverage` is notional / equity kept for the leg, held inside `leverage_band`.

    `exchange_leverage` only caps initial margin; None: the tier's maximum.
    """

    venue: Text
    symbol: Text
    wraps: Text | None = Field(None, description="of a spot leg: the coin that one of this is a claim on")
    leverage: Multiple | None = None
    margin: Literal["cross", "isolated"] = "cross"
    contract: Literal["quarter"] | None = Field(None, description="the quarterly future of this symbol, rolled")
    roll: RollSpec = Field(RollSpec(), validate_default=True)
    exchange_leverage: Annotated[Multiple, Field(ge=1)] | None = None
    leverage_band: Band | None = Field(None, validate_default=True)

    @property
    def listed(self) -> str:
        """The symbol that is traded: of a contract by rule, `BTC/USDT:USDT-quarter`."""
        return self.symbol if self.contract is None else f"{self.symbol}-{self.contract}"

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


class LimitsSpec(Spec):
    """What the broker refuses, whatever a strategy asks for. `custody`: share of our equity that transfers may bring to
    one venue; `leverage`: notional of all derivatives over our equity that an order may lead to."""

    custody: Annotated[Fraction, Field(gt=0, le=1)] | None = None
    leverage: Annotated[Multiple, Field(gt=0)] | None = None


class ClaimsSpec(Spec):
    """What a claim on a defaulted venue counts for in marked equity."""

    carry_at: Literal["zero", "bid", "expected"] = "zero"


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
    limits: LimitsSpec = LimitsSpec()
    strategy: StrategySpec = Field(examples=["{use: cash_and_carry}"])
    tail: Annotated[TailSpec, tail_or_none] = TailSpec()
    claims: ClaimsSpec = ClaimsSpec()
    measures: MeasuresSpec = MeasuresSpec()
