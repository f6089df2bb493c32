"""A strategy file's `decide` under Backtrader: the same books as without it, and every fill told as an order."""

import backtrader as bt
import numpy as np
import pytest

from basisbt.core.books import FILLED, LIQUIDATED, RUINED, T_INSTRUMENT, T_OUTCOME, T_QUANTITY
from basisbt.engines.backtrader import Decide, run_backtrader
from basisbt.engines.machine import run_loop
from basisbt.errors import RunError
from basisbt.strategy import hold
from tests.support.plain_world import plain_world, random_bars


def swing(seen, book, want, p):
    """Hold, let go, hold more."""
    if seen.now % 10 == 1:
        hold(want, 0, 1000.0 * (seen.now // 10 % 4))


def reckless(seen, book, want, p):
    """Far more than the account bears for long."""
    if seen.now == 0:
        want.asked[0] = 2
        want.long_units[0] = 0.0
        want.short_units[0] = 5000.0


def broken(seen, book, want, p):
    """A target that is no number."""
    if seen.now == 3:
        hold(want, 0, np.nan)


def carry(decide, bars=200, volatility=0.01, **given):
    """Spot against perpetual of one coin."""
    spot = random_bars(np.random.default_rng(5), bars, volatility=volatility)
    legs = np.stack([spot, spot * 1.001], axis=1)
    return plain_world(legs, (True, False), pair=(0, 1), fee=0.0005, funding=0.0001, decide=decide, **given)


def fills(machine):
    """(instrument, quantity) of every fill of core's."""
    return [
        (int(row[T_INSTRUMENT]), float(number[T_QUANTITY]))
        for rows, numbers in machine.tickets for row, number in zip(rows, numbers)
        if row[T_OUTCOME] in (FILLED, LIQUIDATED)
    ]  # fmt: skip


class Told(Decide):
    """Writes down what it is told."""

    def __init__(self):
        super().__init__()
        self.orders, self.trades = [], []

    def notify_order(self, order):
        super().notify_order(order)
        if order.status == order.Completed:
            self.orders.append((order.data.p.instrument, order.executed.size))

    def notify_trade(self, trade):
        self.trades.append(trade)


WATCHERS = {
    "unwatched": lambda cerebro: None,
    "analyzer": lambda cerebro: cerebro.addanalyzer(bt.analyzers.Transactions),
    "observer": lambda cerebro: cerebro.addobserver(bt.observers.Broker),
    "indicator": lambda cerebro: cerebro.addindicator(bt.ind.SMA, period=30),
    "timer": lambda cerebro: cerebro.add_timer(bt.timer.SESSION_START),
}


@pytest.mark.parametrize("watcher", WATCHERS)
def test_same_books_whoever_watches(watcher):
    """Digest and equity of the plain loop, with and without analyzers, observers, indicators, timers."""
    loop = run_loop(carry(swing))
    machine = run_backtrader(carry(swing), prepare=WATCHERS[watcher])
    assert machine.book.digest[0] == loop.book.digest[0]
    assert np.array_equal(machine.book.equity, loop.book.equity)
    assert sum(len(amount) for _, amount in machine.postings) == sum(len(amount) for _, amount in loop.postings)
    strategy = machine.strategies[0]
    assert len(strategy) == 200 and strategy.datetime[0] == strategy.data.datetime[0]


@pytest.mark.parametrize("mode", [{"runonce": False}, {"preload": False}, {"exactbars": 1}], ids=str)
def test_same_books_step_by_step(mode):
    """Also in Cerebro's other modes."""

    def prepare(cerebro):
        for name, value in mode.items():
            setattr(cerebro.p, name, value)

    assert run_backtrader(carry(swing), prepare=prepare).book.digest[0] == run_loop(carry(swing)).book.digest[0]


def test_every_fill_is_an_order():
    """A subclass hears of each fill in core's order; trades open and close."""
    machine = run_backtrader(carry(swing), Told)
    strategy = machine.strategies[0]
    assert strategy.orders == fills(machine) and len(strategy.orders) > 20
    assert sum(trade.isclosed for trade in strategy.trades) >= 2


def test_analyzers_see_what_decide_traded():
    """Transactions and TradeAnalyzer on a plain Decide."""

    def prepare(cerebro):
        cerebro.addanalyzer(bt.analyzers.Transactions)
        cerebro.addanalyzer(bt.analyzers.TradeAnalyzer)

    machine = run_backtrader(carry(swing), prepare=prepare)
    transactions, trades = (each.get_analysis() for each in machine.strategies[0].analyzers)
    assert sum(len(rows) for rows in transactions.values()) == len(fills(machine))
    assert trades.total.closed >= 2


def test_orders_are_kept_without_anybody_listening():
    """The unwatched run keeps Backtrader's own list of orders and trades too."""
    machine = run_backtrader(carry(swing))
    strategy = machine.strategies[0]
    assert len({order.ref for order in strategy._orders}) == len(fills(machine))
    assert len(strategy._trades[strategy.data1][0]) > 1


def test_ruin_ends_the_asking():
    """A perpetual alone, held at more than it bears, is liquidated; a ruined account is not asked again."""
    loop = run_loop(carry(reckless, volatility=0.05, mmr=0.0, imr=0.0))
    machine = run_backtrader(carry(reckless, volatility=0.05, mmr=0.0, imr=0.0), Told)
    assert machine.book.digest[0] == loop.book.digest[0]
    assert machine.book.count[RUINED] == loop.book.count[RUINED]
    assert len(machine.strategies[0].orders) == len(fills(loop)) >= 1


def test_a_target_that_is_no_number_stops_the_run():
    """With the moment it was asked at, whoever watches."""
    for prepare in (None, WATCHERS["observer"]):
        with pytest.raises(RunError, match="2022-01-01T03:00:00Z: .*not a finite number"):
            run_backtrader(carry(broken), prepare=prepare)
