"""Effects: from events to the overlay of a path.

Knows the closed set of things an event can do (freeze and thaw, default and recovery, scale a base, open a gap, replace
a funding rate) and the bar grid. What lasts is written as steps: a value from a bar on, sparse.
"""

import numpy as np

from basisbt.core.tape import DEFAULT, FREEZE_HELD, FREEZE_VOIDED, GAP, LEVEL, RATE, RECOVERY, THAW, Overlay

RANK = {LEVEL: 0, GAP: 0, RATE: 0, THAW: 1, RECOVERY: 1, FREEZE_HELD: 2, FREEZE_VOIDED: 2, DEFAULT: 3}


class Effects:
    """Collects what events do to a path over `time` [T] (bar openings, seconds UTC) of `seconds`-long bars."""

    def __init__(self, time: np.ndarray, seconds: int):
        self.time = time
        self.seconds = seconds
        self.level: dict[int, np.ndarray] = {}
        self.gap: dict[int, np.ndarray] = {}
        self.rate: dict[int, np.ndarray] = {}
        self.sparse: list[tuple[int, int, int, float]] = []  # bar, kind, who, size

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
        self.sparse.append((begins, FREEZE_VOIDED if voids else FREEZE_HELD, venue, 0.0))
        if ends < last:
            self.sparse.append((ends, THAW, venue, 0.0))

    def default(self, venue: int, start: int, recovery: float, recovered_at: int | None) -> None:
        """Stop a venue for good in the bar of `start`; a claim is paid at the first open at or after `recovered_at`."""
        last, begins = self.time.size, self.bar_of_onset(start)
        if begins >= last:
            return
        self.sparse.append((begins, DEFAULT, venue, recovery))
        paid = last if recovered_at is None else max(begins + 1, self.bar_of_end(recovered_at))
        if paid < last:
            self.sparse.append((paid, RECOVERY, venue, 0.0))

    def scale_base(self, base: int, multiplier: np.ndarray) -> None:
        """Multiply a base's price level [T]."""
        self.level[base] = self.level.get(base, 1.0) * multiplier

    def add_gap(self, instrument: int, gap: np.ndarray) -> None:
        """Compound a gap [T] onto an instrument's."""
        self.gap[instrument] = (1.0 + self.gap[instrument]) * (1.0 + gap) - 1.0 if instrument in self.gap else gap

    def set_rate(self, instrument: int, start: int, end: int | None, rate: float) -> None:
        """Replace an instrument's funding rates from the bar of `start` to the first open at or after `end`."""
        begins = self.bar_of_onset(start)
        ends = self.time.size if end is None else self.bar_of_end(end)
        if ends > begins:
            rates = self.rate.setdefault(instrument, np.full(self.time.size, np.nan))
            rates[begins:ends] = rate

    def steps(self) -> list[tuple[int, int, int, float]]:
        """What lasts, as changes: (bar, kind, who, new value) wherever a value differs from the bar before."""
        found = []
        for kind, table, calm in ((LEVEL, self.level, 1.0), (GAP, self.gap, 0.0), (RATE, self.rate, np.nan)):
            for who, values in table.items():
                before = np.concatenate([[calm], values[:-1]])
                changed = (values != before) & ~(np.isnan(values) & np.isnan(before))
                found += [(int(bar), kind, who, float(values[bar])) for bar in np.flatnonzero(changed)]
        return found

    def overlay(self, row: np.ndarray | None = None) -> Overlay:
        """The overlay, read-only; `row` [T] is the panel row each bar replays, by default its own."""
        ordered = sorted(
            enumerate(self.steps() + self.sparse), key=lambda item: (item[1][0], RANK[item[1][1]], item[0])
        )
        events = [event for _, event in ordered]
        columns = np.array([event[:3] for event in events], np.int64).reshape(-1, 3)
        overlay = Overlay(
            np.arange(self.time.size, dtype=np.int64) if row is None else row,
            *(np.ascontiguousarray(columns[:, k]) for k in range(3)), np.array([event[3] for event in events], float),
        )  # fmt: skip
        for block in overlay:
            block.flags.writeable = False
        return overlay


def make_overlay(events, time: np.ndarray, seconds: int, row: np.ndarray | None = None, levels=()) -> Overlay:
    """The overlay of a path on which these events happen. time: [T] bar openings, seconds UTC.

    levels: (base, [T] multiplier) of a resampled market, which come before every event's own.
    """
    effects = Effects(time, seconds)
    for base, multiplier in levels:
        effects.scale_base(base, multiplier)
    for event in events:
        event.apply(effects)
    return effects.overlay(row)
