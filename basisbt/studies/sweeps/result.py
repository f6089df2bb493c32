"""The result of a sweep: a table by axis, the best cells, the Pareto front, and how the winners did on the holdout.

Knows answers and scores. Runs nothing; draws only when asked.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from basisbt.errors import ConfigError, DataError
from basisbt.studies.sweeps import scores
from basisbt.studies.sweeps.plan import Cell


@dataclass
class Kept:
    """A sweep as its folder holds it: what a report draws."""

    name: str
    axes: list[str]
    rank: list[tuple[str, str]]
    folder: Path
    flat: object
    failed: list


def read_sweep(folder: Path) -> Kept:
    """The finished sweep of a folder. Raises DataError where it cannot be read."""
    import json

    import pandas as pd

    try:
        head = json.loads((folder / "sweep.json").read_text(encoding="utf-8"))
        flat = pd.read_parquet(folder / "cells.parquet")
        rank = [tuple(each) for each in head.get("rank", [["return_annual", "desc"]])]
        failed = list(flat.loc[flat["status"].str.startswith("failed"), "cell"])
        return Kept(head["name"], list(head["axes"]), rank, folder, flat, failed)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{folder}: is not a finished sweep ({error}); its own command goes on with it") from error


def table_of(file, answers: dict, limits) -> "Sweep":
    """The result so far: cells in the order of the plan, each with what it scored, and on the holdout."""
    plain = sorted((a for a in answers.values() if not a.cell.holdout), key=lambda a: a.cell.number)
    again = {Cell(0, a.cell.values).id: a for a in answers.values() if a.cell.holdout}
    rows = []
    for answer in plain:
        fine = answer.status in ("done", "cached") and scores.allowed(answer.figures, limits)
        row = {"id": answer.cell.id, "answer": answer, "allowed": fine, "holdout": again.get(answer.cell.id)}
        rows.append(row | {"costs": scores.costs_of(answer.figures, file.rank) if fine else None})
    return Sweep(file.name, [axis.key for axis in file.axes], list(file.rank), rows)


@dataclass
class Sweep:
    """A finished sweep. `frame`: one row a cell, its axes as MultiIndex, figures as columns, `rank` from 1 or NaN."""

    name: str
    axes: list[str]
    rank: list[tuple[str, str]]
    rows: list[dict]
    key: str = ""
    folder: object = None
    complete: bool = True
    notes: list[str] = field(default_factory=list)

    def order(self) -> list[int]:
        """Rows from the best on: by the objective; several: the front first, then by the first objective."""
        good = [k for k, row in enumerate(self.rows) if row["costs"] is not None and np.isfinite(row["costs"]).all()]
        if not good:
            return []
        costs = np.array([self.rows[k]["costs"] for k in good])
        on_front = scores.front(costs)
        by = sorted(range(len(good)), key=lambda j: (len(self.rank) > 1 and not on_front[j], *costs[j], good[j]))
        return [good[j] for j in by]

    def winners(self, top: int) -> list[str]:
        """Ids of the best cells."""
        return [self.rows[k]["id"] for k in self.order()[:top]]

    @property
    def flat(self):
        """The table with axes as columns."""
        import pandas as pd

        places = {k: place for place, k in enumerate(self.order(), 1)}
        fronts = set(self.front_rows())
        out = []
        for k, row in enumerate(self.rows):
            answer = row["answer"]
            line = {**answer.cell.chosen, **answer.figures, "rank": places.get(k), "allowed": row["allowed"]}
            if len(self.rank) > 1:
                line["front"] = k in fronts
            if row["holdout"] is not None:
                line |= {f"holdout_{name}": value for name, value in row["holdout"].figures.items()}
            told = answer.status if not answer.error else f"failed: {answer.error.splitlines()[0]}"
            out.append(line | {"key": answer.key, "cell": row["id"], "seconds": answer.seconds, "status": told})
        return pd.DataFrame(out)

    @property
    def frame(self):
        """The table by axis."""
        flat = self.flat
        return flat.set_index(self.axes) if len(flat) else flat

    def front_rows(self) -> list[int]:
        """Rows of the Pareto front."""
        good = self.order()
        if not good:
            return []
        found = scores.front(np.array([self.rows[k]["costs"] for k in good]))
        return [k for k, on in zip(good, found) if on]

    def best(self, metric: str | None = None):
        """The best cell's row, by `rank_by` or by a metric's largest value. Raises ConfigError when none qualifies."""
        flat = self.flat
        if metric is not None:
            return flat.loc[flat[metric].astype(float).idxmax()]
        order = self.order()
        if not order:
            raise ConfigError(f"{self.name}: no cell keeps every `require`, or all have failed")
        return flat.loc[order[0]]

    @property
    def failed(self) -> list:
        """Answers of the cells that failed."""
        return [row["answer"] for row in self.rows if row["answer"].status == "failed"]

    def keep(self, ledger) -> None:
        """The table as `cells.parquet` in the sweep's folder, replaced whole."""
        import os

        place = ledger.folder / f".cells.{os.getpid()}.parquet"
        flat = self.flat
        for axis in self.axes:
            flat[axis] = flat[axis].map(str)
        flat.to_parquet(place, compression="zstd", index=False)
        os.replace(place, ledger.folder / "cells.parquet")

    def plot(self, metric: str | None = None, ax=None):
        """The metric over one axis as a line, over two as a heat map; more are averaged. Needs matplotlib."""
        metric = metric or self.rank[0][0]
        flat = self.flat
        x, *rest = [axis for axis in self.axes if flat[axis].map(str).nunique() > 1] or self.axes
        if not rest:
            return flat.assign(**{x: flat[x].map(str)}).plot(x=x, y=metric, marker="o", ax=ax, ylabel=metric)
        import matplotlib.pyplot as plt

        grid = flat.pivot_table(index=rest[0], columns=x, values=metric, sort=False)
        ax = ax or plt.gca()
        drawn = ax.imshow(grid.to_numpy(float), aspect="auto")
        ax.set_xticks(range(grid.shape[1]), map(str, grid.columns))
        ax.set_yticks(range(grid.shape[0]), map(str, grid.index))
        ax.set(xlabel=x, ylabel=rest[0], title=metric)
        ax.figure.colorbar(drawn, ax=ax)
        return ax
