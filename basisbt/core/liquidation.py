"""Liquidation: when an account no longer shows what its venue demands, and at what price it is closed.

Knows marks, tiers and resting orders that matched inside the bar. Each margin account is tested in two states per
base: all its marks at the bar's high, then all at its low, other bases at their close (MODEL.md section 6.2).
"""

import math

from basisbt.core.books import CANCELLED, LIQUIDATED, QUEUED, file_ticket
from basisbt.core.closing import close_out
from basisbt.core.contracts import gain
from basisbt.core.contracts import notional as value_of
from basisbt.core.execution import fill_order
from basisbt.core.margin import borrowed, collateral, maintained, maintenance_margin, surplus
from basisbt.core.queue import side_of, way_of
from basisbt.core.tape import HIGH, LOW, MARK_CLOSE, MARK_HIGH, MARK_LOW, OPEN, SPARED


def bounded(w, t, tape, rules, book):
    """Equity less maintenance if every position met its own worst mark: a state never better than the true worst."""
    room = collateral(w, -1, MARK_LOW, 1.0, tape, rules, book)
    if rules.coin_margin[w]:
        room = min(room, collateral(w, -1, MARK_HIGH, 1.0, tape, rules, book))
    for m in range(rules.member.shape[1]):
        i = rules.member[w, m]
        if i < 0:
            break
        position = book.position[i]
        if position != 0.0:
            high, low = tape.prices[MARK_HIGH, i], tape.prices[MARK_LOW, i]
            most = maintained(i, position, low if rules.inverse[i] else high, rules, book)
            worst = high if position < 0.0 else low
            result = gain(i, position, book.entry[i], worst, rules) - maintenance_margin(i, most, rules)
            result -= value_of(i, position, low if rules.inverse[i] else high, rules) * rules.closing[i]
            usd = tape.usd[rules.quote[i]]
            if rules.inverse[i]:
                usd = tape.index[HIGH if result < 0.0 else LOW, rules.base[i]]
            room += result * usd
    if w < rules.venues and rules.loan_maintenance[w] > 0.0:
        room -= borrowed(w, -1, MARK_HIGH, 1.0, tape, rules, book) * rules.loan_maintenance[w]
    return room


def way_to_liquidation(w, b, field, start, t, tape, rules, book):
    """Fraction of the way from open to extreme at which equity meets maintenance, not before `start`.

    Equity less maintenance of linear positions is concave in the way (maintenance is convex), so Newton's steps from
    the far end come down on the crossing from beyond and stop exactly when the tiers no longer change. Coins bend it a
    little the other way: there a step may also go back towards the crossing.
    """
    room, _ = surplus(w, b, field, start, t, tape, rules, book)
    if room <= 0.0:
        return start
    way = 1.0
    for _ in range(64):
        room, slope = surplus(w, b, field, way, t, tape, rules, book)
        if slope >= 0.0:
            break
        most = 1.0 if rules.coin_margin[w] else way
        nearer = min(most, max(start, way - room / slope))
        if nearer == way:
            break
        way = nearer
    return way


def in_danger(w, b, field, start, t, tape, rules, book):
    """Equity less maintenance at its worst between `start` and the extreme: at an end, being concave between."""
    near, _ = surplus(w, b, field, start, t, tape, rules, book)
    far, _ = surplus(w, b, field, 1.0, t, tape, rules, book)
    return min(near, far)


def spared(w, tape, rules):
    """Whether nobody liquidates account w now: its venue is down as a whole."""
    return tape.switch[SPARED, rules.wallet_venue[w]] > 0


def threat(w, walked, t, tape, rules, book):
    """(base, field) of the worst state with equity <= maintenance, or (-1, 0).

    walked: bits of the bases whose danger an order has averted already; their way is not gone twice.
    """
    worst, base, field = math.inf, -1, 0
    if book.open_positions[w] == 0 or spared(w, tape, rules) or bounded(w, t, tape, rules, book) > 0.0:
        return base, field
    for b in range(tape.index.shape[1]):
        if walked & (1 << b) != 0:
            continue
        for state in (MARK_HIGH, MARK_LOW):
            room = in_danger(w, b, state, 0.0, t, tape, rules, book)
            if room <= 0.0 and room < worst:
                worst, base, field = room, b, state
    return base, field


def inside_bar(t, tape, rules, book):
    """Step 6: orders that matched inside the bar, and liquidation, account by account."""
    for w in range(rules.wallets):
        if book.count[QUEUED] > 0 or (book.open_positions[w] > 0 and bounded(w, t, tape, rules, book) <= 0.0):
            inside_account(w, t, tape, rules, book)


