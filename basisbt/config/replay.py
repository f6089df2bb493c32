"""Replay: incidents of the catalogue in a config's tail, written out as events of its script.

Knows the keys of an entry (`incident`, `as`, `at`). Every mistake points at the entry.
"""

from typing import Any

from basisbt import units
from basisbt.config.incidents import Incident, cast, catalogue
from basisbt.config.mistakes import Mistakes
from basisbt.config.reader import Node, kind_of

KEYS = ("incident", "as", "at")


def with_replay(root: Node, mistakes: Mistakes) -> Node:
    """The tree with `tail.replay` turned into script events, named after their incidents."""
    tail = root.live.get("tail")
    replay = tail.live.get("replay") if tail is not None else None
    if replay is None:
        return root
    rest = {key: child for key, child in tail.value.items() if key != "replay"}
    if not isinstance(replay.value, list):
        mistakes.add(replay.place, f"found {kind_of(replay.plain())}; expected a list: `[{{incident: …}}]`")
        return Node({**root.value, "tail": Node(rest, tail.place, tail.key)}, root.place, root.key)
    script = rest.get("script") or Node({}, replay.place, replay.key)
    events = dict(script.value) if isinstance(script.value, dict) else {}
    for entry in replay.value:
        for name, event in events_of(entry, root, mistakes).items():
            count = sum(1 for each in events if each == name or each.startswith(f"{name}~"))
            events[f"{name}~{count + 1}" if count else name] = node_of(event, entry)
    rest["script"] = Node(events, script.place, script.key)
    return Node({**root.value, "tail": Node(rest, tail.place, tail.key)}, root.place, root.key)


def events_of(entry: Node, root: Node, mistakes: Mistakes) -> dict[str, dict[str, Any]]:
    """The events of one entry; none after adding what is wrong with it."""
    if not isinstance(entry.value, dict):
        mistakes.add(entry.place, f"found {kind_of(entry.plain())}; expected `{{incident: …, as: {{…}}, at: …}}`")
        return {}
    for key in set(entry.live) - set(KEYS):
        mistakes.add(entry.live[key].named_at, f"unknown key '{key}'; expected {', '.join(KEYS)}")
    known, named = catalogue(), entry.live.get("incident")
    if named is None or named.value not in known:
        close = mistakes.suggestion(str(named.value), known) if named is not None else ""
        place = entry.place if named is None else named.place
        found = "missing 'incident'" if named is None else f"no incident '{named.value}'"
        mistakes.add(place, f"{found}{close or '; `basisbt list incidents` shows them'}")
        return {}
    incident, roles = known[named.value], {}
    cast_as = entry.live.get("as")
    for role, node in cast_as.live.items() if cast_as is not None else ():
        if role not in roles_of(incident):
            expected = ", ".join(roles_of(incident)) or "none"
            mistakes.add(node.named_at, f"'{role}' is no role of {incident.id}; expected {expected}")
        roles[role] = str(node.value)
    at = incident.start
    if "at" in entry.live:
        try:
            at = units.parse_time(entry.live["at"].value)
        except ValueError as trouble:
            mistakes.add(entry.live["at"].place, str(trouble))
    venues = root.live.get("venues")
    for role in venue_roles(incident):
        if venues is not None and roles.get(role, role) not in venues.live:
            first = next(iter(venues.live), "okx")
            text = f"{incident.id} is about {role}, which the config does not have; cast it: `as: {{{role}: {first}}}`"
            mistakes.add(entry.place, text)
            return {}
    return cast(incident, at, roles, legs_of(root))


def roles_of(incident: Incident) -> tuple[str, ...]:
    """What `as` can cast, of a chain all of its parts'."""
    more = (e[key] for e in incident.events for key in ("venue_role", "coin_role") if e.get(key) is not None)
    return tuple(dict.fromkeys((*incident.roles, *more)))


def venue_roles(incident: Incident) -> tuple[str, ...]:
    """The venues that its events need."""
    parts = [e.get("venue_role", incident.venue) for e in incident.events]
    return tuple(dict.fromkeys(role for role in parts if role is not None))


def legs_of(root: Node) -> list[tuple[str, str]]:
    """(venue, symbol) of every leg that can be read."""
    found = []
    pairs = root.live.get("pairs")
    for pair in pairs.live.values() if pairs is not None else ():
        for side in ("long", "short"):
            leg = pair.live.get(side)
            if leg is not None and "venue" in leg.live and "symbol" in leg.live:
                found.append((str(leg.live["venue"].value), str(leg.live["symbol"].value)))
    return found


def node_of(value: Any, at: Node) -> Node:
    """Plain data as a tree, all of it where the entry stands."""
    if isinstance(value, dict):
        value = {key: node_of(child, at) for key, child in value.items()}
    elif isinstance(value, list):
        value = [node_of(child, at) for child in value]
    return Node(value, at.place, at.key)
