"""Notes: what a run's metadata says beside the figures: warnings, quantised times, versions.

Knows worlds and events. Changes nothing of a run.
"""

import platform
import sys
from functools import lru_cache

import numpy as np

from basisbt import __version__
from basisbt.core.tape import MARK_HIGH, MARK_OPEN


def intrabar_warnings(world) -> list[str]:
    """Warn where a bar moves so far that liquidation inside it says more of the bar than of the market.

    MODEL.md section 2.7: 99th percentile of (adverse extreme / open - 1) over half the distance at target leverage.
    """
    found, rules = [], world.rules
    for p, i in enumerate(rules.short):
        move = world.panel.prices[:, MARK_HIGH, i] / world.panel.prices[:, MARK_OPEN, i] - 1.0
        wide = float(np.percentile(move, 99))
        distance = (1.0 / rules.leverage[p] - rules.mmr[i, 0]) / (1.0 + rules.mmr[i, 0])
        if wide > 0.5 * distance:
            venue, symbol = world.names.instruments[i]
            found.append(
                f"{venue} {symbol}: one bar in a hundred rises {wide:.1%} above its open, the liquidation at the "
                f"target leverage is {distance:.1%} away: a shorter timeframe would liquidate less often"
            )
    return found


def quantised(world) -> list[dict]:
    """Event times that did not fall on a bar's opening, and where they were moved."""
    out, seconds = [], world.rules.seconds
    for event in world.events:
        end = getattr(event, "end", None)
        if event.start % seconds or (end is not None and end % seconds):
            row = {"event": event.name, "start": event.start, "start_used": event.start - event.start % seconds}
            if end is not None:
                row.update(end=end, end_used=-(-end // seconds) * seconds)
            out.append(row)
    return out


def rule_changes(resolved) -> list[str]:
    """When other blocks of a venue's rules came into force inside the window, as `2024-10-24T00:00:00`."""
    return [str(np.datetime64(at, "s")) for at, _ in resolved.changes]


@lru_cache(maxsize=1)
def versions() -> dict:
    """Versions that a result depends on."""
    from importlib.metadata import version

    names = ("backtrader", "numpy", "pandas", "numba", "pyarrow")
    out = {"basisbt": __version__, "python": sys.version.split()[0], "platform": platform.machine()}
    return {**out, **{name: version(name) for name in names}}
