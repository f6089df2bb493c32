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
        rate = panel.funding_rate[k] if math.isnan(tape.rate[i]) else tape.rate[i]
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
