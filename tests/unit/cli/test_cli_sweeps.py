"""`sweep`, `ls` and `allocate` as they are typed."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from basisbt.cli.main import app
from tests.support.sweeps import write_sweep

QUANTITY = "strategy.params.quantity"


def call(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def base(tmp_path):
    write_sweep(tmp_path)
    return tmp_path / "run.yaml", ("--engine", "backtrader", "-o", tmp_path / "runs")


def test_a_sweep_from_the_shell_is_resumed_counted_listed_and_opened(base, tmp_path):
    config, rest = base
    done = call("sweep", config, "-S", f"{QUANTITY}=100,150,200", *rest, "--json", "-q")
    assert done.exit_code == 0, done.stderr
    rows = json.loads(done.stdout)
    assert [row["status"] for row in rows] == ["done"] * 3 and rows[2]["rank"] == 1
    again = call("sweep", config, "-S", f"{QUANTITY}=100,150,200", *rest, "--csv", "-q")
    assert again.stdout.count("done") == 3  # from the log: nothing was run
    status = call("sweep", config, "-S", f"{QUANTITY}=100,150,200", *rest, "--status")
    assert "3 of 3 cells done, 0 failed, 0 left" in status.stdout
    listed = call("ls", "-o", tmp_path / "runs", "--sort", "-pnl", "--csv", "-q")
    assert listed.exit_code == 0 and len(listed.stdout.splitlines()) == 4
    file = tmp_path / "all.parquet"
    assert call("ls", "-o", tmp_path / "runs", "--where", "pnl < 1e9", "--parquet", file, "-q").exit_code == 0
    assert len(pd.read_parquet(file)) == 3
    one = call("sweep", config, "-S", f"{QUANTITY}=100,150,200", *rest, "--only", "2", "--json")
    assert json.loads(one.stdout)["metrics"]["pnl"] == pytest.approx(rows[2]["pnl"])
    journal = call("journal", rows[1]["key"], "-o", tmp_path / "runs", "--kind", "funding", "--csv")
    assert journal.exit_code == 0 and len(journal.stdout.splitlines()) > 20


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("-S", f"{QUANTITY}=100"), "a sweep needs an axis: -S key=a,b,c"),
        (("-S", f"{QUANTITY}=100,150", "--only", "7"), "--only: no cell '7'; there are 2"),
        (("-S", "strategy.params.quantitiy=1,2"), "did you mean"),
    ],
)
def test_what_cannot_be_swept_is_refused(base, words, text):
    config, rest = base
    done = call("sweep", config, *words, *rest)
    assert done.exit_code == 2 and text in done.stderr


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--bound", "north:0.4"), "--bound: found 'north:0.4', expected VENUE=LEAST..MOST"),
        (("--bound", "north=10%..x"), "--bound: "),
        (("--level", "nought"), "--level: "),
        ((), "allocate needs sampled paths"),
    ],
)
def test_what_cannot_be_allocated_is_refused(base, words, text):
    done = call("allocate", base[0], *words)
    assert done.exit_code == 2 and text in done.stderr


def test_bounds_as_they_are_typed():
    from basisbt.cli.allocations import bounds

    found = bounds(["okx=10%..40%", "*=..50%", "bybit=0.2..", "x=2.5%..7.5%"])
    assert found == {"okx": (0.1, 0.4), "*": (0.0, 0.5), "bybit": (0.2, 1.0), "x": (0.025, 0.075)}
