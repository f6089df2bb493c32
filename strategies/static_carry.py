"""Open every pair at the first possible bar and hold it: the ruler that everything else is checked against."""

from dataclasses import dataclass

from basisbt.strategy import Fraction, Number, hold, leg


@dataclass(frozen=True)
class Params:
    notional: Fraction = 0.5  # long legs of all pairs together, share of equity
    quantity: Number = 0.0  # base units per pair instead; 0: by notional


def decide(seen, book, want, p):
    for i in range(seen.pairs):
        if book.held[i, 0] == 0.0 and book.held[i, 1] == 0.0 and seen.pair_open[i]:
            if p.quantity > 0.0:
                leg(want, i, p.quantity, -p.quantity)
            else:
                hold(want, i, p.notional * seen.share[i] * book.equity)
