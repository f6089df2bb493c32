"""Findings: one oddity each, with its place, its size and what to do about it.

Knows words and severities. Knows no data.
"""

import re
from typing import NamedTuple

from basisbt.errors import ConfigError
from basisbt.market.grid import UNIT_SECONDS, moment

ERROR, WARNING, NOTE = "error", "warning", "note"
SEVERITIES = (ERROR, WARNING, NOTE)
# kind -> (unit of its size, what to do). Units: s, bars, rows, %, h, x, none
KINDS = {
    "unreadable": ("none", "download or import the file again"),
    "order": ("rows", "sort by time and drop repeats; look which of two differing rows is right"),
    "grid": ("rows", "bars must open on their timeframe's UTC grid: resample from a finer series"),
    "prices": ("rows", "prices must be finite, positive and low <= open, close <= high: fetch these rows again"),
    "gap": ("s", "fetch what is missing (`basisbt download --fill`), or allow it with `data.gaps`"),
    "stale": ("bars", "a price that does not move: an outage, or a feed that repeated itself; compare another venue"),
    "unfinished": ("none", "drop the last bar: it was still being made when it was recorded"),
    "shift": ("h", "move the timestamps back by that much, or fetch the series again"),
    "symbol": ("none", "this is probably another instrument's series: check where it came from"),
    "level": ("x", "prices are off by a factor: another unit or contract multiplier"),
    "outlier": ("%", "a price that no other series saw: fetch these rows again"),
    "mark": ("%", "mark and trades of one venue disagree: check which symbol and unit each has"),
    "basis": ("%", "spot and derivative lie far apart for long: real in a crisis, else a wrong series"),
    "settlement": ("rows", "settlements off the venue's clock: check the source's time zone"),
    "interval": ("h", "nothing: the venue changed how often it settles"),
    "cap": ("rows", "nothing: the rate stood at its limit; carry is censored there"),
    "units": ("x", "rates must be fractions (0.0001 is one basis point): divide by 100"),
    "clock": ("h", "nothing: this is when the venue settles"),
    "not checked": ("none", "nothing: no rule knows this series"),
}


class Finding(NamedTuple):
    """One oddity. `since`, `until`: seconds UTC, 0 where it concerns the whole series; `size` in the kind's unit."""

    severity: str
    venue: str
    symbol: str
    series: str
    kind: str
    since: int
    until: int
    size: float
    told: str

    @property
    def todo(self) -> str:
        """What to do about it."""
        return KINDS[self.kind][1]

    def row(self) -> dict:
        """As a row of a table."""
        ends = {"since": moment(self.since) if self.since else "", "until": moment(self.until) if self.until else ""}
        return {**self._asdict(), **ends, "unit": KINDS[self.kind][0], "todo": self.todo}


class Limit(NamedTuple):
    """What makes a check fail: a severity or a kind, above a size in the kind's unit."""

    what: str
    above: float

    def broken_by(self, finding: Finding) -> bool:
        """Whether a finding is one of these."""
        if self.what in SEVERITIES:
            return SEVERITIES.index(finding.severity) <= SEVERITIES.index(self.what)
        return finding.kind == self.what and finding.size > self.above


_LIMIT = re.compile(r"\s*([a-z ]+?)\s*(?:>\s*([0-9.]+)\s*([a-z%]*))?\s*")


def limit(text: str) -> Limit:
    """`gap>6h`, `stale>3`, `shift`, `error`. Raises ConfigError naming what there is."""
    found = _LIMIT.fullmatch(text)
    if found is None or (found[1] not in KINDS and found[1] not in SEVERITIES):
        raise ConfigError(f"--fail-on: found {text!r}, expected KIND or KIND>SIZE like gap>6h; kinds: "
                          f"{', '.join((*SEVERITIES, *KINDS))}")  # fmt: skip
    what, size, unit = found[1], found[2], found[3] or ""
    if size is None:
        return Limit(what, -1.0)
    wanted = KINDS.get(what, ("none", ""))[0]
    fitting = {"s": tuple(UNIT_SECONDS), "h": ("h",), "%": ("%",)}.get(wanted, ("",))
    try:
        number = float(size)
    except ValueError:
        number = -1.0
    if number < 0.0 or unit not in fitting or wanted == "none":
        shape = {"s": "a duration like 6h", "h": "hours like 1h", "%": "per cent like 5%", "none": "no size"}
        raise ConfigError(f"--fail-on: found {text!r}, expected {shape.get(wanted, 'a number')} behind {what}")
    return Limit(what, number * (UNIT_SECONDS[unit] if wanted == "s" else 1.0))
