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

if TYPE_CHECKING:
    import pandas


def index_frame(directory: Path) -> "pandas.DataFrame":
    """A pandas DataFrame, one row per series: venue, symbol, series, rows, first, last, gaps, missing, problem.

    `first` and `last` are timestamps (UTC); a gap is a distance between rows above 1.5 times the usual one, and
    `missing` how many usual distances are lacking altogether. `problem` is empty for a readable file.
    """
    import pandas

    rows = []
    for place in sorted(Path(directory).glob("*/*/")):
        venue, symbol = place.parent.name, symbol_of_folder(place.name)
        for series, path in available(directory, venue, symbol).items():
            rows.append({"venue": venue, "symbol": symbol, "series": series, **_entry(path)})
    columns = ["venue", "symbol", "series", "rows", "first", "last", "gaps", "missing", "problem"]
    return pandas.DataFrame(rows, columns=columns)


def _entry(path: Path) -> dict:
    import pandas

    try:
        sheet = read_sheet(path, ())
    except DataError as error:
        nothing = {"rows": 0, "first": pandas.NaT, "last": pandas.NaT, "gaps": 0, "missing": 0}
        return {**nothing, "problem": str(error)}
    second = np.sort(sheet.stamp // sheet.per_second)
    first, last = (pandas.Timestamp(int(at), unit="s", tz="UTC") for at in (second[0], second[-1]))
    steps = np.diff(second)
    usual = float(np.median(steps)) if steps.size else 0.0
    late = steps[steps > 1.5 * usual] if usual else steps[:0]
    missing = int(np.sum(np.round(late / usual) - 1)) if usual else 0
    return {"rows": sheet.rows, "first": first, "last": last, "gaps": late.size, "missing": missing, "problem": ""}
