"""The `carry` shorthand: bases, venues and a layout become pairs.

    carry: {bases: [BTC, ETH], venues: all, layout: same_venue, leverage: 3x, quote: USDT}

`same_venue`: both legs on each venue (`btc-okx`). `all_pairs`: long on one, short on another, every ordered two
(`btc-okx-bybit`). `hub: okx`: long at the hub, short on each other venue. Pairs written out as well are added, and
win over a shorthand pair of the same name. Knows names only; what a pair may be is `specs` and `crossing`.
"""

from itertools import permutations
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from basisbt import units
from basisbt.config.fields import Band, Multiple, Spec, Text
from basisbt.config.merge import merge
from basisbt.config.mistakes import Mistakes
from basisbt.config.reader import Node
from basisbt.config.validate import validated

_LAYOUTS = "same_venue, all_pairs or {hub: okx}"


def _layout(value: object) -> tuple[str, str]:
    """The layout's word and the hub's name, empty for other layouts."""
    if value in ("same_venue", "all_pairs"):
        return str(value), ""
    if isinstance(value, str) and value.startswith("hub:"):
        value = {"hub": value[4:].strip()}
    if isinstance(value, dict) and set(value) == {"hub"} and isinstance(value["hub"], str) and value["hub"]:
        return "hub", value["hub"]
    raise units.refuse(value, _LAYOUTS)


def _names(value: object) -> list[str] | str:
    if value == "all":
        return "all"
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return value
    raise units.refuse(value, "all, or a list of venues: [okx, bybit]")


def _bases(value: object) -> list[str]:
    if isinstance(value, list) and value and all(isinstance(item, str) and item for item in value):
        return value
    raise units.refuse(value, "a list of base assets: [BTC, ETH]")


class CarrySpec(Spec):
    """The shorthand as written; its legs' settings go to every derivative leg."""

    bases: Annotated[list[str], BeforeValidator(_bases)]
    venues: Annotated[list[str] | str, BeforeValidator(_names)] = "all"
    layout: Annotated[
        tuple[str, str], BeforeValidator(_layout), WithJsonSchema({"type": ["string", "object"]})
    ] = ("same_venue", "")  # fmt: skip
    leverage: Multiple
    exchange_leverage: Multiple | None = None
    leverage_band: Band | None = None
    quote: Text = "USDT"


def expand_carry(root: Node, mistakes: Mistakes) -> Node:
    """The tree with `carry` replaced by pairs, placed where the shorthand is; unchanged when there is none."""
    node = root.live.get("carry")
    entries = {key: child for key, child in root.entries.items() if key != "carry"}
    if node is None:
        return Node(entries, root.place, root.key)
    spec = validated(CarrySpec, node, mistakes)
    venues = root.live.get("venues")
    known = list(venues.live) if venues is not None else []
    pairs: dict[str, Node] = {}
    if spec is not None:
        for long, short in _routes(spec, node, known, mistakes):
            for base in spec.bases:
                name = "-".join(dict.fromkeys((base.lower(), long, short)))
                pairs[name] = _pair(spec, node, base, long, short)
    expanded = Node(pairs, node.place, node.key)
    if "pairs" in entries and entries["pairs"].value is not None:
        expanded = merge(expanded, entries["pairs"])
    if pairs:
        entries["pairs"] = expanded
    else:
        entries["carry"] = node  # its mistake is noted; what it would have said is not missing
    return Node(entries, root.place, root.key)


def _routes(spec: CarrySpec, node: Node, known: list[str], mistakes: Mistakes) -> list[tuple[str, str]]:
    """(long venue, short venue) of every pair of one base; empty after a mistake."""
    chosen = known if spec.venues == "all" else list(dict.fromkeys(spec.venues))
    layout, hub = spec.layout
    good = True
    for name, key in [*((name, "venues") for name in chosen), *([(hub, "layout")] if hub else [])]:
        if name not in known:
            at = _named(node.live[key], name)
            mistakes.add(at.place, f"no venue '{name}'{mistakes.suggestion(name, known) or _list(known)}")
            good = False
    if layout == "same_venue":
        routes = [(name, name) for name in chosen]
    elif layout == "all_pairs":
        routes = list(permutations(chosen, 2))
    else:
        routes = [(hub, name) for name in chosen if name != hub]
    if good and not routes:
        at = node.live.get("layout", node).place
        mistakes.add(at, f"layout {layout} needs two venues or more; found {len(chosen)}")
    return routes if good else []


def _named(node: Node, name: str) -> Node:
    """The node below that says `name`, or the node itself."""
    below = node.value if isinstance(node.value, list) else node.live.values()
    return next((item for item in below if item.value == name), node)


def _list(known: list[str]) -> str:
    return f"; expected one of: {', '.join(known)}" if known else ""


def _pair(spec: CarrySpec, node: Node, base: str, long: str, short: str) -> Node:
    def placed(value: Any, key: str) -> Node:
        at = node.live.get(key, node)
        return Node(value, at.place, node.key)

    legs = {
        "long": {"venue": placed(long, "venues"), "symbol": placed(f"{base}/{spec.quote}", "bases")},
        "short": {"venue": placed(short, "venues"), "symbol": placed(f"{base}/{spec.quote}:{spec.quote}", "bases")},
    }
    for key in ("leverage", "exchange_leverage", "leverage_band"):
        if key in node.live:
            legs["short"][key] = node.live[key]
    return Node({side: Node(leg, node.place, node.key) for side, leg in legs.items()}, node.place, node.key)
