"""The feed: a world's prices as Backtrader lines, filled at once.

Knows arrays and lines. A bar is labelled by its opening time, UTC. A missing bar is there with the last known
close and volume 0, so that all feeds stay in step; the broker trades nothing in it.

Run once over preloaded bars, which is Backtrader's default, the feeds share one clock. Anything else (resampling,
filters, other feeds beside ours, `preload=False`, `exactbars`) gets ordinary lines, filled by the same arrays.
"""

import array

import backtrader as bt
import numpy as np

from basisbt.core.tape import CLOSE, HIGH, LOW, OPEN, VOLUME
from basisbt.engines.backtrader.compat import Clock, share, unshare
from basisbt.engines.world import World, shown_changes

EPOCH = 719163.0  # Backtrader's date number of 1970-01-01


def shown_prices(world: World) -> np.ndarray:
    """[FIELDS, T, I] prices as the path will see them; the same products in the same order as core's `scale_row`."""
    panel, overlay, rules = world.panel, world.overlay, world.rules
    level, gap = shown_changes(overlay, panel.index.shape[2], rules.venue.size)
    prices = panel.prices[overlay.row]
    prices[:, :VOLUME] *= (level[:, rules.base] * (1.0 + gap))[:, None]
    return prices


class BasisFeed(bt.feed.DataBase):
    """One instrument of a world. `p.instrument` is its number; `p.prices` the world's shown prices."""

    params = (("instrument", 0), ("world", None), ("prices", None), ("clock", None))

    def values(self) -> dict[str, np.ndarray]:
        """Every line by name, [T]."""
        i, prices, time = self.p.instrument, self.p.prices, self.p.world.time
        return {
            "datetime": EPOCH + time / 86400.0, "open": prices[:, OPEN, i], "high": prices[:, HIGH, i],
            "low": prices[:, LOW, i], "close": prices[:, CLOSE, i], "volume": prices[:, VOLUME, i],
            "openinterest": np.zeros(time.size),
        }  # fmt: skip

    def start(self):
        """Before the first bar."""
        super().start()
        if type(self) is SharedFeed:
            self.__class__ = BasisFeed
            for line in self.lines:
                unshare(line)
        self._row = 0
        self._columns = None

    def preload(self):
        """Fill every line at once; bar by bar only where filters want to see each."""
        if self._filters:
            super().preload()
            return
        values = self.values()
        if shares_clock(self._env):
            self.__class__ = SharedFeed
            self._sharing(values["datetime"])
            for name in self.getlinealiases():
                share(getattr(self.lines, name), values[name], self.p.clock)
            return
        for name in self.getlinealiases():
            line = getattr(self.lines, name)
            line.array = array.array("d", np.ascontiguousarray(values[name], float).tobytes())
            line.extension = 0
        self._row = self.p.world.bars
        self.home()

    def _load(self):
        """One bar, for runs that are not preloaded."""
        if self._columns is None:
            values = self.values()
            self._columns = [(getattr(self.lines, name), values[name].tolist()) for name in self.getlinealiases()]
        if self._row >= self.p.world.bars:
            return False
        for line, column in self._columns:
            line[0] = column[self._row]
        self._row += 1
        return True

    def fresh(self) -> bool:
        """Whether the present bar exists, or only repeats the last close."""
        world = self.p.world
        return bool(world.panel.fresh[world.overlay.row[len(self) - 1], self.p.instrument])


class SharedFeed(BasisFeed):
    """A feed whose lines stand at the shared clock; the first feed moves it for all."""

    def _sharing(self, time):
        self._clock_ = self.p.clock
        self._times = time.tolist()
        self._leads = self.p.instrument == 0
        self._told = -1
        self.home()

    def home(self):
        """Before the first bar."""
        self._clock_.index = -1

    def advance_peek(self):
        """Time of the next bar, inf after the last."""
        n = self._clock_.index + 1
        return self._times[n] if n < len(self._times) else float("inf")

    def advance(self, size=1, datamaster=None, ticks=True):
        """The first feed moves the clock of all."""
        if self._leads:
            self._clock_.index += size

    def next(self, datamaster=None, ticks=True):
        """Step by step, where an indicator asked for it: whether there is a bar not yet delivered."""
        clock = self._clock_
        if self._leads and clock.index + 1 < len(self._times):
            clock.index += 1
        moved = clock.index > self._told
        self._told = clock.index
        return moved

    def __len__(self):
        return self._clock_.index + 1

    def buflen(self):
        """Number of bars."""
        return len(self._times)

    def _tick_nullify(self):
        pass

    def _tick_fill(self, force=False):
        pass


def shares_clock(cerebro) -> bool:
    """Whether every feed of a run is one of ours on the same grid, preloaded, unfiltered and run at once."""
    feeds = cerebro.datas
    return (
        cerebro._dopreload and cerebro._dorunonce and not cerebro.p.oldsync
        and all(type(feed) in (BasisFeed, SharedFeed) and not feed._filters for feed in feeds)
        and all(feed.p.clock is feeds[0].p.clock for feed in feeds) and feeds[0].p.instrument == 0
    )  # fmt: skip


def make_feeds(world: World) -> list[tuple[BasisFeed, str]]:
    """A feed and its name (`venue:symbol`) for every instrument of a world."""
    clock, prices, seconds = Clock(), shown_prices(world), world.rules.seconds
    days = seconds % 86400 == 0
    length = dict(
        timeframe=bt.TimeFrame.Days if days else bt.TimeFrame.Minutes,
        compression=max(1, seconds // (86400 if days else 60)),
    )
    return [
        (BasisFeed(instrument=i, world=world, prices=prices, clock=clock, **length), f"{venue}:{symbol}")
        for i, (venue, symbol) in enumerate(world.names.instruments)
    ]
