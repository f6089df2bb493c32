"""Verbs about many runs: `sweep`, `worker`."""

from pathlib import Path
from typing import Annotated, Optional

import typer

from basisbt.cli import options as o
from basisbt.errors import ConfigError, RunError

Scheduler = Annotated[
    Optional[str], typer.Option(metavar="tcp://HOST:PORT", help="A Dask scheduler; `basisbt worker` joins it.")
]  # fmt: skip


@o.guarded
def sweep(
    config: o.Config, set: o.Set = [], timerange: o.Timerange = None, data_dir: o.DataDir = None,
    out: o.Out = Path("runs"), seed: o.Seed = None, engine: o.EngineName = "auto", as_json: o.Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout.")] = False, quiet: o.Quiet = False,
    no_color: o.NoColor = False, force: o.Force = False, debug: o.Debug = False, paths: o.Paths = None,
    jobs: o.Jobs = None, scheduler: Scheduler = None,
    status: Annotated[bool, typer.Option("--status", help="Say how far it is, run nothing.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Run what has failed once more.")] = False,
    max_hours: Annotated[Optional[float], typer.Option(help="Begin no cell after so many hours.", min=0.0)] = None,
    only: Annotated[Optional[str], typer.Option(metavar="CELL", help="One cell alone, by its id or number.")] = None,
    top: Annotated[int, typer.Option(help="Rows shown on a terminal; CSV and JSON hold all.", min=1)] = 20,
):  # fmt: skip
    """Run many configs that differ in a few keys: a sweep file, or a config and keys given several values.

    The same command again goes on where it was stopped. Example: basisbt sweep configs/runs/01_btc_carry.yaml
    -S strategy.params.enter_above=4%,6%,8%
    """
    from basisbt.studies.sweeps.sweep import sweep as sweep_cells

    if only is not None or status:
        told = one_cell if only is not None else how_far
        told(o.config_path(config), set, timerange, data_dir, seed, paths, engine, out, only, as_json, no_color)
        return
    with o.working():
        done = sweep_cells(
            o.config_path(config), None, set, timerange=timerange, data_dir=data_dir, seed=seed, paths=paths,
            engine=o.checked_engine(engine), out=out, force=force, jobs=jobs, scheduler=scheduler,
            retry_failed=retry_failed, max_hours=max_hours, progress=o.counting(quiet, "cells"), say=teller(quiet),
        )  # fmt: skip
    show(done, config, set, as_json, csv, quiet, o.console(no_color), top)
    if done.failed:
        raise typer.Exit(1)


def teller(quiet: bool):
    """Lines on stderr, or nothing."""
    import sys

    return None if quiet else lambda text: print(text, file=sys.stderr, flush=True)


def show(done, config, set, as_json, csv, quiet, console, top) -> None:
    """The table of a sweep, best first, and what to do about cells that failed."""
    flat = done.flat
    if as_json:
        o.print_json(flat.to_dict("records"))
    elif csv:
        print(flat.to_csv(index=False), end="")
    elif quiet:
        print(done.folder or done.name)
    else:
        from basisbt.report.sweep import show_sweep

        show_sweep(done, console, top)
        texts = "".join(f" -S '{text}'" for text in set)
        for answer in done.failed[:5]:
            console.print(f"{answer.cell.id} failed: {answer.error.splitlines()[0]}", style="red", markup=False)
            console.print(f"  basisbt sweep {config}{texts} --only {answer.cell.id}", style="dim", markup=False)
        if len(done.failed) > 5:
            console.print(f"{len(done.failed) - 5} more have failed; --csv shows them", style="red")
        if not done.complete:
            console.print("the time is up; the same command goes on", style="yellow")


