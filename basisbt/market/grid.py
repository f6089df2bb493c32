"""The grid: timeframes, moments and how a person reads them.

Knows seconds UTC and the names of timeframes (`8h`). Knows no file and no price.
"""

import re
from datetime import UTC, datetime
from typing import NamedTuple

from basisbt.errors import ConfigError

UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Grid(NamedTuple):
    """Bar openings `start, start + step, …`, `rows` of them; `end` is the window's end, exclusive. Seconds UTC."""

    start: int
    step: int
    rows: int
    end: int

    @property
    def close(self) -> int:
        """Closing time of the last bar; later than `end` when the window stops inside a bar."""
        return self.start + self.rows * self.step


def grid_over(start: int, end: int, timeframe: int) -> Grid:
    """The grid of bars that open in `[floor(start), end)`; bars are anchored at the epoch."""
    first = start - start % timeframe
    return Grid(first, timeframe, max(0, -((first - end) // timeframe)), end)


def timeframe_seconds(text: str) -> int:
    """Seconds of `1m`, `15m`, `1h`, `8h`, `1d`; weeks and months have no fixed UTC grid and are a ConfigError."""
    found = re.fullmatch(r"([1-9]\d*)([smhd])", text)
    if not found:
        raise ConfigError(f"timeframe {text!r} is unknown; write a number and s, m, h or d, like 1h or 8h")
    return int(found[1]) * UNIT_SECONDS[found[2]]


def timeframe_text(seconds: int) -> str:
    """The shortest name: 28800 is `8h`, 86400 is `1d`."""
    for unit in "dhm":
        if seconds % UNIT_SECONDS[unit] == 0:
            return f"{seconds // UNIT_SECONDS[unit]}{unit}"
    return f"{seconds}s"


def moment(seconds: int) -> str:
    """`2023-01-01` at midnight UTC, `2023-01-01T08:00Z` otherwise; seconds are shown only when there are any."""
    when = datetime.fromtimestamp(int(seconds), UTC)
    if seconds % 86400 == 0:
        return when.strftime("%Y-%m-%d")
    return when.strftime("%Y-%m-%dT%H:%MZ" if seconds % 60 == 0 else "%Y-%m-%dT%H:%M:%SZ")
