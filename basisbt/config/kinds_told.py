"""The kinds of event a script may have, in a line each: for `list events`.

Knows the specs. The page docs/events.md says more of each.
"""

from typing import get_args

from basisbt.config.events import EventSpec


def event_kinds() -> list[dict]:
    """{event, keys, what it is} of every kind, in the order of the specs."""
    found = []
    for spec in members(get_args(EventSpec)[0]):
        name = get_args(spec.model_fields["event"].annotation)[0]
        own = [key for key in spec.model_fields if key not in ("event", "at", "incident")]
        keys = ["for" if key == "duration" else key for key in own]
        said = " ".join((spec.__doc__ or "").split())
        found.append({"event": name, "keys": ", ".join(keys), "what": said})
    return found


def members(union) -> list:
    """The classes of a union, unions inside it written out."""
    parts = get_args(union)
    return [each for part in parts for each in members(part)] if parts else [union]
