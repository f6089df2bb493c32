"""The adapter: a strategy file's `decide` as a Backtrader strategy, and the base class for people's own.

Knows when to ask. What is wanted is turned into orders by core, so that both drivers mean the same.
"""

import backtrader as bt

from basisbt.core.books import ERROR


class BasisStrategy(bt.Strategy):
    """Base for a person's own `bt.Strategy` on basisbt; plain `bt.Strategy` classes run too.

    `notify_liquidation(order)` is called after a liquidation's order notice.
    """

    def notify_liquidation(self, order):
        """A position was closed by its venue."""

    def notify_order(self, order):
        """Calls `notify_liquidation` for what core closed; call super() when you override this."""
        if order.info.get("reason") == "liquidation" and order.status == order.Completed:
            self.notify_liquidation(order)


class Decide(BasisStrategy):
    """Asks the world's `decide` at every close until the account is ruined."""

    def __init__(self):
        self.machine = self.cerebro.broker.machine

    def start(self):
        self._broker = self.cerebro.broker
        self._asked = -1

    def prenext(self):
        """A plan needs no warm-up: `decide` looks after its own history."""
        self.next()

    def next(self):
        machine, t = self.machine, self._broker.t
        if t > self._asked and not machine.ruined:
            self._asked = t
            machine.decide(t)
            if machine.book.count[ERROR]:
                machine.check(t)
