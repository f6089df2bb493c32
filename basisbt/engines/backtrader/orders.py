"""Orders on their way in and out: submitted, transmitted with their bracket, cancelled, taken along by others.

Knows what Backtrader promises about orders. Knows neither prices nor fills; it is the broker's front desk.
"""

import backtrader as bt

from basisbt.core.books import RUINED
from basisbt.core.queue import drop_order
from basisbt.engines.backtrader.matching import SUPPORTED, refuse_nonsense, to_tick


class OrderDesk:
    """What a broker does with orders before and after they trade; it keeps them in `resting`, `by_ref` and `groups`."""

    def buy(self, owner, data, size, price=None, plimit=None, exectype=None, valid=None, tradeid=0, oco=None,
            trailamount=None, trailpercent=None, parent=None, transmit=True, **kwargs):  # fmt: skip
        """Submit a buy order; see `submit`."""
        order = bt.BuyOrder(owner=owner, data=data, size=size, price=price, pricelimit=plimit, exectype=exectype,
                            valid=valid, tradeid=tradeid, trailamount=trailamount, trailpercent=trailpercent,
                            parent=parent, transmit=transmit)  # fmt: skip
        return self._take(order, oco, kwargs)

    def sell(self, owner, data, size, price=None, plimit=None, exectype=None, valid=None, tradeid=0, oco=None,
             trailamount=None, trailpercent=None, parent=None, transmit=True, **kwargs):  # fmt: skip
        """Submit a sell order; see `submit`."""
        order = bt.SellOrder(owner=owner, data=data, size=size, price=price, pricelimit=plimit, exectype=exectype,
                             valid=valid, tradeid=tradeid, trailamount=trailamount, trailpercent=trailpercent,
                             parent=parent, transmit=transmit)  # fmt: skip
        return self._take(order, oco, kwargs)

    def _take(self, order, oco, kwargs):
        if order.exectype not in SUPPORTED:
            raise NotImplementedError(f"{order.getordername()} orders are not supported")
        order.addinfo(**kwargs)
        self.groups.join(order, oco)
        return self.submit(order)

    def submit(self, order):
        """Accept an order; it can trade from the next bar on. A ruined account's orders are rejected.

        With `transmit=False` it waits for the rest of its bracket; a child trades only after its parent.
        """
        if order.data not in self.number:
            name = order.data._name or "a feed"
            raise ValueError(f"{name!r} is not an instrument of this world: nothing trades on it")
        refuse_nonsense(order)
        to_tick(order, float(self.machine.world.rules.tick[self.number[order.data]]))
        order.pannotated = None
        order.addcomminfo(self.getcommissioninfo(order.data))
        if not self.groups.adopt(order):
            order.reject(self)
            self.notify(order)
        elif order.transmit:
            for each in self.groups.family(order):
                if each.status == bt.Order.Created:
                    self._transmit(each)
        return order

    def _transmit(self, order):
        order.submit(self)
        self.notify(order)
        if self._counts[RUINED]:
            order.reject(self)
        else:
            order.accept(self)
            self.resting.append(order)
        self.notify(order)

    def cancel(self, order):
        """Withdraw an order that rests or is filled in part, and all that hangs on it; False if it has ended."""
        found = next((each for each in (*self.resting, *self.by_ref.values()) if each.ref == order.ref), None)
        if found is None:
            return False
        self._withdraw(found)
        self._end(found, self.groups.after_end(found))
        return True

    def _withdraw(self, order):
        """Take an order out of wherever it waits, and say so."""
        self.resting = [each for each in self.resting if each.ref != order.ref]
        self.by_ref.pop(order.ref, None)
        drop_order(self.machine.book, order.ref)
        order.cancel()
        self.notify(order)

    def _end(self, order, family):
        """Cancel what an order's fill or end takes with it: its OCO rivals, and of a bracket what is named."""
        for other in (*self.groups.rivals(order), *family):
            if other.alive():
                self._withdraw(other)
