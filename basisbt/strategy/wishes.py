"""Wishes: what a strategy asks for. They fill at the next open, or are refused with a code the next `book` shows.

Knows how to ask; refuses to know whether it will be had.
"""

from basisbt.core.decision import HOLD, LEGS
from basisbt.strategy.parameters import UNWIND
from basisbt.strategy.readings import affordable, long_tie, spare


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
    """Withdraw an amount of the settlement asset from venue `source` to venue `target`; the fee is inside it. Between
    two accounts of one venue (`seen.account`) it moves at once and costs nothing."""
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
    """Bring pair i's leverage back to its target by moving collateral, within a venue or between the pair's venues, if
    a leg has left its band.

    Returns the amount in the settlement asset that a leg is missing and that could not be asked for.
    """
    if book.notional[i] <= 0.0 or seen.backing[i] > 0.0:
        return 0.0
    missing = back_up(seen, book, want, i, 1)
    if seen.long_leverage[i] > 0.0:
        return missing + back_up(seen, book, want, i, 0)
    if book.short_equity[i] > 0.0 and book.notional[i] / book.short_equity[i] < seen.band_low[i]:
        release(seen, book, want, i)
    return missing


def back_up(seen, book, want, i, leg):
    """If a leg of pair i (0 long, 1 short) has too much leverage, ask for what is missing: in its venue first, then
    where the other leg is. Returns what could not be asked for."""
    k, other = (seen.short[i], seen.long[i]) if leg == 1 else (seen.long[i], seen.short[i])
    equity = book.short_equity[i] if leg == 1 else book.long_equity[i]
    leverage = seen.leverage[i] if leg == 1 else seen.long_leverage[i]
    most = seen.band_high[i] if leg == 1 else seen.long_band_high[i]
    if equity > 0.0 and book.notional[i] / equity <= most:
        return 0.0
    gap = book.notional[i] / leverage - equity
    venue, elsewhere = seen.venue[k], seen.venue[other]
    if seen.account[k] != venue:
        inside = min(gap, book.free[venue])
        if inside > 0.0:
            move(want, venue, seen.account[k], inside)
            gap -= inside
        if gap <= 0.0 or venue == elsewhere:
            return gap
    if venue == elsewhere or book.in_transit > 0.0:
        return 0.0
    if not seen.withdrawals_open[elsewhere]:
        return gap
    amount = min(gap, spare(seen, book, i, 1 - leg))
    if amount > 0.0:
        move(want, elsewhere, venue, amount)
    return gap - amount


def release(seen, book, want, i):
    """What the short leg of pair i has beyond its target leverage goes where the long leg is, or where it came from."""
    k = seen.short[i]
    venue, elsewhere = seen.venue[k], seen.venue[seen.long[i]]
    over = book.short_equity[i] - book.notional[i] / seen.leverage[i]
    if seen.account[k] != venue:
        move(want, seen.account[k], venue, over)
    elif venue != elsewhere and book.in_transit <= 0.0 and seen.withdrawals_open[venue]:
        move(want, venue, elsewhere, min(over, book.free[venue]))


def fund_entry(seen, book, want, i, target):
    """The notional up to `target` with which pair i can be opened now; 0 while collateral has to travel first.

    If one venue lacks what the other has to spare, the missing part is asked to move and the entry waits for it.
    """
    now = min(target, affordable(seen, book, i))
    g, s = seen.venue[seen.long[i]], seen.venue[seen.short[i]]
    if now >= 0.9 * target or g == s:
        return now
    margin = 1.0 / seen.leverage[i] + seen.fee[seen.short[i]] + seen.half_spread[seen.short[i]]
    price = long_tie(seen, i) + seen.fee[seen.long[i]] + seen.half_spread[seen.long[i]]
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
    """Shrink both legs of pair i until the equity behind each leg on margin carries its target leverage again."""
    size = -book.held[i, 1]
    if book.notional[i] <= 0.0 or size <= 0.0:
        return
    affordable = max(0.0, book.short_equity[i]) * seen.leverage[i] / book.notional[i]
    if seen.long_leverage[i] > 0.0:
        affordable = min(affordable, max(0.0, book.long_equity[i]) * seen.long_leverage[i] / book.notional[i])
    if affordable < 1.0:
        leg(want, i, size * affordable, -size * affordable, reason)
