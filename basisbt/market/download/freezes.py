"""Freezes: what a table of statuses says about times at which withdrawals were shut, as a fragment of a config.

Knows tables (watch) and how a `withdrawal_freeze` is written. What happened between two looks nobody knows: a freeze is
taken to be as long as it can have been, from the last look that showed withdrawals open to the first that showed them
open again, and a comment says what was seen.
"""

import re
from pathlib import Path
from typing import NamedTuple

from basisbt.errors import DataError
from basisbt.market.download.rows import moment_ms
from basisbt.market.download.watch import NAME, Flags, read_table

MINUTE = 60_000


class Freeze(NamedTuple):
    """Withdrawals of an asset (over a network, empty: all of them) shut, ms UTC. `open_before` None: shut at the first
    look; `open_after` None: still shut at the last."""

    venue: str
    asset: str
    network: str
    open_before: int | None
    first_shut: int
    last_shut: int
    open_after: int | None
    deposits_shut: bool

    @property
    def start(self) -> int:
        """From when it may have been shut."""
        return self.first_shut if self.open_before is None else self.open_before


def freezes(venue: str, rows: list[Flags]) -> list[Freeze]:
    """Every freeze in a venue's table, by asset, network and time. A network's is left out where all of its asset's
    withdrawals were shut as long."""
    looks = [row.time for row in rows if not row.asset]
    tracks: dict[tuple[str, str], list[Flags]] = {}
    for row in rows:
        if row.asset:
            tracks.setdefault((row.asset, row.network), []).append(row)
    found = [freeze for key in sorted(tracks) for freeze in _of(venue, tracks[key], looks)]
    whole = [freeze for freeze in found if not freeze.network]
    return [freeze for freeze in found if not freeze.network or not any(_covers(w, freeze) for w in whole)]


def fragment(directory: Path, venues: list[str]) -> str:
    """YAML with a `tail.script` of every freeze recorded below a data folder, for `extends` or to paste.

    DataError when nothing was recorded.
    """
    tables = {path.parent.name: path for path in sorted(Path(directory).glob(f"*/{NAME}"))}
    missing = [venue for venue in venues if venue not in tables]
    if missing or not tables:
        there = f"; there: {', '.join(tables)}" if tables else ""
        wanted = Path(directory) / (missing[0] if missing else "VENUE") / NAME
        raise DataError(f"{wanted}: not there; `basisbt download --watch-status` writes it{there}")
    head, events = [], []
    for venue, path in tables.items():
        if venues and venue not in venues:
            continue
        rows = read_table(path)
        looks = [row.time for row in rows if not row.asset]
        head.append(f"# {path}: {len(looks)} looks from {moment_ms(looks[0])} to {moment_ms(looks[-1])}")
        events += [_event(freeze) for freeze in freezes(venue, rows)]
    text = "\n".join(
        [
            "# Withdrawals that were shut when `basisbt download --watch-status` looked:", *head,
            "# What happened between two looks is not known. `at` is the last look that showed them open, `until` the",
            "# first that showed them open again: the longest that the freeze can have been.",
            "tail:",
        ]
    )  # fmt: skip
    return text + ("\n  script:\n" + "".join(events) if events else "\n  script: {}  # none was seen\n")


def _of(venue: str, track: list[Flags], looks: list[int]) -> list[Freeze]:
    """The freezes of one asset over one network."""
    found = []
    for at, row in enumerate(track):
        if row.withdraw is not False or (at and track[at - 1].withdraw is False):
            continue
        after = next((later for later in track[at:] if later.withdraw is not False), None)
        opened = next((later.time for later in track[at:] if later.withdraw is True), None)
        last = looks[-1] if after is None else max(look for look in looks if look < after.time)
        known = track[at - 1].withdraw if at else None
        before = max((look for look in looks if look < row.time), default=None) if known else None
        spell = [each for each in track[at:] if after is None or each.time < after.time]
        shut = any(each.deposit is False for each in spell)
        found.append(Freeze(venue, row.asset, row.network, before, row.time, last, opened, shut))
    return found


def _covers(whole: Freeze, part: Freeze) -> bool:
    if whole.asset != part.asset or whole.start > part.start or (part.deposits_shut and not whole.deposits_shut):
        return False
    return whole.open_after is None or (part.open_after is not None and part.open_after <= whole.open_after)


def _event(freeze: Freeze) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", f"{freeze.venue} {freeze.asset} {freeze.network}".lower()).strip("_")
    at, until = freeze.start // MINUTE * MINUTE, freeze.open_after
    seen = [
        "shut at the first look" if freeze.open_before is None else f"open at {moment_ms(freeze.open_before)}",
        f"shut from {moment_ms(freeze.first_shut)} to {moment_ms(freeze.last_shut)}",
        "never seen open again: without `until` it is for good" if until is None else f"open at {moment_ms(until)}",
    ]
    keys = {"event": "withdrawal_freeze", "venue": _text(freeze.venue), "at": moment_ms(at)}
    if until is not None:
        keys["until"] = moment_ms(-(-until // MINUTE) * MINUTE)
    keys["asset"] = _text(freeze.asset)
    if freeze.network:
        keys["network"] = _text(freeze.network)
    if freeze.deposits_shut:
        keys["deposits"] = "shut"
    body = ", ".join(f"{key}: {value}" for key, value in keys.items())
    return f"    # {'; '.join(seen)}\n    {name}_{re.sub('[^0-9]', '', moment_ms(at))}: {{{body}}}\n"


def _text(word: str) -> str:
    """A YAML scalar that is text: quoted, since an asset may be called 1INCH or NO."""
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
