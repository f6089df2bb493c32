"""Axes of a sweep: the values of one key, as a list, as steps, or as every size between two.

Knows numbers with a unit behind them (`3x`, `4%`, `8h`). Knows no key's meaning.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from basisbt import units
from basisbt.config.mistakes import Mistakes
from basisbt.config.reader import Node, kind_of

MOST_VALUES = 100_000
_RANGE = ("from", "to", "step", "log")
_SIZED = re.compile(r"\s*([-+]?[0-9_]*\.?[0-9_]+(?:[eE][-+]?[0-9]+)?)\s*([^0-9\s]*)\s*")


@dataclass(frozen=True)
class Axis:
    """The values of one key: as a list, or every size between two (`unit` is what stands behind the number)."""

    key: str
    values: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    unit: str = ""
    log: bool = False

    def at(self, share: float) -> Any:
        """The value so far along the axis, share in [0, 1)."""
        if self.values:
            return self.values[min(int(share * len(self.values)), len(self.values) - 1)]
        if self.log:
            return self.sized(self.low * (self.high / self.low) ** share)
        return self.sized(self.low + (self.high - self.low) * share)

    def sized(self, number: float) -> Any:
        """A number in the axis's unit, to six digits."""
        return float(f"{number:.6g}") if not self.unit else f"{number:.6g}{self.unit}"


def read_axes(node: Node | None, mistakes: Mistakes) -> tuple[Axis, ...]:
    """The axes of a sweep file, in its order."""
    if node is None:
        return ()
    if not isinstance(node.value, dict):
        mistakes.add(node.place, f"found {kind_of(node.plain())}; expected a map: `axes: {{seed: [1, 2]}}`")
        return ()
    found = [read_axis(key, child, mistakes) for key, child in node.live.items()]
    return tuple(axis for axis in found if axis is not None)


def read_axis(key: str, node: Node, mistakes: Mistakes) -> Axis | None:
    """One axis: a list of values, or `{from, to, step}`."""
    if key == "setup":
        return mistakes.add(node.named_at, "'setup' is the axis that `setups:` makes; expected another key")
    if not all(key.split(".")):
        return mistakes.add(node.named_at, f"found '{key}'; expected a dotted key, like strategy.params.notional")
    if isinstance(node.value, list) and node.value:
        values = tuple(child.plain() for child in node.value)
        shown = [str(value) for value in values]
        if len(set(shown)) < len(shown):
            return mistakes.add(node.place, f"{key}: a value stands twice in the list")
        return Axis(key, values)
    if not isinstance(node.value, dict) or not node.live:
        found = kind_of(node.plain())
        return mistakes.add(node.place, f"found {found}; expected a list of values or `{{from: 2, to: 6, step: 1}}`")
    for name in set(node.live) - set(_RANGE):
        return mistakes.add(node.live[name].named_at, f"unknown key '{name}'; expected {', '.join(_RANGE)}")
    try:
        return range_axis(key, node.plain())
    except ValueError as trouble:
        return mistakes.add(node.place, f"{key}: {trouble}")


def range_axis(key: str, given: dict[str, Any]) -> Axis:
    """`{from: 2, to: 6, step: 1}`, both ends included, units as in `2x`, `4%`, `8h`. Raises ValueError."""
    if "from" not in given or "to" not in given:
        raise ValueError("expected 'from' and 'to'")
    sizes = {name: sized(given[name]) for name in ("from", "to", "step") if name in given}
    kinds = {unit for _, unit in sizes.values()}
    if len(kinds) > 1:
        raise ValueError(f"found {' and '.join(sorted(kind or 'no unit' for kind in kinds))}; expected one unit")
    (low, unit), (high, _), step = sizes["from"], sizes["to"], sizes.get("step", (None, ""))[0]
    if high <= low or (step is not None and step <= 0):
        raise ValueError("expected 'from' below 'to' and 'step' above 0")
    if given.get("log") not in (None, True, False) or (given.get("log") and (step is not None or low <= 0)):
        raise ValueError("`log: true` goes with a 'from' above 0 and no 'step'")
    if step is None:
        return Axis(key, (), float(low), float(high), unit, bool(given.get("log")))
    count = int((high - low) / step) + 1
    if count > MOST_VALUES:
        raise ValueError(f"{count:,} values; expected at most {MOST_VALUES:,}")
    return Axis(key, tuple(plain_size(low + k * step, unit) for k in range(count)))


def sized(value: Any) -> tuple[Decimal, str]:
    """(number, unit) of `2`, `0.5`, `3x`, `4%`. Raises ValueError."""
    text = str(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else ""
    found = _SIZED.fullmatch(text)
    if found is None:
        raise units.refuse(value, "a number with or without a unit, like 2, 3x or 4%")
    return Decimal(found[1].replace("_", "")), found[2]


def plain_size(number: Decimal, unit: str) -> Any:
    """A step's value as a config would have it: 2, 0.5, `3x`."""
    text = format(number.normalize(), "f")
    if unit:
        return f"{text}{unit}"
    return int(text) if "." not in text else float(text)


def same_size(one: Any, other: Any) -> bool:
    """Whether two values are the same number in the same unit, or one of them has none."""
    try:
        (a, unit), (b, other_unit) = sized(one), sized(other)
    except ValueError:
        return False
    return a == b and (unit == other_unit or "" in (unit, other_unit) and "%" not in (unit, other_unit))
