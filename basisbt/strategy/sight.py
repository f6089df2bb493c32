"""What a strategy sees and knows of itself: `seen` and `book`, the two things `decide` reads.

Knows how to present tape and books; decides nothing. Everything here ends at the last closed bar: later rows are
NaN in memory. Arrays are read-only where the driver hands in read-only aliases (both do).
"""

from typing import NamedTuple

import numpy as np

from basisbt.core.tape import CLOSE, CLOSED, HIGH, LOW, OPEN, PAST_MARK, PAST_VOLUME


class Window(NamedTuple):
    """Read-only aliases of the tape, made once per path."""

    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray
    mark: np.ndarray
    index: np.ndarray
    fresh: np.ndarray
    funding: np.ndarray
    funding_total: np.ndarray


class Seen(NamedTuple):
    """The market up to the last close. T bars, I instruments, P pairs, V venues, B bases."""

    now: int  # row of the bar that has just closed
    pairs: int
    venues: int
    instruments: int
    seconds: int  # length of a bar
    time: np.ndarray  # [T] int64, seconds UTC of each bar's opening
    open: np.ndarray  # [T, I] quote
    high: np.ndarray  # [T, I] quote
    low: np.ndarray  # [T, I] quote
    close: np.ndarray  # [T, I] quote
    volume: np.ndarray  # [T, I] base units
    mark: np.ndarray  # [T, I] mark close, quote
    index: np.ndarray  # [T, B] index close, USD
    fresh: np.ndarray  # [T, I] bool, the bar exists: its price is of this bar
    funding: np.ndarray  # [T, I] sum of the rates settled in the bar, fraction
    funding_total: np.ndarray  # [T, I] running sum of them
    long: np.ndarray  # [P] instrument of the long leg
    short: np.ndarray  # [P] instrument of the short leg
    venue: np.ndarray  # [I] venue of an instrument
    base: np.ndarray  # [I] row of `index` of an instrument
    spot: np.ndarray  # [I] bool
    fee: np.ndarray  # [I] taker fee, fraction
    half_spread: np.ndarray  # [I] fraction
    share: np.ndarray  # [P] of the strategy's notional
    leverage: np.ndarray  # [P] notional / equity kept for the short leg
    band_low: np.ndarray  # [P]
    band_high: np.ndarray  # [P]
    long_leverage: np.ndarray  # [P] the same of a derivative long leg, 0 where the long leg is spot
    long_band_high: np.ndarray  # [P]
    short_interest: np.ndarray  # [P] a year, on a short leg that is borrowed spot, else 0
    backing: np.ndarray  # [P] share of the long coins that counts as margin of the (inverse) short leg, else 0
    account: np.ndarray  # [I] account that margins it, for `move`: its venue's number, or a sub-account's
    pair_open: np.ndarray  # [P] bool, both legs traded in the last bar, and neither venue has defaulted
    withdrawals_open: np.ndarray  # [V] bool


class Standing(NamedTuple):
    """Our own books at the last close; `decide` gets it as `book`."""

    equity: float  # marked, USD
    accessible: float  # what could be withdrawn now, USD
    custody: np.ndarray  # [V] USD at each venue
    free: np.ndarray  # [V] what margin does not need, units of the settlement asset
    margin_ratio: np.ndarray  # [V] account equity / maintenance, NaN without positions
    liquidation_distance: np.ndarray  # [V] adverse move of all marks that liquidates, fraction, NaN without
    notional: np.ndarray  # [P] USD of the long leg
    short_equity: np.ndarray  # [P] USD of equity behind the short leg
    long_equity: np.ndarray  # [P] the same of a derivative long leg, 0 where it is spot
    held: np.ndarray  # [P, 2] base units of long and short leg, signed
    uneven: np.ndarray  # [P] closes in a row at which the legs did not match
    refusal: np.ndarray  # [V] outcome of the last withdrawal asked for, see basisbt.strategy
    order_refusal: np.ndarray  # [P] outcome of the pair's last order
    in_transit: float  # USD under way between venues
    memory: np.ndarray  # the strategy's Memory, one record, reset for every path


class Desk(NamedTuple):
    """What is rewritten before each decision."""

    pair_open: np.ndarray  # [P] bool
    withdrawals_open: np.ndarray  # [V] bool


def make_window(tape):
    """Aliases of a tape that cannot be written through."""
    views = [tape.past[:, field] for field in (OPEN, HIGH, LOW, CLOSE, PAST_VOLUME, PAST_MARK)]
    views += [tape.past_index, tape.past_fresh, tape.funding, tape.funding_total]
    views = [view.view() for view in views]
    for view in views:
        view.flags.writeable = False
    return Window(*views)


def make_desk(pairs, venues):
    """Room for what changes bar by bar."""
    return Desk(np.zeros(pairs, np.bool_), np.zeros(venues, np.bool_))


def tradable(i, t, tape):
    """Whether instrument i traded in bar t and is not down or halted since."""
    return tape.fresh[i] and tape.switch[CLOSED, i] == 0 and tape.time[t] >= tape.until[i]


def refresh(t, tape, rules, desk):
    """Rewrite what is open at the close of bar t."""
    for p in range(rules.long.size):
        i, j = rules.long[p], rules.short[p]
        alive = not (tape.defaulted[rules.venue[i]] or tape.defaulted[rules.venue[j]])
        desk.pair_open[p] = alive and tradable(i, t, tape) and tradable(j, t, tape)
    for v in range(rules.venues):
        desk.withdrawals_open[v] = tape.frozen[v] == 0 and not tape.defaulted[v]
