"""Ordinary `bt.Strategy` classes on a basisbt world: what a Backtrader user takes for granted goes on working."""

import datetime
import math

import backtrader as bt
import numpy as np
import pytest

from basisbt.core.rules import BASIS, COLLATERAL, DIRECTIONAL, FEE, FUNDING
from basisbt.engines.backtrader import make_cerebro, run_backtrader
from tests.support.plain_world import DAY, HOUR, flat_world, random_world

A = bt.analyzers


class Crossing(bt.Strategy):
    """Long above, flat below: the example of every Backtrader introduction."""

    params = (("fast", 5), ("slow", 20))

    def __init__(self):
        self.fast, self.slow = bt.ind.SMA(period=self.p.fast), bt.ind.SMA(period=self.p.slow)
        self.cross = bt.ind.CrossOver(self.fast, self.slow)
        self.calls, self.orders, self.trades, self.cash, self.funds = [], [], [], [], []

    def prenext(self):
        self.calls.append("prenext")

    def nextstart(self):
        self.calls.append("nextstart")
        self.next()

    def next(self):
        self.calls.append("next")
        if self.cross > 0:
            self.order_target_percent(target=0.9)
        elif self.cross < 0 and self.position:
            self.close()

    def notify_order(self, order):
        self.orders.append(order)

    def notify_trade(self, trade):
        self.trades.append(trade)

    def notify_cashvalue(self, cash, value):
        self.cash.append((cash, value))

    def notify_fund(self, cash, value, fundvalue, shares):
        self.funds.append((cash, value, fundvalue, shares))


def test_life_cycle_and_indicators():
    """prenext until the slow average has two values to cross, nextstart once, then next; the average is the average."""
    world = random_world()
    strategy = run_backtrader(world, Crossing).strategies[0]
    assert strategy.calls == ["prenext"] * 20 + ["nextstart"] + ["next"] * 280
    close = world.panel.prices[:, 3, 0]
    np.testing.assert_allclose(strategy.slow.array[19:], [close[t - 19 : t + 1].mean() for t in range(19, 300)])
    assert strategy.data.datetime.datetime(0) == datetime.datetime(2022, 1, 1) + datetime.timedelta(hours=299)
    assert strategy.datetime.datetime(0) == strategy.data.datetime.datetime(0)


def test_notices():
    """Every order is told as submitted, accepted, completed; cash, value and fund every bar."""
    strategy = run_backtrader(random_world(), Crossing).strategies[0]
    told = {}
    for order in strategy.orders:
        told.setdefault(order.ref, []).append(order.getstatusname())
    assert len(told) > 5
    assert all(each == ["Submitted", "Accepted", "Completed"] for each in told.values())
    assert sum(trade.isclosed for trade in strategy.trades) > 2
    assert len(strategy.cash) == len(strategy.funds) == 300
    cash, value, per_share, shares = strategy.funds[-1]
    assert (cash, value) == strategy.cash[-1]
    assert per_share * shares == pytest.approx(value, rel=1e-12) and shares == 1000.0
    assert strategy.funds[0][2] == pytest.approx(100.0)


def test_order_target_percent_is_fractional():
    """Half of 100,000 at 60,000 is 0.8333 of a coin, not 0."""

    class Half(bt.Strategy):
        def next(self):
            if len(self) == 1:
                self.order_target_percent(target=0.5)

    strategy = run_backtrader(flat_world([60_000.0] * 3), Half).strategies[0]
    assert strategy.position.size == pytest.approx(50_000.0 / 60_000.0, rel=1e-12)


@pytest.mark.parametrize("sizer, params, size", [
    (bt.sizers.PercentSizer, {"percents": 50}, 50_000.0 / 60_000.0), (bt.sizers.FixedSize, {"stake": 0.25}, 0.25),
    (bt.sizers.AllInSizer, {}, 100_000.0 / 60_000.0),
])  # fmt: skip
def test_sizers(sizer, params, size):
    """Stock sizers ask for cash and price and may answer with a fraction."""

    class Buyer(bt.Strategy):
        def next(self):
            if len(self) == 1:
                self.buy()

    world = flat_world([60_000.0] * 3)
    strategy = run_backtrader(world, Buyer, prepare=lambda c: c.addsizer(sizer, **params)).strategies[0]
    assert strategy.position.size == pytest.approx(size, rel=1e-12)


def test_targets_and_close_by_hand():
    """Targets at 100: 3 units, then 500 of value is 5 units, then 10 % of 100,000 is 100 units, then nothing."""

    class Targets(bt.Strategy):
        held = ()

        def next(self):
            self.held += (self.position.size,)
            step = len(self)
            if step == 1:
                self.order_target_size(target=3)
            elif step == 2:
                self.order_target_value(target=500.0)
            elif step == 3:
                self.order_target_percent(target=0.1)
            elif step == 4:
                self.close()

    strategy = run_backtrader(flat_world([100.0] * 6), Targets).strategies[0]
    assert strategy.held == pytest.approx((0, 3, 5, 100, 0, 0))
    assert strategy.getposition(strategy.data).size == 0 and strategy.positionsbyname["venue:COIN/USDT"].size == 0


