"""Coverage: does every series reach over the window, and how long is it silent inside it.

Knows where series start, end and pause. Knows no prices, and fills nothing.
"""

from typing import NamedTuple

import numpy as np

from basisbt.errors import DataError
from basisbt.market.grid import Grid, moment, timeframe_text
from basisbt.market.store import Bars


class Span(NamedTuple):
    """What one series covers, seconds UTC. `slack` is how far a first or last stamp speaks beyond itself."""

    title: str
    first: int
    last: int
    slack: int = 0  # funding: one interval
    until: int | None = None  # a dated future owes nothing after its expiry


def shortfalls(spans: list[Span], start: int, end: int) -> list[str]:
    """One sentence per series that starts late or ends early, in order, each series once."""
    found = []
    for span in spans:
        if span.first - span.slack > start:
            found.append(f"{span.title} starts {moment(span.first)}; the window starts {moment(start)}")
        if span.last + span.slack < _owed(span, end):
            found.append(f"{span.title} ends {moment(span.last)}; the window ends {moment(end)}")
    return list(dict.fromkeys(found))


def common_window(spans: list[Span], start: int, end: int, timeframe: int) -> tuple[int, int]:
    """The part of the window that every series covers, in whole bars. DataError when there is none."""
    for span in spans:
        if span.first - span.slack > start:
            start = -(-(span.first - span.slack) // timeframe) * timeframe
    for span in spans:
        if span.last + span.slack < _owed(span, end):
            end = (span.last + span.slack) // timeframe * timeframe
    if end <= start:
        spoken = "; ".join(dict.fromkeys(f"{s.title} {moment(s.first)} to {moment(s.last)}" for s in spans))
        raise DataError(f"the series have no common window: {spoken}")
    return start, end


def check_gaps(title: str, bars: Bars, grid: Grid, policy: str, longest: int, until: int | None = None) -> None:
    """Refuse silences inside the window longer than `longest` seconds, or any at all under the policy `error`.

    `bars` come with one bar before the window if there is one, so that a gap is measured in full.
    """
    close = grid.end if until is None else min(grid.end, until)
    ends = bars.time + bars.step
    following = np.append(bars.time[1:], close)
    allowed = 0 if policy == "error" else longest
    bad = np.flatnonzero((following - ends > allowed) & (following > grid.start))
    if bad.size:
        begin, finish = int(ends[bad[0]]), int(following[bad[0]])
        rule = "data.gaps.policy is error" if policy == "error" else f"data.gaps.max is {timeframe_text(longest)}"
        more = f", and {bad.size - 1} more such gaps" if bad.size > 1 else ""
        raise DataError(
            f"{title}: no bars from {moment(begin)} to {moment(finish)} "
            f"({timeframe_text(finish - begin)} missing{more}); {rule}"
        )


def _owed(span: Span, end: int) -> int:
    return end if span.until is None else min(end, span.until)
