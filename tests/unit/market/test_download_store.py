"""What a download does to a store: only what is missing is asked for, and what is there is never lost or contradicted."""

import json

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from basisbt.errors import ConfigError, DataError
from basisbt.market.download.client import Client, Unreachable
from basisbt.market.download.dialects import DIALECTS, VENUES
from basisbt.market.download.series import Asked, fetch_series
from basisbt.market.download.series_names import read_series

HOUR = 3_600_000
DAY = 24 * HOUR
START = 1_672_531_200_000  # 2023-01-01T00:00Z
SYMBOL = "BTC/USDT:USDT"


class OneVenue:
    """A client whose venue has hourly bars that open at 100 + hour, and settlements at the hours given."""

    venue, name, version, host = "bybit", "bybit", "4.5.90", "api.example.com"

    def __init__(self, hours=range(240), settled=range(0, 241, 8), now=240):
        self.hours, self.settled, self.now = list(hours), list(settled), START + int(now * HOUR) + 60_000
        self.spans, self.dies_after = [], None

    def market(self, symbol):
        return {"symbol": symbol, "swap": True, "linear": True, "contractSize": 1.0}

    def has(self, feature):
        return True

    def timeframes(self):
        return {"1h": "60", "4h": "240"}

    def call(self, method, symbol, *arguments, what):
        if self.dies_after is not None and len(self.spans) >= self.dies_after:
            raise Unreachable("bybit: 8 tries, the last: RequestTimeout")
        if method == "fetch_funding_rate_history":
            since, limit, params = arguments
            self.spans.append((since, params["until"]))
            rows = [(START + h * HOUR, 0.0001 * h) for h in self.settled]
            good = [row for row in rows if since <= row[0] <= params["until"]][-limit:]
            return [{"timestamp": t, "fundingRate": rate, "info": {}} for t, rate in good]
        timeframe, since, limit, params = arguments
        self.spans.append((since, params["until"]))
        rows = [[START + h * HOUR, 100.0 + h, 102.0 + h, 99.0 + h, 101.0 + h, 5.0] for h in self.hours]
        return [row for row in rows if since <= row[0] <= params["until"]][:limit]


def fetch(folder, client, series="trade_1h", hours=(0, 240), **options):
    low, high = (START + int(h * HOUR) for h in hours)
    return fetch_series(folder, client, Asked("bybit", SYMBOL, read_series(series), low, high, **options))


def place(folder):
    return folder / "bybit" / "BTC-USDT_USDT"


def frame(path):
    return pyarrow.parquet.read_table(path).to_pandas()


def opens(folder):
    return (frame(place(folder) / "trade_1h.parquet")["open"].to_numpy() - 100.0).tolist()


def write(folder, hours, opened=lambda h: 100.0 + h, **more):
    """A file of the user's own, like the venue's bars unless `opened` says otherwise."""
    place(folder).mkdir(parents=True, exist_ok=True)
    o = np.array([opened(h) for h in hours])
    columns = {"open": o, "high": o + 2, "low": o - 1, "close": o + 1, "volume": np.full(o.size, 5.0), **more}
    stamp = pyarrow.array([START + h * HOUR for h in hours], pyarrow.timestamp("ms", "UTC"))
    pyarrow.parquet.write_table(pyarrow.table({"timestamp": stamp, **columns}), place(folder) / "trade_1h.parquet")


def test_the_bar_that_has_not_closed_by_the_venues_clock_is_left_out(tmp_path):
    """At 10:01 the bar of 10:00 is open; at 11:00:04 the one of 10:00 may still change, at 11:00:06 it is final."""
    client = OneVenue(now=10)
    assert fetch(tmp_path, client).last == START + 9 * HOUR
    client = OneVenue()
    client.now = START + 11 * HOUR + 4000
    assert fetch(tmp_path, client).last == START + 9 * HOUR
    client.now = START + 11 * HOUR + 6000
    assert fetch(tmp_path, client).last == START + 10 * HOUR


