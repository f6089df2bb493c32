"""Custody: money between venues, venues that stop letting it go, and venues that stop for good.

Knows withdrawals, what is under way, freezes, defaults and claims. Knows no price beyond what margin and claims need.
A withdrawal leaves its wallet at once, is pending until its delay has passed, and then settles at its target;
or it is voided and comes back. Beyond what is withdrawable, below the minimum or frozen: refused whole.
A default turns what is at the venue into one dollar claim, netted, at the index (MODEL.md section 7.2).
"""

import math

from basisbt.core.accounts import shift, spare_units
from basisbt.core.books import (
    BELOW_MINIMUM, BEYOND_FREE, DEPOSITS_SHUT, FILLED, FLIGHTS, FROZEN, MOVES, NO_ROUTE,
    OVER_CUSTODY, PENDING, REFUSALS, TRANSFERS, VENUE_GONE, file_ticket, kept_row, post,
)  # fmt: skip
from basisbt.core.margin import available
from basisbt.core.rules import (
    TRANSFER, TRANSFER_FEE, in_transit, outside,
)  # fmt: skip
from basisbt.core.tape import MARK_OPEN, NO_DEPOSITS, NO_INSIDE, OPEN


def recall_transfers(v, rules, book):
    """Of a venue that stops: what it sent and has not settled is its own again, what was sent to it goes back to its
    source less the fee."""
    for k in range(FLIGHTS):
        source, amount = book.flight_source[k], book.flight_amount[k]
        if amount > 0.0 and (source == v or book.flight_target[k] == v):
            a = rules.settle[source]
            slot = rules.venue.size + source
            fee = 0.0 if source == v else rules.transfer_fee[source, a]
            if fee > 0.0:
                post(book, rules, TRANSFER_FEE, slot, in_transit(source, rules), outside(TRANSFER_FEE, rules), a, fee)
            post(book, rules, TRANSFER, slot, in_transit(source, rules), source, a, amount - fee, VENUE_GONE)
            book.flight_amount[k] = 0.0
            book.count[PENDING] -= 1


def void_pending(v, rules, book):
    """Every withdrawal of venue v that has not settled comes back whole."""
    a = rules.settle[v]
    for k in range(FLIGHTS):
        if book.flight_amount[k] > 0.0 and book.flight_source[k] == v:
            post(book, rules, TRANSFER, rules.venue.size + v, in_transit(v, rules), v, a, book.flight_amount[k], FROZEN)
            book.flight_amount[k] = 0.0
            book.count[PENDING] -= 1


def settle_transfers(t, tape, rules, book):
    """Step 4: what is due arrives, less its fee; a frozen source holds its pending withdrawals back."""
    for k in range(FLIGHTS):
        if book.flight_amount[k] > 0.0 and book.flight_due[k] <= tape.time[t]:
            v, to = book.flight_source[k], book.flight_target[k]
            if tape.frozen[v] > 0 or tape.switch[NO_DEPOSITS, to] > 0:
                continue
            a = rules.settle[v]
            amount, fee = book.flight_amount[k], rules.transfer_fee[v, a]
            slot = rules.venue.size + v
            if fee > 0.0:
                post(book, rules, TRANSFER_FEE, slot, in_transit(v, rules), outside(TRANSFER_FEE, rules), a, fee)
            post(book, rules, TRANSFER, slot, in_transit(v, rules), to, a, amount - fee)
            book.flight_amount[k] = 0.0
            book.count[PENDING] -= 1


