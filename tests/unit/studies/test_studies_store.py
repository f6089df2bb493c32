"""The run store: whole or not at all, one question asked once."""

import pandas as pd
import pytest

from basisbt.errors import ConfigError
from basisbt.studies import store

FRAMES = {"equity": pd.DataFrame({"a": [1.0, 2.0]})}


def write(folder, text="{}"):
    store.write_run(folder, {"metrics.json": text, "meta.json": "{}"}, FRAMES)


def test_a_run_folder_is_there_whole_and_nothing_else_is(tmp_path):
    write(tmp_path / "name" / "key")
    assert sorted(p.name for p in (tmp_path / "name").iterdir()) == ["key"]
    assert sorted(p.name for p in (tmp_path / "name" / "key").iterdir()) == [
        "equity.parquet",
        "meta.json",
        "metrics.json",
    ]


class Unwritable:
    def to_parquet(self, *args, **kwargs):
        raise OSError("no space left on device")


def test_a_failure_while_writing_leaves_the_old_run_and_no_half_written_one(tmp_path):
    folder = tmp_path / "name" / "key"
    write(folder, '{"old": 1}')
    with pytest.raises(OSError, match="no space"):
        store.write_run(folder, {"metrics.json": '{"new": 1}'}, {"equity": Unwritable()})
    assert (folder / "metrics.json").read_text() == '{"old": 1}'
    assert [p.name for p in (tmp_path / "name").iterdir()] == ["key"]


def test_writing_again_replaces_the_folder(tmp_path):
    folder = tmp_path / "name" / "key"
    write(folder, '{"old": 1}')
    write(folder, '{"new": 1}')
    assert (folder / "metrics.json").read_text() == '{"new": 1}'
    assert [p.name for p in (tmp_path / "name").iterdir()] == ["key"]


def test_the_key_follows_what_can_change_the_numbers_and_nothing_else():
    tree = {"name": "a", "seed": 1, "data": {"dir": "/here", "timeframe": "1h"}}
    key = store.run_key(tree, "data", "code")
    assert store.run_key({**tree, "name": "b", "out": "x", "jobs": 2}, "data", "code") == key
    assert store.run_key({**tree, "data": {"dir": "/there", "timeframe": "1h"}}, "data", "code") == key
    others = [
        store.run_key({**tree, "seed": 2}, "data", "code"),
        store.run_key({**tree, "data": {"dir": "/here", "timeframe": "8h"}}, "data", "code"),
        store.run_key(tree, "other data", "code"),
        store.run_key(tree, "data", "other code"),
    ]
    assert len({key, *others}) == 5


def test_a_run_is_found_by_path_key_prefix_name_and_last(tmp_path):
    for name, key in (("a", "abc1"), ("a", "abd2"), ("b", "fff3")):
        write(tmp_path / name / key)
    store.remember_last(tmp_path, tmp_path / "b" / "fff3")
    assert store.find_run(tmp_path, "@last").name == "fff3"
    assert store.find_run(tmp_path, "abc").name == "abc1"
    assert store.find_run(tmp_path, "b").name == "fff3"
    assert store.find_run(tmp_path, str(tmp_path / "a" / "abd2")).name == "abd2"
    with pytest.raises(ConfigError, match="beginning of 2 runs"):
        store.find_run(tmp_path, "ab")
    with pytest.raises(ConfigError, match="there are a, b"):
        store.find_run(tmp_path, "zzz")


def test_json_holds_no_nan():
    assert '"x": null' in store.to_json({"x": float("nan"), "y": [float("inf")]})
