"""No look-ahead: cut the future off, or replace it with rubbish, and nothing in the past may change.

Everything in the panel after a random bar k is truncated or corrupted, while the strategy runs. Up to k every
posting, ticket, balance and row of equity must be the same to the last bit.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basisbt.core.tape import FREEZE_VOIDED, LEVEL, PRICED
from basisbt.engines.machine import run_loop
from basisbt.engines.world import unrolled
from tests.properties.markets import random_world, strategy

BARS = 90
DECISIONS = {
    "cash_and_carry": strategy("cash_and_carry", lookback=3.0, enter_above=0.0, exit_below=-0.3, notional=0.6),
    "static_carry": strategy("static_carry", notional=0.6),
}


def busy_world(seed, name):
    """A random world in which the strategy trades."""
    decide, params = DECISIONS[name]
    return unrolled(random_world(seed, BARS, decide=decide, params=params, seconds=8 * 3600))


def truncated(w, k):
    """The world as if it ended with bar k."""
    p, o, n = w.panel, w.overlay, k + 1
    stamps, events = int(p.first[n]), int(np.searchsorted(o.event_bar, n))
    panel = p._replace(
        time=p.time[:n], prices=p.prices[:n].copy(), fresh=p.fresh[:n], index=p.index[:n].copy(), usd=p.usd[:n],
        first=p.first[: n + 1], funding_instrument=p.funding_instrument[:stamps], funding_rate=p.funding_rate[:stamps],
        funding_price=p.funding_price[:stamps], funding_at_open=p.funding_at_open[:stamps],
        funding_time=p.funding_time[:stamps],
    )  # fmt: skip
    overlay = o._replace(
        row=o.row[:n], event_bar=o.event_bar[:events], event_kind=o.event_kind[:events],
        event_who=o.event_who[:events], event_size=o.event_size[:events],
        event_more=o.event_more[:events],
    )  # fmt: skip
    return w.without(panel=panel, overlay=overlay)


def corrupted(w, k, seed):
    """The same world with noise in every number after bar k, half of it not even a number."""
    rng, p, o, n = np.random.default_rng(seed), w.panel, w.overlay, k + 1
    touched = ("prices", "fresh", "index", "usd", "funding_rate", "funding_price")
    copies = {name: getattr(p, name).copy() for name in touched}
    noise = float(rng.choice([np.nan, 1e9, 1e-9]))
    copies["prices"][n:, :PRICED] *= noise
    copies["index"][n:] *= noise
    copies["usd"][n:] *= noise
    copies["fresh"][n:] = ~copies["fresh"][n:]
    stamps = p.first[n]
    copies["funding_rate"][stamps:], copies["funding_price"][stamps:] = noise, noise
    kind, size, later = o.event_kind.copy(), o.event_size.copy(), np.searchsorted(o.event_bar, n)
    kind[later:], size[later:] = np.where(kind[later:] > FREEZE_VOIDED, LEVEL, FREEZE_VOIDED), noise
    overlay = o._replace(event_kind=kind, event_size=size)
    return w.without(panel=p._replace(**copies), overlay=overlay)


def past(machine, k):
    """Everything that is known at the close of bar k, for comparison to the last bit."""
    rows = np.concatenate([r for r, _ in machine.postings])
    amounts = np.concatenate([a for _, a in machine.postings])
    tickets = [both for ints, floats in machine.tickets for both in zip(ints.tolist(), floats.tolist())]
    return {
        "postings": list(zip(map(tuple, rows.tolist()), amounts.tolist())), "tickets": tickets,
        "balance": machine.book.balance.tobytes(), "position": machine.book.position.tobytes(),
        "equity": machine.book.equity[: k + 1].tobytes(), "margin": machine.book.margin[: k + 1].tobytes(),
        "digest": int(machine.book.digest[0]), "memory": machine.memory.tobytes(),
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(DECISIONS))
@settings(derandomize=True, deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), k=st.integers(1, BARS - 2))
def test_the_future_changes_nothing_in_the_past(name, seed, k):
    w = busy_world(seed, name)
    known = past(run_loop(w, upto=k + 1), k)
    assert past(run_loop(truncated(w, k)), k) == known, "cutting the future off changed the past"
    assert past(run_loop(corrupted(w, k, seed), upto=k + 1), k) == known, "another future changed the past"

    whole = run_loop(w)
    everything = past(whole, k)
    for what in ("postings", "tickets"):
        assert everything[what][: len(known[what])] == known[what]
    assert everything["equity"] == known["equity"]


@pytest.mark.parametrize("name", sorted(DECISIONS))
def test_the_tape_after_the_current_bar_is_blank(name):
    k = 40
    machine = run_loop(busy_world(3, name), upto=k + 1)
    tape = machine.tape
    for block in (tape.past[k + 1 :], tape.past_index[k + 1 :], tape.funding[k + 1 :]):
        assert np.isnan(block).all()
    assert np.isnan(tape.funding_total[k + 1 :]).all() and not tape.past_fresh[k + 1 :].any()
    assert not np.isnan(tape.past[: k + 1]).any()


def test_the_strategies_do_something_in_these_worlds():
    for name in DECISIONS:
        machines = [run_loop(busy_world(seed, name)) for seed in range(10)]
        filled = sum(int((rows[:, 2] == 0).sum()) for machine in machines for rows, _ in machine.tickets)
        assert filled > 20, name


def test_a_decision_that_looks_ahead_sees_nothing_but_nan():
    seen_values = []

    def peek(seen, book, want, p):
        seen_values.append(seen.close[seen.now + 1 :].copy())

    run_loop(random_world(1, 20, decide=peek))
    assert seen_values and all(np.isnan(value).all() for value in seen_values)
