"""`init`, `show` and `list`: what a stranger types first."""

import json

import pytest
from typer.testing import CliRunner

from basisbt.cli.main import app
from basisbt.config.kinds_told import event_kinds
from basisbt.report.terminal import sparkline
from tests.support.places import ROOT


def call(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.mark.parametrize("strategy", sorted(path.stem for path in (ROOT / "strategies").glob("*.py")))
def test_a_folder_to_start_from_holds_a_config_that_runs(strategy, tmp_path):
    made = call("init", tmp_path / "desk", "--strategy", strategy)
    assert made.exit_code == 0 and "basisbt run carry.yaml" in made.stdout
    assert not [p for p in tmp_path.iterdir() if p.name != "desk"]
    for name in ("carry.yaml", "paths.yaml", "one_venue.yaml"):
        assert call("validate", tmp_path / "desk" / name).exit_code == 0
    done = call("run", tmp_path / "desk" / "carry.yaml", "--timerange", "20230101-20230201", "-o", tmp_path / "runs", "-q")
    assert done.exit_code == 0, done.stderr


def test_what_is_there_is_not_touched(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    done = call("init", tmp_path)
    assert done.exit_code == 2 and "is there and not empty" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]
    empty = tmp_path / "empty"
    empty.mkdir()
    assert call("init", empty).exit_code == 0 and (empty / "carry.yaml").exists()


def test_a_strategy_that_is_none(tmp_path):
    done = call("init", tmp_path / "x", "--strategy", "../evil")
    assert done.exit_code == 2 and "expected one of cash_and_carry, static_carry" in done.stderr
    assert not (tmp_path / "x").exists()


def test_show_says_what_run_said_and_draws_the_equity(tmp_path):
    store = ("-o", tmp_path / "runs")
    call("run", ROOT / "configs/runs/01_btc_carry.yaml", "--timerange", "20230101-20230201", *store, "-q")
    shown = call("show", *store)
    assert shown.exit_code == 0 and "where it came from" in shown.stdout and "\n1,000,000 █" in shown.stdout
    assert json.loads(call("show", "btc-carry", *store, "--json").stdout)["metrics"]["bars"] == 744
    assert call("show", "nothing", *store).exit_code == 2


def test_a_line_of_blocks():
    assert sparkline([100.0, 100.0, 200.0, 200.0, 300.0, 300.0], 3) == "100 ▁▅█ 300"
    assert sparkline([5.0, 5.0], 10) == "5.00 ▁▁ 5.00"


def test_every_kind_of_event_is_listed_with_its_keys():
    """The page of events has the same seventeen, each with the same name."""
    page = (ROOT / "docs" / "events.md").read_text()
    kinds = event_kinds()
    assert len(kinds) == 17 and all(f"| `{row['event']}` |" in page and row["what"] for row in kinds)
    listed = json.loads(call("list", "events", "--json").stdout)
    assert listed == kinds


def test_metrics_are_listed_with_what_they_are():
    rows = {row["metric"]: row["what"] for row in json.loads(call("list", "metrics", "--json").stdout)}
    assert {"es_99", "pnl", "ruin", "funding", "diversification_ratio"} <= set(rows) and all(rows.values())
    assert call("list", "nothing").exit_code == 2
