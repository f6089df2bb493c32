"""Rolling: a contract by rule moves on to the next one, and what is held of it with it (MODEL.md section 4.2).

Knows both prices of that moment. What moves on is closed at the old contract's price and opened again at the new one's,
the same base units, each with fee and half-spread: what a roll costs and what it changes in basis shows. A roll may be
done in parts: between them what is held is part old, part new, and the panel has what both are worth together.
"""

from basisbt.core.books import ROLLED, file_ticket
from basisbt.core.contracts import gain, in_base, mean_entry, notional
from basisbt.core.rules import FEE, PRICE, SPREAD
from basisbt.core.settlement import pay
from basisbt.core.tape import HELD, MARK_OPEN, MOVED, NEW, OLD, OPEN, STILL
from basisbt.core.tape import SPREAD as WIDTH
from basisbt.core.valuation import split


def roll_contracts(t, panel, overlay, tape, rules, book):
    """Step 2, after expiries: every position in a contract that moves on at this bar's open."""
    row = overlay.row[t]
    for k in range(panel.roll_row.size):
        i = panel.roll_instrument[k]
        if panel.roll_row[k] == row and book.position[i] != 0.0:
            roll_position(k, i, panel, tape, rules, book)


def roll_position(k, i, panel, tape, rules, book):
    """One step of a roll of instrument i: its share of what the position has earned is paid, the rest moves on with it.

    Held before and after are as many base units, at prices that differ by what the step changed.
    """
    scale, position = tape.scale[MARK_OPEN, i], book.position[i]
    held, now = panel.roll_terms[k, HELD] * scale, tape.prices[OPEN, i]
    done = panel.roll_terms[k, MOVED] / panel.roll_terms[k, STILL]
    index = tape.index[OPEN, rules.base[i]]
    split(i, held, index, tape.usd[rules.quote[i]], rules, book)
    pay(i, PRICE, gain(i, position * done, book.entry[i], held, rules), index, rules, book, ROLLED)
    left = 1.0 - done
    if left > 0.0:
        entry = mean_entry(i, position * left, book.entry[i], position * done, held, rules)
    else:
        entry = held
    again = in_base(i, position, held, rules) * (now if rules.inverse[i] else 1.0)
    book.position[i] = again
    book.entry[i] = entry * (again / position) if rules.inverse[i] else entry + now - held
    book.seen_price[i] = now
    still = panel.roll_terms[k, STILL]
    stays = still - panel.roll_terms[k, MOVED]
    old, new = panel.roll_terms[k, OLD] * scale, panel.roll_terms[k, NEW] * scale
    roll_costs(i, stays * again - still * position, old, index, tape, rules, book)
    roll_costs(i, (1.0 - stays) * again - (1.0 - still) * position, new, index, tape, rules, book)
    if rules.inverse[i]:
        for p in range(rules.short.size):
            if rules.short[p] == i:
                book.held[p, 1] = in_base(i, again, now, rules)


def roll_costs(i, quantity, price, index, tape, rules, book):
    """The costs of one of the two trades of a step, and its ticket."""
    value = notional(i, quantity, price, rules)
    spread = value * (rules.half_spread[i] * tape.factor[WIDTH, i])
    pay(i, SPREAD, -spread, index, rules, book, ROLLED)
    pay(i, FEE, -value * rules.taker[i], index, rules, book, ROLLED)
    file_ticket(book, i, ROLLED, ROLLED, 0, quantity, price, value * rules.taker[i], spread)
