"""What refers to what: pairs to venues, legs to tiers, events to venues and symbols, times to the window.

Knows all sections at once, those that validated. Every mistake points at the reference, not at what it misses.
"""

from typing import Any

from basisbt import units
from basisbt.config.crossing_events import check_event, check_times
from basisbt.config.later import LATER
from basisbt.config.lookup import find, section, text_of, venue_exists
from basisbt.config.mistakes import Mistakes
from basisbt.config.paths import check_sample
from basisbt.config.reader import Node
from basisbt.config.specs import DataSpec, LegSpec
from basisbt.config.symbols import Symbol, read_symbol
from basisbt.config.venues import Tier, VenueSpec


def check_references(root: Node, parts: dict[str, Any], mistakes: Mistakes, warnings: list[str]) -> None:
    """Add every cross-reference mistake to `mistakes` and what is odd but allowed to `warnings`."""
    legs: dict[tuple[str, str], Symbol] = {}
    for name in section(root, "pairs").live:
        _check_pair(root, name, parts, legs, mistakes)
    _check_transfers(root, legs, parts.get("venues", {}), mistakes)
    bases = {instrument.base for instrument in legs.values()}
    if len(_sides(root)) > sum(1 for node in _sides(root) if (text_of(node, "venue"), text_of(node, "symbol")) in legs):
        bases = set()  # a leg is unreadable: what is traded is not known, and its absence no mistake
    for name, node in _script(root).live.items():
        check_event(root, node, legs, bases, parts.get("venues", {}), mistakes)
        event = parts["tail"].script.get(name) if "tail" in parts else None
        if event is not None and "data" in parts:
            check_times(name, node, event, parts["data"], warnings)
    arrivals = section(section(section(root, "tail"), "sample"), "arrivals")
    for node in arrivals.live.values():
        if "event" in node.live and isinstance(node.live["event"].value, dict):
            check_event(root, node.live["event"], legs, bases, parts.get("venues", {}), mistakes)
    check_sample(find, root, parts, mistakes, warnings)
    for base, target in getattr(parts.get("data"), "index", {}).items():
        for place in target.of:
            _check_index(find(root, "data", "index", base), base, place, bases, mistakes)
    capital = parts.get("capital")
    quoted = {leg.quote for leg in legs.values() if not leg.inverse}
    if capital is not None and legs and capital.asset not in quoted | {"USD"}:
        quotes = ", ".join(sorted(quoted))
        mistakes.add(find(root, "capital").place, f"capital in {capital.asset} {LATER}; expected {quotes} or USD")


def _sides(root: Node) -> list[Node]:
    pairs = section(root, "pairs").live.values()
    return [pair.live.get(side, pair) for pair in pairs for side in ("long", "short")]


def _script(root: Node) -> Node:
    return section(section(root, "tail"), "script")


