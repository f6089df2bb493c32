"""Readings: what a strategy works out from what it sees.

Knows the tape up to now and the books. Sign of carry: positive is what the pair earns while it is held.
"""

import math


def bars_in(seen, days):
    """Whole bars in a number of days, at least 1."""
    return max(1, int(days * 86400.0 / seen.seconds))


def funding_mean(seen, i, days):
    """Mean funding of pair i over the last `days`, a fraction per year; NaN until so much has been seen.

    What the short leg receives less what a derivative long leg pays, settled stamps only, act/365.
    """
    n = bars_in(seen, days)
    if seen.now + 1 < n:
        return math.nan
    start = seen.now - n
    s, g = seen.short[i], seen.long[i]
    total = seen.funding_total[seen.now, s] - seen.funding_total[seen.now, g]
    if start >= 0:
        total -= seen.funding_total[start, s] - seen.funding_total[start, g]
    return total * (365.0 * 86400.0 / (n * seen.seconds))


def annualised(rate, days):
    """A fraction earned over `days` as a fraction per year, simple, act/365."""
    return rate * 365.0 / days


def basis(seen, i):
    """Short leg's mark over the index, less 1, at the last close (MODEL.md section 1)."""
    s = seen.short[i]
    return seen.mark[seen.now, s] / seen.index[seen.now, seen.base[s]] - 1.0


def round_trip_cost(seen, i):
    """Fees and half-spreads of opening and closing both legs of pair i, as a fraction of its notional."""
    g, s = seen.long[i], seen.short[i]
    return 2.0 * (seen.fee[g] + seen.half_spread[g] + seen.fee[s] + seen.half_spread[s])


def carry_after_costs(seen, i, days, held_days):
    """Funding of pair i per year, less interest on a borrowed leg and its round trip spread over an expected holding of
    `held_days`."""
    carry = funding_mean(seen, i, days) - seen.short_interest[i]
    return carry - annualised(round_trip_cost(seen, i), held_days)


def long_tie(seen, i):
    """Equity that a unit of notional ties up on the long leg of pair i: all of it, or what its leverage asks for."""
    return 1.0 / seen.long_leverage[i] if seen.long_leverage[i] > 0.0 else 1.0


def spare(seen, book, i, leg):
    """USD at the venue of a leg (0 long, 1 short) of pair i that could back more of it, after what the pair holds is
    backed at its target leverage; a sub-account is helped out by the venue's main account."""
    k = seen.short[i] if leg == 1 else seen.long[i]
    free = book.free[seen.venue[k]]
    if leg == 0 and seen.long_leverage[i] == 0.0:
        return free
    leverage = seen.leverage[i] if leg == 1 else seen.long_leverage[i]
    equity = book.short_equity[i] if leg == 1 else book.long_equity[i]
    over = equity - book.notional[i] / leverage
    if seen.account[k] != seen.venue[k]:
        return free + max(0.0, over)
    return max(0.0, min(free, over))


def affordable(seen, book, i):
    """USD of notional that pair i could add now: spot paid in full (and margin itself, behind an inverse short), legs
    on margin backed at their target leverage.

    What the two venues can spare after what pair i holds is backed at its target leverage, less entry costs;
    collateral is not assumed to travel.
    """
    g, s = seen.long[i], seen.short[i]
    cost = seen.fee[g] + seen.half_spread[g] + seen.fee[s] + seen.half_spread[s]
    tie, short_spare = long_tie(seen, i), spare(seen, book, i, 1)
    if seen.venue[g] == seen.venue[s]:
        return short_spare / (tie + cost - seen.backing[i] + 1.0 / seen.leverage[i])
    return min(spare(seen, book, i, 0) / (tie + cost), short_spare / (1.0 / seen.leverage[i] + cost))


def leverage_now(book, i):
    """Notional of pair i over the equity behind its short leg; inf when that equity is gone, 0 when flat."""
    if book.notional[i] <= 0.0:
        return 0.0
    if book.short_equity[i] <= 0.0:
        return math.inf
    return book.notional[i] / book.short_equity[i]


def emptiest(seen, book):
    """The venue that holds least of our equity; the lower index of equals."""
    best = 0
    for v in range(1, seen.venues):
        if book.custody[v] < book.custody[best]:
            best = v
    return best


def fullest(seen, book):
    """The venue that holds most of our equity; the lower index of equals."""
    best = 0
    for v in range(1, seen.venues):
        if book.custody[v] > book.custody[best]:
            best = v
    return best
