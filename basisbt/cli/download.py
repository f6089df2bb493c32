"""Verbs that fetch: `download`, and `data freezes`, which reads what `download --watch-status` wrote down."""

import contextlib
import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from basisbt.cli import data as data_verbs
from basisbt.cli import options as o
from basisbt.errors import ConfigError, DataError



def _option(kind, help, *names, **more):
    return Annotated[kind, typer.Option(*names, help=help, show_default=False, **more)]


Given = Annotated[Optional[Path], typer.Argument(help="A config in YAML: what its legs need.", show_default=False)]
Venues = _option(list[str], "Without a config: the venue.", metavar="VENUE")
Symbols = _option(list[str], "Without a config: like BTC/USDT:USDT.", metavar="SYMBOL")
Names = _option(list[str], "trade_1h,mark_1h,index_1h,premium_1h,funding.", metavar="NAMES")
Since = _option(Optional[str], "First day, UTC.", metavar="TIME")
Until = _option(Optional[str], "End, exclusive; default: now.", metavar="TIME")
Timeframe = _option(Optional[str], "Bars finer than the config's.", metavar="1h")
Api = _option(list[str], "Another base under a venue's URLs.", metavar="VENUE=URL")
Times = _option(Optional[int], "With --watch-status: how often at all.", min=1)


@o.guarded
def download(
    config: Given = None, set: o.Set = [], timerange: o.Timerange = None, data_dir: o.DataDir = None,
    venue: Venues = [], symbol: Symbols = [], series: Names = [], since: Since = None, until: Until = None,
    timeframe: Timeframe = None, api: Api = [],
    fill: Annotated[bool, typer.Option("--fill", help="Ask for holes again.")] = False,
    snapshots: Annotated[bool, typer.Option(help="Markets, tiers, currencies and status as JSON.")] = True,
    watch_status: Annotated[bool, typer.Option("--watch-status", help="Record deposit and withdrawal flags.")] = False,
    every: Annotated[str, typer.Option(help="With --watch-status: how often.")] = "10m", times: Times = None,
    force: Annotated[bool, typer.Option("--force", help="Put a file that disagrees aside, fetch it anew.")] = False,
    as_json: o.Json = False, quiet: o.Quiet = False, no_color: o.NoColor = False, debug: o.Debug = False,
):  # fmt: skip
    """Fetch public market data through ccxt: only what is missing, and never over a file that says something else.

    Example: basisbt download --venue okx --symbol BTC/USDT:USDT --since 2024-01-01 --data-dir data
    """
    from basisbt.cli import wishes

    if config is not None and (symbol or series or since or until):
        raise ConfigError("download: expected a CONFIG, or --symbol, --series, --since and --until; found both")
    resolved, bases = None, wishes.api_of(api)
    if config is not None:
        resolved = _loaded(config, set, timerange, data_dir)
        bases = {name: spec.api for name, spec in resolved.spec.venues.items() if spec.api} | bases
    directory = _directory(resolved, data_dir)
    if watch_status:
        venues = venue or (list(resolved.spec.venues) if resolved else [])
        _watch(directory, venues, bases, every, times, as_json, quiet)
        return
    if resolved is not None:
        wanted = [wish for wish in wishes.wishes_of(resolved, timeframe) if not venue or wish.venue in venue]
    else:
        wanted = wishes.asked_for(venue, symbol, series, since, until, timeframe)
    _fetch(directory, wanted, bases, fill, force, snapshots, as_json, quiet, no_color)


@data_verbs.app.command()
@o.guarded
def freezes(
    folder: Annotated[Path, typer.Argument(help="A data folder with a status.parquet below its venues.")],
    venue: Annotated[list[str], typer.Option(help="Only this venue.", show_default=False)] = [],
    debug: o.Debug = False,
):  # fmt: skip
    """Print recorded withdrawal freezes as a fragment of a config, for `extends` or to paste under `tail`.

    Example: basisbt data freezes data --venue gate > freezes.yaml
    """
    from basisbt.market.download.freezes import fragment

    sys.stdout.write(fragment(folder, venue))


def _loaded(config, overrides, timerange, data_dir):
    from basisbt.config import load

    return load(o.config_path(config), overrides, timerange=timerange, data_dir=data_dir)


