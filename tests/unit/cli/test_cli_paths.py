"""Sampled paths from the command line: what is said where, one path alone, and what an interruption leaves behind."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from basisbt.cli.main import app
from tests.support.samples import PATHS, busy_words

COMMAND = [Path(sys.executable).parent / "basisbt"]
NAME = "btc-carry-paths"
RUN = ["run", PATHS, *busy_words(), "--paths", "20", "-j", "1"]
LONG = ["run", PATHS, *busy_words(), "--paths", "1000000", "-j", "2"]
FEW = "run", PATHS, "--timerange", "20230101-20230111", "--paths", "3", "-j", "1"


def call(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """(the store, what the first run said)."""
    store = tmp_path_factory.mktemp("cli") / "runs"
    return store, call(*RUN, "-o", store)


@pytest.fixture
def paths(asked):
    (file,) = asked[0].glob(f"{NAME}/*/paths.parquet")
    return pd.read_parquet(file)


class Terminal:
    """A command in a session of its own, its stderr a terminal, so that progress shows."""

    def __init__(self, command, *words, stdout):
        self.screen, screen = pty.openpty()
        words = [*command, *map(str, words)]
        self.process = subprocess.Popen(words, stdout=stdout, stderr=screen, start_new_session=True)
        os.close(screen)
        self.said = ""

    def hear(self, seconds=0.02):
        with suppress(OSError):  # the terminal is gone when nobody writes to it any more
            if select.select([self.screen], [], [], seconds)[0]:
                self.said += os.read(self.screen, 65536).decode()

    def until(self, happened, seconds=240.0):
        deadline = time.monotonic() + seconds
        while not happened():
            self.hear()
            assert time.monotonic() < deadline and self.process.poll() is None, self.said

    def end(self, seconds=20.0):
        """Its exit code; everything it says until then is heard."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < deadline:
            self.hear()
        self.hear(0.2)
        return self.process.poll()

    def alive(self):
        """Pids of its session that run; one that waits to be reaped does not."""
        found = []
        for place in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                state, _, _, session = place.read_text().rpartition(")")[2].split()[:4]
                if int(session) == self.process.pid and state not in "ZX":
                    found.append(int(place.parent.name))
        return found

    def close(self):
        for pid in self.alive():
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.screen)


@pytest.fixture
def terminal(tmp_path):
    """terminal(words): started; whatever it started is gone after the test."""
    started = []

    def start(*words, command=COMMAND):
        started.append(Terminal(command, *words, stdout=open(tmp_path / "stdout", "w")))
        return started[-1]

    yield start
    for each in started:
        each.close()


def left_in(store):
    return [place for place in store.rglob("*") if not place.is_dir() or "." in place.name] if store.exists() else []


def gone(shell, seconds=5.0):
    """Whether all its processes end within some seconds."""
    deadline = time.monotonic() + seconds
    while shell.alive() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not shell.alive()


def test_run_shows_what_the_paths_say(asked):
    store, done = asked
    assert done.exit_code == 0, done.stderr
    for words in ("sampled: 20 paths of 1,416 bars, market: bootstrap, compiled loop", "mean P&L, USD", "VaR 95 %",
                  "ES 99 %", "probability of ruin", "break-even default rate", "too few (1)"):  # fmt: skip
        assert words in done.stdout
    assert "Traceback" not in done.stderr and (next(store.glob(f"{NAME}/*")) / "paths.parquet").is_file()


def test_the_same_question_is_answered_from_the_store_and_another_number_of_paths_is_not(asked, paths):
    store, _ = asked
    again = call(*RUN, "-o", store)
    assert "cached" in again.stdout and "sampled: 20 paths" in again.stdout
    assert len(list(store.glob(f"{NAME}/*/paths.parquet"))) == 1 and len(paths) == 20


def test_json_is_all_there_is_on_stdout(asked, paths):
    done = call(*RUN, "-o", asked[0], "--json")
    out = json.loads(done.stdout)
    assert out["metrics"]["paths"]["n"] == 20 and out["meta"]["paths"]["engine"] == "compiled loop"
    assert out["metrics"]["paths"]["pnl"]["value"] == pytest.approx(paths["pnl"].mean())
    assert set(out["metrics"]["paths"]["es_99"]) == {"value", "low", "high", "n", "estimator", "note"}


@pytest.mark.parametrize("which", ["3", "worst"])
def test_one_path_alone_has_its_journal_in_a_folder_of_its_own(asked, paths, which):
    path = int(paths["pnl"].argmin()) if which == "worst" else 3
    done = json.loads(call(*RUN, "-o", asked[0], "--path", which, "--json").stdout)
    assert done["metrics"]["path"] == path and done["metrics"]["pnl"] == pytest.approx(paths["pnl"][path])
    assert done["metrics"]["journal_digest"] == paths["journal_digest"][path] == done["metrics"]["paths_digest"]
    folder = Path(done["folder"])
    assert folder.name.endswith(f"-path-{path}") and (folder / "journal.parquet").is_file()
    assert "cached" in call(*RUN, "-o", asked[0], "--path", which).stdout


# Was a bug: a run's key begins the keys of its paths too, so it names several runs.
def test_a_run_is_still_found_by_its_key_after_one_of_its_paths_ran_alone(asked):
    done = json.loads(call(*RUN, "-o", asked[0], "--json").stdout)
    call(*RUN, "-o", asked[0], "--path", "1")
    found = call("journal", done["metrics"]["key"], "-o", asked[0], "--json")
    assert found.exit_code == 0, found.stderr


