"""`compare`: several setups over the same history and events, and over the same sampled paths, side by side.

Knows results. History has no sampling error: every setup sees the same bars and the same script. Sampled paths are
compared draw by draw (differences.py), with intervals.
"""

import re
from pathlib import Path

from basisbt import units
from basisbt.errors import CheckError, ConfigError
from basisbt.studies.differences import attribution_row, difference_row, refuse_other_draws, sampled_row
from basisbt.studies.run import Result, prepare, run_prepared

COLUMNS = (
    "pnl", "return", "return_annual", "volatility_annual", "sharpe", "max_drawdown", "trapped_days", "liquidations",
    "accessible_equity", "final_equity",
)  # fmt: skip


def compare(*configs, set=None, overrides=(), timerange=None, data_dir=None, seed=None, engine="auto", out=None,
            force=False, paths=None, jobs=None, progress=None):  # fmt: skip
    """Frame with one row per setup: `setup`, metrics, `tail_cost`, attribution, `diff_pnl` to the first.

    With sampled paths the figures are those over the paths, and `diff_pnl`, `diff_es_95`, `diff_es_99` come with their
    intervals and a `verdict`. `overrides` are texts as after -S. Raises ConfigError when setups do not share capital,
    window and, where paths are sampled, their draws, since their figures then do not compare.
    """
    overrides = [*overrides, *(f"{key}={value}" for key, value in (set or {}).items())]
    many = [
        prepare(c, overrides, timerange=timerange, data_dir=data_dir, seed=seed, engine=engine, paths=paths)
        for c in configs
    ]  # fmt: skip
    refuse_unequal(configs, many)
    refuse_other_draws(configs, many)
    results = [run_prepared(p, None if out is None else Path(out), force, jobs, progress) for p in many]
    return frame_of(setup_names(configs, results), results)


def refuse_unequal(configs, prepared) -> None:
    """Capital and window must be the same everywhere."""
    first = prepared[0].resolved.spec
    for path, each in zip(configs[1:], prepared[1:]):
        spec = each.resolved.spec
        if spec.capital != first.capital:
            found = f"{path}: capital {spec.capital}, {configs[0]} has {first.capital}"
            raise ConfigError(f"{found}; compare needs the same")
        if spec.data.window != first.data.window:
            raise ConfigError(f"{path}: another window than {configs[0]}; compare needs the same history")


def setup_names(configs, results) -> list[str]:
    """Run names; where two are the same file names, then with their folders, then with numbers."""
    paths = [Path(c) for c in configs]
    ways = (
        [r.metrics["name"] for r in results], [p.stem for p in paths],
        [f"{p.resolve().parent.name}/{p.stem}" for p in paths],
        [f"{p.stem} ({n})" for n, p in enumerate(paths, 1)],
    )  # fmt: skip
    return next(names for names in ways if len(dict.fromkeys(names)) == len(names))


def row_of(name: str, result: Result, first: Result) -> dict:
    """One setup's row."""
    m = result.metrics
    if "paths" in m:
        return {"setup": name, **sampled_row(result), **difference_row(first, result), **attribution_row(result)}
    row = {"setup": name, "pnl": m["pnl"], "diff_pnl": m["pnl"] - first.metrics["pnl"]}
    row.update({c: m[c] for c in COLUMNS})
    return {**row, "tail_cost": m["tail_cost"].get("total", 0.0), **m["attribution"]}


def frame_of(names, results):
    """The comparison as a frame; every difference is a setup's figure less the first's."""
    import pandas as pd

    return pd.DataFrame([row_of(name, result, results[0]) for name, result in zip(names, results)])


def checked_limit(text: str, where: str = "--fail-if") -> tuple[str, str, float]:
    """(metric, comparison, limit) of `es_99 > 5%`. Raises ConfigError."""
    found = re.fullmatch(r"\s*([a-z][a-z0-9_]*)\s*(>=|<=|>|<)\s*(\S.*?)\s*", text)
    if not found:
        raise ConfigError(f"{where}: found {text!r}, expected METRIC > X, like 'es_99 > 5%' (or >=, <, <=)")
    parse = units.parse_fraction if found[3].endswith(("%", "bps")) else units.parse_number
    try:
        return found[1], found[2], parse(found[3])
    except ValueError as error:
        raise ConfigError(f"{where} {text!r}: {error}") from error


def refuse_limits(frame, texts) -> None:
    """Raise CheckError for the setups that are beyond a limit, or whose figure is not known."""
    import difflib

    beyond = []
    for metric, sign, limit in map(checked_limit, texts):
        numeric = [c for c in frame.columns if frame[c].dtype.kind in "fiu"]
        if metric not in numeric:
            near = difflib.get_close_matches(metric, numeric, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(numeric)}"
            raise ConfigError(f"--fail-if: no figure {metric!r} in this comparison; {hint}")
        for name, value in zip(frame["setup"], frame[metric]):
            if value != value:
                beyond.append(f"{metric} of {name} is not known (too few paths?); the limit is {sign} {limit:g}")
            elif {">": value > limit, ">=": value >= limit, "<": value < limit, "<=": value <= limit}[sign]:
                beyond.append(f"{metric} of {name} is {value:.6g}, which is {sign} {limit:g}")
    if beyond:
        raise CheckError("\n".join(beyond))
