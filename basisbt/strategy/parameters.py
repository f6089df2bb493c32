"""Types of a strategy's parameters: the annotation says how YAML is read.

`enter_above: PerYear = 0.08` lets a config say `8%` or `8%/y`. Knows units, not where a value comes from.
"""

from typing import Annotated


class Unit:
    """Marks an annotation with the unit its value is written in."""

    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return f"Unit({self.name!r})"


PerYear = Annotated[float, Unit("per_year")]
"""A rate per year: `8%`, `8%/y`, `0.08`."""
Fraction = Annotated[float, Unit("fraction")]
"""A share: `45%`, `20bps`, `0.45`."""
Days = Annotated[float, Unit("days")]
"""A length of time in days: `7d`, `36h`, or a plain number of days."""
Bars = Annotated[int, Unit("bars")]
"""A whole number of bars."""
Leverage = Annotated[float, Unit("leverage")]
"""A multiple: `3x` or `3`."""
Number = Annotated[float, Unit("number")]
"""A plain number."""
Venue = Annotated[int, Unit("venue")]
"""A venue of the config by name; `decide` gets its index. -1: none."""
Pair = Annotated[int, Unit("pair")]
"""A pair of the config by name; `decide` gets its index. -1: none."""


WAIT, UNWIND, REDUCE = 0, 1, 2


class Choice:
    """Marks an annotation with the words YAML may use and the code each stands for."""

    def __init__(self, **codes):
        self.codes = codes

    def __repr__(self):
        return f"Choice({', '.join(self.codes)})"


OneLegFails = Annotated[int, Choice(wait=WAIT, unwind=UNWIND)]
"""What to do when one leg stands alone: wait for the other, or unwind to the smaller leg."""
Refused = Annotated[int, Choice(wait=WAIT, reduce=REDUCE)]
"""What to do when collateral is missing and cannot be moved: wait, or shrink the position to its margin."""
