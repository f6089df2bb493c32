"""Bars a second of the loop over paths, beside other engines, a loop written by hand, and stock Backtrader.

    python benchmarks/paths_per_second.py [--repeat 5] [--peers vectorbt,lrvx,nautilus] [--json]

Job: one year of hours of the bundled sample, two legs or six, opened and closed in turn every week at market. A bar is
a time step of a path, whatever the number of legs. basisbt runs whole paths through `PathRunner`: funding, margin and
liquidation tests, equity three ways, digest and all; the peers do what they do (see each file in `peers/`), each in an
environment of its own, made under the cache folder when it is missing. `floor` is a loop written by hand for the two
legs; its final equity is checked against basisbt's. All take turns in one run, the best of `--repeat` rounds counts.
Making overlays (draws, events) is timed apart. What grows with the number of paths is measured by paths_scale.py.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

import numpy as np
from bars_per_second import stock

from basisbt.core.tape import CLOSE, HIGH, LOW, OPEN, VOLUME
from basisbt.engines.paths import PathRunner
from basisbt.studies.paths import Worker
from basisbt.studies.prepare import prepare
from basisbt.studies.tails import path_job

HERE = Path(__file__).resolve().parent
CONFIGS = {2: HERE / "configs" / "two_legs.yaml", 6: HERE / "configs" / "six_legs.yaml"}
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "basisbt-bench"
PEERS = {
    "vectorbt": ("vectorbt==1.2", "vectorbt_orders.py", "numba", 100),
    "lrvx": ("lrvx==0.11", "lrvx_engine.py", "", 50),
    "nautilus": ("nautilus_trader==1.221", "nautilus.py", "", 1),
}  # requirement, worker, variant, paths a call
OURS = {"weekly": [], **{name: [f"strategy={{use: {name}}}"] for name in ("static_carry", "cash_and_carry")}}


def world_of(legs: int, overrides=()):
    """The benchmark's world with the parameters of compiled code."""
    prepared = prepare(CONFIGS[legs], overrides)
    return prepared.world.without(params=prepared.loaded.record)


def environment(name: str) -> Path | str:
    """The Python of a peer's environment, made when it is missing; a text says why it cannot be had."""
    folder = CACHE / name
    python = folder / "bin" / "python"
    if not (folder / "ready").is_file():
        print(f"installing {PEERS[name][0]}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        done = subprocess.run([python, "-m", "pip", "install", "-q", PEERS[name][0], "numpy", "pandas"],
                              capture_output=True, text=True)  # fmt: skip
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["pip failed"])[-1]
        (folder / "ready").touch()
    return python


def export(legs: int, folder: str) -> str:
    """The market of the job as the peers read it."""
    panel, file = world_of(legs).panel, f"{folder}/{legs}.npz"
    fields = {"open": OPEN, "high": HIGH, "low": LOW, "close": CLOSE, "volume": VOLUME}
    np.savez(file, time=panel.time, **{k: np.ascontiguousarray(panel.prices[:, f]) for k, f in fields.items()})
    return file


def peer(python: Path, name: str, file: str) -> float:
    """Bars a second of a peer, by its own clock: the best of two calls after one to warm up."""
    _, worker, variant, paths = PEERS[name]
    call = [python, HERE / "peers" / worker, file, "--paths", str(paths), "--repeat", "2", "--variant", variant]
    done = subprocess.run(call, capture_output=True, text=True, cwd=HERE / "peers")
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no word"])[-1])
    answer = json.loads(done.stdout.strip().splitlines()[-1])
    return answer["bars"] / answer["seconds"]


def rate(call, bars: int, times: int = 20) -> float:
    """Bars a second of the best of several calls."""
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return bars / best


def own_jobs() -> dict:
    """{(what, legs): call that gives bars a second} of basisbt, the floor and stock Backtrader."""
    sys.path.insert(0, str(HERE / "peers"))
    import floor

    jobs = {}
    for legs in CONFIGS:
        for name, overrides in OURS.items():
            world = world_of(legs, overrides)
            runner = PathRunner(world)
            row = runner.run(world.overlay)
            jobs[f"basisbt {name}", legs] = lambda r=runner, w=world: rate(lambda: r.run(w.overlay), w.bars)
            if (name, legs) == ("weekly", 2):
                arguments = floor.arguments(world, world.params["quantity"])
                equity, _, fills, _ = floor.floor(*arguments)
                assert abs(equity / row["final_equity"] - 1.0) < 1e-12 and fills == row["fills"]
                jobs["floor", legs] = lambda a=arguments, w=world: rate(lambda: floor.floor(*a), w.bars)
        jobs["stock Backtrader", legs] = lambda n=legs, b=world.bars: rate(lambda: stock(n), b, 1)
    return jobs


