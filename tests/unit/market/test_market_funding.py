"""Marks and settlements: what margin sees, when funding falls due, and the price it is paid on."""

import pytest

from basisbt.core.tape import CLOSE, HIGH, LOW, MARK_CLOSE, MARK_HIGH, MARK_LOW, MARK_OPEN, OPEN
from basisbt.errors import DataError
from basisbt.market.panel import build_panel

START = 1_672_531_200
HOUR = 3600
SPOT = "bybit BTC/USDT"
PERPETUAL = "bybit BTC/USDT:USDT"
MARKS = (MARK_OPEN, MARK_HIGH, MARK_LOW, MARK_CLOSE)


@pytest.fixture
def desk(market):
    """Two days of hourly spot at 100 and perpetual at 103, funding every eight hours."""
    market.bars("bybit", "BTC/USDT", "trade_1h", range(48), [100.0] * 48)
    market.bars("bybit", "BTC/USDT:USDT", "trade_1h", range(48), [103.0] * 48)
    market.funding("bybit", "BTC/USDT:USDT", range(0, 48, 8), [1e-4, 2e-4, 3e-4, 4e-4, 5e-4, 6e-4])
    return market


def panel_of(desk, timeframe, hours=(0, 48), names=(SPOT, PERPETUAL), **options):
    return build_panel(desk.request(list(names), timeframe, hours, **options))


def test_hourly_bars_settle_at_their_opens(desk):
    panel, notes = panel_of(desk, 1)
    assert panel.funding_at_open.all()
    assert [int(r) for r in panel.first[[0, 1, 8, 9, 48]]] == [0, 1, 1, 2, 6]
    assert panel.funding_time.tolist() == [START + h * HOUR for h in range(0, 48, 8)]
    assert set(panel.funding_instrument.tolist()) == {1}
    assert panel.funding_price.tolist() == [103.0] * 6
    assert notes.funding_gaps == {}


def test_a_daily_bar_holds_three_settlements_one_at_its_open(desk):
    panel, _ = panel_of(desk, 24)
    assert panel.first.tolist() == [0, 3, 6]
    assert panel.funding_at_open.tolist() == [True, False, False] * 2
    assert panel.funding_rate.tolist() == [1e-4, 2e-4, 3e-4, 4e-4, 5e-4, 6e-4]


