"""Human units: what `8%`, `2bps`, `8h`, `3x`, `1_000_000 USDT` and `5%/y` mean.

Knows how a person writes a quantity. Knows neither YAML nor which field a quantity is for, and rounds nothing.
Every function takes text or a number as YAML gives it, and raises `ValueError("found …; expected …")`.
"""

import math
import re
from datetime import UTC, datetime
from typing import NamedTuple

_NUMBER = re.compile(r"[-+]?(\d+(_\d+)*)?(\.\d+)?([eE][-+]?\d+)?", re.ASCII)
_AMOUNT = re.compile(r"(?P<number>\S*\d\.?)\s*(?P<asset>[A-Za-z][A-Za-z0-9]*)")
_DURATION = re.compile(r"(?P<number>[^\sA-Za-z]+)\s*(?P<unit>[A-Za-z]+)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d|\d{8}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d)?([Zz]|[-+]\d\d:\d\d)?")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SCALES = {"%": 100, "bps": 10_000}
LONGEST = 100 * 366 * 86_400  # seconds; a century is a typing mistake, and keeps sums inside int64

LATEST = 7_258_118_400  # seconds UTC, 2200-01-01


class Money(NamedTuple):
    """An amount of one asset, in whole units of it."""

    amount: float
    asset: str


def _shown(found: object) -> str:
    text = repr(found)
    return text if len(text) <= 60 else f"{text[:57]}…"


def refuse(found: object, expected: str) -> ValueError:
    """The one voice of a unit error."""
    return ValueError(f"found {_shown(found)}; expected {expected}")


def parse_number(found: object, expected: str = "a number, like 0.5 or 1_000") -> float:
    """A finite plain number, underscores allowed; text that is exactly a number counts."""
    if isinstance(found, (int, float)) and not isinstance(found, bool):
        try:
            value = float(found)
        except OverflowError:
            raise refuse(found, expected) from None
    elif isinstance(found, str) and any(c.isdigit() for c in found) and _NUMBER.fullmatch(found.strip()):
        value = float(found.strip())
    else:
        raise refuse(found, expected)
    if not math.isfinite(value):
        raise refuse(found, expected)
    return value


def parse_fraction(found: object, expected: str = "a fraction: 8%, 2bps or 0.08") -> float:
    """A share: `8%`, `+30%`, `2bps` or the plain fraction `0.08`. Bounds belong to the field."""
    if isinstance(found, str):
        text = found.strip()
        for suffix, parts in _SCALES.items():
            if text.endswith(suffix):
                try:
                    number = parse_number(text[: -len(suffix)].strip())
                except ValueError:
                    raise refuse(found, expected) from None
                return number / parts
    return parse_number(found, expected)


def parse_rate(found: object) -> float:
    """A rate per year: `5%/y`, `5%` or `0.05`."""
    expected = "a rate per year: 5%/y, 5% or 0.05"
    if isinstance(found, str) and "/" in found:
        share, _, per = found.partition("/")
        if per.strip() not in ("y", "year"):
            raise refuse(found, expected)
        try:
            return parse_fraction(share, expected)
        except ValueError:
            raise refuse(found, expected) from None
    return parse_fraction(found, expected)


def parse_duration(found: object) -> int:
    """A length of time in whole seconds: `45s`, `30m`, `8h`, `3d`, `1w`; 0 needs no unit. Never negative."""
    expected = "a length of time: 30m, 8h, 3d or 1w"
    if not isinstance(found, bool) and found == 0:
        return 0
    parts = _DURATION.fullmatch(found.strip()) if isinstance(found, str) else None
    if parts is None or parts["unit"] not in _SECONDS:
        raise refuse(found, expected)
    try:
        seconds = parse_number(parts["number"]) * _SECONDS[parts["unit"]]
    except ValueError:
        raise refuse(found, expected) from None
    if not 0 <= seconds <= LONGEST:
        raise refuse(found, f"{expected}, not negative and at most 100 years")
    if seconds != int(seconds):
        raise refuse(found, f"{expected}, in whole seconds")
    return int(seconds)


def duration_name(seconds: int) -> str:
    """How a length of time is written, in the largest unit that divides it: 28800 is `8h`."""
    for unit, size in sorted(_SECONDS.items(), key=lambda item: -item[1]):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def parse_leverage(found: object) -> float:
    """A multiple above zero: `3x` or `3`."""
    expected = "a multiple: 3x or 3"
    text = found.strip()[:-1] if isinstance(found, str) and found.strip().endswith("x") else found
    try:
        value = parse_number(text)
    except ValueError:
        raise refuse(found, expected) from None
    if value <= 0:
        raise refuse(found, f"{expected}, above zero")
    return value


def parse_money(found: object) -> Money:
    """An amount and its asset: `1_000_000 USDT`. A bare number names no asset and is refused."""
    expected = "an amount and its asset: 1_000_000 USDT"
    parts = _AMOUNT.fullmatch(found.strip()) if isinstance(found, str) else None
    if parts is None:
        raise refuse(found, expected)
    try:
        return Money(parse_number(parts["number"]), parts["asset"])
    except ValueError:
        raise refuse(found, expected) from None


def parse_time(found: object) -> int:
    """An instant in seconds UTC: `2023-01-01`, `20230101`, `2023-10-23T08:00Z`. Without a zone it is UTC."""
    expected = "a time in UTC: 2023-01-01 or 2023-10-23T08:00Z"
    text = str(found) if isinstance(found, int) and not isinstance(found, bool) and 0 < found < 10**9 else found
    if not isinstance(text, str):
        raise refuse(found, expected)
    text = text.strip()
    if not (_DAY.fullmatch(text) or _INSTANT.fullmatch(text)):
        raise refuse(found, expected)
    try:
        moment = datetime.fromisoformat(text.upper())
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = int(moment.timestamp())
    except (ValueError, OverflowError):
        raise refuse(found, f"{expected}, a day that exists") from None
    if not 0 <= seconds < LATEST:
        raise refuse(found, f"{expected}, from 1970 to 2199")
    return seconds


def time_name(seconds: int) -> str:
    """How an instant is written: `2023-10-23T08:00Z`, a midnight as the day alone."""
    moment = datetime.fromtimestamp(seconds, UTC)
    if seconds % 86_400 == 0:
        return moment.strftime("%Y-%m-%d")
    return moment.strftime("%Y-%m-%dT%H:%MZ" if seconds % 60 == 0 else "%Y-%m-%dT%H:%M:%SZ")


def parse_window(found: object) -> tuple[int, int]:
    """Start and end (exclusive) in seconds UTC: `[2023-01-01, 2024-01-01]` or `20230101-20240101`."""
    expected = "a start and an end: [2023-01-01, 2024-01-01] or 20230101-20240101"
    parts = found
    if isinstance(found, str):
        dashed = re.fullmatch(r"\s*(\d{8})-(\d{8})\s*", found)
        parts = list(dashed.groups()) if dashed else None
    if not isinstance(parts, (list, tuple)) or len(parts) != 2:
        raise refuse(found, expected)
    start, end = parse_time(parts[0]), parse_time(parts[1])
    if end <= start:
        raise refuse(found, "an end after the start (the end is exclusive)")
    return start, end
