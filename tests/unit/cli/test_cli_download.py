"""`download` and `data freezes` as a stranger meets them: what is printed, exit codes, and one clear text for mistakes."""

import json

import pytest
from typer.testing import CliRunner

from basisbt.cli.main import app
from basisbt.market.download import client as clients
from tests.support.downloads import SWAP, expected, kept, no_waiting
from tests.support.exchange import Exchange, Fault, Faults, Truth
from tests.support.places import ROOT, SAMPLE

FIRST = ROOT / "configs" / "runs" / "01_btc_carry.yaml"


def call(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def venue(monkeypatch):
    """A server of Binance, Bybit and OKX, a week old."""
    no_waiting(monkeypatch)
    with Exchange(Truth.small(2, "2024-01-01", 7, ("binance", "bybit", "okx"), ("BTC",))) as server:
        yield server


def words(server, folder, name="bybit", symbol=SWAP):
    return ["download", "--venue", name, "--symbol", symbol, "--since", "2024-01-01", "--data-dir", folder,
            "--api", f"{name}={server.url}"]  # fmt: skip


def test_a_perpetual_brings_trade_mark_index_and_funding_by_the_hour(venue, tmp_path):
    done = call(*words(venue, tmp_path))
    assert done.exit_code == 0, done.stderr
    names = ("trade_1h", "mark_1h", "index_1h", "funding")
    assert [line.split("  ")[1].strip() for line in done.stdout.splitlines()[1:5]] == [f"bybit {SWAP} {n}" for n in names]
    for name in names:
        assert kept(tmp_path, "bybit", SWAP, name) == expected(venue.truth, "bybit", SWAP, name)
    assert done.stderr == ""  # no progress where nobody looks


def test_json_is_one_document_with_what_was_fetched_and_what_was_not_given(venue, tmp_path):
    done = call(*words(venue, tmp_path), "--series", "trade_4h,funding", "--until", "2024-01-03", "--json")
    told = json.loads(done.stdout)
    assert [(row["series"], row["new"], row["first"], row["last"]) for row in told["series"]] == [
        ("trade_4h", 12, "2024-01-01", "2024-01-02T20:00Z"), ("funding", 6, "2024-01-01", "2024-01-02T16:00Z"),
    ]  # fmt: skip
    assert told["failures"] == [] and any("only with keys" in note for note in told["notes"])
    assert sorted(path.rpartition("/")[2] for path in told["snapshots"]) == ["market.json", "status.json", "tiers.json"]


def test_a_market_that_changed_its_contract_keeps_the_snapshot_of_before(venue, tmp_path):
    call(*words(venue, tmp_path))
    venue.truth.market("bybit", SWAP).tick = "0.5"
    venue.truth.advance(86_400)
    call(*words(venue, tmp_path))
    names = sorted(path.name for path in (tmp_path / "bybit" / "BTC-USDT_USDT").glob("market*.json"))
    assert names == ["market.20240108T0020Z.json", "market.json"]


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"--symbol": "BTC/USDT:USDC"}, 3, "the venue lists no such market; did you mean BTC/USDT:USDT"),
        ({"--symbol": "BTCUSDT"}, 2, "not a ccxt unified symbol"),
        ({"--venue": "ftx"}, 2, "ftx: cannot be downloaded; expected one of binance, bybit"),
        ({"--since": "yesterday"}, 2, "--since: found 'yesterday'"),
        ({"--since": "2031-01-01"}, 3, "the venue's clock says 2024-01-08T00:20Z"),
        ({"--since": None}, 2, "expected a CONFIG, or --since"),
        ({"--until": "2023-01-01"}, 2, "expected a time after --since"),
        ({"--series": "trades"}, 2, "series 'trades' is unknown"),
        ({"--series": "trade_7h"}, 3, "no such bar length"),
        ({"--api": "bybit"}, 2, "expected venue=URL"),
        ({"--data-dir": SAMPLE}, 3, "holds a synthetic market"),
    ],
)
def test_a_mistake_gets_its_exit_code_and_a_sentence(venue, tmp_path, change, code, says):
    given = words(venue, tmp_path)
    asked = dict(zip(given[1::2], given[2::2], strict=True)) | change
    done = call("download", *(word for key, value in asked.items() if value is not None for word in (key, value)))
    assert done.exit_code == code, done.stderr
    assert says in done.stderr and "Traceback" not in done.stderr and done.stdout == ""
    assert not list(tmp_path.rglob("*.parquet"))


