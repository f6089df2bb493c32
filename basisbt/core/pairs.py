"""Pairs: what each holds at a close, whether its legs match, and the equity behind each leg that needs margin.

Knows the books and closes. Decides nothing: a strategy reads these figures.
"""

from basisbt.core.books import QUEUED, kept_row
from basisbt.core.tape import CLOSE, MARK_CLOSE

ROUNDING = 1e-9  # share by which two legs of one size may differ
COIN_SLACK = 0.01  # where the long leg is the short's collateral: funding and fees in coin move it by a little


def value_pairs(t, tape, rules, book):
    """What each pair holds, whether its legs match, and the equity behind its legs."""
    for p in range(rules.long.size):
        i, j = rules.long[p], rules.short[p]
        book.notional[p] = book.held[p, 0] * tape.prices[CLOSE, i] * tape.usd[rules.quote[i]]
        if book.count[QUEUED] == 0 or not under_way(p, book):
            long_units, short_units = book.held[p, 0], -book.held[p, 1]
            slack = COIN_SLACK if rules.backing[p] > 0.0 else ROUNDING
            allowed = slack * max(abs(long_units), abs(short_units)) + odd_lots(i, t, tape, rules)
            if abs(long_units - short_units) > allowed + odd_lots(j, t, tape, rules):
                book.uneven[p] += 1
            else:
                book.uneven[p] = 0
        for leg in range(2):  # one place, so that compiled code holds it once
            if leg == 1 or rules.long_leverage[p] > 0.0:
                equity = leg_equity(p, leg, j if leg == 1 else i, t, tape, rules, book)
                if leg == 1:
                    book.short_equity[p] = equity
                else:
                    book.long_equity[p] = equity


def odd_lots(i, t, tape, rules):
    """Base units of instrument i that are less than a lot: what two legs may differ by for being whole lots."""
    if rules.lot[i] == 0.0:
        return 0.0
    return rules.lot[i] / tape.prices[MARK_CLOSE, i] if rules.inverse[i] else rules.lot[i]


def under_way(p, book):
    """Whether a part of an order of pair p still waits to be filled."""
    for k in range(book.count[QUEUED]):
        if book.queue_pair[k] == p and not book.queue_done[k]:
            return True
    return False


def leg_equity(p, leg, i, t, tape, rules, book):
    """USD of the margin account of a leg (instrument i) that belongs to pair p: shared by notional, else by `share`."""
    w = rules.wallet[i]
    gross = 0.0
    shares = 0.0
    for m in range(rules.long.size):
        k = rules.short[m]
        if rules.wallet[k] == w:
            gross += abs(book.held[m, 1]) * tape.prices[MARK_CLOSE, k]
            shares += rules.share[m]
        k = rules.long[m]
        if rules.long_leverage[m] > 0.0 and rules.wallet[k] == w:
            gross += abs(book.held[m, 0]) * tape.prices[MARK_CLOSE, k]
            shares += rules.share[m]
    mine = abs(book.held[p, leg]) * tape.prices[MARK_CLOSE, i]
    part = 0.0
    if gross > 0.0:
        part = mine / gross
    elif shares > 0.0:
        part = rules.share[p] / shares
    return book.margin[kept_row(t, book), w, 0] * part
