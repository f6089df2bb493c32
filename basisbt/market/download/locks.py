"""Locks: one download at a time in a folder. The system lets go of a lock when its process ends, however it ends."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from basisbt.errors import DataError


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder; DataError when another process does. Where the system has no such locks nothing is held."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataError(f"{folder}: another download is at work here; wait for it to end") from None
        yield
