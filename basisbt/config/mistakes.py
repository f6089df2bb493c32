"""One voice for what is wrong in a config: the place, what was found, what was expected, and the line with a caret.

Knows places and how to print them. Knows nothing of YAML or of any key's meaning.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from basisbt.errors import ConfigError

WIDEST = 160  # characters of a source line that are shown
MOST_SHOWN = 100  # mistakes printed; the rest are counted


@dataclass(frozen=True)
class Source:
    """Something that was read: a file, an override, a preset. `name` is shown; `folder` is where its paths start.

    `origin` is how `show-config` names it (`-S`, `default`, `preset okx`); empty for a config file. Without `lines`
    (an override) a place in it is the name alone.
    """

    name: str
    lines: tuple[str, ...]
    folder: Path
    origin: str = ""


@dataclass(frozen=True)
class Place:
    """A point in a source. Line and column count from 1; line 0: the source as a whole."""

    source: Source
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}" if self.line else self.source.name

    @property
    def origin(self) -> str:
        """How `show-config` says where a value comes from."""
        label = self.source.origin
        if not label or not self.line:
            return label or str(self)
        return f"{label} ({self})"

    def excerpt(self) -> str:
        """The line and a caret below the column; empty where there is no line to show."""
        if not 1 <= self.line <= len(self.source.lines):
            return ""
        text = self.source.lines[self.line - 1]
        start = max(0, self.column - WIDEST // 2) if len(text) > WIDEST else 0
        shown = "".join(c if c.isprintable() or c == "\t" else "?" for c in text[start : start + WIDEST])
        before = shown[: self.column - 1 - start]
        padding = "".join("\t" if c == "\t" else " " for c in before)
        return f"\n  {shown}\n  {padding}^"


def mistake_text(place: Place, message: str) -> str:
    """`file:line:column: error: message`, then the line and a caret."""
    return f"{place}: error: {message}{place.excerpt()}"


@dataclass
class Mistakes:
    """Collects mistakes so that all of them are reported in one go.

    When a file could not be read (`incomplete`), what seems to be missing is not held against the others.
    """

    found: list[tuple[Place, str]] = field(default_factory=list)
    incomplete: bool = False  # a file could not be read: what is missing may have been in it

    def add_missing(self, place: Place, message: str) -> None:
        """Note that something is missing, unless a file that may have held it could not be read."""
        if not self.incomplete:
            self.add(place, message)

    def add(self, place: Place, message: str) -> None:
        """Note one mistake; the same one twice counts once."""
        if (place, message) not in self.found:
            self.found.append((place, message))

    @staticmethod
    def suggestion(word: object, known: Iterable[str]) -> str:
        """`, did you mean 'x'?` when something known is close to the word, else nothing."""
        close = difflib.get_close_matches(str(word)[:80], list(known), n=1, cutoff=0.6)
        return f", did you mean '{close[0]}'?" if close else ""

    def raise_if_any(self) -> None:
        """Raise one ConfigError that holds every mistake, in the order of files and lines."""
        if not self.found:
            return
        order = {name: i for i, name in enumerate(dict.fromkeys(place.source.name for place, _ in self.found))}
        ranked = sorted(self.found, key=lambda item: (order[item[0].source.name], item[0].line, item[0].column))
        texts = [mistake_text(place, message) for place, message in ranked[:MOST_SHOWN]]
        if len(ranked) > MOST_SHOWN:
            texts.append(f"… and {len(ranked) - MOST_SHOWN} more")
        raise ConfigError("\n".join(texts))