def test_settlements_of_several_instruments_are_ordered_by_time_then_instrument(desk):
    desk.bars("okx", "BTC/USDT:USDT", "trade_1h", range(48), [103.0] * 48)
    desk.funding("okx", "BTC/USDT:USDT", range(0, 48, 4), [-1e-4] * 12)
    panel, _ = panel_of(desk, 24, names=(PERPETUAL, "okx BTC/USDT:USDT"))
    hours = ((panel.funding_time - START) // HOUR).tolist()
    assert list(zip(hours, panel.funding_instrument.tolist(), strict=True))[:5] == [
        (0, 0),
        (0, 1),
        (4, 1),
        (8, 0),
        (8, 1),
    ]
    assert panel.first.tolist() == [0, 9, 18]


def test_funding_is_priced_on_the_mark_that_opens_at_the_stamp(desk):
    desk.bars("bybit", "BTC/USDT:USDT", "mark_1h", range(48), [200.0 + h for h in range(48)], volume=None)
    # Daily bars, hourly marks: the 08:00 settlement is paid on the mark at 08:00, not on the day's open.
    panel, notes = panel_of(desk, 24)
    assert panel.funding_price.tolist() == [200, 208, 216, 224, 232, 240]
    assert "bybit BTC/USDT:USDT mark" not in notes.stand_ins


def test_a_stamp_inside_the_finest_bar_is_priced_on_the_last_mark_before_it(desk):
    desk.bars("bybit", "BTC/USDT:USDT", "mark_1d", [0, 24], [200.0, 224.0], volume=None)
    panel, _ = panel_of(desk, 24)
    # Only the day's opening mark is known at 08:00 and 16:00; its close is the future.
    assert panel.funding_price.tolist() == [200, 200, 200, 224, 224, 224]


def test_a_stamp_in_a_gap_of_the_marks_is_priced_on_the_close_before_the_gap(desk):
    hours = [h for h in range(48) if h not in (7, 8, 9)]
    desk.bars("bybit", "BTC/USDT:USDT", "mark_1h", hours, [200.0 + h for h in hours], volume=None)
    panel, notes = panel_of(desk, 1)
    assert panel.funding_price[1] == 207.0  # hour 6 opened at 206 and closed one higher
    assert [panel.prices[8, f, 1] for f in MARKS] == [207.0] * 4
    assert notes.stale_marks == {"bybit BTC/USDT:USDT": 3}
    assert panel.fresh.all()  # the trades went on


def test_the_files_own_mark_wins_where_it_is_given(desk):
    nan = float("nan")
    desk.funding("bybit", "BTC/USDT:USDT", range(0, 48, 8), [1e-4] * 6, mark=[99.5, nan, 98.5, nan, nan, 97.5])
    panel, _ = panel_of(desk, 8)
    assert panel.funding_price.tolist() == [99.5, 103, 98.5, 103, 103, 97.5]


def test_a_missing_settlement_is_noted_and_not_invented(desk):
    desk.funding("bybit", "BTC/USDT:USDT", [0, 8, 24, 32, 40], [1e-4] * 5)
    panel, notes = panel_of(desk, 8)
    assert panel.funding_rate.size == 5
    assert notes.funding_gaps == {"bybit BTC/USDT:USDT": ((START + 8 * HOUR, START + 24 * HOUR),)}


def test_a_perpetual_without_funding_is_refused_with_the_file_it_needs(desk):
    path = desk.path("bybit", "BTC/USDT:USDT", "funding")
    path.unlink()
    with pytest.raises(DataError) as caught:
        panel_of(desk, 8)
    assert str(caught.value) == (
        f"bybit BTC/USDT:USDT: a perpetual needs its funding; expected {path} (or .csv) with timestamp and "
        "funding_rate; there: trade_1h.parquet"
    )


def test_a_proxy_mark_is_open_and_close_widened_to_the_venues_spot(desk):
    # The perpetual's wick to 105 and 102 was a trade; the venue's index only went to 102 and 99.
    panel, notes = panel_of(desk, 1, names=(PERPETUAL,))
    assert [panel.prices[0, f, 0] for f in (OPEN, HIGH, LOW, CLOSE)] == [103, 105, 102, 104]
    assert [panel.prices[0, f, 0] for f in MARKS] == [103, 104, 99, 104]
    said = "proxy: trade open/close widened to bybit BTC/USDT"
    assert notes.stand_ins["bybit BTC/USDT:USDT mark"] == said


def test_a_proxy_prefers_the_instruments_own_index(desk):
    desk.bars("bybit", "BTC/USDT:USDT", "index_1h", range(48), [110.0] * 48, volume=None)
    panel, _ = panel_of(desk, 1)
    assert [panel.prices[0, f, 1] for f in MARKS] == [103, 112, 103, 104]


def test_a_venue_without_spot_is_widened_to_the_panels_index(desk):
    desk.bars("okx", "BTC/USDT:USDT", "trade_1h", range(48), [103.0] * 48)
    desk.funding("okx", "BTC/USDT:USDT", range(0, 48, 8), [1e-4] * 6)
    _, notes = panel_of(desk, 1, names=(SPOT, "okx BTC/USDT:USDT"))
    assert notes.stand_ins["okx BTC/USDT:USDT mark"] == "proxy: trade open/close widened to bybit BTC/USDT"


def test_a_stale_bar_has_a_flat_proxy_mark(desk):
    hours = [h for h in range(48) if h != 5]
    desk.bars("bybit", "BTC/USDT:USDT", "trade_1h", hours, [103.0] * 47)
    panel, _ = panel_of(desk, 1)
    assert [panel.prices[5, f, 1] for f in MARKS] == [104.0] * 4
    assert not panel.fresh[5, 1]


def test_a_mark_series_that_starts_late_is_a_matter_of_coverage(desk):
    desk.bars("bybit", "BTC/USDT:USDT", "mark_1h", range(3, 48), [103.0] * 45, volume=None)
    with pytest.raises(DataError, match=r"mark_1h starts 2023-01-01T03:00Z; the window starts 2023-01-01$"):
        panel_of(desk, 1)
