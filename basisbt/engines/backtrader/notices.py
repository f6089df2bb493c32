"""Notices: a fill that core made, written into a Backtrader order so that trades and analyzers see it.

Knows Backtrader's bookkeeping of opened and closed sizes; prices and costs come from core's ticket.
"""

import backtrader as bt


def emergent_order(broker, data, quantity, reason):
    """An order nobody placed: core filled it (liquidation), or a decision of `decide` did."""
    cls = bt.BuyOrder if quantity > 0.0 else bt.SellOrder
    owner = broker.cerebro.runningstrats[0]
    order = cls(owner=owner, data=data, size=abs(quantity), exectype=bt.Order.Market)
    order.addcomminfo(broker.getcommissioninfo(data))
    order.addinfo(reason=reason)
    order.submit(broker)
    order.accept(broker)
    broker.notify(order)
    return order


def complete(broker, order, position, quantity, price, cost):
    """Execute an order in full: split into closed and opened size, P&L on the closed part, cost shared by size."""
    data = order.data
    entry = position.price
    _, _, opened, closed = position.update(quantity, price, data.datetime.datetime())
    pnl = -closed * (price - entry) if closed else 0.0
    per_unit = cost / abs(quantity)
    order.execute(
        data.datetime[0], quantity, price,
        closed, -closed * entry if closed else 0.0, abs(closed) * per_unit,
        opened, opened * price, abs(opened) * per_unit,
        None, pnl, position.size, position.price,
    )  # fmt: skip
    if order.executed.remsize == 0.0 or abs(order.executed.remsize) < 1e-12 * abs(quantity):
        order.completed()
    broker.notify(order)
