"""Paths of strategies that are not compiled, in worker processes, and workers that fail."""

import os
import subprocess
import sys

import numpy as np
import pytest

import basisbt
from basisbt.errors import RunError
from basisbt.studies.paths import Worker, run_paths
from basisbt.studies.tails import path_job
from tests.support.samples import MONTHS, PATHS, busy

DAYS = "20230101-20230111"
CLASS = """import backtrader as bt


class Mine(bt.Strategy):
    def next(self):
        if len(self) == 5:
            self.buy(data=self.datas[0], size=2.0)
"""
TEXT = """from dataclasses import dataclass

from basisbt.strategy import hold


@dataclass
class Memory:
    bars: int = 0


def decide(seen, book, want, p):
    book.memory.bars += 1
    if book.memory.bars == 5 and f"{book.equity:.0f}" != "0":
        hold(want, 0, 0.5 * book.equity)
"""
REFUSED = """from basisbt.strategy import hold


def decide(seen, book, want, p):
    sizes = sorted([1.0, 0.5 * book.equity], key=abs, reverse=True)
    if book.notional[0] == 0.0:
        hold(want, 0, sizes[0])
"""
FAILS = """def decide(seen, book, want, p):
    text = f"{book.equity:.0f}"
    if text != "0" and not seen.withdrawals_open[0]:
        raise ValueError("frozen")
"""
UNGUARDED = f"""import basisbt

basisbt.run({str(PATHS)!r}, timerange={MONTHS!r}, paths=4, jobs=2, engine="backtrader")
"""


@pytest.fixture
def config(tmp_path):
    """config(file, source, use): a config beside a strategy of one's own."""

    def write(source, use="mine"):
        (tmp_path / "strategies").mkdir(exist_ok=True)
        (tmp_path / "strategies" / "mine.py").write_text(source)
        path = tmp_path / "mine.yaml"
        text = f"schema: 1\nname: mine\nextends: [{PATHS}]\nstrategy: {{use: '{use}', params: null}}\n"
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize(
    ("source", "use", "why"),
    [(CLASS, "mine:Mine", "Mine is a Backtrader class"), (TEXT, "mine", "mine.py:13: decide is not compiled: ")],
    ids=["a Backtrader class", "a decide with text in it"],
)
def test_what_is_not_compiled_runs_its_paths_in_workers_and_says_why(config, source, use, why):
    prepared = busy(config=config(source, use), paths=3, timerange=DAYS)
    job = path_job(prepared)
    rows = run_paths(job, 1)
    assert not job.compiled and rows["fills"].min() > 0  # every path begins with a memory of its own
    assert run_paths(job, 2).tobytes() == rows.tobytes()
    assert Worker(job).run([2, 1, 0])[::-1].tobytes() == rows.tobytes()
    meta = basisbt.run(config(source, use), timerange=DAYS, paths=1, jobs=1).meta["paths"]
    assert meta["engine"] == "backtrader, worker processes" and why in meta["why_not_compiled"]


# Was a bug: what only Numba itself refuses is an internal error, not a slower run.
def test_a_decide_that_only_the_compiler_refuses_still_runs_its_paths(config):
    done = basisbt.run(config(REFUSED), timerange=DAYS, paths=1, jobs=1)
    assert done.meta["paths"]["engine"] == "backtrader, worker processes"
    assert "sorted" in done.meta["paths"]["why_not_compiled"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_strategy_that_fails_on_a_path_is_named_with_path_and_line(config, jobs):
    """Path 0 goes well, so that the failure comes from a worker."""
    prepared = busy("tail.sample.withdrawal_freeze.rate=6/y", config=config(FAILS), paths=12, timerange=DAYS)
    with pytest.raises(RunError) as caught:
        run_paths(path_job(prepared), jobs)
    path = int(str(caught.value).split(":")[0].removeprefix("path "))
    assert path > 0 and f"`--path {path}` runs it alone" in str(caught.value)
    assert "mine.py:4: error: ValueError: frozen" in str(caught.value)
    drawn = Worker(path_job(prepared)).draws.draw(path).events
    assert any(event.kind == "withdrawal_freeze" and event.name.split()[1] == "okx" for event in drawn)


def test_progress_counts_what_is_done(config):
    told = []
    prepared = busy(config=config(CLASS, "mine:Mine"), paths=3, timerange=DAYS)
    rows = run_paths(path_job(prepared), 1, lambda *progress: told.append(progress))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)] and np.array_equal(rows["path"], [0, 1, 2])


# Was a bug: workers that die while they start leave the parent waiting for ever.
def test_workers_that_die_while_they_start_end_the_run(tmp_path):
    """A worker started fresh dies before it has read its job: so must we, and say so.

    The job of two months does not fit into a pipe: who writes it to a worker that is gone waits for a reader.
    """
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\nif any('spawn_main' in word for word in sys.orig_argv):\n    os._exit(3)\n"
    )
    script, said = tmp_path / "script.py", tmp_path / "said.txt"
    script.write_text(UNGUARDED)
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    with open(said, "w") as file:
        process = subprocess.Popen([sys.executable, script], stdout=file, stderr=file, env={**os.environ, "PYTHONPATH": path})
        try:
            assert process.wait(timeout=90.0) == 1
        finally:
            process.kill()
            process.wait()
    assert "a worker process ended without a word" in said.read_text()
