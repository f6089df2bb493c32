"""The Backtrader driver: feed, broker, adapter. The only package that imports Backtrader.

`run_backtrader(world)` runs a world's `decide`, or a person's `bt.Strategy` class, bar by bar.
"""

import functools

import backtrader as bt

from basisbt.engines.backtrader.adapter import BasisStrategy, Decide
from basisbt.engines.backtrader.broker import BasisBroker
from basisbt.engines.backtrader.cerebro import BasisCerebro
from basisbt.engines.backtrader.compat import patch
from basisbt.engines.backtrader.feed import make_feeds
from basisbt.engines.machine import Machine
from basisbt.engines.world import World

__all__ = ["BasisBroker", "BasisStrategy", "Decide", "make_cerebro", "run_backtrader"]


def make_cerebro(world: World, compile: bool = False, stdstats: bool = False) -> bt.Cerebro:
    """A Cerebro with a world's feeds and broker, ready for strategies, analyzers and observers."""
    patch()
    cerebro = BasisCerebro(stdstats=stdstats)
    broker = BasisBroker(Machine(world, compile), functools.partial(Machine, world, compile))
    cerebro.broker = broker
    feeds = []
    for feed, name in make_feeds(world):
        cerebro.adddata(feed, name=name)
        feeds.append(feed)
    broker.attach(feeds)
    return cerebro


def run_backtrader(world: World, strategy=None, compile: bool = False, prepare=None, **params) -> Machine:
    """Run a world through Backtrader; returns its Machine. prepare(cerebro) may add analyzers and observers.

    Raises RunError when core stops the run.
    """
    cerebro = make_cerebro(world, compile)
    cerebro.addstrategy(strategy or Decide, **params)
    if prepare is not None:
        prepare(cerebro)
    strategies = cerebro.run()
    machine = cerebro.broker.machine
    machine.strategies = strategies
    return machine
