"""Sampling: what happens on path k: its market and its events, drawn by number.

Knows the config's sample (as plain numbers), the panel and chance (events). Every path is a function of
(seed, path); nothing here depends on what was drawn before, on the worker or on the engine.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from basisbt.core.tape import CLOSE, OPEN, Overlay
from basisbt.engines.world import World
from basisbt.events import VenueDefault, WithdrawalFreeze, make_overlay
from basisbt.events.arrivals import Arrivals, stress_weights
from basisbt.events.bootstrap import Bootstrap
from basisbt.events.chances import Chances


@dataclass(frozen=True)
class Sample:
    """How paths are drawn. `script`: events of the config that happen on every path too. Plain data, may be shipped."""

    paths: int
    seed: int
    market: str  # history | bootstrap
    mean_block: int  # seconds
    bars: int
    chances: Chances
    script: tuple = ()
    default_rate: float = 0.0  # per venue and year, for the break-even


@dataclass(frozen=True)
class Drawn:
    """One path: the panel row of each bar (None: its own), the price levels that chain blocks, and the events."""

    row: np.ndarray | None
    chained: tuple
    events: tuple = field(default=())


class Draws:
    """Draws the paths of one world. The world's own overlay is not used."""

    def __init__(self, sample: Sample, world: World):
        panel = world.panel
        self.sample = sample
        self.time = panel.time[: sample.bars]
        self.seconds = world.rules.seconds
        self.bases = range(panel.index.shape[2])
        stress = None
        if sample.chances.stress is not None:
            stress = stress_weights(panel.index[:, CLOSE], self.seconds, sample.chances.stress)
        self.arrivals = Arrivals(sample.chances, sample.seed, self.time, self.seconds, stress)
        self.market = None
        if sample.market == "bootstrap":
            self.market = Bootstrap(
                panel.time, self.seconds, panel.index[:, OPEN], panel.index[:, CLOSE], sample.mean_block, sample.bars,
                sample.seed,
            )  # fmt: skip

    def draw(self, path: int) -> Drawn:
        """Market and events of one path; events sorted as they happen, the script's before sampled ones."""
        row, chained = None, ()
        if self.market is not None:
            row, bars, level = self.market.rows(path)
            chained = tuple((b, bars, level[:, b]) for b in self.bases)
        return Drawn(row, chained, (*self.sample.script, *self.arrivals.events(path, row)))

    def overlay(self, drawn: Drawn, events=None) -> Overlay:
        """The overlay of a drawn path, with all its events or with these."""
        events = drawn.events if events is None else events
        return make_overlay(events, self.time, self.seconds, drawn.row, drawn.chained)


def without_defaults(events) -> tuple:
    """The same events as if no venue had ever failed: a freeze that would have ended in default ends whole."""
    return tuple(
        replace(e, end=e.fated) if isinstance(e, WithdrawalFreeze) and e.end is None and e.fated is not None else e
        for e in events if not isinstance(e, VenueDefault)
    )  # fmt: skip
