"""Peers: what one series says beside the others of its coin: the clock, the level, single prices, mark and basis.

Knows closes on a common grid. A series is compared with those that are as fine as itself; who is wrong is who differs
from most. Currencies that stand for a dollar are taken to be one.
"""

from typing import NamedTuple

import numpy as np

from basisbt.market.checks.finding import ERROR, WARNING, Finding
from basisbt.market.checks.series import Series
from basisbt.market.checks.shape import runs
from basisbt.market.grid import moment

DOLLARS = ("USD", "USDT", "USDC", "BUSD", "FDUSD")
HOURS = 12  # how far a clock may be off
ENOUGH = 200  # bars that two series must share
BETTER = 0.15  # by how much a correlation must be better to move a clock
ALIKE, UNLIKE = 0.6, 0.3  # correlation of returns of the same coin, and of what is another
LEVEL = 0.20
OUTLIER, SPREADS, SHORT = 0.05, 25.0, 3  # size, in units of the usual distance, and bars at most
BASIS, BASIS_BARS = 0.05, 24
MARK = 0.05


class Pair(NamedTuple):
    """How well b fits a: correlation of returns at no lag, at the best lag, that lag in seconds, ratio of prices."""

    plain: float
    best: float
    lag: int
    ratio: float


def check_peers(series: list[Series]) -> list[Finding]:
    """Findings from comparing all series of one coin. Their rows are in order."""
    priced = [s for s in series if s.kind in ("trade", "mark", "index", "close") and s.time.size >= ENOUGH]
    found = []
    for one in priced:
        others = [s for s in priced if s is not one and s.step <= one.step and comparable(one, s)]
        found += against(one, others)
    by_place: dict[tuple[str, str], dict[tuple[str, int], Series]] = {}
    for s in priced:
        by_place.setdefault((s.venue, s.symbol), {})[s.kind, s.step] = s
    for kinds in by_place.values():
        for (kind, step), trade in kinds.items():
            if kind == "trade" and ("mark", step) in kinds:
                found += marks(trade, kinds["mark", step])
    return [*found, *basis(priced)]


def comparable(a: Series, b: Series) -> bool:
    """Same coin, quoted in what is worth a dollar."""
    return a.base == b.base and quote(a) in DOLLARS and quote(b) in DOLLARS


def quote(series: Series) -> str:
    """The quote currency."""
    return series.symbol.partition("/")[2].partition(":")[0]


def against(one: Series, others: list[Series]) -> list[Finding]:
    """The clock, the level and the outliers of one series beside its peers."""
    fits = [(other, fit) for other in others if (fit := fitted(one, other)) is not None]
    if not fits:
        return []
    lags, counts = np.unique([fit.lag for _, fit in fits], return_counts=True)
    lag = int(lags[counts.argmax()])
    ratio = float(np.median([fit.ratio for _, fit in fits]))
    plain = float(np.median([fit.plain for _, fit in fits]))
    best = float(np.median([fit.best for _, fit in fits]))
    unlike = np.mean([fit.best < UNLIKE for _, fit in fits])  # shares of the peers, or the fault is theirs
    elsewhere = np.mean([abs(np.log(fit.ratio)) > LEVEL for _, fit in fits])
    names = ", ".join(f"{o.venue} {o.symbol} {o.name}" for o, _ in fits[:3])
    severity = ERROR if len(fits) > 1 else WARNING
    ends = int(one.time[0]), int(one.time[-1])
    if lag and best > plain + BETTER and best > ALIKE and counts.max() > 0.5 * len(fits):
        way = "back" if lag > 0 else "forward"
        told = f"moved {abs(lag) / 3600:g} h {way} it fits {best:.2f} to {names}, as it is {plain:.2f}"
        return [Finding(severity, *one.where, "shift", *ends, abs(lag) / 3600.0, told)]
    if unlike > 0.5:
        told = f"returns correlate {best:.2f} with {names}"
        return [Finding(severity, *one.where, "symbol", *ends, 0.0, told)]
    if elsewhere > 0.5:
        told = f"prices are {ratio:.4g} times those of {names}"
        return [Finding(severity, *one.where, "level", *ends, float(ratio), told)]
    return outliers(one, [other for other, _ in fits])


def fitted(one: Series, other: Series) -> Pair | None:
    """How another series fits this one, on this one's grid; None where they share too little."""
    reach = HOURS * 3600 // one.step
    closes = on_grid(other, one)
    shared = np.isfinite(closes)
    if shared.sum() < ENOUGH:
        return None
    mine, theirs = returns(one.columns["close"], one), returns(closes, one)
    plain = correlation(mine, theirs)
    if plain > 0.9:
        return Pair(plain, plain, 0, ratio_of(one, closes))
    lags = [k for k in range(-reach, reach + 1) if k]
    if other.step == one.step and lags:
        scores = {k: correlation(mine, moved(theirs, k)) for k in lags}
        lag = max(scores, key=scores.get)
        if scores[lag] > plain + BETTER:
            return Pair(plain, scores[lag], lag * one.step, ratio_of(one, closes))
    return Pair(plain, plain, 0, ratio_of(one, closes))


