"""The broker: answers Backtrader's questions from the books and steps core once a bar.

Knows which orders rest and when they match. Money is core's: every answer about it is read from the books, and
every fill core makes, its own ones (liquidation) included, is told to Backtrader as an order.
"""

import collections

import backtrader as bt

from basisbt.core.books import (
    CANCELLED, DEFAULTED, DELEVERAGED, ERROR, FILLED, LIQUIDATED, NO_BAR, OUTCOME_NAMES, POSTINGS, ROLLED, RUINED,
    SETTLED, T_FEE, T_IMPACT, T_INSTRUMENT, T_ORDER, T_OUTCOME, T_PRICE, T_QUANTITY, T_SPREAD, TICKETS,
)  # fmt: skip
from basisbt.core.queue import queue_order, waits
from basisbt.core.margin import initial_margin
from basisbt.core.rules import bank, claim, loan
from basisbt.engines.backtrader.commission import commissions
from basisbt.engines.backtrader.contingent import Groups
from basisbt.engines.backtrader.matching import match
from basisbt.engines.backtrader.notices import complete, emergent_order
from basisbt.engines.backtrader.orders import OrderDesk
from basisbt.engines.machine import Machine

NOTHING = bt.Position()
REFUSED = {
    "set_cash": "capital", "setcash": "capital", "add_cash": "capital", "set_fund_history": "capital",
    "setcommission": "fees", "set_slippage_perc": "spread", "set_slippage_fixed": "spread", "set_filler": "fills",
    "set_shortcash": "margin", "set_int2pnl": "borrowing", "set_checksubmit": "affordability",
    "add_order_history": "orders",
}  # fmt: skip


def refuse(name, subject):
    """A method of stock Backtrader's broker that the world has decided already."""

    def refused(self, *args, **kwargs):
        raise NotImplementedError(f"broker.{name}: {subject} come from the world's config, not from the broker")

    refused.__doc__ = f"Refused: {subject} are the world's."
    return refused


