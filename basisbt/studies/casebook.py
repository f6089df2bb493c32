"""A small market for published cases: one venue, a position or two, a bar that is as wide as the case needs.

Knows how to put a case's numbers where the engine reads them. Knows no formula: what comes out is what `core` did.
"""

import numpy as np

from basisbt.core.books import T_FEE, T_INSTRUMENT, T_OUTCOME, T_PRICE, receive
from basisbt.core.loans import lend, repay
from basisbt.core.margin import demand
from basisbt.core.queue import queue_order
from basisbt.core.rules import NEVER, PRICE, Rules, ordinary
from basisbt.core.tape import FIELDS, MARK_CLOSE, TERMS, Panel
from basisbt.engines.machine import Machine
from basisbt.engines.world import Deposit, Names, World, plain_overlay

HOUR = 3600


class Case:
    """One venue with a derivative on each of I bases: flat bars at `prices` [T, I], the last one reaching `far` [I].

    `wallet` is in USDT, or in the first coin where `inverse`; mmr and cum: one number, or [I].
    """

    def __init__(self, prices, far=None, inverse=False, mmr=0.0, cum=0.0, wallet=0.0, fee=0.0, delivery=0.0,
                 expiry=NEVER, funding=(), at_entry=False, closing=0.0, imr=0.0, isolated=False,
                 overlay=None):  # fmt: skip
        prices = np.atleast_2d(np.asarray(prices, float).T).T
        self.count = prices.shape[1]
        block = np.repeat(prices[:, None, :], FIELDS, axis=1)
        if far is not None:
            for field in (1, 5):
                block[-1, field] = np.maximum(block[-1, 0], far)
            for field in (2, 6):
                block[-1, field] = np.minimum(block[-1, 0], far)
        names = Names(("venue",), tuple(("venue", f"X{i}") for i in range(self.count)), (),
                      tuple(f"X{i}" for i in range(self.count)), ("USDT", *(f"X{i}" for i in range(self.count)), "USD"))
        asset = 1 if inverse else 0
        none = np.zeros(1, [("nothing", "f8")])
        world = World(
            panel_of(block, funding), None,
            rules_of(self.count, inverse, mmr, cum, fee, delivery, expiry, at_entry, closing, imr, isolated), names,
            (Deposit(0, asset, wallet, asset, 0.0),), None, none[0], none.view(np.recarray),
        )  # fmt: skip
        self.machine = Machine(world.without(overlay=plain_overlay(world.panel) if overlay is None else overlay))
        self.asset, self.bars, self.t = asset, prices.shape[0], 0

    def open(self, *sizes):
        """Take positions at the open of the present bar: base units, inverse in quote units; run the bar."""
        for i, size in enumerate(sizes):
            if size != 0.0:
                queue_order(self.machine.book, i, size, 0.0, False, 0.0, -1, 0, 0, 0)
        return self.run(1)

    def run(self, bars=None):
        """Run `bars` more, by default all there are."""
        for _ in range(self.bars - self.t if bars is None else bars):
            self.machine.advance(self.t)
            self.machine.check(self.t)
            self.t += 1
        self.machine.drain()
        return self

    @property
    def wallet(self):
        """Balance in the settlement asset, of all accounts."""
        return float(self.machine.book.balance[: self.machine.world.rules.wallets, self.asset].sum())

    @property
    def unrealised(self):
        """P&L of open positions at the last mark, in the settlement asset's USD."""
        rules, tape, book = self.machine.world.rules, self.machine.tape, self.machine.book
        return demand(int(rules.wallet[0]), self.t - 1, -1, MARK_CLOSE, 1.0, tape, rules, book)[0]

    def tickets(self, outcome):
        """[(instrument, price, fee)] of this outcome."""
        return [
            (row[T_INSTRUMENT], number[T_PRICE], number[T_FEE]) for rows, numbers in self.machine.tickets
            for row, number in zip(rows.tolist(), numbers.tolist()) if row[T_OUTCOME] == outcome
        ]  # fmt: skip


