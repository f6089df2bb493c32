"""Field types of the specs: human text in, plain numbers out, and what JSON Schema says of the text.

Knows which unit each type is written in. Knows no field; bounds and names are in `specs` and `events`.
"""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from basisbt import units

_EITHER = WithJsonSchema({"type": ["number", "string"]})
_TEXT_OR_NUMBER = WithJsonSchema({"type": ["string", "integer"]})


class Spec(BaseModel):
    """What all specs share: frozen, no unknown keys, filled by the YAML key."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class EventBase(Spec):
    """What every event of a script may say."""

    incident: str | None = Field(None, description="the incident of the catalogue it belongs to")


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise units.refuse(value, "text")
    return value


def _count(value: object) -> int:
    if isinstance(value, str) and value.replace("_", "").isdecimal():
        value = int(value.replace("_", "")[:30])
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise units.refuse(value, "a whole number, like 7")
    return value


def _dollars(value: object) -> float:
    """`1_000_000 USD` or a plain number of USD."""
    if isinstance(value, str) and not value.replace("_", "").replace(".", "", 1).isdigit():
        money = units.parse_money(value)
        if money.asset != "USD":
            raise units.refuse(value, "an amount in USD, like 500_000_000 USD")
        return money.amount
    return units.parse_number(value)


def _weight(value: object) -> float | str:
    if value == "auto":
        return "auto"
    share = units.parse_fraction(value, "auto, a percentage (60%) or a number of parts (2)")
    if share < 0:
        raise units.refuse(value, "a weight of at least 0")
    return share


def _capital(value: object) -> units.Money:
    money = units.parse_money(value)
    if money.amount <= 0:
        raise units.refuse(value, "an amount above zero, like 1_000_000 USDT")
    return money


def _preset(value: object) -> str | None:
    """`okx`, `none`, or `{merged: okx}`: a resolved config, into which the preset's facts were copied."""
    if isinstance(value, dict) and set(value) == {"merged"}:
        value = value["merged"]
    return None if value == "none" else _text(value)


def _part(value: object) -> float:
    part = units.parse_fraction(value, "a number of parts (1) or a percentage")
    if part <= 0:
        raise units.refuse(value, "a share above zero")
    return part


def _asset_amounts(value: object) -> dict[str, float]:
    expected = "an amount and its asset (1 USDT), a list of them, or a map ({USDT: 1})"
    if isinstance(value, dict):
        amounts = {str(asset): units.parse_number(amount, expected) for asset, amount in value.items()}
    else:
        moneys = [units.parse_money(item) for item in (value if isinstance(value, list) else [value])]
        amounts = {money.asset: money.amount for money in moneys}
    for asset, amount in amounts.items():
        if amount < 0:
            raise units.refuse(amount, f"an amount of at least 0 {asset}")
    return amounts


def _half_spreads(value: object) -> Any:
    if isinstance(value, dict):
        return value
    half = 0.0 if value == "none" else units.parse_fraction(value, "a half-spread: 1bps, none, or {spot: …}")
    return {"spot": half, "derivative": half}


def _fees(value: object) -> Any:
    return dict.fromkeys(("spot_taker", "taker", "liquidation", "delivery"), 0) if value == "none" else value


def _brackets(value: object) -> Any:
    return value if isinstance(value, list) else [{"share": value}]


def _tail(value: object) -> Any:
    return {} if value == "none" else value


def _band(value: object) -> tuple[float, float]:
    expected = "two multiples, lower first: [2x, 4.5x]"
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise units.refuse(value, expected)
    low, high = (units.parse_leverage(bound) for bound in value)
    if low >= high:
        raise units.refuse(value, expected)
    return low, high


Text = Annotated[str, BeforeValidator(_text)]
Count = Annotated[int, BeforeValidator(_count), _TEXT_OR_NUMBER]
Fraction = Annotated[float, BeforeValidator(units.parse_fraction), _EITHER]
Cost = Annotated[Fraction, Field(ge=-0.01, le=0.1)]
"""A fee or a half-spread, fraction of notional; a negative one is a rebate. Above 10 % it is a typing mistake."""
PaidCost = Annotated[Fraction, Field(ge=0, le=0.1)]
Rate = Annotated[float, BeforeValidator(units.parse_rate), _EITHER]
Seconds = Annotated[int, BeforeValidator(units.parse_duration), WithJsonSchema({"type": ["string", "integer"]})]
LongSeconds = Annotated[Seconds, Field(gt=0)]
Instant = Annotated[int, BeforeValidator(units.parse_time), _TEXT_OR_NUMBER]
Multiple = Annotated[float, BeforeValidator(units.parse_leverage), _EITHER]
Number = Annotated[float, BeforeValidator(units.parse_number), _EITHER]
Weight = Annotated[float | str, BeforeValidator(_weight), _EITHER]
Part = Annotated[float, BeforeValidator(_part), _EITHER]
Capital = Annotated[units.Money, BeforeValidator(_capital), WithJsonSchema({"type": "string"})]
Preset = Annotated[str | None, BeforeValidator(_preset), WithJsonSchema({"type": ["string", "object"]})]
AssetAmounts = Annotated[
    dict[str, float],
    BeforeValidator(_asset_amounts),
    WithJsonSchema({"type": ["string", "array", "object"]}),
]
Band = Annotated[
    tuple[float, float],
    BeforeValidator(_band),
    WithJsonSchema({"type": "array", "items": {"type": ["number", "string"]}, "minItems": 2, "maxItems": 2}),
]
Window = Annotated[
    tuple[int, int],
    BeforeValidator(units.parse_window),
    WithJsonSchema({"type": ["array", "string"], "items": {"type": ["string", "integer"]}}),
]

def _none(value: object) -> Any:
    return None if value == "none" else value


def _markets(value: object) -> Any:
    """One market, or a list of them, as the map they stand for."""
    return {"of": [value]} if isinstance(value, str) else {"of": value} if isinstance(value, list) else value


none_or = BeforeValidator(_none)
markets_of = BeforeValidator(_markets)
half_spreads = BeforeValidator(_half_spreads)
fees_or_none = BeforeValidator(_fees)
one_bracket = BeforeValidator(_brackets)
tail_or_none = BeforeValidator(_tail)
Dollars = Annotated[float, BeforeValidator(_dollars), Field(ge=0), WithJsonSchema({"type": ["string", "number"]})]
