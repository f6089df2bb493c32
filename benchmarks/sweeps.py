"""Sweeps: two processes against one, what a cell costs beyond its run, and whether the parent's memory stays flat.

    python benchmarks/sweeps.py            # some minutes
    python benchmarks/sweeps.py --cells 200

"The run itself" is a cell resolved, prepared and run in this process, nothing written. Compile first (it does).
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from basisbt.places import packaged
from basisbt.studies.sweeps.cell import run_one
from basisbt.studies.sweeps.plan import cells_of
from basisbt.studies.sweeps.sweep import job_of, plan_of

CONFIG = packaged("configs", "runs", "01_btc_carry.yaml")
PATHS = packaged("configs", "runs", "05_paths.yaml")


def command(config, axes, jobs: int, out: Path, *more) -> tuple[float, int]:
    """(seconds, most memory of the parent in MB) of a sweep from the shell."""
    before = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "basisbt", "sweep", str(config), *axes, "-j", str(jobs), "-o", str(out), "-q", *more],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    most = 0
    while process.poll() is None:
        time.sleep(0.2)
        try:
            words = Path(f"/proc/{process.pid}/statm").read_text().split()
            most = max(most, int(words[1]) * resource.getpagesize() // 1_000_000)
        except (OSError, IndexError, ValueError):
            pass
    if process.returncode:
        sys.exit(f"the sweep failed with {process.returncode}")
    return time.perf_counter() - before, most


def alone(config, axes, count: int) -> float:
    """Seconds a cell of the runs themselves."""
    file, fixed = plan_of(config, None, [text for text in axes if text != "-S"])
    job = job_of(file, fixed, {}, "compiled", None, False, 1)
    cells = cells_of(file)[: count + 1]
    run_one(job, cells[0])
    before = time.perf_counter()
    for cell in cells[1:]:
        run_one(job, cell)
    return (time.perf_counter() - before) / len(cells[1:])


def main() -> None:
    """Run all and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=2000)
    cells = parser.parse_args().cells
    step = 8.0 / cells
    levels = f"2%..{2 + step * (cells - 1):.6f}%:{step:.6f}%"
    axes = ["-S", f"strategy.params.enter_above={levels}", "-S", "data.timeframe=8h"]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        one_run = alone(CONFIG, axes, 100)
        one, memory = command(CONFIG, axes, 1, out / "one")
        two, memory_two = command(CONFIG, axes, 2, out / "two")
        again, _ = command(CONFIG, axes, 2, out / "two")
        _, memory_few = command(CONFIG, axes, 2, out / "few", "--max-hours", "0.002")
        print(f"{cells:,} small cells (history of 1,095 bars): a run itself {one_run * 1e3:.1f} ms")
        each = one / cells
        print(f"  one process  {one:6.1f} s, {each * 1e3:.1f} ms a cell: {(each - one_run) * 1e3:.1f} ms beyond it")
        print(f"  two          {two:6.1f} s, {one / two:.2f} times as fast; all known already {again:.1f} s")
        print(f"  memory of the parent {memory_two} MB, {memory_few} MB after a few seconds' worth of cells")
        heavy = ["-S", "pairs.btc.short.leverage=2x..6x:0.25x", "-S", "tail.sample.paths=1000"]
        one, _ = command(PATHS, heavy, 1, out / "heavy1")
        two, _ = command(PATHS, heavy, 2, out / "heavy2")
        print(f"17 cells of 1,000 paths: one process {one:.1f} s, two {two:.1f} s: {one / two:.2f} times as fast")
    print(f"{os.cpu_count()} cores")


if __name__ == "__main__":
    main()
