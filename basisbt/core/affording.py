"""Affording: whether an account can bear an order, and the code of what is missing when it cannot.

Knows margin, cash and the limits a config sets. Moves nothing.
"""

import math

from basisbt.core.books import (
    BELOW_LOT, BEYOND_TIERS, CLOSING, EXPIRED, FILLED, HALTED, NO_BAR, NO_CASH, NO_COIN, NO_MARGIN, NO_VOLUME, OUTAGE,
    OVER_LEVERAGE, PRICE_LIMIT, TOO_SMALL, VENUE_GONE, kept_row,
)  # fmt: skip
from basisbt.core.contracts import notional
from basisbt.core.margin import available, initial_margin, settle_usd
from basisbt.core.rules import loan
from basisbt.core.sizing import too_small
from basisbt.core.tape import CLOSED, MARK_OPEN, NO_BUY, NO_SELL, REDUCE_ONLY


def obstacle(i, quantity, price, impact_cost, t, tape, rules, book):
    """Why an order cannot trade at all in bar t, whoever gives it; FILLED if nothing speaks against it."""
    if tape.defaulted[rules.venue[i]]:
        return VENUE_GONE
    if rules.expiry[i] <= tape.time[t]:
        return EXPIRED
    if tape.switch[CLOSED, i] > 0:
        return OUTAGE
    if tape.time[t] < tape.until[i]:
        return HALTED
    if (quantity > 0.0 and tape.switch[NO_BUY, i] > 0) or (quantity < 0.0 and tape.switch[NO_SELL, i] > 0):
        return PRICE_LIMIT
    if tape.switch[REDUCE_ONLY, i] > 0 and not reduces(i, quantity, rules, book):
        return CLOSING
    if not tape.fresh[i]:
        return NO_BAR
    if quantity == 0.0:
        return BELOW_LOT
    if impact_cost < 0.0:
        return NO_VOLUME
    if too_small(i, quantity, price, rules) and not reduces(i, quantity, rules, book):
        return TOO_SMALL
    return FILLED


def reduces(i, quantity, rules, book):
    """Whether an order makes what is held smaller, or pays back what is owed."""
    if not rules.spot[i]:
        return book.position[i] * quantity < 0.0
    return quantity < 0.0 or book.balance[loan(rules.wallet[i], rules), rules.coin[i]] < 0.0


def refusal(i, quantity, price, costs, t, b, field, way, tape, rules, book):
    """FILLED if the account can bear the order at `price` and that moment, else the code of what is missing."""
    if rules.spot[i]:
        return spot_refusal(i, quantity, price, costs, t, b, field, way, tape, rules, book)
    position = book.position[i]
    if position * quantity < 0.0 and abs(quantity) <= abs(position):
        return FILLED
    after = notional(i, position + quantity, price, rules)
    if after > rules.cap[i]:
        return BEYOND_TIERS
    if rules.most_leverage != math.inf:
        if leverage_after(i, quantity, price, t, tape, rules, book) > rules.most_leverage:
            return OVER_LEVERAGE
    need = margin_need(i, quantity, price, costs, rules, book) * settle_usd(i, b, field, way, tape, rules)
    return FILLED if need <= available(rules.wallet[i], t, b, field, way, tape, rules, book) else NO_MARGIN


def margin_need(i, quantity, price, costs, rules, book):
    """Settlement asset that a derivative order ties up at `price`: the margin it adds, and its costs."""
    after = notional(i, book.position[i] + quantity, price, rules)
    already = initial_margin(i, notional(i, book.position[i], price, rules), rules)  # a turn releases it, or it counts
    return initial_margin(i, after, rules) - already + costs


def spot_refusal(i, quantity, price, costs, t, b, field, way, tape, rules, book):
    """The same for a spot order: money for what is bought, coins, or margin for borrowed ones, for what is sold."""
    w, a = rules.wallet[i], rules.quote[i]
    free = available(w, t, b, field, way, tape, rules, book)
    held = book.balance[w, rules.coin[i]]
    if quantity < 0.0:
        if -quantity <= held:
            return FILLED
        if not rules.lends[w, rules.coin[i]]:
            return NO_COIN
        need = ((-quantity - max(0.0, held)) * price * rules.loan_initial[w] + costs) * tape.usd[a]
        return FILLED if need <= free else NO_MARGIN
    need = quantity * price + (0.0 if rules.fee_in_base[i] else costs)
    owed = -book.balance[loan(w, rules), rules.coin[i]]
    if owed > 0.0 and quantity <= owed:  # what it buys back it owes already
        return FILLED if need <= book.balance[w, a] else NO_CASH
    return FILLED if need <= min(book.balance[w, a], free / tape.usd[a]) else NO_CASH


def leverage_after(i, quantity, price, t, tape, rules, book):
    """Notional of all derivatives at their marks, the order included, over our equity at the last close."""
    total = 0.0
    for k in range(rules.venue.size):
        size = book.position[k] + (quantity if k == i else 0.0)
        if size != 0.0:
            at = price if k == i else tape.prices[MARK_OPEN, k]
            total += notional(k, size, at, rules) * settle_usd(k, -1, MARK_OPEN, 1.0, tape, rules)
    equity = book.equity[kept_row(t - 1, book), 0] if t > 0 else math.inf
    return total / equity if equity > 0.0 else math.inf
