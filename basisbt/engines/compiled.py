"""The loop over bars without Backtrader: the same core, the same `decide`, interpreted or compiled.

Knows the order step - decide - obey. Every rule is in core; every decision in the strategy's file.
"""

import types

from basisbt.core.books import ERROR, RUINED, kept_row
from basisbt.core.decision import clear, obey
from basisbt.core.instant import step
from basisbt.core.valuation import lines_to_date
from basisbt.strategy.sight import Seen, Standing, refresh


def decide(seen, book, want, p):
    """Stands for the strategy's own `decide`, which replaces it by name."""


def think(t, window, tape, rules, book, desk, want, memory, p):
    """Ask the strategy at the close of bar t and queue what it wants.

    `Seen` and `Standing` are built here, not in functions of their own: code compiled without reference counting
    may take arrays in but must never hand them out.
    """
    clear(want)
    refresh(t, tape, rules, desk)
    row = book.equity[kept_row(t, book)]
    standing = Standing(
        row[0], row[1], book.custody, book.free, book.margin_ratio, book.distance, book.notional,
        book.short_equity, book.long_equity, book.held, book.uneven, book.refusal, book.order_refusal,
        book.travelling[0], memory[0],
    )  # fmt: skip
    seen = Seen(
        t, rules.long.size, rules.venues, rules.venue.size, rules.seconds, tape.time,
        window.open, window.high, window.low, window.close, window.volume, window.mark, window.index,
        window.fresh, window.funding, window.funding_total,
        rules.long, rules.short, rules.venue, rules.base, rules.spot, rules.taker, rules.half_spread,
        rules.share, rules.leverage, rules.band_low, rules.band_high, rules.long_leverage, rules.long_band_high,
        rules.short_interest, rules.backing, rules.wallet,
        desk.pair_open, desk.withdrawals_open,
    )  # fmt: skip
    decide(seen, standing, want, p)
    obey(t, want, tape, rules, book)


def run_path(first, last, panel, overlay, window, tape, rules, book, desk, want, memory, p):
    """Bars first..last-1 of one path; stops early when core reports an error. Returns the bar it stopped before."""
    for t in range(first, last):
        step(t, panel, overlay, tape, rules, book)
        if book.count[ERROR] != 0:
            return t
        if book.count[RUINED] == 0:
            think(t, window, tape, rules, book, desk, want, memory, p)
            if book.count[ERROR] != 0:
                return t
    return last


def run_whole(first, bars, panel, overlay, window, tape, rules, book, desk, want, memory, p, lines):
    """Bars first..bars-1 of one path, then its attribution in `lines` [LINES]. Returns the bar it stopped before."""
    last = run_path(first, bars, panel, overlay, window, tape, rules, book, desk, want, memory, p)
    lines_to_date(min(last, bars - 1), tape, rules, book, lines)
    return last


def think_with(strategy_decide):
    """`think`, interpreted, with a strategy's own `decide` in the place of the stand-in."""
    return _rebind(think, decide=strategy_decide or decide)


def run_whole_with(strategy_decide):
    """`run_whole`, interpreted, with a strategy's own `decide` in the place of the stand-in."""
    return _rebind(run_whole, run_path=_rebind(run_path, think=think_with(strategy_decide)))


def _rebind(function, **names):
    """A copy of a plain function that sees other globals under the given names; the original is untouched."""
    return types.FunctionType(function.__code__, {**function.__globals__, **names}, function.__name__)
