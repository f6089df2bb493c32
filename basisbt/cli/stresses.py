"""Verbs that look for what breaks a config: `stress`, `solve`, and `list` of what there is to use."""

from pathlib import Path
from typing import Annotated, Optional

import typer

from basisbt.cli import options as o
from basisbt.errors import ConfigError, RunError


@o.guarded
def stress(
    config: o.Config,
    incidents: Annotated[Optional[list[str]], typer.Argument(help="Incidents by id; default: all.")] = None,
    set: o.Set = [], timerange: o.Timerange = None, data_dir: o.DataDir = None, seed: o.Seed = None,
    at: Annotated[Optional[str], typer.Option(help="Onset: a date, or `every 7d` and the worst is told.")] = None,
    every: Annotated[bool, typer.Option("--all-casts", help="A row per venue and onset, not the worst alone.")] = False,
    engine: o.EngineName = "auto", as_json: o.Json = False, quiet: o.Quiet = False, no_color: o.NoColor = False,
    report: Annotated[Optional[Path], typer.Option(help="Write an HTML report there.", show_default=False)] = None,
    debug: o.Debug = False, jobs: o.Jobs = None,
):  # fmt: skip
    """Run one config through the incident catalogue, cast onto its venues and coins: what kills it, what does not.

    Example: basisbt stress configs/runs/01_btc_carry.yaml ftx_2022_large okex_freeze_2020
    """
    import os

    from basisbt.report.stress import show_stress
    from basisbt.studies.prepare import prepare
    from basisbt.studies.stress import stress as run_stress

    engine = o.checked_engine(engine)
    with o.working():
        prepared = prepare(o.config_path(config), set, timerange=timerange, data_dir=data_dir, seed=seed, engine=engine)
        rows, left = run_stress(
            prepared, incidents or (), at, jobs or os.cpu_count() or 1, o.counting(quiet, "runs"), every
        )  # fmt: skip
    if report is not None:
        write_report(report, prepared, rows, left, f"basisbt stress {config}")
    if as_json:
        o.print_json({"rows": rows, "left_out": left})
    else:
        show_stress(rows, left, prepared.world.capital, o.console(no_color))


def write_report(file: Path, prepared, rows, left, command: str) -> None:
    """The stress report as a file. Raises RunError where it cannot be written."""
    from basisbt.report.html.page import write_page
    from basisbt.report.html.stress import stress_page

    try:
        write_page(stress_page(prepared.resolved.spec.name, rows, left, prepared.world.capital, command), file)
    except OSError as error:
        raise RunError(f"--report {file}: cannot be written: {error.strerror or error}") from error


@o.guarded
def solve(
    config: o.Config,
    vary: Annotated[str, typer.Option(help="KEY=LO..HI, like pairs.*.short.leverage=1..10.")],
    until: Annotated[str, typer.Option(help="METRIC > X, like 'liquidations > 0' or paths.ruin > 1%.")],
    tol: Annotated[float, typer.Option(help="How close to come, in the key's unit.")] = 0.1,
    set: o.Set = [], timerange: o.Timerange = None, data_dir: o.DataDir = None, seed: o.Seed = None,
    engine: o.EngineName = "auto", paths: o.Paths = None, as_json: o.Json = False, quiet: o.Quiet = False,
    no_color: o.NoColor = False, debug: o.Debug = False, jobs: o.Jobs = None,
):  # fmt: skip
    """Find the breaking point: the value of a key from which on something happens, what is safe, what fails and when.

    Example: basisbt solve run.yaml --vary 'pairs.*.short.leverage=1..10' --until 'liquidations > 0'
    """
    from basisbt.report.stress import show_breaking_point
    from basisbt.studies.solve import solve as find

    options = dict(overrides=set, timerange=timerange, data_dir=data_dir, seed=seed, engine=o.checked_engine(engine),
                   paths=paths, jobs=jobs)  # fmt: skip
    with o.working():
        found = find(o.config_path(config), vary, until, tol, options, o.say(quiet))
    if as_json:
        o.print_json(found)
    else:
        show_breaking_point(found, o.console(no_color))


@o.guarded
def list_(
    what: Annotated[str, typer.Argument(help="incidents, venues, strategies, events or metrics.")],
    as_json: o.Json = False, no_color: o.NoColor = False, debug: o.Debug = False,
):  # fmt: skip
    """List what there is to use.

    Example: basisbt list incidents
    """
    known = {"incidents": incidents_there, "venues": venues_there, "strategies": strategies_there,
             "events": events_there, "metrics": metrics_there}  # fmt: skip
    found = known.get(what)
    if found is None:
        raise ConfigError(f"list: found {what!r}, expected one of {', '.join(known)}")
    rows = found()
    if as_json:
        o.print_json(rows)
        return
    from basisbt.report.stress import show_list

    show_list(rows, o.console(no_color))


def incidents_there() -> list[dict]:
    """The catalogue, one row each."""
    import numpy as np

    from basisbt.config.incidents import catalogue

    return [
        {"id": each.id, "from": str(np.datetime64(each.start, "s"))[:10], "venue": each.venue or "",
         "coin": each.coin or "", "checked": each.checked, "title": each.title, "unsure": each.unsure}
        for each in catalogue().values()
    ]  # fmt: skip


def venues_there() -> list[dict]:
    """Presets by name."""
    from basisbt.config import preset_names

    return [{"venue": name} for name in preset_names()]


def strategies_there() -> list[dict]:
    """Packaged strategies and what each says of itself first."""
    import ast

    from basisbt.places import packaged

    found = []
    for path in sorted(packaged("strategies").glob("*.py")):
        said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        found.append({"strategy": path.stem, "idea": said.partition("\n")[0]})
    return found


def events_there() -> list[dict]:
    """Kinds of event with their keys."""
    from basisbt.config.kinds_told import event_kinds

    return event_kinds()


def metrics_there() -> list[dict]:
    """Figures that a sweep can rank and limit, and what each is."""
    from basisbt.report.words import LINE_WORDS, METRIC_WORDS
    from basisbt.studies.sweeps.scores import known_figures

    names = dict.fromkeys((*known_figures(False), *known_figures(True)))
    plain = [name for name in names if not name.endswith(("_low", "_high"))]
    words = METRIC_WORDS | {line: f"attribution: {said}, USD" for line, said in LINE_WORDS.items()}
    return [{"metric": name, "what": words[name]} for name in plain]
