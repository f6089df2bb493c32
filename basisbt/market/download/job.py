"""A job: many series of many venues, one after another; what fails does not stop the others.

Knows the order: all series of a venue, then its snapshots. Knows no config and prints nothing.
"""

import re
from pathlib import Path
from typing import NamedTuple

from basisbt.errors import DataError
from basisbt.market.download.client import Client, Unreachable, Unserved
from basisbt.market.download.dialects import class_for
from basisbt.market.download.rows import moment_ms
from basisbt.market.download.series import Asked, Outcome, Progress, fetch_series
from basisbt.market.download.series_names import read_series
from basisbt.market.download.snapshots import take
from basisbt.market.grid import UNIT_SECONDS, timeframe_seconds, timeframe_text
from basisbt.market.instruments import parse_symbol, quarter_end
from basisbt.market.publish import MARKER


class Wish(NamedTuple):
    """A series somebody wants. `served`: the venue whose markets these are, when the folder has another name;
    optional: where the venue does not have it, a note is enough. coarser: where it has no bars that long, the longest
    that divide them will do."""

    venue: str
    symbol: str
    series: str
    since: int  # ms
    until: int  # ms, exclusive
    optional: bool = False
    served: str = ""
    coarser: bool = False


class Report(NamedTuple):
    """What a job did: one dict a series, snapshots written, notes, and what failed."""

    series: list[dict]
    snapshots: list[str]
    notes: list[str]
    failures: list[str]


def download(
    directory: Path, wishes: list[Wish], api: dict[str, str], *, fill: bool = False, force: bool = False,
    snapshots: bool = True, progress: Progress | None = None,
) -> Report:  # fmt: skip
    """Fetch every wish. Series that fail are named in the report; ConfigError for what no venue could serve."""
    refuse_synthetic(directory)
    report = Report([], [], [], [])
    groups: dict[tuple[str, str], list[Wish]] = {}
    for wish in wishes:
        name = class_for(wish.served or wish.venue, parse_symbol(wish.venue, wish.symbol))
        read_series(wish.series)
        groups.setdefault((wish.venue, name), []).append(wish)
    told: set[str] = set()  # venues that have spoken of themselves; their classes would all say the same
    for (venue, name), group in groups.items():
        client = Client(venue, name, api.get(venue))
        try:
            good = _series(directory, client, group, report, fill, force, progress)
            if snapshots and good:
                taken = take(directory, client, good, venue not in told)
                told.add(venue)
                report.snapshots.extend(str(path) for path in taken.files)
                report.notes.extend(taken.notes)
        except Unreachable as error:
            report.failures.append(str(error))
    return report


def refuse_synthetic(directory: Path) -> None:
    """Generated and real markets do not go into one folder: DataError."""
    if (directory / MARKER).exists():
        raise DataError(
            f"{directory}: holds a synthetic market (made by `basisbt data generate`); name another one with --data-dir"
        )


def _series(directory, client, group, report, fill, force, progress) -> list[str]:
    """Fetch one venue's series; the symbols that it knows. Unreachable ends it."""
    good: dict[str, None] = {}
    for wish in group:
        try:
            for symbol in _listed(client, wish):
                asked = _asked(client, wish, symbol, fill, force)
                _note(report, asked, fetch_series(directory, client, asked, progress))
                good[symbol] = None
        except Unreachable as error:
            kept = "every file is as before this series; what was fetched of it is kept for the next try"
            raise Unreachable(f"{error}\n{wish.venue} {wish.symbol} {wish.series}: {kept}") from None
        except Unserved as error:
            (report.notes if wish.optional else report.failures).append(str(error))
        except DataError as error:
            report.failures.append(str(error))
    return list(good)


def _listed(client: Client, wish: Wish) -> list[str]:
    """The symbols to fetch: of a contract by rule, the quarterly contracts that the venue lists."""
    root = wish.symbol.removesuffix("-quarter")
    if root == wish.symbol:
        return [wish.symbol]
    listed = [symbol for symbol in client.markets if re.fullmatch(re.escape(root) + r"-\d{6}", symbol)]
    ends = {symbol: parse_symbol(wish.venue, symbol).expiry for symbol in listed}
    found = [symbol for symbol in sorted(listed) if quarter_end(ends[symbol]) and ends[symbol] * 1000 > wish.since]
    if not found:
        there = ", ".join(listed) or "none"
        raise DataError(f"{wish.venue} {wish.symbol}: the venue lists no quarterly contract; there: {there}")
    return found


def _asked(client: Client, wish: Wish, symbol: str, fill: bool, force: bool) -> Asked:
    series = read_series(wish.series)
    if wish.coarser and series.step and series.timeframe not in client.timeframes():
        steps = [timeframe_seconds(name) for name in client.timeframes() if name[-1] in UNIT_SECONDS]
        fitting = [step for step in steps if series.step % (step * 1000) == 0]
        if fitting:
            series = read_series(f"{series.kind}_{timeframe_text(max(fitting))}")
    return Asked(wish.venue, symbol, series, wish.since, wish.until, fill, force)


def _note(report: Report, asked: Asked, found: Outcome) -> None:
    report.series.append({
        "venue": asked.venue, "symbol": asked.symbol, "series": asked.series.name, "rows": found.rows, "new": found.new,
        "first": moment_ms(found.first), "last": moment_ms(found.last), "holes": found.holes, "note": found.note,
        "file": str(found.path),
    })  # fmt: skip
