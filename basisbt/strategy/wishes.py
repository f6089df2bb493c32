"""Wishes: what a strategy asks for. They fill at the next open, or are refused with a code the next `book` shows.

Knows how to ask; refuses to know whether it will be had.
"""

from basisbt.core.decision import HOLD, LEGS
from basisbt.strategy.parameters import UNWIND
from basisbt.strategy.readings import affordable, leverage_now


def hold(want, i, notional, reason=0):
    """Hold pair i at a notional in USD: that much long, the same base quantity short. 0 closes it."""
    want.asked[i] = HOLD
    want.notional[i] = notional
    want.reason[i] = reason


def close(want, i, reason=0):
    """Close both legs of pair i."""
    hold(want, i, 0.0, reason)


def leg(want, i, long_units, short_units, reason=0):
    """Hold given base quantities on the legs of pair i; a short is negative."""
    want.asked[i] = LEGS
    want.long_units[i] = long_units
    want.short_units[i] = short_units
    want.reason[i] = reason


def move(want, source, target, amount):
    """Withdraw an amount of the settlement asset from venue `source` to venue `target`; the fee is inside it."""
    n = want.moves[0]
    if amount != 0.0 and n < want.move_amount.size:
        want.move_source[n] = source
        want.move_target[n] = target
        want.move_amount[n] = amount
        want.moves[0] = n + 1


def mend(book, want, i, how, reason=0):
    """Deal with a leg that did not fill or was taken away: after one bar unwind to the smaller leg, or wait.

    Returns True when it asked for something.
    """
    if book.uneven[i] < 2:
        return False
    long_units, short_units = book.held[i, 0], -book.held[i, 1]
    if how == UNWIND:
        size = min(long_units, short_units)
    else:
        size = max(long_units, short_units)
    leg(want, i, size, -size, reason)
    return True


def keep_leverage(seen, book, want, i):
    """Bring pair i's leverage back to its target by moving collateral between its venues, if it left its band.

    Returns the amount in the settlement asset that was missing on the short leg's venue and could not be asked for.
    """
    long_venue, short_venue = seen.venue[seen.long[i]], seen.venue[seen.short[i]]
    if book.notional[i] <= 0.0 or long_venue == short_venue or book.in_transit > 0.0:
        return 0.0
    leverage = leverage_now(book, i)
    gap = book.notional[i] / seen.leverage[i] - book.short_equity[i]
    if leverage > seen.band_high[i]:
        if not seen.withdrawals_open[long_venue]:
            return gap
        amount = min(gap, book.free[long_venue])
        if amount > 0.0:
            move(want, long_venue, short_venue, amount)
        return gap - amount
    if leverage < seen.band_low[i] and seen.withdrawals_open[short_venue]:
        move(want, short_venue, long_venue, min(-gap, book.free[short_venue]))
    return 0.0


def fund_entry(seen, book, want, i, target):
    """The notional up to `target` with which pair i can be opened now; 0 while collateral has to travel first.

    If one venue lacks what the other has to spare, the missing part is asked to move and the entry waits for it.
    """
    now = min(target, affordable(seen, book, i))
    g, s = seen.venue[seen.long[i]], seen.venue[seen.short[i]]
    if now >= 0.9 * target or g == s:
        return now
    margin = 1.0 / seen.leverage[i] + seen.fee[seen.short[i]] + seen.half_spread[seen.short[i]]
    price = 1.0 + seen.fee[seen.long[i]] + seen.half_spread[seen.long[i]]
    reach = min(target, (book.free[g] + book.free[s]) / (price + margin))
    if book.in_transit > 0.0:
        return 0.0
    lacks_short, lacks_long = reach * margin - book.free[s], reach * price - book.free[g]
    if lacks_short > 0.0 and seen.withdrawals_open[g]:
        move(want, g, s, min(lacks_short, book.free[g]))
        return 0.0
    if lacks_long > 0.0 and seen.withdrawals_open[s]:
        move(want, s, g, min(lacks_long, book.free[s]))
        return 0.0
    return now


def reduce_to_margin(seen, book, want, i, reason=0):
    """Shrink both legs of pair i until the equity behind the short leg carries its target leverage again."""
    size = -book.held[i, 1]
    if book.notional[i] <= 0.0 or size <= 0.0:
        return
    affordable = max(0.0, book.short_equity[i]) * seen.leverage[i] / book.notional[i]
    if affordable < 1.0:
        leg(want, i, size * affordable, -size * affordable, reason)
