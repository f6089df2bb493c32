"""Downloads from venues that fail: what is stored equals what the venue knows, or the command failed and nothing changed.

`BASISBT_KILLS=20` kills a download twenty times at random moments (`make thorough`); without it three times.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from basisbt.errors import DataError
from basisbt.market.download import client as clients
from basisbt.market.download.client import Client
from tests.support.downloads import SPOT, SWAP, again, expected, fetch, kept, marks, no_waiting
from tests.support.exchange import Exchange, Fault, Faults, Truth
from tests.support.places import ROOT

KILLS = int(os.environ.get("BASISBT_KILLS", "3"))
HOUR = 3_600_000
CANDLES = ("trade_1h", "mark_1h", "index_1h", "premium_1h")
OFFERED = {
    "binance": (*CANDLES, "funding"), "bybit": (*CANDLES, "funding"), "okx": (*CANDLES[:3], "funding"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    no_waiting(monkeypatch, pages=40)


def world(venue="binance", days=12, seed=1, **more):
    return Truth.small(seed, "2024-01-01", days, (venue,), ("BTC",), **more)


@pytest.mark.parametrize("venue", OFFERED)
def test_every_series_of_a_venue_equals_what_it_knows_page_by_page(tmp_path, venue):
    """Twelve days: 288 bars at 40 a page, and settlements every 8, then 4, then 1 hours at 10 a page."""
    truth = world(venue)
    with Exchange(truth) as server:
        told = fetch(tmp_path, server, venue, SWAP, *OFFERED[venue])
        assert not told.failures and not fetch(tmp_path, server, venue, SPOT, "trade_1h", "trade_4h").failures
    for name in OFFERED[venue]:
        assert kept(tmp_path, venue, SWAP, name) == expected(truth, venue, SWAP, name), name
    for name in ("trade_1h", "trade_4h"):
        assert kept(tmp_path, venue, SPOT, name) == expected(truth, venue, SPOT, name), name
    assert len(kept(tmp_path, venue, SPOT, "trade_1h")) == 288 and len(kept(tmp_path, venue, SWAP, "funding")) > 120


@pytest.mark.parametrize("venue", OFFERED)
def test_a_dated_future_is_fetched_like_any_other_market(tmp_path, venue):
    truth = world(venue)
    symbol = next(name for _, name in truth.markets if "-" in name)
    with Exchange(truth) as server:
        assert not fetch(tmp_path, server, venue, symbol, "trade_1h", "mark_1h").failures
    assert kept(tmp_path, venue, symbol, "mark_1h") == expected(truth, venue, symbol, "mark_1h")


@pytest.mark.parametrize("venue", OFFERED)
def test_a_coin_margined_perpetual_has_its_volume_in_coins(tmp_path, venue):
    """All three tell it apart from the contracts that were traded; ccxt picks the right one."""
    truth, symbol = world(venue, coin_margined=True), "BTC/USD:BTC"
    with Exchange(truth) as server:
        assert not fetch(tmp_path, server, venue, symbol, "trade_1h", "mark_1h", "index_1h", "funding").failures
    for name in ("trade_1h", "mark_1h", "index_1h", "funding"):
        assert kept(tmp_path, venue, symbol, name) == expected(truth, venue, symbol, name), name


def test_the_mark_of_a_settlement_is_kept_where_the_venue_tells_it(tmp_path):
    truth = world()
    with Exchange(truth) as server:
        fetch(tmp_path, server, "binance", SWAP, "funding")
    paid = [row.mark for row in truth.market("binance", SWAP).funding if row.time <= truth.now]
    assert [None if mark != mark else mark for mark in marks(tmp_path, "binance", SWAP)] == paid
    assert {None} < set(paid)  # early settlements have none


def test_ccxts_own_paging_loses_settlements_of_a_contract_that_pays_every_hour(tmp_path):
    """Why the loop is ours: ccxt's asks for windows as long as a page of 8 h settlements, and drops what does not fit."""
    truth = world()
    with Exchange(truth) as server:
        client = Client("binance", "binanceusdm", server.url)
        start = truth.market("binance", SWAP).listed
        end = client.now
        params = {"paginate": True, "paginationCalls": 100, "until": end}
        rows = client.call("fetch_funding_rate_history", SWAP, start, 10, params)
        assert len(rows) < len(truth.funding("binance", SWAP))
        again(tmp_path, client, "binance", SWAP, "funding", start)
    assert kept(tmp_path, "binance", SWAP, "funding") == expected(truth, "binance", SWAP, "funding")