def peer_jobs(names, folder: str) -> tuple[dict, dict]:
    """(the same of the peers, {peer: why it was not measured})."""
    jobs, missing = {}, {}
    files = {legs: export(legs, folder) for legs in CONFIGS}
    for name in names:
        python = environment(name)
        if isinstance(python, str):
            missing[name] = python
            continue
        for legs, file in files.items():
            jobs[name, legs] = lambda p=python, n=name, f=file: peer(p, n, f)
    return jobs, missing


def measure(jobs: dict, missing: dict, repeat: int) -> dict:
    """{job: best bars a second}, all jobs in turn in every round; what fails is moved to `missing`."""
    best = dict.fromkeys(jobs, 0.0)
    for _ in range(repeat):
        for job in list(best):
            try:
                best[job] = max(best[job], jobs[job]())
            except RuntimeError as error:
                missing[job[0]] = str(error)
                del best[job]
    return best


def generation() -> dict:
    """Microseconds to draw a path of six legs with everything that is sampled, and to make its overlay."""
    prepared = prepare(HERE / "configs" / "six_legs_sampled.yaml")
    draws = Worker(path_job(prepared), prepared.loaded).draws
    drawn = [draws.draw(path) for path in range(300)]
    overlays = 1.0 / rate(lambda: [draws.overlay(each) for each in drawn], 300, 3)
    return {"draw_us": 1e6 / rate(lambda: [draws.draw(k) for k in range(300)], 300, 3), "overlay_us": 1e6 * overlays}


def table(best: dict) -> list[dict]:
    """A row per job: bars a second, nanoseconds a bar, and how many times basisbt's `weekly` is as fast."""
    rows = []
    for (what, legs), bars in sorted(best.items(), key=lambda item: (item[0][1], -item[1])):
        ratio = best["basisbt weekly", legs] / bars
        row = {"what": what, "legs": legs, "bars_per_second": bars, "ns_per_bar": 1e9 / bars, "basisbt_is": ratio}
        rows.append(row)
    return rows


def goals(best: dict, peers) -> list[str]:
    """The project's goals beside what was measured, two legs."""
    fastest = max((best[name, 2], name) for name in peers if (name, 2) in best) if peers else None
    told = []
    for job in ("basisbt weekly", "basisbt static_carry"):
        mine = best[job, 2]
        if fastest:
            told.append(f"{job}: {mine / fastest[0]:.2f} x {fastest[1]}, the fastest peer (goal 2)")
        told.append(f"{job}: {best['floor', 2] / mine:.1f} x slower than the floor (goal at most 12)")
        told.append(f"{job}: {mine / best['stock Backtrader', 2]:,.0f} x stock Backtrader (goal 300)")
    return told


def main():
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--repeat", type=int, default=5)
    arguments.add_argument("--peers", default=",".join(PEERS))
    arguments.add_argument("--json", action="store_true")
    chosen = arguments.parse_args()
    names = [name for name in chosen.peers.split(",") if name]
    with tempfile.TemporaryDirectory() as folder:
        jobs, missing = peer_jobs(names, folder)
        best = measure({**own_jobs(), **jobs}, missing, chosen.repeat)
    rows, made = table(best), generation()
    if chosen.json:
        print(json.dumps({"rows": rows, "generation": made, "not_measured": missing, "goals": goals(best, names)}))
        return
    print(f"{'what':<24} {'legs':>4} {'bars/s':>14} {'ns/bar':>10} {'basisbt weekly is':>18}")
    for r in rows:
        print(f"{r['what']:<24} {r['legs']:>4} {r['bars_per_second']:>14,.0f} {r['ns_per_bar']:>10,.1f} "
              f"{r['basisbt_is']:>16,.2f} x")  # fmt: skip
    print("making a path: draw {draw_us:.0f} us, overlay {overlay_us:.0f} us".format(**made))
    print("\n".join([*goals(best, names), *(f"not measured: {name}: {why}" for name, why in missing.items())]))


if __name__ == "__main__":
    main()
