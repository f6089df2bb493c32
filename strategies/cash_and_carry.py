"""Long spot, short perpetual while funding pays for the trouble; collateral follows the price between venues.

Enters when mean funding, less the round trip spread over an expected holding, is above `enter_above` a year; leaves
when mean funding falls below `exit_below`. Resizes when the notional has drifted, moves collateral when leverage has
left its band, and either waits or shrinks when a venue does not let the collateral go.
"""

from dataclasses import dataclass

from basisbt.strategy import (
    REDUCE, UNWIND, Days, Fraction, OneLegFails, PerYear, Refused, affordable, carry_after_costs, fund_entry,
    funding_mean, hold, keep_leverage, mend, reduce_to_margin,
)  # fmt: skip


@dataclass(frozen=True)
class Params:
    enter_above: PerYear = 0.08
    exit_below: PerYear = 0.02
    lookback: Days = 7.0
    expected_holding: Days = 60.0
    notional: Fraction = 0.45  # long legs of all pairs together, share of equity
    drift: Fraction = 0.20  # resize when the notional is off by more than this
    smallest: Fraction = 0.50  # do not enter with less than this share of the target
    if_one_leg_fails: OneLegFails = UNWIND  # wait | unwind
    if_refused: Refused = REDUCE  # wait | reduce: when collateral is missing and cannot be moved


ENTER, EXIT, RESIZE, MEND, SHRINK = 1, 2, 3, 4, 5


def decide(seen, book, want, p):
    for i in range(seen.pairs):
        if mend(book, want, i, p.if_one_leg_fails, MEND) or not seen.pair_open[i] or book.uneven[i] > 0:
            continue
        target = p.notional * seen.share[i] * book.equity
        if book.notional[i] == 0.0:
            if carry_after_costs(seen, i, p.lookback, p.expected_holding) > p.enter_above:
                size = fund_entry(seen, book, want, i, target)
                if size >= p.smallest * target:
                    hold(want, i, size, ENTER)
        elif funding_mean(seen, i, p.lookback) < p.exit_below:
            hold(want, i, 0.0, EXIT)
        else:
            keep(seen, book, want, i, target, p)


def keep(seen, book, want, i, target, p):
    """Collateral first, then size: a position whose margin cannot be had is shrunk or left alone, never grown."""
    missing = keep_leverage(seen, book, want, i)
    if missing > 0.0:
        if p.if_refused == REDUCE:
            reduce_to_margin(seen, book, want, i, SHRINK)
        return
    size = min(target, book.notional[i] + affordable(seen, book, i))
    if abs(book.notional[i] - size) > p.drift * target:
        hold(want, i, size, RESIZE)
