"""The books: balances, positions, and `post`, the only line in the program that changes a balance.

Knows accounts and amounts; knows neither prices nor why money moves. A posting moves an amount >= 0 of one
asset from one account to another, so every asset balances by construction, and the journal, replayed, gives
every balance. The digest mixes every posting, fill and refusal: two runs with equal digests did the same.
"""

from typing import NamedTuple

import numpy as np

from basisbt.core.rules import FUNDING, LINES, accounts, ours, outside

# Columns of `book.count`.
POSTINGS, QUEUED, TICKETS, MOVES, LIQUIDATIONS, FILLS, REFUSALS = range(7)
ERROR, RUINED, TRANSFERS, PENDING, DEFAULTS, CLAIMS = range(7, 13)
COUNTERS = 13
# Codes of `book.count[ERROR]`: the run must stop.
BAD_TARGET, BAD_MOVE, TOO_MANY, JOURNAL_FULL, BAD_PRICE = 1, 2, 3, 4, 5
# Outcomes of an order or a withdrawal.
FILLED, NO_BAR, NO_CASH, NO_MARGIN, NO_COIN, BEYOND_TIERS, CANCELLED, LIQUIDATED = range(8)
FROZEN, BEYOND_FREE, BELOW_MINIMUM, NO_ROUTE, VENUE_GONE, DEFAULTED, SETTLED, EXPIRED = range(8, 16)
BELOW_LOT, TOO_SMALL, NO_VOLUME, OVER_CUSTODY, OVER_LEVERAGE, INTERNAL, ROLLED, DELEVERAGED = range(16, 24)
OUTAGE, HALTED, PRICE_LIMIT, CLOSING, DEPOSITS_SHUT = range(24, 29)
OUTCOME_NAMES = (
    "filled", "no_bar", "not_enough_cash", "not_enough_margin", "not_enough_coin", "beyond_last_tier", "cancelled",
    "liquidation", "withdrawals_frozen", "beyond_withdrawable", "below_minimum", "no_route", "venue_defaulted",
    "default", "settled", "expired", "below_one_lot", "below_minimum_notional", "no_volume", "custody_limit",
    "leverage_limit", "internal", "rolled", "adl",
    "venue_outage", "trading_halted", "price_limit", "reduce_only", "deposits_shut",
)  # fmt: skip
# Columns of a journal row and of a ticket.
J_TIME, J_KIND, J_SLOT, J_SOURCE, J_TARGET, J_ASSET, J_REASON = range(7)
T_TIME, T_INSTRUMENT, T_OUTCOME, T_REASON, T_ORDER = range(5)
T_QUANTITY, T_PRICE, T_FEE, T_SPREAD, T_IMPACT = range(5)
# What `book.record` keeps of a path while it runs: highest equity, worst fall from it (fraction), lowest equity, worst
# margin ratio, bars at whose close some of our money could not be had (at a frozen venue, in an unpaid claim), and the
# lowest equity since the highest.
PEAK, DRAWDOWN, LOWEST, WORST_RATIO, TRAPPED, TROUGH = range(6)
RECORDS = 6
# Marks in the digest for what is not a posting.
FILL_MARK, REFUSAL_MARK = 30, 31
QUEUE, FLIGHTS = 256, 64


