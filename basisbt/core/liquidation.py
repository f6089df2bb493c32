"""Liquidation: when an account no longer shows what its venue demands, and at what price it is closed.

Knows marks, tiers and resting orders that matched inside the bar. Each margin account is tested in two states per
base: all its marks at the bar's high, then all at its low, other bases at their close (MODEL.md section 6.2).
"""

import math

from basisbt.core.books import CANCELLED, LIQUIDATED, LIQUIDATIONS, QUEUED, file_ticket, post, receive
from basisbt.core.execution import fill_order, settle_deal
from basisbt.core.margin import cash, tier_of
from basisbt.core.rules import LIQUIDATION, insurance
from basisbt.core.tape import (
    CLOSE, HIGH, LOW, MARK_CLOSE, MARK_HIGH, MARK_LOW, MARK_OPEN, OPEN,
)  # fmt: skip
from basisbt.core.valuation import split


def bounded(w, t, tape, rules, book):
    """Equity less maintenance if every position met its own worst mark: a state never better than the true worst."""
    room = cash(w, t, tape, rules, book)
    for m in range(rules.member.shape[1]):
        i = rules.member[w, m]
        if i < 0:
            break
        position = book.position[i]
        if position != 0.0:
            usd = tape.usd[t, rules.quote[i]]
            high = tape.prices[MARK_HIGH, t, i]
            worst = high if position < 0.0 else tape.prices[MARK_LOW, t, i]
            notional = abs(position) * high
            k = tier_of(i, notional, rules)
            room += (position * (worst - book.entry[i]) - notional * rules.mmr[i, k] + rules.cum[i, k]) * usd
    return room


def mark_on_way(i, b, field, way, t, tape, rules):
    """Mark of instrument i when base b has gone the fraction `way` from its open to `field`; others at close."""
    if rules.base[i] != b:
        return tape.prices[MARK_CLOSE, t, i]
    start = tape.prices[MARK_OPEN, t, i]
    return start + way * (tape.prices[field, t, i] - start)


def surplus(w, b, field, way, t, tape, rules, book):
    """(equity less maintenance, its slope in `way` within the present tiers), USD."""
    room = cash(w, t, tape, rules, book)
    slope = 0.0
    for m in range(rules.member.shape[1]):
        i = rules.member[w, m]
        if i < 0:
            break
        position = book.position[i]
        if position != 0.0:
            usd = tape.usd[t, rules.quote[i]]
            mark = mark_on_way(i, b, field, way, t, tape, rules)
            notional = abs(position) * mark
            k = tier_of(i, notional, rules)
            room += (position * (mark - book.entry[i]) - notional * rules.mmr[i, k] + rules.cum[i, k]) * usd
            if rules.base[i] == b:
                run = tape.prices[field, t, i] - tape.prices[MARK_OPEN, t, i]
                slope += run * (position - abs(position) * rules.mmr[i, k]) * usd
    return room, slope


def way_to_liquidation(w, b, field, t, tape, rules, book):
    """Fraction of the way from open to extreme at which equity meets maintenance; 0 if already there at the open.

    Equity less maintenance is concave in the way (maintenance is convex), so Newton's steps from the far end come
    down on the crossing from beyond and stop exactly when the tiers no longer change.
    """
    room, _ = surplus(w, b, field, 0.0, t, tape, rules, book)
    if room <= 0.0:
        return 0.0
    way = 1.0
    for _ in range(64):
        room, slope = surplus(w, b, field, way, t, tape, rules, book)
        if slope >= 0.0:
            break
        nearer = min(way, max(0.0, way - room / slope))
        if nearer == way:
            break
        way = nearer
    return way


def threat(w, t, tape, rules, book):
    """(base, field) of the worst state with equity <= maintenance, or (-1, 0)."""
    worst, base, field = math.inf, -1, 0
    if book.open_positions[w] == 0 or bounded(w, t, tape, rules, book) > 0.0:
        return base, field
    for b in range(tape.index.shape[2]):
        for state in (MARK_HIGH, MARK_LOW):
            room, _ = surplus(w, b, state, 1.0, t, tape, rules, book)
            start, _ = surplus(w, b, state, 0.0, t, tape, rules, book)
            room = min(room, start)
            if room <= 0.0 and room < worst:
                worst, base, field = room, b, state
    return base, field


def index_on_way(i, b, field, way, t, tape, rules):
    """USD index of instrument i's base at that moment: as far on its way as the mark; other bases at close."""
    c = rules.base[i]
    if c != b:
        return tape.index[CLOSE, t, c]
    start = tape.index[OPEN, t, c]
    return start + way * (tape.index[HIGH if field == MARK_HIGH else LOW, t, c] - start)


