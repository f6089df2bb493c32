"""What events refer to: venues, symbols, assets, networks and bases that the config has, times inside its window.

Every mistake points at the reference.
"""

from typing import Any

from basisbt import units
from basisbt.config.lookup import section, text_of, venue_exists
from basisbt.config.mistakes import Mistakes
from basisbt.config.reader import Node
from basisbt.config.specs import DataSpec
from basisbt.config.venues import VenueSpec


def check_event(root: Node, node: Node, legs: dict, bases: set[str], venues: dict, mistakes: Mistakes) -> None:
    """Add what is wrong with one event of a script, or of arrivals: what it refers to is not in the config."""
    kind, venue = text_of(node, "event"), text_of(node, "venue")
    known = venue_exists(root, node.live["venue"], venue, mistakes) if venue is not None else False
    symbol, base = text_of(node, "symbol"), text_of(node, "base")
    if kind == "insurance_drain" and venue in venues and venues[venue].insurance is None:
        text = f"how big the insurance fund of {venue} is is not known; write `{venue}: {{insurance: 1_000_000 USD}}`"
        mistakes.add(node.live["venue"].place, f"{text} under venues")
    if kind == "withdrawal_freeze" and "network" in node.live:
        _check_network(node, venues, mistakes)
    if known and symbol is not None:
        spots = kind in ("liquidity", "price_limit", "circuit_breaker")
        traded = [name for at, name in legs if at == venue] if spots else traded_at(legs, venue)
        if bases and symbol not in traded:
            close = mistakes.suggestion(symbol, traded) or f"; expected {', '.join(traded) or 'one that a pair trades'}"
            what = "symbol" if spots else "derivative"
            mistakes.add(node.live["symbol"].place, f"no pair trades {what} '{symbol}' at {venue}{close}")
    if kind == "non_convergence" and text_of(node, "funding") == "follows" and venue in venues:
        if venues[venue].funding is None:
            text = f"how {venue} makes its funding is not known; write `funding: recorded`, or under venues `funding:"
            mistakes.add(node.live["funding"].place, f"{text} {{interest: 1bps, damper: 5bps, …}}`")
    if "residual" in node.live and symbol in traded_at(legs, venue) and legs[venue, symbol].kind != "future":
        text = f"'{symbol}' is never settled; expected a dated contract, or no 'residual'"
        mistakes.add(node.live["residual"].named_at, text)
    asset, wrapped = text_of(node, "asset"), wrappers(root)
    if kind == "depeg" and asset is not None and bases:
        known_assets = bases | {leg.quote for leg in legs.values()} - {"USD"}
        if asset not in known_assets:
            close = mistakes.suggestion(asset, known_assets) or f"; expected one of: {', '.join(sorted(known_assets))}"
            mistakes.add(node.live["asset"].place, f"no pair trades or settles in '{asset}'{close}")
        elif asset in bases - wrapped and venue is None:
            text = f"'{asset}' has no peg; a price that falls everywhere is `event: price`; or name a venue"
            mistakes.add(node.live["asset"].place, text)
    if kind in ("price", "squeeze") and base is not None and bases and base not in bases:
        close = mistakes.suggestion(base, bases) or f"; expected one of: {', '.join(sorted(bases))}"
        mistakes.add(node.live["base"].place, f"no pair has base '{base}'{close}")


def _check_network(node: Node, venues: dict[str, VenueSpec], mistakes: Mistakes) -> None:
    """A freeze of a network that nobody is known to use is a slip of the pen, not a scenario."""
    asked, venue = text_of(node, "network"), text_of(node, "venue")
    ours = {name: each.transfer.network for name, each in venues.items() if venue in (None, name)}
    used = {network for network in ours.values() if network is not None}
    if venue is None and asked is not None and asked not in used:
        close = mistakes.suggestion(asked, used) or f"; expected one of: {', '.join(sorted(used)) or 'none is known'}"
        text = f"no venue's transfers go over '{asked}'{close}; `transfer: {{network: {asked}}}` under venues says so"
        mistakes.add(node.live["network"].place, text)
    elif venue in ours and ours[venue] is None:
        text = f"which network transfers of {venue} take is not known; under venues write"
        mistakes.add(node.live["network"].place, f"{text} `{venue}: {{transfer: {{network: {asked}}}}}`")


def wrappers(root: Node) -> set[str]:
    """Bases of long legs that are a claim on another coin: those have a peg."""
    legs = [pair.live.get("long") for pair in section(root, "pairs").live.values()]
    symbols = [text_of(leg, "symbol") for leg in legs if leg is not None and "wraps" in leg.live]
    return {symbol.partition("/")[0] for symbol in symbols if symbol is not None}


def traded_at(legs: dict, venue: str | None) -> list[str]:
    """Derivatives that some pair trades at a venue."""
    return [name for (at, name), leg in legs.items() if at == venue and leg.kind != "spot"]


def check_times(name: str, node: Node, event: Any, data: DataSpec, warnings: list[str]) -> None:
    """Warn of an event outside the window, or shorter than a bar."""
    start, end = data.window
    at = node.named_at
    if event.at >= end or (event.end is not None and event.end <= start):
        spans = f"{units.time_name(start)} to {units.time_name(end)}"
        warnings.append(f"{at}: {name} lies outside the window {spans} and does nothing")
    elif event.at < start:
        warnings.append(f"{at}: {name} begins before the window, at {units.time_name(event.at)}")
    lengths = {"for": getattr(event, "duration", None), "until": (event.end or 0) - event.at}
    for key in ("for", "until", "over", "half_life"):
        length = lengths.get(key, getattr(event, key, None))
        if key in node.live and length and length < data.timeframe:
            bar = data.timeframe_name
            warnings.append(f"{node.live[key].place}: {name}: '{key}' is shorter than a bar ({bar})")
