"""What the broker answers: liquidations, refusals, missing bars, and requests that are the world's to decide."""

import backtrader as bt
import numpy as np
import pytest

from basisbt.core.books import FILLS
from basisbt.engines.backtrader import BasisStrategy, make_cerebro, run_backtrader
from basisbt.errors import RunError
from tests.support.plain_world import flat_world, plain_world, random_world


def test_a_liquidation_is_an_order_and_closes_the_trade():
    """A tenfold long falls through its maintenance: the venue's sale comes as an order, the trade is closed."""

    class Bold(BasisStrategy):
        def __init__(self):
            self.told, self.closed, self.liquidated = [], [], []

        def next(self):
            if len(self) == 1:
                self.buy(size=10_000)

        def notify_order(self, order):
            super().notify_order(order)
            self.told.append((order.info.get("reason"), order.getstatusname(), order.executed.size))

        def notify_liquidation(self, order):
            self.liquidated.append(order)

        def notify_trade(self, trade):
            if trade.isclosed:
                self.closed.append(trade)

    machine = run_backtrader(flat_world([100.0, 100.0, 99.0, 80.0, 80.0], spot=(False,)), Bold)
    strategy = machine.strategies[0]
    assert ("liquidation", "Completed", -10_000.0) in strategy.told
    assert len(strategy.liquidated) == len(strategy.closed) == 1
    assert strategy.liquidated[0].executed.price == strategy.data.open[-1] == 80.0
    assert strategy.closed[0].pnl == pytest.approx(-200_000.0)
    assert not strategy.position and machine.book.position[0] == 0.0


def test_refusals_are_margin_notices_with_their_reason():
    """A spot sale of what is not held, and a purchase beyond the cash."""

    class Poor(bt.Strategy):
        told = ()

        def next(self):
            if len(self) == 1:
                self.sell(size=1)
                self.buy(size=10_000)

        def notify_order(self, order):
            if order.status == order.Margin:
                self.told += (order.info.refusal,)

    strategy = run_backtrader(flat_world([100.0] * 4), Poor).strategies[0]
    assert strategy.told == ("not_enough_coin", "not_enough_cash")


def test_nothing_trades_in_a_missing_bar():
    """A market order waits for the next bar that exists."""

    class Buyer(bt.Strategy):
        def next(self):
            if len(self) == 2:
                self.buy(size=1)

    world = flat_world([100.0, 101.0, 102.0, 103.0, 104.0], missing=[(2, 0), (3, 0)])
    strategy = run_backtrader(world, Buyer).strategies[0]
    assert strategy.position.price == 104.0 and strategy.data.fresh()


@pytest.mark.parametrize("call", [
    lambda b: b.setcash(1.0), lambda b: b.setcommission(commission=0.1), lambda b: b.set_slippage_perc(0.1),
    lambda b: b.add_cash(5.0),
])  # fmt: skip
def test_what_the_world_decides_the_broker_refuses(call):
    """Money, fees and fills come from the config: silence would be a second truth."""
    with pytest.raises(NotImplementedError, match="the world's config"):
        call(make_cerebro(random_world(5)).broker)


@pytest.mark.parametrize("kind", ["cheat_on_open", "set_coc"])
def test_looking_ahead_is_refused(kind):
    """Both kinds of cheating."""
    cerebro = make_cerebro(random_world(5))
    cerebro.addstrategy(bt.Strategy)
    with pytest.raises(ValueError, match="refused"):
        cerebro.broker.set_coc(True) if kind == "set_coc" else cerebro.run(cheat_on_open=True)


def test_unsupported_orders_say_so():
    """Orders of the past cannot be given."""

    class Past(bt.Strategy):
        def next(self):
            self.sell(exectype=bt.Order.Historical)

    with pytest.raises(NotImplementedError, match="Historical orders are not supported"):
        run_backtrader(random_world(5), Past)


def test_an_order_inside_a_liquidation_is_cancelled():
    """A resting purchase the price meets only beyond the liquidation price goes with the account."""

    class Deep(bt.Strategy):
        told = ()

        def next(self):
            if len(self) == 1:
                self.buy(size=10_000)
                self.buy(size=1, exectype=bt.Order.Limit, price=60.0)

        def notify_order(self, order):
            if order.status in (order.Canceled, order.Margin):
                self.told += ((order.getstatusname(), order.info.refusal, order.created.price),)

    bars = [[100.0] * 4, [100.0] * 4, [100.0, 100.0, 50.0, 55.0], [55.0] * 4]
    strategy = run_backtrader(plain_world(bars, (False,)), Deep).strategies[0]
    assert strategy.told == (("Canceled", "cancelled", 60.0),)


def test_a_cancelled_order_does_not_trade():
    """Neither one that rests nor one given at this very close."""

    class Fickle(bt.Strategy):
        def next(self):
            if len(self) == 1:
                self.resting = self.buy(size=1, exectype=bt.Order.Limit, price=90.0)
                self.cancel(self.buy(size=2))
                assert [o.size for o in self.broker.get_orders_open()] == [1]
            elif len(self) == 2:
                self.cancel(self.resting)
                assert not self.broker.get_orders_open() and self.broker.cancel(self.resting) is False

    machine = run_backtrader(flat_world([100.0, 100.0, 80.0, 80.0]), Fickle)
    assert not machine.strategies[0].position and machine.book.count[FILLS] == 0


def test_a_ruined_account_places_no_orders():
    """After a loss of everything orders are rejected."""

    class Bold(bt.Strategy):
        told = ()

        def next(self):
            if len(self) in (1, 4):
                self.buy(size=10_000)

        def notify_order(self, order):
            self.told += (order.getstatusname(),)

    strategy = run_backtrader(flat_world([100.0, 100.0, 80.0, 80.0, 80.0, 80.0], spot=(False,)), Bold).strategies[0]
    assert strategy.told[-2:] == ("Submitted", "Rejected")


@pytest.mark.parametrize("order", [{"size": float("nan")}, {"size": 1.0, "price": float("nan"), "exectype": bt.Order.Limit}])
def test_an_order_that_is_not_a_number_stops_the_run(order):
    """Was a bug: NaN fails every comparison, so such an order meant no order, and nobody was told."""

    class Buys(bt.Strategy):
        def next(self):
            self.buy(data=self.datas[0], **order)

    bars = np.full((5, 4), 100.0)
    with pytest.raises(RunError, match="expected a finite number"):
        run_backtrader(plain_world(bars), Buys)
