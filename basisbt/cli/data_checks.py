"""Verbs that look at market data: `data ls`, `data check`."""

from pathlib import Path
from typing import Annotated, Optional

import typer

from basisbt.cli import options as o
from basisbt.errors import ConfigError, DataError

Folder = Annotated[
    Optional[Path], typer.Argument(help="A data folder; default: $BASISBT_DATA, or data.", show_default=False)
]
Venue = Annotated[Optional[str], typer.Option(help="Only this venue.", show_default=False)]
Symbol = Annotated[Optional[str], typer.Option(help="Only this symbol, as in ccxt.", show_default=False)]


@o.guarded
def ls(
    folder: Folder = None, venue: Venue = None, symbol: Symbol = None, as_json: o.Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout.")] = False, no_color: o.NoColor = False,
    debug: o.Debug = False,
):  # fmt: skip
    """What a data folder holds: spans, rows, gaps and coverage of every series.

    Example: basisbt data ls data/sample
    """
    from basisbt.market.inventory import index_frame

    place = folder_of(folder)
    frame = index_frame(place)
    if not len(frame):
        raise DataError(f"{place}: no series there; expected <venue>/<symbol>/trade_1h.parquet and the like")
    if venue is not None:
        frame = frame[frame["venue"] == venue]
    if symbol is not None:
        frame = frame[frame["symbol"] == symbol]
    if as_json:
        o.print_json(frame.to_dict("records"))
    elif csv:
        print(frame.drop(columns="filled").to_csv(index=False), end="")
    else:
        from basisbt.report.data import show_inventory

        show_inventory(frame, o.console(no_color))


@o.guarded
def check(
    folder: Folder = None, venue: Venue = None, symbol: Symbol = None,
    fail_on: Annotated[
        list[str], typer.Option(metavar="KIND[>SIZE]", help="Exit 3 if found: gap>6h, shift, error. Repeatable.")
    ] = [],
    as_json: o.Json = False, quiet: o.Quiet = False, no_color: o.NoColor = False, debug: o.Debug = False,
):  # fmt: skip
    """What is odd in a data folder, worst first, and what to do about it.

    Gaps, repeats, stale runs, outliers, clock shifts, wrong symbols, wrong units, settlements off their clock, and
    more. Example: basisbt data check data/sample --fail-on 'gap>6h' --fail-on error
    """
    from basisbt.market.checks.check import check_directory
    from basisbt.market.checks.finding import limit

    limits = [limit(text) for text in fail_on]
    found, series = check_directory(folder_of(folder), venue or "", symbol or "")
    if as_json:
        o.print_json({"series": len(series), "findings": [finding.row() for finding in found]})
    elif not quiet:
        from basisbt.report.data import show_findings

        show_findings(found, len(series), o.console(no_color))
    broken = [finding for finding in found if any(each.broken_by(finding) for each in limits)]
    if broken:
        worst = broken[0]
        more = f" and {len(broken) - 1:,} more" if len(broken) > 1 else ""
        raise DataError(f"{worst.venue} {worst.symbol} {worst.series}: {worst.kind}: {worst.told}{more}")


def folder_of(folder: Path | None) -> Path:
    """The data folder that is meant. Raises ConfigError when it is not there."""
    import os

    place = folder or Path(os.environ.get("BASISBT_DATA") or "data")
    if not place.is_dir():
        raise ConfigError(f"no data folder {place}; `basisbt data generate DIR` makes one")
    return place
