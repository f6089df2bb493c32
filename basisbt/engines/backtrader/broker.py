"""The broker: answers Backtrader's questions from the books and steps core once a bar.

Knows which orders rest and when they match. Money is core's: every answer about it is read from the books, and
every fill core makes, its own ones (liquidation) included, is told to Backtrader as an order.
"""

import collections

import backtrader as bt

from basisbt.core.books import FILLED, LIQUIDATED, NO_BAR, OUTCOME_NAMES, T_FEE, T_INSTRUMENT, T_ORDER, T_OUTCOME
from basisbt.core.books import T_PRICE, T_QUANTITY, T_SPREAD
from basisbt.core.execution import queue_order
from basisbt.core.tape import CLOSE, HIGH, LOW, OPEN
from basisbt.engines.backtrader.commission import commissions
from basisbt.engines.backtrader.matching import SUPPORTED, match
from basisbt.engines.backtrader.notices import complete, emergent_order
from basisbt.engines.machine import Machine


class BasisBroker(bt.BrokerBase):
    """A Backtrader broker over one Machine. One instrument, one feed; sizes are fractional base units."""

    def __init__(self, machine: Machine):
        super().__init__()
        self.machine = machine
        self.t = -1
        self.resting: list = []
        self.by_ref: dict = {}
        self.notices: collections.deque = collections.deque()
        self.positions: list = []
        self.startingcash = self.capital = machine.world.capital
        self.fund_shares = self.capital / 100.0
        self.feeds: list = []

    def attach(self, feeds) -> None:
        """Tell the broker its feeds, in instrument order."""
        self.feeds = feeds
        self.positions = [bt.Position() for _ in feeds]
        for feed, info in zip(feeds, commissions(self.machine.world)):
            self.addcommissioninfo(info, name=feed._name)

    # -- what Backtrader asks ------------------------------------------------------------------------------

    def getcash(self):
        """USD of all currencies at all venues, less what is owed."""
        book, rules = self.machine.book, self.machine.world.rules
        owned = book.balance[: rules.wallets + 3 * rules.venues][:, rules.cash].sum(axis=0)
        return float((owned * book.usd[rules.cash]).sum())

    def getvalue(self, datas=None):
        """Marked equity in USD; for given feeds the signed market value of what is held of them."""
        if datas is not None:
            return sum(self.getposition(d).size * d.close[0] for d in datas)
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
        """Position of a feed; its price is the average entry."""
        position = self.positions[data.p.instrument]
        return position.clone() if clone else position

    def get_notification(self):
        """The next order notice, None when there is none."""
        return self.notices.popleft() if self.notices else None

    # -- orders --------------------------------------------------------------------------------------------

    def buy(self, owner, data, size, price=None, plimit=None, exectype=None, valid=None, tradeid=0, oco=None,
            trailamount=None, trailpercent=None, parent=None, transmit=True, **kwargs):  # fmt: skip
        """Submit a buy order; see `submit`."""
        order = bt.BuyOrder(owner=owner, data=data, size=size, price=price, pricelimit=plimit, exectype=exectype,
                            valid=valid, tradeid=tradeid)  # fmt: skip
        return self._take(order, oco, parent, trailamount or trailpercent, transmit, kwargs)

    def sell(self, owner, data, size, price=None, plimit=None, exectype=None, valid=None, tradeid=0, oco=None,
             trailamount=None, trailpercent=None, parent=None, transmit=True, **kwargs):  # fmt: skip
        """Submit a sell order; see `submit`."""
        order = bt.SellOrder(owner=owner, data=data, size=size, price=price, pricelimit=plimit, exectype=exectype,
                             valid=valid, tradeid=tradeid)  # fmt: skip
        return self._take(order, oco, parent, trailamount or trailpercent, transmit, kwargs)

    def _take(self, order, oco, parent, trail, transmit, kwargs):
        if order.exectype not in SUPPORTED or oco is not None or parent is not None or trail or not transmit:
            raise NotImplementedError(
                f"{order.getordername()} orders, brackets and OCO are not delivered yet; "
                "use Market, Close, Limit or Stop"
            )
        order.addinfo(**kwargs)
        return self.submit(order)

    def submit(self, order):
        """Accept an order; it can trade from the next bar on."""
        order.pannotated = None
        order.addcomminfo(self.getcommissioninfo(order.data))
        order.submit(self)
        self.notify(order)
        order.accept(self)
        self.notify(order)
        self.resting.append(order)
        return order

    def cancel(self, order):
        """Withdraw a resting order; False if it is not resting any more."""
        for k, resting in enumerate(self.resting):
            if resting.ref == order.ref:
                del self.resting[k]
                resting.cancel()
                self.notify(resting)
                return True
        return False

    def notify(self, order):
        """Queue a notice: a copy of the order as it is now."""
        self.notices.append(order.clone())

    # -- the bar -------------------------------------------------------------------------------------------

    def next(self):
        """One bar: match what rests, step core, tell what happened."""
        t = self.t = self.t + 1
        machine = self.machine
        if self.resting:
            self._match(t)
        machine.advance(t)
        tickets = machine.drain()
        if tickets is not None:
            self._tell(t, *tickets)
        machine.check(t)
        if machine.ruined and self.resting:
            for order in list(self.resting):
                self.cancel(order)

    def _match(self, t):
        world = self.machine.world
        row = world.overlay.row[t]
        resting, self.resting = self.resting, []
        for order in resting:
            i = order.data.p.instrument
            lines = order.data
            if order.expire():
                self.notify(order)
                continue
            hit = None
            if world.panel.fresh[row, i]:
                bar = (lines.open[0], lines.high[0], lines.low[0], lines.close[0])
                hit = match(order, bar, lines.datetime[0])
            if hit is None:
                self.resting.append(order)
                continue
            self.by_ref[order.ref] = order
            queue_order(
                self.machine.book, i, order.executed.remsize, hit.price, hit.inside, hit.bound, -1, 0, 0, order.ref
            )

    def _tell(self, t, rows, numbers):
        """Turn core's tickets of this bar into order notices."""
        instruments = len(self.feeds)
        for row, number in zip(rows, numbers):
            i, outcome = int(row[T_INSTRUMENT]), int(row[T_OUTCOME])
            if i >= instruments:
                continue  # a withdrawal
            order = self.by_ref.pop(int(row[T_ORDER]), None)
            if outcome in (FILLED, LIQUIDATED):
                quantity, price = float(number[T_QUANTITY]), float(number[T_PRICE])
                if order is None:
                    order = emergent_order(self, self.feeds[i], quantity, OUTCOME_NAMES[outcome])
                complete(self, order, quantity, price, float(number[T_FEE] + number[T_SPREAD]))
            elif order is not None and outcome == NO_BAR:
                self.resting.append(order)
            elif order is not None:
                order.addinfo(refusal=OUTCOME_NAMES[outcome])
                order.margin()
                self.notify(order)
