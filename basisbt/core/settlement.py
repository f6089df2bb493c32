"""Settlement: what an instrument pays or charges, in the asset in which it settles.

Knows that a coin changes its worth: what is held of it is split before it changes, and what is paid in it is valued at
that moment's index. Refuses to know why something is paid.
"""

from basisbt.core.books import QUEUED, receive
from basisbt.core.valuation import split


def pay(i, kind, amount, index, rules, book, reason=0):
    """Post a signed amount of instrument i's settlement asset (positive: received). index: USD index of its base."""
    if rules.inverse[i]:
        touch_coin(i, amount, index, rules, book)
    book.earned[i] += amount
    receive(book, rules, kind, i, rules.wallet[i], rules.pays[i], amount, reason)


def touch_coin(i, amount, index, rules, book):
    """Split what the wallet of inverse instrument i holds of its coin at the index, before `amount` changes it.

    The long leg that backs instrument i is made of these coins: it grows and shrinks with them.
    """
    w, a = rules.wallet[i], rules.pays[i]
    book.usd[a] = index
    s = rules.spot_of[w, a]
    if s >= 0:
        usd = book.usd[rules.quote[s]]
        split(s, index / usd if usd > 0.0 else book.seen_price[s], index, usd, rules, book)
    p = rules.pair_of[i]
    if p >= 0 and rules.short[p] == i and rules.backing[p] > 0.0:
        book.held[p, 0] += amount
        for k in range(book.count[QUEUED]):  # the long leg's order goes to its target, with these coins in it
            if book.queue_pair[k] == p and book.queue_leg[k] == 0 and not book.queue_done[k]:
                book.queue_quantity[k] -= amount
