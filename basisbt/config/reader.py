"""YAML, read strictly, into nodes that remember where they were written.

Knows PyYAML's events and marks, and the YAML 1.2 core scalars (`true`, `false`, `null`, `~`, decimal numbers; `NO`,
`on`, `0o17`, `16:00` and dates stay text). Knows nothing of what a config means. Refuses duplicate keys, tags,
several documents, aliases that expand without end, and anything that is not a readable UTF-8 text file.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from basisbt.config.mistakes import Mistakes, Place, Source

DEEPEST = 40  # levels of nesting
MOST_NODES = 100_000  # after aliases are followed
LARGEST_FILE = 8_000_000  # bytes

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # what YAML and PyYAML's marks count as a line's end
_INT = re.compile(r"[-+]?[0-9]{1,300}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}

Scalar = str | int | float | bool | None


@dataclass(slots=True)
class Node:
    """A value with the place it was written at, and the place of its key when it is in a map."""

    value: "Scalar | dict[str, Node] | list[Node]"
    place: Place
    key: Place | None = None

    @property
    def entries(self) -> "dict[str, Node]":
        """The children by key; empty when this is not a map."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def live(self) -> "dict[str, Node]":
        """The children that are not null (null removes)."""
        return {key: child for key, child in self.entries.items() if child.value is not None}

    @property
    def named_at(self) -> Place:
        """Where to point when the thing as a whole is meant: its key, else its beginning."""
        return self.key or self.place

    def plain(self) -> object:
        """The value without places, nulls in maps left out."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.live.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value


def plain_scalar(text: str) -> Scalar:
    """What an unquoted scalar means in YAML 1.2; non-finite numbers stay text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        value = float(text)
        return value if value - value == 0.0 else text
    return text


