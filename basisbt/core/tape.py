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

# Fields of the price block, `prices[t, FIELD, i]`.
OPEN, HIGH, LOW, CLOSE, MARK_OPEN, MARK_HIGH, MARK_LOW, MARK_CLOSE, VOLUME = range(9)
FIELDS = 9
PRICED = 8  # the fields before VOLUME are prices and scale with an overlay

# Fields of the index block, `index[t, FIELD, b]`: OPEN, HIGH, LOW, CLOSE as above.
INDEX_FIELDS = 4

# Fields of a tape's memory, `past[t, FIELD, i]`: OPEN, HIGH, LOW, CLOSE as above, then these.
PAST_MARK, PAST_VOLUME = 4, 5
PAST_FIELDS = 6


class Panel(NamedTuple):
    """Aligned market history on one UTC grid.

    A missing bar has `fresh` False: its open, high, low and close all equal the last known close, volume is 0,
    and nothing may trade in it. A coarse bar whose first part is missing is not fresh either: it opens at the last
    known close and keeps the high, low, close and volume of the parts there are. Before an instrument's first bar
    there is no row (the coverage check refuses).
    Funding stamps are sparse, ordered by (row, time, instrument): row r owns `first[r]:first[r + 1]`.
    """

    time: np.ndarray  # [T] int64, seconds UTC of the bar's opening
    prices: np.ndarray  # [T, FIELDS, I] float64, trade and mark OHLC in quote, volume in base
    fresh: np.ndarray  # [T, I] bool, a trade bar exists whose open can be traded
    index: np.ndarray  # [T, 4, B] float64, USD index OHLC of each base
    usd: np.ndarray  # [T, A] float64, USD price of each asset at the bar's open (1 for USD and stablecoins)
    first: np.ndarray  # [T + 1] int64, offsets into the funding arrays
    funding_instrument: np.ndarray  # [K] int64
    funding_rate: np.ndarray  # [K] float64, fraction; positive: longs pay
    funding_price: np.ndarray  # [K] float64, mark the payment is computed on: its open at the stamp, else last before
    funding_at_open: np.ndarray  # [K] bool, stamp equals the bar's opening (else strictly inside the bar)
    funding_time: np.ndarray  # [K] int64, seconds UTC, floored to the minute
    funding_premium: np.ndarray  # [K] mean premium of the interval that ends here, NaN where nobody needs it
    funding_hours: np.ndarray  # [K] length of that interval
    roll_row: np.ndarray  # [R] int64, row at whose open a contract by rule moves on to the next one
    roll_instrument: np.ndarray  # [R] int64
    roll_terms: np.ndarray  # [R, TERMS] see HELD; the row has the prices of what is held afterwards


# Terms of a step of a roll: what was held before is worth HELD; the share MOVED of it goes on, STILL was in the old
# contract; that one is at OLD, the next one at NEW.
HELD, MOVED, STILL, OLD, NEW = range(5)
TERMS = 5
# What a sparse event does. LEVEL, GAP, ECHO, RATE and RESIDUAL change what the world shows and come first in a bar.
THAW, FREEZE_HELD, FREEZE_VOIDED, LEVEL, GAP, RATE, DEFAULT, RECOVERY, ECHO = range(9)
DELEVERAGE, DRAIN, SINCE, CLAW, CUT, REDEEM, RESIDUAL = range(9, 16)
SWITCH, FACTOR, SETTLE, BID, SELL = range(16, 21)
# Rows of `switch`, by instrument or venue: how many events in force have it so.
CLOSED, QUEUES, NO_BUY, NO_SELL, REDUCE_ONLY, SPARED, NO_DEPOSITS, NO_INSIDE = range(8)
SWITCHES = 8
# Rows of `factor`: spread and depth of an instrument, share by which its extremes stretch, move that halts it and for
# how many seconds; USD price of an asset (PEG), what a venue counts of an asset's (LOCAL, by `venue * assets + asset`).
# ANY: in its first two places, how many are below 1 locally, and how many instruments can be halted.
SPREAD, DEPTH, STRETCH, MOVE, PAUSE, PEG, LOCAL, ANY = range(8)
CALM = (1.0, 1.0, 0.0, np.inf, 0.0, 1.0, 1.0, 0.0)
WHICH = 1024  # an event's `who` is WHICH * row + place for these two kinds