class Book(NamedTuple):
    """Everything a path owns, owes and remembers. Slot: instrument i, or I + venue for what no instrument caused."""

    balance: np.ndarray  # [accounts, A]
    position: np.ndarray  # [I] signed base units of derivatives; a spot holding is a wallet balance
    entry: np.ndarray  # [I] average entry, quote
    seen_price: np.ndarray  # [I] price at which the holding was last split, quote
    seen_index: np.ndarray  # [I] USD index then
    seen_usd: np.ndarray  # [I] USD price of the quote then
    earned: np.ndarray  # [I] what a derivative has paid so far, costs included, settlement asset
    since: np.ndarray  # [I] what it had earned, open positions at their mark, when profits began to count
    usd: np.ndarray  # [A] USD price of each asset now
    attribution: np.ndarray  # [LINES, I + V] USD
    held: np.ndarray  # [P, 2] base units of a pair's long and short leg, signed
    open_positions: np.ndarray  # [W] int64
    queue_instrument: np.ndarray  # [QUEUE] int64
    queue_quantity: np.ndarray  # [QUEUE] signed base units
    queue_price: np.ndarray  # [QUEUE] 0: the bar's open with half-spread; else the driver's price
    queue_inside: np.ndarray  # [QUEUE] bool, matched inside the bar, not at its open
    queue_bound: np.ndarray  # [QUEUE] the worst effective price a limit allows, 0 for none
    queue_pair: np.ndarray  # [QUEUE] int64, -1 none
    queue_leg: np.ndarray  # [QUEUE] int64
    queue_reason: np.ndarray  # [QUEUE] int64
    queue_order: np.ndarray  # [QUEUE] int64, the driver's own number, 0 none
    queue_done: np.ndarray  # [QUEUE] bool
    queue_rest: np.ndarray  # [QUEUE] bool, filled in part: what is left waits for the next bar
    move_source: np.ndarray  # [FLIGHTS] int64 account: a venue (its main account) or a sub-account
    move_target: np.ndarray  # [FLIGHTS] int64 account
    move_amount: np.ndarray  # [FLIGHTS] units of the source's settlement asset
    flight_amount: np.ndarray  # [FLIGHTS] 0: slot is free
    flight_due: np.ndarray  # [FLIGHTS] int64 seconds UTC
    flight_source: np.ndarray  # [FLIGHTS] int64 venue
    flight_target: np.ndarray  # [FLIGHTS] int64 venue
    order_margin: np.ndarray  # [W] USD reserved by resting orders
    fund: np.ndarray  # [V] USD left in the insurance fund
    face: np.ndarray  # [V] USD of unpaid claim on a defaulted venue
    bid: np.ndarray  # [V] what a dollar of it would fetch
    kind: np.ndarray  # [V, A] coins in it that are paid back as coins
    kind_usd: np.ndarray  # [V, A] what one was worth when the venue failed
    recovery: np.ndarray  # [V] what will be paid on a dollar of it; never shown to a strategy
    travelling: np.ndarray  # [1] USD under way between venues
    record: np.ndarray  # [RECORDS] of the path so far, see PEAK and those after it
    custody: np.ndarray  # [V] USD at the venue
    free: np.ndarray  # [V] units of the settlement asset that margin does not need
    margin_ratio: np.ndarray  # [V] account equity / maintenance, NaN without positions
    distance: np.ndarray  # [V] adverse move of all marks that liquidates, NaN without one
    notional: np.ndarray  # [P] USD of the long leg at its close
    short_equity: np.ndarray  # [P] USD equity of the short leg's margin account, shared by notional
    long_equity: np.ndarray  # [P] the same of a derivative long leg, 0 where it is spot
    uneven: np.ndarray  # [P] int64, closes in a row at which the legs did not match
    refusal: np.ndarray  # [V] int64, outcome of the last withdrawal asked for, FILLED if it went
    order_refusal: np.ndarray  # [P] int64, outcome of the pair's last order
    count: np.ndarray  # [COUNTERS] int64
    clock: np.ndarray  # [1] int64, seconds UTC of what is happening
    digest: np.ndarray  # [1] uint64
    word: np.ndarray  # [1] float64, and its bits:
    bits: np.ndarray  # [1] uint64
    journal: np.ndarray  # [capacity, 7] int64
    amount: np.ndarray  # [capacity] float64
    ticket: np.ndarray  # [capacity, 5] int64, every order's outcome
    ticket_number: np.ndarray  # [capacity, 5] float64
    equity: np.ndarray  # [T or fewer, 3 + V] USD: marked, accessible, recovered, one per venue
    margin: np.ndarray  # [T or fewer, W, 4] equity, maintenance, ratio, distance


def kept_row(t, book):
    """The row of `equity` and `margin` that bar t is written to: its own, or the last where fewer are kept."""
    return min(t, book.equity.shape[0] - 1)


