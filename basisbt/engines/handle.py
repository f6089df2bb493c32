"""Handles: the parts of a path behind pointers, so that compiled code passes a pointer where Python passes a tuple.

A call between compiled functions would otherwise copy every field of every array of `Rules`, `Book` and `Tape`, some
thousand numbers; compiling such calls takes minutes. Python's names stay: `book.position[i]` reads either.

A module of its own, at its top level: Numba's cache on disk finds a type again only by an importable name.
"""

from numba.core import types
from numba.experimental import structref

from basisbt.core.books import Book
from basisbt.core.rules import Rules
from basisbt.core.tape import Overlay, Panel, Tape

PARTS = ("panel", "overlay", "window", "tape", "rules", "book", "desk", "want", "memory", "p")


class Proxy(structref.StructRefProxy):
    """What Python holds of a part that compiled code has."""

    def __new__(cls, *parts):
        return structref.StructRefProxy.__new__(cls, *parts)


@structref.register
class HandleType(types.StructRef):
    """Numba's type of a handle."""


@structref.register
class PanelType(types.StructRef):
    """Numba's type of a panel."""


@structref.register
class OverlayType(types.StructRef):
    """Numba's type of an overlay."""


@structref.register
class TapeType(types.StructRef):
    """Numba's type of a tape."""


@structref.register
class RulesType(types.StructRef):
    """Numba's type of rules."""


@structref.register
class BookType(types.StructRef):
    """Numba's type of books."""


class Handle(Proxy):
    """Handle(panel, overlay, window, tape, rules, book, desk, want, memory, p)."""


class PanelRef(Proxy):
    """A panel."""


class OverlayRef(Proxy):
    """An overlay."""


class TapeRef(Proxy):
    """A tape."""


class RulesRef(Proxy):
    """Rules."""


class BookRef(Proxy):
    """Books."""


structref.define_proxy(Handle, HandleType, list(PARTS))
structref.define_proxy(PanelRef, PanelType, list(Panel._fields))
structref.define_proxy(OverlayRef, OverlayType, list(Overlay._fields))
structref.define_proxy(TapeRef, TapeType, list(Tape._fields))
structref.define_proxy(RulesRef, RulesType, list(Rules._fields))
structref.define_proxy(BookRef, BookType, list(Book._fields))


# Made by code that can be kept on disk: a proxy's own constructor is compiled anew in each process.


def make_handle(panel, overlay, window, tape, rules, book, desk, want, memory, p):
    """A handle."""
    return Handle(panel, overlay, window, tape, rules, book, desk, want, memory, p)


def point_to_panel(parts):
    """A panel behind a pointer."""
    return PanelRef(*parts)


def point_to_overlay(parts):
    """An overlay behind a pointer."""
    return OverlayRef(*parts)


def point_to_tape(parts):
    """A tape behind a pointer."""
    return TapeRef(*parts)


def point_to_rules(parts):
    """Rules behind a pointer."""
    return RulesRef(*parts)


def point_to_book(parts):
    """Books behind a pointer."""
    return BookRef(*parts)


MAKERS = {
    Panel: point_to_panel, Overlay: point_to_overlay, Tape: point_to_tape, Rules: point_to_rules, Book: point_to_book,
}  # fmt: skip
