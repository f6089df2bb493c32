"""Real files of the shared data directory: every one loads, and a few numbers that can be looked up."""

from pathlib import Path

import numpy as np
import pandas
import pytest

from basisbt.core.tape import HIGH, MARK_HIGH
from basisbt.errors import DataError
from basisbt.market.instruments import parse_symbol
from basisbt.market.inventory import index_frame
from basisbt.market.panel import PanelRequest, build_panel
from basisbt.market.store import bar_series, read_bars, read_funding


def seconds(text: str) -> int:
    return int(pandas.Timestamp(text, tz="UTC").timestamp())


def request(directory: Path, names: list[str], timeframe: int, first: str, last: str, **options) -> PanelRequest:
    instruments = tuple(parse_symbol(*name.split()) for name in names)
    bases = tuple(dict.fromkeys(i.base for i in instruments))
    window = seconds(first), seconds(last)
    return PanelRequest(directory, instruments, bases, ("USDT", *bases), *window, timeframe, **options)


def test_every_series_of_the_layout_passes_the_checks(real_data):
    read = 0
    for path in sorted(real_data.glob("*/*/*.parquet")):
        if bar_series(path.stem):
            assert read_bars(path, 0, 2**40).time.size
        elif path.stem.startswith("funding") and path.stem != "funding_index_1h":
            assert read_funding(path, 0, 2**40).time.size
        else:
            continue  # close_1h, spread_depth_6h, funding_index_1h: not series of the contract
        read += 1
    assert read >= 40


def test_the_inventory_agrees_with_the_index(real_data):
    index = pandas.read_csv(real_data / "INDEX.csv")
    found = index_frame(real_data).set_index(["venue", "symbol", "series"])
    for entry in index.itertuples():
        row = found.loc[(entry.venue, entry.symbol, entry.series)]
        assert (row.rows, row["first"].floor("min"), row["last"].floor("min")) == (
            entry.rows, pandas.Timestamp(entry.first), pandas.Timestamp(entry.last),
        )  # fmt: skip


def test_the_contracts_example_of_coverage(real_data):
    with pytest.raises(DataError) as caught:
        build_panel(request(real_data, ["okx BTC/USDT"], 28_800, "2022-01-01", "2023-06-01"))
    assert str(caught.value) == "okx BTC/USDT trade_8h starts 2023-01-01; the window starts 2022-01-01"


def test_trade_highs_are_not_mark_highs(real_data):
    # Binance BTC, 2021-07-26 01:00: the trade high was 48,168.6, the mark high 39,744.8 (MODEL.md §2.6).
    panel, _ = build_panel(request(real_data, ["binance BTC/USDT:USDT"], 3600, "2021-07-26", "2021-07-27"))
    assert panel.prices[1, HIGH, 0] == 48_168.6
    assert panel.prices[1, MARK_HIGH, 0] == pytest.approx(39_744.8, abs=0.1)


def test_bybit_has_no_mark_and_says_what_stands_in(real_data):
    panel, notes = build_panel(request(real_data, ["bybit BTC/USDT:USDT"], 28_800, "2023-01-01", "2024-01-01"))
    assert notes.stand_ins["bybit BTC/USDT:USDT mark"] == "proxy: trade open/close widened to bybit BTC/USDT"
    assert panel.funding_rate.size == 1095 and panel.funding_at_open.all()
    assert (panel.prices[:, MARK_HIGH] <= np.maximum(panel.prices[:, HIGH], panel.index[:, HIGH])).all()


def test_hours_and_eight_hours_of_binance_are_the_same_market(real_data):
    names = ["binance BTC/USDT", "binance BTC/USDT:USDT"]
    hourly, _ = build_panel(request(real_data, names, 3600, "2023-01-01", "2024-01-01"))
    coarse, _ = build_panel(request(real_data, names, 28_800, "2023-01-01", "2024-01-01"))
    assert (coarse.prices[:, HIGH] == hourly.prices[:, HIGH].reshape(1095, 8, 2).max(axis=1)).all()
    assert (coarse.funding_price == hourly.funding_price).all()
    assert (coarse.funding_rate == hourly.funding_rate).all()


def test_a_silence_of_two_days_is_refused_and_can_be_allowed(real_data):
    names = ["binance BTC/USD:BTC"]
    options = {"coverage": "intersect"}
    with pytest.raises(DataError, match=r"binance BTC/USD:BTC trade_1h: no bars from .* data.gaps.max is 6h"):
        build_panel(request(real_data, names, 3600, "2020-09-01", "2024-07-01", **options))
    panel, notes = build_panel(
        request(real_data, names, 3600, "2020-09-01", "2024-07-01", gap_max=200 * 3600, **options)
    )
    assert notes.missing_bars["binance BTC/USD:BTC"] == int((~panel.fresh).sum()) > 0
    assert any("hardly in base units" in text for text in notes.warnings)  # contracts of 100 USD
