"""The loopback venues answer plain HTTP as the real ones do: which rows, in which order, on which page, which refusal.

One small world known by heart, on each venue: three hourly candles from midnight of 1 January 2024, looked at in the
middle of the third.
"""

import json
import urllib.error
import urllib.request
from urllib.parse import urlencode

import pytest

from tests.support.exchange import Exchange, Funding, Market, Truth, ms

MIDNIGHT = 1_704_067_200_000
HOUR = 3_600_000
HOURS = [
    [MIDNIGHT, 100.0, 110.0, 95.0, 105.0, 10.0],
    [MIDNIGHT + HOUR, 105.0, 120.0, 100.0, 118.0, 20.0],
    [MIDNIGHT + 2 * HOUR, 118.0, 119.0, 90.0, 95.0, 40.0],
    [MIDNIGHT + 3 * HOUR, 95.0, 96.0, 94.0, 96.0, 5.0],
]
# half of the third hour has gone: half of half the way from 118 to 95 is 112.25, a quarter of the volume is traded
BEGUN = [MIDNIGHT + 2 * HOUR, 118.0, 118.0, 112.25, 112.25, 10.0]


def known(now=MIDNIGHT + 2 * HOUR + HOUR // 2):
    truth = Truth(now)
    for venue in ("binance", "bybit", "okx"):
        truth.add(venue, Market("ABC/USDT", "spot", "0.01", candles={"trade": HOURS}))
        swap = truth.add(venue, Market("ABC/USDT:USDT", "swap", "0.01", contract_size="0.1" if venue == "okx" else "1"))
        swap.candles = {series: HOURS for series in ("trade", "mark", "index")}
        swap.funding = [Funding(MIDNIGHT + n * HOUR, n / 10_000, mark=100.0) for n in range(4)]
    return truth


@pytest.fixture
def venue():
    with Exchange(known()) as server:
        yield server


def asked(server, path, **query):
    """(HTTP status, body) with no proxy in between."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"{server.url}{path}?{urlencode(query)}", timeout=5) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, json.loads(refusal.read())


def test_the_clock_reads_iso_texts_as_utc():
    assert ms("2024-01-01") == ms("2024-01-01T01:00+01:00") == MIDNIGHT


def test_the_candle_that_contains_now_is_there_unfinished_and_later_ones_are_not():
    truth = known()
    market = truth.market("binance", "ABC/USDT")
    assert truth.shown(market, "trade", "1h") == [*HOURS[:2], BEGUN]
    assert truth.trade("binance", "ABC/USDT", "1h") == HOURS[:2]
    # two hours of it: open of the first, highest, lowest, close of the last, volumes added
    assert truth.trade("binance", "ABC/USDT", "2h") == [[MIDNIGHT, 100.0, 120.0, 95.0, 118.0, 30.0]]
    assert truth.shown(market, "trade", "4h") == [[MIDNIGHT, 100.0, 120.0, 95.0, 112.25, 40.0]]
    truth.advance(1800)
    assert truth.trade("binance", "ABC/USDT", "1h") == HOURS[:3]
    assert truth.shown(market, "trade", "1h")[3] == [MIDNIGHT + 3 * HOUR, 95.0, 95.0, 95.0, 95.0, 0.0]


def test_time_passes_after_as_many_requests_as_told(venue):
    venue.truth.grow_after(2, 3600)
    times = [asked(venue, "/api/v3/time")[1]["serverTime"] for _ in range(3)]
    assert times == [MIDNIGHT + 5 * HOUR // 2] * 2 + [MIDNIGHT + 7 * HOUR // 2]
    assert venue.requests == [("GET", "/api/v3/time", {})] * 3


def test_binance_sends_candles_oldest_first_prices_as_text_and_the_unfinished_one(venue):
    status, rows = asked(venue, "/api/v3/klines", symbol="ABCUSDT", interval="1h")
    assert status == 200 and [row[0] for row in rows] == [row[0] for row in HOURS[:3]]
    assert rows[0][:8] == [MIDNIGHT, "100.00", "110.00", "95.00", "105.00", "10.000", MIDNIGHT + HOUR - 1, "1050.00000000"]
    assert rows[2][4] == "112.25"


@pytest.mark.parametrize(
    "window, hours",
    [
        ({"startTime": MIDNIGHT, "limit": 1}, [0]),  # from the start
        ({"limit": 1}, [2]),  # the latest
        ({"endTime": MIDNIGHT + HOUR, "limit": 1}, [1]),  # the latest up to the end, itself included
        ({"startTime": MIDNIGHT + 1, "endTime": MIDNIGHT + 9 * HOUR}, [1, 2]),  # an open time before the start is out
    ],
)
def test_binance_candles_of_a_window(venue, window, hours):
    rows = asked(venue, "/fapi/v1/klines", symbol="ABCUSDT", interval="1h", **window)[1]
    assert [row[0] for row in rows] == [MIDNIGHT + hour * HOUR for hour in hours]


def test_bybit_sends_candles_newest_first_from_a_start_alone_and_the_latest_up_to_an_end(venue):
    ask = {"category": "linear", "symbol": "ABCUSDT", "interval": "60"}
    body = asked(venue, "/v5/market/kline", **ask)[1]
    assert body["retCode"] == 0 and body["result"]["list"][2] == [
        str(MIDNIGHT), "100.00", "110.00", "95.00", "105.00", "10.000", "1050.0000"]
    assert [row[4] for row in body["result"]["list"]] == ["112.25", "118.00", "105.00"]

    def closes(**window):
        return [row[4] for row in asked(venue, "/v5/market/kline", **ask, **window)[1]["result"]["list"]]

    assert closes(start=9999, limit=1) == ["105.00"]  # the very first candle
    assert closes(start=MIDNIGHT + HOUR + 5, limit=1) == ["118.00"]  # the one that contains the start
    assert closes(start=MIDNIGHT, end=MIDNIGHT + 2 * HOUR, limit=2) == ["112.25", "118.00"]  # the end wins


def test_bybit_refuses_a_start_of_funding_without_an_end(venue):
    ask = {"category": "linear", "symbol": "ABCUSDT"}
    status, body = asked(venue, "/v5/market/funding/history", **ask, startTime=MIDNIGHT)
    assert (status, body["retCode"]) == (200, 10001)
    rows = asked(venue, "/v5/market/funding/history", **ask, startTime=MIDNIGHT, endTime=MIDNIGHT + 9 * HOUR)[1]
    assert [row["fundingRate"] for row in rows["result"]["list"]] == ["0.0002", "0.0001", "0"]


def test_okx_pages_without_the_row_named_and_before_alone_gives_the_latest_page(venue):
    def hours(path="history-candles", **window):
        rows = asked(venue, f"/api/v5/market/{path}", instId="ABC-USDT-SWAP", bar="1H", **window)[1]["data"]
        return [(int(row[0]) - MIDNIGHT) // HOUR for row in rows]

    assert hours("candles") == [2, 1, 0]
    assert hours() == [1, 0]  # history is of finished candles
    assert hours(after=MIDNIGHT + HOUR) == [0]
    assert hours(before=MIDNIGHT) == [1]
    assert hours("candles", before=MIDNIGHT - 1, limit=1) == [2]  # not the one after `before`
    row = asked(venue, "/api/v5/market/candles", instId="ABC-USDT-SWAP", bar="1H")[1]["data"][1]
    # 20 coins are 200 contracts of a tenth, worth 20 x 118; confirmed
    assert row == [str(MIDNIGHT + HOUR), "105.00", "120.00", "100.00", "118.00", "200.000", "20.000", "2360.0000", "1"]


def test_okx_candles_of_an_index_go_by_the_pair(venue):
    assert asked(venue, "/api/v5/market/index-candles", instId="ABC-USDT", bar="1H")[1]["data"][0][-1] == "0"
    assert asked(venue, "/api/v5/market/index-candles", instId="ABC-USDT-SWAP", bar="1H")[1]["code"] == "51001"


def test_okx_forgets_funding_after_about_three_months_but_the_truth_does_not(venue):
    venue.truth.advance(92 * 86_400 - 3600)  # to 01:30, 92 days on: 00:00 and 01:00 are forgotten
    rows = asked(venue, "/api/v5/public/funding-rate-history", instId="ABC-USDT-SWAP")[1]["data"]
    assert [row["realizedRate"] for row in rows] == ["0.0003000000", "0.0002000000"]
    assert len(venue.truth.funding("okx", "ABC/USDT:USDT")) == 4


def test_binance_stamps_funding_a_few_ms_late_and_the_truth_at_the_nominal_time(venue):
    market = venue.truth.market("binance", "ABC/USDT:USDT")
    market.funding = [Funding(MIDNIGHT, 0.0001, None), Funding(MIDNIGHT + HOUR, -0.0002, 100.5, late=3)]
    assert asked(venue, "/fapi/v1/fundingRate", symbol="ABCUSDT")[1] == [
        {"fundingTime": MIDNIGHT, "symbol": "ABCUSDT", "fundingRate": "0.00010000", "markPrice": ""},
        {"fundingTime": MIDNIGHT + HOUR + 3, "symbol": "ABCUSDT", "fundingRate": "-0.00020000", "markPrice": "100.50000000"},
    ]
    assert venue.truth.funding("binance", "ABC/USDT:USDT") == [(MIDNIGHT, 0.0001), (MIDNIGHT + HOUR, -0.0002)]


def test_coin_margined_binance_gives_the_latest_of_a_span_of_200_days_and_refuses_more():
    truth = known()
    coin = truth.add("binance", Market("ABC/USD:ABC", "swap", "0.01", contract_size="10"))
    coin.candles, coin.funding = {"trade": HOURS}, [Funding(MIDNIGHT, 0.0001, 100.0)]
    ask = {"symbol": "ABCUSD_PERP", "interval": "1h"}
    with Exchange(truth) as server:
        rows = asked(server, "/dapi/v1/klines", **ask, startTime=MIDNIGHT, limit=1)[1]
        # 10 of the latest hour's coins at 112.25 are 112.25 contracts of 10 USD; the volume in coins follows the time
        assert [(row[0], row[5], row[7]) for row in rows] == [(MIDNIGHT + 2 * HOUR, "112.250", "10.00000000")]
        window = {"startTime": MIDNIGHT - 200 * 24 * HOUR, "endTime": MIDNIGHT + 1}
        assert asked(server, "/dapi/v1/klines", **ask, **window)[1]["code"] == -1128
        assert list(asked(server, "/dapi/v1/fundingRate", symbol="ABCUSD_PERP")[1][0]) == ["fundingTime", "symbol", "fundingRate"]


@pytest.mark.parametrize(
    "path, query, most",
    [
        ("/api/v3/klines", {"symbol": "ABCUSDT", "interval": "1h"}, 1000),
        ("/fapi/v1/klines", {"symbol": "ABCUSDT", "interval": "1h", "limit": 1500}, 1500),
        ("/fapi/v1/klines", {"symbol": "ABCUSDT", "interval": "1h", "limit": None}, 500),
        ("/fapi/v1/fundingRate", {"symbol": "ABCUSDT"}, 1000),
        ("/fapi/v1/fundingRate", {"symbol": "ABCUSDT", "limit": None}, 100),
        ("/v5/market/kline", {"category": "linear", "symbol": "ABCUSDT", "interval": "60"}, 1000),
        ("/v5/market/funding/history", {"category": "linear", "symbol": "ABCUSDT"}, 200),
        ("/api/v5/market/history-candles", {"instId": "ABC-USDT", "bar": "1H"}, 300),
        ("/api/v5/market/history-mark-price-candles", {"instId": "ABC-USDT-SWAP", "bar": "1H"}, 100),
        ("/api/v5/public/funding-rate-history", {"instId": "ABC-USDT-SWAP"}, 100),
    ],
)
def test_a_page_holds_no_more_than_the_venue_gives(path, query, most):
    truth = known(MIDNIGHT + 1600 * HOUR)
    for market in truth.markets.values():
        market.candles = {name: [[MIDNIGHT + n * HOUR, *HOURS[0][1:]] for n in range(1600)] for name in ("trade", "mark")}
        market.funding = [Funding(MIDNIGHT + n * HOUR, 0.0001) for n in range(1600)]
    query = {name: value for name, value in ({"limit": 5000} | query).items() if value is not None}
    with Exchange(truth) as server:
        body = asked(server, path, **query)[1]
    rows = body if isinstance(body, list) else body.get("data") or body["result"]["list"]
    assert len(rows) == most


def test_bybits_list_goes_on_at_the_cursor_and_its_rates_may_be_percent(venue):
    venue.truth.add("bybit", Market("XYZ/USDT:USDT", "swap", tiers=((1000, 0.005, 100),)))
    seen, cursor = [], ""
    for _ in range(2):
        page = asked(venue, "/v5/market/instruments-info", category="linear", limit=1, cursor=cursor)[1]["result"]
        seen, cursor = [*seen, page["list"][0]["symbol"]], page["nextPageCursor"]
    assert (seen, cursor) == (["ABCUSDT", "XYZUSDT"], "")

    def rate():
        page = asked(venue, "/v5/market/risk-limit", category="linear", symbol="XYZUSDT")[1]
        return page["result"]["list"][0]["maintenanceMargin"]

    assert rate() == "0.005"
    venue.truth.percent_tiers.add("bybit")
    assert rate() == "0.5"


@pytest.mark.parametrize(
    "path, query, status, code",
    [
        ("/api/v3/klines", {"symbol": "NONE", "interval": "1h"}, 400, -1121),
        ("/fapi/v1/klines", {"symbol": "ABCUSDT", "interval": "1h", "limit": 1501}, 400, -1130),
        ("/fapi/v1/klines", {"symbol": "ABCUSDT", "interval": "1s"}, 400, -1120),
        ("/fapi/v1/klines", {"symbol": "ABCUSDT", "interval": "1h", "startTime": "soon"}, 400, -1100),
        ("/fapi/v1/fundingRate", {"symbol": "NONE"}, 400, -1121),
        ("/v5/market/kline", {"category": "spot", "symbol": "NONE", "interval": "60"}, 200, 10001),
        ("/api/v5/market/candles", {"instId": "NONE"}, 200, "51001"),
        ("/api/v5/public/funding-rate-history", {"instId": "NONE"}, 200, "51001"),
        ("/api/v5/market/candles", {"instId": "ABC-USDT", "bar": "7m"}, 400, "51000"),
    ],
)
def test_refusals_are_the_venues_own(venue, path, query, status, code):
    told = asked(venue, path, **query)
    assert (told[0], told[1].get("retCode", told[1].get("code"))) == (status, code)
