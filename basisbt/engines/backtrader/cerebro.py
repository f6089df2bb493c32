"""The run loop over feeds on one clock: stock `Cerebro` otherwise.

Knows the order clock - broker - notices - strategy, which is stock's. Leaves out only what cannot matter: peeking at
every feed's next time, notices nobody takes, and, for a `Decide` nobody watches, the strategy's own turn.
"""

import array

import backtrader as bt

from basisbt.core.books import ERROR, RUINED
from basisbt.engines.backtrader.adapter import Decide
from basisbt.engines.backtrader.feed import SharedFeed


class BasisCerebro(bt.Cerebro):
    """A Cerebro whose run-once loop steps a shared clock."""

    def _runonce(self, runstrats):
        if not runstrats or type(self.datas[0]) is not SharedFeed:
            super()._runonce(runstrats)
        elif self._unwatched(runstrats):
            run_unwatched(self, runstrats[0])
        else:
            self._run_shared(runstrats)

    def _unwatched(self, runstrats):
        """Whether nothing but one plain `Decide` looks at this run while it lasts."""
        strategy = runstrats[0]
        watchers = strategy.analyzers, strategy._slave_analyzers, self.runwriters, self._timers, self._timerscheat
        return (
            len(runstrats) == 1 and type(strategy) is Decide and not self.p.cheat_on_open
            and not any(len(each) for each in watchers) and not any(strategy._lineiterators.values())
        )  # fmt: skip

    def _run_shared(self, runstrats):
        for strategy in runstrats:
            strategy._once()
            strategy.reset()
        turns = [oncepost(strategy) for strategy in runstrats]
        leader, broker, cheat = self.datas[0], self._broker, self.p.cheat_on_open
        for dt0 in leader._times:
            leader.advance()
            if self._timerscheat:
                self._check_timers(runstrats, dt0, cheat=True)
            if cheat:
                for strategy in runstrats:
                    strategy._oncepost_open()
            broker.next()
            deliver(self, broker)
            if self._timers:
                self._check_timers(runstrats, dt0, cheat=False)
            for turn in turns:
                turn(dt0)
                if self._event_stop:
                    return
                if self.runwriters:
                    self._next_writers(runstrats)


STOCK = ("_oncepost", "_notify", "_getminperstatus", "_next_analyzers", "_next_observers", "clear")


def oncepost(strategy):
    """`Strategy._oncepost` for feeds on one clock: the same calls in the same order, less those that do nothing.

    Cash and fund notices are left out where neither the strategy nor an analyzer asks for them. A class that replaces
    Backtrader's own machinery keeps it.
    """
    cls, base = type(strategy), bt.Strategy
    if any(getattr(cls, name) is not getattr(base, name) for name in STOCK):
        return strategy._oncepost
    observers = strategy._lineiterators[base.ObsType]
    indicators, analyzers = strategy._lineiterators[base.IndType], strategy.analyzers
    told = (
        len(analyzers) or strategy._slave_analyzers or {"notify_cashvalue", "notify_fund"} & vars(strategy).keys()
        or cls.notify_cashvalue is not base.notify_cashvalue or cls.notify_fund is not base.notify_fund
    )  # fmt: skip
    forward, line = strategy.forward, strategy.lines.datetime
    clock, warm_up = strategy.datas[0], max(strategy._minperiods)

    def turn(dt):
        for indicator in indicators:
            if len(indicator._clock) > len(indicator):
                indicator.advance()
        forward()
        line[0] = dt
        if told or strategy._orderspending or strategy._tradespending:
            strategy._notify()
        strategy._minperstatus = status = warm_up - len(clock)
        if status < 0:
            strategy.next()
        elif status == 0:
            strategy.nextstart()
        else:
            strategy.prenext()
        if told:
            strategy._next_analyzers(status, once=True)
        if observers:
            strategy._next_observers(status, once=True)
        if strategy._orderspending or strategy._tradespending:
            strategy.clear()

    return turn


def deliver(cerebro, broker):
    """Hand the broker's notices to the strategies that own the orders."""
    notices, quick = broker.notices, cerebro.p.quicknotify
    while notices:
        order = notices.popleft()
        owner = order.owner if order.owner is not None else cerebro.runningstrats[0]
        owner._addnotification(order, quicknotify=quick)


def run_unwatched(cerebro, strategy):
    """Bars of a `Decide` without analyzers, observers, indicators, writers or timers: the same calls of the model."""
    leader, broker = cerebro.datas[0], cerebro._broker
    clock, times, machine = leader.p.clock, leader._times, broker.machine
    step, decide, counts, notices = broker.step, machine.decide, machine.book.count, broker.notices
    strategy._once()
    for t in range(len(times)):
        clock.index = t
        step(t)
        if notices:
            deliver(cerebro, broker)
            strategy._notify()
            strategy.clear()
        if not counts[RUINED]:
            decide(t)
            if counts[ERROR]:
                machine.check(t)
        if cerebro._event_stop:
            break
    strategy.lines.datetime.array = array.array("d", times)
    strategy.advance(clock.index + 1)