def test_a_second_download_asks_only_for_what_came_since_and_overlaps_by_a_row(tmp_path):
    fetch(tmp_path, OneVenue(now=100))
    client = OneVenue(now=120)
    found = fetch(tmp_path, client)
    assert (found.new, found.rows) == (20, 120) and opens(tmp_path) == list(range(120))
    assert client.spans == [(START + 99 * HOUR, START + 120 * HOUR - 1)]
    again = OneVenue(now=120)
    assert fetch(tmp_path, again).new == 0 and again.spans == []


def test_what_is_missing_before_is_asked_for_once_even_if_there_is_nothing(tmp_path):
    fetch(tmp_path, OneVenue(hours=range(50, 240)), hours=(60, 240))
    client = OneVenue(hours=range(50, 240))
    found = fetch(tmp_path, client)
    assert found.first == START + 50 * HOUR and "nothing before 2023-01-03T02:00Z" in found.note
    again = OneVenue(hours=range(50, 240))
    fetch(tmp_path, again)
    assert again.spans == []


def test_a_hole_stays_until_it_is_asked_for_with_fill(tmp_path):
    holed = [*range(100), *range(110, 240)]
    found = fetch(tmp_path, OneVenue(hours=holed))
    assert found.holes == 1 and "1 hole, 11h the longest" in found.note
    assert fetch(tmp_path, OneVenue()).new == 0
    filled = fetch(tmp_path, OneVenue(), fill=True)
    assert filled.new == 10 and filled.holes == 0 and opens(tmp_path) == list(range(240))


def test_the_manifest_says_where_a_series_came_from_and_what_it_was(tmp_path):
    fetch(tmp_path, OneVenue())
    entry = json.loads((place(tmp_path) / "manifest.json").read_text())["series"]["trade_1h"]
    assert entry["source"] == "bybit" and entry["ccxt"] == "4.5.90" and entry["host"] == "api.example.com"
    assert entry["rows"] == 240 and entry["first"] == "2023-01-01" and entry["last"] == "2023-01-10T23:00Z"
    assert entry["since"] == START and len(entry["digest"]) == 32


def test_a_file_of_ones_own_that_agrees_is_completed_with_all_its_rows_kept(tmp_path):
    write(tmp_path, range(10, 50))
    found = fetch(tmp_path, OneVenue())
    assert (found.new, found.rows) == (200, 240) and opens(tmp_path) == list(range(240))


def test_a_file_that_disagrees_in_one_row_stops_the_download_and_stays(tmp_path):
    write(tmp_path, range(50), opened=lambda h: 100.0 + h + (0.01 if h == 49 else 0.0))
    before = (place(tmp_path) / "trade_1h.parquet").read_bytes()
    says = r"trade_1h.parquet: row 49 \(2023-01-03T01:00Z\): open 149.01 on disk \(not from a download.*, 149.0 at bybit"
    with pytest.raises(DataError, match=says):
        fetch(tmp_path, OneVenue())
    assert (place(tmp_path) / "trade_1h.parquet").read_bytes() == before


def test_with_force_it_is_put_aside_and_its_whole_span_is_fetched_anew(tmp_path):
    write(tmp_path, range(50), opened=lambda h: 100.0 + h + (0.01 if h == 49 else 0.0))
    before = (place(tmp_path) / "trade_1h.parquet").read_bytes()
    found = fetch(tmp_path, OneVenue(), hours=(40, 60), force=True)
    assert opens(tmp_path) == list(range(60)) and "trade_1h.parquet.1.bak" in found.note
    assert (place(tmp_path) / "trade_1h.parquet.1.bak").read_bytes() == before


def test_force_does_nothing_to_a_file_that_agrees(tmp_path):
    fetch(tmp_path, OneVenue(now=100))
    fetch(tmp_path, OneVenue(now=120), force=True)
    assert not list(place(tmp_path).glob("*.bak"))


def test_columns_that_would_be_lost_stop_the_download(tmp_path):
    write(tmp_path, range(50), trades=np.arange(50.0))
    with pytest.raises(DataError, match="columns that a download does not write .trades."):
        fetch(tmp_path, OneVenue())