ANALYZERS = {
    A.TradeAnalyzer: {}, A.DrawDown: {}, A.TimeDrawDown: {}, A.TimeReturn: {}, A.SQN: {}, A.Transactions: {},
    A.PositionsValue: {"cash": True}, A.GrossLeverage: {}, A.Returns: {}, A.AnnualReturn: {}, A.VWR: {},
    A.PyFolio: {}, A.LogReturnsRolling: {}, A.Calmar: {}, A.PeriodStats: {},
    A.SharpeRatio: {"timeframe": bt.TimeFrame.Days, "factor": 365}, A.SharpeRatio_A: {},
}  # fmt: skip


def test_stock_analyzers():
    """Seventeen of them run; the numbers that are easy to check are right."""

    def prepare(cerebro):
        cerebro.addobserver(bt.observers.Broker)  # AnnualReturn reads it
        for analyzer, params in ANALYZERS.items():
            cerebro.addanalyzer(analyzer, _name=analyzer.__name__, **params)

    machine = run_backtrader(random_world(500, seconds=DAY), Crossing, prepare=prepare)
    strategy = machine.strategies[0]
    got = {name: analyzer.get_analysis() for name, analyzer in strategy.analyzers.getitems()}
    equity = machine.book.equity[:, 0]
    returns = equity / np.concatenate([[100_000.0], equity[:-1]]) - 1.0
    np.testing.assert_allclose(list(got["TimeReturn"].values()), returns, atol=1e-12)
    peak = np.maximum.accumulate(np.concatenate([[100_000.0], equity]))[1:]
    assert got["DrawDown"].max.drawdown == pytest.approx(100 * (1 - equity / peak).max(), rel=1e-9)
    assert got["Returns"]["rtot"] == pytest.approx(math.log(equity[-1] / 100_000.0), rel=1e-9)
    assert got["SharpeRatio"]["sharperatio"] is not None
    assert sum(abs(t[0][0]) for t in got["Transactions"].values()) > 0
    assert got["SQN"].trades == got["TradeAnalyzer"].total.closed > 5
    returns, positions, transactions, leverage = strategy.analyzers.PyFolio.get_pf_items()
    assert len(returns) == 500 and len(transactions) > 5 and leverage.max() < 1.0


@pytest.mark.parametrize("spot", [True, False])
def test_trade_analyzer_agrees_with_the_attribution(spot):
    """All trades closed, the net P&L of bt.Trade is what core says the run earned, and the change of equity."""

    class InAndOut(bt.Strategy):
        def next(self):
            if len(self) >= 190:
                self.order_target_size(target=0)
            elif len(self) % 7 == 0:
                self.order_target_size(target=(len(self) % 5) * 10 if spot else (len(self) % 5 - 2) * 100)

    world = random_world(200, spot=(spot,))
    machine = run_backtrader(world, InAndOut, prepare=lambda c: c.addanalyzer(A.TradeAnalyzer))
    result = machine.strategies[0].analyzers[0].get_analysis()
    assert result.total.open == 0 and result.total.closed > 5
    earned = machine.book.attribution[[DIRECTIONAL, BASIS, COLLATERAL]].sum()
    assert result.pnl.gross.total == pytest.approx(earned, rel=1e-9)
    paid = machine.book.attribution[FEE].sum()
    assert result.pnl.net.total == pytest.approx(earned + paid, rel=1e-9)
    assert result.pnl.net.total == pytest.approx(machine.book.equity[-1, 0] - 100_000.0, rel=1e-8)


def test_observers_writers_and_timers(tmp_path):
    """stdstats, a CSV writer and a timer beside an ordinary strategy."""
    rung = []

    class Timed(Crossing):
        def start(self):
            self.add_timer(when=datetime.time(0), repeat=datetime.timedelta(hours=8))

        def notify_timer(self, timer, when, *args, **kwargs):
            rung.append(when)

    cerebro = make_cerebro(random_world(48 * 4), stdstats=True)
    cerebro.addstrategy(Timed)
    cerebro.addobserver(bt.observers.DrawDown)
    cerebro.addwriter(bt.WriterFile, csv=True, out=str(tmp_path / "run.csv"))
    strategy = cerebro.run()[0]
    values = strategy.observers.broker.lines.value.get(size=192)
    np.testing.assert_allclose(values, cerebro.broker.machine.book.equity[:, 0])
    assert len(rung) == 8 * 3
    text = (tmp_path / "run.csv").read_text()
    assert "venue:COIN/USDT" in text and text.count("\n") > 190


def test_funding_is_in_value_not_in_trades():
    """A short of 100 at 100 is paid 0.01 % of 10,000 at every eighth open; bt.Trade knows prices and fees only."""

    class Short(bt.Strategy):
        def next(self):
            if len(self) == 1:
                self.sell(size=100)

    machine = run_backtrader(flat_world([100.0] * 25, spot=(False,), funding=0.0001), Short)
    assert machine.book.attribution[FUNDING].sum() == pytest.approx(3 * 1.0)
    assert machine.book.equity[-1, 0] == pytest.approx(100_003.0)


def test_an_hour_is_an_hour():
    """Feeds say how long their bars are, so that resampling and analyzers need not be told."""
    hourly, daily = make_cerebro(random_world(5)).datas[0], make_cerebro(random_world(5, seconds=DAY)).datas[0]
    assert (hourly._timeframe, hourly._compression) == (bt.TimeFrame.Minutes, HOUR // 60)
    assert (daily._timeframe, daily._compression) == (bt.TimeFrame.Days, 1)
