"""Downloads from the loopback exchange, without waiting, and what they should have brought."""

import numpy as np

from basisbt.market.download import client as clients
from basisbt.market.download.dialects import DIALECTS
from basisbt.market.download.job import Wish, download
from basisbt.market.download.series import Asked, fetch_series
from basisbt.market.download.series_names import read_series
from basisbt.market.files import read_sheet
from basisbt.market.instruments import folder

LATE = 1 << 42  # ms: whatever there is
SPOT, SWAP = "BTC/USDT", "BTC/USDT:USDT"
PRICES = ("open", "high", "low", "close")


def no_waiting(monkeypatch, pages=None):
    """Pauses take no time; `pages`: so many rows a page at most, so that small worlds have many."""
    monkeypatch.setattr(clients, "sleep", lambda seconds: None)
    if pages is not None:
        for name, dialect in DIALECTS.items():
            small = dialect._replace(candles=pages, funding=min(dialect.funding, max(2, pages // 4)))
            monkeypatch.setitem(DIALECTS, name, small)


def fetch(directory, server, venue, symbol, *series, since=0, until=LATE, **options):
    """A job of one instrument's series; snapshots only if asked for."""
    start = since or server.truth.market(venue, symbol).listed
    wishes = [Wish(venue, symbol, name, start, until) for name in series]
    return download(directory, wishes, {venue: server.url}, **{"snapshots": False, **options})


def again(directory, client, venue, symbol, name, since, until=LATE):
    """One series through a client that is there already."""
    return fetch_series(directory, client, Asked(venue, symbol, read_series(name), since, until))


def kept(directory, venue, symbol, name):
    """[time ms floored to the minute, numbers …] of a stored series; none when there is no file."""
    path = directory / folder(venue, symbol) / f"{name}.parquet"
    if not path.exists():
        return []
    if name == "funding":
        sheet = read_sheet(path, ("funding_rate",))
    else:
        sheet = read_sheet(path, PRICES, ("volume",))
    columns = list(sheet.columns.values())
    stamps = sheet.stamp * 1000 // sheet.per_second
    stamps = stamps // 60_000 * 60_000 if name == "funding" else stamps
    return [[int(stamp), *row] for stamp, row in zip(stamps, np.column_stack(columns).tolist(), strict=True)]


def expected(truth, venue, symbol, name, since=None, until=None):
    """The same of what the venue knows; candles other than trades have no volume."""
    if name == "funding":
        return [list(row) for row in truth.funding(venue, symbol, since, until)]
    kind, _, timeframe = name.partition("_")
    rows = truth.candles(venue, symbol, kind, timeframe, since, until)
    return [row if kind == "trade" else row[:5] for row in rows]


def marks(directory, venue, symbol):
    """The marks beside the settlements, NaN where none."""
    path = directory / folder(venue, symbol) / "funding.parquet"
    return read_sheet(path, ("funding_rate",), ("mark",)).columns["mark"].tolist()
