"""The tape: what the world shows, row by row.

`Panel` is market history, shared by every path and never written. `Overlay` is what one path does to it:
which history row each bar replays, at what price level, with which events. `Tape` is the memory that a
running path fills one row at a time; whatever lies after the current bar is NaN there, so the future is not
in memory. Knows neither where a price came from nor what anybody owns.

Axes: T bars (or history rows), I instruments, B base assets, A assets, V venues. Times are int64 seconds UTC
of a bar's opening. Prices are in the instrument's quote asset, the index in USD.
"""

from typing import NamedTuple

import numpy as np

# Rows of the price block, `prices[FIELD, t, i]`.
OPEN, HIGH, LOW, CLOSE, MARK_OPEN, MARK_HIGH, MARK_LOW, MARK_CLOSE, VOLUME = range(9)
FIELDS = 9
PRICED = 8  # the fields before VOLUME are prices and scale with an overlay

# Rows of the index block, `index[FIELD, t, b]`: OPEN, HIGH, LOW, CLOSE as above.
INDEX_FIELDS = 4


class Panel(NamedTuple):
    """Aligned market history on one UTC grid.

    A missing bar has `fresh` False: its open, high, low and close all equal the last known close, volume is 0,
    and nothing may trade in it. A coarse bar whose first part is missing is not fresh either: it opens at the last
    known close and keeps the high, low, close and volume of the parts there are. Before an instrument's first bar
    there is no row (the coverage check refuses).
    Funding stamps are sparse, ordered by (row, time, instrument): row r owns `first[r]:first[r + 1]`.
    """

    time: np.ndarray  # [T] int64, seconds UTC of the bar's opening
    prices: np.ndarray  # [FIELDS, T, I] float64, trade and mark OHLC in quote, volume in base
    fresh: np.ndarray  # [T, I] bool, a trade bar exists whose open can be traded
    index: np.ndarray  # [4, T, B] float64, USD index OHLC of each base
    usd: np.ndarray  # [T, A] float64, USD price of each asset at the bar's open (1 for USD and stablecoins)
    first: np.ndarray  # [T + 1] int64, offsets into the funding arrays
    funding_instrument: np.ndarray  # [K] int64
    funding_rate: np.ndarray  # [K] float64, fraction; positive: longs pay
    funding_price: np.ndarray  # [K] float64, mark the payment is computed on: its open at the stamp, else last before
    funding_at_open: np.ndarray  # [K] bool, stamp equals the bar's opening (else strictly inside the bar)
    funding_time: np.ndarray  # [K] int64, seconds UTC, floored to the minute


# What a sparse event does, in the order in which equal instants are applied: ends first.
THAW, FREEZE_HELD, FREEZE_VOIDED = range(3)


class Overlay(NamedTuple):
    """What one path does to history. The panel is shared; only this differs between paths."""

    row: np.ndarray  # [T] int64, the panel row that bar t replays
    level: np.ndarray  # [T, B] float64, price multiplier of a base: spot, mark and index of every venue together
    gap: np.ndarray  # [T, G] float64, gap at the bar's open of the instruments that have one
    gap_of: np.ndarray  # [I] int64, column of `gap`, -1 where the instrument has none
    touched: np.ndarray  # [T] bool, some level is not 1 or some gap not 0
    event_bar: np.ndarray  # [E] int64, ascending
    event_kind: np.ndarray  # [E] int64, THAW, FREEZE_HELD, FREEZE_VOIDED
    event_who: np.ndarray  # [E] int64, venue


class Tape(NamedTuple):
    """What a running path has been shown so far. Rows after the current bar are NaN (bool rows: False)."""

    time: np.ndarray  # [T] int64, the calendar: known in advance
    prices: np.ndarray  # [FIELDS, T, I]
    fresh: np.ndarray  # [T, I] bool
    index: np.ndarray  # [4, T, B]
    usd: np.ndarray  # [T, A]
    funding: np.ndarray  # [T, I] sum of the rates settled in the bar
    funding_total: np.ndarray  # [T, I] running sum of settled rates, this bar included
    scale: np.ndarray  # [I] what the overlay multiplies the current bar's prices by
    frozen: np.ndarray  # [V] int64, number of withdrawal freezes in force
    cursor: np.ndarray  # [1] int64, next event


def make_tape(panel, venues):
    """An unshown tape for as many bars as the panel has rows. Arrays are owned by the caller's path."""
    bars, instruments = panel.fresh.shape
    tape = Tape(
        panel.time,
        np.empty((FIELDS, bars, instruments)),
        np.empty((bars, instruments), np.bool_),
        np.empty((INDEX_FIELDS, bars, panel.index.shape[2])),
        np.empty((bars, panel.usd.shape[1])),
        np.empty((bars, instruments)),
        np.empty((bars, instruments)),
        np.ones(instruments),
        np.zeros(venues, np.int64),
        np.zeros(1, np.int64),
    )
    blank(tape)
    return tape


def blank(tape):
    """Forget everything: the state before the first bar."""
    for block in (tape.prices, tape.index, tape.usd, tape.funding, tape.funding_total):
        block.fill(np.nan)
    tape.fresh.fill(False)
    tape.scale.fill(1.0)
    tape.frozen.fill(0)
    tape.cursor[0] = 0


def copy_block(target, t, source, row):
    """Copy `source[:, row, :]` to `target[:, t, :]`; compiled code uses a twin with loops (slices would allocate)."""
    target[:, t] = source[:, row]


def copy_row(target, t, source, row):
    """Copy `source[row]` to `target[t]`; compiled code uses a twin with a loop."""
    target[t] = source[row]


def show_row(t, panel, overlay, rules, tape):
    """Write bar t, and only bar t, as this path sees it."""
    row = overlay.row[t]
    copy_block(tape.prices, t, panel.prices, row)
    copy_row(tape.fresh, t, panel.fresh, row)
    copy_block(tape.index, t, panel.index, row)
    copy_row(tape.usd, t, panel.usd, row)
    tape.funding[t] = 0.0
    if t > 0:
        copy_row(tape.funding_total, t, tape.funding_total, t - 1)
    else:
        tape.funding_total[t] = 0.0
    if overlay.touched[t]:
        scale_row(t, overlay, rules, tape)
    elif t > 0 and overlay.touched[t - 1]:
        tape.scale[:] = 1.0


def scale_row(t, overlay, rules, tape):
    """Apply price level and gap to bar t. A gap moves trade and mark of one instrument, never the index."""
    for b in range(tape.index.shape[2]):
        for field in range(INDEX_FIELDS):
            tape.index[field, t, b] *= overlay.level[t, b]
    for a in range(tape.usd.shape[1]):
        if rules.asset_base[a] >= 0:
            tape.usd[t, a] *= overlay.level[t, rules.asset_base[a]]
    for i in range(tape.scale.size):
        scale = overlay.level[t, rules.base[i]]
        if overlay.gap_of[i] >= 0:
            scale *= 1.0 + overlay.gap[t, overlay.gap_of[i]]
        tape.scale[i] = scale
        for field in range(PRICED):
            tape.prices[field, t, i] *= scale
