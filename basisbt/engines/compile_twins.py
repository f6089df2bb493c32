"""Twins: what compiled code runs in the place of a few functions of core that are fastest as array expressions.

Knows the same rule as the original, as loops: a slice assignment allocates, and core is compiled without an allocator.
The tests hold every twin equal to its original.
"""

import numpy as np

from basisbt.core.tape import CLOSE, MARK_CLOSE, PAST_FIELDS, PAST_MARK


def mix_compiled(digest, word):
    """The uint64 twin of `core.books.mix`; the tests hold them equal."""
    x = (np.uint64(digest) ^ np.uint64(word)) * np.uint64(0x9E3779B97F4A7C15)
    return x ^ (x >> np.uint64(29))


def copy_block_compiled(target, source, row, scale):
    """Loop twin of `core.tape.copy_block`: one run over the bar, past the end of its first field (no bounds check)."""
    for k in range(target.shape[0] * target.shape[1]):
        target[0, k] = source[row, 0, k] * scale[0, k]


def scale_row_compiled(target, source, row, scale):
    """Loop twin of `core.tape.scale_row`."""
    for i in range(target.size):
        target[i] = source[row, i] * scale[i]


def copy_row_compiled(target, source, row):
    """Loop twin of `core.tape.copy_row`."""
    for i in range(target.size):
        target[i] = source[row, i]


def remember_compiled(tape, t):
    """Loop twin of `core.tape.remember`; a block's fields are one run of memory, as above."""
    count = tape.prices.shape[1]
    for k in range((CLOSE + 1) * count):
        tape.past[t, 0, k] = tape.prices[0, k]
    for k in range((PAST_FIELDS - PAST_MARK) * count):
        tape.past[t, PAST_MARK, k] = tape.prices[MARK_CLOSE, k]
    for b in range(tape.index.shape[1]):
        tape.past_index[t, b] = tape.index[CLOSE, b]
    for i in range(count):
        tape.past_fresh[t, i] = tape.fresh[i]
        tape.funding[t, i] = 0.0
        tape.funding_total[t, i] = tape.funding_total[t - 1, i] if t > 0 else 0.0


TWINS = {
    "mix": mix_compiled,
    "copy_block": copy_block_compiled,
    "copy_row": copy_row_compiled,
    "scale_row": scale_row_compiled,
    "remember": remember_compiled,
}
