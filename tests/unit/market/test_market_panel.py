"""From files to a panel: resampling, gaps, marks, the index. Hour h of a hand-made series opens at 100 + h."""

from dataclasses import replace

import numpy as np
import pytest

from basisbt.core.tape import CLOSE, HIGH, LOW, MARK_CLOSE, MARK_HIGH, MARK_LOW, MARK_OPEN, OPEN, VOLUME
from basisbt.errors import DataError
from basisbt.market.index import IndexRule
from basisbt.market.panel import build_panel

START = 1_672_531_200
HOUR = 3600
SPOT = "okx BTC/USDT"
PERPETUAL = "bybit BTC/USDT:USDT"


def spot(market, hours, **options):
    return market.bars("okx", "BTC/USDT", "trade_1h", list(hours), [100 + h for h in hours], **options)


def row(panel, t, i=0, fields=(OPEN, HIGH, LOW, CLOSE, VOLUME)):
    return [panel.prices[t, field, i] for field in fields]


def refusal(request):
    with pytest.raises(DataError) as caught:
        build_panel(request)
    return str(caught.value)


def test_an_hourly_panel_is_the_file(market):
    spot(market, range(4))
    panel, notes = build_panel(market.request([SPOT], 1, (0, 4)))
    assert panel.time.tolist() == [START + h * HOUR for h in range(4)]
    assert row(panel, 2) == [102, 104, 101, 103, 1]
    assert panel.fresh.all()
    assert row(panel, 2, fields=(MARK_OPEN, MARK_HIGH, MARK_LOW, MARK_CLOSE)) == [102, 104, 101, 103]
    assert panel.index[2, :, 0].tolist() == [102, 104, 101, 103]
    assert panel.usd[2].tolist() == [1.0, 102.0]  # USDT, and BTC at the bar's open
    assert notes.stand_ins == {"index BTC": "okx BTC/USDT trade_1h"}
    assert notes.files == (str(market.dir / "okx/BTC-USDT/trade_1h.parquet"),)
    assert panel.funding_rate.size == 0 and panel.first.tolist() == [0] * 5


def test_a_panel_cannot_be_written_and_is_contiguous(market):
    spot(market, range(4))
    panel, _ = build_panel(market.request([SPOT], 1, (0, 4)))
    for array in panel:
        assert array.flags.c_contiguous
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    kinds = [str(array.dtype) for array in panel]
    assert kinds == ["int64", "float64", "bool", *["float64"] * 2, *["int64"] * 2, *["float64"] * 2, "bool", "int64", *["float64"] * 2,
                     *["int64"] * 2, "float64"]  # fmt: skip


def test_eight_hours_are_the_first_open_the_extremes_the_last_close_and_all_the_volume(market):
    spot(market, range(16))
    panel, _ = build_panel(market.request([SPOT], 8, (0, 16)))
    # Hours 0..7 open at 100..107: high 107 + 2, low 100 − 1, close 107 + 1, volume 8 · 1.
    assert row(panel, 0) == [100, 109, 99, 108, 8]
    assert row(panel, 1) == [108, 117, 107, 116, 8]


def test_the_coarsest_series_that_divides_the_timeframe_is_used(market):
    spot(market, range(24))
    market.bars("okx", "BTC/USDT", "trade_4h", range(0, 24, 4), range(200, 206))
    market.bars("okx", "BTC/USDT", "trade_6h", range(0, 24, 6), range(300, 304))
    panel, _ = build_panel(market.request([SPOT], 8, (0, 24)))
    assert row(panel, 0) == [200, 203, 199, 202, 2]  # from two bars of 4 h; 6 h does not divide 8 h


def test_a_coarser_series_is_refused_with_what_is_there(market):
    market.bars("okx", "BTC/USDT", "trade_8h", [0, 8, 16], [1, 2, 3])
    said = "okx BTC/USDT: only trade_8h is there; a timeframe of 1h needs trade_1h or a finer series that divides it"
    assert refusal(market.request([SPOT], 1, (0, 24))).startswith(said)


def test_a_missing_series_says_which_file_is_expected_and_what_is_there(market):
    spot(market, range(4))
    market.funding("bybit", "BTC/USDT:USDT", [0], [1e-4])
    place = market.dir / "bybit/BTC-USDT_USDT"
    assert refusal(market.request([SPOT, PERPETUAL], 1, (0, 4))) == (
        f"bybit BTC/USDT:USDT: no trade series; expected {place}/trade_1h.parquet (or finer, or .csv); "
        "there: funding.parquet"
    )


def test_a_missing_data_directory_is_said(market):
    gone = replace(market.request([SPOT], 1, (0, 4)), dir=market.dir / "x")
    assert refusal(gone) == f"the data directory {market.dir / 'x'} does not exist"


