"""Verbs about configs: `validate`, `show-config`, `schema`."""

from pathlib import Path
from typing import Annotated, Optional

import typer

from basisbt.cli import options as o


@o.guarded
def validate(
    config: o.Config, set: o.Set = [], timerange: o.Timerange = None, data_dir: o.DataDir = None,
    as_json: o.Json = False, debug: o.Debug = False,
):  # fmt: skip
    """Check a config, its strategy and its data; every mistake in one go, each with its place.

    Example: basisbt validate configs/runs/01_btc_carry.yaml
    """
    import sys

    from basisbt.studies.run import prepare

    with o.working():
        prepared = prepare(o.config_path(config), set, timerange=timerange, data_dir=data_dir, engine="backtrader")
    notes = prepared.world.notes["panel"]
    warnings = [*prepared.resolved.warnings, *notes.warnings]
    if as_json:
        o.print_json({"valid": True, "warnings": warnings, "stand_ins": notes.stand_ins, "bars": prepared.world.bars})
        return
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    for what, by in notes.stand_ins.items():
        print(f"stand-in: {what}: {by}", file=sys.stderr)
    print(f"{config}: ok, {prepared.world.bars:,} bars, {len(prepared.world.names.instruments)} instruments")


@o.guarded
def show_config(
    config: o.Config, set: o.Set = [], timerange: o.Timerange = None, data_dir: o.DataDir = None,
    origin: Annotated[bool, typer.Option("--origin/--no-origin", help="Show where each value comes from.")] = True,
    as_json: o.Json = False, debug: o.Debug = False,
):  # fmt: skip
    """The resolved config: presets, extends, overrides and defaults filled in, with the origin of each value.

    Example: basisbt show-config configs/runs/01_btc_carry.yaml
    """
    from basisbt.config import load

    resolved = load(o.config_path(config), set, timerange=timerange, data_dir=data_dir)
    if as_json:
        o.print_json({"config": resolved.tree, "origins": resolved.origins})
        return
    from basisbt.studies.yaml_text import resolved_text

    print(resolved_text(resolved.tree, resolved.origins if origin else {}))


@o.guarded
def schema(
    out: Annotated[Optional[Path], typer.Option("-o", "--out", help="Write it to a file.")] = None,
    debug: o.Debug = False,
):  # fmt: skip
    """The JSON Schema of a config, for editors.

    Example: basisbt schema -o basisbt.schema.json
    """
    import json

    from basisbt.config import json_schema

    text = json.dumps(json_schema(), indent=2) + "\n"
    if out is None:
        print(text, end="")
    else:
        out.write_text(text, encoding="utf-8")