def _check_pair(root: Node, name: str, parts: dict[str, Any], legs: dict, mistakes: Mistakes) -> None:
    """References of one pair, from the text: a mistake elsewhere in the pair does not hide them."""
    found: dict[str, Symbol] = {}
    pair = parts.get("pairs", {}).get(name)
    for side in ("long", "short"):
        node = find(root, "pairs", name).live.get(side)
        venue, symbol = (text_of(node, "venue"), text_of(node, "symbol")) if node is not None else (None, None)
        if venue is not None:
            venue_exists(root, node.live["venue"], venue, mistakes)
        instrument = _instrument(node.live["symbol"], symbol, mistakes) if symbol is not None else None
        if instrument is None:
            continue
        found[side] = instrument
        legs[venue or "", symbol] = instrument
        settings = parts.get("venues", {}).get(venue)
        _check_side(side, node, instrument, settings, mistakes)
        if pair is not None and settings is not None and instrument.kind != "spot":
            _check_tiers(node, getattr(pair, side), settings, mistakes)
        if settings is not None and instrument.kind == "spot" and settings.fees.spot_taker is None:
            text = f"no fee for spot is known at {venue} then; write `{venue}: {{fees: {{spot_taker: 10bps}}}}`"
            mistakes.add(node.live["symbol"].place, f"{text} under venues")
        if settings is not None and settings.life is not None and "data" in parts:
            _check_life(node.live["venue"], venue, settings.life, parts["data"], mistakes)
        if settings is not None and instrument.kind == "future" and settings.fees.delivery is None:
            text = f"{symbol} is settled, but no fee for that is known at {venue}; write `{venue}: "
            mistakes.add(node.live["symbol"].place, text + "{fees: {delivery: 5bps}}` under venues")
    wraps = find(root, "pairs", name, "long").live.get("wraps")
    if len(found) == 2 and wraps is not None:
        _check_wrapper(wraps, found["long"], found["short"], mistakes)
    elif len(found) == 2 and found["long"].base != found["short"].base:
        node = find(root, "pairs", name, "short", "symbol")
        other, wanted = found["short"].base, found["long"].base
        text = f"found base {other}; expected {wanted}, the base of the long leg"
        mistakes.add(node.place, f"{text} (of a long leg that is a claim on {other}, say `wraps: {other}` there)")
    elif len(found) == 2 and found["long"].kind == found["short"].kind == "spot":
        mistakes.add(find(root, "pairs", name, "short", "symbol").place, "both legs are spot; expected one derivative")
    elif len(found) == 2 and found["short"].inverse and found["long"].kind != "spot":
        text = f"{found['short'].text} is margined with the coins of a spot leg; expected {found['long'].base}/USDT"
        mistakes.add(find(root, "pairs", name, "long", "symbol").place, text)
    elif len(found) == 2 and found["short"].inverse:
        _check_coins(root, name, found["short"], parts.get("venues", {}), mistakes)


def _check_wrapper(node: Node, long: Symbol, short: Symbol, mistakes: Mistakes) -> None:
    """A long leg that is a claim on the short's coin: spot, one for one, and not margin of an inverse contract."""
    if long.kind != "spot" or short.inverse:
        text = "only a spot leg against a linear contract can be a claim on another coin"
        mistakes.add(node.named_at, f"{text}; found {long.text} against {short.text}")
    elif node.value != short.base or long.base == short.base:
        text = f"{long.text} cannot wrap '{node.value}' here; expected a claim on {short.base}, the short leg's base"
        mistakes.add(node.place, text)


def _check_life(node: Node, venue: str, life: tuple[int, int], data: DataSpec, mistakes: Mistakes) -> None:
    """A venue trades from its first day to its last."""
    if data.window[0] < life[0] or data.window[1] > life[1] + 86400:
        span = f"{units.time_name(life[0])} to {units.time_name(life[1])}"
        mistakes.add(node.place, f"{venue} traded from {span}; the window goes beyond")


def _check_coins(root: Node, name: str, short: Symbol, venues: dict[str, VenueSpec], mistakes: Mistakes) -> None:
    """An inverse short stands on its pair's long coins: same venue, where they count as margin, and no other pair's."""
    long, node = find(root, "pairs", name, "long"), find(root, "pairs", name, "short")
    venue, place = text_of(node, "venue"), find(node, "symbol").place
    if text_of(long, "venue") != venue:
        text = f"{short.text} settles in {short.base}: its margin is the coins of the long leg"
        mistakes.add(place, f"{text}; expected that one at {venue} too")
    elif venue in venues and venues[venue].account == "unified" and not venues[venue].margin_share(short.base):
        text = f"{short.text} settles in {short.base}, which is no margin at {venue}"
        mistakes.add(place, f"{text}; write `{venue}: {{collateral: {{{short.base}: 95%}}}}` under venues")
    for other in section(root, "pairs").live:
        if other == name:
            return
        leg = find(root, "pairs", other, "short")
        if (text_of(leg, "venue"), text_of(leg, "symbol")) == (venue, short.text):
            mistakes.add(place, f"pair {other} is short {short.text} at {venue} too; expected one pair for it")


