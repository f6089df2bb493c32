"""`extends`: one config on top of others. Maps merge, lists replace, null removes.

Knows how two trees combine and how files refer to each other. Knows no key but `extends`.
"""

import os
from pathlib import Path

from basisbt.config.mistakes import Mistakes
from basisbt.config.reader import Node, kind_of, read_file


def merge(below: Node, above: Node) -> Node:
    """`above` wins; two maps merge key by key, anything else replaces. A null stays, to remove what lies below."""
    if not (isinstance(below.value, dict) and isinstance(above.value, dict)):
        return above
    entries = dict(below.value)
    for key, child in above.value.items():
        entries[key] = merge(entries[key], child) if key in entries else child
    return Node(entries, above.place, above.key)


def read_extended(path: Path, mistakes: Mistakes) -> Node | None:
    """The tree of a config with everything it extends merged below it, `extends` itself gone."""
    return _read(path, str(path), (), mistakes)


def _read(path: Path, name: str, writers: tuple[str, ...], mistakes: Mistakes) -> Node | None:
    root = read_file(path, mistakes, name)
    if root is None:
        return None
    identity = os.path.realpath(path)
    own = Node({key: child for key, child in root.entries.items() if key != "extends"}, root.place)
    merged = None
    for other in _extended_names(root.entries.get("extends"), mistakes):
        before = len(mistakes.found)
        lower = path.parent / str(other.value)
        shown = os.path.normpath(os.path.join(os.path.dirname(name), str(other.value)))
        if os.path.realpath(lower) in (*writers, identity):
            mistakes.add(other.place, f"'{other.value}' extends this file in turn; a cycle has no bottom")
        elif not lower.is_file():
            close = mistakes.suggestion(lower.name, [p.name for p in path.parent.glob("*.yaml")])
            mistakes.add(other.place, f"no such file: {shown}{close}")
        elif (base := _read(lower, shown, (*writers, identity), mistakes)) is not None:
            merged = base if merged is None else merge(merged, base)
        mistakes.incomplete |= len(mistakes.found) > before
    return own if merged is None else merge(merged, own)


def _extended_names(node: Node | None, mistakes: Mistakes) -> list[Node]:
    if node is None or node.value is None:
        return []
    items = node.value if isinstance(node.value, list) else [node]
    good = []
    for item in items:
        if isinstance(item.value, str) and "\0" not in item.value:
            good.append(item)
        else:
            mistakes.incomplete = True
            mistakes.add(item.place, f"found {kind_of(item.value)}; expected a file: `extends: base.yaml`")
    return good
