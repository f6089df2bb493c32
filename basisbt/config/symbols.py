"""What a ccxt unified symbol says of itself: `BTC/USDT`, `BTC/USDT:USDT`, `BTC/USD:BTC`, `BTC/USDT:USDT-260327`.

Knows the notation. Knows no venue, price or contract size. A twin of `market.instruments`, from which config may
not import; a test keeps the two equal.
"""

import re
from typing import NamedTuple

_SYMBOL = re.compile(r"([^/:\s]+)/([^/:\s-]+)(?::([^/:\s-]+)(?:-(\d{6}|quarter))?)?")
_STABLE = frozenset("USD USDT USDC BUSD DAI FDUSD USDE TUSD USDP PYUSD USDD RLUSD USD1 UST SUSD GUSD".split())


class Symbol(NamedTuple):
    """`kind` is spot, perpetual or future; an inverse one settles in its base coin."""

    text: str
    base: str
    quote: str
    kind: str
    inverse: bool


def read_symbol(text: str) -> Symbol:
    """The symbol in parts; a ValueError says what to write instead."""
    found = _SYMBOL.fullmatch(text)
    if not found:
        example = "BTC/USDT (spot) or BTC/USDT:USDT (perpetual)"
        raise ValueError(f"'{text[:60]}' is not a ccxt unified symbol; expected one like {example}")
    base, quote, settle, date = found.groups()
    if settle not in (None, base, quote) and not {settle.upper(), quote.upper()} <= _STABLE:
        raise ValueError(f"'{text[:60]}' settles in {settle}; expected {quote} (linear) or {base} (inverse)")
    kind = "spot" if settle is None else "perpetual" if date is None else "future"
    return Symbol(text, base, quote, kind, settle == base)
