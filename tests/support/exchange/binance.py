"""Binance's dialect: spot (`/api/v3`), USD-M (`/fapi/v1`), COIN-M (`/dapi/v1`) and the wallet (`/sapi/v1`).

Candles come oldest first. With a start they run from it, without one they are the latest up to the end; start and end
both include an open time. COIN-M is otherwise: it spans at most 200 days, completes the end that was not given, and
gives the latest of the span. A refusal is HTTP 400 with a negative code.
"""

from datetime import UTC, datetime

from tests.support.exchange.replies import Refused, number, text
from tests.support.exchange.truth import DAY, HOUR, TIMEFRAMES, Market

NAME = "binance"
NEVER = 4133404800000  # the delivery date of a contract that has none
UNKNOWN = Refused(400, {"code": -1121, "msg": "Invalid symbol."})


def _illegal(name):
    return Refused(400, {"code": -1100, "msg": f"Illegal characters found in parameter '{name}'; legal range is "
                                               "'^[0-9]{1,20}$'."})


def identity(market: Market) -> str:
    """Binance's own name of a market."""
    pair = market.base + market.quote
    if market.kind == "future":
        return f"{pair}_{datetime.fromtimestamp(market.expiry / 1000, UTC):%y%m%d}"
    return pair + "_PERP" if market.inverse else pair


def _listed(truth, face) -> list[Market]:
    if face == "api":
        return truth.of(NAME, "spot")
    return [m for m in truth.of(NAME, "swap", "future") if m.inverse == (face == "dapi")]


def _found(truth, face, query, by="symbol") -> Market:
    wanted = query.get(by)
    if not wanted:
        message = f"Mandatory parameter '{by}' was not sent, was empty/null, or malformed."
        raise Refused(400, {"code": -1102, "msg": message})
    for market in _listed(truth, face):
        if wanted == (identity(market) if by == "symbol" else market.base + market.quote):
            return market
    raise UNKNOWN


def _candles(face, series, by="symbol"):
    """A handler of candles. The most rows at once: 1,500 on futures, which refuse to be asked for more, 1,000 on spot,
    which gives 1,000."""

    def handler(truth, query):
        market = _found(truth, face, query, by)
        try:
            rows = truth.shown(market, series, query.get("interval", ""))
        except KeyError:
            raise Refused(400, {"code": -1120, "msg": "Invalid interval."}) from None
        limit = _limit(query, 500, 1500 if face != "api" else None)
        start, end = _window(query)
        start, end = _span(truth, start, end) if face == "dapi" else (start, end)
        rows = [row for row in rows if (start is None or row[0] >= start) and (end is None or row[0] <= end)]
        limit = min(limit, 1000) if face == "api" else limit
        told = rows[-limit:] if start is None or face == "dapi" else rows[:limit]
        return [_row(row, TIMEFRAMES[query["interval"]], market, series) for row in told]

    return handler


def _limit(query, default, most):
    limit = number(query, "limit", default, _illegal("limit"))
    if limit < 1 or (most and limit > most):
        raise Refused(400, {"code": -1130, "msg": "Data sent for parameter 'limit' is not valid."})
    return limit


def _window(query):
    return number(query, "startTime", None, _illegal("startTime")), number(query, "endTime", None, _illegal("endTime"))


def _span(truth, start, end):
    """COIN-M: the window asked for, its missing end 200 days from the other."""
    if start is not None and end is not None and end - start > 200 * DAY:
        raise Refused(400, {"code": -1128, "msg": "Combination of optional parameters invalid."})
    if start is not None:
        return start, end if end is not None else start + 200 * DAY
    end = truth.now if end is None else end
    return end - 200 * DAY, end


def _row(row, step, market, series):
    """Of trades: size and value, of COIN-M contracts and coins; of a price no size."""
    time, *prices, volume = row
    size, value = volume, text(volume * prices[3], 8)
    if market.inverse:
        size, value = volume * prices[3] / int(market.contract_size), text(volume, 8)
    count, part = (int(size), text(size / 2, 3)) if series == "trade" else (60, "0")
    return [time, *(text(price, market.places(series)) for price in prices), text(size, 3) if volume else "0",
            time + step - 1, value if volume else "0", count, part, part, "0"]


def _information(face):
    def handler(truth, query):
        wanted = query.get("symbol")
        markets = [m for m in _listed(truth, face) if wanted in (None, identity(m))]
        if wanted and not markets:
            raise UNKNOWN
        told = {"api": _spot, "fapi": _linear, "dapi": _inverse}[face]
        return {"timezone": "UTC", "serverTime": truth.now, "rateLimits": [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400}],
            "exchangeFilters": [], "symbols": [told(market) for market in markets]}

    return handler


