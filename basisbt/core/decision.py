"""Decisions: what a strategy wants, turned into orders and withdrawals.

Knows targets and what is held. Knows neither why something is wanted nor whether it can be had (execution.py,
custody.py). Both drivers call `obey`, so a target means the same on either. Silence means: as it is.
"""

import math
from typing import NamedTuple

import numpy as np

from basisbt.core.books import BAD_MOVE, BAD_TARGET, ERROR, FLIGHTS, MOVES, QUEUED, RUINED, TOO_MANY
from basisbt.core.queue import queue_order
from basisbt.core.sizing import growth, too_small, whole
from basisbt.core.tape import CLOSE

HOLD, LEGS = 1, 2


class Want(NamedTuple):
    """A strategy's wishes at one close; cleared before each. P pairs."""

    asked: np.ndarray  # [P] int64, 0 silence, HOLD a notional, LEGS two quantities
    notional: np.ndarray  # [P] USD of the long leg; the short leg gets the same base quantity
    long_units: np.ndarray  # [P] base units, signed
    short_units: np.ndarray  # [P] base units, signed (a short is negative)
    reason: np.ndarray  # [P] int64, a strategy's own code, kept in the journal
    move_source: np.ndarray  # [FLIGHTS] int64 account: a venue's number is its main account, then come sub-accounts
    move_target: np.ndarray  # [FLIGHTS] int64 account
    move_amount: np.ndarray  # [FLIGHTS] units of the source's settlement asset
    moves: np.ndarray  # [1] int64


def make_want(pairs):
    """No wish at all."""
    n = np.int64
    return Want(
        np.zeros(pairs, n), np.zeros(pairs), np.zeros(pairs), np.zeros(pairs), np.zeros(pairs, n),
        np.zeros(FLIGHTS, n), np.zeros(FLIGHTS, n), np.zeros(FLIGHTS), np.zeros(1, n),
    )  # fmt: skip


def clear(want):
    """Forget the last wishes."""
    for p in range(want.asked.size):
        want.asked[p] = 0
        want.reason[p] = 0
    want.moves[0] = 0


def obey(t, want, tape, rules, book):
    """Queue what was wanted at the close of bar t: orders for the next open, then withdrawals."""
    if book.count[RUINED] != 0:
        return
    for p in range(want.asked.size):
        if want.asked[p] != 0:
            order_pair(t, p, want, tape, rules, book)
    for m in range(want.moves[0]):
        amount, source, target = want.move_amount[m], want.move_source[m], want.move_target[m]
        inside = 0 <= source and source < rules.wallets and 0 <= target and target < rules.wallets
        if not inside or not math.isfinite(amount):
            book.count[ERROR] = BAD_MOVE
        elif amount > 0.0:
            queue_move(source, target, amount, book)


def queue_move(source, target, amount, book):
    """Ask for a withdrawal at the next open; more than can be under way stop the run."""
    n = book.count[MOVES]
    if n >= FLIGHTS:
        book.count[ERROR] = TOO_MANY
        return
    book.move_source[n] = source
    book.move_target[n] = target
    book.move_amount[n] = amount
    book.count[MOVES] = n + 1


def order_pair(t, p, want, tape, rules, book):
    """Orders for both legs of pair p, from what they hold to what is wanted."""
    i = rules.long[p]
    if want.asked[p] == HOLD:
        price = tape.prices[CLOSE, i] * tape.usd[rules.quote[i]]
        long_units = want.notional[p] / price
        short_units = -long_units
    else:
        long_units, short_units = want.long_units[p], want.short_units[p]
    if not (math.isfinite(long_units) and math.isfinite(short_units)):
        book.count[ERROR] = BAD_TARGET
        return
    if want.asked[p] == HOLD and long_units != 0.0:
        size_together(t, p, long_units, want.reason[p], tape, rules, book)
        return
    if rules.backing[p] > 0.0 and abs(short_units) < abs(book.held[p, 1]):  # what it pays is part of the long leg
        order_leg(p, 1, short_units - book.held[p, 1], short_units, want.reason[p], rules, book)
        order_leg(p, 0, long_units - book.held[p, 0], long_units, want.reason[p], rules, book)
        return
    order_leg(p, 0, long_units - book.held[p, 0], long_units, want.reason[p], rules, book)
    order_leg(p, 1, short_units - book.held[p, 1], short_units, want.reason[p], rules, book)


def size_together(t, p, units, reason, tape, rules, book):
    """Both legs go to one size, in whole lots of both: as near to `units` as both can carry, or no order at all.

    Where a purchase is charged in the coin, the hedge follows what is received.
    """
    i, j = rules.long[p], rules.short[p]
    more = units - book.held[p, 0]
    grows = more > 0.0
    more = growth(p, more, t, tape, rules, book) if grows else whole(more, rules.unit[p])
    long_units = book.held[p, 0] + more
    if grows and rules.fee_in_base[i]:
        long_units -= more * rules.taker[i]
    less = -long_units - book.held[p, 1]
    less = less if rules.inverse[j] else whole(less, rules.lot[j])
    long_price, short_price = tape.prices[CLOSE, i], tape.prices[CLOSE, j]
    if grows and (
        too_small(i, more * long_price if rules.inverse[i] else more, long_price, rules)
        or too_small(j, less * short_price if rules.inverse[j] else less, short_price, rules)
    ):
        return
    if rules.backing[p] > 0.0 and not grows:
        order_leg(p, 1, less, long_units, reason, rules, book)
        order_leg(p, 0, more, long_units, reason, rules, book)
        return
    order_leg(p, 0, more, long_units, reason, rules, book)
    order_leg(p, 1, less, long_units, reason, rules, book)


def order_leg(p, leg, quantity, target, reason, rules, book):
    """One market order on a leg of pair p; what is left of an earlier one goes, rounding dust orders nothing."""
    for k in range(book.count[QUEUED]):
        if book.queue_pair[k] == p and book.queue_leg[k] == leg:
            book.queue_done[k] = True
    if abs(quantity) > 1e-12 * max(abs(target), abs(book.held[p, leg])):
        i = rules.short[p] if leg == 1 else rules.long[p]
        queue_order(book, i, quantity, 0.0, False, 0.0, p, leg, reason, 0)
