"""The inventory: what a data directory holds, series by series.

Knows files and their timestamps. Judges no price; a file it cannot read is listed with the reason.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from basisbt.errors import DataError
from basisbt.market.files import read_sheet
from basisbt.market.instruments import symbol_of_folder
from basisbt.market.store import available

BUCKETS = 16  # of the coverage chart

if TYPE_CHECKING:
    import pandas


def index_frame(directory: Path) -> "pandas.DataFrame":
    """A pandas DataFrame, one row per series: venue, symbol, series, rows, first, last, gaps, missing, problem, filled.

    `first` and `last` are timestamps (UTC); a gap is a distance between rows above 1.5 times the usual one, and
    `missing` how many usual distances are lacking altogether. `problem` is empty for a readable file. `filled` has the
    share of rows that are there in each of BUCKETS equal parts of the time that the whole directory covers.
    """
    import pandas

    rows, seconds = [], []
    for place in sorted(Path(directory).glob("*/*/")):
        venue, symbol = place.parent.name, symbol_of_folder(place.name)
        for series, path in available(directory, venue, symbol).items():
            second, problem = _seconds(path)
            rows.append({"venue": venue, "symbol": symbol, "series": series, **_entry(second), "problem": problem})
            seconds.append(second)
    columns = ["venue", "symbol", "series", "rows", "first", "last", "gaps", "missing", "problem", "filled"]
    there = [each for each in seconds if each.size]
    if there:
        edges = np.linspace(min(each[0] for each in there), max(each[-1] for each in there) + 1, BUCKETS + 1)
        for row, second in zip(rows, seconds):
            row["filled"] = _filled(second, edges)
    return pandas.DataFrame(rows, columns=columns)


def _filled(second: np.ndarray, edges: np.ndarray) -> list[float]:
    if second.size < 2:
        return [float(second.size and a <= second[0] < b) for a, b in zip(edges[:-1], edges[1:])]
    counts = np.histogram(second, edges)[0]
    usual = float(np.median(np.diff(second))) or 1.0
    return np.minimum(counts * usual / np.diff(edges), 1.0).tolist()


def _seconds(path: Path) -> tuple[np.ndarray, str]:
    """(times in order, seconds UTC; why it cannot be read)."""
    try:
        sheet = read_sheet(path, ())
    except DataError as error:
        return np.zeros(0, np.int64), str(error)
    return np.sort(sheet.stamp // sheet.per_second), ""


def _entry(second: np.ndarray) -> dict:
    import pandas

    if not second.size:
        return {"rows": 0, "first": pandas.NaT, "last": pandas.NaT, "gaps": 0, "missing": 0}
    first, last = (pandas.Timestamp(int(at), unit="s", tz="UTC") for at in (second[0], second[-1]))
    steps = np.diff(second)
    usual = float(np.median(steps)) if steps.size else 0.0
    late = steps[steps > 1.5 * usual] if usual else steps[:0]
    missing = int(np.sum(np.round(late / usual) - 1)) if usual else 0
    return {"rows": second.size, "first": first, "last": last, "gaps": late.size, "missing": missing}
