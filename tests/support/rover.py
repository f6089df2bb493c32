"""A strategy for tests that is never at rest: it remembers, resizes, closes, splits legs and moves collateral.

Not a good idea with money. It asks for too much as well, so that refusals are met; it can be compiled.
"""

import math
from dataclasses import dataclass

from basisbt.strategy import Fraction, Number, close, emptiest, fullest, funding_mean, hold, keep_leverage, leg, move


@dataclass(frozen=True)
class Params:
    notional: Fraction = 0.5
    period: Number = 7.0  # bars between changes of mind
    shrink: Fraction = 0.1  # drawdown from the best equity after which sizes are halved


@dataclass
class Memory:
    calls: int = 0
    best: float = 0.0
    mood: int = 1
    moved: float = 0.0
    glimpses: int = 0  # numbers of the next bar that were not blank


def decide(seen, book, want, p):
    book.memory.calls += 1
    book.memory.glimpses += glimpsed(seen)
    book.memory.best = max(book.memory.best, book.equity)
    size = p.notional * (0.5 if book.equity < (1.0 - p.shrink) * book.memory.best else 1.0)
    if book.memory.calls % int(p.period) == 0:
        book.memory.mood = (book.memory.mood * 5 + 3) % 11
        rebalance(seen, book, want)
    for i in range(seen.pairs):
        if book.memory.calls % int(p.period) == i % int(p.period):
            change(seen, book, want, i, size * seen.share[i] * book.equity, book.memory.mood)
        elif book.memory.mood > 5 and book.notional[i] > 0.0:
            keep_leverage(seen, book, want, i)


def change(seen, book, want, i, target, mood):
    """What to do with pair i, by mood: hold, hold more, close, uneven legs, or hold what funding pays for."""
    if not seen.pair_open[i]:
        return
    if mood < 4:
        hold(want, i, target * (1.0 + 0.2 * mood), mood)
    elif mood < 6:
        close(want, i, mood)
    elif mood < 8:
        units = target / seen.close[seen.now, seen.long[i]]
        leg(want, i, units, -0.8 * units, mood)
    else:
        carry = funding_mean(seen, i, 2.0)
        if math.isfinite(carry) and carry > 0.0:
            hold(want, i, target * min(2.0, 1.0 + carry), mood)


def glimpsed(seen):
    """How many numbers of the row after now can be seen; a strategy that counts on any of them looks ahead."""
    t, found = seen.now + 1, 0
    if t < seen.time.size:
        for i in range(seen.instruments):
            for number in (seen.open[t, i], seen.high[t, i], seen.low[t, i], seen.close[t, i], seen.volume[t, i],
                           seen.mark[t, i], seen.funding[t, i], seen.funding_total[t, i],
                           seen.index[t, seen.base[i]]):  # fmt: skip
                if not math.isnan(number):
                    found += 1
            if seen.fresh[t, i]:
                found += 1
    return found


def rebalance(seen, book, want):
    """Move from the fullest venue to the emptiest, now and then more than can leave."""
    rich, poor = fullest(seen, book), emptiest(seen, book)
    if rich != poor:
        amount = 0.3 * book.free[rich] if book.memory.mood % 3 != 0 else 1.5 * book.custody[rich]
        move(want, rich, poor, amount)
        book.memory.moved += amount
