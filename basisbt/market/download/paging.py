"""Paging: every row of a span, however a venue cuts its pages.

Knows that a page is an unbroken run of rows inside what was asked, at its start, at its end, or shorter than it could
be; knows no venue. Pages overlap by the last row known: a page that holds it proves that nothing lies between. Where a
page does not, what lies between is asked for, until the venue has said twice, to different questions, that there is
nothing. Every question is bounded, so a hole or a venue that ignores what it is asked costs questions, never for ever.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from basisbt.market.download.rows import Rows, join, no_rows

MINUTE = 60_000  # ms; no venue settles twice in one

Ask = Callable[[int, int], Rows]  # (from, to) in ms, end exclusive -> rows, perhaps more than asked for


class Pace(NamedTuple):
    """How far one question reaches: `rows` a page; `step` ms between bars, 0 for settlements; `longest` ms at all."""

    rows: int
    step: int
    longest: int
    usual: int = 28_800_000  # ms between settlements until rows tell

    def span(self, rows: Rows) -> int:
        """ms to ask for, after these rows."""
        apart = self.step or (int((rows.time[1:] - rows.time[:-1]).min()) if rows.time.size > 1 else self.usual)
        return min(self.longest, self.rows * apart)


class Page(NamedTuple):
    """Rows that follow one another, from the last known row on where the venue repeats it; all before `to` is known."""

    rows: Rows
    to: int


class Walk:
    """All rows of `[begin, end)` in ascending pages. `last`: the last row known at or before `begin`, if any."""

    def __init__(self, ask: Ask, pace: Pace, names: tuple[str, ...], title: str) -> None:
        self.ask, self.pace, self.names, self.title = ask, pace, names, title

    def pages(self, begin: int, end: int, last: int | None = None) -> Iterator[Page]:
        """Yield pages until `end`. DataError where the venue contradicts itself."""
        cursor, span = begin, self.pace.span(no_rows(1))
        while cursor < end:
            linked = last is not None and cursor == last
            if linked and last + max(1, self.pace.step) >= end:
                return
            stop = min(end, cursor + span)
            page = self.look(cursor, stop)
            if not _beyond(page, last):
                page = self.look(cursor + 1 if linked else cursor, stop)
            if not _beyond(page, last):
                cursor = stop
                yield Page(no_rows(len(self.names)), cursor)
                continue
            page = self._down_to(cursor, page, linked)
            span = self.pace.span(page) if page.time.size > 1 else span
            cursor = last = page.last
            yield Page(page, cursor)

    def look(self, start: int, stop: int) -> Rows:
        """The rows that the venue gives for `[start, stop)`."""
        return self.ask(start, stop).between(start, stop)

    def _down_to(self, low: int, page: Rows, linked: bool) -> Rows:
        """The page and what lies before it, down to `low`: a row (linked), or where the span begins."""
        while page.first > low and not self._follows(low, page.first, linked):
            earlier = self.look(low, page.first + 1)
            if not earlier or earlier.first == page.first:
                earlier = self.look(low + 1 if linked else low, page.first)
            if not earlier:
                break
            page = join([earlier, page], self.names, self.title)
        return page

    def _follows(self, low: int, first: int, linked: bool) -> bool:
        """Whether nothing can lie between: less than a bar, or a minute between settlements."""
        return first - low < (self.pace.step or MINUTE) + linked


def _beyond(page: Rows, last: int | None) -> bool:
    return bool(page) and (last is None or page.last > last)
