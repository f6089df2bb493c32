"""Impact: what a market order moves against itself, and how much of it one bar can take (MODEL.md section 4.5).

Knows closed bars only: volume and range behind an order are those of the bars before it. Square-root law: a share
`Y * sigma * (Q / V) ** power` of the notional, sigma and V per day. The range of a bar (Parkinson 1980) tells its
variance without reference to other bars, so a resampled market has none of the jumps between its blocks.
"""

import math

from basisbt.core.contracts import in_base
from basisbt.core.tape import DEPTH, HIGH, LOW, PAST_VOLUME, VOLUME

RANGE = 4.0 * math.log(2.0)


def impact_share(i, quantity, price, t, tape, rules):
    """Share of its notional that an order costs beyond half the spread; -1 if nothing has traded so far."""
    if rules.impact[i] == 0.0:
        return 0.0
    first = max(0, t - rules.impact_bars[i])
    volume, variance = 0.0, 0.0
    for k in range(first, t):
        volume += tape.past[k, PAST_VOLUME, i]
        reach = math.log(tape.past[k, HIGH, i] / tape.past[k, LOW, i])
        variance += reach * reach / RANGE
    if not volume > 0.0:
        return -1.0
    days = (t - first) * rules.seconds / 86400.0
    part = abs(in_base(i, quantity, price, rules)) / (volume / days * tape.factor[DEPTH, i])
    if part == 0.0:
        return 0.0
    taken = math.sqrt(part) if rules.impact_power[i] == 0.5 else math.exp(rules.impact_power[i] * math.log(part))
    return rules.impact[i] * math.sqrt(variance / days) * taken


def fits(i, quantity, price, tape, rules):
    """The part of a market order that the present bar can take."""
    if rules.volume_share[i] == math.inf:
        return quantity
    most = rules.volume_share[i] * tape.prices[VOLUME, i] * tape.factor[DEPTH, i]
    most *= price if rules.inverse[i] else 1.0
    if abs(quantity) <= most:
        return quantity
    return most if quantity > 0.0 else -most