def _filters(market, lot="LOT_SIZE"):
    return [
        {"filterType": "PRICE_FILTER", "minPrice": market.tick, "maxPrice": "1000000", "tickSize": market.tick},
        {"filterType": "LOT_SIZE", "minQty": market.smallest, "maxQty": "1000", "stepSize": market.lot},
        {"filterType": "MARKET_LOT_SIZE", "minQty": market.smallest, "maxQty": "120", "stepSize": market.lot},
    ]


def _places(step):
    return len(step.partition(".")[2])


def _spot(market):
    return {"symbol": identity(market), "status": "TRADING" if market.live else "BREAK",
            "baseAsset": market.base, "baseAssetPrecision": 8, "quoteAsset": market.quote, "quotePrecision": 8,
            "quoteAssetPrecision": 8, "baseCommissionPrecision": 8, "quoteCommissionPrecision": 8,
            "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"], "icebergAllowed": True, "ocoAllowed": True,
            "isSpotTradingAllowed": True, "isMarginTradingAllowed": True,
            "filters": [*_filters(market), {"filterType": "NOTIONAL", "minNotional": market.least_cost,
                                            "applyMinToMarket": True, "maxNotional": "9000000.00000000",
                                            "applyMaxToMarket": False, "avgPriceMins": 5}],
            "permissions": [], "permissionSets": [["SPOT", "MARGIN"]]}


def _contract(market):
    dated = market.kind == "future"
    return {"symbol": identity(market), "pair": market.base + market.quote,
            "contractType": "CURRENT_QUARTER" if dated else "PERPETUAL",
            "deliveryDate": market.expiry if dated else NEVER, "onboardDate": market.listed,
            "maintMarginPercent": "2.5000", "requiredMarginPercent": "5.0000", "baseAsset": market.base,
            "quoteAsset": market.quote, "marginAsset": market.settle, "pricePrecision": _places(market.tick),
            "quantityPrecision": _places(market.lot), "baseAssetPrecision": 8, "quotePrecision": 8,
            "underlyingType": "COIN", "triggerProtect": "0.0500", "liquidationFee": "0.012500",
            "marketTakeBound": "0.05", "orderTypes": ["LIMIT", "MARKET", "STOP"], "timeInForce": ["GTC", "IOC", "FOK"]}


def _linear(market):
    return {**_contract(market), "status": "TRADING" if market.live else "SETTLING",
            "filters": [*_filters(market), {"filterType": "MIN_NOTIONAL", "notional": market.least_cost}]}


def _inverse(market):
    return {**_contract(market), "contractStatus": "TRADING" if market.live else "SETTLING",
            "contractSize": int(market.contract_size), "filters": _filters(market)}


def _funding(face):
    """Settlements oldest first: from a start, else the latest; 100 unless told, at most 1,000. COIN-M tells no mark."""
    names = ("fundingTime", "symbol", "fundingRate", "markPrice")[: 3 if face == "dapi" else 4]

    def handler(truth, query):
        limit = min(_limit(query, 100, None), 1000)
        start, end = _window(query)
        markets = [_found(truth, face, query)] if query.get("symbol") else _listed(truth, face)
        rows = sorted((row.time + row.late, identity(market), text(row.rate, 8),
                       "" if row.mark is None else text(row.mark, 8))
                      for market in markets for row in truth.settled(market, NAME))
        rows = [row for row in rows if (start is None or row[0] >= start) and (end is None or row[0] <= end)]
        return [dict(zip(names, row)) for row in (rows[-limit:] if start is None else rows[:limit])]

    return handler


def _intervals(face):
    """Only contracts whose interval or cap is not the usual one are named."""

    def handler(truth, query):
        return [{"symbol": identity(m), "adjustedFundingRateCap": text(float(m.cap), 8),
                 "adjustedFundingRateFloor": text(-float(m.cap), 8), "fundingIntervalHours": m.interval,
                 "disclaimer": False} for m in _listed(truth, face) if m.kind == "swap" and m.interval != 8]

    return handler


def _premium(face):
    def handler(truth, query):
        markets = [_found(truth, face, query)] if query.get("symbol") else _listed(truth, face)
        told = [_premium_of(truth, market) for market in markets]
        return told[0] if query.get("symbol") and face == "fapi" else told

    return handler


