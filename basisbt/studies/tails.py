"""Tails: a config's sampled paths, from job to figures and `paths.parquet`.

Knows the order: sample, job, run, figures. Knows neither the model nor the formulas of the figures.
"""

import os

import numpy as np

from basisbt.core.rules import ATTRIBUTION
from basisbt.errors import ConfigError
from basisbt.events import kind_of
from basisbt.events.arrivals import implied
from basisbt.measures.diversification import contributions
from basisbt.measures.summary import tail_block
from basisbt.studies.paths import PathJob, path_world, run_paths
from basisbt.studies.sampling import Sample

YEAR = 365.0 * 86400.0
IN_PROCESS = 3e7  # bars below which starting workers costs more than it saves


def kinds_in(sample: Sample) -> tuple[str, ...]:
    """Kinds of event that can cost something on a path."""
    chances = sample.chances
    own = {"withdrawal_freeze": chances.freeze, "venue_default": chances.default, "non_convergence": chances.gap,
           "funding": chances.funding}  # fmt: skip
    kinds = [kind for kind, chance in own.items() if chance is not None]
    kinds += [kind_of(event) for each in chances.arrivals for event in each.events]
    return tuple(dict.fromkeys([*kinds, *(kind_of(e) for e in sample.script)]))


def path_job(prepared) -> PathJob:
    """The job of a prepared config's sample."""
    world = prepared.world.without(decide=None, params=None, notes={})
    return PathJob(
        world, prepared.sample, prepared.strategy_call, prepared.paths_compiled, kinds_in(prepared.sample), True
    )


def processes(prepared, jobs: int | None) -> int:
    """How many processes to use: as asked; else all cores where there is work for them, one where there is not."""
    if jobs is not None:
        return jobs
    bars = prepared.sample.paths * prepared.sample.bars * (1.0 if prepared.paths_compiled else 300.0)
    return (os.cpu_count() or 1) if bars > IN_PROCESS else 1


def sampled(prepared, jobs=None, progress=None) -> np.ndarray:
    """Run the sample: one row per path (engines.paths.OUTCOME, costs by kind, first event)."""
    job = path_job(prepared)
    return run_paths(job, processes(prepared, jobs), progress, prepared.loaded)


def figures(prepared, rows: np.ndarray) -> dict:
    """The `paths` block of metrics.json."""
    measures, sample = prepared.resolved.spec.measures, prepared.sample
    capital = rows["final_equity"][0] - rows["pnl"][0]
    costs = {kind: rows[f"cost_{kind}"] for kind in kinds_in(sample)}
    total = rows["without_events"] - rows["pnl"]
    if len(costs) > 1:
        costs["interaction"] = total - sum(costs.values())
    more = contributions(rows["venue_pnl"], float(capital), prepared.world.names.venues)
    more["attribution"] = {line: float(rows[line].mean()) for line in ATTRIBUTION}
    return more | tail_block(
        pnl=rows["pnl"], capital=float(capital), years=sample.bars * prepared.world.rules.seconds / YEAR,
        max_drawdown=rows["max_drawdown"], trapped_days=rows["trapped_days"], liquidations=rows["liquidations"],
        ruined=rows["lowest_equity"] < measures.ruin_share * capital,
        margin_called=rows["worst_ratio"] < measures.margin_call_ratio,
        tail_cost=costs | {"total": total},
        pnl_without_defaults=rows["without_defaults"], default_rate=sample.default_rate or None,
    )  # fmt: skip


def paths_frame(prepared, rows: np.ndarray):
    """`paths.parquet`: one row per path, contract columns first."""
    import pandas as pd

    kinds, venues = np.array([*kinds_in(prepared.sample), ""]), np.array([*prepared.world.names.venues, ""])
    costs = [f"cost_{kind}" for kind in kinds[:-1]]
    columns = {"path": rows["path"], "weight": np.ones(rows.size)}
    for name in ("pnl", "max_drawdown", "trapped_days", "liquidations"):
        columns[name] = rows[name]
    columns["cause"] = causes(rows, kinds[:-1])
    columns["first_event"], columns["first_venue"] = kinds[rows["first"]], venues[rows["first_venue"]]
    columns["journal_digest"] = [f"{digest:016x}" for digest in rows["digest"].tolist()]
    for name in ATTRIBUTION:
        columns[name] = rows[name]
    for name in ("defaults", "final_equity", "accessible_equity", "recovered_equity", "open_claims", "lowest_equity",
                 "worst_ratio", "fills", "transfers", "refusals", *costs):  # fmt: skip
        columns[name] = rows[name]
    for v, venue in enumerate(prepared.world.names.venues):
        columns[f"pnl_{venue}"] = rows["venue_pnl"][:, v]
    return pd.DataFrame(columns)


def causes(rows, kinds) -> np.ndarray:
    """For each path the kind of event that cost it most; empty where no event cost anything."""
    if not len(kinds):
        return np.full(rows.size, "", object)
    costs = np.column_stack([rows[f"cost_{kind}"] for kind in kinds])
    worst = costs.argmax(axis=1)
    return np.where(costs[np.arange(rows.size), worst] > 0.0, np.array(kinds, object)[worst], "")


def pick_path(prepared, which, out, jobs, progress) -> tuple[int, str | None]:
    """(number, digest where the paths have been run) of the path meant by a number or `worst`. Raises ConfigError."""
    if prepared.sample is None:
        raise ConfigError("--path needs sampled paths: write `tail: {sample: {paths: 1000, …}}` or give --paths N")
    frame = known_paths(prepared, out)
    if which == "worst":
        if frame is None:
            frame = paths_frame(prepared, sampled(prepared, jobs, progress))
        which = int(frame["path"][frame["pnl"].argmin()])
    try:
        path = int(str(which))
    except ValueError:
        raise ConfigError(f"--path: found {which!r}, expected a number or `worst`") from None
    if not 0 <= path < prepared.sample.paths:
        raise ConfigError(f"--path: found {path}, expected 0 to {prepared.sample.paths - 1}")
    return path, None if frame is None else str(frame["journal_digest"][path])


def known_paths(prepared, out):
    """`paths.parquet` of the same question in the store, None when it has not been asked."""
    import pandas as pd

    if out is None:
        return None
    file = out / prepared.resolved.spec.name / prepared.key / "paths.parquet"
    return pd.read_parquet(file) if file.is_file() else None


def alone(prepared, path: int):
    """The world of one sampled path, for Backtrader."""
    world = path_world(path_job(prepared), prepared.loaded, path)
    return world.without(params=prepared.world.params, notes=prepared.world.notes)


def paths_meta(prepared) -> dict:
    """How the paths were drawn and run."""
    sample = prepared.sample
    engine = "compiled loop" if prepared.paths_compiled else "backtrader, worker processes"
    return {"n": sample.paths, "market": sample.market, "bars": sample.bars, "engine": engine,
            "why_not_compiled": prepared.obstacle, "dependence": implied_figures(prepared)}  # fmt: skip


def implied_figures(prepared) -> dict:
    """The event correlation and P(B fails within 30 d | A failed) that the sample implies; empty without defaults."""
    if prepared.sample.chances.default is None or len(prepared.world.names.venues) < 2:
        return {}
    return implied(prepared.sample.chances, prepared.sample.seed)
