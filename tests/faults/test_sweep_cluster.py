"""A Dask scheduler and workers as separate processes on loopback: the same results as one process alone."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

import basisbt
from basisbt.studies.prepare import code_digest
from basisbt.studies.sweeps.cell import Refused, prepared_cell, run_one
from basisbt.studies.sweeps.plan import cells_of
from basisbt.studies.sweeps.shipping import lacking, pack, unpacked
from basisbt.studies.sweeps.sweep import job_of, plan_of
from tests.support.sweeps import finish, kill_all, results, start, workers_of


@contextlib.contextmanager
def running(*words, **more):
    """A command in a process group of its own, killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True, **more,
    )  # fmt: skip
    try:
        yield process
    finally:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def scheduler():
    """The address of a scheduler."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with running("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard"):
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield f"tcp://127.0.0.1:{port}"


def test_two_workers_one_killed_in_the_middle_one_joining_late(undisturbed, scheduler, tmp_path):
    file, expected, _ = undisturbed
    with running("basisbt", "worker", scheduler, "-j", 1) as first:
        process = start(file, tmp_path, "--scheduler", scheduler)
        while not results(tmp_path) and process.poll() is None:
            time.sleep(0.02)
        kill_all(first)
        with running("basisbt", "worker", scheduler, "-j", 1):
            told = finish(process)
    assert process.returncode == 0, told
    assert results(tmp_path) == expected


def test_workers_that_join_after_the_sweep_has_begun_do_it(undisturbed, scheduler, tmp_path):
    file, expected, _ = undisturbed
    process = start(file, tmp_path, "--scheduler", scheduler)
    time.sleep(2.0)
    with running("basisbt", "worker", scheduler, "-j", 2):
        told = finish(process)
    assert process.returncode == 0, told
    assert results(tmp_path) == expected


def test_a_worker_with_other_code_gets_nothing_to_do(undisturbed, scheduler, tmp_path):
    file, expected, _ = undisturbed
    package = Path(basisbt.__file__).parent
    other = tmp_path / "other"
    shutil.copytree(package, other / "basisbt", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("strategies", "configs", "data"):
        (other / name).symlink_to(package.parent / name)
    with open(other / "basisbt" / "core" / "funding.py", "a") as source:
        source.write("# edited\n")
    with running("basisbt", "worker", scheduler, "-j", 1, cwd=other, env={**os.environ, "PYTHONPATH": str(other)}):
        time.sleep(3.0)
        alone = subprocess.run(
            [sys.executable, "-m", "basisbt", "sweep", str(file), "-o", str(tmp_path / "refused"), "--scheduler", scheduler],
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert alone.returncode == 1 and "other code here: digest" in alone.stderr and code_digest() in alone.stderr
        with running("basisbt", "worker", scheduler, "-j", 1):
            process = start(file, tmp_path / "runs", "--scheduler", scheduler)
            told = finish(process)
    assert process.returncode == 0, told
    assert results(tmp_path / "runs") == expected


def test_nobody_at_an_address_is_an_error(undisturbed, tmp_path):
    process = start(undisturbed[0], tmp_path, "--scheduler", "tcp://127.0.0.1:9")
    told = finish(process)
    assert process.returncode == 1 and "nobody answers" in told and "Traceback" not in told


@pytest.fixture
def job(undisturbed):
    """(job, cells) of the small sweep, its market data by digest."""
    file, _ = plan_of(undisturbed[0], None, [])
    job = job_of(file, [], {}, "backtrader", None, False, 1)
    cells = cells_of(file)
    first = prepared_cell(job, cells[0])
    digests = first.kept.digests(first.world.notes["panel"].files)
    return replace(job, digests=tuple(sorted(digests.items()))), cells


def test_other_data_or_none_is_refused_and_nothing_else_fails(job):
    job, cells = job
    name, digest = job.digests[0]
    with pytest.raises(Refused, match="other data here"):
        run_one(replace(job, digests=((name, "0" * 32),)), cells[0])
    with pytest.raises(Refused, match="cannot be read here"):
        run_one(replace(job, digests=(("/nowhere/trade_1h.csv", digest),)), cells[0])
    assert lacking((("/nowhere/trade_1h.csv", digest), (name, digest))) == ["/nowhere/trade_1h.csv"]


def test_what_is_shipped_gives_the_same_answer_from_another_folder(undisturbed, job, tmp_path, monkeypatch):
    """The strategy's file and the market's are unpacked elsewhere; the run's files are the same, byte for byte."""
    job, cells = job
    monkeypatch.setenv("BASISBT_CACHE", str(tmp_path / "cache"))
    here = run_one(job, cells[3])
    shipment = pack(job, Path(prepared_cell(job, cells[3]).resolved.spec.data.dir), None)
    there = unpacked(shipment)
    assert all(Path(name).is_relative_to(tmp_path / "cache") for name, _ in there.digests)
    answer = run_one(there, cells[3])
    assert answer.status == "done" and answer.texts["metrics.json"] == here.texts["metrics.json"]
    assert unpacked(shipment) == there  # the second time nothing is written
    assert workers_of(os.getpid()) == []
