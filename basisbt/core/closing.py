"""Closing: how a venue takes a position away from an account that no longer shows what it demands.

Knows at what moment of the bar it happens, fees, residuals and tiers. Whether it has to happen is liquidation.py's.
"""

from basisbt.core.accounts import return_margin
from basisbt.core.books import LIQUIDATED, LIQUIDATIONS, QUEUED, file_ticket, post
from basisbt.core.contracts import notional
from basisbt.core.deals import settle_deal
from basisbt.core.loans import convert, cover_deficit
from basisbt.core.margin import demand, margins, mark_on_way, surplus, tier_of
from basisbt.core.queue import index_on_way
from basisbt.core.rules import CONVERSION, LIQUIDATION, PRICE, insurance, loan, outside
from basisbt.core.settlement import pay
from basisbt.core.tape import CLOSE, MARK_CLOSE, OPEN
from basisbt.core.valuation import split

INSIDE = 1e-9  # share of a tier's floor by which a reduced position stays below it


def close_out(w, b, field, way, t, tape, rules, book):
    """Liquidate wallet w as its venue does, whole or tier by tier; False if a part was enough."""
    if rules.partial[rules.wallet_venue[w]]:
        while reduce_tier(w, b, field, way, t, tape, rules, book):
            room, _ = surplus(w, b, field, way, t, tape, rules, book)
            if room > 0.0:
                return False
    liquidate(w, b, field, way, t, tape, rules, book)
    return True


def liquidate(w, b, field, way, t, tape, rules, book):
    """Close every position of wallet w at the account's liquidation price; fee, then the fund covers a deficit."""
    _, _, kept = demand(w, t, b, field, way, tape, rules, book)
    cancel_rests(w, rules, book)
    for m in range(rules.member.shape[1]):
        i = rules.member[w, m]
        if i < 0:
            break
        if book.position[i] != 0.0:
            kept -= reduce_position(i, 0.0, b, field, way, t, tape, rules, book)
    if w < rules.venues:
        buy_back(w, b, field, way, t, tape, rules, book)
    if rules.forfeits[rules.wallet_venue[w]] and kept > 0.0:
        forfeit(w, kept, rules, book)
    cover_deficit(w, rules, book)
    if w >= rules.venues:
        for m in range(rules.member.shape[1]):
            if rules.member[w, m] >= 0:
                return_margin(rules.member[w, m], rules, book)


def reduce_tier(w, b, field, way, t, tape, rules, book):
    """Bring the position of wallet w that is in the highest tier down to the tier below; False if all are in the first.

    What a venue does that liquidates step by step: maintenance falls by more than the fee, as a rule.
    """
    worst, tier = -1, 0
    for m in range(rules.member.shape[1]):
        i = rules.member[w, m]
        if i < 0:
            break
        if book.position[i] != 0.0:
            mark = mark_on_way(i, t, b, field, way, tape, rules)
            k = tier_of(i, notional(i, book.position[i], mark, rules), rules)
            if k > tier:
                worst, tier = i, k
    if worst < 0:
        return False
    mark = mark_on_way(worst, t, b, field, way, tape, rules)
    share = rules.floor[worst, tier] * (1.0 - INSIDE) / notional(worst, book.position[worst], mark, rules)
    reduce_position(worst, book.position[worst] * share, b, field, way, t, tape, rules, book)
    return True


def reduce_position(i, left, b, field, way, t, tape, rules, book):
    """Close instrument i down to `left` at its mark, as its venue does; returns the USD of the fee."""
    quantity = left - book.position[i]
    price = mark_on_way(i, t, b, field, way, tape, rules)
    index = index_there(rules.base[i], b, field, way, t, tape)
    share = left / book.position[i]
    split(i, price, index, tape.usd[rules.quote[i]], rules, book)
    settle_deal(i, quantity, price, index, rules, book)
    fee = notional(i, quantity, price, rules) * rules.liquidation_fee[i]
    pay(i, LIQUIDATION, -fee, index, rules, book, LIQUIDATED)
    file_ticket(book, i, LIQUIDATED, LIQUIDATED, 0, quantity, price, fee, 0.0)
    scale_pairs(i, share, rules, book)
    book.count[LIQUIDATIONS] += 1
    return fee * (index if rules.inverse[i] else tape.usd[rules.quote[i]])


def index_there(c, b, field, way, t, tape):
    """USD index of base c at the moment at which base b is liquidated."""
    if c == b and field != MARK_CLOSE:
        return index_on_way(t, c, field, way, tape)
    return tape.index[CLOSE, c]


def buy_back(w, b, field, way, t, tape, rules, book):
    """Coins that main account w owes are bought back at the index, with the fee of a liquidation."""
    for a in range(rules.cash.size):
        owed = -book.balance[loan(w, rules), a]
        s = rules.spot_of[w, a]
        if rules.lends[w, a] and owed > 0.0 and s >= 0:
            usd = tape.usd[rules.quote[s]]
            index = index_there(rules.base[s], b, field, way, t, tape)
            price = index / usd if usd > 0.0 else tape.prices[OPEN, s]
            split(s, price, index, usd, rules, book)
            settle_deal(s, owed, price, index, rules, book)
            fee = owed * price * rules.liquidation_fee[s]
            pay(s, LIQUIDATION, -fee, index, rules, book, LIQUIDATED)
            file_ticket(book, s, LIQUIDATED, LIQUIDATED, 0, owed, price, fee, 0.0)
            empty_pairs(s, rules, book)
            book.count[LIQUIDATIONS] += 1


def forfeit(w, most, rules, book):
    """What is left of the margin of a liquidated account goes to the fund, up to USD `most`."""
    v = rules.wallet_venue[w]
    for a in range(rules.cash.size):
        money = book.balance[w, a]
        if money > 0.0 and book.usd[a] > 0.0 and margins(w, a, rules) and most > 0.0:
            worth = min(most, money * book.usd[a])
            if not rules.cash[a]:
                convert(w, a, worth, -1.0, rules, book)
                post(book, rules, CONVERSION, rules.venue.size + v, outside(PRICE, rules), w, rules.settle[v],
                     worth / book.usd[rules.settle[v]])  # fmt: skip
            asset = a if rules.cash[a] else rules.settle[v]
            post(book, rules, LIQUIDATION, rules.venue.size + v, w, insurance(v, rules), asset,
                 worth / book.usd[asset], LIQUIDATED)  # fmt: skip
            book.fund[v] += worth
            most -= worth


def cancel_rests(w, rules, book):
    """Orders of wallet w that were filled in part are not filled further."""
    for k in range(book.count[QUEUED]):
        if book.queue_rest[k] and rules.wallet[book.queue_instrument[k]] == w:
            book.queue_done[k] = True


def scale_pairs(i, share, rules, book):
    """Every pair keeps this share of what it held of instrument i."""
    for p in range(rules.long.size):
        if rules.long[p] == i:
            book.held[p, 0] *= share
        if rules.short[p] == i:
            book.held[p, 1] *= share


def empty_pairs(i, rules, book):
    """No pair holds instrument i any more."""
    for p in range(rules.long.size):
        if rules.long[p] == i:
            book.held[p, 0] = 0.0
        if rules.short[p] == i:
            book.held[p, 1] = 0.0