def _instrument(node: Node, symbol: str, mistakes: Mistakes) -> Symbol | None:
    try:
        return read_symbol(symbol)
    except ValueError as trouble:
        mistakes.add(node.place, str(trouble))
        return None


def _check_side(side: str, node: Node, instrument: Symbol, venue: VenueSpec | None, mistakes: Mistakes) -> None:
    base, quote = instrument.base, instrument.quote
    if side == "long" and instrument.inverse:
        text = f"{instrument.text} as the long leg {LATER}: its margin would be a coin that nobody holds"
        mistakes.add(find(node, "symbol").place, f"{text}; expected {base}/USDT or {base}/USDT:USDT")
    if side == "short" and instrument.kind == "spot":
        if venue is not None and (venue.borrow is None or base not in venue.borrow.rates):
            text = f"{instrument.text} is spot: to be short it has to be borrowed; expected a perpetual "
            text += f"({base}/{quote}:{quote}), or under venues `borrow: {{rates: {{{base}: 5%/y}}, initial: 33%, "
            mistakes.add(find(node, "symbol").place, text + "maintenance: 10%}`")
        for key in {"exchange_leverage", "margin"} & set(node.live):
            mistakes.add(node.live[key].named_at, f"'{key}' on a borrowed spot leg; leave it out")
    if "roll" in node.live and "contract" not in node.live:
        mistakes.add(node.live["roll"].named_at, "'roll' without a contract by rule; write `contract: quarter`")
    if "contract" in node.live and instrument.kind != "perpetual":
        text = f"{instrument.text} beside `contract`; expected a symbol without a date, like {base}/USDT:USDT"
        mistakes.add(find(node, "symbol").place, text)
    if instrument.kind == "spot" and side == "long":
        for key in {"leverage", "exchange_leverage", "leverage_band", "margin"} & set(node.live):
            mistakes.add(node.live[key].named_at, f"'{key}' on a spot leg; spot is paid in full, leave it out")
    elif "leverage" not in node.live:
        mistakes.add(node.named_at, "missing 'leverage'; write `leverage: 3x` (notional / equity kept for the leg)")


def _check_tiers(node: Node, leg: LegSpec, venue: VenueSpec, mistakes: Mistakes) -> None:
    tiers = venue.tiers.get(leg.symbol) or venue.tiers.get("default")
    symbol = read_symbol(leg.symbol)
    if symbol.inverse and symbol.base in venue.margin_slope:
        tiers = [Tier(floor=0, mmr=0.0, max_leverage=1.0 / venue.margin_slope[symbol.base].initial)]
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
    if len(section(root, "venues").live) < 2:
        return
    for name, venue in venues.items():
        node = find(root, "venues", name)
        if "transfer" not in node.live:
            mistakes.add(node.named_at, "missing 'transfer'; write `transfer: {delay: 30m, fee: 1 USDT}`")
            continue
        moved = {leg.quote for (at, _), leg in legs.items() if at == name and not leg.inverse}
        for asset in sorted(moved - set(venue.transfer.fees)):
            text = f"no transfer fee in {asset}; write `fee: 1 {asset}` (`fee: 0 {asset}` if it is free)"
            mistakes.add(node.live["transfer"].named_at, text)


def _check_index(node: Node, base: str, target: str, bases: set[str], mistakes: Mistakes) -> None:
    if bases and base not in bases:
        close = mistakes.suggestion(base, bases) or f"; expected one of: {', '.join(sorted(bases))}"
        mistakes.add(node.named_at, f"no pair has base '{base}'{close}")
    venue, _, symbol = target.partition(":")
    try:
        if not venue or not symbol:
            raise ValueError(f"found '{target}'; expected venue:symbol, like okx:{base}/USDT")
        instrument = read_symbol(symbol)
        if instrument.kind != "spot" or instrument.base != base:
            raise ValueError(f"found '{target}'; expected a spot symbol of {base}, like {venue}:{base}/USDT")
    except ValueError as trouble:
        mistakes.add(node.place, str(trouble))
