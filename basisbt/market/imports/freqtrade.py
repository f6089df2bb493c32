"""freqtrade: `user_data/data/<exchange>/BTC_USDT-1h.feather`, futures in `futures/BTC_USDT_USDT-1h-mark.feather`.

Names and columns as freqtrade's data handlers write them (freqtrade/data/history/datahandlers): date, open, high, low,
close, volume; feather, or JSON rows of the same. A funding_rate file has the rate in `open`; newer ones name an hour
as their timeframe and may hold rows of zeros between settlements.
"""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from basisbt.errors import DataError
from basisbt.market.imports.part import BARS, Part, first_line, milliseconds, numbers

_NAME = re.compile(
    r"([A-Za-z0-9]+)_([A-Za-z0-9]+)(?:_([A-Za-z0-9]+))?-(\d+[smhdw])(?:-(\w+))?\.(feather|json|json\.gz)"
)
KINDS = {
    None: "trade",
    "spot": "trade",
    "futures": "trade",
    "mark": "mark",
    "index": "index",
    "funding_rate": "funding",
}
VENUES = {"gateio": "gate", "binanceusdm": "binance", "htx": "htx", "huobi": "htx"}
COLUMNS = ("date", *BARS)


def parts(path: Path, venue: str | None, symbol: str | None) -> Iterator[Part]:
    """Every candle and funding file below a folder, or one file. DataError for one that cannot be read."""
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    for file in files:
        found = _NAME.fullmatch(file.name)
        if found is None or found[5] not in KINDS:
            continue
        base, quote, settle, timeframe, kind, form = found.groups()
        home = file.parent.parent if file.parent.name == "futures" else file.parent
        time, values = read(file, form)
        series = KINDS[kind]
        if series == "funding":
            time, values = settled(time, values[:, :1])
            values = np.column_stack([values, np.full(len(time), np.nan)])
        named = f"{base}/{quote}" + (f":{settle}" if settle else "")
        name = series if series == "funding" else f"{series}_{timeframe}"
        yield Part(venue or VENUES.get(home.name, home.name), symbol or named, name, file, time, values)


def read(file: Path, form: str) -> tuple[np.ndarray, np.ndarray]:
    """(ms, [N, 5]) of one file."""
    import pandas as pd

    try:
        if form == "feather":
            frame = pd.read_feather(file)
        else:
            text = gzip.decompress(file.read_bytes()) if form.endswith("gz") else file.read_bytes()
            frame = pd.DataFrame(json.loads(text), columns=list(COLUMNS))
    except (OSError, ValueError, ImportError) as error:
        raise DataError(f"{file}: cannot be read as {form} ({first_line(error)})") from None
    missing = [name for name in COLUMNS if name not in frame]
    if missing:
        raise DataError(f"{file}: no column {', '.join(missing)}; the file has {', '.join(map(str, frame.columns))}")
    if pd.api.types.is_datetime64_any_dtype(frame["date"]):
        date = frame["date"].dt.tz_localize(None) if frame["date"].dt.tz is not None else frame["date"]
        time = date.to_numpy().astype("datetime64[ms]").astype(np.int64)
    else:
        time = milliseconds(file, frame["date"])
    return time, numbers(file, {name: frame[name] for name in BARS})


def settled(time: np.ndarray, rates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Settlements alone: rows of zero that stand between the others were filled in."""
    paid = np.flatnonzero(rates[:, 0] != 0.0)
    if paid.size < 2 or paid.size == len(time):
        return time, rates
    usual = int(np.diff(time[paid]).min())
    keep = (rates[:, 0] != 0.0) | ((time - time[paid[0]]) % usual == 0)
    return time[keep], rates[keep]
