"""Thinning: fewer points to draw, never fewer to count.

Knows a series and how many points a screen shows. Every extreme survives: in each bucket the first, the lowest, the
highest and the last point stay, so a spike of one bar is drawn as high as it was.
"""

import numpy as np

MOST = 1_600  # points of a drawn line


def kept(values, most: int = MOST) -> np.ndarray:
    """Indices of the points to draw, ascending; all of them where there are few. values: [n], NaN allowed."""
    y = np.asarray(values, float)
    if y.size <= most:
        return np.arange(y.size)
    edges = np.linspace(0, y.size, max(most // 4, 1) + 1).astype(int)
    chosen = {0, y.size - 1}
    for low, high in zip(edges[:-1], edges[1:]):
        part = y[low:high]
        chosen |= {low, high - 1}
        if not np.isnan(part).all():
            chosen |= {low + int(np.nanargmin(part)), low + int(np.nanargmax(part))}
    return np.array(sorted(chosen))


def thinned(times, values, most: int = MOST) -> tuple[list[str], list[float | None]]:
    """(moments, values) of a line to draw: ISO times, None where there is no value, six significant digits."""
    at = kept(values, most)
    y = np.asarray(values, float)[at]
    return moments(np.asarray(times)[at]), rounded(y)


def plain_times(column) -> np.ndarray:
    """[n] datetime64[s], UTC, of a column of a results frame."""
    return column.dt.tz_localize(None).to_numpy().astype("datetime64[s]")


def moments(times) -> list[str]:
    """Times as plotly reads them, UTC."""
    return [str(each).replace("T", " ") for each in np.asarray(times).astype("datetime64[s]")]


def rounded(values) -> list[float | None]:
    """Numbers for drawing: seven digits, None for what is not one."""
    return [float(f"{v:.7g}") if np.isfinite(v) else None for v in np.asarray(values, float)]