def inside_account(w, t, tape, rules, book):
    """Step 6 for one account that has orders or may be in danger."""
    walked = 0
    b, field = threat(w, walked, t, tape, rules, book)
    while b >= 0:
        walked |= 1 << b
        averted = walk_to_liquidation(w, b, field, t, tape, rules, book)
        b = -1
        if averted:
            b, field = threat(w, walked, t, tape, rules, book)
    if book.count[QUEUED] > 0:
        fill_rest(w, t, tape, rules, book)


def walk_to_liquidation(w, b, field, t, tape, rules, book):
    """Go from the open towards the extreme that threatens wallet w.

    Resting orders between the open and the liquidation price fill first, nearest first, and may avert it (True); so may
    a venue that liquidates step by step. What lies beyond is cancelled with the account. The walk never goes back: an
    account that an order dooms dies after it.
    """
    way = 0.0
    while True:
        end = way_to_liquidation(w, b, field, way, t, tape, rules, book)
        k = next_on_way(w, b, field, end, t, tape, rules, book)
        if k >= 0:
            way = max(way, way_of(book.queue_instrument[k], t, book.queue_price[k], tape))
            fill_order(k, t, tape, rules, book)
        elif close_out(w, b, field, end, t, tape, rules, book):
            cancel_beyond(w, b, field, t, tape, rules, book)
            return False
        else:
            way = end
        if book.open_positions[w] == 0 or in_danger(w, b, field, way, t, tape, rules, book) > 0.0:
            return True


def adverse(k, w, b, field, t, tape, rules, book):
    """Whether order k of wallet w waits between the open and the extreme that threatens base b."""
    i = book.queue_instrument[k]
    if book.queue_done[k] or book.queue_rest[k] or rules.wallet[i] != w or rules.base[i] != b:
        return False
    start, price = tape.prices[OPEN, i], book.queue_price[k]
    return price > start if field == MARK_HIGH else price < start


def next_on_way(w, b, field, end, t, tape, rules, book):
    """The waiting order that is met first before `end`, -1 for none; of equals the one given first."""
    found, nearest = -1, end
    for k in range(book.count[QUEUED]):
        if adverse(k, w, b, field, t, tape, rules, book):
            way = way_of(book.queue_instrument[k], t, book.queue_price[k], tape)
            if way < nearest or (found < 0 and way == nearest):
                found, nearest = k, way
    return found


def cancel_beyond(w, b, field, t, tape, rules, book):
    """Orders that the price would have met only after the account was closed."""
    for k in range(book.count[QUEUED]):
        if adverse(k, w, b, field, t, tape, rules, book):
            book.queue_done[k] = True
            i, order = book.queue_instrument[k], book.queue_order[k]
            quantity, price = book.queue_quantity[k], book.queue_price[k]
            file_ticket(book, i, CANCELLED, LIQUIDATED, order, quantity, price, 0.0, 0.0)


def fill_rest(w, t, tape, rules, book):
    """Fill what is left of wallet w's orders inside the bar, in the order they were given.

    After each the account is tested on the rest of that way, and at the end at the close: a position opened inside
    the bar is not tried by what the bar did before.
    """
    filled = False
    for k in range(book.count[QUEUED]):
        i = book.queue_instrument[k]
        if book.queue_done[k] or book.queue_rest[k] or rules.wallet[i] != w:
            continue
        price, b = book.queue_price[k], rules.base[i]
        if not fill_order(k, t, tape, rules, book) or book.open_positions[w] == 0:
            continue
        filled = True
        field, way = side_of(i, t, price, tape), way_of(i, t, price, tape)
        if not spared(w, tape, rules) and in_danger(w, b, field, way, t, tape, rules, book) <= 0.0:
            end = way_to_liquidation(w, b, field, way, t, tape, rules, book)
            if close_out(w, b, field, end, t, tape, rules, book):
                cancel_beyond(w, b, field, t, tape, rules, book)
    if filled and book.open_positions[w] > 0 and not spared(w, tape, rules):
        for b in range(tape.index.shape[1]):
            room, _ = surplus(w, b, MARK_CLOSE, 1.0, t, tape, rules, book)
            if room <= 0.0 and book.open_positions[w] > 0:
                close_out(w, b, MARK_CLOSE, 1.0, t, tape, rules, book)
