"""Bybit's dialect (v5): everything is HTTP 200 with a `retCode`, rows come newest first.

Candles: `start` is moved down to the boundary of its candle; with a start alone they run from it, with an end they
are the latest up to it; both ends belong. Funding: a start without an end is refused.
"""

from datetime import UTC, datetime

from tests.support.exchange.replies import Refused, number, text
from tests.support.exchange.truth import HOUR, TIMEFRAMES, Market

NAME = "bybit"
INTERVALS = {"1": "1m", "3": "3m", "5": "5m", "15": "15m", "30": "30m", "60": "1h", "120": "2h", "240": "4h",
             "360": "6h", "720": "12h", "D": "1d"}
TIERED = 15  # contracts on one page of risk limits


def _refused(message) -> Refused:
    return Refused(200, {"retCode": 10001, "retMsg": message, "result": {}, "retExtInfo": {}, "time": 0})


def _said(truth, result, message="OK"):
    return {"retCode": 0, "retMsg": message, "result": result, "retExtInfo": {}, "time": truth.now}


def identity(market: Market) -> str:
    """Bybit's own name of a market."""
    pair = market.base + market.quote
    if market.kind == "future":
        return f"{pair}-{datetime.fromtimestamp(market.expiry / 1000, UTC):%d%b%y}".upper()
    return pair


def _category(market):
    return "spot" if market.kind == "spot" else "inverse" if market.inverse else "linear"


def _listed(truth, query) -> list[Market]:
    category = query.get("category", "linear")
    if category not in ("spot", "linear", "inverse", "option"):
        raise _refused("Illegal category")
    return [market for market in truth.of(NAME) if _category(market) == category]


def _found(truth, query) -> Market:
    for market in _listed(truth, query):
        if identity(market) == query.get("symbol"):
            return market
    raise _refused("params error: Symbol Invalid")


def _whole(query, name, default=None):
    return number(query, name, default, _refused(f"params error: {name} invalid"))


def _candles(series):
    """200 rows unless told, at most 1,000. Only trade candles have a volume."""

    def handler(truth, query):
        market = _found(truth, query)
        try:
            timeframe = INTERVALS[query.get("interval", "")]
            rows = truth.shown(market, series, timeframe)
        except KeyError:
            raise _refused("Invalid period!") from None
        start, end = _whole(query, "start"), _whole(query, "end")
        limit = max(1, min(_whole(query, "limit", 200), 1000))
        if start is not None:
            start = start // TIMEFRAMES[timeframe] * TIMEFRAMES[timeframe]
            rows = [row for row in rows if row[0] >= start]
        if end is not None:
            rows = [row for row in rows if row[0] <= end]
        rows = rows[:limit] if start is not None and end is None else rows[-limit:]
        told = [_row(row, market, series) for row in reversed(rows)]
        return _said(truth, {"symbol": identity(market), "category": _category(market), "list": told})

    return handler


def _row(row, market, series):
    time, *prices, volume = row
    told = [str(time), *(text(price, market.places(series)) for price in prices)]
    if series != "trade":
        return told
    money = volume * prices[3]
    return told + ([text(money, 0), text(volume, 8)] if market.inverse else [text(volume, 3), text(money, 4)])


def _instruments(truth, query):
    """500 a page unless told, at most 1,000; the cursor leads to the next."""
    markets = [m for m in _listed(truth, query) if query.get("symbol") in (None, identity(m))]
    if query.get("status", "Trading") != "Trading":
        markets = []
    first, limit = _whole(query, "cursor", 0), max(1, min(_whole(query, "limit", 500), 1000))
    more = str(first + limit) if first + limit < len(markets) else ""
    told = [(_spot if m.kind == "spot" else _contract)(m) for m in markets[first : first + limit]]
    return _said(truth, {"category": query.get("category"), "list": told, "nextPageCursor": more})


def _spot(market):
    return {"symbol": identity(market), "baseCoin": market.base, "quoteCoin": market.quote, "innovation": "0",
            "status": "Trading" if market.live else "Closed", "marginTrading": "utaOnly", "stTag": "0",
            "lotSizeFilter": {"basePrecision": market.lot, "quotePrecision": "0.00000001",
                              "minOrderQty": market.smallest, "maxOrderQty": "71.73956243",
                              "minOrderAmt": market.least_cost, "maxOrderAmt": "4000000"},
            "priceFilter": {"tickSize": market.tick},
            "riskParameters": {"priceLimitRatioX": "0.05", "priceLimitRatioY": "0.05"}}


def _contract(market):
    kind = ("Inverse" if market.inverse else "Linear") + ("Futures" if market.kind == "future" else "Perpetual")
    leverage = str(max((row[2] for row in market.tiers), default=25))
    return {"symbol": identity(market), "contractType": kind, "status": "Trading" if market.live else "Closed",
            "baseCoin": market.base, "quoteCoin": market.quote, "launchTime": str(market.listed),
            "deliveryTime": str(market.expiry or 0), "deliveryFeeRate": "0.0005" if market.expiry else "",
            "priceScale": str(market.places()),
            "leverageFilter": {"minLeverage": "1", "maxLeverage": leverage + ".00", "leverageStep": "0.01"},
            "priceFilter": {"minPrice": market.tick, "maxPrice": "1999999.80", "tickSize": market.tick},
            "lotSizeFilter": {"maxOrderQty": "1190.000", "minOrderQty": market.smallest, "qtyStep": market.lot,
                              "postOnlyMaxOrderQty": "1190.000", "maxMktOrderQty": "500.000",
                              "minNotionalValue": market.least_cost},
            "unifiedMarginTrade": True, "fundingInterval": market.interval * 60, "settleCoin": market.settle,
            "copyTrading": "none", "upperFundingRate": market.cap, "lowerFundingRate": "-" + market.cap,
            "isPreListing": False, "preListingInfo": None}


