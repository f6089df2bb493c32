"""Sizes: whole lots, least notionals, and what both legs of a pair can carry (MODEL.md section 4.3).

Knows lots, margin and costs at a close. An order that closes a position to the last unit is never rounded.
"""

import math

from basisbt.core.margin import available, initial_margin, settle_usd
from basisbt.core.contracts import notional
from basisbt.core.accounts import spare_units
from basisbt.core.tape import CLOSE, MARK_CLOSE, SPREAD

WHOLE = 1e-9  # a size that misses a whole lot by this share of a lot is that lot
HALVINGS = 48


def whole(quantity, lot):
    """`quantity` cut down to a multiple of `lot`, towards zero; 0: any size."""
    if lot <= 0.0:
        return quantity
    count = math.floor(abs(quantity) / lot + WHOLE)
    return count * lot if quantity > 0.0 else -count * lot


def too_small(i, quantity, price, rules):
    """Whether an order is below the least notional of its market, in quote."""
    value = abs(quantity) if rules.inverse[i] else abs(quantity) * price
    return value < rules.minimum[i]


def leg_need(p, leg, units, t, tape, rules, book):
    """USD that `units` more (base, positive) on a leg of pair p would tie up at this close, costs included."""
    i = rules.short[p] if leg == 1 else rules.long[p]
    price = tape.prices[CLOSE, i]
    cost = rules.taker[i] + rules.half_spread[i] * tape.factor[SPREAD, i]
    if rules.spot[i] and leg == 0:
        return units * price * tape.usd[rules.quote[i]] * (1.0 + cost)
    if rules.spot[i]:
        return units * price * tape.usd[rules.quote[i]] * (rules.loan_initial[rules.venue[i]] + cost)
    size = units * price if rules.inverse[i] else units
    sign = 1.0 if leg == 0 else -1.0
    before = initial_margin(i, notional(i, book.position[i], price, rules), rules)
    after = initial_margin(i, notional(i, book.position[i] + sign * size, price, rules), rules)
    usd = settle_usd(i, -1, MARK_CLOSE, 1.0, tape, rules)
    return (max(0.0, after - before) + notional(i, size, price, rules) * cost) * usd


def leg_has(i, t, tape, rules, book):
    """USD that an order on instrument i can draw on at this close: its account, and the main one behind it."""
    w, v = rules.wallet[i], rules.venue[i]
    has = available(w, t, -1, MARK_CLOSE, 1.0, tape, rules, book)
    if rules.spot[i]:
        a = rules.quote[i]
        has = spare_units(v, a, t, -1, MARK_CLOSE, 1.0, tape, rules, book) * tape.usd[a]
    elif w != v:
        a = rules.pays[i]
        spare = spare_units(v, a, t, -1, MARK_CLOSE, 1.0, tape, rules, book)
        has += spare * settle_usd(i, -1, MARK_CLOSE, 1.0, tape, rules)
    return has


def affordable(p, units, t, tape, rules, book):
    """Whether both legs of pair p can be grown by `units` (base) at this close, costs included."""
    i, j = rules.long[p], rules.short[p]
    long_need, short_need = leg_need(p, 0, units, t, tape, rules, book), leg_need(p, 1, units, t, tape, rules, book)
    long_has, short_has = leg_has(i, t, tape, rules, book), leg_has(j, t, tape, rules, book)
    if rules.backing[p] > 0.0:  # the coins of the long leg are margin the moment they are there
        value = units * tape.prices[CLOSE, i] * tape.usd[rules.quote[i]]
        short_need = max(0.0, short_need - rules.backing[p] * value)
        return long_need + short_need <= long_has
    if rules.venue[i] == rules.venue[j] and long_need + short_need > max(long_has, short_has):
        return False
    return long_need <= long_has and short_need <= short_has


def growth(p, units, t, tape, rules, book):
    """The most base units, up to `units` and in whole lots of both legs, by which pair p can grow now."""
    most = whole(units, rules.unit[p])
    if most <= 0.0 or affordable(p, most, t, tape, rules, book):
        return most
    low, high = 0.0, most
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if affordable(p, middle, t, tape, rules, book):
            low = middle
        else:
            high = middle
    return whole(low, rules.unit[p])
