"""Which cells a sweep has, which of them are allowed, and which are best."""

import numpy as np
import pytest

from basisbt.config.axes import Axis
from basisbt.config.sweep_file import SweepFile
from basisbt.errors import ConfigError
from basisbt.studies.sweeps import scores
from basisbt.studies.sweeps.plan import cells_of
from basisbt.studies.sweeps.shell import axes_of

TWO = (Axis("a", (1, 2)), Axis("b", ("x", "y", "z")))


def sweep(**more):
    return SweepFile("s", None, more.pop("axes", TWO), **more)


def test_a_grid_has_every_combination_the_last_axis_fastest():
    found = [cell.chosen for cell in cells_of(sweep())]
    assert found[0] == {"a": 1, "b": "x"} and found[1] == {"a": 1, "b": "y"} and len(found) == 6


def test_what_is_excluded_leaves_a_gap_and_no_number_twice():
    cells = cells_of(sweep(exclude=({"a": 1, "b": "y"}, {"b": "z"})))
    assert [tuple(cell.chosen.values()) for cell in cells] == [(1, "x"), (2, "x"), (2, "y")]
    assert [cell.number for cell in cells] == [0, 1, 2]


@pytest.mark.parametrize("method", ["random", "sobol"])
def test_a_sample_is_a_function_of_its_seed_and_has_no_cell_twice(method):
    axes = (Axis("a", (1, 2, 3, 4)), Axis("b", low=0.0, high=1.0))
    one, same, other = (cells_of(sweep(axes=axes, method=method, samples=50, seed=s)) for s in (1, 1, 2))
    assert one == same and one != other and len({cell.id for cell in one}) == 50
    assert len(cells_of(sweep(method=method, samples=50))) <= 6  # there are six


def test_sobol_is_even_where_chance_is_not():
    """Of 64 points each of the 8 eighths of an axis gets exactly 8."""
    cells = cells_of(sweep(axes=(Axis("a", low=0.0, high=8.0),), method="sobol", samples=64))
    assert (np.bincount([int(cell.chosen["a"]) for cell in cells]) == 8).all()


def test_a_cells_name_depends_on_its_values_only():
    first = cells_of(sweep())[3]
    assert first.id == next(c.id for c in cells_of(sweep(exclude=({"a": 1, "b": "x"},))) if c.chosen == first.chosen)


def test_axes_from_the_shell():
    axes, fixed = axes_of(["a.b=4%,6%", "c=2x..4x:1x", "seed=7", "data.window=[2023-01-01, 2024-01-01]"])
    assert axes == {"a.b": ["4%", "6%"], "c": ["2x", "3x", "4x"]}
    assert fixed == ["seed=7", "data.window=[2023-01-01, 2024-01-01]"]
    with pytest.raises(ConfigError, match="expected LOW..HIGH:STEP"):
        axes_of(["c=2x..4x"])


def test_the_front_is_what_nothing_beats():
    """(carry high, ES low): 5/2 beats 4/3; 6/4 and 5/2 and 1/1 do not beat each other; the same twice both stay."""
    costs = np.array([(-5.0, 2.0), (-4.0, 3.0), (-6.0, 4.0), (-1.0, 1.0), (-5.0, 2.0), (np.inf, 0.0)])
    assert scores.front(costs).tolist() == [True, False, True, True, True, False]


def test_a_figure_that_is_not_known_keeps_no_limit_and_ranks_last():
    limits = scores.limits_of(["sharpe > 1", "max_drawdown < 10%"], scores.known_figures(False))
    assert scores.allowed({"sharpe": 2.0, "max_drawdown": 0.09}, limits)
    assert not scores.allowed({"sharpe": None, "max_drawdown": 0.09}, limits)
    assert not scores.allowed({"sharpe": 2.0, "max_drawdown": 0.1}, limits)
    assert scores.costs_of({"sharpe": None}, [("sharpe", "desc")]) == (float("inf"),)


def test_a_limit_on_a_figure_the_table_does_not_have_is_refused():
    with pytest.raises(ConfigError, match="no figure 'es_99'"):
        scores.limits_of(["es_99 < 10%"], scores.known_figures(False))
    with pytest.raises(ConfigError, match="did you mean 'sharpe'"):
        scores.limits_of(["sharp > 1"], scores.known_figures(False))


def test_workers_that_are_killed_while_they_start_are_started_again():
    """Was a bug: a kill in the first second, before the cluster stood, ended the sweep."""
    from basisbt.errors import RunError
    from basisbt.studies.sweeps.crew import tried

    troubles = [RuntimeError("Nanny failed to start."), RuntimeError("Nanny failed to start.")]

    def begin():
        if troubles:
            raise troubles.pop()
        return "a cluster"

    assert tried(begin) == "a cluster"
    troubles += [RuntimeError("once"), RuntimeError("twice"), RuntimeError("Nanny failed to start.")] * 2
    with pytest.raises(RunError, match="workers do not start: .*; -j 1 does without"):
        tried(begin)
