"""A world: everything one path needs, assembled and named; what both drivers are given.

Knows names and arrays. Refuses to know where they came from (studies/assemble.py) or what happens (core).
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from basisbt.core.books import PEAK, make_book, post
from basisbt.core.rules import CAPITAL, CONVERSION, FEE, PRICE, Rules, outside
from basisbt.core.tape import GAP, LEVEL, Overlay, Panel, make_tape


@dataclass(frozen=True)
class Names:
    """What the numbers stand for; each tuple is indexed by the number used in core."""

    venues: tuple[str, ...]
    instruments: tuple[tuple[str, str], ...]  # (venue, symbol)
    pairs: tuple[str, ...]
    bases: tuple[str, ...]
    assets: tuple[str, ...]
    accounts: tuple[str, ...] = ()  # what each margin account is called at its venue; none: `wallet`

    def account(self, number: int) -> str:
        """What an account is called at its venue."""
        return self.accounts[number] if self.accounts else "wallet"

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
    changes: tuple = ()  # (bar, Rules) from which on others are in force (engines.regimes)
    market: tuple = (None, ())  # a resampled market behind it: the panel row of each bar, chained price levels

    @property
    def bars(self) -> int:
        """Number of bars of the path; no more than the panel has rows."""
        return self.overlay.row.size

    @property
    def time(self) -> np.ndarray:
        """[T] int64, seconds UTC of each bar's opening."""
        return self.panel.time[: self.bars]

    @property
    def capital(self) -> float:
        """USD value of contributed capital at the start."""
        return sum(d.amount * self.panel.usd[self.overlay.row[0], d.asset] for d in self.deposits)

    def without(self, **changes) -> "World":
        """The same world with some parts replaced."""
        return replace(self, **changes)


def plain_overlay(panel: Panel) -> Overlay:
    """History as it was: no event."""
    none = np.zeros(0, np.int64)
    return Overlay(np.arange(panel.time.size, dtype=np.int64), none, none, none, np.zeros(0), np.zeros(0))


def shown_changes(overlay: Overlay, bases: int, instruments: int) -> tuple[np.ndarray, np.ndarray]:
    """(level [T, B], gap [T, I]) in force in every bar: the overlay's steps written out."""
    bars = overlay.row.size
    level, gap = np.ones((bars, bases)), np.zeros((bars, instruments))
    for bar, kind, who, size in zip(overlay.event_bar, overlay.event_kind, overlay.event_who, overlay.event_size):
        if kind == LEVEL:
            level[bar:, who] = size
        elif kind == GAP:
            gap[bar:, who] = size
    return level, gap


def unrolled(world: World) -> World:
    """The same path as a history of its own: its rows written out one after another, so that row t is bar t."""
    p, row, time = world.panel, world.overlay.row, world.time
    count = p.first[row + 1] - p.first[row]
    first = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    stamps = np.repeat(p.first[row] - first[:-1], count) + np.arange(first[-1])
    panel = Panel(
        time, p.prices[row], p.fresh[row], p.index[row], p.usd[row], first, p.funding_instrument[stamps],
        p.funding_rate[stamps], p.funding_price[stamps], p.funding_at_open[stamps],
        p.funding_time[stamps] + np.repeat(time - p.time[row], count), p.funding_premium[stamps],
        p.funding_hours[stamps], *rolls_of(p, row),
    )  # fmt: skip
    for block in panel:
        block.flags.writeable = False
    return world.without(panel=panel, overlay=world.overlay._replace(row=np.arange(row.size, dtype=np.int64)))


def rolls_of(panel: Panel, row: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A panel's rolls by bar of a path that replays these rows."""
    bars = [np.flatnonzero(row == at) for at in panel.roll_row]
    which = np.repeat(np.arange(panel.roll_row.size), [each.size for each in bars])
    bar = np.concatenate([np.zeros(0, np.int64), *bars]).astype(np.int64)
    return bar, panel.roll_instrument[which], panel.roll_terms[which]


def begin(world: World, journal: int, kept: int | None = None):
    """Fresh tape and books with the capital deposited, the clock at the first open.

    journal: room for postings and tickets; kept: how many bars' equity and margin the books keep, by default all.
    """
    rules = world.rules
    tape = make_tape(world.panel, rules.venues, world.bars)
    book = make_book(rules, kept or world.bars, len(world.names.assets), journal)
    book.clock[0] = world.time[0]
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
    book.record[PEAK] = world.capital
    for i in range(rules.venue.size):
        if rules.spot[i]:
            coin = usd[rules.coin[i]]
            book.seen_price[i], book.seen_index[i] = coin / usd[rules.quote[i]], coin
            book.seen_usd[i] = usd[rules.quote[i]]
    return tape, book