class Overlay(NamedTuple):
    """What one path does to history: a row map and sparse events. The panel is shared; only this differs by path.

    Events are ordered by bar, then: what the world shows, ends (thaw, recovery), freezes, defaults; equals as given.
    LEVEL (base): all its prices, spot, mark and index of every venue, are multiplied by `size` from here on.
    GAP (instrument): its trade and mark prices, never the index, by 1 + `size` from here on.
    ECHO (instrument): the gap that its funding follows, `size` from here on; 0: funding is as recorded.
    RESIDUAL (instrument): it settles at its index times 1 + `size`.
    RATE (instrument): its funding settles at `size` from here on; NaN: as recorded.
    DEFAULT (venue): it stops for good; `size` is what will be paid on a dollar of claim. RECOVERY: it is paid now.
    DELEVERAGE (instrument): the venue closes the share `size` of the position, `more` worse than the mark.
    DRAIN (venue): its insurance fund pays USD `size`; `more` is our share of the other side.
    SINCE (venue): profits are counted from now on. CLAW (venue): it takes the share `size` of them.
    SWITCH, FACTOR: a number of `switch` goes up or down by `size`, one of `factor` becomes `size`; `who` says which.
    SETTLE (instrument): it is settled now at `size`, NaN: at the index times 1 + `more`.
    BID (venue): a dollar of its claim is worth `size`. SELL (venue): the claim is sold for that.
    CUT (venue): it takes the share `size` of all balances, of which it will redeem `more`. REDEEM: it does so now.
    """

    row: np.ndarray  # [T] int64, the panel row that bar t replays
    event_bar: np.ndarray  # [E] int64, ascending
    event_kind: np.ndarray  # [E] int64, one of the above
    event_who: np.ndarray  # [E] int64, venue, base or instrument
    event_size: np.ndarray  # [E] float64
    event_more: np.ndarray  # [E] float64, a second size, 0 where there is none


class Tape(NamedTuple):
    """What a running path is shown: the current bar, and a memory of it and those before.

    The model reads the current bar only; a strategy reads the memory, whose rows after the current bar are NaN (bool
    rows: False). What a strategy is not shown is not remembered: the less memory a path fills, the faster it runs.
    """

    time: np.ndarray  # [T] int64, the calendar: known in advance
    prices: np.ndarray  # [FIELDS, I] of the current bar
    fresh: np.ndarray  # [I] bool, of the current bar
    index: np.ndarray  # [4, B] of the current bar
    usd: np.ndarray  # [A] of the current bar
    past: np.ndarray  # [T, PAST_FIELDS, I] trade OHLC, mark close, volume
    past_fresh: np.ndarray  # [T, I] bool
    past_index: np.ndarray  # [T, B] index close
    funding: np.ndarray  # [T, I] sum of the rates settled in the bar
    funding_total: np.ndarray  # [T, I] running sum of settled rates, this bar included
    scale: np.ndarray  # [FIELDS, I] what the overlay multiplies the current bar by: prices, not volume
    level: np.ndarray  # [4, B] price multiplier of a base, for every field of its index
    worth: np.ndarray  # [A] what the overlay multiplies an asset's USD price by: its base's level, 1 for a currency
    gap: np.ndarray  # [I] gap of an instrument's price
    echo: np.ndarray  # [I] gap that an instrument's funding follows
    residual: np.ndarray  # [I] basis that is left when a dated contract settles
    rate: np.ndarray  # [I] funding rate that replaces the recorded one, NaN for none
    switch: np.ndarray  # [SWITCHES, N] int64
    factor: np.ndarray  # [FACTORS, N]
    until: np.ndarray  # [I] int64 seconds UTC, trading is halted before
    frozen: np.ndarray  # [V] int64, number of withdrawal freezes in force
    defaulted: np.ndarray  # [V] bool
    cursor: np.ndarray  # [1] int64, next event


def make_tape(panel, venues, bars):
    """An unshown tape of as many bars. Arrays are owned by the caller's path."""
    instruments, bases, assets = panel.fresh.shape[1], panel.index.shape[2], panel.usd.shape[1]
    width = max(instruments, venues * assets, 2)
    rows = max(bars, 2)  # a single row has the memory layout of another type: compiled code would not fit
    tape = Tape(
        panel.time[:bars],
        np.empty((FIELDS, instruments)),
        np.empty(instruments, np.bool_),
        np.empty((INDEX_FIELDS, bases)),
        np.empty(assets),
        np.empty((rows, PAST_FIELDS, instruments)),
        np.empty((rows, instruments), np.bool_),
        np.empty((rows, bases)),
        np.empty((rows, instruments)),
        np.empty((rows, instruments)),
        np.ones((FIELDS, instruments)),
        np.ones((INDEX_FIELDS, bases)),
        np.ones(assets),
        np.zeros(instruments),
        np.zeros(instruments),
        np.zeros(instruments),
        np.empty(instruments),
        np.zeros((SWITCHES, width), np.int64),
        np.ones((len(CALM), width)),
        np.zeros(instruments, np.int64),
        np.zeros(venues, np.int64),
        np.zeros(venues, np.bool_),
        np.zeros(1, np.int64),
    )
    blank(tape)
    return tape


