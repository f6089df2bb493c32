"""The command line as a stranger meets it: verbs, exit codes, one clear text for every mistake, never a traceback."""

import json

import pytest
from typer.testing import CliRunner

from basisbt.cli.main import app
from tests.support.places import ROOT

RUNS = ROOT / "configs" / "runs"
FIRST = RUNS / "01_btc_carry.yaml"
SHORT = ["--timerange", "20230101-20230301"]


def call(*words):
    """Run the command in this process; output on stdout and stderr apart."""
    return CliRunner().invoke(app, [str(w) for w in words])


@pytest.fixture
def store(tmp_path):
    return ["-o", tmp_path / "runs"]


def test_help_shows_the_verbs_that_exist_and_no_other():
    text = call("--help").stdout
    verbs = "init run compare sweep worker ls allocate validate show-config schema journal show report lookahead verify"
    for verb in [*verbs.split(), "stress", "solve", "list", "download", "calibrate", "data"]:
        assert f"\n  {verb} " in text


def test_run_writes_the_folder_of_the_contract_and_json_alone_on_stdout(store):
    done = call("run", FIRST, *SHORT, "-S", "tail=none", "--json", *store)
    assert done.exit_code == 0, done.stderr
    out = json.loads(done.stdout)
    folder = store[1] / "btc-carry" / out["metrics"]["key"]
    files = {"config.yaml", "metrics.json", "meta.json"} | {
        f"{n}.parquet" for n in ("equity", "attribution", "journal", "orders", "fills", "margin", "events")
    }
    assert {p.name for p in folder.iterdir()} == files
    assert json.loads((folder / "metrics.json").read_text()) == out["metrics"]
    assert sum(out["metrics"]["attribution"].values()) == pytest.approx(out["metrics"]["pnl"], abs=1e-3)


def test_the_same_question_is_not_asked_twice(store):
    first = call("run", FIRST, *SHORT, "-S", "tail=none", *store)
    again = call("run", FIRST, *SHORT, "-S", "tail=none", *store)
    other = call("run", FIRST, *SHORT, "-S", "tail=none", "-S", "strategy.params.notional=50%", *store)
    assert "cached" not in first.stdout and "cached" in again.stdout and "cached" not in other.stdout
    assert len(list((store[1] / "btc-carry").iterdir())) == 2


def test_the_written_config_gives_the_same_run(store):
    done = json.loads(call("run", FIRST, *SHORT, "-S", "tail=none", "--json", *store).stdout)
    written = store[1] / "btc-carry" / done["metrics"]["key"] / "config.yaml"
    again = json.loads(call("run", written, "--json", "--force", *store).stdout)
    assert again["metrics"]["journal_digest"] == done["metrics"]["journal_digest"]


def test_a_mistake_is_shown_with_place_caret_and_suggestion(tmp_path):
    config = tmp_path / "bad.yaml"
    config.write_text(FIRST.read_text().replace("venue: bybit,", "venue: bibit,").replace("notional:", "notionel:"))
    done = call("run", config)
    assert done.exit_code == 2 and done.stdout == ""
    assert f"{config}:" in done.stderr and "did you mean 'bybit'" in done.stderr and "^" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_parameter_the_strategy_does_not_have_keeps_its_place(tmp_path):
    config = tmp_path / "bad.yaml"
    config.write_text(FIRST.read_text().replace("../../data", str(ROOT / "data")).replace("lookback:", "lookbak:"))
    done = call("run", config)
    assert done.exit_code == 2
    line = next(n for n, text in enumerate(config.read_text().splitlines(), 1) if "lookbak" in text)
    assert f"{config}:{line}:" in done.stderr and "did you mean 'lookback'" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["run", "nowhere.yaml"], 2, "nowhere.yaml"),
        (["run", FIRST, "--timerange", "20200101-20200201"], 3, "the window starts 2020-01-01"),
        (["run", FIRST, "--data-dir", "/nowhere"], 3, "/nowhere"),
        (["run", FIRST, "-S", "seed=1,2"], 2, "sweep"),
        (["run", FIRST, "-S", "strategy.use=cash_and_cary"], 2, "did you mean 'cash_and_carry'"),
        (["run", FIRST, "--engine", "steam"], 2, "steam"),
        (["compare", FIRST], 2, "two"),
        (["journal", "nothing", "-o", "/nowhere"], 2, "nothing"),
        (["sweep", FIRST], 2, "axis"),
    ],
)
def test_bad_input_gets_its_exit_code_and_a_sentence(words, code, says):
    done = call(*words)
    assert done.exit_code == code, done.stderr
    assert says in done.stderr and "Traceback" not in done.stderr