def test_a_config_and_a_symbol_together_are_refused_and_so_is_a_coarser_bar(tmp_path):
    done = call("download", FIRST, "--symbol", SWAP)
    assert done.exit_code == 2 and "found both" in done.stderr
    done = call("download", FIRST, "--timeframe", "8h", "--data-dir", tmp_path)
    assert done.exit_code == 2 and "the config's 1h is no multiple of it" in done.stderr


def test_a_series_that_the_venue_does_not_have_fails_when_named_and_is_a_note_when_not(venue, tmp_path):
    done = call(*words(venue, tmp_path, "okx"), "--series", "premium_1h")
    assert done.exit_code == 3 and "okx BTC/USDT:USDT premium_1h: okx has no such candles" in done.stderr


def test_one_series_that_fails_does_not_stop_the_others_and_the_exit_code_says_so(venue, tmp_path):
    venue.faults = Faults(Fault("broken", path="mark-price-kline"))
    done = call(*words(venue, tmp_path), "--symbol", "NO/SUCH:SUCH", "--json")
    told = json.loads(done.stdout)
    assert done.exit_code == 3 and [row["series"] for row in told["series"]] == ["trade_1h"]
    assert "mark_1h: 8 tries" in done.stderr and "what was fetched of it is kept for the next try" in done.stderr
    venue.faults = Faults()
    assert call(*words(venue, tmp_path)).exit_code == 0


def test_a_held_folder_is_refused(venue, tmp_path):
    from basisbt.market.download.locks import locked

    with locked(tmp_path / "bybit" / "BTC-USDT_USDT"):
        done = call(*words(venue, tmp_path))
    assert done.exit_code == 3 and "another download is at work here" in done.stderr


def test_watching_writes_a_table_and_says_once_what_needs_keys(venue, tmp_path, monkeypatch):
    pauses = []

    def later(seconds):
        if seconds >= 60:
            pauses.append(seconds)
            venue.truth.advance(seconds)

    monkeypatch.setattr(clients, "sleep", later)
    done = call("download", "--watch-status", "--venue", "binance", "--every", "15m", "--times", 3, "--data-dir", tmp_path,
                "--api", f"binance={venue.url}")  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert pauses == [900, 900] and "binance: 3 of 3 looks, 3 rows" in done.stdout
    assert done.stderr.count("only with keys") == 1
    done = call("data", "freezes", tmp_path)
    assert done.exit_code == 0 and "3 looks from 2024-01-08T00:20Z to 2024-01-08T00:50Z" in done.stdout


def test_watching_goes_on_while_a_venue_is_away_and_fails_if_it_never_was_there(venue, tmp_path):
    venue.faults = Faults(Fault("broken"))
    given = ["download", "--watch-status", "--venue", "binance", "--times", 1, "--data-dir", tmp_path, "--api", f"binance={venue.url}"]
    done = call(*given)
    assert done.exit_code == 3 and "8 tries" in done.stderr
    venue.faults = Faults(Fault("broken", nth=tuple(range(1, 9))))
    done = call(*given[:-4], "--times", 1, *given[-4:])
    assert done.exit_code == 3
    venue.faults = Faults(Fault("broken", nth=tuple(range(1, 9))))
    given[given.index(1)] = 2
    done = call(*given)
    assert done.exit_code == 0 and "1 of 2 looks" in done.stdout


def test_freezes_of_nothing_say_who_writes_them(tmp_path):
    done = call("data", "freezes", tmp_path)
    assert done.exit_code == 3 and "--watch-status" in done.stderr
