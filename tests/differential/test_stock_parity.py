"""Our broker against stock `BackBroker`: the same random orders on the same bars, told apart by nothing but names.

Spot without shorts: cash, value, positions, order outcomes and closed trades. One linear perpetual: the same without
cash (stock books variation margin to cash, a perpetual does not).

One difference is ours by design (MODEL.md section 2.2): what trades at a bar's open is booked before what trades
inside it, stock goes by order number. A stream in which that changed the order of two fills is found by its fill
numbers, counted, and compared without average entries and trades. Known and left alone: stock keeps an order
'Submitted' until the next bar and cannot cancel it before, ours is 'Accepted' at once; an order through zero whose
parts miss its size by rounding stays 'Partial' with stock, ours is 'Completed' (perpetual sizes here are multiples
of 1/1024, whose sums are exact; spot sizes are any fraction).
"""

import collections
import datetime

import backtrader as bt
import numpy as np
import pandas as pd
import pytest

from basisbt.core.books import FILLED, T_ORDER, T_OUTCOME
from basisbt.engines.backtrader import make_cerebro
from tests.support.plain_world import DAY, HOUR, START, plain_world, random_bars

BARS, FEE, CASH = 48, 0.0007, 100_000.0
STREAMS = 480
Order = bt.Order
KINDS = (Order.Market, Order.Limit, Order.Stop, Order.Close)


class Fractional(bt.CommInfoBase):
    """Stock's scheme with sizes that are not cut to whole units."""

    def getsize(self, price, cash):
        """Units that cash buys."""
        return self.p.leverage * (cash / price)


def dyadic(size):
    """A fraction whose sums are exact; never 0."""
    return round(size * 1024 + (0.5 if size > 0 else -0.5)) / 1024


class Stream(bt.Strategy):
    """Acts on draws made beforehand, so that both brokers are asked the same; writes down what it is told."""

    params = (("draws", None), ("spot", True), ("zeal", 1.0))

    def start(self):
        self.bars, self.placed, self.ends, self.trades = [], [], {}, []

    def notify_order(self, order):
        self.ends[order.ref] = order

    def notify_trade(self, trade):
        if trade.isclosed:
            self.trades.append(
                (trade.pnl, trade.pnlcomm, trade.commission, trade.price, trade.barlen, trade.dtopen, trade.dtclose)
            )

    def live(self):
        """Orders that can still trade."""
        return [o for o in self.placed if o.ref not in self.ends or self.ends[o.ref].alive()]

    def next(self):
        value, position = self.broker.getvalue(), self.position
        self.bars.append((self.broker.getcash(), value, position.size, position.price))
        draw = self.p.draws[len(self) - 1]
        live = self.live()
        if draw[0] < 0.12 and live:
            self.cancel(live[int(draw[1] * len(live))])
            live = self.live()
        act = self.act_spot if self.p.spot else self.act_perpetual
        for k in range(2, 18, 8):
            order = act(draw[k : k + 8], value, position.size) if draw[k] < self.p.zeal else None
            if order is not None:
                self.placed.append(order)
                self.ends[order.ref] = order

    def how(self, draw, buys):
        """Random order type, price and validity."""
        close, now = self.data.close[0], self.data.datetime.datetime()
        kind = KINDS[int(draw[0] / self.p.zeal * 4)]
        away = 0.03 * (draw[1] - 0.25) * (-1.0 if buys == (kind == Order.Limit) else 1.0)
        price = close * (1.0 + away) if kind in (Order.Limit, Order.Stop) else None
        span = datetime.timedelta(seconds=int(draw[3] * 8) * (DAY if self.p.draws[0, 0] < 0.5 else HOUR))
        valid = (None, None, datetime.timedelta(0), span, now + span, (now + span).date(), 0)[int(draw[2] * 7)]
        return dict(exectype=kind, price=price, valid=valid)

    def act_spot(self, draw, value, held):
        """Buy while a third of the value is cash, sell at most what no other order sells."""
        live = self.live()
        selling = -sum(o.size for o in live if not o.isbuy())
        close, free = self.data.close[0], held - selling
        if draw[7] < 0.3:
            if len([o for o in live if o.isbuy()]) < 5 and self.broker.getcash() > 0.5 * value:
                return self.buy(size=0.06 * draw[6] * value / close, **self.how(draw, True))
        elif draw[7] < 0.5:
            if free > 1e-6:
                return self.sell(size=free * draw[6], **self.how(draw, False))
        elif draw[7] < 0.6:
            if held > 1e-6 and selling == 0.0:
                return self.close(**self.how(draw, False))
        elif draw[7] < 0.75 and not live:
            return self.target_spot(draw, value, close)
        return None

    def target_spot(self, draw, value, close):
        """One of the three targets, never more than half the value."""
        goal = 0.5 * draw[6] if draw[5] < 0.85 else 0.0
        how = self.how(draw, True)
        if how["exectype"] in (Order.Limit, Order.Stop):
            how = {}
        if draw[4] < 0.34:
            return self.order_target_size(target=goal * value / close, **how)
        if draw[4] < 0.67:
            return self.order_target_value(target=goal * value, **how)
        return self.order_target_percent(target=goal, **how)

    def act_perpetual(self, draw, value, held):
        """Both sides, through zero and back, below one times the value."""
        live, close = self.live(), self.data.close[0]
        unit = value / close
        if abs(held) + sum(abs(o.size) for o in live) > 0.8 * unit:
            return self.close(**self.how(draw, held < 0)) if held and len(live) < 3 else None
        if draw[7] < 0.3:
            return self.buy(size=dyadic(0.3 * draw[6] * unit), **self.how(draw, True))
        if draw[7] < 0.6:
            return self.sell(size=dyadic(0.3 * draw[6] * unit), **self.how(draw, False))
        if draw[7] < 0.7 and held:
            return self.close(**self.how(draw, held < 0))
        if draw[7] < 0.8:
            return self.order_target_size(target=dyadic(0.5 * (draw[6] - 0.5) * unit) if draw[5] < 0.8 else 0.0)
        return None