def liquidate(w, b, field, way, t, tape, rules, book):
    """Close every position of wallet w at the account's liquidation price; fee, then the fund covers a deficit."""
    for m in range(rules.member.shape[1]):
        i = rules.member[w, m]
        if i < 0:
            break
        quantity = -book.position[i]
        if quantity != 0.0:
            price = mark_on_way(i, b, field, way, t, tape, rules)
            index = index_on_way(i, b, field, way, t, tape, rules)
            split(i, price, index, tape.usd[t, rules.quote[i]], rules, book)
            settle_deal(i, quantity, price, rules, book)
            fee = abs(quantity) * price * rules.liquidation_fee[i]
            receive(book, rules, LIQUIDATION, i, w, rules.quote[i], -fee, LIQUIDATED)
            file_ticket(book, i, LIQUIDATED, LIQUIDATED, 0, quantity, price, fee, 0.0)
            empty_pairs(i, rules, book)
            book.count[LIQUIDATIONS] += 1
    cover_deficit(w, rules, book)


def empty_pairs(i, rules, book):
    """No pair holds instrument i any more."""
    for p in range(rules.long.size):
        if rules.long[p] == i:
            book.held[p, 0] = 0.0
        if rules.short[p] == i:
            book.held[p, 1] = 0.0


def cover_deficit(w, rules, book):
    """What an account without positions owes beyond its wallet is paid by the insurance fund."""
    v = rules.wallet_venue[w]
    for a in range(rules.cash.size):
        if rules.cash[a] and book.balance[w, a] < 0.0:
            slot = rules.venue.size + v
            post(book, rules, LIQUIDATION, slot, insurance(v, rules), w, a, -book.balance[w, a], LIQUIDATED)


def inside_bar(t, tape, rules, book):
    """Step 6: orders that matched inside the bar, and liquidation, account by account.

    On the way to a liquidation the resting orders between the open and the liquidation price fill first; those
    beyond it are cancelled with the account; those on the other side fill after it.
    """
    for w in range(rules.wallets):
        b, field = threat(w, t, tape, rules, book)
        if b >= 0:
            way = way_to_liquidation(w, b, field, t, tape, rules, book)
            fill_before(w, b, field, way, t, tape, rules, book)
            b, field = threat(w, t, tape, rules, book)
        if b >= 0:
            way = way_to_liquidation(w, b, field, t, tape, rules, book)
            liquidate(w, b, field, way, t, tape, rules, book)
            cancel_beyond(w, b, field, t, tape, rules, book)
        if fill_rest(w, t, tape, rules, book):
            b, field = threat(w, t, tape, rules, book)
            if b >= 0:
                way = way_to_liquidation(w, b, field, t, tape, rules, book)
                liquidate(w, b, field, way, t, tape, rules, book)


def adverse(k, b, field, t, tape, rules, book):
    """Whether order k lies between the open and the extreme that threatens base b."""
    i = book.queue_instrument[k]
    if rules.base[i] != b:
        return False
    start = tape.prices[OPEN, t, i]
    return book.queue_price[k] > start if field == MARK_HIGH else book.queue_price[k] < start


def fill_before(w, b, field, way, t, tape, rules, book):
    """Fill the orders of wallet w that the price meets before the liquidation price."""
    for k in range(book.count[QUEUED]):
        i = book.queue_instrument[k]
        if book.queue_done[k] or rules.wallet[i] != w or not adverse(k, b, field, t, tape, rules, book):
            continue
        limit = mark_on_way(i, b, field, way, t, tape, rules)
        price = book.queue_price[k]
        if price <= limit if field == MARK_HIGH else price >= limit:
            fill_order(k, t, tape, rules, book)


def cancel_beyond(w, b, field, t, tape, rules, book):
    """Orders that the price would have met only after the account was closed."""
    for k in range(book.count[QUEUED]):
        i = book.queue_instrument[k]
        if not book.queue_done[k] and rules.wallet[i] == w and adverse(k, b, field, t, tape, rules, book):
            book.queue_done[k] = True
            order, quantity, price = book.queue_order[k], book.queue_quantity[k], book.queue_price[k]
            file_ticket(book, i, CANCELLED, LIQUIDATED, order, quantity, price, 0.0, 0.0)


def fill_rest(w, t, tape, rules, book):
    """Fill what is left of wallet w's orders inside the bar, in the order they were given; True if any was there."""
    found = False
    for k in range(book.count[QUEUED]):
        if not book.queue_done[k] and rules.wallet[book.queue_instrument[k]] == w:
            fill_order(k, t, tape, rules, book)
            found = True
    return found
