"""Stop-limits, trailing stops, OCO groups and brackets: our broker against stock `BackBroker` on the same bars.

One linear perpetual, free of charge, small sizes. What is compared is what became of every order: status, size, price
and bar of its fills. A stream in which two orders of different kinds of moment (open, inside) trade in one bar is still
compared: they do not change each other here.
"""

import collections

import backtrader as bt
import numpy as np
import pytest

from basisbt.engines.backtrader import make_cerebro
from tests.differential.test_stock_parity import run_stock as stock_of
from tests.support.plain_world import HOUR, plain_world, random_bars

BARS, STREAMS = 60, 150
Order = bt.Order
KINDS = (Order.StopLimit, Order.StopTrail, Order.StopTrailLimit)


class Stream(bt.Strategy):
    """Places what its draws say; keeps what it is told of every order."""

    params = (("draws", None), ("spot", False))

    def start(self):
        self.placed, self.ends, self.fills, self.bars = [], {}, collections.defaultdict(list), []

    def notify_order(self, order):
        self.ends[order.ref] = order
        if order.status in (Order.Partial, Order.Completed):
            self.fills[order.ref].append((len(self), order.executed.size, order.executed.price))

    def keep(self, orders):
        for order in orders:
            self.placed.append(order)
            self.ends.setdefault(order.ref, order)

    def next(self):
        draw, close = self.p.draws[len(self) - 1], self.data.close[0]
        live = [o for o in self.placed if self.ends[o.ref].alive()]
        if draw[0] < 0.06 and live:
            self.cancel(live[int(draw[1] * len(live))])
        if draw[2] > 0.3 or len(live) > 12:
            return
        buys, away = draw[3] < 0.5, 0.02 * draw[4] * close
        act, sign = (self.buy, 1.0) if buys else (self.sell, -1.0)
        size = 1.0 + int(draw[5] * 4)
        if draw[6] < 0.25:
            self.keep([act(size=size, exectype=Order.StopLimit, price=close + sign * away,
                           plimit=close + sign * (away + (draw[7] - 0.5) * 0.02 * close))])  # fmt: skip
        elif draw[6] < 0.45:
            amount = dict(trailamount=away) if draw[7] < 0.5 else dict(trailpercent=0.02 * draw[4])
            self.keep([act(size=size, exectype=Order.StopTrail, **amount)])
        elif draw[6] < 0.55:
            self.keep([act(size=size, exectype=Order.StopTrailLimit, trailamount=away, plimit=close + sign * 3 * away)])
        elif draw[6] < 0.75:
            first = act(size=size, exectype=Order.Limit, price=close - sign * away)
            second = act(size=size, exectype=Order.Stop, price=close + sign * away, oco=first)
            self.keep([first, second])
        else:
            bracket = self.buy_bracket if buys else self.sell_bracket
            self.keep(bracket(size=size, price=close + sign * 0.3 * (draw[7] - 0.5) * away,
                              stopprice=close - sign * away, limitprice=close + sign * away,
                              exectype=Order.Limit if draw[8] < 0.7 else Order.Market))  # fmt: skip


def outcome(strategy):
    """Per order: kind, size, status, fills."""
    return [
        (o.exectype, o.size, Order.Accepted if strategy.ends[o.ref].status == Order.Submitted else strategy.ends[o.ref].status,
         [(bar, round(size, 9), round(price, 6)) for bar, size, price in strategy.fills[o.ref]])
        for o in strategy.placed
    ]  # fmt: skip


def both(seed):
    """The same stream on both brokers."""
    rng = np.random.default_rng([seed, 9])
    draws, bars = rng.random((BARS, 9)), random_bars(rng, BARS)
    world = plain_world(bars, (False,), cash=1e7, fee=0.0, seconds=HOUR)
    cerebro = make_cerebro(world)
    cerebro.addstrategy(Stream, draws=draws)
    return outcome(cerebro.run()[0]), outcome(stock_of(bars, HOUR, Stream, cash=1e7, fee=0.0, draws=draws))


def test_contingent_orders_end_as_on_the_stock_broker():
    counts = collections.Counter()
    for seed in range(STREAMS):
        ours, stock = both(seed)
        assert ours == stock, f"stream {seed}: " + "; ".join(f"{k}: {a} {b}" for k, (a, b) in enumerate(zip(ours, stock)) if a != b)
        for kind, _, status, fills in ours:
            counts[Order.ExecTypes[kind], bool(fills)] += 1
            counts[Order.Status[status]] += 1
    for kind in KINDS:
        assert counts[Order.ExecTypes[kind], True] > 20 and counts[Order.ExecTypes[kind], False] > 20, counts
    assert counts["Canceled"] > 300 and counts["Completed"] > 300


