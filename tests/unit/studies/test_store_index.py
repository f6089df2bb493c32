"""The index of a store: what it lists, what it forgets, what it can be asked."""

import os
import shutil

import pytest

from basisbt.errors import ConfigError
from basisbt.studies.index import Index, leaves, runs_in
from basisbt.studies.sweeps.sweep import sweep
from tests.support.sweeps import write_sweep


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A store of 24 cells."""
    folder = tmp_path_factory.mktemp("filled")
    sweep(write_sweep(folder), out=folder / "runs", jobs=1)
    return folder / "runs"


@pytest.fixture
def store(filled, tmp_path):
    """A copy of it."""
    return shutil.copytree(filled, tmp_path / "runs")


def test_leaves_of_a_resolved_config():
    text = 'a: 1\nb:\n  c: "3x"\n  "BTC/USDT:USDT":\n    d: 5bps\ne:\n  - 7\n  - f\ng: {}\n'
    assert leaves(text) == {
        "a": "1", "b.c": "3.0", "b.BTC/USDT:USDT.d": "0.0005", "e.0": "7", "e.1": "f", "g": "{}",
    }  # fmt: skip


def test_it_shows_what_differs_and_no_setting_that_is_the_same_everywhere(store):
    frame = Index(store).ask()
    settings = {name for name in frame if "." in name}
    assert len(frame) == 24
    assert {"pairs.btc.short.leverage", "strategy.params.quantity"} <= settings
    assert not any(name.startswith(("capital", "data.", "measures")) for name in settings)


def test_a_condition_names_settings_as_the_config_does(store):
    index = Index(store)
    frame = index.ask("pairs.btc.short.leverage = 3 and strategy.params.quantity > 180", "-pnl")
    assert list(frame["strategy.params.quantity"]) == [210.0, 200.0, 190.0]
    with pytest.raises(ConfigError, match="expected SQL"):
        index.ask("pnl >> 3")
    with pytest.raises(ConfigError, match="expected SQL"):
        index.ask("no_such_column = 3")


def test_what_is_gone_is_forgotten_what_was_replaced_is_read_anew(store):
    Index(store)
    (name, first), (_, second) = [run for run in runs_in(store) if run[0] == "stressed"][:2]
    shutil.rmtree(store / name / first)
    text = (store / name / second / "metrics.json").read_text()
    shutil.copytree(store / name / second, store / name / ".new")
    (store / name / ".new" / "metrics.json").write_text(text.replace('"sharpe": ', '"sharpe": 77.0, "was": '))
    shutil.rmtree(store / name / second)
    os.rename(store / name / ".new", store / name / second)
    frame = Index(store).ask()
    assert len(frame) == 23 and first not in set(frame["key"])
    assert list(frame.loc[frame["key"] == second, "sharpe"]) == [77.0]


def test_an_index_that_is_broken_or_missing_is_rebuilt(store):
    Index(store)
    (part,) = store.glob(".index/part-*.parquet")
    part.write_bytes(part.read_bytes()[:100])
    assert len(Index(store).ask()) == 24
    shutil.rmtree(store / ".index")
    assert len(Index(store).ask()) == 24


def test_a_folder_without_a_finished_run_is_not_listed(store):
    (store / "btc" / "half").mkdir(parents=True)
    (store / "btc" / "other").mkdir()
    (store / "btc" / "other" / "metrics.json").write_text("{")
    assert len(Index(store).ask()) == 24


def test_an_empty_store_has_nothing_to_show(tmp_path):
    assert Index(tmp_path).ask() is None
