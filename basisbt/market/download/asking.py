"""Asking: one question to a venue about one series, in its class's dialect, answered in rows.

Knows ccxt's unified calls and what each class makes of `since`, `limit` and `until`. Knows neither files nor what has
been asked before.
"""

from basisbt.errors import DataError
from basisbt.market.download.client import Client, Unserved
from basisbt.market.download.dialects import DIALECTS
from basisbt.market.download.paging import Ask, Pace
from basisbt.market.download.rows import BARS, FUNDING, Rows, tidy
from basisbt.market.download.series_names import Series

KINDS = {
    "trade": ("fetch_ohlcv", "fetchOHLCV"), "mark": ("fetch_mark_ohlcv", "fetchMarkOHLCV"),
    "index": ("fetch_index_ohlcv", "fetchIndexOHLCV"),
    "premium": ("fetch_premium_index_ohlcv", "fetchPremiumIndexOHLCV"),
}  # fmt: skip
NUMBERED_PAGES = 1000  # more than any history has


def asker(client: Client, symbol: str, series: Series) -> tuple[Ask, Pace]:
    """How to ask for a series, and how far at a time. Unserved where venue or ccxt do not have it; DataError for an
    unknown symbol."""
    market = client.market(symbol)
    title = f"{client.venue} {symbol} {series.name}"
    if series.kind == "funding":
        return _funding(client, market, title)
    return _candles(client, market, series, title)


def _candles(client: Client, market: dict, series: Series, title: str) -> tuple[Ask, Pace]:
    method, feature = KINDS[series.kind]
    if not client.has(feature) or (series.kind != "trade" and market.get("spot")):
        raise Unserved(f"{title}: {client.name} has no such candles")
    if series.timeframe not in client.timeframes():
        raise Unserved(f"{title}: no such bar length; {client.name} has {', '.join(client.timeframes())}")
    dialect = DIALECTS[client.name]
    symbol, what = market["symbol"], title[len(client.venue) + 1 :]
    size = market.get("contractSize") if dialect.contracts and market.get("linear") else None

    def ask(start: int, stop: int) -> Rows:
        params = {"until": stop - dialect.inclusive} if dialect.until else {}
        raw = client.call(method, symbol, series.timeframe, start, dialect.candles, params, what=what)
        rows = tidy((_bar(row, series.kind) for row in raw), BARS, title)
        if size is not None:
            rows.values[:, -1] *= float(size)
        return rows

    return ask, Pace(dialect.candles, series.step, dialect.longest)


def _bar(row: list, kind: str) -> list:
    return [*row[:5], row[5] if kind == "trade" and len(row) > 5 else None]


def _funding(client: Client, market: dict, title: str) -> tuple[Ask, Pace]:
    if not client.has("fetchFundingRateHistory") or not market.get("swap"):
        raise Unserved(f"{title}: {client.name} has no funding history of it")
    dialect, symbol, what = DIALECTS[client.name], market["symbol"], title[len(client.venue) + 1 :]

    def page(since: int | None, limit: int | None, params: dict) -> list:
        return client.call("fetch_funding_rate_history", symbol, since, limit, params, what=what)

    def ask(start: int, stop: int) -> Rows:
        if dialect.paging == "after":
            raw = page(None, dialect.funding, {"after": stop})
        elif dialect.paging == "all":
            raw = page(start, None, {})
        elif dialect.paging == "numbered":
            raw = _numbered(page, start, dialect.funding, title)
        elif dialect.rate:  # ccxt would cut the page from the wrong end
            raw = page(start, None, {"until": stop - 1})
        else:
            raw = page(start, dialect.funding, {"until": stop - 1})
        return tidy((_settlement(row, dialect.rate) for row in raw), FUNDING, title)

    rows = 1 << 20 if dialect.paging in ("all", "numbered") else dialect.funding
    return ask, Pace(rows, 0, dialect.longest)


def _numbered(page, start: int, limit: int, title: str) -> list:
    """Pages from the newest on, until one reaches back to `start`. Only the last may be short: DataError."""
    found: list = []
    for number in range(1, NUMBERED_PAGES):
        rows = page(None, limit, {"pageNo": number})
        if rows and 0 < len(found) < (number - 1) * limit:
            raise DataError(f"{title}: page {number - 1} was short although page {number} has rows; try again")
        found += rows
        if not rows or rows[0]["timestamp"] <= start:
            break
    return found


def _settlement(row: dict, key: str) -> list:
    """[ms, rate, mark] of ccxt's structure; the mark where the venue gives one."""
    rate = row["info"].get(key) if key else row["fundingRate"]
    mark = row["info"].get("markPrice") or None
    return [row["timestamp"], rate, None if mark is None or float(mark) == 0.0 else mark]
