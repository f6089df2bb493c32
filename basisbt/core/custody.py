"""Custody: money between venues, and venues that stop letting it go.

Knows withdrawals, what is under way, and freezes. Knows no price beyond what margin needs.
A withdrawal leaves its wallet at once, is pending until its delay has passed, and then settles at its target;
or it is voided and comes back. Beyond what is withdrawable, below the minimum or frozen: refused whole.
"""

from basisbt.core.books import (
    BELOW_MINIMUM, BEYOND_FREE, FILLED, FLIGHTS, FROZEN, MOVES, NO_ROUTE, PENDING, REFUSAL_MARK, REFUSALS, TRANSFERS,
    file_ticket, post, stamp,
)  # fmt: skip
from basisbt.core.margin import available
from basisbt.core.rules import TRANSFER, TRANSFER_FEE, in_transit, outside
from basisbt.core.tape import FREEZE_VOIDED, MARK_OPEN, THAW


def apply_events(t, overlay, tape, rules, book):
    """Step 1: what begins and ends at this instant, ends first (the overlay is sorted so)."""
    while tape.cursor[0] < overlay.event_bar.size and overlay.event_bar[tape.cursor[0]] <= t:
        k = tape.cursor[0]
        v = overlay.event_who[k]
        if overlay.event_kind[k] == THAW:
            tape.frozen[v] -= 1
        else:
            tape.frozen[v] += 1
            if overlay.event_kind[k] == FREEZE_VOIDED:
                void_pending(v, rules, book)
        stamp(book, (REFUSAL_MARK * 64 + overlay.event_kind[k]) * 1024 + v, float(t))
        tape.cursor[0] = k + 1


def void_pending(v, rules, book):
    """Every withdrawal of venue v that has not settled comes back whole."""
    a = rules.settle[v]
    for k in range(FLIGHTS):
        if book.flight_amount[k] > 0.0 and book.flight_source[k] == v:
            post(book, rules, TRANSFER, rules.venue.size + v, in_transit(v, rules), wallet_of(v, rules), a,
                 book.flight_amount[k], FROZEN)  # fmt: skip
            book.flight_amount[k] = 0.0
            book.count[PENDING] -= 1


def wallet_of(v, rules):
    """The wallet that withdrawals of venue v leave from."""
    for w in range(rules.wallets):
        if rules.wallet_venue[w] == v:
            return w
    return -1


def settle_transfers(t, tape, rules, book):
    """Step 4: what is due arrives, less its fee; a frozen source holds its pending withdrawals back."""
    for k in range(FLIGHTS):
        if book.flight_amount[k] > 0.0 and book.flight_due[k] <= tape.time[t]:
            v, to = book.flight_source[k], book.flight_target[k]
            if tape.frozen[v] > 0:
                continue
            a = rules.settle[v]
            amount, fee = book.flight_amount[k], rules.transfer_fee[v, a]
            slot = rules.venue.size + v
            if fee > 0.0:
                post(book, rules, TRANSFER_FEE, slot, in_transit(v, rules), outside(TRANSFER_FEE, rules), a, fee)
            post(book, rules, TRANSFER, slot, in_transit(v, rules), wallet_of(to, rules), a, amount - fee)
            book.flight_amount[k] = 0.0
            book.count[PENDING] -= 1


def withdrawal_refusal(v, to, amount, t, tape, rules, book):
    """FILLED if venue v lets `amount` go to venue `to` now, else the code of the reason."""
    a = rules.settle[v]
    w = wallet_of(v, rules)
    if to < 0 or to >= rules.venues or to == v or rules.settle[to] != a or tape.usd[t, a] <= 0.0:
        return NO_ROUTE
    if tape.frozen[v] > 0:
        return FROZEN
    if amount < rules.transfer_minimum[v, a] or amount <= rules.transfer_fee[v, a]:
        return BELOW_MINIMUM
    spare = available(w, t, -1, MARK_OPEN, 1.0, tape, rules, book) - book.order_margin[w]
    free = min(spare / tape.usd[t, a], book.balance[w, a])
    return FILLED if amount <= free else BEYOND_FREE


def send_withdrawals(t, tape, rules, book):
    """Step 5, after the fills: the withdrawals decided at the last close."""
    for m in range(book.count[MOVES]):
        v, to, amount = book.move_source[m], book.move_target[m], book.move_amount[m]
        outcome = withdrawal_refusal(v, to, amount, t, tape, rules, book)
        k = free_flight(book)
        if outcome == FILLED and k < 0:
            outcome = NO_ROUTE
        book.refusal[v] = outcome
        if outcome == FILLED:
            a = rules.settle[v]
            post(book, rules, TRANSFER, rules.venue.size + v, wallet_of(v, rules), in_transit(v, rules), a, amount)
            book.flight_amount[k] = amount
            book.flight_due[k] = tape.time[t] + rules.delay[v]
            book.flight_source[k] = v
            book.flight_target[k] = to
            book.count[TRANSFERS] += 1
            book.count[PENDING] += 1
        else:
            note_refusal(v, outcome, amount, rules, book)
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
