"""What must hold in every market, for every order, after every bar: the books balance and nothing leaks.

Random markets, orders, withdrawals and freezes from one seed (markets.py). The checks know the accounts by their
definition in MODEL.md section 3 and the sum of what is owned; they use none of core's own totals.
"""

import os

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from basisbt.core.books import (
    DEFAULTED, DELEVERAGED, FILLED, INTERNAL, J_ASSET, J_KIND, J_REASON, J_SOURCE, J_TARGET, J_TIME, LIQUIDATED,
    ROLLED, SETTLED, T_INSTRUMENT, T_OUTCOME,
)  # fmt: skip
from basisbt.core.rules import KIND_NAMES, LOAN, TRANSFER
from basisbt.core.tape import CLOSE, FREEZE_VOIDED, MARK_CLOSE, THAW
from tests.properties.markets import act, random_world
from tests.support.worlds import Desk

SEEDS = st.integers(0, 2**32 - 1)
EXAMPLES = int(os.environ.get("BASISBT_EXAMPLES", "200"))  # `make thorough` asks for 5,000
BUSY = settings(derandomize=True, deadline=None, max_examples=EXAMPLES)


def played(seed, bars=40, after=None):
    """A desk after `bars` bars of random behaviour; `after(desk)` looks at the books after every bar."""
    desk = Desk(random_world(seed, bars))
    rng = np.random.default_rng([seed, 5])
    for t in range(bars):
        act(desk, rng, t)
        desk.step()
        if after is not None:
            after(desk)
    return desk


def worth(desk):
    """(USD of what is ours, USD of unrealised P&L) at the last close, counted by hand from accounts and positions."""
    tape, rules, book = desk.machine.tape, desk.rules, desk.book
    owned = 0.0
    for w in range(rules.wallets + 3 * rules.venues + 1):
        for a in range(book.balance.shape[1]):
            amount = book.balance[w, a]
            if a == 0 or a == rules.dollar:
                owned += amount * tape.usd[a]
            elif amount != 0.0:
                b = a - 1
                v = rules.wallet_venue[w] if w < rules.wallets else w - rules.wallets - 2 * rules.venues  # or owed there
                here = [i for i in range(rules.venue.size) if rules.spot[i] and rules.base[i] == b and rules.venue[i] == v]
                owned += amount * (tape.prices[CLOSE, here[0]] * tape.usd[0] if here else tape.index[CLOSE, b])
    unrealised = 0.0
    for i in np.flatnonzero(book.position):
        size, entry, mark = book.position[i], book.entry[i], tape.prices[MARK_CLOSE, i]
        if rules.inverse[i]:
            unrealised += size * (1.0 / entry - 1.0 / mark) * tape.index[CLOSE, rules.base[i]]
        else:
            unrealised += size * (mark - entry) * tape.usd[0]
    return owned, unrealised


@BUSY
@given(SEEDS)
def test_books_balance_and_equity_is_what_is_owned(seed):
    def look(desk):
        book, capital = desk.book, desk.world.capital
        assert np.abs(book.balance.sum(axis=0)).max() <= 1e-9 * capital
        owned, unrealised = worth(desk)
        assert abs(desk.marked - owned - unrealised) <= 1e-9 * capital

    played(seed, after=look)


@BUSY
@given(SEEDS)
def test_the_journal_alone_rebuilds_every_balance_to_the_last_bit(seed):
    desk = played(seed)
    assert (desk.replayed() == desk.book.balance).all()
    assert all((amounts >= 0.0).all() for _, amounts in desk.machine.postings)


@BUSY
@given(SEEDS)
def test_the_lines_of_the_attribution_sum_to_the_profit(seed):
    def look(desk):
        profit = desk.marked - desk.world.capital
        assert abs(desk.machine.attribution(desk.t).sum() - profit) <= 1e-9 * desk.world.capital

    played(seed, after=look)


@BUSY
@given(SEEDS)
def test_what_is_accessible_is_no_more_than_what_is_there(seed):
    def look(desk):
        v = desk.rules.venues
        sound = all(desk.debt(x) == 0.0 for x in range(v)) and (desk.book.margin[desk.t, :, 0] >= 0.0).all()
        assert desk.accessible >= 0.0
        if sound:
            assert desk.accessible <= desk.marked + 1e-9 * desk.world.capital

    played(seed, after=look)


