"""Chance: every random number is a function of (seed, path, purpose), and of nothing that was drawn before.

Knows one Philox and how to re-key it. Knows no distribution of an event. Purposes are texts and name their subject
(`incident:freeze:okx`), never number it: the same venue gets the same draws beside other venues, which is what makes
comparisons under common random numbers sharp, and a new kind of event shifts nobody's draws.
"""

from functools import lru_cache
from hashlib import blake2b

import numpy as np


@lru_cache(maxsize=4096)
def mark_of(purpose: str) -> int:
    """64 bits that stand for a purpose."""
    return int.from_bytes(blake2b(purpose.encode(), digest_size=8).digest(), "little")


class Chance:
    """Random numbers of one seed. `at` re-keys the one generator: what it gave before is over."""

    def __init__(self, seed: int):
        self._bits = np.random.Philox(key=np.array([seed, 0], np.uint64))
        self._generator = np.random.Generator(self._bits)
        self._state = self._bits.state
        self._key, self._counter = self._state["state"]["key"], self._state["state"]["counter"]

    def at(self, path: int, purpose: str) -> np.random.Generator:
        """The generator at the beginning of the numbers for this path and purpose."""
        self._key[1] = path
        self._counter[:] = 0
        self._counter[3] = mark_of(purpose)
        self._bits.state = self._state
        return self._generator
