"""One series: what is missing on disk is asked for, proven to fit, and written; or everything stays as it was.

Knows the order of these steps. Until the last row is there, pages are in the journal; the visible file is replaced
once, at the end, and then the manifest.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from basisbt.errors import DataError
from basisbt.market.download.asking import asker
from basisbt.market.download.client import Client, Unreachable
from basisbt.market.download.journal import Journal
from basisbt.market.download.locks import locked
from basisbt.market.download.manifest import Entry, sweep, write_entry
from basisbt.market.download.paging import Walk
from basisbt.market.download.rows import Rows, holes, join, moment_ms
from basisbt.market.download.series_names import Series
from basisbt.market.download.stored import (
    Disagreement,
    Stored,
    agree,
    merged,
    put_aside,
    read_stored,
    write_rows,
)  # fmt: skip
from basisbt.market.grid import timeframe_text
from basisbt.market.instruments import folder
from basisbt.market.store import series_path

SETTLING = 5_000  # ms after its close until a bar is final
PUBLISHED = 3_600_000  # ms after which a venue has certainly published a settlement
SLACK = 28_800_000  # ms by which settlements may start after or end before what was asked for

Progress = Callable[[str, int, int, int], None]  # (title, ms done, ms in all, rows)


class Asked(NamedTuple):
    """A series to fetch over `[since, until)` in ms. fill: ask for holes again; force: put what disagrees aside."""

    venue: str
    symbol: str
    series: Series
    since: int
    until: int
    fill: bool = False
    force: bool = False

    @property
    def title(self) -> str:
        """How messages name it."""
        return f"{self.venue} {self.symbol} {self.series.name}"


class Outcome(NamedTuple):
    """What became of a series: `rows` in the file, `new` of them now, `first` and `last` in ms, what to know of it."""

    path: Path
    rows: int
    new: int
    first: int
    last: int
    holes: int
    note: str


def fetch_series(directory: Path, client: Client, asked: Asked, progress: Progress | None = None) -> Outcome:
    """Bring a series on disk to the span asked for.

    DataError: the file is as before; what was fetched is kept for the next run unless the venue contradicts itself.
    """
    place = directory / folder(asked.venue, asked.symbol)
    ask, pace = asker(client, asked.symbol, asked.series)
    asked = _inside(asked, client.now)
    with locked(place):
        sweep(place)
        walk, aside = Walk(ask, pace, asked.series.names, asked.title), ""
        try:
            stored = read_stored(directory, asked.venue, asked.symbol, asked.series)
            fetched = _fetch(place, client, asked, stored, walk, progress)
        except Disagreement:
            if not asked.force:
                raise
            stored, asked = _anew(directory, asked)
            fetched = _fetch(place, client, asked, stored, walk, progress)
            if fetched:
                aside = f"fetched anew: the file before is {put_aside(stored.path).name}"
        return _keep(directory, client, asked, stored, fetched, aside)


def _inside(asked: Asked, now: int) -> Asked:
    """The span in whole bars, up to the last that has closed by the venue's clock. DataError when nothing is left."""
    step = asked.series.step
    since, until = asked.since, min(asked.until, now + 1)
    if step:
        since, until = since // step * step, min(-(-asked.until // step), (now - SETTLING) // step) * step
    if until <= since:
        raise DataError(
            f"{asked.title}: nothing to fetch: the span begins {moment_ms(asked.since)} and the venue's clock says "
            f"{moment_ms(now)}"
        )
    return asked._replace(since=since, until=until)


def _spans(asked: Asked, stored: Stored) -> list[tuple[int, int, int | None]]:
    """(begin, end, last row known) of everything missing: before, in holes if asked for, after; each overlaps disk."""
    if stored.rows is None:
        return [(asked.since, asked.until, None)]
    first, last, entry = stored.rows.first, stored.rows.last, stored.entry
    spans: list[tuple[int, int, int | None]] = []
    if asked.since < first and (entry is None or asked.since < entry.since):
        spans.append((asked.since, first + 1, None))
    if asked.fill:
        found = holes(stored.rows.time, asked.series.step)
        spans += [(low, high + 1, low) for low, high in found if low < asked.until and high > asked.since]
    if last + asked.series.step < asked.until and (entry is None or entry.until < asked.until):
        spans.append((last, asked.until, last))
    return spans