def test_a_csv_of_ones_own_stays_and_its_rows_are_in_the_parquet(tmp_path):
    place(tmp_path).mkdir(parents=True)
    lines = ["timestamp,open,high,low,close,volume"]
    lines += [f"2023-01-01T{h:02}:00Z,{100 + h},{102 + h},{99 + h},{101 + h},5" for h in range(12)]
    (place(tmp_path) / "trade_1h.csv").write_text("\n".join(lines))
    found = fetch(tmp_path, OneVenue())
    assert opens(tmp_path) == list(range(240)) and "trade_1h.csv stays" in found.note
    assert (place(tmp_path) / "trade_1h.csv").read_text() == "\n".join(lines)


def test_a_venue_that_stops_answering_costs_no_page_that_was_there(tmp_path):
    """1,000 bars a page, 5 pages: it dies after 3; the next run asks for the rest only."""
    client = OneVenue(hours=range(4500), now=4500)
    client.dies_after = 3
    with pytest.raises(Unreachable):
        fetch(tmp_path, client, hours=(0, 4500))
    assert not (place(tmp_path) / "trade_1h.parquet").exists() and (place(tmp_path) / ".trade_1h.part").exists()
    client = OneVenue(hours=range(4500), now=4500)
    fetch(tmp_path, client, hours=(0, 4500))
    assert opens(tmp_path) == list(range(4500)) and len(client.spans) == 2
    assert not (place(tmp_path) / ".trade_1h.part").exists()


def test_a_line_of_the_journal_that_a_kill_cut_short_is_fetched_again(tmp_path):
    client = OneVenue(hours=range(4500), now=4500)
    client.dies_after = 3
    with pytest.raises(Unreachable):
        fetch(tmp_path, client, hours=(0, 4500))
    part = place(tmp_path) / ".trade_1h.part"
    part.write_bytes(part.read_bytes()[:-100])
    client = OneVenue(hours=range(4500), now=4500)
    fetch(tmp_path, client, hours=(0, 4500))
    assert opens(tmp_path) == list(range(4500)) and len(client.spans) == 3


def test_what_a_kill_left_of_a_file_being_written_is_swept_away(tmp_path):
    place(tmp_path).mkdir(parents=True)
    (place(tmp_path) / ".trade_1h.parquet.4711").write_bytes(b"half")
    fetch(tmp_path, OneVenue())
    assert sorted(path.name for path in place(tmp_path).iterdir()) == [".lock", "manifest.json", "trade_1h.parquet"]


def test_a_journal_for_another_file_is_thrown_away(tmp_path):
    client = OneVenue(hours=range(4500), now=4500)
    client.dies_after = 3
    with pytest.raises(Unreachable):
        fetch(tmp_path, client, hours=(0, 4500))
    write(tmp_path, range(2000, 2100))
    client = OneVenue(hours=range(4500), now=4500)
    fetch(tmp_path, client, hours=(0, 4500))
    assert opens(tmp_path) == list(range(4500)) and client.spans[0][0] == START


