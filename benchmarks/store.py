"""The run store: listing and filtering many finished cells, and what the index costs when it is built.

    python benchmarks/store.py                  # 100,000 runs, some minutes and 2 GB of disk
    python benchmarks/store.py --runs 10000

The runs are copies of one real cell with other figures and another leverage, 50,000 of each of two names.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from basisbt.places import packaged
from basisbt.studies.sweeps.sweep import sweep


def fill(store: Path, count: int) -> None:
    """A store of so many runs."""
    with tempfile.TemporaryDirectory() as place:
        config = packaged("configs", "runs", "01_btc_carry.yaml")
        done = sweep(config, {"seed": [1]}, ["data.timeframe=8h"], out=place, jobs=1)
        folder = Path(place) / "btc-carry" / done.best()["key"]
        metrics = json.loads((folder / "metrics.json").read_text())
        config, meta = (folder / "config.yaml").read_text(), (folder / "meta.json").read_text()
    for k in range(count):
        run = store / ("one" if k % 2 else "two") / f"{k:016x}"
        run.mkdir(parents=True)
        metrics["sharpe"], metrics["pnl"] = k / count, float(k)
        (run / "metrics.json").write_text(json.dumps(metrics))
        (run / "meta.json").write_text(meta)
        (run / "config.yaml").write_text(config.replace('leverage: "5x"', f'leverage: "{2 + k % 7}x"'))


def timed(*words: str) -> tuple[float, int]:
    """(seconds, lines on stdout) of the command."""
    before = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "basisbt", *words], capture_output=True, text=True, check=True)
    return time.perf_counter() - before, done.stdout.count("\n")


def main() -> None:
    """Fill, build, ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000)
    count = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), count)
        built, _ = timed("ls", "-o", folder)
        listed, _ = timed("ls", "-o", folder)
        some, rows = timed("ls", "-o", folder, "--where", "sharpe > 0.999 and pairs.btc.short.leverage = 4", "--csv")
        print(f"{count:,} runs: index built in {built:.1f} s ({built / count * 1e3:.2f} ms a run), "
              f"listed in {listed:.2f} s, filtered to {rows - 1} in {some:.2f} s")  # fmt: skip


if __name__ == "__main__":
    main()
