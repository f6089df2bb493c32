"""ccxt's own clients read the loopback venues: markets, candles, funding, tiers, coins and status are the truth's."""

import ccxt
import pytest

from tests.support.exchange import Exchange, Truth, aimed, ms

SWAP, COIN = "BTC/USDT:USDT", "BTC/USD:BTC"
CLASSES = {"binance": "binance", "binanceusdm": "binance", "binancecoinm": "binance", "bybit": "bybit", "okx": "okx"}
START = "2024-01-02"


@pytest.fixture(scope="module")
def world():
    """Ten days of all three venues, looked at from 20 minutes past midnight of 11 January; nothing here changes it."""
    truth = Truth.small(seed=7, start="2024-01-01", days=10, coin_margined=True)
    with Exchange(truth) as server:
        clients = {name: aimed(name, server.url) for name in CLASSES}
        for client in clients.values():
            client.load_markets()
        yield truth, clients, server


def test_the_same_seed_is_the_same_world_and_another_seed_is_another():
    def closes(seed):
        return [row[4] for row in Truth.small(seed=seed, days=2).trade("okx", SWAP, "1h")]

    assert len(closes(1)) == 48 and closes(1) == closes(1) != closes(2)


def test_funding_runs_on_eight_hours_then_four_then_one(world):
    times = [time for time, _ in world[0].funding("bybit", SWAP)]
    gaps = [(b - a) // 3_600_000 for a, b in zip(times, times[1:])]
    # 30 spans of 8 hours, ten for each interval: 10 gaps of 8 h, 20 of 4 h, then 80 of 1 h up to midnight
    assert gaps == [8] * 10 + [4] * 20 + [1] * 80


@pytest.mark.parametrize("name", CLASSES)
def test_markets_are_those_of_the_venue(world, name):
    kinds = {"binanceusdm": ["swap", "future"], "binancecoinm": ["swap"]}.get(name, ["spot", "swap", "future", "swap"])
    markets = world[1][name].markets
    assert sorted(m["type"] for m in markets.values()) == sorted(kinds)
    for symbol, market in markets.items():
        fact = world[0].market(CLASSES[name], symbol)
        assert (market["precision"]["price"], market["precision"]["amount"]) == (float(fact.tick), float(fact.lot))
        assert market["expiry"] == fact.expiry and market["active"]
        assert market["contractSize"] == (None if market["spot"] else float(fact.contract_size))


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("timeframe", ["1h", "4h", "1d"])
def test_candles_are_the_truths(world, name, timeframe):
    truth, clients, _ = world
    for symbol in clients[name].markets:
        rows = clients[name].fetch_ohlcv(symbol, timeframe, ms(START), 50)
        expected = truth.trade(CLASSES[name], symbol, timeframe, ms(START))
        finished = [row for row in rows if row[0] <= expected[-1][0]]
        assert finished == expected[:50] and len(finished) == {"1h": 50, "4h": 50, "1d": 9}[timeframe]


@pytest.mark.parametrize("name", CLASSES)
def test_mark_index_and_premium_candles_are_the_truths(world, name):
    truth, clients, _ = world
    symbol = COIN if name == "binancecoinm" else SWAP
    for price, series in (("mark", "mark"), ("index", "index"), ("premiumIndex", "premium")):
        if (name, price) == ("okx", "premiumIndex"):
            continue  # OKX has none, and ccxt would answer with trade candles
        rows = clients[name].fetch_ohlcv(symbol, "1h", ms(START), 100, {"price": price})
        expected = truth.candles(CLASSES[name], symbol, series, "1h", ms(START))[:100]
        assert [row[:5] for row in rows] == [row[:5] for row in expected] and len(rows) == 100


@pytest.mark.parametrize("name", CLASSES)
def test_funding_is_the_truths_once_the_lateness_is_taken_off(world, name):
    truth, clients, _ = world
    symbol = COIN if name == "binancecoinm" else SWAP
    rows = clients[name].fetch_funding_rate_history(symbol, limit=50)
    told = [(row["timestamp"] // 60_000 * 60_000, row["fundingRate"]) for row in rows]
    assert told == truth.funding(CLASSES[name], symbol)[-50:]


def test_okx_through_ccxt_answers_a_start_with_the_latest_page_and_says_nothing(world):
    """ccxt sends `before` alone: 111 rows lie after the start, the first 11 are missing from the answer."""
    truth, clients, _ = world
    rows = clients["okx"].fetch_funding_rate_history(SWAP, ms("2024-01-01"), 100)
    assert rows[0]["timestamp"] == truth.funding("okx", SWAP)[11][0] and len(rows) == 100


def test_bybit_through_ccxt_loses_rows_when_the_interval_was_shorter_than_it_is():
    """ccxt spans `limit` of the present intervals, 8 h; in that span lie eight times as many rows of the time when it
    was 1 h, and the venue sends the latest of them."""
    truth = Truth.small(days=12, venues=("bybit",), intervals=(1, 8))
    with Exchange(truth) as server:
        rows = aimed("bybit", server.url).fetch_funding_rate_history(SWAP, ms("2024-01-01"), 10)
    # ten intervals of 8 h end on 4 January 08:00, where hourly rows 81 .. 72 are the latest ten
    assert [row["timestamp"] for row in rows] == [ms("2024-01-03T23:00") + n * 3_600_000 for n in range(10)]


def test_present_funding_intervals_tiers_coins_time_and_status(world):
    truth, clients, _ = world
    for name in ("binanceusdm", "bybit", "okx"):
        client, venue = clients[name], CLASSES[name]
        client.apiKey = client.secret = client.password = "any"  # what is signed is answered without a look at it
        tiers = client.fetch_market_leverage_tiers(SWAP)
        fact = truth.market(venue, SWAP).tiers
        assert [(t["maxNotional"], t["maintenanceMarginRate"], t["maxLeverage"]) for t in tiers] == list(fact)
        coins = client.fetch_currencies()
        assert {n: (net["withdraw"], net["fee"]) for n, net in coins["USDT"]["networks"].items()} == {
            "ERC20": (True, 4.0), "TRC20": (True, 1.0), "BEP20": (False, 0.1)}
        assert client.fetch_time() == truth.now == ms("2024-01-11T00:20")
        assert client.fetch_status()["status"] == "ok"
    assert clients["bybit"].fetch_funding_rate(SWAP)["interval"] == clients["okx"].fetch_funding_rate(SWAP)["interval"] == "1h"
    assert clients["binanceusdm"].fetch_funding_intervals()[SWAP]["interval"] == "1h"


def test_a_venue_in_maintenance_says_so():
    truth = Truth.small(days=2)
    truth.down = {"binance", "bybit", "okx"}
    with Exchange(truth) as server:
        for name in ("binance", "bybit", "okx"):
            assert aimed(name, server.url).fetch_status()["status"] == "maintenance"


def test_an_expired_contract_is_no_longer_listed():
    truth = Truth.small(days=2, venues=("okx",))
    dated = next(symbol for _, symbol in truth.markets if "-" in symbol)
    with Exchange(truth) as server:
        assert dated in aimed("okx", server.url).load_markets()
        truth.now = truth.market("okx", dated).expiry
        assert dated not in aimed("okx", server.url).load_markets()


def test_a_market_that_is_not_traded_is_listed_as_inactive():
    truth = Truth.small(days=2)
    with Exchange(truth) as server:
        for name in ("binanceusdm", "bybit", "okx"):
            truth.market(CLASSES[name], SWAP).live = False
            assert aimed(name, server.url).load_markets()[SWAP]["active"] is False


def test_unknown_symbols_that_reach_the_venue_are_bad_symbols(world):
    server = world[2]
    for name, error in (("binance", ccxt.BadSymbol), ("bybit", ccxt.BadRequest), ("okx", ccxt.BadSymbol)):
        client = aimed(name, server.url)
        client.load_markets()
        client.market("BTC/USDT")["id"] = "NONE"
        with pytest.raises(error):
            client.fetch_ohlcv("BTC/USDT")
    asked = len(server.requests)
    with pytest.raises(ccxt.BadSymbol):
        client.fetch_ohlcv("NONE/USDT")
    assert len(server.requests) == asked  # ccxt knows its list; nothing was sent
