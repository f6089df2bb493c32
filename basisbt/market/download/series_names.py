"""Names of series: what `trade_1h` and `funding` say of themselves. Knows no venue and no file."""

import re
from typing import NamedTuple

from basisbt.errors import ConfigError
from basisbt.market.download.rows import BARS, FUNDING
from basisbt.market.grid import timeframe_seconds

_SERIES = re.compile(r"(trade|mark|index|premium)_([1-9]\d*[smhd])")


class Series(NamedTuple):
    """A series by its parts: `trade_1h` is trade, `1h`, 3,600,000 ms; funding has no timeframe and no step."""

    name: str
    kind: str
    timeframe: str
    step: int  # ms

    @property
    def names(self) -> tuple[str, ...]:
        """Its columns after the timestamp; a volume is there for trade candles only."""
        return FUNDING if self.kind == "funding" else BARS


def read_series(name: str) -> Series:
    """A series by its name. ConfigError for one that is not downloaded."""
    if name == "funding":
        return Series(name, "funding", "", 0)
    found = _SERIES.fullmatch(name)
    if not found:
        raise ConfigError(f"series {name!r} is unknown; expected funding, or trade, mark, index or premium as trade_1h")
    return Series(name, found[1], found[2], timeframe_seconds(found[2]) * 1000)
