"""Differences between two setups, second minus first, with 95 % intervals: on the same draws, or on independent ones.

Knows two arrays of one number per path. Same draws: path i of one and path i of the other met the same world, and the
interval is that of the path-by-path differences (for ES of the differences of influence), so what both share cancels.
Refuses to know how the draws were made: claim `paired` only where it is so.

Equal laws, n = 5,000, 2,000 repetitions: 0 lies inside in 94.7-96.2 % for mean, ES 95 and ES 99, independent or paired
(normal of correlation 0.9; the desk's law of tail.py with half of the paths shared). Where 95 % of the paths are the
same to the cent, ES 99 rests on a handful that differ and covers 99 %: too wide, never too narrow. Unequal laws (2 and
3 % defaults on common draws): 94.9 % for ES 95, 95.9 % for ES 99.
"""

import math

import numpy as np

from basisbt.measures.intervals import Figure, checked, effective_n, t_quantile
from basisbt.measures.tail import few, influence, tail_count


def _pair(a, b, weight):
    a, w = checked(a, weight)
    b, _ = checked(b)
    if a.shape != b.shape:
        raise ValueError("paired samples must have the same paths")
    return a, b, w


def paired_mean(a, b, weight=None) -> Figure:
    """Mean of b - a over the same n paths, t interval; unit of the values. [0, 0] for identical inputs."""
    a, b, w = _pair(a, b, weight)
    gap = b - a
    value = float(gap.mean() if w is None else (w * gap).mean())
    psi = gap - value if w is None else w * (gap - value)
    return _figure(value, psi, effective_n(a.size, w), "paired difference of means, t", None, not gap.any())


def paired_es(a, b, p: float, weight=None) -> Figure:
    """ES of losses b minus ES of losses a over the same n paths, a fraction of capital; positive: b is worse.

    t with the tail's degrees of freedom on the differences of influence. [0, 0] for identical inputs.
    """
    a, b, w = _pair(a, b, weight)
    first, _, psi_a = influence(a, p, w)
    second, _, psi_b = influence(b, p, w)
    count = min(tail_count(a, p, w), tail_count(b, p, w))
    name, same = "paired difference of ES, influence t", np.array_equal(a, b)
    return _figure(second - first, psi_b - psi_a, count, name, few(count), same)


def _figure(value, psi, size, name, note, same):
    n = psi.size
    if same:
        return Figure(0.0, 0.0, 0.0, n, name, note)
    error = math.sqrt(float((psi**2).mean()) / max(n - 1, 1))
    if size < 2.0:
        return Figure(value, None, None, n, name, note or f"too few ({n})")
    half = t_quantile(size - 1.0) * error if error > 0.0 else 0.0
    return Figure(value, value - half, value + half, n, name, note)


def independent_mean(a, b, weight_a=None, weight_b=None) -> Figure:
    """Mean of b minus mean of a, drawn independently ([n] and [m]), Welch's t. n of the figure: the smaller."""
    parts = []
    for values, weight in ((a, weight_a), (b, weight_b)):
        x, w = checked(values, weight)
        centre = float(x.mean() if w is None else (w * x).mean())
        parts.append((centre, x - centre if w is None else w * (x - centre), effective_n(x.size, w)))
    return _welch(parts, "independent difference of means, Welch t", None)


def independent_es(a, b, p: float, weight_a=None, weight_b=None) -> Figure:
    """ES of losses b minus ES of losses a, drawn independently ([n] and [m]); positive: b is worse. Welch's t."""
    parts, counts = [], []
    for values, weight in ((a, weight_a), (b, weight_b)):
        value, _, psi = influence(values, p, weight)
        counts.append(tail_count(values, p, weight))
        parts.append((value, psi, counts[-1]))
    return _welch(parts, "independent difference of ES, Welch t", few(min(counts)))


def _welch(parts, name, note):
    (first, psi_a, size_a), (second, psi_b, size_b) = parts
    n = min(psi_a.size, psi_b.size)
    value = second - first
    if min(size_a, size_b) < 2.0:
        return Figure(value, None, None, n, name, note or f"too few ({n})")
    errors = np.array([float((psi**2).mean()) / (psi.size - 1) for psi in (psi_a, psi_b)])
    if not errors.any():
        return Figure(value, value, value, n, name, note)
    df = errors.sum() ** 2 / (errors[0] ** 2 / (size_a - 1.0) + errors[1] ** 2 / (size_b - 1.0))
    half = t_quantile(float(df)) * math.sqrt(float(errors.sum()))
    return Figure(value, value - half, value + half, n, name, note)