@pytest.mark.parametrize("venue", OFFERED)
def test_a_market_that_grows_meanwhile_is_whole_up_to_the_moment_the_download_began(tmp_path, venue):
    truth = world(venue)
    before = {name: expected(truth, venue, SWAP, name) for name in ("trade_1h", "funding")}
    with Exchange(truth) as server:
        for requests in range(4, 22, 3):
            truth.grow_after(requests, 1800)
        fetch(tmp_path, server, venue, SWAP, *before)
        for name in before:
            assert kept(tmp_path, venue, SWAP, name) == before[name]
        fetch(tmp_path, server, venue, SWAP, *before)
    for name in before:
        assert kept(tmp_path, venue, SWAP, name) == expected(truth, venue, SWAP, name)
        assert len(kept(tmp_path, venue, SWAP, name)) > len(before[name])


FINE = ("limited", "broken", "hang", "reset", "cut", "unparsable", "empty", "duplicates", "overlap", "shuffled",
        "short_page", "slow", "grow")  # fmt: skip


@pytest.mark.parametrize("venue", OFFERED)
@pytest.mark.parametrize("kind", FINE)
def test_a_fault_that_passes_leaves_no_trace(tmp_path, kind, venue):
    """Every third request for rows fails in one way."""
    truth = world(venue)
    rows = "lines|fundingRate|kline|candles|funding/history|funding-rate-history"
    faults = Faults(Fault(kind, nth=tuple(range(2, 400, 3)), path=rows, seconds=0.01))
    before = {name: expected(truth, venue, SWAP, name) for name in ("trade_1h", "funding")}
    with Exchange(truth, faults) as server:
        told = fetch(tmp_path, server, venue, SWAP, *before)
        assert not told.failures and len(server.faulted) > 3
    for name in before:
        assert kept(tmp_path, venue, SWAP, name) == before[name]


def test_a_venue_that_hangs_is_given_up_after_the_timeout_and_asked_again(tmp_path, monkeypatch):
    monkeypatch.setattr(clients, "TIMEOUT", 200)
    truth = world()
    with Exchange(truth, Faults(Fault("hang", nth=(2, 3), path="klines", seconds=1.0))) as server:
        assert not fetch(tmp_path, server, "binance", SPOT, "trade_1h").failures
    assert kept(tmp_path, "binance", SPOT, "trade_1h") == expected(truth, "binance", SPOT, "trade_1h")


def test_a_refused_region_is_final_and_says_so(tmp_path):
    truth = world()
    with Exchange(truth, Faults(Fault("region", nth=3, path="klines"))) as server:
        told = fetch(tmp_path, server, "binance", SPOT, "trade_1h")
        asked = len(server.requests)
    assert "does not serve the region" in told.failures[0] and "HTTP 451" in told.failures[0]
    assert server.faulted[-1].number == asked - 1  # nothing was asked after it
    assert not list(tmp_path.rglob("*.parquet"))


def test_a_ban_is_waited_for_if_short_and_reported_if_long(tmp_path, monkeypatch):
    pauses = []
    monkeypatch.setattr(clients, "sleep", pauses.append)
    truth = world()
    with Exchange(truth, Faults(Fault("banned", nth=2, path="klines", seconds=120))) as server:
        assert not fetch(tmp_path, server, "binance", SPOT, "trade_1h").failures
    assert 120 <= max(pauses) <= 121  # Retry-After and at most a second of jitter
    with Exchange(truth, Faults(Fault("banned", nth=1, path="klines", seconds=86_400))) as server:
        told = fetch(tmp_path / "b", server, "binance", SPOT, "trade_1h")
    assert "asks to wait 86,400 s" in told.failures[0]


def test_a_venue_that_stays_broken_is_given_up_after_eight_tries_with_growing_pauses(tmp_path, monkeypatch):
    pauses = []
    monkeypatch.setattr(clients, "sleep", lambda s: pauses.append(s) if s > 0.4 else None)
    truth = world()
    with Exchange(truth, Faults(Fault("broken", path="klines"))) as server:
        told = fetch(tmp_path, server, "binance", SPOT, "trade_1h")
        assert sum("klines" in path for _, path, _ in server.requests) == 8
    assert "8 tries, the last: ExchangeNotAvailable" in told.failures[0]
    assert len(pauses) == 7 and all(0.5 * 2**k <= pause <= 1.5 * 2**k for k, pause in enumerate(pauses))