class Scripted(bt.Strategy):
    """Calls `p.act(self)` once, in its first bar."""

    params = (("act", None),)

    def start(self):
        self.told = []

    def notify_order(self, order):
        self.told.append((order.ref, order.getstatusname(), order.executed.price))

    def next(self):
        if len(self) == 1:
            self.orders = self.p.act(self)


def story(bars, act):
    """[(number of the order, status, price)] of a scripted strategy on given bars."""
    cerebro = make_cerebro(plain_world(np.array(bars, float), (False,), cash=1e6))
    cerebro.addstrategy(Scripted, act=act)
    strategy = cerebro.run()[0]
    number = {order.ref: k for k, order in enumerate(strategy.orders)}
    return [(number[ref], status, price) for ref, status, price in strategy.told if status not in ("Submitted", "Accepted")]


FLAT = [100, 100, 100, 100]


def test_a_stop_limit_that_is_gapped_through_waits_for_its_limit():
    """Trigger 102, limit 103: the open of 105 triggers it, beyond its limit; the next bar comes back to 103."""
    bars = [FLAT, [105, 106, 104, 105], [104, 104, 102, 103], FLAT]
    told = story(bars, lambda s: [s.buy(size=1, exectype=Order.StopLimit, price=102, plimit=103)])
    assert told == [(0, "Completed", 103.0)]


def test_a_trailing_stop_follows_the_close_up_and_not_down():
    """Sell 2 below: 98, then after closes of 104 and 103 it is 102; met by the low of 101."""
    bars = [FLAT, [100, 104, 100, 104], [104, 104, 102.5, 103], [103, 103, 101, 101], FLAT]
    told = story(bars, lambda s: [s.sell(size=1, exectype=Order.StopTrail, trailamount=2.0)])
    assert told == [(0, "Completed", 102.0)]


def test_the_child_of_a_bracket_that_fills_ends_the_other():
    """Bought at the open of 100; from the next bar on the stop at 95 and the limit at 110 live; the low of 94 is first."""
    bars = [FLAT, FLAT, [100, 101, 94, 99], [99, 112, 99, 110], FLAT]
    told = story(bars, lambda s: s.buy_bracket(size=1, exectype=Order.Market, stopprice=95, limitprice=110))
    assert told == [(0, "Completed", 100.0), (1, "Completed", 95.0), (2, "Canceled", 0.0)]


def test_of_two_in_an_oco_group_that_match_in_one_bar_the_first_given_fills():
    def act(s):
        first = s.sell(size=1, exectype=Order.Limit, price=105)
        return [first, s.sell(size=1, exectype=Order.Stop, price=95, oco=first)]

    told = story([FLAT, [100, 106, 94, 100], FLAT], act)
    assert told == [(0, "Completed", 105.0), (1, "Canceled", 0.0)]


def test_a_bracket_whose_parent_is_cancelled_goes_as_a_whole():
    def act(s):
        orders = s.buy_bracket(size=1, price=90, stopprice=80, limitprice=110)
        s.cancel(orders[0])
        return orders

    assert [row[1] for row in story([FLAT, FLAT, FLAT], act)] == ["Canceled"] * 3


@pytest.mark.parametrize(("size", "statuses"), [(250.0, ["Partial", "Partial", "Completed"]), (80.0, ["Completed"])])
def test_an_order_larger_than_the_bar_is_filled_in_parts(size, statuses):
    world = plain_world(np.array([FLAT] * 6, float), (False,), cash=1e6)
    world = world.without(rules=world.rules._replace(volume_share=np.array([0.1])))  # 100 units a bar
    cerebro = make_cerebro(world)
    cerebro.addstrategy(Scripted, act=lambda s: [s.buy(size=size)])
    strategy = cerebro.run()[0]
    assert [status for _, status, _ in strategy.told if status not in ("Submitted", "Accepted")] == statuses
    assert cerebro.broker.machine.book.position[0] == size


def test_cancelling_an_order_in_parts_keeps_what_was_filled():
    world = plain_world(np.array([FLAT] * 6, float), (False,), cash=1e6)
    world = world.without(rules=world.rules._replace(volume_share=np.array([0.1])))

    class Cancels(Scripted):
        def next(self):
            super().next()
            if len(self) == 2:
                self.cancel(self.orders[0])

    cerebro = make_cerebro(world)
    cerebro.addstrategy(Cancels, act=lambda s: [s.buy(size=250.0)])
    strategy = cerebro.run()[0]
    assert [status for _, status, _ in strategy.told][2:] == ["Partial", "Canceled"]
    assert cerebro.broker.machine.book.position[0] == 100.0
