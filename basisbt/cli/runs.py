"""Verbs that run something: `run`, `compare`."""

from pathlib import Path
from typing import Annotated, Optional

import typer

from basisbt.cli import options as o
from basisbt.errors import ConfigError

Configs = Annotated[list[Path], typer.Argument(help="Configs to compare.", show_default=False)]


@o.guarded
def run(
    config: o.Config, set: o.Set = [], timerange: o.Timerange = None, data_dir: o.DataDir = None,
    out: o.Out = Path("runs"), seed: o.Seed = None, engine: o.EngineName = "auto", as_json: o.Json = False,
    quiet: o.Quiet = False, no_color: o.NoColor = False, force: o.Force = False, debug: o.Debug = False,
    paths: o.Paths = None, jobs: o.Jobs = None,
    path: Annotated[Optional[str], typer.Option(help="One sampled path alone: its number, or `worst`.")] = None,
):  # fmt: skip
    """Run one config through history, then its sampled paths, and show what it earned and what the tail cost.

    Example: basisbt run configs/runs/05_paths.yaml --paths 10000
    """
    from basisbt.report.terminal import show_run
    from basisbt.studies.run import prepare, run_path, run_prepared

    refuse_lists(set)
    engine = o.checked_engine(engine)
    with o.working():
        prepared = prepare(
            o.config_path(config), set, timerange=timerange, data_dir=data_dir, seed=seed, engine=engine, paths=paths
        )  # fmt: skip
        tell_engine(prepared, engine, quiet)
        if path is not None:
            result = run_path(prepared, path, out, force, jobs, o.counting(quiet))
        else:
            result = run_prepared(prepared, out, force, jobs, o.counting(quiet))
    if as_json:
        o.print_json({"metrics": result.metrics, "meta": result.meta, "folder": str(result.folder)})
    elif not quiet:
        show_run(result, o.console(no_color))
    else:
        print(result.folder)


@o.guarded
def compare(
    configs: Configs, set: o.Set = [], timerange: o.Timerange = None,
    data_dir: o.DataDir = None, out: o.Out = Path("runs"), seed: o.Seed = None,
    engine: o.EngineName = "auto", as_json: o.Json = False, quiet: o.Quiet = False, no_color: o.NoColor = False,
    force: o.Force = False, debug: o.Debug = False, paths: o.Paths = None, jobs: o.Jobs = None,
    fail_if: Annotated[
        list[str], typer.Option("--fail-if", metavar="'METRIC > X'", help="Exit 4 when this holds for any setup.")
    ] = [],
):  # fmt: skip
    """Run several setups over the same history, events and sampled paths and show them side by side.

    Example: basisbt compare configs/runs/05_paths.yaml configs/runs/06_paths_one_venue.yaml --fail-if 'es_99 > 20%'
    """
    from basisbt.studies.compare import checked_limit, refuse_limits
    from basisbt.studies.compare import compare as compare_setups

    refuse_lists(set)
    for text in fail_if:
        checked_limit(text)
    if len(configs) < 2:
        raise ConfigError("compare needs at least two configs, found one")
    with o.working():
        frame = compare_setups(
            *map(o.config_path, configs), overrides=set, timerange=timerange, data_dir=data_dir, seed=seed,
            engine=o.checked_engine(engine), out=out, force=force, paths=paths, jobs=jobs, progress=o.counting(quiet),
        )  # fmt: skip
    if as_json:
        o.print_json(frame.to_dict("records"))
    else:
        from basisbt.report.comparison import show_comparison

        show_comparison(frame, o.console(no_color))
    refuse_limits(frame, fail_if)


def refuse_lists(overrides) -> None:
    """A list of values expands only in a sweep."""
    from basisbt.studies.sweeps.shell import axes_of

    axes, _ = axes_of([text for text in overrides if "[" not in text])
    for key, values in axes.items():
        raise ConfigError(f"-S {key}={','.join(map(str, values))}: several values expand only in `basisbt sweep`")


def tell_engine(prepared, engine, quiet) -> None:
    """Say so when compiling takes a while, and when paths run slowly because the strategy is not compiled."""
    import sys

    from basisbt.studies.history import engine_is_warm, loop_is_warm

    if quiet:
        return
    cold = engine == "compiled" and prepared.compiled and not engine_is_warm(prepared.loaded)
    if prepared.sample is not None:
        cold = cold or (prepared.paths_compiled and not loop_is_warm(prepared.loaded))
        if not prepared.paths_compiled:
            print(f"paths run through Backtrader in worker processes, about 30 times slower: {prepared.obstacle}",
                  file=sys.stderr, flush=True)  # fmt: skip
    if cold:
        from basisbt.studies.history import seconds_to_compile

        print(f"compiling once (about {seconds_to_compile()} s; kept for the next run)", file=sys.stderr, flush=True)
