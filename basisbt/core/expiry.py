"""Expiry: what a dated future settles at, and what its delivery costs (MODEL.md section 4.2).

Knows the index up to now and positions. A contract settles at the first open at or after its expiry; where bars are
shorter than the venue's window, at the mean of the index closes in it, else at the index of that open; times 1 + what
an event says is left of its basis, a line of its own.
"""

import math

from basisbt.core.accounts import return_margin
from basisbt.core.books import SETTLED, file_ticket
from basisbt.core.contracts import gain, notional
from basisbt.core.deals import settle_deal
from basisbt.core.closing import empty_pairs
from basisbt.core.rules import FEE, SETTLEMENT_GAP
from basisbt.core.settlement import pay
from basisbt.core.tape import OPEN
from basisbt.core.valuation import split


def settlement_index(i, t, tape, rules):
    """USD index that instrument i settles at in bar t."""
    c, bars = rules.base[i], rules.window[i] // rules.seconds
    if bars < 1 or t < bars:
        return tape.index[OPEN, c]
    total = 0.0
    for k in range(t - bars, t):
        total += tape.past_index[k, c]
    return total / bars


def settle_expired(t, tape, rules, book):
    """Step 2: every position in a contract that has expired closes at its settlement price."""
    for i in range(rules.venue.size):
        if rules.expiry[i] <= tape.time[t] and book.position[i] != 0.0:
            deliver(i, t, tape, rules, book)


def deliver(i, t, tape, rules, book):
    """Close the position of instrument i at its settlement price; the delivery fee is on that notional."""
    index, usd = settlement_index(i, t, tape, rules), tape.usd[rules.quote[i]]
    price = index / usd if usd > 0.0 else book.entry[i]
    settle_at(i, price, price * (1.0 + tape.residual[i]), rules.delivery_fee[i], tape, rules, book)


def settle_now(i, price, gap, tape, rules, book):
    """Its venue settles instrument i before its time, at a price of its choice, NaN: the index times 1 + `gap`."""
    usd = tape.usd[rules.quote[i]]
    if rules.spot[i] or book.position[i] == 0.0 or tape.defaulted[rules.venue[i]] or usd <= 0.0:
        return
    fair = tape.index[OPEN, rules.base[i]] / usd
    settle_at(i, fair, fair * (1.0 + gap) if math.isnan(price) else price, 0.0, tape, rules, book)


def settle_at(i, fair, price, fee_rate, tape, rules, book):
    """Close the position of instrument i at `price`; what that is beside the fair one is a line of its own."""
    index, quantity = tape.index[OPEN, rules.base[i]], -book.position[i]
    split(i, fair, index, tape.usd[rules.quote[i]], rules, book)
    settle_deal(i, quantity, fair, index, rules, book)
    if price != fair:
        pay(i, SETTLEMENT_GAP, gain(i, -quantity, fair, price, rules), index, rules, book, SETTLED)
    fee = notional(i, quantity, price, rules) * fee_rate
    pay(i, FEE, -fee, index, rules, book, SETTLED)
    file_ticket(book, i, SETTLED, SETTLED, 0, quantity, price, fee, 0.0)
    empty_pairs(i, rules, book)
    return_margin(i, rules, book)
