"""The handle: all parts of a path behind one pointer, so that a compiled call from Python unboxes one argument.

A module of its own, at its top level: Numba's cache on disk finds a type again only by an importable name.
"""

from numba.core import types
from numba.experimental import structref

PARTS = ("panel", "overlay", "window", "tape", "rules", "book", "desk", "want", "memory", "p")


@structref.register
class HandleType(types.StructRef):
    """Numba's type of a handle."""


class Handle(structref.StructRefProxy):
    """Handle(panel, overlay, window, tape, rules, book, desk, want, memory, p)."""

    def __new__(cls, *parts):
        return structref.StructRefProxy.__new__(cls, *parts)


structref.define_proxy(Handle, HandleType, list(PARTS))


def make_handle(panel, overlay, window, tape, rules, book, desk, want, memory, p):
    """A handle, made by code that can be kept on disk: the proxy's own constructor is compiled anew in each process."""
    return Handle(panel, overlay, window, tape, rules, book, desk, want, memory, p)
