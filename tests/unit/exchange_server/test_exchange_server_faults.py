"""What ccxt makes of each fault: the reasons why a download cannot trust one call of it."""

import ccxt
import pytest

from tests.support.exchange import Exchange, Fault, Faults, Truth, aimed, ms

SWAP = "BTC/USDT:USDT"
START = ms("2024-01-02")


@pytest.fixture(scope="module")
def truth():
    """Ten days; what changes its clock puts it back."""
    return Truth.small(seed=3, days=10, venues=("binance", "bybit", "okx"))


def raised(truth, fault, name="binanceusdm", **config):
    """What a request for candles raises under a fault, and the client that made it."""
    with Exchange(truth, Faults(fault)) as server:
        client = aimed(name, server.url, **config)
        client.load_markets()
        with pytest.raises(ccxt.BaseError) as caught:
            client.fetch_ohlcv(SWAP, "1h", START, 24)
        assert [row.kind for row in server.faulted] == [fault.kind]
        return caught.value, client


@pytest.mark.parametrize(
    "fault, error",
    [
        (Fault("limited", seconds=7), ccxt.DDoSProtection),
        (Fault("banned", seconds=120), ccxt.DDoSProtection),
        (Fault("region"), ccxt.ExchangeNotAvailable),  # as if trying again could help
        (Fault("broken", status=500), ccxt.ExchangeNotAvailable),
        (Fault("broken", status=502), ccxt.ExchangeNotAvailable),
        (Fault("broken", status=503), ccxt.ExchangeNotAvailable),
        (Fault("hang", seconds=0.05), ccxt.NetworkError),
        (Fault("reset"), ccxt.NetworkError),
        (Fault("cut"), ccxt.NetworkError),
    ],
    ids=lambda value: f"{value.kind} {value.status or ''}" if isinstance(value, Fault) else "",
)
def test_ccxt_raises(truth, fault, error):
    fault.path = "klines"
    assert type(raised(truth, fault)[0]) is error


def test_silence_longer_than_the_client_waits_is_a_timeout(truth):
    assert type(raised(truth, Fault("hang", path="klines", seconds=2.0), timeout=200)[0]) is ccxt.RequestTimeout


@pytest.mark.parametrize("name, kind", [("binanceusdm", "DDoSProtection"), ("bybit", "RateLimitExceeded"), ("okx", "RateLimitExceeded")])
def test_too_many_requests_reads_otherwise_at_each_venue_and_the_wait_is_only_in_the_headers(truth, name, kind):
    error, client = raised(truth, Fault("limited", path="kline|candles", seconds=7), name)
    assert type(error).__name__ == kind and "7" not in str(error).split(" ")
    assert client.last_response_headers["Retry-After"] == "7"


def test_bybit_refuses_too_many_requests_and_a_whole_country_in_the_same_words_to_ccxt(truth):
    """Waiting mends the one and never the other: only the text of the web page tells them apart."""
    for fault in (Fault("limited", path="kline", status=200), Fault("region", path="kline", status=403)):
        error = raised(truth, fault, "bybit")[0]
        assert type(error) is ccxt.RateLimitExceeded
        assert ("block access from your country" in str(error)) == (fault.kind == "region")


@pytest.mark.parametrize("kind", ["unparsable", "empty"])
def test_half_a_text_of_the_right_length_becomes_an_empty_list_without_a_word(truth, kind):
    """The fault a download dies of quietly: an empty page looks like the end of the history."""
    with Exchange(truth, Faults(Fault(kind, path="klines|fundingRate"))) as server:
        client = aimed("binanceusdm", server.url)
        assert client.fetch_ohlcv(SWAP, "1h", START, 24) == []
        assert client.fetch_funding_rate_history(SWAP, START) == []
        assert len(server.faulted) == 2


