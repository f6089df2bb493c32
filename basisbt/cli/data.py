"""Verbs about market data: `data generate`, and those of data_checks."""

import re
from pathlib import Path
from typing import Annotated, Optional

import typer

from basisbt.cli import data_checks, data_import
from basisbt.cli import options as o

app = typer.Typer(
    help="Market data: what is there, what is odd, synthetic markets.", no_args_is_help=True, rich_markup_mode=None
)
app.command()(data_checks.ls)
app.command()(data_checks.check)
app.command("import")(data_import.import_)


@app.callback()
def group():
    """Market data: what is there, what is odd, synthetic markets."""


@app.command()
@o.guarded
def generate(
    folder: Annotated[Path, typer.Argument(help="Where to write.")] = Path("data/sample"),
    seed: Annotated[int, typer.Option(help="Seed.")] = 7,
    start: Annotated[str, typer.Option(help="First day, UTC.")] = "2023-01-01",
    days: Annotated[int, typer.Option(help="Days.", min=1)] = 365,
    bases: Annotated[str, typer.Option(help="Coins.")] = "BTC,ETH",
    venues: Annotated[str, typer.Option(help="Venues.")] = "binance,okx,bybit",
    source: Annotated[
        Optional[str], typer.Option("--from", help="What `calibrate` printed, or calm, stressed.", show_default=False)
    ] = None,
    force: o.Force = False, debug: o.Debug = False,
):  # fmt: skip
    """Write a synthetic market in the data layout: spot, perpetual, mark and funding, from a seed.

    Example: basisbt data generate data/stressed --seed 7 --from stressed
    """
    from basisbt.errors import ConfigError
    from basisbt.market.generator import Recipe
    from basisbt.market.generator import generate as write
    from basisbt.units import parse_time

    try:
        first = parse_time(start)
    except ValueError as error:
        raise ConfigError(f"--start: {error}") from error
    recipe = Recipe(seed, first, days, names("--bases", bases), names("--venues", venues))
    if source is not None:
        from dataclasses import replace

        from basisbt.studies.calibrate import climate_of

        recipe = replace(recipe, climate=climate_of(source), origin=source)
    write(folder, recipe, force)
    print(folder)


def names(option: str, text: str) -> tuple[str, ...]:
    """`BTC,ETH` as its names. Raises ConfigError for anything that could not name a folder."""
    from basisbt.errors import ConfigError

    found = tuple(name.strip() for name in text.split(","))
    for name in found:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
            raise ConfigError(f"{option}: found {name!r}, expected letters and digits, separated by commas: a,b")
    return found


@o.guarded
def calibrate(
    config: o.Config, set: o.Set = [], timerange: o.Timerange = None, data_dir: o.DataDir = None,
    debug: o.Debug = False,
):  # fmt: skip
    """Estimate a synthetic market from a config's data, as YAML for `data generate --from`.

    Example: basisbt calibrate configs/runs/01_btc_carry.yaml > market.yaml
    """
    import sys

    from basisbt.studies.calibrate import calibrate as estimate

    with o.working():
        text = estimate(o.config_path(config), set, timerange=timerange, data_dir=data_dir)
    sys.stdout.write(text)
