"""What refers to what: pairs to venues, legs to tiers, events to venues and symbols, times to the window.

Knows all sections at once, those that validated. Every mistake points at the reference, not at what it misses.
"""

from typing import Any

from basisbt import units
from basisbt.config.events import NonConvergenceSpec, PriceSpec, WithdrawalFreezeSpec
from basisbt.config.later import LATER
from basisbt.config.mistakes import Mistakes
from basisbt.config.reader import Node
from basisbt.config.specs import DataSpec, LegSpec, PairSpec, VenueSpec
from basisbt.errors import ConfigError
from basisbt.market.instruments import Instrument, parse_symbol


def find(root: Node, *keys: str) -> Node:
    """The node at a path, or its nearest ancestor there is."""
    for key in keys:
        if isinstance(root.value, list) and key.isdecimal() and int(key) < len(root.value):
            root = root.value[int(key)]
        elif key in root.live:
            root = root.live[key]
        else:
            return root
    return root


def check_references(root: Node, parts: dict[str, Any], mistakes: Mistakes, warnings: list[str]) -> None:
    """Add every cross-reference mistake to `mistakes` and what is odd but allowed to `warnings`."""
    legs: dict[tuple[str, str], Instrument] = {}
    for name, pair in parts.get("pairs", {}).items():
        _check_pair(root, name, pair, legs, parts.get("venues", {}), mistakes)
    _check_transfers(root, legs, parts.get("venues", {}), mistakes)
    bases = {instrument.base for instrument in legs.values()}
    for name, event in getattr(parts.get("tail"), "script", {}).items():
        node = find(root, "tail", "script", name)
        _check_event(root, node, event, legs, bases, mistakes)
        if "data" in parts:
            _check_times(name, node, event, parts["data"], warnings)
    for base, target in getattr(parts.get("data"), "index", {}).items():
        _check_index(find(root, "data", "index", base), base, target, bases, mistakes)
    capital = parts.get("capital")
    if capital is not None and legs and capital.asset not in {leg.quote for leg in legs.values()} | {"USD"}:
        quotes = ", ".join(sorted({leg.quote for leg in legs.values()}))
        mistakes.add(find(root, "capital").place, f"capital in {capital.asset} {LATER}; expected {quotes} or USD")


def _venue_exists(root: Node, node: Node, name: str, mistakes: Mistakes) -> bool:
    venues = find(root, "venues")
    if name in venues.live:
        return True
    if name in venues.entries:
        hint = f"; it is null at {venues.entries[name].named_at}, which removes it: write `{name}: {{}}`"
    else:
        hint = mistakes.suggestion(name, venues.live) or f"; expected one of: {', '.join(venues.live)}"
    mistakes.add(node.place, f"no venue '{name}'{hint}")
    return False


def _check_pair(root: Node, name: str, pair: PairSpec, legs: dict, venues: dict[str, VenueSpec],
                mistakes: Mistakes) -> None:  # fmt: skip
    found = {}
    for side in ("long", "short"):
        leg: LegSpec = getattr(pair, side)
        node = find(root, "pairs", name, side)
        known = _venue_exists(root, find(node, "venue"), leg.venue, mistakes)
        instrument = _instrument(find(node, "symbol"), leg, mistakes)
        if instrument is None:
            continue
        found[side] = instrument
        legs[leg.venue, leg.symbol] = instrument
        _check_side(side, node, leg, instrument, mistakes)
        if known and leg.venue in venues and instrument.kind == "perpetual":
            _check_tiers(node, leg, venues[leg.venue], mistakes)
    if len(found) == 2 and found["long"].base != found["short"].base:
        node = find(root, "pairs", name, "short", "symbol")
        found, wanted = found["short"].base, found["long"].base
        mistakes.add(node.place, f"found base {found}; expected {wanted}, the base of the long leg")


def _instrument(node: Node, leg: LegSpec, mistakes: Mistakes) -> Instrument | None:
    try:
        instrument = parse_symbol(leg.venue, leg.symbol)
    except ConfigError as trouble:
        mistakes.add(node.place, str(trouble))
        return None
    if instrument.inverse or instrument.kind == "future":
        kind = "a dated future" if instrument.kind == "future" else "an inverse perpetual"
        mistakes.add(node.place, f"{leg.symbol} is {kind}, which {LATER}; expected spot or a linear perpetual")
        return None
    return instrument


def _check_side(side: str, node: Node, leg: LegSpec, instrument: Instrument, mistakes: Mistakes) -> None:
    base, quote = instrument.base, instrument.quote
    if side == "long" and instrument.kind == "perpetual":
        mistakes.add(find(node, "symbol").place, f"a perpetual as the long leg {LATER}; expected spot: {base}/{quote}")
    if side == "short" and instrument.kind == "spot":
        text = f"{leg.symbol} is spot, which cannot be short; expected a perpetual: {base}/{quote}:{quote}"
        mistakes.add(find(node, "symbol").place, text)
    if instrument.kind == "spot":
        for key in {"leverage", "exchange_leverage", "leverage_band"} & set(node.live):
            mistakes.add(node.live[key].named_at, f"'{key}' on a spot leg; spot is paid in full, leave it out")
    elif leg.leverage is None:
        mistakes.add(node.named_at, "missing 'leverage'; write `leverage: 3x` (notional / equity kept for the leg)")


