"""Records of a run that kept only its figures, made when they are asked for."""

import shutil

import pandas as pd
import pytest

import basisbt
from basisbt.config import load
from basisbt.errors import DataError
from basisbt.studies.run import read_run
from basisbt.studies.store import plain
from basisbt.studies.yaml_text import resolved_text
from tests.support.places import ROOT
from tests.support.sweeps import write_sweep

TAIL = "{sample: {paths: 6, market: history, withdrawal_freeze: null, non_convergence: null, funding: null, "
TAIL += "venue_default: {rate: 40%/y, recovery: {mean: 50%, sd: 20%}, delay: {median: 30d}}}}"


@pytest.fixture
def cell(tmp_path):
    """The folder of the second cell of a small sweep."""
    file = write_sweep(tmp_path, tail=TAIL)
    return swept(file, tmp_path / "runs")


def swept(file, store):
    """The folder of a cell of the sweep, two cells small."""
    done = basisbt.sweep(file, {"strategy.params.quantity": [100, 110], "pairs.btc.short.leverage": ["2x"]}, out=store,
                         engine="backtrader")  # fmt: skip
    assert not done.failed
    return next(store.glob(f"*/{done.flat['key'][1]}"))


def test_a_cell_of_a_sweep_has_its_journal_when_it_is_asked_for(cell):
    before = (cell / "metrics.json").read_bytes()
    assert sorted(p.name for p in cell.iterdir()) == ["config.yaml", "meta.json", "metrics.json"]
    run = read_run(cell)
    last = run.equity["marked"].iloc[-1]
    assert last == pytest.approx(run.metrics["final_equity"], abs=1e-6)
    assert (cell / "journal.parquet").exists() and not (cell / "paths.parquet").exists()
    assert (cell / "metrics.json").read_bytes() == before
    paths = run.paths
    assert len(paths) == 6 and paths["pnl"].mean() == pytest.approx(run.metrics["paths"]["pnl"]["value"])
    assert not [p for p in cell.iterdir() if p.name.startswith(".")]


def test_a_cell_whose_data_have_changed_has_no_records_any_more(cell, tmp_path):
    file = next(tmp_path.rglob("trade_1h.*"))
    frame = pd.read_parquet(file) if file.suffix == ".parquet" else pd.read_csv(file)
    frame["close"] += 0.01
    frame["high"] += 0.01
    frame.to_parquet(file) if file.suffix == ".parquet" else frame.to_csv(file, index=False)
    with pytest.raises(DataError, match="have changed since .*run it again"):
        read_run(cell).frame("journal")


def test_a_cell_whose_data_are_gone_says_what_is_missing(cell, tmp_path):
    shutil.rmtree(next(tmp_path.rglob("trade_1h.*")).parent)
    with pytest.raises(DataError):
        read_run(cell).frame("journal")


def test_a_strategy_beside_the_base_is_found_from_the_run_folder(tmp_path):
    """The run's own config.yaml lies elsewhere than `strategies/` does."""
    file = write_sweep(tmp_path)
    (tmp_path / "strategies").mkdir()
    from basisbt.places import packaged

    shutil.copy(packaged("strategies", "static_carry.py"), tmp_path / "strategies" / "mine.py")
    base = tmp_path / "run.yaml"
    base.write_text(base.read_text().replace("static_carry", "mine"))
    assert len(read_run(swept(file, tmp_path / "runs")).fills) >= 2


@pytest.mark.parametrize(
    "config", [*sorted((ROOT / "configs" / "runs").glob("*.yaml")), ROOT / "configs/sweeps/five_venues.yaml"], ids=str
)
def test_a_config_that_is_written_out_reads_back_to_the_same_tree(config, tmp_path):
    """Was a bug: `script: null` over a script lost the default on the way out and got it back on the way in, so that a
    run's own config.yaml asked another question."""
    tree = load(config).tree
    (tmp_path / "config.yaml").write_text(resolved_text(plain(tree), {}) + "\n")
    assert plain(load(tmp_path / "config.yaml").tree) == plain(tree)