def run_stock(bars, seconds, stream=Stream, cash=CASH, fee=FEE, **params):
    """A stream on PandasData and BackBroker."""
    cerebro = bt.Cerebro(stdstats=False)
    when = pd.to_datetime(START + np.arange(len(bars)) * seconds, unit="s")
    frame = pd.DataFrame(bars, columns=["open", "high", "low", "close"], index=when).assign(volume=1000.0)
    cerebro.adddata(bt.feeds.PandasData(dataname=frame), name="coin")
    cerebro.broker.setcash(cash)
    scheme = dict(stocklike=True) if params.get("spot") else dict(stocklike=False, margin=1.0)
    cerebro.broker.addcommissioninfo(
        Fractional(commission=fee, commtype=bt.CommInfoBase.COMM_PERC, percabs=True, **scheme)
    )
    cerebro.addstrategy(stream, **params)
    return cerebro.run()[0]


def run_ours(bars, seconds, **params):
    """The stream on our feed and broker; also the order numbers of all fills, bar by bar in the order booked."""
    world = plain_world(bars, (params["spot"],), cash=CASH, fee=FEE, seconds=seconds)
    cerebro = make_cerebro(world)
    cerebro.addstrategy(Stream, **params)
    strategy = cerebro.run()[0]
    fills = [
        [int(row[T_ORDER]) for row in rows if row[T_OUTCOME] == FILLED] for rows, _ in cerebro.broker.machine.tickets
    ]
    return strategy, fills


def outcomes(strategy):
    """Per order placed: type, size and how it ended."""
    rows = []
    for order in strategy.placed:
        end = strategy.ends[order.ref]
        status = Order.Accepted if end.status == Order.Submitted else end.status
        done = end.executed
        rows.append((order.exectype, order.size, status, done.size, done.price or 0.0, done.comm))
    return rows


def near(ours, stock, scale=1.0):
    """Equal to 1e-9, relative to the larger of the number and `scale`."""
    np.testing.assert_allclose(np.array(ours, float), np.array(stock, float), rtol=1e-9, atol=1e-9 * scale)


def compare_stream(seed, spot, counts):
    """Run one stream on both brokers and hold them against each other."""
    rng = np.random.default_rng([seed, int(spot)])
    draws, bars = rng.random((BARS, 18)), random_bars(rng, BARS)
    seconds = DAY if draws[0, 0] < 0.5 else HOUR
    zeal = 0.5 if seed % 8 == 0 else 0.16  # the busy ones meet more, but hardly one keeps stock's order of fills
    stock = run_stock(bars, seconds, spot=spot, draws=draws, zeal=zeal)
    ours, fills = run_ours(bars, seconds, spot=spot, draws=draws, zeal=zeal)
    swapped = any(each != sorted(each) for each in fills)
    theirs, mine = np.array(stock.bars), np.array(ours.bars)
    near(mine[:, 1], theirs[:, 1])
    near(mine[:, 2], theirs[:, 2], CASH / bars[0, 0])
    if spot:
        near(mine[:, 0], theirs[:, 0], CASH)
    near(outcomes(ours), outcomes(stock), CASH / bars[0, 0])
    for kind, _, status, *_ in outcomes(stock):
        counts[Order.ExecTypes[kind], status == Order.Completed] += 1
        counts["status", Order.Status[status]] += 1
    counts["swapped" if swapped else "fully compared"] += 1
    if not swapped:
        near(mine[:, 3], theirs[:, 3])
        near(*([each.ends[o.ref].executed.pnl for o in each.placed] for each in (ours, stock)), CASH)
        assert len(ours.trades) == len(stock.trades)
        if stock.trades:
            near(ours.trades, stock.trades, 1.0)
        counts["closed trades"] += len(stock.trades)


@pytest.mark.parametrize("spot", [True, False], ids=["spot", "perpetual"])
def test_random_orders_end_as_on_the_stock_broker(spot):
    """Every stream agrees to 1e-9, and between them they meet every order type, filled and not."""
    counts = collections.Counter()
    for seed in range(STREAMS):
        try:
            compare_stream(seed, spot, counts)
        except AssertionError as error:
            raise AssertionError(f"stream {seed}: {error}") from error
    print(dict(counts))
    assert counts["fully compared"] >= 300
    for kind in KINDS:
        for filled in (True, False):
            assert counts[Order.ExecTypes[kind], filled] >= 20, (Order.ExecTypes[kind], filled)
    for status in ("Completed", "Canceled", "Expired"):
        assert counts["status", status] >= 100
    assert counts["status", "Margin"] == counts["status", "Rejected"] == 0
    assert counts["closed trades"] >= 300
