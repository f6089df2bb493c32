"""The plan of a sweep: which cells there are, in which order, and what each changes of the base.

Knows axes and how combinations are chosen. Runs nothing.
"""

import hashlib
import itertools
import json
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Cell:
    """One combination: (axis, value) in the order of the axes. `number` counts from 0 in the plan."""

    number: int
    values: tuple[tuple[str, Any], ...]
    holdout: bool = False

    @property
    def id(self) -> str:
        """The cell whatever its number: a digest of its values."""
        text = json.dumps([self.values, self.holdout], sort_keys=True, default=str)
        return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()

    @property
    def chosen(self) -> dict[str, Any]:
        """{axis: value}."""
        return dict(self.values)

    def overrides(self) -> list[str]:
        """What it changes, as after `-S`; the setup is not among it."""
        return [f"{key}={json.dumps(value)}" for key, value in self.values if key != "setup"]


def excluded(values: dict[str, Any], exclude) -> bool:
    """Whether a combination has everything that some entry of `exclude` names."""
    return any(all(values.get(key) == value for key, value in entry.items()) for entry in exclude)


def cells_of(sweep) -> list[Cell]:
    """The cells of a grid, or of a random or Sobol sample; each once, in an order that a seed fixes.

    Under `method: optuna` there are none beforehand.
    """
    if sweep.method == "optuna":
        return []
    if sweep.method == "grid":
        rows = itertools.product(*(axis.values for axis in sweep.axes))
    else:
        shares = uniform(sweep.method, len(sweep.axes), sweep.samples, sweep.seed)
        rows = ([axis.at(float(u)) for axis, u in zip(sweep.axes, row)] for row in shares)
    keys = [axis.key for axis in sweep.axes]
    found: dict[str, Cell] = {}
    for row in rows:
        cell = Cell(len(found), tuple(zip(keys, row)))
        if not excluded(cell.chosen, sweep.exclude):
            found.setdefault(cell.id, cell)
    return list(found.values())


def uniform(method: str, axes: int, samples: int, seed: int) -> np.ndarray:
    """[samples, axes] in [0, 1): independent, or a scrambled Sobol sequence."""
    if method == "random":
        return np.random.Generator(np.random.Philox(seed)).random((samples, axes))
    from scipy.stats import qmc

    rows = qmc.Sobol(axes, rng=np.random.default_rng(seed)).random(1 << (samples - 1).bit_length())
    return rows[:samples]