def test_a_bar_that_changed_at_the_venue_since_it_was_stored_stops_the_download(tmp_path):
    truth = world()
    with Exchange(truth) as server:
        fetch(tmp_path, server, "binance", SPOT, "trade_1h")
        before = kept(tmp_path, "binance", SPOT, "trade_1h")
        last = next(row for row in truth.market("binance", SPOT).candles["trade"] if row[0] == before[-1][0])
        last[4] = last[1]
        last[1:4] = [last[1], last[1] + 10, last[1] - 10]
        truth.market("binance", SPOT).candles["trade"] = list(truth.market("binance", SPOT).candles["trade"])
        truth._built.clear()
        truth.advance(3600)
        told = fetch(tmp_path, server, "binance", SPOT, "trade_1h")
    assert "row 287" in told.failures[0] and "at binance; expected the same" in told.failures[0]
    assert kept(tmp_path, "binance", SPOT, "trade_1h") == before


def test_two_hundred_runs_of_bad_luck_store_the_truth_or_nothing(tmp_path):
    """Each begins without a file or with a part of it. What failed leaves the file as it was, and the next run, which
    nothing disturbs, completes it from what was fetched."""
    names = {"binance": "binanceusdm", "bybit": "bybit", "okx": "okx"}
    truth = Truth.small(1, "2024-01-01", 8, tuple(names), ("BTC",))
    start, moment = truth.market("okx", SWAP).listed, truth.now
    outcomes = {"whole": 0, "refused": 0}
    with Exchange(truth) as server:
        venues = {venue: Client(venue, name, server.url) for venue, name in names.items()}
        assert all(client.now == moment and client.markets for client in venues.values())
        for seed in range(200):
            chance = random.Random(seed)
            venue, name = chance.choice(list(venues)), chance.choice(["trade_1h", "mark_1h", "funding"])
            folder, client = tmp_path / str(seed), venues[venue]
            truth.now = moment
            server.faults = Faults()
            if chance.random() < 0.5:
                again(folder, client, venue, SWAP, name, start + 48 * HOUR, start + 100 * HOUR)
            before, want = kept(folder, venue, SWAP, name), expected(truth, venue, SWAP, name)
            server.faults = Faults.random(seed, chance.uniform(0.1, 0.7), in_a_row=chance.choice([2, None]), seconds=0.002)
            try:
                again(folder, client, venue, SWAP, name, start)
                outcomes["whole"] += 1
            except DataError:
                outcomes["refused"] += 1
                assert kept(folder, venue, SWAP, name) == before, seed
                server.faults = Faults()
                again(folder, client, venue, SWAP, name, start)
            assert kept(folder, venue, SWAP, name) == want, seed
    assert min(outcomes.values()) > 25, outcomes


def command(url, folder, *words):
    """`basisbt download` in a process of its own, without pauses."""
    code = "from basisbt.market.download import client; client.sleep = lambda s: None; from basisbt.cli.main import main; main()"
    call = [sys.executable, "-c", code, "download", "--venue", "binance", "--symbol", SWAP, "--since", "2024-01-01",
            "--data-dir", str(folder), "--api", f"binance={url}", "--no-snapshots", *words]  # fmt: skip
    return subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
                            env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip


def test_kill_9_at_any_moment_loses_at_most_a_page_and_doubles_nothing(tmp_path):
    """The venue answers slowly, so that there is time to be killed in. What can be seen is whole at any time."""
    truth = world(days=250, intervals=(1,))
    moments = random.Random(3)
    slow = Faults(Fault("slow", path="klines|Klines|fundingRate", seconds=0.15))
    with Exchange(truth, slow) as server:
        for _ in range(KILLS):
            process = command(server.url, tmp_path, "--series", "trade_1h,funding")
            seen = len(server.requests)
            while process.poll() is None and len(server.requests) < seen + 5:
                time.sleep(0.01)
            time.sleep(moments.uniform(0.0, 0.6))
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            process.stdout.close()
            process.stderr.close()
            for name in ("trade_1h", "funding"):
                assert kept(tmp_path, "binance", SWAP, name) in ([], expected(truth, "binance", SWAP, name))
        server.faults = Faults()
        out, err = command(server.url, tmp_path, "--series", "trade_1h,funding", "--json").communicate(timeout=60)
    assert [row["series"] for row in json.loads(out)["series"]] == ["trade_1h", "funding"], err
    for name in ("trade_1h", "funding"):
        assert kept(tmp_path, "binance", SWAP, name) == expected(truth, "binance", SWAP, name)
    pages = [int(query["startTime"]) for _, path, query in server.requests if path.endswith("/klines")]
    assert len(pages) <= 6 + KILLS  # 6,000 bars in six pages; a kill costs at most the page that was under way
