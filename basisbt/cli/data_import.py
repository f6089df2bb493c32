"""The verb that brings other tools' files in: `data import`."""

import os
from pathlib import Path
from typing import Annotated, Optional

import typer

from basisbt.cli import options as o


@o.guarded
def import_(
    path: Annotated[Path, typer.Argument(help="A file, or a folder of files.", show_default=False)],
    source: Annotated[
        str, typer.Option("--from", help="freqtrade | binance | cryptodatadownload | tardis.", show_default=False)
    ],
    data_dir: o.DataDir = None,
    venue: Annotated[Optional[str], typer.Option(help="Whose data, if not told.", show_default=False)] = None,
    symbol: Annotated[Optional[str], typer.Option(help="Like BTC/USDT:USDT, likewise.", show_default=False)] = None,
    timeframe: Annotated[Optional[str], typer.Option(help="tardis: length of the candles to make; 1h.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and compare, write nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Put a stored file aside instead of merging with it.")] = False,
    as_json: o.Json = False, quiet: o.Quiet = False, no_color: o.NoColor = False, debug: o.Debug = False,
):  # fmt: skip
    """Import what other tools have stored: freqtrade folders, Binance bulk files, CryptoDataDownload, tardis.dev CSV.

    Rows that are there already must be the same. Example: basisbt data import --from freqtrade user_data/data
    """
    from basisbt.market.imports.bring import bring

    directory = data_dir or Path(os.environ.get("BASISBT_DATA") or "data")
    found = bring(source, path, directory, venue=venue, symbol=symbol, timeframe=timeframe, force=force, dry=dry_run)
    if as_json:
        o.print_json({"data": str(directory), "dry_run": dry_run, "series": [each.row() for each in found]})
        return
    if quiet:
        return
    from basisbt.report.data import show_imports

    show_imports(found, str(directory), dry_run, o.console(no_color))
