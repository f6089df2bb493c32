"""Every packaged venue preset is a venue: it validates at the beginning, in the middle and at the end of its facts.

What a preset does not know is absent: the run that needs it is told which key to write.
"""

import pytest

from basisbt.config import load
from basisbt.config.presets import preset_names
from basisbt.errors import ConfigError

LEGS = {
    "binance": ("BTC/USDT", "BTC/USDT:USDT"), "bybit": ("BTC/USDT", "BTC/USDT:USDT"), "okx": ("BTC/USDT", "BTC/USDT:USDT"),
    "gate": ("BTC/USDT", "BTC/USDT:USDT"), "kucoin": ("BTC/USDT", "BTC/USDT:USDT"),
    "hyperliquid": ("BTC/USDC", "BTC/USDC:USDC"), "kraken": ("BTC/USD", "BTC/USD:USD"),
    "ftx": ("BTC/USD", "BTC/USD:USD"), "deribit": ("BTC/USDC", "BTC/USD:BTC"), "bitmex": ("BTC/USDT", "BTC/USD:BTC"),
}  # fmt: skip
CONFIG = """
schema: 1
name: preset
capital: 100_000 {quote}
data: {{dir: data, window: [{window}]}}
venues: {{{venue}: {{{more}}}}}
pairs: {{btc: {{long: {{venue: {venue}, symbol: "{spot}"}}, short: {{venue: {venue}, symbol: "{short}", leverage: 1x}}}}}}
strategy: {{use: static_carry}}
"""
WINDOWS = {
    "ftx": ("2020-01-01, 2020-06-01", "2022-05-01, 2022-11-01"), "bitmex": ("2025-01-01, 2025-03-01", "2025-06-01, 2026-09-01"),
    "deribit": ("2022-05-01, 2022-08-01", "2025-01-01, 2025-06-01"),
    "hyperliquid": ("2024-05-01, 2024-08-01", "2025-06-01, 2025-09-01"),
}  # fmt: skip
USUAL = ("2023-01-01, 2023-06-01", "2025-11-01, 2026-03-01")
UNKNOWN = {  # what a run has to bring along
    "kraken": "fees: {liquidation: 50bps}", "ftx": "fees: {liquidation: 50bps}, transfer: {fee: 0 USD}",
    "kucoin": "fees: {liquidation: 6bps}", "bitmex": "fees: {liquidation: 5bps}",
}  # fmt: skip


def config(venue, window, more=None):
    """The text of a one-venue carry."""
    spot, short = LEGS[venue]
    more = UNKNOWN.get(venue, "") if more is None else more
    return CONFIG.format(quote=spot.split("/")[1], window=window, venue=venue, spot=spot, short=short, more=more)


def test_there_is_a_preset_for_every_venue_promised():
    assert set(preset_names()) == set(LEGS)


@pytest.mark.parametrize("when", [0, 1])
@pytest.mark.parametrize("venue", sorted(LEGS))
def test_a_preset_is_a_venue(venue, when, write):
    spec = load(write(config(venue, WINDOWS.get(venue, USUAL)[when]))).spec
    found = spec.venues[venue]
    assert found.fees.taker >= 0.0 and found.funding is not None
    low, high = found.funding.bounds(LEGS[venue][1])
    assert low < 0.0 < high
    assert found.tiers or found.margin_slope


@pytest.mark.parametrize(("venue", "missing"), [("kraken", "liquidation"), ("ftx", "liquidation")])
def test_what_is_not_known_is_asked_for(venue, missing, write):
    with pytest.raises(ConfigError, match=f"missing '{missing}'"):
        load(write(config(venue, WINDOWS.get(venue, USUAL)[0], more="")))


def test_a_window_beyond_a_venues_life_is_refused(write):
    with pytest.raises(ConfigError, match="ftx traded from 2019-05-08"):
        load(write(config("ftx", "2022-06-01, 2023-01-01")))


def test_facts_are_those_of_the_windows_start(write):
    early, late = (load(write(config("binance", w))).spec.venues["binance"] for w in ("2023-01-01, 2023-02-01", "2025-11-01, 2026-01-01"))
    assert (early.settlement_window, late.settlement_window) == (3600, 1800)
    assert early.funding.hourly_at_cap is None and late.funding.hourly_at_cap.settlements == 36
    assert early.tiers["BTC/USDT:USDT"][2].floor == 250_000 and late.tiers["BTC/USDT:USDT"][2].floor == 600_000
    assert late.tiers["BTC/USD:BTC"][1].floor == 5  # a block that does not name a symbol leaves it as it was