def test_funding_is_kept_as_settled_and_what_comes_later_is_added(tmp_path):
    settled = [*range(0, 100, 8), *range(100, 140, 4), *range(140, 241)]
    fetch(tmp_path, OneVenue(settled=settled, now=150), "funding")
    found = fetch(tmp_path, OneVenue(settled=settled), "funding")
    rows = frame(place(tmp_path) / "funding.parquet")
    assert ((rows["timestamp"].astype("int64") - START) // HOUR).tolist() == settled[:-1] and found.holes == 0
    assert rows["funding_rate"].tolist() == [0.0001 * h for h in settled[:-1]] and list(rows.columns) == ["timestamp", "funding_rate"]


def test_a_span_that_has_not_begun_and_a_series_nobody_knows_are_refused(tmp_path):
    with pytest.raises(DataError, match="the venue's clock says 2023-01-11T00:01Z"):
        fetch(tmp_path, OneVenue(), hours=(300, 400))
    with pytest.raises(ConfigError, match="'trades_1h' is unknown"):
        read_series("trades_1h")
    assert not list(tmp_path.rglob("*.parquet"))


def test_a_price_that_cannot_be_is_refused_with_its_row(tmp_path):
    class Broken(OneVenue):
        def call(self, *arguments, **more):
            rows = super().call(*arguments, **more)
            return [[t, o, h, -1.0, c, v] if t == START + 7 * HOUR else [t, o, h, low, c, v] for t, o, h, low, c, v in rows]

    with pytest.raises(DataError, match=r"row 7 \(2023-01-01T07:00Z\): low -1"):
        fetch(tmp_path, Broken())
    assert not list(tmp_path.rglob("*.parquet"))


def test_a_venue_that_contradicts_itself_is_refused_and_its_pages_are_forgotten(tmp_path):
    """The last bar of the first page is another one when the second page repeats it."""

    class Unsteady(OneVenue):
        def call(self, *arguments, **more):
            rows = super().call(*arguments, **more)
            if len(self.spans) == 2:
                rows[0][2] += 1.0
            return rows

    with pytest.raises(DataError, match=r"two rows for 2023-02-11T15:00Z: high 1101.0 and 1102.0; expected one"):
        fetch(tmp_path, Unsteady(hours=range(2000), now=2000), hours=(0, 2000))
    assert not list(tmp_path.rglob("*.parquet")) and not list(tmp_path.rglob("*.part"))
    fetch(tmp_path, OneVenue(hours=range(2000), now=2000), hours=(0, 2000))
    assert opens(tmp_path) == list(range(2000))


class OnePage:
    """A client whose venue has one page of these rows, whatever it is asked."""

    version, host, now = "4.5.90", "api.example.com", START + 100 * HOUR

    def __init__(self, venue, name, rows, **market):
        self.venue, self.name, self.rows, self.listed = venue, name, rows, market

    def market(self, symbol):
        return {"symbol": symbol, "swap": True, "linear": True, **self.listed}

    def has(self, feature):
        return True

    def timeframes(self):
        return {"1h": "1h"}

    def call(self, method, symbol, *arguments, what):
        number = arguments[2].get("pageNo", 1) if isinstance(arguments[2], dict) else 1
        return self.rows if number == 1 else []


def settled(folder, venue, name, **info):
    rows = [{"timestamp": START + h * HOUR, "fundingRate": 0.0008, "info": info} for h in range(10)]
    client = OnePage(venue, name, rows)
    fetch_series(folder, client, Asked(venue, SYMBOL, read_series("funding"), START, START + 10 * HOUR))
    return frame(folder / venue / "BTC-USDT_USDT" / "funding.parquet")["funding_rate"].tolist()


def test_deribits_hourly_rows_hold_what_the_hour_paid_and_not_the_rate_of_8_hours(tmp_path):
    """ccxt's fundingRate is interest_8h (0.0008) in every hourly row; what accrued in the hour is interest_1h."""
    assert settled(tmp_path, "deribit", "deribit", interest_1h=0.0001, interest_8h=0.0008) == [0.0001] * 10
    assert settled(tmp_path, "kraken", "krakenfutures") == [0.0008] * 10
    assert settled(tmp_path, "bitget", "bitget") == [0.0008] * 10


def test_volume_that_a_venue_counts_in_contracts_is_kept_in_coins(tmp_path):
    """Gate's BTC contract is 0.0001 BTC: 50,000 of them are 5 BTC."""
    rows = [[START + h * HOUR, 100.0, 102.0, 99.0, 101.0, 50_000.0] for h in range(10)]
    client = OnePage("gate", "gate", rows, contractSize=0.0001)
    fetch_series(tmp_path, client, Asked("gate", SYMBOL, read_series("trade_1h"), START, START + 10 * HOUR))
    assert frame(tmp_path / "gate" / "BTC-USDT_USDT" / "trade_1h.parquet")["volume"].tolist() == [5.0] * 10


def test_every_class_of_the_table_can_be_made_and_goes_where_it_is_sent():
    """No URL leaves for the venue once another base is given."""
    for venue, kinds in VENUES.items():
        for name in set(kinds.values()):
            urls = json.dumps(Client(venue, name, "http://127.0.0.1:9").exchange.urls["api"])
            assert urls.count("http") == urls.count("http://127.0.0.1:9/") + urls.count('http://127.0.0.1:9"'), name
            assert name in DIALECTS