@BUSY
@given(SEEDS)
def test_nothing_is_negative_but_a_loan(seed):
    def look(desk):
        rules = desk.rules
        wallets = desk.book.balance[: rules.wallets]
        assert wallets[:, 0].min() >= 0.0
        assert wallets[:, 1:].min(initial=0.0) >= -1e-12  # rounding, see test_bugs_found
        assert all(desk.in_transit(v) >= -1e-9 and desk.debt(v) >= 0.0 for v in range(rules.venues))

    played(seed, after=look)


@BUSY
@given(SEEDS)
def test_no_order_takes_a_position_beyond_the_last_tier(seed):
    desk = played(seed)
    position = np.zeros(desk.rules.venue.size)
    for rows, numbers in desk.machine.tickets:
        for row, (quantity, price, *_) in zip(rows, numbers):
            i = row[T_INSTRUMENT]
            if i >= position.size or desk.rules.spot[i] or quantity == 0.0:
                continue
            if row[T_OUTCOME] == FILLED:
                after = position[i] + quantity
                turned = position[i] * after < 0.0
                if turned or abs(after) > abs(position[i]):
                    value = abs(after) / price if desk.rules.inverse[i] else abs(after) * price
                    assert value <= desk.rules.cap[i] * (1 + 1e-12)
                position[i] = after
            elif row[T_OUTCOME] in (LIQUIDATED, DEFAULTED, SETTLED, DELEVERAGED, ROLLED):
                position[i] += quantity
    moved = np.array([0.0 if desk.rules.spot[i] else desk.position(i) for i in range(position.size)])
    np.testing.assert_allclose(position, moved, atol=1e-9)


@BUSY
@given(SEEDS)
def test_a_frozen_venue_releases_nothing(seed):
    desk = played(seed)
    overlay, rules, time = desk.world.overlay, desk.rules, desk.world.panel.time
    frozen = np.zeros((time.size, rules.venues), int)
    for t, kind, v in zip(overlay.event_bar, overlay.event_kind, overlay.event_who):
        if kind <= FREEZE_VOIDED:
            frozen[t:, v] += -1 if kind == THAW else 1
    for rows, _ in desk.machine.postings:
        for row in rows:
            if row[J_KIND] != TRANSFER:
                continue
            t = int(np.searchsorted(time, row[J_TIME]))
            source, target = int(row[J_SOURCE]), int(row[J_TARGET])
            if source < rules.wallets and target < rules.wallets:
                assert rules.wallet_venue[source] == rules.wallet_venue[target]  # between two accounts of one venue
            elif source < rules.wallets:
                assert frozen[t, source] == 0, "a withdrawal left a frozen venue"
            elif target != source - rules.wallets:
                assert frozen[t, source - rules.wallets] == 0, "a pending withdrawal of a frozen venue settled"


@settings(derandomize=True, deadline=None, max_examples=25)
@given(SEEDS)
def test_the_same_seed_gives_the_same_digest_and_another_another(seed):
    first, again, other = played(seed), played(seed), played(seed ^ 1)
    assert first.book.digest[0] == again.book.digest[0]
    assert first.book.digest[0] != other.book.digest[0]
    np.testing.assert_array_equal(first.book.equity, again.book.equity)


def test_the_random_markets_are_busy():
    """The properties mean something: among their worlds is what they are about (loans are rare: they have a story)."""
    outcomes, transfers, kinds, reasons, drained, coins = set(), 0, set(), set(), 0, 0
    for seed in range(80):
        desk = played(seed)
        outcomes |= set(desk.outcomes())
        transfers += len(desk.postings(TRANSFER))
        for rows, _ in desk.machine.postings:
            kinds |= {KIND_NAMES[kind] for kind in rows[:, J_KIND]}
            reasons |= set(rows[rows[:, J_KIND] == TRANSFER, J_REASON])
            coins += int(((rows[:, J_KIND] == LOAN) & (rows[:, J_ASSET] != 0)).sum())
        drained += int((desk.book.fund == 0.0).any())
    assert outcomes >= {
        "filled", "no_bar", "not_enough_cash", "not_enough_margin", "not_enough_coin", "beyond_last_tier",
        "cancelled", "liquidation", "settled", "expired", "withdrawals_frozen", "beyond_withdrawable", "below_minimum",
        "below_one_lot", "below_minimum_notional", "custody_limit", "leverage_limit", "adl",
    }  # fmt: skip
    assert transfers > 100 and coins > 100 and drained > 0 and INTERNAL in reasons
    assert kinds >= {"borrow", "impact", "loan", "conversion", "clawback", "adl", "recovery", "claim"}
