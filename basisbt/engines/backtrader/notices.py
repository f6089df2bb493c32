"""Notices: a fill that core made, written into a Backtrader order so that trades and analyzers see it.

Knows Backtrader's bookkeeping of opened and closed sizes; prices and costs come from core's ticket.
"""

import backtrader as bt

from basisbt.core.contracts import gain, mean_entry


def mean_price(i, position, opened, closed, entry, price, rules):
    """Average entry after a fill, as core has it; 0 when nothing is held."""
    if position.size == 0.0:
        return 0.0
    before = position.size - opened
    if closed or before == 0.0:
        return price if opened else entry
    return mean_entry(i, before, entry, opened, price, rules) if opened else entry


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


def complete(broker, order, position, quantity, price, cost, machine):
    """Execute an order or a part of it: closed and opened size, P&L on the closed part, cost shared by size.

    Of a contract that settles in the coin the figures are in its quote currency, at the price of the fill; its average
    entry is core's, harmonic.
    """
    data, rules = order.data, machine.world.rules
    i, entry = broker.number[data], position.price
    _, _, opened, closed = position.update(quantity, price, data.datetime.datetime())
    pnl = gain(i, -closed, entry, price, rules) if closed else 0.0
    if rules.inverse[i]:
        pnl, cost = pnl * price, cost * price
        position.price = mean_price(i, position, opened, closed, entry, price, rules)
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