def one_cell(config, set, timerange, data_dir, seed, paths, engine, out, only, as_json, no_color) -> None:
    """Run one cell of a sweep in the foreground, with all its records."""
    from basisbt.report.terminal import show_run
    from basisbt.studies.run import run_prepared
    from basisbt.studies.sweeps.cell import prepared_cell
    from basisbt.studies.sweeps.sweep import Sweeping, job_of, plan_of
    from basisbt.studies.sweeps.plan import cells_of

    file, fixed = plan_of(config, None, set)
    flags = {"--timerange": timerange, "--data-dir": data_dir, "--seed": seed, "--paths": paths}
    job = job_of(file, fixed, flags, engine, out, False, None)
    known = cells_of(file) or Sweeping(file, job, 1, None, False, None, None, None).recorded()
    chosen = [cell for cell in known if only in (cell.id, str(cell.number))]
    if not chosen:
        raise ConfigError(f"--only: no cell '{only}'; there are {len(known):,}, numbers from 0; --csv shows their ids")
    with o.working():
        result = run_prepared(prepared_cell(job, chosen[0]), out, True)
    if as_json:
        o.print_json({"metrics": result.metrics, "meta": result.meta, "folder": str(result.folder)})
    else:
        show_run(result, o.console(no_color))


def how_far(config, set, timerange, data_dir, seed, paths, engine, out, only, as_json, no_color) -> None:
    """How many cells are done, cached, failed and left."""
    from basisbt.studies.sweeps.sweep import Sweeping, job_of, plan_of

    file, fixed = plan_of(config, None, set)
    flags = {"--timerange": timerange, "--data-dir": data_dir, "--seed": seed, "--paths": paths}
    job = job_of(file, fixed, flags, o.checked_engine(engine), out, False, None)
    state = Sweeping(file, job, 1, None, False, None, None, None).status()
    if as_json:
        o.print_json(state)
        return
    print(f"{state['name']} {state['key']}: {state['done']:,} of {state['cells']:,} cells done, "
          f"{state['failed']:,} failed, {state['left']:,} left")  # fmt: skip


@o.guarded
def worker(
    address: Annotated[str, typer.Argument(help="The scheduler, tcp://HOST:PORT.", show_default=False)],
    jobs: o.Jobs = None, quiet: o.Quiet = False, debug: o.Debug = False,
):  # fmt: skip
    """Work for the sweeps of a Dask scheduler, one cell at a time a process; Ctrl-C ends it.

    Example: basisbt worker tcp://10.0.0.1:8786 -j 8
    """
    import os

    from basisbt.studies.prepare import code_digest
    from basisbt.studies.sweeps.crew import serve

    count = jobs or os.cpu_count() or 1
    if not quiet:
        teller(False)(f"{count} worker(s) for {address}, code {code_digest()}")
    try:
        serve(address, count)
    except (OSError, ValueError) as error:
        raise RunError(f"{address}: {error}") from error


@o.guarded
def ls(
    name: Annotated[Optional[str], typer.Argument(help="Only runs of this name.", show_default=False)] = None,
    out: o.Out = Path("runs"),
    where: Annotated[Optional[str], typer.Option(help="SQL: 'sharpe > 1 and pairs.btc.short.leverage < 4'.")] = None,
    sort: Annotated[Optional[str], typer.Option(help="A column; -column for the largest first.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every column, not only those that differ.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout.")] = False, as_json: o.Json = False,
    parquet: Annotated[Optional[Path], typer.Option(help="Write a Parquet file.", show_default=False)] = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Read every run anew.")] = False,
    top: Annotated[int, typer.Option(help="Rows shown on a terminal; CSV, JSON and Parquet hold all.", min=1)] = 30,
    quiet: o.Quiet = False, no_color: o.NoColor = False, debug: o.Debug = False,
):  # fmt: skip
    """The runs of a store with what differs between them, newest first.

    Example: basisbt ls --where 'max_drawdown < 0.05' --sort -return_annual
    """
    from basisbt.studies.index import Index

    if not out.is_dir():
        raise ConfigError(f"no run store {out}; `basisbt run CONFIG` makes one, --out names another")
    if name is not None:
        where = f"name = '{name.replace(chr(39), chr(39) * 2)}'" + (f" AND ({where})" if where else "")
    index = Index(out, rebuild, o.counting(quiet, "runs"))
    frame = index.ask(where, sort, every, None if csv or as_json or parquet else top + 1)
    if frame is None:
        raise ConfigError(f"no run in {out}; `basisbt run CONFIG` makes one")
    if parquet is not None:
        frame.to_parquet(parquet, index=False)
    elif as_json:
        o.print_json(frame.to_dict("records"))
    elif csv:
        print(frame.to_csv(index=False), end="")
    else:
        from basisbt.report.sweep import show_runs

        show_runs(frame, o.console(no_color), top)