def _directory(resolved, data_dir: Path | None) -> Path:
    import os

    if resolved is not None:
        return Path(resolved.spec.data.dir)
    return data_dir or Path(os.environ.get("BASISBT_DATA") or "data")


def _fetch(directory, wanted, bases, fill, force, snapshots, as_json, quiet, no_color) -> None:
    from basisbt.market.download.job import download as fetch

    with _progress(quiet or as_json and not sys.stderr.isatty()) as progress:
        report = fetch(directory, wanted, bases, fill=fill, force=force, snapshots=snapshots, progress=progress)
    if as_json:
        o.print_json({"data": str(directory), **report._asdict()})
    else:
        _show(report, o.console(no_color), quiet)
    if report.failures:
        raise DataError("\n".join(report.failures))


def _show(report, console, quiet: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    if report.series:
        table = Table(box=None, padding=(0, 2))
        for name in ("series", "new", "rows", "first", "last"):
            table.add_column(name, justify="right" if name in ("new", "rows") else "left", no_wrap=True)
        for row in report.series:
            title = f"{row['venue']} {row['symbol']} {row['series']}"
            table.add_row(title, f"{row['new']:,}", f"{row['rows']:,}", row["first"], row["last"])
        console.print(table)
    if quiet:
        return
    for row in report.series:
        if row["note"]:
            title = f"{row['venue']} {row['symbol']} {row['series']}"
            console.print(Text(f"{title}: {row['note']}", "yellow"), soft_wrap=True)
    for note in report.notes:
        console.print(Text(f"note: {note}", "dim"), soft_wrap=True)


@contextlib.contextmanager
def _progress(quiet: bool):
    """progress(title, done, total, rows) as a bar a series on stderr; None where nobody looks."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    what, rows = TextColumn("{task.description}"), TextColumn("{task.fields[rows]:,} rows")
    with Progress(what, BarColumn(), rows, TimeRemainingColumn(), console=o.console(stderr=True)) as shown:
        tasks: dict[str, object] = {}

        def progress(title: str, done: int, total: int, rows: int) -> None:
            if title not in tasks:
                tasks[title] = shown.add_task(title, total=total, rows=0)
            shown.update(tasks[title], completed=done, total=total, rows=rows)

        yield progress


def _watch(directory, venues, bases, every, times, as_json, quiet) -> None:
    """Look at every venue so many times, or until interrupted; a look that fails is told and does not end it."""
    from basisbt.market.download import client as clients
    from basisbt.market.download.dialects import kinds_of
    from basisbt.units import parse_duration

    if not venues:
        raise ConfigError("download --watch-status: expected --venue, once or several times, or a CONFIG")
    names = {venue: kinds_of(venue)["spot"] for venue in venues}
    try:
        pause = parse_duration(every)
    except ValueError as error:
        raise ConfigError(f"--every: {error}") from None
    looks, told = [], {}
    while times is None or len(looks) < times * len(venues):
        if looks:
            clients.sleep(pause)
        for venue, name in names.items():
            looks.append(_look(directory, venue, name, bases.get(venue)))
            said = "; ".join([*looks[-1]["notes"], *filter(None, [looks[-1]["error"]])])
            if not quiet and said and told.get(venue) != said:
                print(said, file=sys.stderr, flush=True)
            told[venue] = said
    if as_json:
        o.print_json({"data": str(directory), "looks": looks})
    elif not quiet:
        for venue in venues:
            mine = [each for each in looks if each["venue"] == venue]
            good, rows = sum(not each["error"] for each in mine), sum(each["rows"] for each in mine)
            print(f"{venue}: {good} of {len(mine)} looks, {rows:,} rows, {mine[-1]['assets']:,} assets")
    if all(each["error"] for each in looks):
        raise DataError("\n".join(dict.fromkeys(each["error"] for each in looks)))


def _look(directory, venue, name, api) -> dict:
    from basisbt.market.download.client import Client
    from basisbt.market.download.watch import look

    try:
        seen = look(directory, Client(venue, name, api))
    except DataError as error:
        return {"venue": venue, "rows": 0, "assets": 0, "notes": [], "error": str(error)}
    return {"venue": venue, "rows": seen.rows, "assets": seen.assets, "notes": seen.notes, "error": ""}
