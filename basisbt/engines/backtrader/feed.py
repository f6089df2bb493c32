"""The feed: a world's prices as Backtrader lines, filled at once.

Knows arrays and lines. A bar is labelled by its opening time, UTC. A missing bar is there with the last known
close and volume 0, so that all feeds stay in step; the broker trades nothing in it.
"""

import backtrader as bt
import numpy as np

from basisbt.core.tape import CLOSE, HIGH, LOW, OPEN, VOLUME
from basisbt.engines.backtrader.compat import Clock, share
from basisbt.engines.world import World

EPOCH = 719163.0  # Backtrader's date number of 1970-01-01


def shown_prices(world: World) -> np.ndarray:
    """[FIELDS, T, I] prices as the path will see them; the same products in the same order as core's `scale_row`."""
    panel, overlay, rules = world.panel, world.overlay, world.rules
    if not overlay.touched.any() and (overlay.row == np.arange(overlay.row.size)).all():
        return panel.prices
    prices = panel.prices[:, overlay.row].copy()
    scale = overlay.level[:, rules.base].copy()
    for i in range(rules.base.size):
        if overlay.gap_of[i] >= 0:
            scale[:, i] *= 1.0 + overlay.gap[:, overlay.gap_of[i]]
    prices[: VOLUME] *= np.where(overlay.touched[:, None], scale, 1.0)
    return prices


class BasisFeed(bt.feed.DataBase):
    """One instrument of a world. `p.instrument` is its number; `p.prices` the world's shown prices."""

    params = (("instrument", 0), ("world", None), ("prices", None), ("clock", None))

    def preload(self):
        """Fill every line at once; nothing is read bar by bar."""
        i, prices, clock = self.p.instrument, self.p.prices, self.p.clock
        time = EPOCH + self.p.world.panel.time / 86400.0
        self._times = time.tolist()
        self._clock_ = clock
        self._leads = i == 0
        values = {
            "datetime": time, "open": prices[OPEN, :, i], "high": prices[HIGH, :, i], "low": prices[LOW, :, i],
            "close": prices[CLOSE, :, i], "volume": prices[VOLUME, :, i], "openinterest": np.zeros(time.size),
        }  # fmt: skip
        for name in self.getlinealiases():
            share(getattr(self.lines, name), values[name], clock)
        self.home()

    def _load(self):
        return False

    def home(self):
        """Before the first bar."""
        if self.p.clock is not None:
            self.p.clock.index = -1

    def advance_peek(self):
        """Time of the next bar, inf after the last."""
        n = self._clock_.index + 1
        return self._times[n] if n < len(self._times) else float("inf")

    def advance(self, size=1, datamaster=None, ticks=True):
        """The first feed moves the clock of all."""
        if self._leads:
            self._clock_.index += size

    def __len__(self):
        clock = self.p.clock
        return clock.index + 1

    def buflen(self):
        """Number of bars."""
        return self.p.world.bars

    def _tick_nullify(self):
        pass

    def _tick_fill(self, force=False):
        pass

    def fresh(self) -> bool:
        """Whether the present bar exists, or only repeats the last close."""
        world = self.p.world
        return bool(world.panel.fresh[world.overlay.row[self._clock_.index], self.p.instrument])


def make_feeds(world: World) -> list[tuple[BasisFeed, str]]:
    """A feed and its name (`venue:symbol`) for every instrument of a world."""
    clock, prices = Clock(), shown_prices(world)
    return [
        (BasisFeed(instrument=i, world=world, prices=prices, clock=clock), f"{venue}:{symbol}")
        for i, (venue, symbol) in enumerate(world.names.instruments)
    ]
