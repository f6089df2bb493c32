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
    """Funding of pair i per year, less its round trip spread over an expected holding of `held_days`."""
    return funding_mean(seen, i, days) - annualised(round_trip_cost(seen, i), held_days)


def affordable(seen, book, i):
    """USD of notional that pair i could add now: spot paid in full (and margin itself, behind an inverse short), the
    short leg backed at its target leverage.

    What the two venues can spare after what pair i holds is backed at its target leverage, less entry costs;
    collateral is not assumed to travel.
    """
    g, s = seen.long[i], seen.short[i]
    cost = seen.fee[g] + seen.half_spread[g] + seen.fee[s] + seen.half_spread[s]
    short_spare = min(book.free[seen.venue[s]], book.short_equity[i] - book.notional[i] / seen.leverage[i])
    short_spare = max(0.0, short_spare)
    if seen.venue[g] == seen.venue[s]:
        return short_spare / (1.0 + cost - seen.backing[i] + 1.0 / seen.leverage[i])
    return min(book.free[seen.venue[g]] / (1.0 + cost), short_spare / (1.0 / seen.leverage[i] + cost))


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
