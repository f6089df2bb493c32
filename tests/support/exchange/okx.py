"""OKX's dialect (v5): `{"code": "0", "msg": "", "data": [...]}`, rows newest first.

Paging: `after` asks for rows older than it, `before` for rows newer than it, neither with the row itself, and the page
is the newest rows that fit: `before` alone therefore gives the latest page, however old it is. `candles` holds the
latest 1,440 of a bar, unfinished one included; `history-…` holds the finished ones. Index candles go by the family
(`BTC-USDT`), not by the instrument.
"""

from datetime import UTC, datetime

from tests.support.exchange.replies import Refused, number, text
from tests.support.exchange.truth import HOUR, Market

NAME = "okx"
KINDS = {"spot": "SPOT", "swap": "SWAP", "future": "FUTURES"}
BARS = {"1m": "1m", "3m": "3m", "5m": "5m", "15m": "15m", "30m": "30m", "1H": "1h", "2H": "2h", "4H": "4h",
        "6Hutc": "6h", "12Hutc": "12h", "1Dutc": "1d"}
UNKNOWN = Refused(200, {"code": "51001", "msg": "Instrument ID, Instrument ID code, or Spread ID doesn't exist.",
                        "data": []})


def _wrong(name) -> Refused:
    return Refused(400, {"code": "51000", "msg": f"Parameter {name} error", "data": []})


def _said(data):
    return {"code": "0", "msg": "", "data": data}


def family(market: Market) -> str:
    """The pair an instrument belongs to, OKX's `instFamily`."""
    return f"{market.base}-{market.quote}"


def identity(market: Market) -> str:
    """OKX's own name of a market."""
    if market.kind == "future":
        return f"{family(market)}-{datetime.fromtimestamp(market.expiry / 1000, UTC):%y%m%d}"
    return family(market) + ("-SWAP" if market.kind == "swap" else "")


def _found(truth, query, by=identity) -> Market:
    wanted = query.get("instId")
    if not wanted:
        raise Refused(400, {"code": "50014", "msg": "Parameter instId can not be empty.", "data": []})
    for market in truth.of(NAME):
        if by(market) == wanted and (by is identity or market.kind != "spot"):
            return market
    raise UNKNOWN


def _paged(query, rows, time, most):
    """Newest first, strictly between `before` and `after`, at most `most`."""
    before, after = number(query, "before", None, _wrong("before")), number(query, "after", None, _wrong("after"))
    limit = max(1, min(number(query, "limit", 100, _wrong("limit")), most))
    rows = [row for row in rows if (before is None or time(row) > before) and (after is None or time(row) < after)]
    return rows[: -limit - 1 : -1]


def _candles(series, most, history=False):
    def handler(truth, query):
        market = _found(truth, query, family if series == "index" else identity)
        try:
            timeframe = BARS[query.get("bar", "1m")]
            rows = truth.shown(market, series, timeframe)
        except KeyError:
            raise _wrong("bar") from None
        finished = len(truth.candles(NAME, market.symbol, series, timeframe))
        pairs = [(row, place < finished) for place, row in enumerate(rows)]
        pairs = pairs[:finished] if history else pairs[-1440:]
        page = _paged(query, pairs, lambda pair: pair[0][0], most)
        return _said([_row(row, done, market, series) for row, done in page])

    return handler


def _row(row, done, market, series):
    time, *prices, volume = row
    told = [str(time), *(text(price, market.places(series)) for price in prices)]
    if series == "trade":
        money = volume * prices[3]
        size = float(market.contract_size)
        contracts = volume if market.kind == "spot" else money / size if market.inverse else volume / size
        told += [text(contracts, 3), text(volume, 3), text(money, 4)]
    return [*told, "1" if done else "0"]


def _instruments(truth, query):
    kind = query.get("instType")
    if kind not in ("SPOT", "SWAP", "FUTURES", "OPTION", "MARGIN"):
        raise _wrong("instType")
    return _said([_instrument(m) for m in truth.of(NAME) if KINDS[m.kind] == kind
                  and query.get("instId") in (None, identity(m)) and query.get("uly") in (None, family(m))])


def _instrument(market):
    spot, leverage = market.kind == "spot", max((row[2] for row in market.tiers), default=10)
    return {"instType": KINDS[market.kind], "instId": identity(market), "uly": "" if spot else family(market),
            "instFamily": "" if spot else family(market), "category": "1", "baseCcy": market.base if spot else "",
            "quoteCcy": market.quote if spot else "", "settleCcy": market.settle or "",
            "ctVal": "" if spot else market.contract_size, "ctMult": "" if spot else "1",
            "ctValCcy": "" if spot else (market.quote if market.inverse else market.base), "optType": "", "stk": "",
            "listTime": str(market.listed), "expTime": str(market.expiry) if market.expiry else "",
            "lever": str(leverage), "tickSz": market.tick, "lotSz": market.lot, "minSz": market.smallest,
            "ctType": "" if spot else ("inverse" if market.inverse else "linear"),
            "alias": "quarter" if market.expiry else "", "state": "live" if market.live else "suspend",
            "ruleType": "normal", "maxLmtSz": "100000000", "maxMktSz": "85000", "maxLmtAmt": "20000000",
            "maxMktAmt": "", "maxTwapSz": "100000000", "maxIcebergSz": "100000000", "maxTriggerSz": "100000000",
            "maxStopSz": "85000"}