class Loan:
    """`amount` of a coin worth 1, borrowed for `hours` at `rate` a period of `every` hours, `opening` more at once."""

    def __init__(self, amount, rate, hours, every, opening):
        bars = int(hours) + 1
        case = Case([[1.0]] * (bars + 1), wallet=2.0 * amount)
        world = case.machine.world
        assets = len(world.names.assets)
        lends, interest = np.zeros((1, assets), np.bool_), np.zeros((1, assets))
        lends[0, 1], interest[0, 1] = True, rate
        rules = world.rules._replace(
            lends=lends, interest=interest, interest_period=np.array([every * HOUR]), charges_interest=True,
            interest_opening=np.array([float(opening)]), coin_margin=np.array([True]),
        )  # fmt: skip
        case.machine = Machine(world.without(rules=rules))
        book = case.machine.book
        lend(0, 1, amount, rules, book)
        receive(book, rules, PRICE, 0, 0, 1, -amount)  # it is sold: what is kept would pay the loan back at once
        case.run(bars)
        book.clock[0] = int(round(hours * HOUR))
        receive(book, rules, PRICE, 0, 0, 1, amount)
        repay(0, 1, rules, book)
        self.interest = 2.0 * amount - case.wallet


def panel_of(block, funding):
    """A panel of hourly bars; funding: ((row, instrument, rate), ...) at the bars' opens, on the mark."""
    bars, _, count = block.shape
    index = np.ascontiguousarray(block[:, 4:8])
    usd = np.column_stack([np.ones(bars), index[:, 0], np.ones(bars)])
    row, who = (np.array([f[k] for f in funding], np.int64) for k in (0, 1))
    time = np.arange(bars, dtype=np.int64) * HOUR
    return Panel(
        time, np.ascontiguousarray(block), np.ones((bars, count), np.bool_), index, usd,
        np.searchsorted(row, np.arange(bars + 1)).astype(np.int64), who, np.array([f[2] for f in funding], float),
        block[row, 4, who], np.ones(row.size, np.bool_), time[row],
        np.full(row.size, np.nan), np.full(row.size, 8.0),
        np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, TERMS)),
    )  # fmt: skip


def rules_of(count, inverse, mmr, cum, fee, delivery, expiry, at_entry=False, closing=0.0, imr=0.0,
             isolated=False) -> Rules:  # fmt: skip
    """One wallet, or an isolated account beside it; one tier per instrument."""
    n, zero, ones = np.int64, np.zeros(count), np.ones(count)
    numbers, none, tier = np.arange(count), np.zeros(count, n), np.zeros((count, 1))
    kinds = np.full(count, inverse, np.bool_)
    counted = np.zeros((1, 2 + count, 1))
    counted[0, 1 : 1 + count] = 1.0 if inverse else 0.0
    pairs, assets = np.zeros(0, n), np.append(np.append(-1, numbers), -1)
    wallets = 2 if isolated else 1
    counted = np.repeat(counted, wallets, axis=0)
    member = np.full((wallets, count), -1, n)
    member[wallets - 1] = numbers
    return Rules(**ordinary(count, wallets, 1, 2 + count, 0) | dict(
        venue=none, wallet=none + wallets - 1, isolated=np.full(count, isolated), base=numbers, coin=1 + numbers,
        quote=np.where(kinds, 1 + count, 0),
        pays=np.where(kinds, 1 + numbers, 0), spot=np.zeros(count, np.bool_), inverse=kinds, taker=ones * fee,
        maker=ones * fee, half_spread=zero, liquidation_fee=zero, delivery_fee=ones * delivery,
        expiry=np.full(count, expiry, n), window=none, floor=tier, mmr=tier + np.reshape(mmr, (-1, 1)),
        cum=tier + np.reshape(cum, (-1, 1)), imr=tier + imr, closing=zero + closing,
        at_entry=np.full(count, at_entry), cap=ones * np.inf, member=member,
        wallet_venue=np.zeros(wallets, n), credit=np.arange(wallets) == 0,
        cash=assets < 0, asset_base=assets, counted=counted,
        bracket=np.zeros_like(counted), coin_margin=np.full(wallets, inverse),
        spot_of=np.full((wallets, 2 + count), -1, n), settle=np.zeros(wallets, n), delay=np.zeros(1, n),
        transfer_fee=np.zeros((1, 2 + count)), transfer_minimum=np.zeros((1, 2 + count)), long=pairs, short=pairs,
        share=pairs * 0.0, leverage=pairs * 0.0, band_low=pairs * 0.0, band_high=pairs * 0.0, backing=pairs * 0.0,
        pair_of=np.full(count, -1, n), leg_of=none, carried=0.0, dollar=1 + count, first_expiry=expiry, venues=1,
        wallets=wallets, seconds=HOUR,
    ))  # fmt: skip
