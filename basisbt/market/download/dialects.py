"""Dialects: which ccxt class serves a venue's markets, and how each of them turns pages.

Knows limits, parameters and habits of ccxt's classes as of 4.5.90. Knows no network: the client asks.
"""

from typing import NamedTuple

from basisbt.errors import ConfigError
from basisbt.market.instruments import Instrument

DAY = 86_400_000  # ms
EVER = 1 << 53  # ms: a span that holds any history

# venue -> ccxt class by kind of market; where a kind is missing the venue has none of it
VENUES = {
    "binance": {"spot": "binance", "linear": "binanceusdm", "inverse": "binancecoinm"},
    "bybit": {"spot": "bybit", "linear": "bybit", "inverse": "bybit"},
    "okx": {"spot": "okx", "linear": "okx", "inverse": "okx"},
    "kraken": {"spot": "kraken", "linear": "krakenfutures", "inverse": "krakenfutures"},
    "kucoin": {"spot": "kucoin", "linear": "kucoinfutures", "inverse": "kucoinfutures"},
    "gate": {"spot": "gate", "linear": "gate", "inverse": "gate"},
    "deribit": {"spot": "deribit", "linear": "deribit", "inverse": "deribit"},
    "hyperliquid": {"spot": "hyperliquid", "linear": "hyperliquid"},
    "bitget": {"spot": "bitget", "linear": "bitget", "inverse": "bitget"},
}  # fmt: skip


class Dialect(NamedTuple):
    """How one ccxt class is asked.

    `candles` and `funding` are rows a page; `until`: candles take an end, itself included if `inclusive`; `longest`: ms
    that one request may span.
    `paging` of funding: window (since and until), after (backward from an end), numbered pages, or all at once.
    `rate`: where the fraction of a settlement is in the venue's own row, when ccxt's `fundingRate` is another one.
    `contracts`: candles of linear contracts count contracts, not base units. `only`: kinds of markets to load.
    """

    candles: int
    funding: int = 0
    until: bool = True
    inclusive: bool = True
    longest: int = EVER
    paging: str = "window"
    rate: str = ""
    contracts: bool = False
    only: tuple[str, ...] = ()


DIALECTS = {
    "binance": Dialect(1000, only=("spot",)),
    "binanceusdm": Dialect(1000, 1000),
    "binancecoinm": Dialect(1000, 1000, longest=199 * DAY),
    "bybit": Dialect(1000, 200),
    "okx": Dialect(100, 100, inclusive=False, paging="after"),
    "kraken": Dialect(720, until=False),
    "krakenfutures": Dialect(2000, 1, until=False, paging="all"),
    "kucoin": Dialect(1500, until=False),
    "kucoinfutures": Dialect(200, 100, until=False, contracts=True),
    "gate": Dialect(999, 1000, contracts=True),
    # ccxt's fundingRate is interest_8h in rows an hour apart: summed up it would be eight times what was paid
    "deribit": Dialect(1000, 700, rate="interest_1h", longest=2000 * DAY),
    "hyperliquid": Dialect(5000, 500),
    "bitget": Dialect(200, 100, paging="numbered"),
}


def family(instrument: Instrument) -> str:
    """spot, linear or inverse: what venues sort their markets by."""
    if instrument.kind == "spot":
        return "spot"
    return "inverse" if instrument.inverse else "linear"


def class_for(venue: str, instrument: Instrument) -> str:
    """The ccxt class for an instrument of a venue. ConfigError for a venue or a kind that is not served."""
    kinds = kinds_of(venue)
    kind = family(instrument)
    if kind not in kinds:
        raise ConfigError(f"{venue} {instrument.symbol}: no {kind} markets at {venue}; it has {', '.join(kinds)}")
    return kinds[kind]


def kinds_of(venue: str) -> dict[str, str]:
    """ccxt classes of a venue by kind of market. ConfigError for a venue without one."""
    if venue not in VENUES:
        raise ConfigError(f"{venue}: cannot be downloaded; expected one of {', '.join(VENUES)}")
    return VENUES[venue]