def make_book(rules, bars, assets, journal=0):
    """Empty books for one path. bars: how many of equity and margin are kept; journal: room for postings, tickets."""
    i, v, w, p = rules.venue.size, rules.venues, rules.wallets, rules.long.size
    f, n, word = np.zeros, np.int64, np.zeros(1)
    return Book(
        f((accounts(rules), assets)), f(i), f(i), f(i), f(i), np.ones(i), f(i), f(i), np.ones(assets),
        f((LINES, i + v)), f((p, 2)), f(w, n), f(QUEUE, n), f(QUEUE), f(QUEUE), f(QUEUE, np.bool_), f(QUEUE),
        f(QUEUE, n), f(QUEUE, n), f(QUEUE, n), f(QUEUE, n), f(QUEUE, np.bool_), f(QUEUE, np.bool_), f(FLIGHTS, n),
        f(FLIGHTS, n), f(FLIGHTS), f(FLIGHTS), f(FLIGHTS, n), f(FLIGHTS, n), f(FLIGHTS, n), f(w), rules.fund.copy(),
        f(v), f(v), f((v, assets)), f((v, assets)), f(v), f(1),
        np.array([0.0, 0.0, np.inf, np.inf, 0.0, np.inf]), f(v), f(v), np.full(v, np.nan),
        np.full(v, np.nan), f(p), f(p), f(p), f(p, n), f(v, n), f(p, n), f(COUNTERS, n), f(1, n), f(1, np.uint64),
        word, word.view(np.uint64), f((journal, 7), n), f(journal), f((journal, 5), n), f((journal, 5)),
        np.full((bars, 3 + v), np.nan), np.full((bars, w, 4), np.nan),
    )  # fmt: skip


def mix(digest, word):
    """One step of the digest, on Python integers; compiled code uses a uint64 twin (tested equal)."""
    x = ((int(digest) ^ int(word)) * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    return x ^ (x >> 29)


def stamp(book, packed, number):
    """Mix what happened (packed integers) and its size (the bits of a float) into the digest."""
    book.word[0] = number
    book.digest[0] = mix(mix(book.digest[0], packed), book.bits[0])


def post(book, rules, kind, slot, source, target, asset, amount, reason=0):
    """Move `amount` >= 0 of an asset from one account to another. Nothing else changes a balance."""
    book.balance[source, asset] -= amount
    book.balance[target, asset] += amount
    if kind >= FUNDING and kind < LINES:
        gain = ours(target, rules)
        if gain != ours(source, rules):
            value = amount * book.usd[asset]
            book.attribution[kind, slot] += value if gain else -value
    n = book.count[POSTINGS]
    if n < book.amount.size:
        row = book.journal[n]
        row[J_TIME] = book.clock[0]
        row[J_KIND] = kind
        row[J_SLOT] = slot
        row[J_SOURCE] = source
        row[J_TARGET] = target
        row[J_ASSET] = asset
        row[J_REASON] = reason
        book.amount[n] = amount
    elif book.amount.size > 0 and book.count[ERROR] == 0:
        book.count[ERROR] = JOURNAL_FULL
    book.count[POSTINGS] = n + 1
    packed = (((kind * 1024 + source) * 1024 + target) * 64 + asset) * 256 + slot
    stamp(book, packed ^ (book.clock[0] * 1048576), amount)


def receive(book, rules, kind, slot, wallet, asset, amount, reason=0):
    """Post a signed amount between a wallet and the outside account of its kind; positive: we receive."""
    if amount > 0.0:
        post(book, rules, kind, slot, outside(kind, rules), wallet, asset, amount, reason)
    elif amount < 0.0:
        post(book, rules, kind, slot, wallet, outside(kind, rules), asset, -amount, reason)
    elif amount != 0.0:
        book.count[ERROR] = BAD_PRICE  # not a number: a price or rate was missing


def file_ticket(book, instrument, outcome, reason, order, quantity, price, fee, spread, impact=0.0):
    """Keep an order's outcome; fills and refusals also enter the digest."""
    n = book.count[TICKETS]
    if n < book.ticket.shape[0]:
        row = book.ticket[n]
        row[T_TIME] = book.clock[0]
        row[T_INSTRUMENT] = instrument
        row[T_OUTCOME] = outcome
        row[T_REASON] = reason
        row[T_ORDER] = order
        number = book.ticket_number[n]
        number[T_QUANTITY] = quantity
        number[T_PRICE] = price
        number[T_FEE] = fee
        number[T_SPREAD] = spread
        number[T_IMPACT] = impact
    elif book.amount.size > 0 and book.count[ERROR] == 0:
        book.count[ERROR] = JOURNAL_FULL
    book.count[TICKETS] = n + 1
    traded = outcome == FILLED or outcome == LIQUIDATED or outcome == DEFAULTED or outcome == SETTLED
    mark = FILL_MARK if traded or outcome == ROLLED or outcome == DELEVERAGED else REFUSAL_MARK
    stamp(book, (mark * 1024 + instrument) * 64 + outcome, quantity)
    stamp(book, book.clock[0], price)