class BasisBroker(OrderDesk, bt.BrokerBase):
    """A Backtrader broker over one Machine. One instrument, one feed; sizes are fractional base units.

    again: makes a fresh Machine for every further run of the same Cerebro (optstrategy).
    """

    def __init__(self, machine: Machine, again=None):
        super().__init__()
        self.again = again
        self.feeds: list = []
        self.number: dict = {}
        self._take_over(machine)

    def _take_over(self, machine):
        """Begin a path: nothing rests, nothing is held."""
        world = machine.world
        self.machine, self.t = machine, -1
        self.resting: list = []
        self.groups = Groups()
        self._reserving = False
        self.by_ref: dict = {}
        self.notices: collections.deque = collections.deque()
        self.held = [bt.Position() for _ in world.names.instruments]
        self.positions = dict(zip(self.feeds, self.held))
        self.startingcash = self.capital = world.capital
        self.fund_shares = self.capital / 100.0
        self._counts = machine.book.count
        owned = machine.book.balance
        parts = owned[: claim(0, world.rules)], owned[loan(0, world.rules) : bank(world.rules) + 1]  # no claims
        self._currencies = [(a, part[:, a]) for a, cash in enumerate(world.rules.cash) if cash for part in parts]
        self._half_full = machine.book.amount.size // 2
        self._cash_at, self._cash = -2, 0.0

    def attach(self, feeds) -> None:
        """Tell the broker its feeds, in instrument order."""
        self.feeds = list(feeds)
        self.number = {feed: i for i, feed in enumerate(feeds)}
        self.positions = dict(zip(self.feeds, self.held))
        for feed, info in zip(feeds, commissions(self.machine.world)):
            self.addcommissioninfo(info, name=feed._name)

    def start(self):
        """Before the first bar; a second run of the same Cerebro gets a fresh path."""
        super().start()
        if self.t >= 0:
            if self.again is None:
                raise RuntimeError("this broker's path has been run; make a new Cerebro with make_cerebro(world)")
            self._take_over(self.again())

    def stop(self):
        """After the last bar: take what is still in the books' buffers."""
        self.machine.drain()

    # -- what Backtrader asks ------------------------------------------------------------------------------

    def getcash(self):
        """USD of all currencies at all venues, less what is owed."""
        if self._cash_at != self.t:
            usd = self.machine.book.usd
            self._cash = float(sum(sum(owned.tolist()) * usd[a] for a, owned in self._currencies))
            self._cash_at = self.t
        return self._cash

    def getvalue(self, datas=None, mkt=False, lever=False):
        """Marked equity in USD; for given feeds the signed market value of what is held of them."""
        if datas is not None:
            return sum(self.getposition(d, False).size * d.close[0] for d in datas)
        return float(self.machine.book.equity[self.t, 0]) if self.t >= 0 else self.capital

    get_cash, get_value = getcash, getvalue

    def get_fundshares(self):
        """Shares never change: no money enters or leaves during a run."""
        return self.fund_shares

    def get_fundvalue(self):
        """Value of one share, 100 at the start."""
        return self.getvalue() / self.fund_shares

    fundshares, fundvalue = property(get_fundshares), property(get_fundvalue)

    def set_coc(self, coc):
        """Refused: filling at a close already seen is looking ahead."""
        if coc:
            raise ValueError("cheat-on-close is refused: an order decided at a close cannot fill at that close")

    def set_coo(self, coo):
        """Refused, as cheat-on-close is."""
        if coo:
            raise ValueError("cheat-on-open is refused: an order decided at an open cannot fill at that open")

    def getposition(self, data, clone=True):
        """Position of a feed; its price is the average entry. Nothing is held of feeds that are not the world's."""
        position = self.positions.get(data, NOTHING)
        return position.clone() if clone else position

    def get_notification(self):
        """The next order notice, None when there is none."""
        return self.notices.popleft() if self.notices else None

    def get_orders_open(self, safe=False):
        """Orders that rest; copies where `safe`."""
        return [order.clone() for order in self.resting] if safe else list(self.resting)

    def orderstatus(self, order):
        """Status of an order."""
        return order.status

    def notify(self, order):
        """Queue a notice: a copy of the order as it is now."""
        self.notices.append(order.clone())

    # -- the bar -------------------------------------------------------------------------------------------

    def next(self):
        """One bar, if our feeds have moved: match what rests, step core, tell what happened."""
        t = len(self.feeds[0]) - 1
        if t > self.t:
            self.step(t)

    def step(self, t):
        """Bar t. What core wrote down is left in its buffers until they matter or are half full."""
        self.t = t
        machine = self.machine
        if self.resting or self._reserving:
            self._match(t)
            self._reserve()
        machine.advance(t)
        counts = self._counts.tolist()
        if counts[TICKETS] or counts[POSTINGS] > self._half_full:
            tickets = machine.drain()
            if tickets is not None:
                self._tell(*tickets)
        if t == machine.next_snapshot or counts[ERROR]:
            machine.check(t)
        if counts[RUINED] and (self.resting or self.by_ref):
            for order in (*self.resting, *self.by_ref.values()):
                self.cancel(order)

    def _reserve(self):
        """Margin that resting orders hold back from withdrawals: what a purchase costs, what a position would need."""
        rules, book = self.machine.rules, self.machine.book
        book.order_margin[:] = 0.0
        for order in self.resting:
            i = self.number[order.data]
            notional = abs(order.executed.remsize) * (order.created.price or order.data.close[0])
            if not rules.spot[i]:
                notional = initial_margin(i, notional, rules)
            elif not order.isbuy():
                continue
            book.order_margin[rules.wallet[i]] += notional * book.usd[rules.quote[i]]
        self._reserving = bool(self.resting)

    def _match(self, t):
        world, book = self.machine.world, self.machine.book
        fresh = world.panel.fresh[world.overlay.row[t]]
        self.groups.activate()
        met: set = set()  # of an OCO group or a bracket's children one order trades in a bar
        for order in list(self.resting):
            if order.alive() and order.expire():
                self.resting.remove(order)
                self.notify(order)
                self._end(order, self.groups.after_end(order))
                continue
            i, keys = self.number[order.data], self.groups.keys(order)
            if not (order.alive() and order.active() and fresh[i]) or met.intersection(keys):
                continue
            lines = order.data.lines
            bar = (lines.open[0], lines.high[0], lines.low[0], lines.close[0])
            hit = match(order, bar, lines.datetime[0])
            if hit is not None:
                met.update(keys)
                self.resting.remove(order)
                self.by_ref[order.ref] = order
                queue_order(book, i, order.executed.remsize, hit.price, hit.inside, hit.bound, -1, 0, 0, order.ref)

    def _tell(self, rows, numbers):
        """Turn core's tickets of this bar into order notices."""
        instruments = len(self.held)
        for row, number in zip(rows.tolist(), numbers.tolist()):
            i, outcome = row[T_INSTRUMENT], row[T_OUTCOME]
            if i >= instruments:
                continue  # a withdrawal
            order = self.by_ref.get(row[T_ORDER])
            if outcome in (FILLED, LIQUIDATED, DEFAULTED, SETTLED, ROLLED, DELEVERAGED):
                self._tell_fill(order, i, row, number)
            elif order is not None and outcome == NO_BAR:
                self.resting.append(self.by_ref.pop(order.ref))
            elif order is not None:
                del self.by_ref[order.ref]
                order.addinfo(refusal=OUTCOME_NAMES[outcome])
                order.cancel() if outcome == CANCELLED else order.margin()
                self.notify(order)
                self._end(order, self.groups.after_end(order))

    def _tell_fill(self, order, i, row, number):
        """A fill, whole or in part: what is left of it waits in core, or is cancelled where core keeps nothing."""
        emergent = order is None
        if emergent:
            order = emergent_order(self, self.feeds[i], number[T_QUANTITY], OUTCOME_NAMES[row[T_OUTCOME]])
        cost = number[T_FEE] + number[T_SPREAD] + number[T_IMPACT]
        complete(self, order, self.held[i], number[T_QUANTITY], number[T_PRICE], cost, self.machine)
        if emergent:
            return
        if order.alive() and waits(self.machine.book, order.ref):
            self._end(order, [])
            return
        self.by_ref.pop(order.ref, None)
        if order.alive():  # less than a lot is left
            order.cancel()
            self.notify(order)
            self._end(order, self.groups.after_end(order))
        else:
            self._end(order, self.groups.after_completion(order))

    def __getstate__(self):
        """A broker goes to another process without its path; the other side makes a new one."""
        state = self.__dict__.copy()
        for name in ("machine", "_counts", "_currencies"):
            state.pop(name)
        return state

    def __setstate__(self, state):
        self.__dict__.update(state)
        self._take_over(self.again())


for _name, _subject in REFUSED.items():
    setattr(BasisBroker, _name, refuse(_name, _subject))
