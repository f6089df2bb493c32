"""A world: everything one path needs, assembled and named; what both drivers are given.

Knows names and arrays. Refuses to know where they came from (studies/assemble.py) or what happens (core).
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from basisbt.core.books import make_book, post
from basisbt.core.rules import CAPITAL, CONVERSION, FEE, PRICE, Rules, outside
from basisbt.core.tape import Overlay, Panel, make_tape


@dataclass(frozen=True)
class Names:
    """What the numbers stand for; each tuple is indexed by the number used in core."""

    venues: tuple[str, ...]
    instruments: tuple[tuple[str, str], ...]  # (venue, symbol)
    pairs: tuple[str, ...]
    bases: tuple[str, ...]
    assets: tuple[str, ...]

    def slot(self, number: int) -> tuple[str, str]:
        """(venue, symbol) of a slot: an instrument, or (venue, '') beyond the last one."""
        if number < len(self.instruments):
            return self.instruments[number]
        return self.venues[number - len(self.instruments)], ""


@dataclass(frozen=True)
class Deposit:
    """Opening balance: `amount` of `asset` for wallet `wallet`, converted to `into` at `cost` (fraction)."""

    wallet: int
    asset: int
    amount: float
    into: int
    cost: float


@dataclass(frozen=True)
class World:
    """One path's inputs. `capital` is the USD value of all deposits at the first bar's open."""

    panel: Panel
    overlay: Overlay
    rules: Rules
    names: Names
    deposits: tuple[Deposit, ...]
    decide: Any  # plain function, or None for a bt.Strategy
    params: Any  # numpy record
    memory: np.ndarray  # [1] record array, the initial Memory
    events: tuple = ()  # typed events behind the overlay, for reports
    notes: dict = field(default_factory=dict)

    @property
    def bars(self) -> int:
        """Number of bars."""
        return self.panel.time.size

    @property
    def capital(self) -> float:
        """USD value of contributed capital at the start."""
        return sum(d.amount * self.panel.usd[self.overlay.row[0], d.asset] for d in self.deposits)

    def without(self, **changes) -> "World":
        """The same world with some parts replaced."""
        return replace(self, **changes)


def plain_overlay(panel: Panel, gaps: int = 0) -> Overlay:
    """History as it was: no event, no level, no gap."""
    bars, instruments = panel.fresh.shape
    none = np.zeros(0, np.int64)
    return Overlay(
        np.arange(bars, dtype=np.int64), np.ones((bars, panel.index.shape[2])), np.zeros((bars, gaps)),
        np.full(instruments, -1, np.int64), np.zeros(bars, np.bool_), none, none, none,
    )  # fmt: skip


def begin(world: World, journal: int):
    """Fresh tape and books with the capital deposited, the clock at the first open."""
    rules = world.rules
    tape = make_tape(world.panel, rules.venues)
    book = make_book(rules, world.bars, len(world.names.assets), journal)
    book.clock[0] = world.panel.time[0]
    usd = world.panel.usd[world.overlay.row[0]]
    book.usd[:] = usd
    for d in world.deposits:
        slot = rules.venue.size + int(rules.wallet_venue[d.wallet])
        post(book, rules, CAPITAL, slot, outside(CAPITAL, rules), d.wallet, d.asset, d.amount)
        if d.into != d.asset:
            gross = d.amount * usd[d.asset] / usd[d.into]
            post(book, rules, CONVERSION, slot, d.wallet, outside(PRICE, rules), d.asset, d.amount)
            post(book, rules, CONVERSION, slot, outside(PRICE, rules), d.wallet, d.into, gross)
            post(book, rules, FEE, slot, d.wallet, outside(FEE, rules), d.into, gross * d.cost)
    for i in range(rules.venue.size):
        if rules.spot[i]:
            coin = usd[rules.coin[i]]
            book.seen_price[i], book.seen_index[i] = coin / usd[rules.quote[i]], coin
            book.seen_usd[i] = usd[rules.quote[i]]
    return tape, book
