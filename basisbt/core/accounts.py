"""Accounts of one venue: a main account, and sub-accounts that margin something of their own.

Knows what an order on a sub-account needs and what the main account can spare. What an order needs comes from the main
account with the order, what nothing needs any more goes back; nobody comes to the rescue of a sub-account that runs
short (MODEL.md section 3.3). Moves are instant and free.
"""

from basisbt.core.books import INTERNAL, post
from basisbt.core.margin import available, index_at
from basisbt.core.rules import TRANSFER


def shift(source, target, asset, amount, rules, book):
    """Move an amount between two accounts of one venue."""
    slot = rules.venue.size + rules.wallet_venue[source]
    post(book, rules, TRANSFER, slot, source, target, asset, amount, INTERNAL)


def spare_units(w, a, t, b, field, way, tape, rules, book):
    """Units of asset a that account w holds and no position of it needs at a moment of bar t (`mark_on_way`)."""
    units = max(0.0, book.balance[w, a])
    if book.open_positions[w] > 0 or book.order_margin[w] > 0.0:
        usd = tape.usd[a] if rules.cash[a] else index_at(rules.asset_base[a], b, field, way, tape)
        free = available(w, t, b, field, way, tape, rules, book) - book.order_margin[w]
        units = min(units, max(0.0, free) / usd) if usd > 0.0 else 0.0
    return units


def fund_order(i, units, t, b, field, way, tape, rules, book):
    """Bring `units` of its settlement asset to the sub-account of instrument i, as far as the main account can."""
    v, a = rules.venue[i], rules.pays[i]
    amount = min(units, spare_units(v, a, t, b, field, way, tape, rules, book))
    if amount > 0.0:
        shift(v, rules.wallet[i], a, amount, rules, book)


def gather(v, a, units, t, b, field, way, tape, rules, book):
    """Bring asset a to the main account of venue v, up to `units` there, from sub-accounts that can spare it."""
    for w in range(rules.venues, rules.wallets):
        lacks = units - book.balance[v, a]
        if lacks <= 0.0:
            return
        if rules.wallet_venue[w] == v and book.balance[w, a] > 0.0:
            amount = min(lacks, spare_units(w, a, t, b, field, way, tape, rules, book))
            if amount > 0.0:
                shift(w, v, a, amount, rules, book)


def return_margin(i, rules, book):
    """What is left in the sub-account of instrument i goes back to the main account once nothing is open there."""
    w, v, a = rules.wallet[i], rules.venue[i], rules.pays[i]
    if w >= rules.venues and book.open_positions[w] == 0 and book.balance[w, a] > 0.0:
        shift(w, v, a, book.balance[w, a], rules, book)
