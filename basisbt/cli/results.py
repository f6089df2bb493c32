"""Verbs about finished runs: `journal`, `show`, `report`."""

from pathlib import Path
from typing import Annotated, Optional

import typer

from basisbt.cli import options as o

Run = Annotated[str, typer.Argument(help="A path, a key prefix, a name (its newest) or @last.", show_default=False)]


@o.guarded
def journal(
    run: Run = "@last", out: o.Out = Path("runs"),
    kind: Annotated[Optional[str], typer.Option(help="Only this kind: funding, fee, transfer, liquidation, …")] = None,
    venue: Annotated[Optional[str], typer.Option(help="Only this venue.")] = None,
    since: Annotated[Optional[str], typer.Option(help="Only from this moment on, UTC.")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout.")] = False, as_json: o.Json = False,
    beancount: Annotated[bool, typer.Option("--beancount", help="A Beancount ledger on stdout.")] = False,
    limit: Annotated[int, typer.Option(help="Rows shown on a terminal; CSV and JSON hold all.", min=0)] = 40,
    no_color: o.NoColor = False, debug: o.Debug = False,
):  # fmt: skip
    """Every movement of money of a run.

    Example: basisbt journal @last --kind transfer
    """
    from basisbt.studies import store
    from basisbt.studies.run import read_run

    result = read_run(store.find_run(out, run))
    frame = chosen(result.journal, kind, venue, since)
    if beancount:
        from basisbt.report.ledger import beancount as ledger

        print(ledger(frame, f"{result.metrics['name']} {result.metrics['key']}"))
    elif as_json:
        o.print_json(frame.to_dict("records"))
    elif csv:
        print(frame.to_csv(index=False), end="")
    else:
        from basisbt.report.terminal import show_table

        console = o.console(no_color)
        show_table(frame.head(limit), console)
        if len(frame) > limit:
            console.print(f"{limit} of {len(frame):,} rows; --csv or --limit shows more", style="dim")


def chosen(frame, kind, venue, since):
    """The rows asked for. Raises ConfigError for a kind or venue that the journal does not have."""
    import difflib

    from basisbt.errors import ConfigError

    for column, value in (("kind", kind), ("venue", venue)):
        if value is not None:
            known = sorted(frame[column].unique())
            if value not in known:
                near = difflib.get_close_matches(value, known, 1)
                hint = f", did you mean {near[0]!r}?" if near else f"; there are {', '.join(known)}"
                raise ConfigError(f"--{column}: the journal has no {value!r}{hint}")
            frame = frame[frame[column] == value]
    if since is not None:
        import pandas as pd

        from basisbt.units import parse_time

        try:
            moment = pd.Timestamp(parse_time(since), unit="s", tz="UTC")
        except ValueError as error:
            raise ConfigError(f"--since: {error}") from error
        frame = frame[frame["time"] >= moment]
    return frame.reset_index(drop=True)


@o.guarded
def show(
    run: Run = "@last", out: o.Out = Path("runs"), as_json: o.Json = False, no_color: o.NoColor = False,
    debug: o.Debug = False,
):  # fmt: skip
    """A run of the store as it was shown when it ran, and its equity as a line; a sweep as its table.

    Example: basisbt show @last
    """
    from basisbt.report.sweep import show_sweep
    from basisbt.report.terminal import show_run, sparkline
    from basisbt.studies import store
    from basisbt.studies.run import read_run
    from basisbt.studies.sweeps.result import read_sweep

    swept = sweep_folder(out, run)
    if swept is not None:
        done = read_sweep(swept)
        o.print_json(done.flat.to_dict("records")) if as_json else show_sweep(done, o.console(no_color), 20)
        return
    result = read_run(store.find_run(out, run))
    if as_json:
        o.print_json({"metrics": result.metrics, "meta": result.meta, "folder": str(result.folder)})
        return
    console = o.console(no_color)
    show_run(result, console)
    console.print(sparkline(result.equity["marked"].to_numpy(), min(console.width - 32, 60)), style="dim")


@o.guarded
def report(
    run: Run = "@last", out: o.Out = Path("runs"),
    form: Annotated[str, typer.Option("--format", help="html, or md: one page for a committee.")] = "html",
    to: Annotated[Optional[Path], typer.Option(help="Where to write; default: into the run's folder.")] = None,
    debug: o.Debug = False,
):  # fmt: skip
    """The report of a run, or of a sweep, as one file that opens from disk and asks nobody.

    Example: basisbt report @last
    """
    from basisbt.errors import ConfigError, RunError
    from basisbt.report.brief import brief
    from basisbt.report.html.page import write_page, write_text
    from basisbt.report.html.run import run_page
    from basisbt.report.html.sweep import sweep_page
    from basisbt.studies import store
    from basisbt.studies.run import read_run
    from basisbt.studies.scene import scene_of
    from basisbt.studies.sweeps.result import read_sweep

    if form not in ("html", "md"):
        raise ConfigError(f"--format: found {form!r}, expected html or md")
    swept = sweep_folder(out, run)
    if swept is not None and form == "md":
        raise ConfigError("--format md: a brief is of one run; of a sweep there is html")
    folder = swept or store.find_run(out, run)
    file = to or folder / ("report.html" if form == "html" else "report.md")
    try:
        if swept is not None:
            write_page(sweep_page(read_sweep(swept)), file)
        else:
            result = read_run(folder)
            command = f"basisbt run {folder / 'config.yaml'}"
            if form == "md":
                write_text(file, brief(result, command))
            else:
                write_page(run_page(result, scene_of(result), command), file)
    except OSError as error:
        raise RunError(f"{file}: cannot be written: {error.strerror or error}; choose a place with --to") from error
    print(file)


def sweep_folder(out: Path, which: str) -> Path | None:
    """The folder of a sweep meant by a path, a key or a name (its newest); None where it is no sweep."""
    for place in (Path(which), out / which):
        if (place / "sweep.json").is_file():
            return place
    found = [p.parent for p in out.glob("*/*/sweep.json") if p.parent.name.startswith(which) or p.parts[-3] == which]
    return max(found, key=lambda folder: (folder / "sweep.json").stat().st_mtime, default=None) if which else None