def _funding(truth, query):
    """200 unless told and at most; the latest of the window."""
    market = _found(truth, query)
    start, end = _whole(query, "startTime"), _whole(query, "endTime")
    if start is not None and end is None:
        raise _refused("params error: endTime must be given with startTime")
    limit = max(1, min(_whole(query, "limit", 200), 200))
    rows = [row for row in truth.settled(market, NAME) if (start is None or row.time >= start)
            and (end is None or row.time <= end)]
    told = [{"symbol": identity(market), "fundingRate": text(row.rate, 8).rstrip("0").rstrip("."),
             "fundingRateTimestamp": str(row.time)} for row in reversed(rows[-limit:])]
    return _said(truth, {"category": query.get("category"), "list": told})


def _risk_limits(truth, query):
    """A page holds 15 contracts; ids run on over all of them."""
    markets = [_found(truth, query)] if query.get("symbol") else [m for m in _listed(truth, query) if m.tiers]
    first, told, scale = _whole(query, "cursor", 0), [], 100 if NAME in truth.percent_tiers else 1
    for place, market in list(enumerate(markets))[first : first + TIERED]:
        for rank, (cap, maintenance, leverage) in enumerate(market.tiers):
            told.append({"id": place * 100 + rank + 1, "symbol": identity(market), "riskLimitValue": str(cap),
                         "maintenanceMargin": f"{maintenance * scale:g}", "initialMargin": f"{scale / leverage:g}",
                         "isLowestRisk": int(rank == 0), "maxLeverage": f"{leverage}.00", "mmDeduction": ""})
    more = str(first + TIERED) if first + TIERED < len(markets) else ""
    return _said(truth, {"category": query.get("category"), "list": told, "nextPageCursor": more})


def _tickers(truth, query):
    markets = [_found(truth, query)] if query.get("symbol") else _listed(truth, query)
    return _said(truth, {"category": query.get("category"), "list": [_ticker(truth, market) for market in markets]})


def _ticker(truth, market):
    last = text(truth.shown(market, "trade", "1h")[-1][4], market.places())
    told = {"symbol": identity(market), "bid1Price": last, "bid1Size": "1", "ask1Price": last, "ask1Size": "1",
            "lastPrice": last, "prevPrice24h": last, "price24hPcnt": "0", "highPrice24h": last, "lowPrice24h": last,
            "turnover24h": "0", "volume24h": "0"}
    if market.kind == "spot":
        return told
    past, step = truth.settled(market, NAME), market.interval * HOUR
    told.update((name, text(truth.shown(market, series, "1h")[-1][4], market.places()))
                for name, series in (("markPrice", "mark"), ("indexPrice", "index")))
    return {**told, "openInterest": "1", "fundingRate": text(past[-1].rate, 8) if past else "",
            "nextFundingTime": str(truth.now // step * step + step if past else 0),
            "deliveryTime": str(market.expiry or 0), "predictedDeliveryPrice": "", "basisRate": "",
            "deliveryFeeRate": ""}


def _coins(truth, query):
    """Signed; the signature is not looked at. A chain that cannot withdraw says so with "0"."""
    names = {"ERC20": "ETH", "TRC20": "TRX", "BEP20": "BSC"}
    rows = []
    for coin in [coin for (venue, _), coin in truth.coins.items() if venue == NAME]:
        chains = [{"chainType": n.chain, "confirmation": str(n.confirmations), "withdrawFee": f"{n.fee:.8f}",
                   "depositMin": "0", "withdrawMin": f"{n.minimum:.8f}", "chain": names.get(n.chain, n.chain),
                   "chainDeposit": str(int(n.deposit)), "chainWithdraw": str(int(n.withdraw)),
                   "minAccuracy": str(coin.places), "withdrawPercentageFee": "0", "contractAddress": ""}
                  for n in coin.networks]
        rows.append({"name": coin.name, "coin": coin.code, "remainAmount": "100000", "chains": chains})
    return _said(truth, {"rows": rows}, "")


def _status(truth, query):
    events = [{"id": "f9d6842d-5331-11f0-8fd3-c241b123dd9e", "title": "System maintenance", "state": "ongoing",
               "begin": str(truth.now - HOUR), "end": str(truth.now + HOUR), "href": "", "serviceTypes": [1, 2, 3],
               "product": [1, 2], "uidSuffix": [], "maintainType": 1, "env": 1}] if NAME in truth.down else []
    return _said(truth, {"list": events})


def _time(truth, query):
    return _said(truth, {"timeSecond": str(truth.now // 1000), "timeNano": str(truth.now * 1_000_000)})


ROUTES = {
    "/v5/market/time": _time,
    "/v5/market/instruments-info": _instruments,
    "/v5/market/kline": _candles("trade"),
    "/v5/market/mark-price-kline": _candles("mark"),
    "/v5/market/index-price-kline": _candles("index"),
    "/v5/market/premium-index-price-kline": _candles("premium"),
    "/v5/market/funding/history": _funding,
    "/v5/market/risk-limit": _risk_limits,
    "/v5/market/tickers": _tickers,
    "/v5/asset/coin/query-info": _coins,
    "/v5/system/status": _status,
}
