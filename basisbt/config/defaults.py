"""What a config leaves out, as it would have been written.

Knows the defaults that `show-config` prints. The specs hold the same ones; a test keeps the two equal.
"""

import re
from pathlib import Path

from basisbt.config.merge import merge
from basisbt.config.mistakes import Mistakes, Place, Source
from basisbt.config.reader import Node, read_text

DEFAULTS = """
schema: 1
kind: run
currency: USD
seed: 1
data: {dir: data, timeframe: 8h, gaps: {policy: stale, max: 6h}, coverage: error, index: {}}
strategy: {params: {}}
tail: {script: {}, sample: none}
claims: {carry_at: zero}
measures: {ruin: equity < 50%, margin_call: ratio < 1.1, risk_free: 0%}
"""
VENUE = "{weight: auto, account: unified, preset: none}"
PAIR = "{share: 1}"


def with_defaults(root: Node, path: Path) -> Node:
    """The tree over the defaults; `name` is the file's, `data` lies beside it."""
    source = Source("default", (), path.parent, "default")
    below = _tree(DEFAULTS, source, root.place)
    below.value["name"] = Node(file_name(path), Place(source))
    folder = below.value["data"].value["dir"]
    folder.value = str((path.parent / folder.value).absolute())
    for key, text in (("venues", VENUE), ("pairs", PAIR)):
        section = root.live.get(key)
        if section is not None and isinstance(section.value, dict):
            filled = {
                name: _over(_tree(text, source, child.place), child) if isinstance(child.value, dict) else child
                for name, child in section.value.items()
            }
            below.value[key] = Node(filled, section.place, section.key)
    missing = {key: child for key, child in below.value.items() if key not in root.live or key in ("venues", "pairs")}
    both = {
        key: _over(below.value[key], child) if key in below.value and key not in missing else child
        for key, child in root.live.items()
    }
    return Node({**both, **missing}, root.place, root.key)


def _over(below: Node, child: Node) -> Node:
    """A config's map over its defaults. A default that is set to null is the default: what is written out, with the
    key gone, must read back to the same."""
    return merge(below, _without_nulls(child, below))


def _without_nulls(node: Node, below: Node) -> Node:
    if not isinstance(node.value, dict) or not isinstance(below.value, dict):
        return node
    kept = {}
    for key, child in node.value.items():
        if key in below.value and child.value is None:
            continue
        kept[key] = _without_nulls(child, below.value[key]) if key in below.value else child
    return Node(kept, node.place, node.key)


def _tree(text: str, source: Source, at: Place) -> Node:
    """Default maps stand where the config's own would, so that what misses in them has a place."""
    node = read_text(text, source, Mistakes())

    def placed(node: Node) -> Node:
        if isinstance(node.value, dict) and node.value:
            return Node({key: placed(child) for key, child in node.value.items()}, at)
        return Node(node.value, Place(source), Place(source))

    return placed(node)


def file_name(path: Path) -> str:
    """A run's name when the config gives none: the file's, with what a name cannot hold replaced."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", path.stem).lstrip("-.") or "run"
