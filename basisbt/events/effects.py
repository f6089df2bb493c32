"""Effects: from events to the overlay of a path.

Knows the closed set of things an event can do (freeze and thaw, scale a base, open a gap) and the bar grid.
"""

import numpy as np

from basisbt.core.tape import FREEZE_HELD, FREEZE_VOIDED, THAW, Overlay


class Effects:
    """Collects what events do to a path over `time` [T] (bar openings, seconds UTC) of `seconds`-long bars."""

    def __init__(self, time: np.ndarray, seconds: int, bases: int, instruments: int):
        self.time = time
        self.seconds = seconds
        self.level = np.ones((time.size, bases))
        self.gap = np.zeros((time.size, 0))
        self.gap_of = np.full(instruments, -1, np.int64)
        self.sparse: list[tuple[int, int, int, int]] = []  # bar, kind, order given, venue

    def floor(self, moment: int) -> int:
        """Opening of the bar a moment falls in."""
        return moment - moment % self.seconds

    def bar_of_onset(self, moment: int) -> int:
        """Row of the bar an onset is floored to; before the window: the first."""
        return int(np.searchsorted(self.time, self.floor(moment), side="left"))

    def bar_of_end(self, moment: int) -> int:
        """Row of the first open at or after an end."""
        return int(np.searchsorted(self.time, moment, side="left"))

    def freeze(self, venue: int, start: int, end: int | None, voids: bool) -> None:
        """Stop withdrawals of a venue from the bar of `start` to the first open at or after `end`."""
        last = self.time.size
        begins = self.bar_of_onset(start)
        ends = last if end is None else self.bar_of_end(end)
        if ends <= begins or begins >= last:
            return
        self.sparse.append((begins, FREEZE_VOIDED if voids else FREEZE_HELD, len(self.sparse), venue))
        if ends < last:
            self.sparse.append((ends, THAW, len(self.sparse), venue))

    def scale_base(self, base: int, multiplier: np.ndarray) -> None:
        """Multiply a base's price level [T]."""
        self.level[:, base] *= multiplier

    def add_gap(self, instrument: int, gap: np.ndarray) -> None:
        """Compound a gap [T] onto an instrument's."""
        if self.gap_of[instrument] < 0:
            self.gap_of[instrument] = self.gap.shape[1]
            self.gap = np.column_stack([self.gap, np.zeros(self.time.size)])
        column = self.gap_of[instrument]
        self.gap[:, column] = (1.0 + self.gap[:, column]) * (1.0 + gap) - 1.0

    def overlay(self) -> Overlay:
        """The overlay, read-only; at one instant ends come first, then onsets in config order."""
        ordered = sorted((bar, kind != THAW, order, kind, venue) for bar, kind, order, venue in self.sparse)
        columns = np.array([(bar, kind, venue) for bar, _, _, kind, venue in ordered], np.int64).reshape(-1, 3)
        touched = (self.level != 1.0).any(axis=1) | (self.gap != 0.0).any(axis=1)
        overlay = Overlay(
            np.arange(self.time.size, dtype=np.int64), self.level, np.ascontiguousarray(self.gap), self.gap_of, touched,
            np.ascontiguousarray(columns[:, 0]), np.ascontiguousarray(columns[:, 1]),
            np.ascontiguousarray(columns[:, 2]),
        )  # fmt: skip
        for block in overlay:
            block.flags.writeable = False
        return overlay


def make_overlay(events, time: np.ndarray, seconds: int, bases: int, instruments: int) -> Overlay:
    """The overlay of a path on which these events happen. time: [T] bar openings, seconds UTC."""
    effects = Effects(time, seconds, bases, instruments)
    for event in events:
        event.apply(effects)
    return effects.overlay()