def _fetch(place: Path, client: Client, asked: Asked, stored: Stored, walk: Walk, progress) -> Rows:
    """All rows of the spans missing, the overlaps with disk included and compared."""
    identity = {
        "series": asked.series.name, "source": client.name, "host": client.host, "disk": stored.digest,
    }  # fmt: skip
    journal = Journal(place, asked.series.name, identity, asked.series.names)
    spans = _spans(asked, stored)
    total, done = sum(end - begin for begin, end, _ in spans), 0
    parts: list[Rows] = []
    try:
        for begin, end, last in spans:
            for rows, to in _pages(journal, walk, begin, end, last):
                parts.append(rows)
                if progress:
                    progress(asked.title, done + min(to, end) - begin, total, sum(part.time.size for part in parts))
            done += end - begin
        fetched = join(parts, asked.series.names, asked.title)
        if stored.rows is not None:
            agree(stored, fetched, asked.series, asked.venue)
        return fetched
    except Unreachable:
        raise
    except DataError:
        journal.drop()
        raise
    finally:
        journal.close()


def _pages(journal: Journal, walk: Walk, begin: int, end: int, last: int | None):
    """Pages of a span: those of an earlier try, then the venue's, each in the journal before the next is asked for."""
    cursor, known = begin, journal.found(begin)
    if known is not None:
        rows = known.rows.between(begin, end)
        cursor, last = min(known.to, end), rows.last if rows else last
        yield rows, cursor
    for page in walk.pages(cursor, end, last):
        journal.add(begin, page.rows, page.to)
        yield page.rows, page.to


def _anew(directory: Path, asked: Asked) -> tuple[Stored, Asked]:
    """As if the file were not there, and the span stretched over what it covers."""
    path = series_path(directory, asked.venue, asked.symbol, asked.series.name)
    try:
        before = read_stored(directory, asked.venue, asked.symbol, asked.series, any_columns=True)
        since = min(asked.since, before.rows.first)
        until = max(asked.until, before.rows.last + max(1, asked.series.step))
        asked = asked._replace(since=since // max(1, asked.series.step) * max(1, asked.series.step), until=until)
    except DataError:
        pass  # what cannot be read says nothing of its span
    return Stored(path, None, None, ""), asked


def _keep(directory: Path, client: Client, asked: Asked, stored: Stored, fetched: Rows, aside: str) -> Outcome:
    """Write what is new, then the manifest, then drop the journal."""
    place = directory / folder(asked.venue, asked.symbol)
    rows = merged(stored.rows, [fetched])
    if not rows:
        Journal(place, asked.series.name, {}, asked.series.names).drop()
        span = f"from {moment_ms(asked.since)} to {moment_ms(asked.until)}"
        raise DataError(f"{asked.title}: the venue has no rows {span}")
    new = rows.time.size - (0 if stored.rows is None else stored.rows.time.size)
    path, digest = stored.path, stored.digest
    found = holes(rows.time, asked.series.step)
    if new:
        path, digest = write_rows(directory, asked.venue, asked.symbol, asked.series, rows)
    if new or stored.entry is not None:
        write_entry(place, asked.series.name, _entry(client, asked, stored, rows, len(found), digest))
    Journal(place, asked.series.name, {}, asked.series.names).drop()
    notes = [*_short(asked, rows), *_holes(found), aside]
    if new and stored.path != path and stored.rows is not None:
        notes.append(f"{stored.path.name} stays; {path.name} is what is read from now on")
    return Outcome(path, rows.time.size, new, rows.first, rows.last, len(found), "; ".join(filter(None, notes)))


def _entry(client: Client, asked: Asked, stored: Stored, rows: Rows, gaps: int, digest: str) -> Entry:
    since, until = min(asked.since, rows.first), max(min(asked.until, client.now - PUBLISHED), rows.last)
    if stored.entry is not None:
        since, until = min(since, stored.entry.since), max(until, stored.entry.until)
    return Entry(
        client.name, client.version, client.host, since, until, moment_ms(rows.first), moment_ms(rows.last),
        int(rows.time.size), gaps, digest, moment_ms(client.now),
    )  # fmt: skip


def _short(asked: Asked, rows: Rows) -> list[str]:
    slack = asked.series.step or SLACK
    found = []
    if rows.first > asked.since + slack:
        found.append(f"the venue has nothing before {moment_ms(rows.first)}")
    if rows.last + slack < asked.until - slack:
        found.append(f"the venue has nothing after {moment_ms(rows.last)}")
    return found


def _holes(found: list[tuple[int, int]]) -> list[str]:
    if not found:
        return []
    longest = max(high - low for low, high in found) // 1000
    word = "hole" if len(found) == 1 else "holes"
    return [f"{len(found)} {word}, {timeframe_text(longest)} the longest (--fill asks again)"]
