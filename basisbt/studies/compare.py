"""`compare`: several setups over the same history and events, side by side.

Knows results. History only so far: every setup sees the same bars and the same script, so a difference is the
setup's own; there is no sampling error to put an interval on yet.
"""

from pathlib import Path

from basisbt.errors import ConfigError
from basisbt.studies.run import Result, prepare, run_prepared

COLUMNS = (
    "pnl", "return", "return_annual", "volatility_annual", "sharpe", "max_drawdown", "trapped_days", "liquidations",
    "accessible_equity", "final_equity",
)  # fmt: skip


def compare(*configs, set=None, overrides=(), timerange=None, data_dir=None, seed=None, engine="auto", out=None,
            force=False):  # fmt: skip
    """Frame with one row per setup: `setup`, metrics, `tail_cost`, attribution, `diff_pnl` to the first.

    `overrides` are texts as after -S. Raises ConfigError when setups do not share capital and window, since their
    figures then do not compare.
    """
    overrides = [*overrides, *(f"{key}={value}" for key, value in (set or {}).items())]
    many = [
        prepare(c, overrides, timerange=timerange, data_dir=data_dir, seed=seed, engine=engine) for c in configs
    ]  # fmt: skip
    refuse_unequal(configs, many)
    results = [run_prepared(p, None if out is None else Path(out), force) for p in many]
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


def row_of(name: str, result: Result) -> dict:
    """One setup's row."""
    m = result.metrics
    row = {"setup": name, **{c: m[c] for c in COLUMNS}, "tail_cost": m["tail_cost"].get("total", 0.0)}
    return {**row, **m["attribution"]}


def frame_of(names, results):
    """The comparison as a frame; `diff_pnl` is each setup's P&L less the first's."""
    import pandas as pd

    frame = pd.DataFrame([row_of(name, result) for name, result in zip(names, results)])
    frame.insert(2, "diff_pnl", frame["pnl"] - frame["pnl"].iloc[0])
    return frame
