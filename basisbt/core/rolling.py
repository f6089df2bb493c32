"""Rolling: a contract by rule moves on to the next one, and what is held of it with it (MODEL.md section 4.2).

Knows both prices of that moment. What is held is closed at the old contract's price and opened again at the new one's,
the same base units, each with fee and half-spread: what a roll costs and what it changes in basis shows.
"""

from basisbt.core.books import ROLLED, file_ticket
from basisbt.core.contracts import in_base, notional
from basisbt.core.deals import settle_deal
from basisbt.core.rules import FEE, SPREAD
from basisbt.core.settlement import pay
from basisbt.core.tape import MARK_OPEN, OPEN
from basisbt.core.valuation import split


def roll_contracts(t, panel, overlay, tape, rules, book):
    """Step 2, after expiries: every position in a contract that moves on at this bar's open."""
    row = overlay.row[t]
    for k in range(panel.roll_row.size):
        i = panel.roll_instrument[k]
        if panel.roll_row[k] == row and book.position[i] != 0.0:
            roll_position(i, panel.roll_price[k] * tape.scale[MARK_OPEN, i], tape, rules, book)


def roll_position(i, old, tape, rules, book):
    """Close what is held of instrument i at `old` and open as many base units at its present price."""
    position, new = book.position[i], tape.prices[OPEN, i]
    again = in_base(i, position, old, rules) * (new if rules.inverse[i] else 1.0)
    roll_trade(i, -position, old, tape, rules, book)
    roll_trade(i, again, new, tape, rules, book)
    if rules.inverse[i]:
        for p in range(rules.short.size):
            if rules.short[p] == i:
                book.held[p, 1] = in_base(i, again, new, rules)


def roll_trade(i, quantity, price, tape, rules, book):
    """One of the two trades of a roll, with its costs."""
    index, usd = tape.index[OPEN, rules.base[i]], tape.usd[rules.quote[i]]
    value = notional(i, quantity, price, rules)
    split(i, price, index, usd, rules, book)
    settle_deal(i, quantity, price, index, rules, book)
    pay(i, SPREAD, -value * rules.half_spread[i], index, rules, book, ROLLED)
    pay(i, FEE, -value * rules.taker[i], index, rules, book, ROLLED)
    file_ticket(book, i, ROLLED, ROLLED, 0, quantity, price, value * rules.taker[i], value * rules.half_spread[i])
