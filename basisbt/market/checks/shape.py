"""The shape of one series: order, grid, prices, holes, runs that do not move, a last bar that was not finished.

Knows one series at a time. A gap is as long as what is missing, a stale run as many bars as repeat the one before.
"""

import numpy as np

from basisbt.market.checks.finding import ERROR, WARNING, Finding
from basisbt.market.checks.series import Series
from basisbt.market.grid import moment
from basisbt.market.quality import PRICES

STALE_BARS, STALE_SECONDS = 4, 6 * 3600  # shorter runs are a quiet market
LONG = 7 * 86400  # a hole from which on a series is hardly the same
AROUND = 15  # settlements whose usual distance is looked at


def check_shape(series: Series, recorded: int) -> list[Finding]:
    """Findings of one series. recorded: seconds UTC at which its file was written."""
    found = order(series)
    if found:
        return found  # what follows needs rows in order
    if series.kind == "funding":
        return [*gaps(series)]
    return [*grid(series), *prices(series), *gaps(series), *stale(series), *unfinished(series, recorded)]


def order(series: Series) -> list[Finding]:
    """Rows that repeat a time or go back."""
    steps = np.diff(series.time)
    found = []
    for bad, words in ((steps == 0, "repeat a time"), (steps < 0, "are before the row above")):
        rows = np.flatnonzero(bad) + 1
        if rows.size:
            at = int(series.time[rows[0]])
            told = f"{rows.size:,} rows {words}, the first is row {rows[0]}"
            found.append(Finding(ERROR, *series.where, "order", at, at, float(rows.size), told))
    return found


def grid(series: Series) -> list[Finding]:
    """Bars that open off their timeframe's grid."""
    off = np.flatnonzero(series.time % series.step)
    if not off.size:
        return []
    at = int(series.time[off[0]])
    told = f"{off.size:,} bars open off the grid, the first at {moment(at)}"
    return [Finding(ERROR, *series.where, "grid", at, int(series.time[off[-1]]), float(off.size), told)]


def prices(series: Series) -> list[Finding]:
    """Bars whose prices cannot be."""
    c = series.columns
    if series.kind == "close":
        good = (c["close"] > 0.0) & (c["close"] < np.inf)
    elif series.kind == "premium":
        good = np.isfinite(c["close"])
    else:
        opened, high, low, close = (c[name] for name in PRICES)
        good = (low > 0.0) & (low <= opened) & (low <= close) & (opened <= high) & (close <= high) & (high < np.inf)
    bad = np.flatnonzero(~good)
    if not bad.size:
        return []
    at = int(series.time[bad[0]])
    told = f"{bad.size:,} bars with impossible prices, the first at {moment(at)} (row {bad[0]})"
    return [Finding(ERROR, *series.where, "prices", at, int(series.time[bad[-1]]), float(bad.size), told)]


def usual_distance(time: np.ndarray) -> np.ndarray:
    """[N - 1] the usual distance of settlements around each one: a running median, so that an interval may change."""
    apart = np.diff(time).astype(float)
    half = AROUND // 2
    padded = np.pad(apart, half, mode="edge")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, AROUND), axis=1) if apart.size else apart


def gaps(series: Series) -> list[Finding]:
    """Holes between rows."""
    time = series.time // 60 * 60
    apart = np.diff(time)
    usual = np.full(apart.size, float(series.step)) if series.step else usual_distance(time)
    found = []
    for at in np.flatnonzero(apart > 1.5 * usual):
        missing = float(apart[at] - usual[at])
        since, until = int(time[at] + usual[at]), int(time[at + 1])
        rows = round(missing / usual[at])
        told = f"{span(missing)} missing ({rows:,} rows) from {moment(since)} to {moment(until)}"
        severity = ERROR if missing >= LONG else WARNING
        found.append(Finding(severity, *series.where, "gap", since, until, missing, told))
    return found


def stale(series: Series) -> list[Finding]:
    """Runs of bars that repeat one price throughout."""
    if series.kind not in ("trade", "mark") or series.time.size < 2:
        return []
    opened, high, low, close = (series.columns[name] for name in PRICES)
    flat = (opened == high) & (high == low) & (low == close)
    repeats = np.concatenate([[False], flat[1:] & (close[1:] == close[:-1])])
    least = max(STALE_BARS, STALE_SECONDS // series.step)
    found = []
    for first, last in runs(repeats):
        count = last - first + 1
        if count >= least:
            since, until = int(series.time[first]), int(series.time[last] + series.step)
            told = f"{count:,} bars stand at {close[first]:.10g} from {moment(since)} to {moment(until)}"
            found.append(Finding(WARNING, *series.where, "stale", since, until, float(count), told))
    return found


def unfinished(series: Series, recorded: int) -> list[Finding]:
    """A last bar that ends after its file was written, or that is far too thin."""
    end = int(series.time[-1]) + series.step
    told = f"the last bar ({moment(end - series.step)}) ends after the file was written ({moment(recorded)})"
    if end > recorded:
        return [Finding(ERROR, *series.where, "unfinished", end - series.step, end, 0.0, told)]
    volume = series.columns.get("volume")
    if volume is None or volume.size < 100 or series.kind != "trade":
        return []
    usual = np.sort(volume[-25 * max(1, 86400 // series.step) : -1])
    if volume[-1] < 0.25 * usual[usual.size // 100]:  # a quarter of what one bar in a hundred has
        last, typical = f"{volume[-1]:.4g}", f"{np.median(usual):.4g}"
        told = f"the last bar ({moment(end - series.step)}) has {last} of volume, usual are {typical}"
        return [Finding(WARNING, *series.where, "unfinished", end - series.step, end, 0.0, told)]
    return []


def runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """(first, last) index of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2])]


def span(seconds: float) -> str:
    """A duration as people say it."""
    days, hours = seconds / 86400.0, seconds / 3600.0
    return f"{days:.3g} d" if days >= 2 else f"{hours:.3g} h" if hours >= 1 else f"{seconds / 60.0:.3g} min"


