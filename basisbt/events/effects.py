"""Effects: from events to the overlay of a path.

Knows the closed set of things an event can do (freeze and thaw, default and recovery, scale a base, open a gap, replace
a funding rate) and the bar grid. What lasts is written as steps: a value from a bar on, sparse.
"""

import numpy as np

from basisbt.core.tape import (
    BID, CALM, CLAW, CUT, DEFAULT, DELEVERAGE, DRAIN, ECHO, FACTOR, FREEZE_HELD, FREEZE_VOIDED, GAP, LEVEL, RATE,
    RECOVERY, REDEEM, RESIDUAL, SELL, SETTLE, SINCE, SWITCH, THAW, WHICH, Overlay,
)  # fmt: skip

# Order inside a bar, by kind: what the world shows, ends, what venues take, freezes, defaults (MODEL.md section 2.2).
RANK = np.zeros(21, np.int64)
RANK[[THAW, RECOVERY, REDEEM]] = 1
RANK[[SINCE, DRAIN, DELEVERAGE, CLAW, CUT, SETTLE]] = 2
RANK[[FREEZE_HELD, FREEZE_VOIDED, SWITCH]] = 3  # a SWITCH that goes back: 1
RANK[DEFAULT] = 4
RANK[[BID, SELL]] = 5
FRIDAY = 86400 + 8 * 3600  # 1970-01-02 08:00, a Friday
WEEK = 7 * 86400


