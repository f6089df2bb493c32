"""Auto-deleveraging: a venue closes winning positions against their owners' will.

Knows marks, ranks and what an insurance fund has lost (facts: Bybit's trigger, BitMEX's rank). The trade is at the mark
of the instant, worsened by a penalty, never better than the mark (MODEL.md section 8).
"""

from basisbt.core.accounts import return_margin
from basisbt.core.books import DELEVERAGED, file_ticket
from basisbt.core.closing import scale_pairs
from basisbt.core.contracts import gain, notional
from basisbt.core.deals import settle_deal
from basisbt.core.margin import collateral, demand
from basisbt.core.rules import ADL
from basisbt.core.settlement import pay
from basisbt.core.tape import MARK_OPEN, OPEN
from basisbt.core.valuation import split


def drawdown(result, best, pool):
    """How far a fund's result has fallen from its best, as a share of what the fund was at most; negative."""
    return (result - best) / pool


def is_due(pool, ratio, trigger):
    """Whether a venue deleverages: its fund is empty, or has fallen by `trigger` (negative) or more."""
    return pool <= 0.0 or ratio <= trigger


def uncovered(ratio, trigger, pool):
    """USD of the loss beyond the trigger, which the fund does not pay: so much is closed."""
    return max(0.0, trigger - ratio) * pool


def rank(value, entry_value, bankrupt_value):
    """BitMEX's rank of a position in profit: profit as a share of its entry value, times its effective leverage.

    All three are what the position is worth, signed (a short: negative): at mark, at entry, and where its margin is
    gone.
    """
    return (value - entry_value) / abs(entry_value) * abs(value) / (value - bankrupt_value)


def standing(i, t, tape, rules, book):
    """The rank of position i, 0 without one, or one that has not won. All of its account's equity stands behind it."""
    w, position, mark = rules.wallet[i], book.position[i], tape.prices[MARK_OPEN, i]
    usd = dollars(i, tape, rules)
    if position == 0.0 or usd <= 0.0:
        return 0.0
    won = gain(i, position, book.entry[i], mark, rules)
    unrealised, _, _ = demand(w, t, -1, MARK_OPEN, 1.0, tape, rules, book)
    kept = (collateral(w, -1, MARK_OPEN, 1.0, tape, rules, book) + unrealised) / usd
    if won <= 0.0 or kept <= 0.0:
        return 0.0
    entry = notional(i, position, book.entry[i], rules)
    if (position > 0.0) == rules.inverse[i]:
        entry = -entry
    return rank(entry + won, entry, entry + won - kept)


def dollars(i, tape, rules):
    """USD of one unit of derivative i's settlement asset at this open."""
    return tape.index[OPEN, rules.base[i]] if rules.inverse[i] else tape.usd[rules.quote[i]]


def drain(v, loss, ours, t, tape, rules, book):
    """The fund of venue v pays USD `loss`; beyond the venue's trigger winners are closed, of which we are `ours`."""
    pool = book.fund[v]
    ratio = drawdown(-loss, 0.0, pool) if pool > 0.0 else -1.0
    book.fund[v] = max(0.0, pool - loss)
    if tape.defaulted[v] or not is_due(book.fund[v], ratio, rules.adl_trigger[v]):
        return
    left = (uncovered(ratio, rules.adl_trigger[v], pool) if pool > 0.0 else loss) * ours
    while left > 0.0:
        first, highest = -1, 0.0
        for i in range(rules.venue.size):
            if rules.venue[i] == v and not rules.spot[i]:
                found = standing(i, t, tape, rules, book)
                if found > highest:
                    first, highest = i, found
        if first < 0:
            return
        mark = tape.prices[MARK_OPEN, first]
        value = notional(first, book.position[first], mark, rules) * dollars(first, tape, rules)
        deleverage(first, min(1.0, left / value), 0.0, t, tape, rules, book)
        left -= value


def deleverage(i, fraction, penalty, t, tape, rules, book):
    """Close this share of position i at the mark of the open; the penalty is a share of what is closed."""
    if book.position[i] == 0.0 or tape.defaulted[rules.venue[i]]:
        return
    price, index = tape.prices[MARK_OPEN, i], tape.index[OPEN, rules.base[i]]
    quantity = -book.position[i] * fraction
    split(i, price, index, tape.usd[rules.quote[i]], rules, book)
    settle_deal(i, quantity, price, index, rules, book)
    cost = notional(i, quantity, price, rules) * penalty
    pay(i, ADL, -cost, index, rules, book, DELEVERAGED)
    file_ticket(book, i, DELEVERAGED, DELEVERAGED, 0, quantity, price, 0.0, cost)
    scale_pairs(i, 1.0 - fraction, rules, book)
    return_margin(i, rules, book)
