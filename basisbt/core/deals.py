"""Deals: what a trade moves, once it is known at what price it happens.

Knows positions, coins and costs. A fill is booked at its reference price; half-spread, impact and fee stand beside it.
"""

from basisbt.core.books import FILLED, FILLS, file_ticket, receive
from basisbt.core.contracts import gain, mean_entry
from basisbt.core.loans import lend, repay
from basisbt.core.rules import FEE, IMPACT, PRICE, SPREAD
from basisbt.core.settlement import pay
from basisbt.core.valuation import split


def settle_deal(i, quantity, price, index, rules, book):
    """Move money and position for a trade at `price`, without costs; the caller has split the holding."""
    w = rules.wallet[i]
    if rules.spot[i]:
        deal_spot(i, w, quantity, price, rules, book)
        return
    position = book.position[i]
    if position * quantity < 0.0:
        closed = min(abs(quantity), abs(position)) * (1.0 if position > 0.0 else -1.0)
        pay(i, PRICE, gain(i, closed, book.entry[i], price, rules), index, rules, book)
        if abs(quantity) > abs(position):
            book.entry[i] = price
    else:
        book.entry[i] = mean_entry(i, position, book.entry[i], quantity, price, rules)
    book.position[i] = position + quantity
    if position == 0.0:
        book.open_positions[w] += 1
    elif book.position[i] == 0.0:
        book.open_positions[w] -= 1
        book.entry[i] = 0.0


def deal_spot(i, w, quantity, price, rules, book):
    """Coins against currency; what is sold beyond what is there is borrowed first, what comes in pays debts back."""
    a = rules.coin[i]
    if rules.lends[w, a] and -quantity > book.balance[w, a]:
        lend(w, a, -quantity - book.balance[w, a], rules, book)
    receive(book, rules, PRICE, i, w, rules.quote[i], -quantity * price)
    receive(book, rules, PRICE, i, w, a, quantity)
    if rules.lends[w, a] and quantity > 0.0:
        repay(w, a, rules, book)


def trade(i, quantity, price, index, costs, reason, order, t, tape, rules, book):
    """Book one fill at a reference price: split, deal, then half-spread, impact and fee. Returns what was received: of
    a purchase charged in the coin, less than was bought."""
    usd = tape.usd[rules.quote[i]]
    spread_cost, impact_cost, fee = costs
    split(i, price, index, usd, rules, book)
    settle_deal(i, quantity, price, index, rules, book)
    pay(i, SPREAD, -spread_cost, index, rules, book, reason)
    pay(i, IMPACT, -impact_cost, index, rules, book, reason)
    received = quantity
    if rules.fee_in_base[i] and quantity > 0.0:
        received -= fee / price
        book.usd[rules.coin[i]] = price * usd
        receive(book, rules, FEE, i, rules.wallet[i], rules.coin[i], -fee / price, reason)
    else:
        pay(i, FEE, -fee, index, rules, book, reason)
    file_ticket(book, i, FILLED, reason, order, quantity, price, fee, spread_cost, impact_cost)
    book.count[FILLS] += 1
    return received
