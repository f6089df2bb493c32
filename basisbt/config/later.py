"""What the contract shows and this version does not have yet: refused with a place, never ignored.

Knows paths and words. Each entry goes when its feature is delivered.
"""

from collections.abc import Iterator

from basisbt.config.mistakes import Mistakes
from basisbt.config.reader import Node

LATER = "is not delivered yet"
KEYS: tuple[tuple[str, ...], ...] = ()
VALUES = {
    ("kind",): ("compare",),
    ("tail", "sample", "market"): ("generate",),
}  # fmt: skip


def refuse_later(root: Node, mistakes: Mistakes) -> Node:
    """The tree without what is not delivered yet, each noted as a mistake; empty ones go without a word."""
    for pattern in KEYS:
        for holder, key in _holders(root, pattern):
            child = holder.value.pop(key)
            if child.value not in ([], {}, "none"):
                mistakes.add(child.named_at, f"'{key}' {LATER}; leave it out")
    for pattern, words in VALUES.items():
        for holder, key in _holders(root, pattern):
            child = holder.value[key]
            if child.value in words:
                mistakes.add(child.place, f"`{key}: {child.value}` {LATER}")
                holder.value.pop(key)
                if key == "event":
                    holder.value = None
    return root


def _holders(node: Node, pattern: tuple[str, ...]) -> Iterator[tuple[Node, str]]:
    """The maps that have the pattern's last key, live."""
    head, rest = pattern[0], pattern[1:]
    for key, child in list(node.live.items()):
        if head not in ("*", key):
            continue
        if rest:
            yield from _holders(child, rest)
        else:
            yield node, key
