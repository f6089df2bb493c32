"""Snapshots: what a venue says of its markets, tiers, currencies and itself today, as JSON beside the series.

`<dir>/<venue>/<symbol>/market.json` and `tiers.json`, `<dir>/<venue>/currencies.json` and `status.json`. No API tells
how these were last year: when one changes, the file before is kept under the time at which it was taken. Knows no
meaning of what it writes.
"""

import json
import re
from pathlib import Path
from typing import NamedTuple

from basisbt.errors import DataError
from basisbt.market.download.client import Client, Unreachable
from basisbt.market.download.manifest import replace_bytes
from basisbt.market.download.rows import moment_ms
from basisbt.market.instruments import folder

PERCENT = 0.6  # no venue's maintenance margin is that high: such a rate is in percent


class Taken(NamedTuple):
    """Snapshots written, and what the venue did not give and why."""

    files: list[Path]
    notes: list[str]


def take(directory: Path, client: Client, symbols: list[str], of_venue: bool = True) -> Taken:
    """Write what is public of some markets and, if asked for, of their venue. What it does not give becomes a note,
    never an error, unless the venue does not answer at all."""
    taken = Taken([], [])
    home = directory / client.venue
    for symbol in symbols:
        market = client.market(symbol)
        place = directory / folder(client.venue, symbol)
        _write(place / "market.json", client, market, taken)
        if market.get("contract"):
            _attempt(taken, client, place / "tiers.json", lambda s=symbol: _tiers(client, s))
    if not of_venue:
        return taken
    assets = {client.market(symbol).get(side) for symbol in symbols for side in ("base", "quote", "settle")} - {None}
    _attempt(taken, client, home / "currencies.json", lambda: _currencies(client, assets))
    if client.has("fetchStatus"):
        _attempt(taken, client, home / "status.json", lambda: client.call("fetch_status", what="status"))
    return taken


def _attempt(taken: Taken, client: Client, path: Path, ask) -> None:
    try:
        _write(path, client, ask(), taken)
    except Unreachable:
        raise
    except DataError as error:
        taken.notes.append(str(error))


def _tiers(client: Client, symbol: str) -> list:
    if client.has("fetchMarketLeverageTiers") and not client.name.startswith("binance"):
        tiers = client.call("fetch_market_leverage_tiers", symbol, what=f"{symbol} leverage tiers")
    elif client.has("fetchLeverageTiers") and not client.name.startswith("binance"):
        tiers = client.call("fetch_leverage_tiers", [symbol], what=f"{symbol} leverage tiers").get(symbol, [])
    else:
        raise DataError(f"{client.venue} {symbol} leverage tiers: only with keys, or not through ccxt")
    rates = [tier.get("maintenanceMarginRate") or 0.0 for tier in tiers]
    if any(rate >= PERCENT for rate in rates):
        title = f"{client.venue} {symbol} leverage tiers"
        raise DataError(f"{title}: rates up to {max(rates):g} are hardly fractions; not kept")
    return tiers


def _currencies(client: Client, assets: set[str]) -> dict:
    found = {code: client.currencies[code] for code in sorted(assets) if code in client.currencies}
    if not found:
        what = f"{client.venue} currencies (networks, withdrawal fees and flags)"
        raise DataError(f"{what}: only with keys, or not at all")
    return found


def _write(path: Path, client: Client, content, taken: Taken) -> None:
    body = {
        "taken": moment_ms(client.now // 60_000 * 60_000), "source": f"ccxt {client.version} {client.name}",
        "host": client.host, "content": content,
    }  # fmt: skip
    new = json.loads(json.dumps(body, default=str))
    try:
        old = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        old = None
    if isinstance(old, dict) and old.get("content") is not None and old["content"] != new["content"]:
        when = re.sub(r"[^0-9TZ]", "", str(old.get("taken", "")))
        replace_bytes(path.with_name(f"{path.stem}.{when}.json"), path.read_bytes())
    replace_bytes(path, (json.dumps(new, indent=1, sort_keys=True) + "\n").encode())
    taken.files.append(path)