def test_compare_and_sweep_share_the_store(store):
    done = call("compare", FIRST, RUNS / "02_textbook.yaml", "--json", *store)
    rows = json.loads(done.stdout)
    assert [r["setup"] for r in rows] == ["btc-carry", "btc-carry-textbook"]
    assert rows[0]["trapped_days"] == 30.0 and rows[1]["trapped_days"] == 0.0
    assert rows[1]["diff_pnl"] == pytest.approx(rows[1]["pnl"] - rows[0]["pnl"])
    assert rows[0]["tail_cost"] == pytest.approx(rows[1]["pnl"] - rows[0]["pnl"])
    done = call("sweep", FIRST, *SHORT, "-S", "tail=none", "-S", "pairs.btc.short.leverage=3x,5x", "--json", *store)
    rows = json.loads(done.stdout)
    assert [r["pairs.btc.short.leverage"] for r in rows] == ["3x", "5x"] and {r["status"] for r in rows} == {"done"}


def test_journal_filters_and_suggests(store):
    call("run", FIRST, *SHORT, "-S", "tail=none", *store)
    done = call("journal", "@last", "--kind", "fee", "--json", *store)
    assert {row["kind"] for row in json.loads(done.stdout)} == {"fee"}
    done = call("journal", "@last", "--kind", "feee", *store)
    assert done.exit_code == 2 and "did you mean 'fee'" in done.stderr


def test_lookahead_passes_an_honest_strategy_and_catches_one_that_reads_tomorrow(tmp_path):
    honest = call("lookahead", FIRST, *SHORT, "-S", "tail=none", "--points", "2", "--json")
    assert honest.exit_code == 0 and json.loads(honest.stdout)["ok"]
    (tmp_path / "cheat.py").write_text(
        "import backtrader as bt\n\n\n"
        "class Cheat(bt.Strategy):\n"
        "    def next(self):\n"
        "        d = self.datas[0]\n"
        "        if len(self) < d.buflen() and d.close[1] > d.close[0]:\n"
        "            self.buy(data=d, size=0.01)\n"
    )
    config = tmp_path / "cheat.yaml"
    text = FIRST.read_text().replace("../../data", str(ROOT / "data"))
    start, end = text.index("strategy:"), text.index("tail:")
    config.write_text(text[:start] + "strategy: {use: 'cheat:Cheat'}\n" + "tail: none\n" if end else "")
    caught = call("lookahead", config, "--timerange", "20230101-20230201", "--points", "4")
    assert caught.exit_code == 4, caught.output
    assert "the past depends on the future" in caught.stderr


def test_show_config_says_where_each_value_comes_from_and_can_be_read_back(tmp_path):
    done = call("show-config", FIRST, "-S", "seed=9")
    assert "seed: 9  # -S" in done.stdout and "okx.yaml" in done.stdout
    again = tmp_path / "again.yaml"
    again.write_text(done.stdout)
    assert call("show-config", again, "--json").exit_code == 0


BROKEN = {
    "raises": ("def decide(seen, book, want, p):\n    return [][3]\n", "raises.py:2: error: IndexError"),
    "misspelt": ("def decide(seen, book, want, p):\n    return seen.closes\n", "did you mean 'seen.close'"),
    "nothing": ("def decides(seen, book, want, p):\n    return\n", "has no function `decide("),
    "syntax": ("def decide(seen, book, want, p)\n    return\n", "syntax.py:1:"),
    "infinite": (
        "from basisbt.strategy import hold\n\n\ndef decide(seen, book, want, p):\n    hold(want, 0, float('nan'))\n",
        "not a finite number",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_strategy_is_named_with_its_line(tmp_path, name):
    source, says = BROKEN[name]
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / f"{name}.py").write_text(source)
    config = tmp_path / "x.yaml"
    config.write_text(
        f"schema: 1\nname: x\nextends: [{RUNS}/02_textbook.yaml]\nstrategy: {{use: {name}, params: null}}\n"
    )
    done = call("run", config, *SHORT, "-o", tmp_path / "runs")
    assert done.exit_code in (1, 2) and says in done.stderr
    assert "Traceback" not in done.stderr and "internal" not in done.stderr
    assert not list(tmp_path.glob("runs/*/*"))


def test_a_backtrader_class_with_an_error_or_a_wrong_parameter_is_named(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import backtrader as bt\n\n\nclass Mine(bt.Strategy):\n    params = (('size', 1),)\n\n"
        "    def next(self):\n        raise ValueError('no')\n"
    )
    config = tmp_path / "x.yaml"
    text = f"schema: 1\nname: x\nextends: [{RUNS}/02_textbook.yaml]\nstrategy: {{use: 'mine:Mine', params: null}}\n"
    config.write_text(text)
    done = call("run", config, *SHORT, "-o", tmp_path / "runs")
    assert done.exit_code == 1 and "mine.py:8: error: ValueError: no" in done.stderr
    config.write_text(text.replace("params: null", "params: {sise: 2, enter_above: null, exit_below: null, lookback: null, notional: null, if_refused: null}"))  # fmt: skip
    done = call("run", config, *SHORT, "-o", tmp_path / "runs")
    assert done.exit_code == 2 and "did you mean 'size'" in done.stderr
