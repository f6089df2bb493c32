"""Regimes: what changes of the venues' rules inside the window, and from when on.

Knows which keys may have dated blocks (presets). Each change gives all venues as they are from then on; what does not
change is the same object. Nothing about a run is decided here.
"""

from typing import Any

from basisbt import units
from basisbt.config.mistakes import Mistakes
from basisbt.config.presets import DATED
from basisbt.config.reader import Node
from basisbt.config.validate import validate_run
from basisbt.config.venues import VenueSpec

PLAIN = {"settlement_window": "length", "insurance": "amount"}  # keys whose block is one value beside its date


def later_venues(root: Node, first: dict[str, VenueSpec], mistakes: Mistakes) -> dict[str, VenueSpec]:
    """The venues of a tree resolved for a later date, with the weights and deposits of the first."""
    found = validate_run(root, mistakes)["venues"]
    return {name: spec.model_copy(update={"share": first[name].share}) for name, spec in found.items() if name in first}


def with_changes(tree: dict[str, Any], roots: list[tuple[int, Node]]) -> dict[str, Any]:
    """The resolved tree with dated blocks in the place of what changes, so that reading it back gives the changes."""
    venues = {}
    for name, venue in tree.get("venues", {}).items():
        venues[name] = dict(venue)
        for key in DATED:
            states = [(at, root.live["venues"].live[name].plain().get(key)) for at, root in roots]
            if key in venue and any(state != states[0][1] for _, state in states):
                venues[name][key] = [block(key, at, state) for at, state in states]
    return {**tree, "venues": venues}


def block(key: str, at: int, state: Any) -> dict[str, Any]:
    """A dated block of a resolved value."""
    body = state if isinstance(state, dict) else {PLAIN[key]: state}
    return {"valid_from": units.time_name(at), **body}
