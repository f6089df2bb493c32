"""What a sweep answers: the table by axis, the front, the holdout, a study that learns, and pictures of it."""

import sys
import types

import pytest

import basisbt
from basisbt.errors import ConfigError
from tests.support.sweeps import SWEEP, finish, kill_all, results, start, write_sweep

QUANTITY, LEVERAGE = "strategy.params.quantity", "pairs.btc.short.leverage"
AXES = {LEVERAGE: ["2x", "3x"], QUANTITY: [100, 150, 200]}


def sweep(file, **more):
    return basisbt.sweep(file, engine="backtrader", out=None, jobs=1, **more)


def text(**changes):
    """The small sweep with other keys: `method="random"` becomes a line `method: random`."""
    kept = [line for line in SWEEP.splitlines() if line.partition(":")[0] not in changes]
    return "\n".join([*kept, *(f"{key}: {value}" for key, value in changes.items())]) + "\n"


def test_the_frame_is_indexed_by_axis_and_the_best_is_the_largest_position(tmp_path):
    """Funding of 0.01 % every 8 h on a price that does not move: the larger the short, the more is earned."""
    write_sweep(tmp_path)
    done = basisbt.sweep(tmp_path / "run.yaml", AXES, engine="backtrader", out=None)
    assert done.frame.index.names == [LEVERAGE, QUANTITY] and len(done.frame) == 6
    by_size = done.frame["pnl"].xs("2x", level=LEVERAGE)
    assert by_size.is_monotonic_increasing and done.best()[QUANTITY] == 200
    assert done.best("max_drawdown")["max_drawdown"] == done.flat["max_drawdown"].max()
    assert done.frame.loc[("3x", 150), "status"] == "done"


def test_what_keeps_no_limit_is_not_ranked(tmp_path):
    file = write_sweep(tmp_path, text(require='["fills < 0"]'))
    done = sweep(file, axes={QUANTITY: [100, 200]})
    assert not done.flat["allowed"].any() and done.flat["rank"].isna().all()
    with pytest.raises(ConfigError, match="no cell keeps every `require`"):
        done.best()


def test_the_front_is_what_no_other_cell_beats_in_both(tmp_path):
    """Carry wants size, calm wants none: every size is on the front, and the first objective names the best."""
    rank = "[{metric: funding, order: desc}, {metric: volatility_annual, order: asc}]"
    done = sweep(write_sweep(tmp_path, text(rank_by=rank)), axes={QUANTITY: [100, 150, 200], LEVERAGE: ["2x"]})
    flat = done.flat
    assert flat["volatility_annual"].is_monotonic_increasing and flat["funding"].is_monotonic_increasing
    assert flat["front"].all() and done.best()[QUANTITY] == 200


def test_winners_are_scored_again_on_the_holdout(tmp_path):
    """Two of three; what stands beside is what a run over that window says."""
    file = write_sweep(tmp_path, text(holdout="{window: [2024-01-06, 2024-01-09], top: 2}"))
    axes = {QUANTITY: [100, 150, 200], LEVERAGE: ["2x"]}
    flat = sweep(file, axes=axes, timerange="20240101-20240105").flat.set_index(QUANTITY)
    assert flat["holdout_pnl"].isna().tolist() == [True, False, False]
    alone = basisbt.run(tmp_path / "run.yaml", {QUANTITY: 200, LEVERAGE: "2x"}, timerange="20240106-20240109",
                        engine="backtrader")  # fmt: skip
    assert flat.loc[200, "holdout_pnl"] == pytest.approx(alone.metrics["pnl"], abs=1e-9)
    assert flat.loc[200, "pnl"] != flat.loc[200, "holdout_pnl"]


@pytest.mark.parametrize("method", ["random", "sobol"])
def test_samples_of_a_size_between_two(method, tmp_path):
    wide = f"{{{QUANTITY}: {{from: 100, to: 210}}}}"
    lines = [line for line in text(method=method, samples=8).splitlines() if not line.startswith(("axes", "  "))]
    done = sweep(write_sweep(tmp_path, "\n".join([*lines, f"axes: {wide}"]) + "\n"))
    sizes = done.flat[QUANTITY].astype(float)
    assert len(sizes) == 8 and sizes.between(100, 210).all() and sizes.nunique() == 8


def learning(folder, samples=12):
    """A sweep by Optuna over every size between 100 and 210."""
    lines = [line for line in text(method="optuna", samples=samples).splitlines() if not line.startswith(("axes", "  "))]
    return write_sweep(folder, "\n".join([*lines, f"axes: {{{QUANTITY}: {{from: 100, to: 210}}}}"]) + "\n")


def test_a_study_looks_where_it_is_good(tmp_path):
    """The best size is the largest: after 30 looks it has come within a twentieth of the range of it."""
    pytest.importorskip("optuna")
    done = sweep(learning(tmp_path, 30))
    assert len(done.flat) == 30 and float(done.best()[QUANTITY]) > 204.5


def test_a_study_that_was_killed_goes_on_and_counts_what_it_had(tmp_path):
    pytest.importorskip("optuna")
    file, store = learning(tmp_path), tmp_path / "runs"
    process = start(file, store, "--engine", "backtrader", "-j", "1")
    while len(results(store)) < 3 and process.poll() is None:
        pass
    kill_all(process)
    before = results(store)
    assert 3 <= len(before) < 12
    process = start(file, store, "--engine", "backtrader", "-j", "1")
    assert "Traceback" not in finish(process) and process.returncode == 0
    after = results(store)
    assert len(after) == 12 and all(after[key] == content for key, content in before.items())


def test_a_line_over_one_axis_and_a_heat_map_over_two(tmp_path):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    write_sweep(tmp_path)
    done = basisbt.sweep(tmp_path / "run.yaml", AXES, engine="backtrader", out=None)
    heat = done.plot("pnl")
    assert heat.get_xlabel() == LEVERAGE and heat.images[0].get_array().shape == (3, 2)
    plt.close("all")
    line = basisbt.sweep(tmp_path / "run.yaml", {QUANTITY: [100, 200]}, engine="backtrader", out=None).plot("pnl")
    assert len(line.lines[0].get_xdata()) == 2
    plt.close("all")


def test_a_notebook_gets_a_bar_that_moves(tmp_path, monkeypatch):
    drawn = []

    class Handle:
        def update(self, shown):
            drawn.append(shown)

    class ZMQInteractiveShell:
        pass

    def display(shown, display_id):
        drawn.append(shown)
        return Handle()

    package, part = types.ModuleType("IPython"), types.ModuleType("IPython.display")
    package.get_ipython, part.HTML, part.display = ZMQInteractiveShell, str, display
    monkeypatch.setitem(sys.modules, "IPython", package)
    monkeypatch.setitem(sys.modules, "IPython.display", part)
    write_sweep(tmp_path)
    basisbt.sweep(tmp_path / "run.yaml", {QUANTITY: [100, 200]}, engine="backtrader", out=None)
    assert drawn[0].endswith("0 of 2 cells") and drawn[-1] == '<progress value="2" max="2"></progress> 2 of 2 cells'