def on_grid(other: Series, one: Series) -> np.ndarray:
    """[N] the close of another series at the end of each bar of this one, NaN where it has none."""
    wanted = one.time + one.step - other.step
    at = np.searchsorted(other.time, wanted)
    at[at == other.time.size] = 0
    return np.where(other.time[at] == wanted, other.columns["close"][at], np.nan)


def returns(closes: np.ndarray, series: Series) -> np.ndarray:
    """[N] log return of each bar, NaN at the first and after a hole."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.concatenate([[np.nan], np.diff(np.log(closes))])
    found[1:][np.diff(series.time) != series.step] = np.nan
    return np.clip(found, -0.2, 0.2)  # one wild bar must not decide


def moved(values: np.ndarray, bars: int) -> np.ndarray:
    """The same, so many bars later (earlier when negative), NaN where nothing comes in."""
    out = np.full(values.size, np.nan)
    if bars > 0:
        out[bars:] = values[:-bars]
    else:
        out[:bars] = values[-bars:]
    return out


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation where both are known; 0 where that is too little or nothing moves."""
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < ENOUGH // 2:
        return 0.0
    x, y = a[both] - a[both].mean(), b[both] - b[both].mean()
    size = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / size) if size > 0.0 else 0.0


def ratio_of(one: Series, closes: np.ndarray) -> float:
    """The usual ratio of prices."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(np.nanmedian(one.columns["close"] / closes))


def outliers(one: Series, others: list[Series]) -> list[Finding]:
    """Closes that are far from all others for a bar or a few, and back at once."""
    table = np.array([on_grid(other, one) for other in others])
    known = np.isfinite(table).any(axis=0)
    middle = np.full(one.time.size, np.nan)
    middle[known] = np.nanmedian(table[:, known], axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        off = np.log(one.columns["close"] / middle)
    usual = np.nanmedian(off)
    spread = max(float(np.nanmedian(np.abs(off - usual))), 1e-5)
    far = np.nan_to_num(np.abs(off - usual)) > max(OUTLIER, SPREADS * spread)
    found = []
    for first, last in runs(far):
        if last - first + 1 <= SHORT:
            at = int(one.time[first])
            size = 100.0 * float(np.expm1(np.abs(off[first : last + 1] - usual).max()))
            told = f"the close at {moment(at)} is {size:.3g} % off the others"
            found.append(Finding(WARNING, *one.where, "outlier", at, int(one.time[last] + one.step), size, told))
    return found


def marks(trade: Series, mark: Series) -> list[Finding]:
    """Marks far outside of what was traded in the same bar."""
    shared, i, j = np.intersect1d(trade.time, mark.time, assume_unique=True, return_indices=True)
    if shared.size < ENOUGH:
        return []
    high, low = trade.columns["high"][i], trade.columns["low"][i]
    close = mark.columns["close"][j]
    beyond = np.maximum(close / high - 1.0, low / close - 1.0)
    found = []
    for first, last in runs(beyond > MARK):
        at, size = int(shared[first]), 100.0 * float(beyond[first : last + 1].max())
        told = f"the mark at {moment(at)} is {size:.3g} % outside of what was traded"
        found.append(Finding(WARNING, *mark.where, "mark", at, int(shared[last] + mark.step), size, told))
    return found


def basis(priced: list[Series]) -> list[Finding]:
    """Derivative trades far from the venue's own spot for a day or more."""
    spots = {(s.venue, s.base, s.step): s for s in priced if s.kind == "trade" and ":" not in s.symbol}
    found = []
    for one in priced:
        spot = spots.get((one.venue, one.base, one.step))
        if one.kind != "trade" or ":" not in one.symbol or "-" in one.symbol or spot is None:
            continue
        if not comparable(one, spot):
            continue
        with np.errstate(invalid="ignore", divide="ignore"):
            off = np.log(one.columns["close"] / on_grid(spot, one))
        for first, last in runs(np.nan_to_num(np.abs(off)) > BASIS):
            if (last - first + 1) * one.step >= BASIS_BARS * 3600:
                size = 100.0 * float(np.expm1(np.nanmax(np.abs(off[first : last + 1]))))
                at, end = int(one.time[first]), int(one.time[last] + one.step)
                told = f"up to {size:.3g} % from the venue's spot from {moment(at)} to {moment(end)}"
                found.append(Finding(WARNING, *one.where, "basis", at, end, size, told))
    return found
