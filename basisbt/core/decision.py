"""Decisions: what a strategy wants, turned into orders and withdrawals.

Knows targets and what is held. Knows neither why something is wanted nor whether it can be had (execution.py,
custody.py). Both drivers call `obey`, so a target means the same on either. Silence means: as it is.
"""

import math
from typing import NamedTuple

import numpy as np

from basisbt.core.books import BAD_MOVE, BAD_TARGET, ERROR, FLIGHTS, MOVES, RUINED, TOO_MANY
from basisbt.core.execution import queue_order
from basisbt.core.tape import CLOSE

HOLD, LEGS = 1, 2


class Want(NamedTuple):
    """A strategy's wishes at one close; cleared before each. P pairs."""

    asked: np.ndarray  # [P] int64, 0 silence, HOLD a notional, LEGS two quantities
    notional: np.ndarray  # [P] USD of the long leg; the short leg gets the same base quantity
    long_units: np.ndarray  # [P] base units, signed
    short_units: np.ndarray  # [P] base units, signed (a short is negative)
    reason: np.ndarray  # [P] int64, a strategy's own code, kept in the journal
    move_source: np.ndarray  # [FLIGHTS] int64 venue
    move_target: np.ndarray  # [FLIGHTS] int64 venue
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
        inside = 0 <= source and source < rules.venues and 0 <= target and target < rules.venues
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
    i, j = rules.long[p], rules.short[p]
    if want.asked[p] == HOLD:
        price = tape.prices[CLOSE, i] * tape.usd[rules.quote[i]]
        long_units = want.notional[p] / price
        short_units = -long_units
    else:
        long_units, short_units = want.long_units[p], want.short_units[p]
    if not (math.isfinite(long_units) and math.isfinite(short_units)):
        book.count[ERROR] = BAD_TARGET
        return
    if rules.backing[p] > 0.0 and abs(short_units) < abs(book.held[p, 1]):  # what it pays is part of the long leg
        order_leg(p, 1, j, short_units, want.reason[p], book)
        order_leg(p, 0, i, long_units, want.reason[p], book)
        return
    order_leg(p, 0, i, long_units, want.reason[p], book)
    order_leg(p, 1, j, short_units, want.reason[p], book)


def order_leg(p, leg, i, target, reason, book):
    """One market order from what is held to what is wanted; rounding dust orders nothing."""
    quantity = target - book.held[p, leg]
    if abs(quantity) > 1e-12 * max(abs(target), abs(book.held[p, leg])):
        queue_order(book, i, quantity, 0.0, False, 0.0, p, leg, reason, 0)