def withdrawal_refusal(v, to, amount, t, tape, rules, book):
    """FILLED if venue v lets `amount` go to venue `to` now, else the code of the reason."""
    a = rules.settle[v]
    if v >= rules.venues or to < 0 or to >= rules.venues or to == v or rules.settle[to] != a or tape.usd[a] <= 0.0:
        return NO_ROUTE
    if tape.defaulted[v] or tape.defaulted[to]:
        return VENUE_GONE
    if tape.frozen[v] > 0:
        return FROZEN
    if tape.switch[NO_DEPOSITS, to] > 0:
        return DEPOSITS_SHUT
    if amount < rules.transfer_minimum[v, a] or amount <= rules.transfer_fee[v, a]:
        return BELOW_MINIMUM
    if rules.most_custody != math.inf and not custody_allows(to, amount * tape.usd[a], t, rules, book):
        return OVER_CUSTODY
    spare = available(v, t, -1, MARK_OPEN, 1.0, tape, rules, book) - book.order_margin[v]
    free = min(spare / tape.usd[a], book.balance[v, a])
    return FILLED if amount <= free else BEYOND_FREE


def custody_allows(to, worth, t, rules, book):
    """Whether venue `to` may hold USD `worth` more of us: its share of our equity, as of the last close."""
    if t == 0:
        return True
    coming = worth
    for k in range(FLIGHTS):
        if book.flight_amount[k] > 0.0 and book.flight_target[k] == to:
            coming += book.flight_amount[k] * book.usd[rules.settle[book.flight_source[k]]]
    return book.custody[to] + coming <= rules.most_custody * book.equity[kept_row(t - 1, book), 0]


def move_inside(w, to, amount, t, tape, rules, book):
    """Between two accounts of one venue, at once and free; beyond what the source can spare: refused whole."""
    v, a = rules.wallet_venue[w], rules.settle[w if w >= rules.venues else to]
    usd = tape.usd[a] if rules.cash[a] else tape.index[OPEN, rules.asset_base[a]]
    if tape.defaulted[v]:
        return VENUE_GONE
    if usd <= 0.0 or w == to:
        return NO_ROUTE
    if tape.switch[NO_INSIDE, v] > 0:
        return FROZEN
    if amount > spare_units(w, a, t, -1, MARK_OPEN, 1.0, tape, rules, book):
        return BEYOND_FREE
    shift(w, to, a, amount, rules, book)
    return FILLED


def send_withdrawals(t, tape, rules, book):
    """Step 5, after the fills: the withdrawals decided at the last close."""
    for m in range(book.count[MOVES]):
        v, to, amount = book.move_source[m], book.move_target[m], book.move_amount[m]
        if 0 <= to and to < rules.wallets and rules.wallet_venue[v] == rules.wallet_venue[to]:
            inside = move_inside(v, to, amount, t, tape, rules, book)
            if inside != FILLED:
                note_refusal(rules.wallet_venue[v], inside, amount, rules, book)
            continue
        outcome = withdrawal_refusal(v, to, amount, t, tape, rules, book)
        k = free_flight(book)
        if outcome == FILLED and k < 0:
            outcome = NO_ROUTE
        book.refusal[rules.wallet_venue[v]] = outcome
        if outcome == FILLED:
            a = rules.settle[v]
            post(book, rules, TRANSFER, rules.venue.size + v, v, in_transit(v, rules), a, amount)
            book.flight_amount[k] = amount
            book.flight_due[k] = tape.time[t] + rules.delay[v]
            book.flight_source[k] = v
            book.flight_target[k] = to
            book.count[TRANSFERS] += 1
            book.count[PENDING] += 1
        else:
            note_refusal(rules.wallet_venue[v], outcome, amount, rules, book)
    book.count[MOVES] = 0


def free_flight(book):
    """A free slot for a transfer, -1 if 64 are under way."""
    for k in range(FLIGHTS):
        if book.flight_amount[k] == 0.0:
            return k
    return -1


def note_refusal(v, outcome, amount, rules, book):
    """A refused withdrawal is counted and kept as a ticket: slot I + venue, the amount asked for, the code."""
    book.count[REFUSALS] += 1
    file_ticket(book, rules.venue.size + v, outcome, 0, 0, amount, 0.0, 0.0, 0.0)