def _funding_history(truth, query):
    """100 rows at most, as far back as OKX remembers: `fundingRate` was foretold, `realizedRate` was paid."""
    market = _found(truth, query)
    if market.kind != "swap":
        raise _wrong("instId")
    rows = _paged(query, truth.settled(market, NAME), lambda row: row.time, 100)
    return _said([{"instType": "SWAP", "instId": identity(market), "formulaType": "noRate", "method": "current_period",
                   "fundingRate": text(row.rate, 10), "fundingTime": str(row.time),
                   "realizedRate": text(row.rate if row.settled is None else row.settled, 10)} for row in rows])


def _funding_now(truth, query):
    market = _found(truth, query)
    step, past = market.interval * HOUR, truth.settled(market, NAME)
    following = truth.now // step * step + step
    rate = text(past[-1].rate, 10) if past else ""
    return _said([{"instType": "SWAP", "instId": identity(market), "method": "current_period", "fundingRate": rate,
                   "fundingTime": str(following), "nextFundingRate": "", "nextFundingTime": str(following + step),
                   "minFundingRate": "-" + market.cap, "maxFundingRate": market.cap, "settState": "settled",
                   "settFundingRate": rate, "premium": "", "interestRate": "0", "impactValue": "",
                   "ts": str(truth.now), "formulaType": "noRate"}])


def _tiers(truth, query):
    kind, wanted = query.get("instType"), query.get("instFamily")
    if not query.get("tdMode") or (kind in ("SWAP", "FUTURES") and not wanted):
        raise Refused(400, {"code": "50014", "msg": "Parameter instFamily can not be empty.", "data": []})
    told, floor = [], "0"
    for market in [m for m in truth.of(NAME) if KINDS[m.kind] == kind and family(m) == wanted][:1]:
        for rank, (cap, maintenance, leverage) in enumerate(market.tiers):
            told.append({"uly": wanted, "instFamily": wanted, "instId": "", "tier": str(rank + 1), "minSz": floor,
                         "maxSz": str(cap), "mmr": f"{maintenance:g}", "imr": f"{1 / leverage:g}",
                         "maxLever": str(leverage), "optMgnFactor": "0", "quoteMaxLoan": "", "baseMaxLoan": ""})
            floor = str(cap + 1)
    return _said(told)


def _coins(truth, query):
    """Signed; the signature is not looked at. One row per coin and chain."""
    names = {"BTC": "Bitcoin", "BEP20": "BSC"}
    coins = [coin for (venue, _), coin in truth.coins.items() if venue == NAME]
    return _said([{"ccy": coin.code, "name": coin.name, "logoLink": "",
                   "chain": f"{coin.code}-{names.get(n.chain, n.chain)}", "canDep": n.deposit,
                   "canWd": n.withdraw, "canInternal": True, "mainNet": place == 0,
                   "minDep": "0", "minWd": f"{n.minimum:.8f}", "maxWd": "8852150", "wdTickSz": str(coin.places),
                   "wdQuota": "10000000", "usedWdQuota": "0", "fee": f"{n.fee:.8f}", "minFee": f"{n.fee:.8f}",
                   "maxFee": f"{n.fee:.8f}", "depQuotaFixed": "", "minDepArrivalConfirm": str(n.confirmations),
                   "minWdUnlockConfirm": str(n.confirmations), "needTag": False}
                  for coin in coins for place, n in enumerate(coin.networks)])


def _status(truth, query):
    return _said([{"begin": str(truth.now - HOUR), "end": str(truth.now + HOUR), "href": "", "scheDesc": "",
                   "serviceType": "5", "state": "ongoing", "system": "unified", "title": "System upgrade",
                   "maintType": "1", "env": "1", "preOpenBegin": ""}] if NAME in truth.down else [])


ROUTES = {
    "/api/v5/public/time": lambda truth, query: _said([{"ts": str(truth.now)}]),
    "/api/v5/public/instruments": _instruments,
    "/api/v5/market/candles": _candles("trade", 300),
    "/api/v5/market/history-candles": _candles("trade", 300, history=True),
    "/api/v5/market/mark-price-candles": _candles("mark", 100),
    "/api/v5/market/history-mark-price-candles": _candles("mark", 100, history=True),
    "/api/v5/market/index-candles": _candles("index", 100),
    "/api/v5/market/history-index-candles": _candles("index", 100, history=True),
    "/api/v5/public/funding-rate-history": _funding_history,
    "/api/v5/public/funding-rate": _funding_now,
    "/api/v5/public/position-tiers": _tiers,
    "/api/v5/asset/currencies": _coins,
    "/api/v5/system/status": _status,
}
