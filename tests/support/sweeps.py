"""A small sweep over prices that hardly move: 24 cells of 240 bars, a few milliseconds each, and its store as bytes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.stories.test_incidents import CONFIG
from tests.stories.test_rules_from_config import flat, rates

SWEEP = """\
schema: 1
kind: sweep
name: small
base: run.yaml
axes:
  pairs.btc.short.leverage: [2x, 3x]
  strategy.params.quantity: {from: 100, to: 210, step: 10}
rank_by: {metric: pnl}
"""


def write_sweep(folder: Path, text: str = SWEEP, tail: str = "none") -> Path:
    """The sweep's file, its base and its market data."""
    for place in ("a/BTC-USDT/trade_1h", "b/BTC-USDT_USDT/trade_1h", "b/BTC-USDT_USDT/mark_1h"):
        flat(folder, place)
    rates(folder, "b", 0.0001)
    (folder / "run.yaml").write_text(CONFIG.replace("TAIL", tail).replace("quantity: 500", "quantity: 100"))
    (folder / "sweep.yaml").write_text(text)
    return folder / "sweep.yaml"


def start(file: Path, store: Path, *more: str, **options) -> subprocess.Popen:
    """The command, in a process group of its own; Ctrl-C is not ignored in it."""
    words = [sys.executable, "-m", "basisbt", "sweep", str(file), "-o", str(store), "-q", *map(str, more)]
    return subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler), **options,
    )  # fmt: skip


def finish(process: subprocess.Popen, seconds: float = 120.0) -> str:
    """Wait for it; what it wrote on stderr."""
    return process.communicate(timeout=seconds)[1]


def results(store: Path) -> dict[str, bytes]:
    """{run: metrics.json} of every run in a store. A folder that can be seen is whole, or this fails."""
    found = {}
    for folder in store.glob("*/*"):
        if folder.name.startswith(".") or folder.parent.name.startswith(".") or folder.parent.name == "small":
            continue  # not yet in place, or the sweep's own folder
        text = (folder / "metrics.json").read_bytes()
        json.loads(text), json.loads((folder / "meta.json").read_text())
        found[folder.name] = text
    return found


def workers_of(parent: int) -> list[int]:
    """Processes that run cells for a sweep: the descendants that listen for work."""
    import psutil

    try:
        below = psutil.Process(parent).children(recursive=True)
        return [each.pid for each in below if "spawn_main" in " ".join(each.cmdline())]
    except psutil.Error:
        return []


def gone(pids, seconds: float = 15.0) -> bool:
    """Whether all these processes end within a time."""
    import psutil

    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not any(alive(psutil, pid) for pid in pids):
            return True
        time.sleep(0.1)
    return False


def alive(psutil, pid: int) -> bool:
    """Whether a process runs, a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def kill_all(process: subprocess.Popen) -> None:
    """kill -9 of a command and everything it started."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
