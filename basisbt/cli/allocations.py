"""The verb about weights: `allocate`."""

import re
from typing import Annotated, Optional

import typer

from basisbt.cli import options as o
from basisbt.errors import ConfigError

_BOUND = re.compile(r"\s*([^=\s]+)\s*=\s*([^.=]*(?:\.\d+)?%?)\s*\.\.\s*(.*?)\s*")


@o.guarded
def allocate(
    config: o.Config, set: o.Set = [], timerange: o.Timerange = None, data_dir: o.DataDir = None, seed: o.Seed = None,
    paths: o.Paths = None, engine: o.EngineName = "auto",
    level: Annotated[str, typer.Option(help="Level of the expected shortfall.")] = "99%",
    bound: Annotated[
        list[str], typer.Option(metavar="VENUE=LEAST..MOST", help="Like okx=10%..40%; `*=..40%` for all.")
    ] = [],
    carry: Annotated[Optional[str], typer.Option(help="One point: the least ES that carries so much a year.")] = None,
    points: Annotated[int, typer.Option(help="Points of the frontier.", min=2, max=100)] = 6,
    fresh_seed: Annotated[Optional[int], typer.Option(help="Seed of the fresh paths; default: the next.")] = None,
    as_json: o.Json = False, quiet: o.Quiet = False, no_color: o.NoColor = False, debug: o.Debug = False,
    jobs: o.Jobs = None,
):  # fmt: skip
    """Find the venue weights with the least expected shortfall for a given carry, and try them on fresh paths.

    Example: basisbt allocate configs/sweeps/five_venues.yaml --bound '*=..40%' --paths 2000
    """
    from basisbt.report.allocate import show_allocation
    from basisbt.studies.allocate import allocate as find

    with o.working():
        found = find(
            o.config_path(config), set, level=fraction("--level", level), bounds=bounds(bound),
            carry=None if carry is None else fraction("--carry", carry), points=points, fresh_seed=fresh_seed,
            timerange=timerange, data_dir=data_dir, seed=seed, engine=o.checked_engine(engine), paths=paths, jobs=jobs,
            progress=o.counting(quiet, "points"),
        )  # fmt: skip
    if as_json:
        rows = found.frame.to_dict("records")
        o.print_json({"name": found.name, "level": found.level, "paths": found.paths, "seed": found.seed,
                      "fresh_seed": found.fresh_seed, "points": rows})  # fmt: skip
    else:
        show_allocation(found, o.console(no_color))


def fraction(option: str, text: str) -> float:
    """`8%` or `0.08`, also `8%/y`. Raises ConfigError."""
    from basisbt.units import parse_fraction

    try:
        return parse_fraction(text.removesuffix("/y"))
    except ValueError as error:
        raise ConfigError(f"{option}: {error}") from error


def bounds(texts) -> dict[str, tuple[float, float]]:
    """`okx=10%..40%` as {okx: (0.1, 0.4)}; either end may be left out. Raises ConfigError."""
    found = {}
    for text in texts:
        parts = _BOUND.fullmatch(text)
        if parts is None:
            raise ConfigError(f"--bound: found {text!r}, expected VENUE=LEAST..MOST, like okx=10%..40% or *=..40%")
        ends = ((parts[2], 0.0), (parts[3], 1.0))
        found[parts[1]] = tuple(fraction("--bound", part) if part.strip() else end for part, end in ends)
    return found
