"""Sweep files: every mistake at its place, and the values an axis has."""

import re

import pytest

from basisbt.config.axes import range_axis
from basisbt.config.sweep_file import is_sweep, load_sweep
from basisbt.errors import ConfigError

GOOD = """\
schema: 1
kind: sweep
name: desk
base: base.yaml
axes:
  strategy.params.enter_above: [4%, 6%]
  pairs.*.short.leverage: {from: 2x, to: 4x, step: 1x}
setups:
  one: {venues: {b: null}}
  two: {}
exclude: [{setup: one, pairs.*.short.leverage: 4}]
method: grid
rank_by: {metric: sharpe, order: desc}
require: ["max_drawdown < 10%"]
holdout: {window: [2024-01-01, 2025-01-01], seed: 8}
"""


@pytest.fixture
def read(tmp_path):
    """read(text): the sweep file, its base beside it."""
    (tmp_path / "base.yaml").write_text("schema: 1\n")

    def go(text):
        (tmp_path / "sweep.yaml").write_text(text)
        return load_sweep(tmp_path / "sweep.yaml")

    return go


def test_the_contracts_example_reads(read, tmp_path):
    file = read(GOOD)
    assert [axis.key for axis in file.axes] == ["setup", "strategy.params.enter_above", "pairs.*.short.leverage"]
    assert file.axes[2].values == ("2x", "3x", "4x") and file.axes[0].values == ("one", "two")
    assert file.exclude == ({"setup": "one", "pairs.*.short.leverage": "4x"},)
    assert file.rank == (("sharpe", "desc"),) and file.holdout.seed == 8 and file.holdout.top == 3
    assert is_sweep(tmp_path / "sweep.yaml") and not is_sweep(tmp_path / "base.yaml")


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ({"from": 2, "to": 6, "step": 2}, (2, 4, 6)),
        ({"from": "4%", "to": "5%", "step": "0.5%"}, ("4%", "4.5%", "5%")),
        ({"from": 0.1, "to": 0.3, "step": 0.1}, (0.1, 0.2, 0.3)),  # in decimals: 0.1 + 0.2 is 0.3
        ({"from": 1, "to": 2, "step": 3}, (1,)),
        ({"from": "-2%", "to": "0%", "step": "1%"}, ("-2%", "-1%", "0%")),
    ],
)  # fmt: skip
def test_a_range_has_both_its_ends(given, values):
    assert range_axis("k", given).values == values


def test_a_range_without_steps_has_every_size_and_may_be_logarithmic():
    """Half way from 1 % to 16 %: 8.5 %; of their logarithms: 4 %."""
    assert range_axis("k", {"from": "1%", "to": "16%"}).at(0.5) == "8.5%"
    assert range_axis("k", {"from": "1%", "to": "16%", "log": True}).at(0.5) == "4%"


MISTAKES = {
    "no base": ("base: base.yaml", "§base: other.yaml", "no such file"),
    "missing base": ("§kind: sweep", "kind: sweep", "missing 'base'"),
    "key": ("method: grid", "§methd: grid", "unknown key 'methd', did you mean 'method'?"),
    "method": ("method: grid", "method: §grit", "did you mean 'grid'?"),
    "samples of a grid": ("method: grid", "method: grid\n§samples: 5", "a grid has no samples"),
    "no samples": ("method: grid", "method: §sobol", "missing 'samples'"),
    "empty axis": ("[4%, 6%]", "§[]", "expected a list of values or"),
    "twice": ("[4%, 6%]", "§[4%, 4%]", "a value stands twice"),
    "units": ("{from: 2x, to: 4x, step: 1x}", "§{from: 2x, to: 4%, step: 1x}", "expected one unit"),
    "backwards": ("{from: 2x, to: 4x, step: 1x}", "§{from: 4x, to: 2x, step: 1x}", "expected 'from' below 'to'"),
    "no step": ("{from: 2x, to: 4x, step: 1x}", "§{from: 2x, to: 4x}", "needs `method: random`"),
    "no number": ("{from: 2x, to: 4x, step: 1x}", "§{from: low, to: 4x, step: 1x}", "found 'low'"),
    "range key": ("{from: 2x, to: 4x, step: 1x}", "{from: 2x, to: 4x, §by: 1x}", "unknown key 'by'"),
    "setup is taken": ("axes:", "axes:\n  §setup: [a]", "the axis that `setups:` makes"),
    "exclude axis": ("exclude: [{setup: one,", "exclude: [{§setp: one,", "no axis 'setp', did you mean 'setup'?"),
    "exclude value": ("leverage: 4}]", "leverage: §5}]", "is no value of axis"),
    "setup no map": ("two: {}", "two: §3", "expected overrides"),
    "holdout": ("holdout: {window: [2024-01-01, 2025-01-01], seed: 8}", "holdout: §{top: 2}", "tells nothing new"),
    "order": ("order: desc", "order: §down", "expected asc or desc"),
}  # fmt: skip


@pytest.mark.parametrize("case", MISTAKES, ids=lambda name: name.replace(" ", "-"))
def test_a_mistake_is_reported_at_its_place(case, read):
    old, new, says = MISTAKES[case]
    if case == "missing base":
        text, place = GOOD.replace("base: base.yaml\n", ""), None
    else:
        marked = GOOD.replace(old, new, 1)
        before = marked[: marked.index("§")]
        text, place = marked.replace("§", ""), (before.count("\n") + 1, len(before) - before.rfind("\n"))
    with pytest.raises(ConfigError) as caught:
        read(text)
    first = str(caught.value)
    assert says in first
    if place is not None and case != "no base":
        assert re.search(rf"sweep\.yaml:{place[0]}:{place[1]}: error: ", first), first


def test_an_axis_is_needed(read):
    with pytest.raises(ConfigError, match="no axis; write `axes:"):
        read("schema: 1\nkind: sweep\nbase: base.yaml\n")