def _premium_of(truth, market):
    last = {series: truth.shown(market, series, "1h")[-1][4] for series in ("mark", "index")}
    past = truth.settled(market, NAME)
    step = market.interval * HOUR
    return {"symbol": identity(market), "markPrice": text(last["mark"], 8), "indexPrice": text(last["index"], 8),
            "estimatedSettlePrice": text(last["index"], 8), "lastFundingRate": text(past[-1].rate, 8) if past else "",
            "interestRate": "0.00010000", "nextFundingTime": truth.now // step * step + step if past else 0,
            "time": truth.now}


def _brackets(face):
    """Signed; the signature is not looked at. `cum` makes the maintenance margin continuous at each cap."""
    unit = "qty" if face == "dapi" else "notional"

    def handler(truth, query):
        return [{"symbol": identity(m), "brackets": _ladder(m.tiers, unit)} for m in _listed(truth, face) if m.tiers]

    return handler


def _ladder(tiers, unit):
    floor, rate, cum, brackets = 0, 0.0, 0.0, []
    for place, (cap, maintenance, leverage) in enumerate(tiers):
        cum += floor * (maintenance - rate)
        brackets.append({"bracket": place + 1, "initialLeverage": leverage, unit + "Cap": cap, unit + "Floor": floor,
                         "maintMarginRatio": maintenance, "cum": round(cum, 8)})
        floor, rate = cap, maintenance
    return brackets


def _coins(truth, query):
    """Signed; the signature is not looked at."""
    return [_coin(coin) for (venue, _), coin in truth.coins.items() if venue == NAME]


def _coin(coin):
    names = {"ERC20": "ETH", "TRC20": "TRX", "BEP20": "BSC"}
    networks = [{"network": names.get(n.chain, n.chain), "coin": coin.code,
                 "withdrawIntegerMultiple": text(10**-coin.places, coin.places), "isDefault": place == 0,
                 "depositEnable": n.deposit, "withdrawEnable": n.withdraw, "depositDesc": "",
                 "withdrawDesc": "" if n.withdraw else "The wallet is currently undergoing maintenance.",
                 "name": n.chain, "withdrawFee": f"{n.fee:.8f}", "withdrawMin": f"{n.minimum:.8f}",
                 "withdrawMax": "9999999999", "minConfirm": n.confirmations, "unLockConfirm": 0, "busy": False}
                for place, n in enumerate(coin.networks)]
    return {"coin": coin.code, "depositAllEnable": any(n.deposit for n in coin.networks),
            "withdrawAllEnable": any(n.withdraw for n in coin.networks), "name": coin.name, "free": "0", "locked": "0",
            "freeze": "0", "withdrawing": "0", "ipoing": "0", "ipoable": "0", "storage": "0", "isLegalMoney": False,
            "trading": True, "networkList": networks}


def _pairs(truth, query):
    """Margin pairs: ccxt with keys asks for them unless `fetchMargins` is off."""
    return [{"symbol": identity(m), "base": m.base, "quote": m.quote, "isMarginTrade": True, "isBuyAllowed": True,
             "isSellAllowed": True, "id": str(place)} for place, m in enumerate(truth.of(NAME, "spot"))]


def _status(truth, query):
    down = NAME in truth.down
    return {"status": int(down), "msg": "system_maintenance" if down else "normal"}


ROUTES = {"/sapi/v1/system/status": _status, "/sapi/v1/capital/config/getall": _coins,
          "/sapi/v1/margin/allPairs": _pairs, "/sapi/v1/margin/isolated/allPairs": _pairs,
          "/fapi/v1/leverageBracket": _brackets("fapi"), "/dapi/v2/leverageBracket": _brackets("dapi")}
for _face, _root in (("api", "/api/v3"), ("fapi", "/fapi/v1"), ("dapi", "/dapi/v1")):
    ROUTES[f"{_root}/ping"] = lambda truth, query: {}
    ROUTES[f"{_root}/time"] = lambda truth, query: {"serverTime": truth.now}
    ROUTES[f"{_root}/exchangeInfo"] = _information(_face)
    ROUTES[f"{_root}/klines"] = _candles(_face, "trade")
for _face, _root in (("fapi", "/fapi/v1"), ("dapi", "/dapi/v1")):
    ROUTES[f"{_root}/markPriceKlines"] = _candles(_face, "mark")
    ROUTES[f"{_root}/indexPriceKlines"] = _candles(_face, "index", "pair")
    ROUTES[f"{_root}/premiumIndexKlines"] = _candles(_face, "premium")
    ROUTES[f"{_root}/fundingRate"] = _funding(_face)
    ROUTES[f"{_root}/fundingInfo"] = _intervals(_face)
    ROUTES[f"{_root}/premiumIndex"] = _premium(_face)
