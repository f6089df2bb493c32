"""A symbol says what an instrument is; a folder says where it lives."""

import pytest

from basisbt.errors import ConfigError
from basisbt.market.grid import Grid, grid_over, moment, timeframe_seconds, timeframe_text
from basisbt.market.instruments import folder, is_stable, parse_symbol, symbol_of_folder


@pytest.mark.parametrize(
    ("symbol", "kind", "settle", "inverse", "place"),
    [
        ("BTC/USDT", "spot", None, False, "okx/BTC-USDT"),
        ("BTC/USDT:USDT", "perpetual", "USDT", False, "okx/BTC-USDT_USDT"),
        ("BTC/USD:BTC", "perpetual", "BTC", True, "okx/BTC-USD_BTC"),
        ("BTC/USD:USDC", "perpetual", "USDC", False, "okx/BTC-USD_USDC"),
        ("BTC/USDT:USDT-260327", "future", "USDT", False, "okx/BTC-USDT_USDT-260327"),
    ],
)
def test_a_symbol_is_read_and_finds_its_folder(symbol, kind, settle, inverse, place):
    instrument = parse_symbol("okx", symbol)
    assert (instrument.kind, instrument.settle, instrument.inverse) == (kind, settle, inverse)
    assert folder("okx", symbol) == place
    assert symbol_of_folder(place.removeprefix("okx/")) == symbol


def test_a_dated_future_expires_at_eight_in_the_morning():
    assert moment(parse_symbol("okx", "BTC/USD:BTC-260327").expiry) == "2026-03-27T08:00Z"


@pytest.mark.parametrize(
    "symbol", ["BTCUSDT", "BTC-USDT", "BTC/USDT:ETH", "BTC/USDT:USDT-269999", "BTC/USD:BTC-260327-5-C"]
)
def test_anything_else_is_refused_with_its_name(symbol):
    with pytest.raises(ConfigError, match="okx.*" + symbol.split(":")[0]):
        parse_symbol("okx", symbol)


def test_stablecoins_are_known_in_any_case():
    assert is_stable("USDe") and is_stable("USD") and not is_stable("BTC")


def test_timeframes_have_one_spelling():
    assert [timeframe_seconds(t) for t in ("1m", "1h", "8h", "1d")] == [60, 3600, 28_800, 86_400]
    assert [timeframe_text(s) for s in (60, 3600, 28_800, 86_400, 90)] == ["1m", "1h", "8h", "1d", "90s"]
    with pytest.raises(ConfigError, match="timeframe '1w' is unknown"):
        timeframe_seconds("1w")


def test_a_grid_is_anchored_at_midnight_and_its_end_is_exclusive():
    day = 86_400 * 19_000
    assert grid_over(day + 5 * 3600, day + 86_400, 28_800) == Grid(day, 28_800, 3, day + 86_400)
    assert grid_over(day, day + 1, 28_800).rows == 1
    assert grid_over(day, day + 28_800, 28_800).rows == 1