def read_file(path: Path, mistakes: Mistakes, name: str | None = None, origin: str = "") -> Node | None:
    """The tree of a YAML file whose top is a map; None after adding at least one mistake. `name` is shown."""
    name = name or str(path)
    blank = Source(name, (), path.parent, origin)
    try:
        if path.is_dir():
            return mistakes.add(Place(blank, 1, 1), "is a directory; expected a YAML file")
        if not path.exists():
            close = mistakes.suggestion(path.name, [p.name for p in path.parent.glob("*.yaml")])
            return mistakes.add(Place(blank, 1, 1), f"no such file{close}")
        if not path.is_file():
            return mistakes.add(Place(blank, 1, 1), "is not a regular file; expected a YAML file")
        if path.stat().st_size > LARGEST_FILE:
            return mistakes.add(Place(blank, 1, 1), f"is larger than {LARGEST_FILE:,} bytes; expected a config")
        data = path.read_bytes()
    except (OSError, ValueError) as trouble:
        return mistakes.add(Place(blank, 1, 1), f"cannot be read: {getattr(trouble, 'strerror', None) or trouble}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as trouble:
        row, column = _position(data[: trouble.start].decode("utf-8-sig", "replace"))
        found = f"found byte 0x{data[trouble.start]:02x}; expected UTF-8 text"
        return mistakes.add(Place(blank, row, column), found)
    source = Source(name, tuple(_BREAK.split(text)), path.parent, origin)
    root = read_text(text, source, mistakes)
    if root is not None and not isinstance(root.value, dict):
        found = "is empty" if root.value is None else f"holds {kind_of(root.value)}"
        return mistakes.add(root.place, f"the file {found}; expected a map of keys, like `capital: 1_000_000 USDT`")
    return root


def read_text(text: str, source: Source, mistakes: Mistakes) -> Node | None:
    """The tree of a YAML text; an empty text is a null. None after adding a mistake."""
    composer = _Composer(source, mistakes)
    try:
        return composer.document(text)
    except yaml.reader.ReaderError as trouble:
        row, column = _position(text[: trouble.position])
        shown = trouble.character if isinstance(trouble.character, int) else ord(trouble.character)
        mistakes.add(composer.place(row - 1, column - 1), f"found character U+{shown:04X}, which YAML does not allow")
    except yaml.MarkedYAMLError as trouble:
        mark = trouble.problem_mark or trouble.context_mark
        what = " ".join(part for part in (trouble.problem, trouble.context and f"({trouble.context})") if part)
        hint = "; indent with spaces, not tabs" if "'\\t'" in what else ""
        mistakes.add(composer.place(mark.line, mark.column), f"not YAML: {what}{hint}")
    except _Unreadable as trouble:
        mistakes.add(trouble.place, str(trouble))
    except (yaml.YAMLError, ValueError, RecursionError) as trouble:
        mistakes.add(composer.place(0, 0), f"not YAML: {trouble}")
    return None


def _position(before: str) -> tuple[int, int]:
    """Line and column, from 1, of what follows a text."""
    lines = _BREAK.split(before)
    return len(lines), len(lines[-1]) + 1


def kind_of(value: object) -> str:
    """What a person would call a value: `a map`, `a list`, `text 'x'`, `5`."""
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    shown = repr(value) if not isinstance(value, bool) else str(value).lower()
    return shown if len(shown) <= 60 else f"{shown[:57]}…"


class _Unreadable(Exception):
    def __init__(self, place: Place, message: str):
        super().__init__(message)
        self.place = place


@dataclass
class _Composer:
    """Builds nodes from PyYAML's events, counting what aliases would multiply."""

    source: Source
    mistakes: Mistakes
    anchors: dict[str, Node] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    count: int = 0

    def place(self, line: int, column: int) -> Place:
        return Place(self.source, line + 1, column + 1) if self.source.lines else Place(self.source)

    def document(self, text: str) -> Node:
        events = yaml.parse(text, Loader=yaml.SafeLoader)
        root = Node(None, self.place(0, 0))
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _Unreadable(self._at(event), "found a second document (`---`); expected one")
                root = self._node(next(events), events, 0)
        return root

    def _at(self, event: yaml.Event) -> Place:
        return self.place(event.start_mark.line, event.start_mark.column)

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Node:
        place = self._at(event)
        if depth > DEEPEST:
            raise _Unreadable(place, f"nested deeper than {DEEPEST} levels")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, place)
        if event.tag not in (None, "!"):
            raise _Unreadable(place, f"found tag {event.tag}; expected a plain value (tags are not used)")
        before = self.count
        self._counted(1, place)
        if isinstance(event, yaml.ScalarEvent):
            node = Node(plain_scalar(event.value) if event.implicit[0] else event.value, place)
        elif isinstance(event, yaml.MappingStartEvent):
            node = Node(self._map(events, depth), place)
        else:
            node = Node(self._list(events, depth), place)
        if event.anchor:
            self.anchors[event.anchor] = node
            self.sizes[event.anchor] = self.count - before
        return node

    def _counted(self, more: int, place: Place) -> None:
        self.count += more
        if self.count > MOST_NODES:
            raise _Unreadable(place, f"more than {MOST_NODES:,} values once aliases are followed")

    def _alias(self, event: yaml.AliasEvent, place: Place) -> Node:
        if event.anchor not in self.anchors:
            raise _Unreadable(place, f"alias *{event.anchor} names no finished anchor before it")
        self._counted(self.sizes[event.anchor], place)
        return self.anchors[event.anchor]

    def _list(self, events: Iterator[yaml.Event], depth: int) -> list[Node]:
        items = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._node(event, events, depth + 1))
        return items

    def _map(self, events: Iterator[yaml.Event], depth: int) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            place = self._at(event)
            if not isinstance(event, yaml.ScalarEvent) or event.value == "":
                raise _Unreadable(place, "found a key that is not text; expected `key: value`")
            if event.value == "<<":
                raise _Unreadable(place, "merge keys (<<) are not used; write `extends: other.yaml`")
            child = self._node(next(events), events, depth + 1)
            if event.value in entries:
                first = entries[event.value].key
                self.mistakes.add(place, f"duplicate key '{event.value}', first written at line {first.line}")
                continue
            entries[event.value] = Node(child.value, child.place, place)
        return entries