def _check_tiers(node: Node, leg: LegSpec, venue: VenueSpec, mistakes: Mistakes) -> None:
    tiers = venue.tiers.get(leg.symbol) or venue.tiers.get("default")
    if tiers is None:
        example = f"{leg.venue}: {{tiers: {{{leg.symbol}: [{{floor: 0, mmr: 0.5%, max_leverage: 50x}}]}}}}"
        text = f"no margin tiers for {leg.symbol} at {leg.venue}; write `{example}` under venues"
        mistakes.add(find(node, "symbol").place, text)
        return
    for key in ("leverage", "exchange_leverage"):
        asked = getattr(leg, key)
        if asked is not None and asked > tiers[0].max_leverage:
            text = f"found {asked:g}x; expected at most {tiers[0].max_leverage:g}x, the highest at {leg.venue}"
            mistakes.add(find(node, key).place, text)


def _check_transfers(root: Node, legs: dict, venues: dict[str, VenueSpec], mistakes: Mistakes) -> None:
    """With two venues or more, money must be able to leave each: a delay, and a fee in what it settles in."""
    if len(find(root, "venues").live) < 2:
        return
    for name, venue in venues.items():
        node = find(root, "venues", name)
        if "transfer" not in node.live:
            mistakes.add(node.named_at, "missing 'transfer'; write `transfer: {delay: 30m, fee: 1 USDT}`")
            continue
        for asset in sorted({leg.quote for (at, _), leg in legs.items() if at == name} - set(venue.transfer.fees)):
            text = f"no transfer fee in {asset}; write `fee: 1 {asset}` (`fee: 0 {asset}` if it is free)"
            mistakes.add(node.live["transfer"].named_at, text)


def _check_event(root: Node, node: Node, event: Any, legs: dict, bases: set[str], mistakes: Mistakes) -> None:
    if isinstance(event, WithdrawalFreezeSpec):
        _venue_exists(root, find(node, "venue"), event.venue, mistakes)
    elif isinstance(event, NonConvergenceSpec):
        if not _venue_exists(root, find(node, "venue"), event.venue, mistakes):
            return
        traded = [symbol for (venue, symbol), leg in legs.items() if venue == event.venue and leg.kind != "spot"]
        if event.symbol not in traded:
            close = mistakes.suggestion(event.symbol, traded) or f"; expected one of: {', '.join(traded) or 'none'}"
            mistakes.add(find(node, "symbol").place, f"no pair trades derivative '{event.symbol}' at {event.venue}{close}")
    elif isinstance(event, PriceSpec) and event.base not in bases:
        close = mistakes.suggestion(event.base, bases) or f"; expected one of: {', '.join(sorted(bases))}"
        mistakes.add(find(node, "base").place, f"no pair has base '{event.base}'{close}")


def _check_times(name: str, node: Node, event: Any, data: DataSpec, warnings: list[str]) -> None:
    start, end = data.window
    at = node.named_at
    if event.at >= end or (event.end is not None and event.end <= start):
        spans = f"{units.time_name(start)} to {units.time_name(end)}"
        warnings.append(f"{at}: warning: {name} lies outside the window {spans} and does nothing")
    elif event.at < start:
        warnings.append(f"{at}: warning: {name} begins before the window, at {units.time_name(event.at)}")
    lengths = {"for": event.duration, "until": (event.end or 0) - event.at}
    for key in ("for", "until", "over", "half_life"):
        length = lengths.get(key, getattr(event, key, None))
        if key in node.live and length and length < data.timeframe:
            bar = data.timeframe_name
            warnings.append(f"{node.live[key].place}: warning: {name}: '{key}' is shorter than a bar ({bar})")


def _check_index(node: Node, base: str, target: str, bases: set[str], mistakes: Mistakes) -> None:
    if bases and base not in bases:
        close = mistakes.suggestion(base, bases) or f"; expected one of: {', '.join(sorted(bases))}"
        mistakes.add(node.named_at, f"no pair has base '{base}'{close}")
    venue, _, symbol = target.partition(":")
    try:
        if not venue or not symbol:
            raise ConfigError(f"found '{target}'; expected venue:symbol, like okx:{base}/USDT")
        instrument = parse_symbol(venue, symbol)
        if instrument.kind != "spot" or instrument.base != base:
            raise ConfigError(f"found '{target}'; expected a spot symbol of {base}, like {venue}:{base}/USDT")
    except ConfigError as trouble:
        mistakes.add(node.place, str(trouble))
