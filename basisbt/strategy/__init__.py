"""What a strategy file imports: units for parameters, wishes, and readings of the market.

Plain functions without decorators: they run interpreted and compiled alike, to the last bit. A `decide` may use
these, `math.sqrt/exp/log`, `min max abs`, loops, and its own plain functions (docs/strategy.md).
"""

from basisbt.strategy.readings import (
    affordable, annualised, basis, carry_after_costs, emptiest, fullest, funding_mean, leverage_now, long_tie,
    round_trip_cost, spare,
)  # fmt: skip
from basisbt.strategy.parameters import (
    REDUCE, UNWIND, WAIT, Bars, Days, Fraction, Leverage, Number, OneLegFails, Pair, PerYear, Refused, Venue,
)  # fmt: skip
from basisbt.strategy.wishes import (
    close, fund_entry, hold, keep_leverage, leg, mend, move, reduce_to_margin,
)  # fmt: skip

__all__ = [
    "Bars", "Days", "Fraction", "Leverage", "Number", "OneLegFails", "Pair", "PerYear", "REDUCE", "Refused", "UNWIND",
    "Venue", "WAIT", "affordable", "annualised", "basis", "carry_after_costs", "close", "emptiest", "fullest",
    "fund_entry", "funding_mean", "hold", "keep_leverage", "leg", "leverage_now", "long_tie", "mend", "move",
    "reduce_to_margin", "round_trip_cost", "spare",
]  # fmt: skip