@pytest.mark.parametrize(
    ("which", "says"),
    [("99", "--path: found 99, expected 0 to 19"), ("-1", "--path: found -1, expected 0 to 19"),
     ("x", "--path: found 'x', expected a number or `worst`")],
)  # fmt: skip
def test_a_path_that_is_not_there_is_a_usage_error(asked, which, says):
    done = call(*RUN, "-o", asked[0], "--path", which)
    assert done.exit_code == 2 and says in done.stderr and done.stdout == ""


@pytest.mark.parametrize("words", [["--paths", "0"], ["--paths", "many"], ["-j", "0"]])
def test_numbers_that_cannot_be_are_usage_errors(tmp_path, words):
    done = call(*RUN, "-o", tmp_path / "runs", *words)
    assert done.exit_code == 2 and not (tmp_path / "runs").exists()


def test_one_path_of_a_config_without_a_sample_is_a_usage_error(tmp_path):
    done = call("run", PATHS.parent / "01_btc_carry.yaml", "-o", tmp_path, "--path", "3")
    assert done.exit_code == 2 and "--path needs sampled paths" in done.stderr and "--paths N" in done.stderr


def test_what_is_not_compiled_says_so_and_why_on_stderr(tmp_path):
    (tmp_path / "mine.py").write_text("import backtrader as bt\n\n\nclass Mine(bt.Strategy):\n    pass\n")
    config = tmp_path / "x.yaml"
    config.write_text(
        f"schema: 1\nname: x\nextends: [{PATHS}]\nstrategy: {{use: 'mine:Mine', params: null}}\n"
    )  # fmt: skip
    done = call("run", config, *FEW[2:], "-o", tmp_path / "runs")
    assert done.exit_code == 0, done.stderr
    said = "paths run through Backtrader in worker processes, about 30 times slower: "
    assert said + "Mine is a Backtrader class" in done.stderr and said not in done.stdout
    assert "not compiled: Mine is a Backtrader class" in done.stdout
    assert call("run", config, *FEW[2:], "-o", tmp_path / "runs", "-q", "--force").stderr == ""


def test_progress_is_on_stderr_only(terminal, tmp_path):
    shell = terminal(*RUN, "-o", tmp_path / "runs")
    assert shell.end(240.0) == 0
    assert "20 of 20 paths, " in shell.said and " a second, " in shell.said
    said = (tmp_path / "stdout").read_text()
    assert "sampled: 20 paths" in said and "20 of 20" not in said and "\x1b" not in said


# Was a bug: basisbt/__main__.py has no main guard: workers run the command and die.
def test_python_dash_m_runs_paths_in_several_processes(terminal, tmp_path):
    shell = terminal(*LONG, "--paths", "4", "-o", tmp_path / "runs", command=[sys.executable, "-m", "basisbt"])
    assert shell.end(120.0) == 0
    assert "4 of 4 paths" in shell.said and "bootstrapping" not in shell.said


def test_an_interrupted_run_leaves_no_folder_and_no_process(terminal, tmp_path):
    shell = terminal(*LONG, "-o", tmp_path / "runs")
    shell.until(lambda: " of 1,000,000 paths" in shell.said)
    workers = set(shell.alive()) - {shell.process.pid}
    assert len(workers) >= 2
    shell.process.send_signal(signal.SIGINT)
    assert shell.end() == 130, shell.said
    assert "error: interrupted" in shell.said and "Traceback" not in shell.said
    assert gone(shell) and left_in(tmp_path / "runs") == [] and (tmp_path / "stdout").read_text() == ""


def test_a_run_interrupted_in_one_process_leaves_nothing_either(terminal, tmp_path):
    shell = terminal(*LONG, "-j", "1", "-o", tmp_path / "runs")
    shell.until(lambda: " of 1,000,000 paths" in shell.said)
    os.killpg(shell.process.pid, signal.SIGINT)
    assert shell.end() == 130 and "Traceback" not in shell.said
    assert gone(shell) and left_in(tmp_path / "runs") == []


def imports_numpy(pid):
    with suppress(OSError):
        return "_multiarray_umath" in Path(f"/proc/{pid}/maps").read_text()
    return False


# Was a bug: Ctrl-C reaches workers that start before they ignore it: a traceback each.
def test_ctrl_c_while_workers_start_shows_no_traceback(terminal, tmp_path):
    """A terminal sends Ctrl-C to all processes of the group; here as soon as a worker has begun to import."""
    shell = terminal(*LONG, "-o", tmp_path / "runs")
    shell.until(lambda: any(imports_numpy(pid) for pid in shell.alive() if pid != shell.process.pid))
    os.killpg(shell.process.pid, signal.SIGINT)
    assert shell.end() == 130 and gone(shell)
    assert "Traceback" not in shell.said


# Was a bug: workers of a run that is terminated stay for ever, 200 MB each.
def test_a_terminated_run_takes_its_workers_with_it(terminal, tmp_path):
    shell = terminal(*LONG, "-o", tmp_path / "runs")
    shell.until(lambda: " of 1,000,000 paths" in shell.said)
    shell.process.terminate()
    assert shell.end() is not None
    assert gone(shell)
