"""An index of several markets, and marks made of an index and the funding to come. Hour h opens at 100 + h."""

import numpy as np
import pytest

from basisbt.core.tape import CLOSE, HIGH, LOW, MARK_CLOSE, MARK_HIGH, MARK_LOW, MARK_OPEN, OPEN
from basisbt.market.index import IndexRule, weighted, within
from basisbt.market.panel import build_panel

SPOT, PERPETUAL = "okx BTC/USDT", "bybit BTC/USDT:USDT"


def test_a_price_counts_no_further_from_the_median_than_the_band():
    # Deribit: 100, 101, 120 around 101 with 0.5 %: 100.495 and 101.505 (G125); weighted 1:2:1 that is 101 (G126).
    prices = np.array([[100.0], [101.0], [120.0]])
    assert within(prices, 0.005)[:, 0].tolist() == pytest.approx([100.495, 101.0, 101.505])
    assert weighted(prices, np.array([1.0, 2.0, 1.0]), 0.005)[0] == pytest.approx(101.0)


def test_what_is_not_known_has_no_weight():
    prices = np.array([[100.0, np.nan], [200.0, 200.0]])
    assert weighted(prices, np.array([3.0, 1.0])).tolist() == [125.0, 200.0]


def test_an_index_of_two_markets_is_their_mean_and_one_that_pauses_drops_out(market):
    market.bars("okx", "BTC/USDT", "trade_1h", range(4), [100 + h for h in range(4)])
    market.bars("kraken", "BTC/USD", "trade_1h", [0, 1, 3], [200, 201, 203])
    rule = IndexRule((("okx", "BTC/USDT"), ("kraken", "BTC/USD")), (1.0, 3.0))
    panel, notes = build_panel(market.request([SPOT], 1, (0, 4), index={"BTC": rule}))
    # A bar opens at p, reaches p + 2 and p - 1, closes at p + 1. Hour 2 has okx alone.
    assert panel.index[:, OPEN, 0].tolist() == [175.0, 176.0, 102.0, 178.0]
    assert panel.index[0, [HIGH, LOW, CLOSE], 0].tolist() == [177.0, 174.0, 176.0]
    assert "index BTC" not in notes.stand_ins


def test_a_market_of_an_index_that_ends_early_is_named(market):
    from basisbt.errors import DataError

    market.bars("okx", "BTC/USDT", "trade_1h", range(8), range(100, 108))
    market.bars("kraken", "BTC/USD", "trade_1h", range(4), range(200, 204))
    rule = IndexRule((("okx", "BTC/USDT"), ("kraken", "BTC/USD")))
    with pytest.raises(DataError, match="kraken BTC/USD trade_1h ends"):
        build_panel(market.request([SPOT], 1, (0, 8), index={"BTC": rule}))


def test_fair_marks_are_the_index_and_what_is_left_of_the_coming_funding(market):
    from dataclasses import replace

    market.bars("okx", "BTC/USDT", "trade_1h", range(16), [1000] * 16)
    market.bars("bybit", "BTC/USDT:USDT", "trade_1h", range(16), [1100] * 16)
    market.funding("bybit", "BTC/USDT:USDT", [0, 8], [0.0, 0.008])
    request = replace(market.request([SPOT, PERPETUAL], 1, (0, 16)), fair=(False, True))
    panel, notes = build_panel(request)
    # At 02:00 six of eight hours are left: 0.8 % x 6/8 = 0.6 %; at 08:00 the next rate is not known: the index.
    assert panel.prices[2, MARK_OPEN, 1] == pytest.approx(1000 * 1.006)
    assert panel.prices[8, MARK_OPEN, 1] == 1000.0
    # The bar's last minute: 5 h left (whole minutes): 0.5 %. Extremes: the index's, at the larger and smaller premium.
    assert panel.prices[2, MARK_CLOSE, 1] == pytest.approx(1001 * 1.005)
    assert panel.prices[2, [MARK_HIGH, MARK_LOW], 1].tolist() == pytest.approx([1002 * 1.006, 999 * 1.005])
    assert notes.stand_ins["bybit BTC/USDT:USDT mark"].startswith("fair: ")