def blank(tape):
    """Forget everything: the state before the first bar."""
    forget(tape, 0)
    for block in (tape.prices, tape.index, tape.usd, tape.rate):
        block.fill(np.nan)
    for block in (tape.scale, tape.level, tape.worth):
        block.fill(1.0)
    tape.fresh.fill(False)
    tape.gap.fill(0.0)
    tape.echo.fill(0.0)
    tape.residual.fill(0.0)
    tape.switch.fill(0)
    for row in range(len(CALM)):
        tape.factor[row] = CALM[row]
    tape.until.fill(0)
    tape.frozen.fill(0)
    tape.defaulted.fill(False)
    tape.cursor[0] = 0


def forget(tape, bar):
    """Blank the memory from row `bar` on."""
    for block in (tape.past, tape.past_index, tape.funding, tape.funding_total):
        block[bar:] = np.nan
    tape.past_fresh[bar:] = False


def copy_block(target, source, row, scale):
    """`target = source[row] * scale`, whole fields at once; compiled code uses a twin with a loop (slices would
    allocate). All three are C-contiguous, so that a bar is one run of memory."""
    np.multiply(source[row], scale, out=target)


def copy_row(target, source, row):
    """Copy `source[row]` to `target`; compiled code uses a twin with a loop."""
    target[:] = source[row]


def scale_row(target, source, row, scale):
    """`target = source[row] * scale`; compiled code uses a twin with a loop."""
    np.multiply(source[row], scale, out=target)


def remember(tape, t):
    """Write the current bar into row t of the memory; compiled code uses a twin with loops."""
    tape.past[t, : CLOSE + 1] = tape.prices[: CLOSE + 1]
    tape.past[t, PAST_MARK:] = tape.prices[MARK_CLOSE:]
    tape.past_fresh[t] = tape.fresh
    tape.past_index[t] = tape.index[CLOSE]
    tape.funding[t] = 0.0
    tape.funding_total[t] = tape.funding_total[t - 1] if t > 0 else 0.0


def show_row(t, panel, overlay, rules, tape):
    """Write bar t, and only bar t, as this path sees it."""
    if tape.cursor[0] < overlay.event_bar.size and overlay.event_bar[tape.cursor[0]] <= t:
        change_world(t, overlay, rules, tape)
    row = overlay.row[t]
    copy_block(tape.prices, panel.prices, row, tape.scale)
    copy_row(tape.fresh, panel.fresh, row)
    copy_block(tape.index, panel.index, row, tape.level)
    scale_row(tape.usd, panel.usd, row, tape.worth)
    remember(tape, t)


def change_world(t, overlay, rules, tape):
    """Apply what changes prices and rates from bar t on; what happens to venues is left to `custody.apply_events`."""
    while tape.cursor[0] < overlay.event_bar.size and overlay.event_bar[tape.cursor[0]] <= t:
        k = tape.cursor[0]
        kind, who, size = overlay.event_kind[k], overlay.event_who[k], overlay.event_size[k]
        if kind == LEVEL:
            for field in range(INDEX_FIELDS):
                tape.level[field, who] = size
        elif kind == GAP:
            tape.gap[who] = size
        elif kind == ECHO:
            tape.echo[who] = size
        elif kind == RATE:
            tape.rate[who] = size
        elif kind == RESIDUAL:
            tape.residual[who] = size
        elif kind == FACTOR:
            set_factor(who // WHICH, who % WHICH, size, tape)
        else:
            break
        tape.cursor[0] = k + 1
    for i in range(tape.gap.size):
        for field in range(PRICED):
            tape.scale[field, i] = tape.level[OPEN, rules.base[i]] * (1.0 + tape.gap[i])
            if tape.factor[PEG, rules.quote[i]] != 1.0:  # its USD price stays (MODEL.md section 8)
                tape.scale[field, i] /= tape.factor[PEG, rules.quote[i]]
        if tape.factor[STRETCH, i] != 0.0:
            for high in (HIGH, MARK_HIGH):
                tape.scale[high, i] *= 1.0 + tape.factor[STRETCH, i]
                tape.scale[high + 1, i] *= 1.0 - tape.factor[STRETCH, i]
    for a in range(tape.worth.size):
        if rules.asset_base[a] >= 0:
            tape.worth[a] = tape.level[OPEN, rules.asset_base[a]]
        else:
            tape.worth[a] = tape.factor[PEG, a]


def set_factor(row, place, size, tape):
    """A factor becomes `size`; ANY keeps count of what is not calm where others ask for it."""
    kept = 0 if row == LOCAL else 1
    if row == LOCAL or row == MOVE:
        was = tape.factor[row, place] != CALM[row]
        now = size != CALM[row]
        tape.factor[ANY, kept] += (1.0 if now else 0.0) - (1.0 if was else 0.0)
    tape.factor[row, place] = size
