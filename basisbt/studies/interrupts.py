"""Interrupts: a Ctrl-C that is never lost.

Python turns Ctrl-C into an exception wherever it stands, and some of those places (Numba asking for the type of an
argument, a finaliser) drop exceptions. So it is also noted, and asked for between two paths.
"""

import contextlib
import signal
import threading

_noted = threading.Event()


@contextlib.contextmanager
def listening():
    """Note a Ctrl-C, besides raising it; leaves other handlers than Python's own alone."""
    mine = threading.current_thread() is threading.main_thread()
    if not mine or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    _noted.clear()
    signal.signal(signal.SIGINT, _note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _noted.clear()


def _note(number, frame):
    _noted.set()
    raise KeyboardInterrupt


def check() -> None:
    """Raise KeyboardInterrupt if there has been one since listening began."""
    if _noted.is_set():
        _noted.clear()
        raise KeyboardInterrupt
