"""Verbs that check: `lookahead`, `verify`."""

from pathlib import Path
from typing import Annotated

import typer

from basisbt.cli import options as o


@o.guarded
def lookahead(
    config: o.Config, set: o.Set = [], timerange: o.Timerange = None, data_dir: o.DataDir = None,
    points: Annotated[int, typer.Option(help="How many bars to cut at.", min=1)] = 5,
    seed: Annotated[int, typer.Option(help="Which bars.")] = 0, engine: o.EngineName = "auto", as_json: o.Json = False,
    quiet: o.Quiet = False, no_color: o.NoColor = False, debug: o.Debug = False,
    paths: Annotated[int, typer.Option(help="How many sampled paths to check beside history.", min=0)] = 2,
):  # fmt: skip
    """Rerun with the future cut off or corrupted; any difference in the past is an error (exit 4).

    Example: basisbt lookahead configs/runs/01_btc_carry.yaml --points 8
    """
    from basisbt.errors import CheckError
    from basisbt.studies.lookahead import lookahead as check
    from basisbt.studies.run import prepare

    engine = o.checked_engine(engine)
    with o.working():
        prepared = prepare(o.config_path(config), set, timerange=timerange, data_dir=data_dir, engine=engine)
        rows = check(prepared, points, seed, o.say(quiet), paths)
    bad = [row for row in rows if row["difference"]]
    if as_json:
        o.print_json({"ok": not bad, "checks": rows})
    elif not quiet:
        for row in rows:
            what = "history" if row["path"] is None else f"path {row['path']}"
            said = row["difference"] or "no difference"
            print(f"{what:<10}  {row['time']}  bar {row['bar']:>6}  future {row['way']:<9}  {said}")
    if bad:
        first = bad[0]
        raise CheckError(
            f"the past depends on the future: with everything after {first['time']} {first['way']}, "
            f"{first['difference']} before it differs ({len(bad)} of {len(rows)} checks failed)"
        )


@o.guarded
def verify(
    cases: Annotated[Path | None, typer.Argument(help="A JSON file of cases; default: those that come along.")] = None,
    as_json: o.Json = False, quiet: o.Quiet = False, no_color: o.NoColor = False, debug: o.Debug = False,
):  # fmt: skip
    """Recompute what exchanges publish with the engine's own functions: expected, got, source. A miss is exit 4.

    Example: basisbt verify
    """
    from basisbt.errors import CheckError
    from basisbt.report.cases import show_cases
    from basisbt.studies.verify import verify as recompute

    checked = recompute(cases)
    missed = [case for case in checked if case.ok is False]
    if as_json:
        o.print_json({"ok": not missed, "cases": [vars(case) for case in checked]})
    elif not quiet:
        show_cases(checked, o.console(no_color))
    if missed:
        names = ", ".join(case.id for case in missed[:5])
        raise CheckError(f"{len(missed)} of {len(checked)} published cases do not come out: {names}")
