"""`sweep`: a small grid over one config, in one process, every cell in the run store.

Knows axes and cells. Files of kind `sweep`, other search methods and several machines come later.
"""

import itertools
from dataclasses import dataclass
from pathlib import Path

from basisbt.errors import BasisError, ConfigError
from basisbt.studies.run import prepare, run_prepared

COLUMNS = ("pnl", "return_annual", "sharpe", "max_drawdown", "trapped_days", "liquidations")


@dataclass
class Sweep:
    """A finished sweep; `frame` has one row per cell: the axes, the metrics, `key`, `status`."""

    frame: object

    def best(self, metric: str = "return_annual"):
        """The cell with the largest value of a metric."""
        return self.frame.loc[self.frame[metric].idxmax()]


def split_values(text: str) -> list[str]:
    """`4%,6%,8%` or `[4%, 6%, 8%]` as its values; commas inside brackets do not split."""
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    parts, depth, current = [], 0, ""
    for letter in text:
        depth += (letter in "[{(") - (letter in "]})")
        if letter == "," and depth == 0:
            parts.append(current.strip())
            current = ""
        else:
            current += letter
    return [p for p in [*parts, current.strip()] if p]


def axes_of(overrides) -> tuple[dict[str, list[str]], list[str]]:
    """(axes with several values, overrides with one) from `key=value` texts."""
    axes, fixed = {}, []
    for text in overrides:
        key, mark, value = text.partition("=")
        values = split_values(value)
        if mark and len(values) > 1:
            axes[key.strip()] = values
        else:
            fixed.append(text)
    return axes, fixed


def sweep(config, axes=None, overrides=(), *, timerange=None, data_dir=None, seed=None, engine="auto", out="runs",
          force=False, progress=None) -> Sweep:  # fmt: skip
    """Run every combination of `axes` (key -> values as YAML text) over a config.

    A cell that fails is kept with its error; the rest goes on. Raises ConfigError when there is no axis.
    """
    import pandas as pd

    axes = {k: [str(v) for v in values] for k, values in (axes or {}).items()}
    if not axes:
        raise ConfigError("a sweep needs an axis: -S key=a,b,c")
    cells = list(itertools.product(*axes.values()))
    rows = []
    for done, values in enumerate(cells):
        chosen = dict(zip(axes, values))
        if progress is not None:
            progress(done, len(cells), chosen)
        rows.append(run_cell(config, chosen, overrides, timerange, data_dir, seed, engine, out, force))
    return Sweep(pd.DataFrame(rows))


def run_cell(config, chosen, overrides, timerange, data_dir, seed, engine, out, force) -> dict:
    """One row: the cell's axes, its metrics, its key and `done`, `cached` or `failed: …`."""
    try:
        prepared = prepare(
            config, [*overrides, *(f"{k}={v}" for k, v in chosen.items())],
            timerange=timerange, data_dir=data_dir, seed=seed, engine=engine,
        )  # fmt: skip
        result = run_prepared(prepared, None if out is None else Path(out), force)
    except BasisError as error:
        first = next((line for line in str(error).splitlines() if line.strip()), "")
        return {**chosen, **dict.fromkeys(COLUMNS), "tail_cost": None, "key": "", "status": f"failed: {first}"}
    m = result.metrics
    return {
        **chosen, **{c: m[c] for c in COLUMNS}, "tail_cost": m["tail_cost"].get("total", 0.0), "key": m["key"],
        "status": "cached" if result.cached else "done",
    }  # fmt: skip
