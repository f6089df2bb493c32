"""Contracts: what a position is worth, what it moves when it trades, linear or inverse.

Knows sizes and prices (MODEL.md section 4.1). A linear position is in base units and settles in its quote; an inverse
one is in quote units (contracts times their size) and settles in the coin. Refuses to know who holds it.
"""


def gain(i, size, entry, price, rules):
    """What `size` (signed) earns from `entry` to `price`, in the settlement asset."""
    if rules.inverse[i]:
        return size * (1.0 / entry - 1.0 / price)
    return size * (price - entry)


def notional(i, size, price, rules):
    """Value of `size` at `price`, in the settlement asset; not negative."""
    if rules.inverse[i]:
        return abs(size) / price
    return abs(size) * price


def mean_entry(i, size, entry, more, price, rules):
    """Average entry when `more` is added to `size` at `price`: arithmetic, for an inverse contract harmonic."""
    held, added = abs(size), abs(more)
    if rules.inverse[i] and held > 0.0:
        return (held + added) / (held / entry + added / price)
    return (entry * held + price * added) / (held + added)


def in_base(i, size, price, rules):
    """`size` of instrument i in base units at `price`: what a pair's legs are compared in, signed."""
    return size / price if rules.inverse[i] else size
