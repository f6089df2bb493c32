"""Instruments: what a ccxt unified symbol says, and the folder that holds its series.

Knows symbols. Knows no venue's contract sizes, fees or tiers, and no prices.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from basisbt.errors import ConfigError

STABLE = frozenset(
    ("USD", "USDT", "USDC", "BUSD", "DAI", "FDUSD", "USDE", "TUSD", "USDP", "PYUSD", "USDD", "RLUSD", "USD1", "UST")
)
DELIVERY_HOUR = 8  # UTC; Binance, OKX, Bybit and Deribit deliver dated contracts at 08:00 (BitMEX did at 12:00)

_SYMBOL = re.compile(r"([^/:\s]+)/([^/:\s-]+)(?::([^/:\s-]+)(?:-(\d{6}|quarter))?)?")


def is_stable(asset: str) -> bool:
    """Whether one unit counts as 1 USD unless an event says otherwise (MODEL.md §3.2)."""
    return asset.upper() in STABLE


@dataclass(frozen=True)
class Instrument:
    """One tradable thing at one venue. `settle` is None for spot; `expiry` is seconds UTC, dated futures only."""

    venue: str
    symbol: str
    base: str
    quote: str
    settle: str | None
    kind: str  # spot | perpetual | future
    inverse: bool
    expiry: int | None
    rolls: int | None = None  # seconds before a quarter's expiry at which it moves on to the next contract
    over: int = 0  # seconds that it takes for that

    @property
    def root(self) -> str:
        """The symbol without its quarter: `BTC/USDT:USDT` of `BTC/USDT:USDT-quarter`."""
        return self.symbol.removesuffix("-quarter")

    @property
    def title(self) -> str:
        """How messages name it: `okx BTC/USDT`."""
        return f"{self.venue} {self.symbol}"


def parse_symbol(venue: str, symbol: str) -> Instrument:
    """Read `BTC/USDT`, `BTC/USDT:USDT`, `BTC/USD:BTC` or `BTC/USDT:USDT-260327`; anything else is a ConfigError."""
    found = _SYMBOL.fullmatch(symbol)
    if not found:
        raise ConfigError(
            f"{venue}: symbol {symbol!r} is not a ccxt unified symbol; "
            "write BTC/USDT (spot), BTC/USDT:USDT (perpetual) or BTC/USDT:USDT-260327 (dated)"
        )
    base, quote, settle, date = found.groups()
    # dYdX v3 quotes BTC/USD and settles in USDC: a stable settle asset beside a stable quote is linear.
    if settle not in (None, base, quote) and not (is_stable(settle) and is_stable(quote)):
        raise ConfigError(f"{venue} {symbol}: settles in {settle}; expected {quote} (linear) or {base} (inverse)")
    kind = "spot" if settle is None else "perpetual" if date is None else "future"
    expiry = None if date in (None, "quarter") else _expiry(venue, symbol, date)
    return Instrument(venue, symbol, base, quote, settle, kind, settle == base, expiry)


def _expiry(venue: str, symbol: str, date: str) -> int:
    try:
        day = datetime.strptime(date, "%y%m%d").replace(tzinfo=UTC)
    except ValueError:
        raise ConfigError(f"{venue} {symbol}: {date} is not a date; expected YYMMDD, like 260327") from None
    return int(day.timestamp()) + DELIVERY_HOUR * 3600


def quarter_end(expiry: int) -> bool:
    """Whether an expiry is the last Friday of March, June, September or December."""
    day = datetime.fromtimestamp(expiry, UTC)
    return day.month % 3 == 0 and day.weekday() == 4 and (day + timedelta(days=7)).month != day.month


def folder(venue: str, symbol: str) -> str:
    """Where its series live below the data directory: `okx/BTC-USDT_USDT`."""
    return f"{venue}/{symbol.replace('/', '-').replace(':', '_')}"


def symbol_of_folder(name: str) -> str:
    """The symbol whose folder is called `name`: `BTC-USDT_USDT` is `BTC/USDT:USDT`."""
    return name.replace("-", "/", 1).replace("_", ":", 1)
