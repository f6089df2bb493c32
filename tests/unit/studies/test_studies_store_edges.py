"""The run store: whole or not at all, one key per question, and runs found by what a person types."""

import os

import pandas as pd
import pytest

from basisbt.errors import ConfigError
from basisbt.studies import store

FRAME = {"equity": pd.DataFrame({"marked": [1.0]})}


class Torn:
    """A frame that cannot be written."""

    def __init__(self, error):
        self.error = error

    def to_parquet(self, *_, **__):
        raise self.error


def names(folder):
    return sorted(p.name for p in folder.iterdir())


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("no"), OSError(28, "No space left on device")])
def test_a_failure_while_writing_leaves_the_old_run_and_nothing_else(tmp_path, error):
    folder = tmp_path / "desk" / "abc"
    store.write_run(folder, {"metrics.json": "old"}, FRAME)
    with pytest.raises(type(error)):
        store.write_run(folder, {"metrics.json": "new"}, {"equity": Torn(error)})
    assert names(tmp_path / "desk") == ["abc"] and (folder / "metrics.json").read_text() == "old"


def test_an_interrupt_between_the_two_renames_puts_the_old_run_back(tmp_path, monkeypatch):
    folder = tmp_path / "desk" / "abc"
    store.write_run(folder, {"metrics.json": "old"}, FRAME)
    rename = os.rename

    def torn(source, target):
        if target == folder and source.name != "was":
            raise KeyboardInterrupt
        rename(source, target)

    monkeypatch.setattr(os, "rename", torn)
    with pytest.raises(KeyboardInterrupt):
        store.write_run(folder, {"metrics.json": "new"}, FRAME)
    assert names(tmp_path / "desk") == ["abc"] and (folder / "metrics.json").read_text() == "old"


def test_an_out_that_is_a_file_is_refused_before_the_run(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="is not a folder"):
        store.refuse_unwritable(tmp_path / "file" / "runs")
    store.refuse_unwritable(tmp_path / "new" / "runs")


TREE = {"name": "a", "seed": 7, "data": {"dir": "x", "timeframe": 3600}, "strategy": {"use": "s"}}


@pytest.mark.parametrize(
    "other",
    [{**TREE, "name": "b"}, {**TREE, "out": "elsewhere"}, {**TREE, "jobs": 4},
     {**TREE, "data": {"dir": "y", "timeframe": 3600}}],
)  # fmt: skip
def test_what_cannot_change_the_numbers_does_not_change_the_key(other):
    assert store.run_key(other, "d", "c") == store.run_key(TREE, "d", "c")


def test_what_can_change_the_numbers_changes_the_key():
    keys = [
        store.run_key(TREE, "d", "c"), store.run_key({**TREE, "seed": 8}, "d", "c"), store.run_key(TREE, "e", "c"),
        store.run_key(TREE, "d", "e"), store.run_key({**TREE, "strategy": {"use": "t"}}, "d", "c"),
        store.run_key({**TREE, "data": {"dir": "x", "timeframe": 60}}, "d", "c"),
    ]  # fmt: skip
    assert len(set(keys)) == len(keys)


@pytest.fixture
def runs(tmp_path):
    for number, (name, key) in enumerate([("one", "aa11"), ("one", "aa22"), ("two", "bb33")]):
        store.write_run(tmp_path / name / key, {"metrics.json": "{}"}, {})
        os.utime(tmp_path / name / key / "metrics.json", (number, number))
    return tmp_path


def test_a_run_is_found_by_path_key_prefix_name_and_last(runs):
    assert store.find_run(runs, str(runs / "two" / "bb33")) == runs / "two" / "bb33"
    assert store.find_run(runs, "two/bb33") == runs / "two" / "bb33"
    assert store.find_run(runs, "aa2") == runs / "one" / "aa22"
    assert store.find_run(runs, "one") == runs / "one" / "aa22"  # its newest
    store.remember_last(runs, runs / "one" / "aa11")
    assert store.find_run(runs, "@last") == runs / "one" / "aa11"
    assert ".last" in names(runs) and len(names(runs)) == 3


@pytest.mark.parametrize(
    ("which", "says"), [("aa", "2 runs: aa11, aa22"), ("zz", "there are one, two"), ("", "expected")]
)  # fmt: skip
def test_a_run_that_is_not_there_or_not_one_is_refused(runs, which, says):
    with pytest.raises(ConfigError, match=says):
        store.find_run(runs, which)


def test_last_without_a_run_or_with_one_that_is_gone(runs):
    for mark in (None, b"gone/x", b"\xff"):
        if mark is not None:
            (runs / ".last").write_bytes(mark)
        with pytest.raises(ConfigError, match="no run in"):
            store.find_run(runs, "@last")
