"""Input nobody meant: names with markup, strategies that print or fail, stores that cannot be written."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from basisbt.cli.main import app
from tests.support.places import ROOT

FIRST = ROOT / "configs" / "runs" / "01_btc_carry.yaml"
CALM = ["--timerange", "20230101-20230111", "-S", "tail=none"]
BUYS = (
    "import backtrader as bt\n\n\nclass Buys(bt.Strategy):\n    def next(self):\n        if len(self) == 3:\n"
    "            self.buy(data=self.datas[0], size=SIZE)\n"
)


def call(*words):
    return CliRunner().invoke(app, [str(w) for w in words])


@pytest.fixture
def desk(tmp_path):
    """desk(use, folder, **files): a config beside strategy files; returns its path."""

    def make(use, folder=".", stem="desk", **files):
        home = tmp_path / folder
        (home / "strategies").mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (home / "strategies" / f"{name}.py").write_text(text)
        text = FIRST.read_text().replace("../../data", str(ROOT / "data"))
        start, end = text.index("strategy:"), text.index("tail:")
        config = home / f"{stem}.yaml"
        config.write_text(text[:start] + f"strategy: {{use: '{use}'}}\n" + text[end:])
        return config

    return make


def test_what_a_strategy_prints_does_not_reach_stdout(desk, tmp_path):
    config = desk("talks", talks="def decide(seen, book, want, p):\n    print('hello')\n")
    done = call("run", config, *CALM, "--json", "-o", tmp_path / "runs")
    assert done.exit_code == 0 and json.loads(done.stdout)["metrics"]["fills"] == 0
    assert "hello" in done.stderr


@pytest.mark.parametrize("engine", ["backtrader", pytest.param("compiled", marks=pytest.mark.slow)])
def test_an_error_in_decide_names_file_line_and_source(desk, tmp_path, engine):
    config = desk("boom", boom="def decide(seen, book, want, p):\n    x = 1 / (seen.now - seen.now)\n")
    done = call("run", config, *CALM, "--engine", engine, "-o", tmp_path / "runs")
    assert done.exit_code == 1 and "Traceback" not in done.stderr
    assert "boom.py:2: error: ZeroDivisionError" in done.stderr and "x = 1 / (seen.now" in done.stderr
    assert not (tmp_path / "runs").exists()


def test_a_cell_whose_strategy_fails_does_not_stop_the_sweep(desk, tmp_path):
    config = desk("boom", boom="def decide(seen, book, want, p):\n    1 / 0\n")
    done = call("sweep", config, *CALM, "-S", "seed=1,2", "--json", "-o", tmp_path / "runs")
    assert done.exit_code == 1
    assert [row["status"].endswith("ZeroDivisionError: division by zero") for row in json.loads(done.stdout)] == [
        True
    ] * 2


def test_setups_with_equal_names_and_modules_stay_apart(desk, tmp_path):
    configs = [desk("buys:Buys", f, buys=BUYS.replace("SIZE", n)) for f, n in (("a [red]", "0.1"), ("b", "0.3"))]
    done = call("compare", *configs, *CALM, "--json", "-o", tmp_path / "runs")
    rows = json.loads(done.stdout)
    assert [row["setup"] for row in rows] == ["a [red]/desk", "b/desk"]
    assert rows[1]["fee"] == pytest.approx(3 * rows[0]["fee"]) and rows[0]["fee"] < 0.0
    assert "[red]" in call("compare", *configs, *CALM, "-o", tmp_path / "runs").stdout


def test_an_honest_backtrader_class_passes_the_look_ahead_check(desk):
    config = desk("buys:Buys", buys=BUYS.replace("SIZE", "0.1"))
    assert call("lookahead", config, *CALM, "--points", "2").exit_code == 0


def test_a_store_that_cannot_be_is_refused_and_a_broken_one_named(tmp_path):
    (tmp_path / "file").write_text("")
    done = call("run", FIRST, *CALM, "-o", tmp_path / "file" / "runs")
    assert done.exit_code == 2 and "is not a folder" in done.stderr
    done = call("run", FIRST, *CALM, "-q", "-o", tmp_path / "runs")
    (next((tmp_path / "runs" / "btc-carry").iterdir()) / "journal.parquet").write_text("junk")
    done = call("journal", "@last", "-o", tmp_path / "runs")
    assert done.exit_code == 3 and "--force" in done.stderr


@pytest.mark.parametrize("names", ["", "a,,b", "B/../x"])
def test_generated_markets_have_names_that_can_be_folders(tmp_path, names):
    done = call("data", "generate", tmp_path / "new", "--bases", names, "--days", "1")
    assert done.exit_code == 2 and "--bases: found" in done.stderr and not (tmp_path / "new").exists()


def test_a_reader_that_leaves_and_a_full_disk_are_no_traceback(tmp_path):
    words = [sys.executable, "-m", "basisbt", "schema"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert done.returncode == 1 and done.stderr == "error: No space left on device\n"
    gone = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    gone.stdout.close()
    assert gone.wait() == 0 and gone.stderr.read() == ""
    gone.stderr.close()
