"""Funding: who pays whom, when, and how much.

Knows positions, marks and rates. Knows neither the calendar of a venue nor where a rate came from.
Sign: a positive rate moves cash from longs to shorts; an amount is positive when the trader receives it.
"""

import math

from basisbt.core.accounts import fund_order
from basisbt.core.contracts import notional
from basisbt.core.rules import FUNDING
from basisbt.core.settlement import pay
from basisbt.core.tape import MARK_OPEN, OPEN


def formula(premium, hours, interest, damper, divided, spread):
    """A venue's rate for an interval of `hours` with this mean premium, before cap and floor (MODEL.md section 5).

    `P + clamp(I - P, damper)`, I the interest per 8 h; where `divided`, the whole is paid over `spread` hours and the
    interval has its share of that, else only the interest is scaled.
    """
    if divided:
        return (premium + clamp(interest - premium, -damper, damper)) * hours / spread
    return premium + clamp(interest * hours / 8.0 - premium, -damper, damper)


def clamp(x, low, high):
    """x, not below `low` nor above `high`."""
    return min(max(x, low), high)


def rate_of(k, i, panel, tape, rules):
    """The rate at which stamp k of instrument i settles: as recorded, as an event says, or following a gap."""
    if not math.isnan(tape.rate[i]):
        return tape.rate[i]
    rate, gap, premium = panel.funding_rate[k], tape.echo[i], panel.funding_premium[k]
    if gap == 0.0 or math.isnan(premium):
        return rate
    hours = panel.funding_hours[k]
    interest, damper, spread = rules.funding_interest[i], rules.funding_damper[i], rules.funding_spread[i]
    moved = formula(premium + gap, hours, interest, damper, rules.funding_divided[i], spread)
    before = formula(premium, hours, interest, damper, rules.funding_divided[i], spread)
    return clamp(rate + moved - before, rules.funding_floor[i], rules.funding_cap[i])


def assessed(opened, closed, stamp, window):
    """Whether a position takes part in the settlement at `stamp`: held then, or opened less than `window` after it.

    All in seconds. On bars nothing is so fine: what fills at an open counts as after the stamp (MODEL.md section 2.4).
    """
    return opened < stamp + max(window, 1) and closed >= stamp


def funding_payment(i, position, price, rate, rules):
    """Units of the settlement asset received for one stamp: `-side * notional * rate`; a short receives a positive
    rate."""
    value = notional(i, position, price, rules)
    return -value * rate if position > 0.0 else value * rate


def settle_funding(t, at_open, panel, overlay, tape, rules, book):
    """Settle the stamps of bar t that fall on its open, or those inside it, once each, held or not.

    What is carried into the stamp pays: the caller's place in the order of the instant decides that.
    """
    row = overlay.row[t]
    for k in range(panel.first[row], panel.first[row + 1]):
        if panel.funding_at_open[k] != at_open:
            continue
        i = panel.funding_instrument[k]
        rate = rate_of(k, i, panel, tape, rules)
        tape.funding[t, i] += rate
        tape.funding_total[t, i] += rate
        if book.position[i] != 0.0:
            if not at_open:
                book.clock[0] = tape.time[t] + panel.funding_time[k] - panel.time[row]
            price = panel.funding_price[k] * tape.scale[MARK_OPEN, i]
            amount = funding_payment(i, book.position[i], price, rate, rules)
            if rules.isolated[i] and amount < 0.0:  # free balance first, then the margin of the position
                fund_order(i, -amount, t, -1, MARK_OPEN, 1.0, tape, rules, book)
            pay(i, FUNDING, amount, tape.index[OPEN, rules.base[i]], rules, book)