def page(truth, *faults, calls=1):
    """Hours since the start, as the venue's last of `calls` requests for six hours at a time gave them."""
    with Exchange(truth, Faults(*faults)) as server:
        client = aimed("binanceusdm", server.url)
        client.load_markets()
        for call in range(calls):
            rows = client.fapiPublicGetKlines({"symbol": "BTCUSDT", "interval": "1h", "limit": 6,
                                               "startTime": START + call * 6 * 3_600_000})
        return [(int(row[0]) - START) // 3_600_000 for row in rows]


def test_pages_with_rows_twice_out_of_order_again_or_missing(truth):
    assert page(truth) == [0, 1, 2, 3, 4, 5]
    assert page(truth, Fault("duplicates", path="klines")) == [0, 0, 1, 2, 3, 4, 5, 5]
    assert page(truth, Fault("short_page", path="klines")) == [0, 1, 2, 3, 4]
    mixed = page(truth, Fault("shuffled", path="klines"))
    assert mixed != sorted(mixed) and sorted(mixed) == [0, 1, 2, 3, 4, 5]
    assert page(truth, Fault("overlap", nth=2, path="klines"), calls=2) == [3, 4, 5, 6, 7, 8, 9, 10, 11]


def test_a_list_of_markets_is_not_a_page_and_stays_whole(truth):
    with Exchange(truth, Faults(*[Fault(kind) for kind in ("duplicates", "short_page", "shuffled", "overlap")])) as server:
        assert len(aimed("okx", server.url).load_markets()) == 3
        assert server.faulted == []


def test_time_passes_before_the_answer(truth):
    now = truth.now
    with Exchange(truth, Faults(Fault("grow", nth=2, seconds=3600))) as server:
        client = aimed("binance", server.url)
        assert [client.fetch_time() for _ in range(3)] == [now, now + 3_600_000, now + 3_600_000]
    truth.now = now


def test_a_rule_counts_only_the_paths_it_names_and_stops_when_spent():
    rules = Faults(Fault("empty", nth=(2, 3), path="klines"), Fault("reset", path="time$", times=1))
    drawn = [rules.draw(path) for path in ("/klines", "/ping", "/time", "/klines", "/time", "/klines", "/klines")]
    assert [fault and fault.kind for fault in drawn] == [None, None, "reset", "empty", None, "empty", None]


def test_random_faults_are_the_same_for_the_same_seed_as_frequent_as_told_and_never_three_in_a_row():
    def drawn(seed, count=3000):
        faults = Faults.random(seed, probability=0.3)
        return [getattr(faults.draw("/fapi/v1/klines"), "kind", None) for _ in range(count)]

    told = drawn(5)
    assert told == drawn(5) != drawn(6)
    # from one answer to the next there are 0.3 + 0.3 x 0.3 = 0.39 faults on average: 0.39 of each 1.39 requests
    assert abs(sum(kind is not None for kind in told) / 3000 - 0.39 / 1.39) < 0.03
    assert all(None in told[n : n + 3] for n in range(2998))
    assert {*told} - {None} == {"limited", "banned", "region", "broken", "hang", "reset", "cut", "unparsable", "empty",
                                "duplicates", "overlap", "shuffled", "short_page", "slow", "grow"}


def test_a_client_that_tries_three_times_gets_the_truth_through_random_faults(truth):
    """Faults that show: those that do not (half a text, pages) need a loop that looks, which is not ccxt's."""
    now, kinds = truth.now, ("limited", "broken", "reset", "cut", "slow", "hang")
    with Exchange(truth, Faults.random(1, probability=0.6, kinds=kinds, seconds=0.01)) as server:
        client = aimed("binanceusdm", server.url)

        def patiently(call, *args):
            for _ in range(3):
                try:
                    return call(*args)
                except ccxt.NetworkError:
                    continue
            raise AssertionError("three faults in a row")

        patiently(client.load_markets)
        rows = []
        while len(rows) < 200:
            rows += patiently(client.fetch_ohlcv, SWAP, "1h", START + len(rows) * 3_600_000, 20)
        assert rows == truth.trade("binance", SWAP, "1h", START)[:200]
        assert len(server.faulted) > 3 and truth.now == now