def test_an_empty_window_is_refused(market):
    assert refusal(market.request([SPOT], 1, (4, 4))) == "the window 2023-01-01T04:00Z to 2023-01-01T04:00Z is empty"


def test_a_missing_bar_is_the_last_close_flagged_and_without_volume(market):
    spot(market, [0, 1, 4])
    panel, notes = build_panel(market.request([SPOT], 1, (0, 5)))
    # Hour 1 closed at 101 + 1; hours 2 and 3 are silent: nothing was traded, nothing is made up.
    assert panel.fresh[:, 0].tolist() == [True, True, False, False, True]
    assert row(panel, 2) == row(panel, 3) == [102, 102, 102, 102, 0]
    assert row(panel, 2, fields=(MARK_OPEN, MARK_HIGH, MARK_LOW, MARK_CLOSE)) == [102] * 4
    assert row(panel, 4) == [104, 106, 103, 105, 1]
    assert notes.missing_bars == {"okx BTC/USDT": 2}


def test_a_bar_whose_first_hour_is_missing_is_not_fresh_but_its_rest_happened(market):
    spot(market, [*range(8), *range(9, 16)])
    panel, _ = build_panel(market.request([SPOT], 8, (0, 16)))
    # Hour 8 is missing: nobody saw the open, so it is the close of hour 7, 108. Hours 9..15 were seen:
    # high 115 + 2, low min(109 − 1, 108), close 115 + 1, volume 7.
    assert panel.fresh[:, 0].tolist() == [True, False]
    assert row(panel, 1) == [108, 117, 108, 116, 7]


def test_a_bar_that_lacks_an_inner_hour_is_fresh(market):
    spot(market, [0, 1, 2, 4, 5, 6, 7])
    panel, notes = build_panel(market.request([SPOT], 8, (0, 8)))
    assert row(panel, 0) == [100, 109, 99, 108, 7]
    assert panel.fresh.all() and notes.missing_bars == {}


def test_the_bar_before_the_window_lends_its_close(market):
    spot(market, [0, 1, 3])
    panel, _ = build_panel(market.request([SPOT], 1, (2, 4)))
    assert row(panel, 0) == [102, 102, 102, 102, 0]
    assert panel.fresh[:, 0].tolist() == [False, True]


def test_a_gap_longer_than_allowed_is_refused_with_its_ends(market):
    spot(market, [0, 1, 6, 7])
    assert build_panel(market.request([SPOT], 1, (0, 8), gap_max=4 * HOUR))
    assert refusal(market.request([SPOT], 1, (0, 8), gap_max=3 * HOUR)) == (
        "okx BTC/USDT trade_1h: no bars from 2023-01-01T02:00Z to 2023-01-01T06:00Z (4h missing); data.gaps.max is 3h"
    )
    assert build_panel(market.request([SPOT], 1, (6, 8), gap_max=3 * HOUR))  # the gap is over when the window starts
    assert "4h missing" in refusal(market.request([SPOT], 1, (5, 8), gap_max=3 * HOUR))  # stale for 4 h already


def test_the_policy_error_allows_no_gap(market):
    spot(market, [0, 1, 3])
    said = refusal(market.request([SPOT], 1, (0, 4), gap_policy="error"))
    assert said.endswith("(1h missing); data.gaps.policy is error")


def test_coverage_collects_every_complaint(market):
    market.bars("okx", "BTC/USDT", "trade_8h", range(24, 72, 8), range(100, 106))
    market.bars("bybit", "BTC/USDT:USDT", "trade_8h", range(0, 64, 8), range(100, 108))
    market.funding("bybit", "BTC/USDT:USDT", range(0, 48, 8), [1e-4] * 6)
    request = market.request([SPOT, PERPETUAL], 8, (0, 72))
    assert refusal(request).split("\n") == [
        "okx BTC/USDT trade_8h starts 2023-01-02; the window starts 2023-01-01",
        "bybit BTC/USDT:USDT trade_8h ends 2023-01-03T16:00Z; the window ends 2023-01-04",
        "bybit BTC/USDT:USDT funding ends 2023-01-02T16:00Z; the window ends 2023-01-04",
    ]


