"""The job every peer does, its clock and its answer: one JSON line. Needs numpy only, whatever environment runs it.

One year of hours; at the close of bar 0 and every week after, all legs are opened or closed in turn at the next open
(long every even leg, short every odd one), so that positions turn over every two weeks: 53 orders a leg.
"""

import argparse
import json
import time

import numpy as np

WEEK = 24 * 7
QUANTITY = 2.0
FEE = 5e-4
CAPITAL = 1e6


def fills(bars):
    """(bar, +1 opening or -1 closing) of every fill of a leg: at the open of the bar after the decision."""
    return [(bar + 1, 1 if n % 2 == 0 else -1) for n, bar in enumerate(range(0, bars - 1, WEEK))]


def signed_size(leg, sign):
    """Base units of a fill; negative sells."""
    return QUANTITY * sign * (1 if leg % 2 == 0 else -1)


def run(peer, prepare):
    """Time a peer. prepare(data, paths, variant) -> (call, facts); call() does the whole job and returns its orders.

    The first call compiles and warms up; the best of the others counts.
    """
    arguments = argparse.ArgumentParser()
    arguments.add_argument("data")
    arguments.add_argument("--paths", type=int, default=1)
    arguments.add_argument("--repeat", type=int, default=5)
    arguments.add_argument("--variant", default="")
    chosen = arguments.parse_args()
    with np.load(chosen.data) as file:
        data = {name: file[name] for name in file.files}
    call, facts = prepare(data, chosen.paths, chosen.variant)
    orders = call()
    best = (float("inf"), 0.0)
    for _ in range(chosen.repeat):
        wall, cpu = time.perf_counter(), time.process_time()
        call()
        best = min(best, (time.perf_counter() - wall, time.process_time() - cpu))
    bars, legs = data["close"].shape
    answer = {"peer": peer, "variant": chosen.variant, "legs": legs, "paths": chosen.paths, "bars": bars * chosen.paths,
              "orders": orders, "seconds": best[0], "cpu_seconds": best[1], **facts}  # fmt: skip
    print(json.dumps(answer))
