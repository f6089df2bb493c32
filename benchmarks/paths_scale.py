"""Ten thousand paths and more: wall time and memory of `basisbt run`, generation and statistics included.

    python benchmarks/paths_scale.py [--paths 100,1000,10000] [-j 2]

Six legs on three venues, a year of hours, a bootstrapped market, freezes, defaults, gaps and funding shocks
(configs/six_legs_sampled.yaml). Each number of paths runs in a process of its own with the compiled loop on disk
already. Memory is the largest resident set of any one process, and the sum over all of them at its largest. Each path
is run two to four times, for what its events cost.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONFIG = Path(__file__).resolve().parent / "configs" / "six_legs_sampled.yaml"


def resident(pid: int) -> dict[int, float]:
    """{process: MB} of a process and all below it."""
    parents, sizes = {}, {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:
            continue
        if "VmRSS" in fields:
            parents[int(fields["Pid"])] = int(fields["PPid"])
            sizes[int(fields["Pid"])] = float(fields["VmRSS"].split()[0]) / 1024.0
    family = {pid}
    while True:
        more = {child for child, parent in parents.items() if parent in family} - family
        if not more:
            return {each: sizes[each] for each in family if each in sizes}
        family |= more


def run(paths: int, jobs: int) -> tuple[float, float, float]:
    """(seconds, MB of the largest process, MB of all) of one run."""
    with tempfile.TemporaryDirectory() as store:
        call = [sys.executable, "-m", "basisbt", "run", CONFIG, "-q", "-o", store]
        call += ["--paths", str(paths), "-j", str(jobs)]
        start, largest, together = time.perf_counter(), 0.0, 0.0
        with subprocess.Popen(call, stdout=subprocess.DEVNULL) as process:
            while process.poll() is None:
                sizes = resident(process.pid)
                largest, together = max([largest, *sizes.values()]), max(together, sum(sizes.values()))
                time.sleep(0.1)
        if process.returncode:
            raise SystemExit(f"the run of {paths} paths failed with {process.returncode}")
        return time.perf_counter() - start, largest, together


def main():
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--paths", default="100,1000,10000")
    arguments.add_argument("-j", "--jobs", type=int, default=2)
    chosen = arguments.parse_args()
    run(2, 1)  # compiles
    print(f"{'paths':>8} {'seconds':>9} {'paths/s':>9} {'largest MB':>11} {'all MB':>8}")
    for paths in map(int, chosen.paths.split(",")):
        seconds, largest, together = run(paths, chosen.jobs)
        print(f"{paths:>8,} {seconds:>9.1f} {paths / seconds:>9,.0f} {largest:>11,.0f} {together:>8,.0f}", flush=True)


if __name__ == "__main__":
    main()
