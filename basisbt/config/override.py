"""Overrides from the command line: `-S a.b.c=value`, `a.*.c=value` for all, `~a.b` deletes.

Knows dotted paths and trees. Knows no key's meaning, except which keys hold lists: elsewhere a list of values is
for `sweep`, and refused here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from basisbt.config.mistakes import Mistakes, Place, Source
from basisbt.config.reader import Node, kind_of, read_text

LIST_KEYS = frozenset({"window", "timerange", "leverage_band", "bases", "venues", "tiers", "fees", "script"})
SWEEP_ONLY = "a list of values expands only in `sweep`; expected one value"


@dataclass(frozen=True)
class Override:
    """One override: the keys of its path, and its value (None deletes)."""

    keys: tuple[str, ...]
    value: Node | None
    place: Place


def parse_overrides(texts: Iterable[str], mistakes: Mistakes, lists: bool = False) -> list[Override]:
    """Read `-S` arguments in order; each value is YAML. Mistakes name the argument. lists: any key may hold one."""
    found = []
    for text in texts:
        source = Source(f"-S {text}", (), Path.cwd(), "-S")
        place = Place(source)
        deletes = text.startswith("~")
        path, equals, written = text[deletes:].partition("=")
        keys = tuple(path.strip().split("."))
        if bool(equals) == deletes or not all(keys):
            mistakes.add(place, "expected KEY=VALUE, like strategy.params.notional=40%, or ~KEY to delete")
            continue
        if deletes:
            found.append(Override(keys, None, place))
            continue
        value = _value(written, keys, source, mistakes, lists)
        if value is not None:
            found.append(Override(keys, value, place))
    return found


def _value(text: str, keys: tuple, source: Source, mistakes: Mistakes, lists: bool) -> Node | None:
    value = read_text(text, source, mistakes)
    if value is None:
        return None
    value = _placed(value, Place(source))
    if lists:
        return value
    listed = isinstance(value.value, list) and keys[-1] not in LIST_KEYS
    if listed or (isinstance(value.value, str) and "," in value.value and text.strip()[0] not in "'\""):
        return mistakes.add(value.place, SWEEP_ONLY)
    return value


def _placed(node: Node, place: Place) -> Node:
    """The same tree with every node at one place: an override has no lines to point at."""
    value = node.value
    if isinstance(value, dict):
        value = {key: _placed(child, place) for key, child in value.items()}
    elif isinstance(value, list):
        value = [_placed(child, place) for child in value]
    return Node(value, place, place)


def apply_override(root: Node, override: Override, mistakes: Mistakes) -> Node:
    """The tree with one override applied; what it did not touch is shared with the old tree."""
    return _apply(root, override.keys, override, mistakes, ())


def _apply(node: Node, keys: tuple[str, ...], override: Override, mistakes: Mistakes, done: tuple) -> Node:
    if isinstance(node.value, list):
        return _apply_in_list(node, keys, override, mistakes, done)
    if not isinstance(node.value, dict):
        where = ".".join(done)
        mistakes.add(override.place, f"'{where}' is {kind_of(node.value)}, not a map; set '{where}' as a whole")
        return node
    head, rest = keys[0], keys[1:]
    entries = dict(node.value)
    if head == "*":
        if not node.live:
            mistakes.add(override.place, f"'*' matches nothing: '{'.'.join(done) or 'the config'}' has no entries")
        for key in node.live:
            _set(entries, key, rest, override, mistakes, (*done, key))
    elif override.value is None and head not in node.live:
        known = mistakes.suggestion(head, node.live)
        mistakes.add(override.place, f"nothing to delete: no '{head}' in '{'.'.join(done) or 'the config'}'{known}")
    else:
        _set(entries, head, rest, override, mistakes, (*done, head))
    return Node(entries, node.place, node.key)


def _set(entries: dict, key: str, rest: tuple, override: Override, mistakes: Mistakes, done: tuple) -> None:
    if not rest:
        entries[key] = override.value or Node(None, override.place, override.place)
        return
    child = entries.get(key)
    if child is None or child.value is None:
        child = Node({}, override.place, override.place)
        if rest[0] == "*":
            mistakes.add(override.place, f"'*' matches nothing: no '{'.'.join(done)}' in the config")
            return
    entries[key] = _apply(child, rest, override, mistakes, done)


def _apply_in_list(node: Node, keys: tuple[str, ...], override: Override, mistakes: Mistakes, done: tuple) -> Node:
    items, (head, *rest) = list(node.value), keys
    chosen = range(len(items)) if head == "*" else [int(head)] if head.isdecimal() and int(head) < len(items) else []
    if not chosen:
        where = ".".join(done)
        mistakes.add(override.place, f"'{where}' is a list of {len(items)}; expected a position from 0, found '{head}'")
    for i in chosen:
        if rest:
            items[i] = _apply(items[i], tuple(rest), override, mistakes, (*done, str(i)))
        elif override.value is None:
            mistakes.add(override.place, f"'{'.'.join(done)}' is a list; set it as a whole to delete from it")
        else:
            items[i] = override.value
    return Node(items, node.place, node.key)