class Effects:
    """Collects what events do to a path over `time` [T] (bar openings, seconds UTC) of `seconds`-long bars."""

    def __init__(self, time: np.ndarray, seconds: int):
        self.time = time
        self.seconds = seconds
        self.level: dict[int, np.ndarray] = {}
        self.gap: dict[int, np.ndarray] = {}
        self.echo: dict[int, np.ndarray] = {}
        self.rate: dict[int, np.ndarray] = {}
        self.factor: dict[int, np.ndarray] = {}
        self.chained: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self.sparse: list[tuple[int, int, int, float, float]] = []  # bar, kind, who, size, second size
        self.ended: dict[int, tuple[int, float, int | None, bool, tuple, int | None]] = {}  # venue: earliest default

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
        self.sparse.append((begins, FREEZE_VOIDED if voids else FREEZE_HELD, venue, 0.0, 0.0))
        if ends < last:
            self.sparse.append((ends, THAW, venue, 0.0, 0.0))

    def once(self, moment: int, kind: int, who: int, size: float, more: float = 0.0) -> None:
        """Something that happens at one instant, in the bar it falls in; before the window it does not."""
        if self.time.size and self.time[0] <= self.floor(moment) <= self.time[-1]:
            self.sparse.append((self.bar_of_onset(moment), kind, who, size, more))

    def leave(self, instrument: int, start: int, end: int | None, basis: float) -> None:
        """A contract that settles between two moments does so this much beside its index."""
        begins, ends = self.bar_of_onset(start), self.time.size if end is None else self.bar_of_end(end)
        if ends > begins:
            self.sparse.append((begins, RESIDUAL, instrument, basis, 0.0))
            if ends < self.time.size:
                self.sparse.append((ends, RESIDUAL, instrument, 0.0, 0.0))

    def claw(self, venue: int, moment: int, fraction: float) -> None:
        """Take this share of the profits since the last Friday 08:00 UTC, or since the window's start."""
        since = moment - (moment - FRIDAY) % WEEK
        self.once(max(since, int(self.time[0])) if self.time.size else since, SINCE, venue, 0.0)
        self.once(moment, CLAW, venue, fraction)

    def cut(self, venue: int, moment: int, fraction: float, redeemed: float, redeemed_at: int | None) -> None:
        """Take this share of all balances; a share of that is paid back at the first open at or after a moment."""
        self.once(moment, CUT, venue, fraction, redeemed)
        if redeemed_at is not None and self.bar_of_end(redeemed_at) < self.time.size:
            self.sparse.append((self.bar_of_end(redeemed_at), REDEEM, venue, 0.0, 0.0))

    def default(
        self, venue: int, start: int, recovery: float, recovered_at: int | None, in_kind: bool = False, bids=(),
        sold_at: int | None = None,
    ) -> None:  # fmt: skip
        """Stop a venue for good in the bar of `start`; a claim is paid at the first open at or after `recovered_at`.

        A venue fails once: of several defaults the earliest counts, of equal ones the first given.
        """
        if venue not in self.ended or start < self.ended[venue][0]:
            self.ended[venue] = start, recovery, recovered_at, in_kind, tuple(bids), sold_at

    def switch(self, row: int, place: int, start: int, end: int | None) -> None:
        """One more event has it so, from the bar of `start` to the first open at or after `end`."""
        begins, ends = self.bar_of_onset(start), self.time.size if end is None else self.bar_of_end(end)
        if ends > begins:
            self.sparse.append((begins, SWITCH, WHICH * row + place, 1.0, 0.0))
            if ends < self.time.size:
                self.sparse.append((ends, SWITCH, WHICH * row + place, -1.0, 0.0))

    def multiply(self, row: int, place: int, values: np.ndarray) -> None:
        """Multiply a factor [T]; of one that is calm at 0 or without end, the larger or smaller counts."""
        who = WHICH * row + place
        if who not in self.factor:
            self.factor[who] = values
        elif CALM[row] == 1.0:
            self.factor[who] = self.factor[who] * values
        else:
            self.factor[who] = (np.maximum if CALM[row] == 0.0 else np.minimum)(self.factor[who], values)

    def live(self, start: int, end: int | None) -> np.ndarray:
        """[T] bool: the bars from that of `start` to the first open at or after `end`."""
        begins, ends = self.bar_of_onset(start), self.time.size if end is None else self.bar_of_end(end)
        bars = np.arange(self.time.size)
        return (bars >= begins) & (bars < ends)

    def endings(self) -> list[tuple[int, int, int, float, float]]:
        """Defaults and the payments of their claims, as (bar, kind, who, size, second size)."""
        found, last = [], self.time.size
        for venue, (start, recovery, recovered_at, in_kind, bids, sold_at) in self.ended.items():
            begins = self.bar_of_onset(start)
            if begins >= last:
                continue
            found.append((begins, DEFAULT, venue, recovery, float(in_kind)))
            found += [(max(begins, self.bar_of_onset(at)), BID, venue, bid, 0.0) for at, bid in bids]
            if sold_at is not None:
                found.append((max(begins, self.bar_of_onset(sold_at)), SELL, venue, 0.0, 0.0))
            found = [each for each in found if each[0] < last]
            paid = last if recovered_at is None else max(begins + 1, self.bar_of_end(recovered_at))
            if paid < last:
                found.append((paid, RECOVERY, venue, 0.0, 0.0))
        return found

    def chain(self, base: int, bars: np.ndarray, levels: np.ndarray) -> None:
        """A resampled market's price level of a base: `levels` [K] from `bars` [K] on, before any event's own."""
        self.chained[base] = bars, levels

    def scale_base(self, base: int, multiplier: np.ndarray) -> None:
        """Multiply a base's price level [T]."""
        self.level[base] = self.level.get(base, 1.0) * multiplier

    def add_gap(self, instrument: int, gap: np.ndarray, follows: bool = False) -> None:
        """Compound a gap [T] onto an instrument's; `follows`: its funding goes with it."""
        for table in (self.gap, self.echo) if follows else (self.gap,):
            table[instrument] = (1.0 + table[instrument]) * (1.0 + gap) - 1.0 if instrument in table else gap

    def set_rate(self, instrument: int, start: int, end: int | None, rate: float) -> None:
        """Replace an instrument's funding rates from the bar of `start` to the first open at or after `end`."""
        begins = self.bar_of_onset(start)
        ends = self.time.size if end is None else self.bar_of_end(end)
        if ends > begins:
            rates = self.rate.setdefault(instrument, np.full(self.time.size, np.nan))
            rates[begins:ends] = rate

    def steps(self) -> list[tuple[np.ndarray, int, int, np.ndarray]]:
        """What lasts, as changes: (bars, kind, who, new values), wherever a value differs from the bar before."""
        found = []
        levels = dict(self.level)
        for base, (bars, values) in self.chained.items():
            if base in levels:
                levels[base] = levels[base] * np.repeat(values, np.diff(np.append(bars, self.time.size)))
            else:
                found.append((bars, LEVEL, base, values))
        tables = [(LEVEL, levels, 1.0), (GAP, self.gap, 0.0), (ECHO, self.echo, 0.0), (RATE, self.rate, np.nan)]
        tables += [(FACTOR, {who: values}, CALM[who // WHICH]) for who, values in self.factor.items()]
        for kind, table, calm in tables:
            for who, values in table.items():
                before = np.concatenate([[calm], values[:-1]])
                changed = values != before
                if kind == RATE:
                    changed &= ~(np.isnan(values) & np.isnan(before))
                bars = np.flatnonzero(changed)
                found.append((bars, kind, who, values[bars]))
        return found

    def overlay(self, row: np.ndarray | None = None) -> Overlay:
        """The overlay, read-only; `row` [T] is the panel row each bar replays, by default its own."""
        steps, sparse = self.steps(), [*self.sparse, *self.endings()]
        lengths = [len(s[0]) for s in steps] + [1] * len(sparse)
        bar = np.concatenate([*(s[0] for s in steps), [e[0] for e in sparse]]).astype(np.int64)
        kind = np.repeat([*(s[1] for s in steps), *(e[1] for e in sparse)], lengths).astype(np.int64)
        who = np.repeat([*(s[2] for s in steps), *(e[2] for e in sparse)], lengths).astype(np.int64)
        size = np.concatenate([*(s[3] for s in steps), [e[3] for e in sparse]]).astype(float)
        more = np.concatenate([np.zeros(bar.size - len(sparse)), [e[4] for e in sparse]]).astype(float)
        rank = np.where((kind == SWITCH) & (size < 0.0), 1, RANK[kind])
        order = np.lexsort((np.arange(bar.size), rank, bar))
        row = np.arange(self.time.size, dtype=np.int64) if row is None else row
        overlay = Overlay(row, bar[order], kind[order], who[order], size[order], more[order])
        for block in overlay:
            block.flags.writeable = False
        return overlay


def make_overlay(events, time: np.ndarray, seconds: int, row: np.ndarray | None = None, chained=()) -> Overlay:
    """The overlay of a path on which these events happen. time: [T] bar openings, seconds UTC.

    chained: (base, bars [K], levels [K]) of a resampled market.
    """
    effects = Effects(time, seconds)
    for base, bars, levels in chained:
        effects.chain(base, bars, levels)
    for event in events:
        event.apply(effects)
    return effects.overlay(row)
