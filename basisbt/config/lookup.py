"""Finding one's way in the tree of a config: nodes by path, texts, and whether a venue that is named exists.

Knows the tree. Knows no rule of any section.
"""

from basisbt.config.mistakes import Mistakes
from basisbt.config.reader import Node


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


def section(root: Node, key: str) -> Node:
    """A top-level section; an empty one when it is missing."""
    return root.live.get(key) or Node({}, root.place)


def text_of(node: Node, key: str) -> str | None:
    """The text at a key, None when there is none: what is not text, validation reports."""
    child = node.live.get(key)
    return child.value if child is not None and isinstance(child.value, str) else None


def venue_exists(root: Node, node: Node, name: str, mistakes: Mistakes) -> bool:
    """Whether the config has that venue; if not, a mistake at `node` says which it has."""
    venues = section(root, "venues")
    if name in venues.live:
        return True
    if name in venues.entries:
        hint = f"; it is null at {venues.entries[name].named_at}, which removes it: write `{name}: {{}}`"
    else:
        hint = mistakes.suggestion(name, venues.live) or f"; expected one of: {', '.join(venues.live)}"
    mistakes.add(node.place, f"no venue '{name}'{hint}")
    return False
