"""Every way Cerebro can run: at once, step by step, unloaded, saving memory, resampled, optimised; one result."""

import datetime

import backtrader as bt
import numpy as np
import pandas as pd
import pytest

from basisbt.engines.backtrader import make_cerebro
from basisbt.engines.backtrader.feed import SharedFeed
from tests.support.plain_world import START, plain_world, random_bars

MODES = [
    {}, {"runonce": False}, {"preload": False}, {"exactbars": 1}, {"exactbars": -1}, {"exactbars": -2},
    {"runonce": False, "quicknotify": True}, {"oldsync": True},
]  # fmt: skip


def two_legs(bars=120, **given):
    """Spot and perpetual of one coin with a gap in the second's trading."""
    legs = [random_bars(np.random.default_rng(k), bars) for k in (1, 2)]
    given = {"fee": 0.001, "spot": (True, False), "missing": [(30, 1), (31, 1)], **given}
    return plain_world(np.stack(legs, axis=1), **given)


class Legs(bt.Strategy):
    """Trades both feeds on averages; keeps what it saw."""

    params = (("period", 8),)

    def __init__(self):
        self.average = [bt.ind.SMA(d.close, period=self.p.period) for d in self.datas[:2]]
        self.seen = []

    def next(self):
        spot, perpetual = self.datas[0], self.datas[1]
        self.seen.append((self.datetime[0], spot.close[0], perpetual.close[0], self.broker.getvalue()))
        self.order_target_percent(spot, target=0.4 if spot.close[0] > self.average[0][0] else 0.0)
        size = 100 if perpetual.close[0] > self.average[1][0] else -100
        self.order_target_size(perpetual, target=size)


def run(prepare=None, strategy=Legs, **mode):
    """(strategy, machine) of a run in a mode."""
    cerebro = make_cerebro(two_legs())
    cerebro.addstrategy(strategy)
    if prepare:
        prepare(cerebro)
    (result,) = cerebro.run(**mode)
    return result, cerebro.broker.machine


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_every_mode_ends_in_the_same_books(mode):
    """Same digest of every posting, fill and refusal, same sights at every bar."""
    plain, machine = run()
    other, again = run(**mode)
    assert again.book.digest[0] == machine.book.digest[0]
    assert other.seen == plain.seen and len(plain.seen) == 113
    assert np.array_equal(again.book.equity, machine.book.equity)


def test_the_default_run_shares_a_clock():
    """And only that one does."""
    assert type(run()[0].data) is SharedFeed
    assert type(run(runonce=False)[0].data) is not SharedFeed


def test_an_indicator_that_forces_steps():
    """HeikinAshi switches run-once off after the feeds have been filled."""

    class Steps(Legs):
        def __init__(self):
            super().__init__()
            self.candles = bt.ind.HeikinAshi(self.data)

    result, machine = run(strategy=Steps)
    assert len(result) == 120 and machine.book.digest[0] == run()[1].book.digest[0]


@pytest.mark.parametrize("mode", [{}, {"runonce": False}, {"preload": False}], ids=str)
def test_resampled_feeds_beside_ours(mode):
    """Hours to days with Backtrader's own resampler; nothing is held of a resampled feed, nothing trades on it."""
    result, machine = run(lambda c: c.resampledata(c.datas[0], timeframe=bt.TimeFrame.Days), **mode)
    assert len(result.datas) == 3 and len(result.datas[2]) == 5
    assert machine.book.equity[-1, 0] > 0.0 and result.getposition(result.datas[2]).size == 0
    with pytest.raises(ValueError, match="not an instrument of this world"):
        result.buy(data=result.datas[2], size=1)


@pytest.mark.parametrize("mode", [{}, {"runonce": False}], ids=str)
def test_a_foreign_feed_beside_ours(mode):
    """Bars of another source between ours move the strategy, not the books."""

    class Watch(Legs):
        def next(self):
            if len(self.data) > len(self.seen):
                super().next()
            self.steps = getattr(self, "steps", 0) + 1

    def prepare(cerebro):
        when = pd.to_datetime(START + 1800 + np.arange(120) * 3600, unit="s")
        frame = pd.DataFrame(dict(open=1.0, high=1.0, low=1.0, close=1.0, volume=1.0), index=when)
        cerebro.adddata(bt.feeds.PandasData(dataname=frame), name="half past")

    result, machine = run(prepare, Watch, **mode)
    assert result.steps > 200
    assert np.isfinite(machine.book.equity[:, 0]).all()


@pytest.mark.parametrize("cpus", [1, 2])
def test_optstrategy_gives_every_value_its_own_path(cpus):
    """A sweep over periods is the same as single runs."""
    cerebro = make_cerebro(two_legs())
    cerebro.optstrategy(Legs, period=[4, 8, 16])
    cerebro.addanalyzer(bt.analyzers.TimeReturn)
    swept = [each[0].analyzers[0].get_analysis() for each in cerebro.run(maxcpus=cpus)]
    single = run(lambda c: c.addanalyzer(bt.analyzers.TimeReturn))[0].analyzers[0].get_analysis()
    assert swept[1] == single
    assert swept[0] != swept[1] != swept[2]


def test_a_cerebro_runs_twice():
    """Each time from the start."""
    cerebro = make_cerebro(two_legs())
    cerebro.addstrategy(Legs)
    digests = []
    for mode in ({}, {"runonce": False}, {}):
        cerebro.run(**mode)
        digests.append(cerebro.broker.machine.book.digest[0])
    assert len(set(digests)) == 1 and digests[0] != 0


def test_feed_is_labelled_by_its_opening():
    """First bar at midnight, UTC."""
    result, _ = run()
    assert result.data.datetime.datetime(-119) == datetime.datetime(2022, 1, 1)
    assert [d._name for d in result.datas] == ["venue:COIN/USDT", "venue:COIN/USDT:USDT"]
    assert result.data1.volume[-88] == 0.0 and result.data1.high[-88] == result.data1.close[-90]
