"""A sweep under fire: killed, short of disk, side by side with itself. What it leaves equals an undisturbed sweep's.

`BASISBT_KILLS=20` kills twenty times each way (`make thorough`); without it three times.
"""

import os
import random
import resource
import shutil
import signal
import subprocess
import time

import psutil
import pytest

from tests.support.sweeps import finish, gone, kill_all, results, start, workers_of, write_sweep

KILLS = int(os.environ.get("BASISBT_KILLS", "3"))


def test_kill_9_of_the_whole_sweep_loses_and_doubles_nothing(undisturbed, tmp_path):
    file, expected, seconds = undisturbed
    moments = random.Random(5)
    for _ in range(KILLS):
        process = start(file, tmp_path, "-j", 2)
        time.sleep(moments.uniform(0.3, seconds))
        kill_all(process)
        found = results(tmp_path)  # nothing half-written can be seen
        assert found.items() <= expected.items()
    process = start(file, tmp_path, "-j", 2)
    finish(process)
    assert process.returncode == 0 and results(tmp_path) == expected


def test_workers_end_when_the_sweep_is_killed_alone(undisturbed, tmp_path):
    file, expected, seconds = undisturbed
    process = start(file, tmp_path, "-j", 2)
    while not (below := workers_of(process.pid)) and process.poll() is None:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert gone(below)


def test_kill_9_of_a_worker_costs_a_retry_and_not_the_sweep(undisturbed, tmp_path):
    file, expected, seconds = undisturbed
    moments = random.Random(6)
    for k in range(KILLS):
        store = tmp_path / str(k)
        process = start(file, store, "-j", 2)
        time.sleep(moments.uniform(0.5, seconds))
        below = workers_of(process.pid)
        if below:
            with_one = moments.choice(below)
            if psutil.pid_exists(with_one):
                os.kill(with_one, signal.SIGKILL)
        told = finish(process)
        assert process.returncode == 0, told
        assert results(store) == expected


def test_a_cell_that_kills_its_worker_twice_has_failed_and_the_rest_goes_on(tmp_path):
    """A strategy that ends its process where the quantity is above 150: 6 of 12, at two leverages."""
    file = write_sweep(tmp_path)
    text = (tmp_path / "run.yaml").read_text().replace("use: static_carry", "use: ./deadly.py")
    (tmp_path / "run.yaml").write_text(text)
    (tmp_path / "deadly.py").write_text(
        "import os\nfrom dataclasses import dataclass\nfrom basisbt.strategy import hold\n\n\n"
        "@dataclass(frozen=True)\nclass Params:\n    quantity: float = 1.0\n\n\n"
        "def decide(seen, book, want, p):\n    if seen.now == 9 and p.quantity > 150.0:\n        os._exit(9)\n"
        "    hold(want, 0, 100.0 * p.quantity)\n"
    )
    process = start(file, tmp_path / "runs", "-j", 2, "--engine", "backtrader")
    finish(process)
    assert process.returncode == 1
    good = results(tmp_path / "runs")
    assert len(good) == 12  # 100, 110, … 150 at two leverages
    again = start(file, tmp_path / "runs", "-j", 2, "--engine", "backtrader", "--status")
    out = again.communicate(timeout=60)[0]
    assert "12 of 24 cells done, 12 failed, 0 left" in out


def test_ctrl_c_stops_at_once_and_the_same_command_goes_on(undisturbed, tmp_path):
    file, expected, seconds = undisturbed
    process = start(file, tmp_path, "-j", 2)
    while not workers_of(process.pid) and process.poll() is None:
        time.sleep(0.05)
    time.sleep(1.0)
    below = workers_of(process.pid)
    process.send_signal(signal.SIGINT)
    told = finish(process, 30)
    assert process.returncode in (0, 130) and "Traceback" not in told and gone(below)
    process = start(file, tmp_path, "-j", 1)
    finish(process)
    assert results(tmp_path) == expected


def test_two_sweeps_on_one_store_at_once_are_one_sweep(undisturbed, tmp_path):
    file, expected, seconds = undisturbed
    both = [start(file, tmp_path, "-j", 2), start(file, tmp_path, "-j", 1)]
    told = [finish(process) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert results(tmp_path) == expected


def test_a_full_disk_is_an_error_and_when_there_is_room_the_sweep_goes_on(undisturbed, tmp_path):
    """A store of 200 kB holds some of 24 runs of some 16 kB."""
    file, expected, seconds = undisturbed
    small = tmp_path / "small"
    small.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", small], capture_output=True)
    if done.returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        process = start(file, small, "-j", 1)
        told = finish(process)
        assert process.returncode == 1 and "No space left" in told and "goes on from here" in told
        part = results(small)
        assert 0 < len(part) < 24 and part.items() <= expected.items()
        shutil.copytree(small, tmp_path / "large")
    finally:
        subprocess.run(["umount", small], check=True)
    process = start(file, tmp_path / "large", "-j", 1)
    finish(process)
    assert process.returncode == 0 and results(tmp_path / "large") == expected


def test_a_file_that_may_not_grow_is_an_error_too(undisturbed, tmp_path):
    """The same with a limit on the size of a file (8 kB): the ledger meets it first."""
    file, expected, seconds = undisturbed
    limit = subprocess.Popen(
        [os.sys.executable, "-m", "basisbt", "sweep", str(file), "-o", str(tmp_path), "-q", "-j", "1"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8000, 8000)),
    )  # fmt: skip
    told = finish(limit)
    assert limit.returncode == 1 and "File too large" in told and "Traceback" not in told
    process = start(file, tmp_path, "-j", 1)
    finish(process)
    assert process.returncode == 0 and results(tmp_path) == expected


def test_a_store_that_can_only_be_read_is_refused_before_anything_runs(undisturbed, tmp_path):
    file, expected, seconds = undisturbed
    shut = tmp_path / "shut"
    shut.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro,size=100k", "tmpfs", shut], capture_output=True)
    if done.returncode:
        pytest.skip("a file system cannot be mounted here")
    try:
        process = start(file, shut, "-j", 1)
        told = finish(process)
        assert process.returncode in (1, 2) and ("cannot be written" in told) and "Traceback" not in told
    finally:
        subprocess.run(["umount", shut], check=True)