def test_intersect_shrinks_the_window_and_says_why(market):
    spot(market, range(5, 30))
    market.bars("bybit", "BTC/USDT", "trade_1h", range(22), [200 + h for h in range(22)])
    request = market.request([SPOT, "bybit BTC/USDT"], 4, (0, 48), coverage="intersect")
    panel, notes = build_panel(request)
    # Common: hours 5 to 22, in whole bars of 4 h: 8 to 20.
    assert panel.time.tolist() == [START + h * HOUR for h in (8, 12, 16)]
    assert notes.window == (START + 8 * HOUR, START + 20 * HOUR)
    assert notes.warnings[0] == (
        "the window shrank to 2023-01-01T08:00Z … 2023-01-01T20:00Z: "
        "okx BTC/USDT trade_1h starts 2023-01-01T05:00Z; the window starts 2023-01-01"
    )
    assert len(notes.warnings) == 3  # okx late and early, bybit early


def test_series_that_never_meet_have_no_window(market):
    spot(market, range(5))
    market.bars("bybit", "BTC/USDT", "trade_1h", range(7, 12), range(7, 12))
    request = market.request([SPOT, "bybit BTC/USDT"], 1, (0, 24), coverage="intersect")
    assert refusal(request).startswith("the series have no common window: okx BTC/USDT trade_1h 2023-01-01 to")


def test_the_index_is_the_first_spot_instrument_then_a_spot_on_disk_then_anybodys(market):
    market.bars("kraken", "BTC/USD", "trade_1h", range(4), [400] * 4)
    market.bars("bybit", "BTC/USDT:USDT", "trade_1h", range(4), [300] * 4)
    market.funding("bybit", "BTC/USDT:USDT", [0], [1e-4])

    def index(*names, **options):
        return build_panel(market.request(names or [PERPETUAL], 1, (0, 4), **options))

    panel, notes = index()
    assert panel.index[0, OPEN, 0] == 400 and notes.stand_ins["index BTC"] == "kraken BTC/USD trade_1h"
    market.bars("bybit", "BTC/USDT:USDT", "index_1h", range(4), [350] * 4, volume=None)
    panel, notes = index()
    assert panel.index[0, OPEN, 0] == 350 and "index BTC" not in notes.stand_ins
    market.bars("bybit", "BTC/USDC", "trade_1h", range(4), [320] * 4)
    assert index()[0].index[0, OPEN, 0] == 320
    spot(market, range(4))
    assert index(SPOT, PERPETUAL)[0].index[0, OPEN, 0] == 100
    assert index(SPOT, PERPETUAL, index={"BTC": IndexRule((("kraken", "BTC/USD"),))})[0].index[0, OPEN, 0] == 400
    said = refusal(market.request([SPOT], 1, (0, 4), index={"BTC": IndexRule((("kraken", "BTC/EUR"),))}))
    assert said == "index of BTC: kraken BTC/EUR is not BTC in dollars; name one like BTC/USDT"


def test_an_asset_that_nobody_prices_is_refused(market):
    spot(market, range(4))
    request = replace(market.request([SPOT], 1, (0, 4)), assets=("USDT", "BNB"))
    assert refusal(request) == "BNB has no USD price: it is neither a stablecoin nor a base asset with an index"


def test_volume_that_is_absent_or_absurd_is_warned_about(market):
    spot(market, range(4), volume=None)
    panel, notes = build_panel(market.request([SPOT], 1, (0, 4)))
    assert panel.prices[:, VOLUME].sum() == 0
    assert notes.warnings == ("okx BTC/USDT trade_1h has no volume; it counts as 0",)
    spot(market, range(4), volume=1e9)  # a billion contracts of 100: Binance's coin-margined files look so
    _, notes = build_panel(market.request([SPOT], 1, (0, 4)))
    assert notes.warnings == ("okx BTC/USDT trade_1h turns over 1e+11 an hour; its volume is hardly in base units",)


def test_a_dated_future_owes_no_bars_after_its_expiry(market):
    name = "okx BTC/USDT:USDT-230101"  # expires at 08:00
    spot(market, range(12))
    market.bars("okx", "BTC/USDT:USDT-230101", "trade_1h", range(8), [110] * 8)
    panel, _ = build_panel(market.request([SPOT, name], 1, (0, 12), gap_max=HOUR))
    assert panel.fresh[:, 1].tolist() == [True] * 8 + [False] * 4
    assert row(panel, 11, 1) == [111, 111, 111, 111, 0]
    assert panel.funding_rate.size == 0
    market.bars("okx", "BTC/USDT:USDT-230101", "trade_1h", range(7), [110] * 7)
    assert refusal(market.request([SPOT, name], 1, (0, 12))).startswith("okx BTC/USDT:USDT-230101 trade_1h ends")


def test_a_window_that_stops_inside_a_bar_sees_nothing_after_its_end(market):
    spot(market, range(16))
    panel, _ = build_panel(market.request([SPOT], 8, (0, 10)))
    assert row(panel, 1) == [108, 111, 107, 110, 2]  # hours 8 and 9 only
    assert np.isfinite(panel.prices).all()
