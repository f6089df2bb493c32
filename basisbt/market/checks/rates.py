"""Funding: when a venue settles, how often, in which unit, and where the rate stands at its limit.

Knows settlements of one series. Sources of the clocks: KuCoin and BitMEX settle at 04, 12 and 20 UTC, the other venues
with eight hours at 00, 08 and 16; where a venue is not named here any steady clock is taken to be its own.
"""

import numpy as np

from basisbt.market.checks.finding import ERROR, NOTE, WARNING, Finding
from basisbt.market.checks.series import Series
from basisbt.market.checks.shape import runs, usual_distance
from basisbt.market.grid import moment

HOUR = 3600
CLOCK = {"kucoin": 4, "bitmex": 4, "binance": 0, "okx": 0, "bybit": 0, "gate": 0, "htx": 0, "mexc": 0, "bitget": 0}
LARGE = 0.003  # |rate| per eight hours, in the median: 330 % a year; as percent, a tenth of a basis point is normal
CAP_ROWS = 3
STEADY = 8  # settlements that an interval must last to be one


def check_rates(series: Series) -> list[Finding]:
    """Findings about the rates and stamps of one funding series whose rows are in order."""
    if series.time.size < 10:
        return []
    return [*settlements(series), *intervals(series), *units(series), *caps(series)]


def settlements(series: Series) -> list[Finding]:
    """Stamps off the hour, and a clock that is not the venue's."""
    time = series.time // 60 * 60
    off = np.flatnonzero(time % HOUR)
    found = []
    if off.size:
        at = int(time[off[0]])
        told = f"{off.size:,} of {time.size:,} settlements are not on the hour, the first at {moment(at)}"
        found.append(Finding(WARNING, *series.where, "settlement", at, int(time[off[-1]]), float(off.size), told))
    hours = time // HOUR
    slow = np.concatenate([[False], np.abs(usual_distance(time) - 8 * HOUR) < HOUR])
    if slow.sum() < 10:
        return found
    phases, counts = np.unique(hours[slow] % 8, return_counts=True)
    phase = int(phases[counts.argmax()])
    clock = ", ".join(f"{(phase + k) % 24:02d}" for k in (0, 8, 16))
    wanted = CLOCK.get(series.venue)
    if wanted is not None and phase != wanted:
        shift = (phase - wanted + 4) % 8 - 4
        told = f"settles at {clock} UTC; {series.venue} settles {abs(shift)} h {'earlier' if shift > 0 else 'later'}"
        found.append(Finding(ERROR, *series.where, "shift", int(time[0]), int(time[-1]), float(abs(shift)), told))
    elif phase:
        found.append(Finding(NOTE, *series.where, "clock", 0, 0, float(phase), f"settles at {clock} UTC"))
    stray = np.flatnonzero(slow & (hours % 8 != phase))
    if stray.size:
        at = int(time[stray[0]])
        told = f"{stray.size:,} settlements off {clock} UTC, the first at {moment(at)}"
        found.append(Finding(WARNING, *series.where, "settlement", at, int(time[stray[-1]]), float(stray.size), told))
    return found


def intervals(series: Series) -> list[Finding]:
    """Where the distance of settlements changes for good."""
    time = series.time // 60 * 60
    hours = np.round(usual_distance(time) / HOUR)
    found, edges = [], [0, *(np.flatnonzero(np.diff(hours)) + 1), hours.size]
    steady = [(a, hours[a]) for a, b in zip(edges[:-1], edges[1:]) if b - a >= STEADY]
    for (_, before), (at, after) in zip(steady[:-1], steady[1:]):
        if before != after:
            when = int(time[at])
            told = f"settles every {after:g} h from {moment(when)} on, every {before:g} h before"
            found.append(Finding(NOTE, *series.where, "interval", when, when, float(after), told))
    return found


def units(series: Series) -> list[Finding]:
    """Rates that can only be per cent."""
    rate = series.columns["funding_rate"]
    usual = float(np.median(usual_distance(series.time))) / (8 * HOUR)
    middle = float(np.median(np.abs(rate[np.isfinite(rate)]))) / max(usual, 1e-9)
    if middle <= LARGE:
        return []
    told = f"the median rate is {middle:.4g} per eight hours: {middle * 1095:,.0%} a year as a fraction"
    return [Finding(ERROR, *series.where, "units", 0, 0, middle / 1e-4, told)]


def caps(series: Series) -> list[Finding]:
    """Runs at the most extreme rate of all."""
    rate = series.columns["funding_rate"]
    found = []
    for extreme, words in ((np.nanmax(rate), "highest"), (np.nanmin(rate), "lowest")):
        longest = [(a, b) for a, b in runs(rate == extreme) if b - a + 1 >= CAP_ROWS]
        if longest and abs(extreme) > 2.0 * np.nanmedian(np.abs(rate)):
            rows = sum(b - a + 1 for a, b in longest)
            first, last = int(series.time[longest[0][0]]), int(series.time[longest[-1][1]])
            told = f"stands at its {words} rate, {extreme:.4%}, for {rows:,} settlements in {len(longest)} runs"
            found.append(Finding(NOTE, *series.where, "cap", first, last, float(rows), told))
    return found
