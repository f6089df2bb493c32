"""Execution: what an order does to the books once it is known at what price it trades.

Knows affordability, spread and fee. Whether and where an order matches is the driver's business; core prices
only what trades at the bar's open. A fill is booked at its reference price, half-spread and fee beside it.
"""

from basisbt.core.books import (
    BEYOND_TIERS, FILLED, FILLS, NO_BAR, NO_CASH, NO_COIN, NO_MARGIN, QUEUE, QUEUED, REFUSALS, TOO_MANY, ERROR,
    file_ticket, receive,
)  # fmt: skip
from basisbt.core.margin import available, initial_margin
from basisbt.core.rules import FEE, PRICE, SPREAD
from basisbt.core.tape import HIGH, LOW, MARK_OPEN, OPEN
from basisbt.core.valuation import split


def queue_order(book, i, quantity, price, inside, bound, pair, leg, reason, order):
    """Put an order into the next fill step; too many in one bar stop the run with TOO_MANY."""
    n = book.count[QUEUED]
    if n >= QUEUE:
        book.count[ERROR] = TOO_MANY
        return
    book.queue_instrument[n] = i
    book.queue_quantity[n] = quantity
    book.queue_price[n] = price
    book.queue_inside[n] = inside
    book.queue_bound[n] = bound
    book.queue_pair[n] = pair
    book.queue_leg[n] = leg
    book.queue_reason[n] = reason
    book.queue_order[n] = order
    book.queue_done[n] = False
    book.count[QUEUED] = n + 1


def index_inside(i, t, price, tape, rules):
    """USD index at the moment inside bar t when instrument i trades at `price`.

    Bars do not say when; the index is taken to be as far on its way to its extreme as the price is.
    """
    b = rules.base[i]
    start, index = tape.prices[OPEN, t, i], tape.index[OPEN, t, b]
    far, index_far = tape.prices[HIGH, t, i], tape.index[HIGH, t, b]
    if price < start:
        far, index_far = tape.prices[LOW, t, i], tape.index[LOW, t, b]
    if far == start:
        return index
    return index + (index_far - index) * min(1.0, (price - start) / (far - start))


def settle_deal(i, quantity, price, rules, book):
    """Move money and position for a trade at `price`, without costs; the caller has split the holding."""
    w, a = rules.wallet[i], rules.quote[i]
    if rules.spot[i]:
        receive(book, rules, PRICE, i, w, a, -quantity * price)
        receive(book, rules, PRICE, i, w, rules.coin[i], quantity)
        return
    position = book.position[i]
    if position * quantity < 0.0:
        closed = min(abs(quantity), abs(position))
        receive(book, rules, PRICE, i, w, a, closed * (price - book.entry[i]) * (1.0 if position > 0.0 else -1.0))
        if abs(quantity) > abs(position):
            book.entry[i] = price
    else:
        size = abs(position) + abs(quantity)
        book.entry[i] = (book.entry[i] * abs(position) + price * abs(quantity)) / size
    book.position[i] = position + quantity
    if position == 0.0:
        book.open_positions[w] += 1
    elif book.position[i] == 0.0:
        book.open_positions[w] -= 1
        book.entry[i] = 0.0


def trade(i, quantity, price, index, spread_cost, rate, reason, order, outcome, t, tape, rules, book):
    """Book one fill at a reference price: split, deal, half-spread and fee (in quote), ticket."""
    usd = tape.usd[t, rules.quote[i]]
    split(i, price, index, usd, rules, book)
    settle_deal(i, quantity, price, rules, book)
    fee = abs(quantity) * price * rate
    receive(book, rules, SPREAD, i, rules.wallet[i], rules.quote[i], -spread_cost, reason)
    receive(book, rules, FEE, i, rules.wallet[i], rules.quote[i], -fee, reason)
    file_ticket(book, i, outcome, reason, order, quantity, price, fee, spread_cost)
    book.count[FILLS] += 1


def refusal(i, quantity, price, costs, t, field, tape, rules, book):
    """FILLED if the account can bear the order at `price`, else the code of what is missing."""
    w, a = rules.wallet[i], rules.quote[i]
    if rules.spot[i]:
        held = book.balance[w, rules.coin[i]]
        if quantity < 0.0:
            return FILLED if -quantity <= held * (1.0 + 1e-12) + 1e-12 else NO_COIN
        need = quantity * price + costs
        own = min(book.balance[w, a], available(w, t, field, tape, rules, book) / tape.usd[t, a])
        return FILLED if need <= own else NO_CASH
    position = book.position[i]
    if position * quantity < 0.0 and abs(quantity) <= abs(position):
        return FILLED
    after = abs(position + quantity) * price
    if after > rules.cap[i]:
        return BEYOND_TIERS
    already = initial_margin(i, abs(position) * price, rules)  # released by a turn, part of the whole when added to
    need = (initial_margin(i, after, rules) - already + costs) * tape.usd[t, a]
    return FILLED if need <= available(w, t, field, tape, rules, book) else NO_MARGIN


def clip(i, quantity, rules, book):
    """A sale that misses what is held by rounding alone sells exactly what is held, so positions end at zero."""
    held = book.balance[rules.wallet[i], rules.coin[i]] if rules.spot[i] else book.position[i]
    if held * quantity < 0.0 and abs(held + quantity) <= 1e-12 * abs(held):
        return -held
    return quantity


def attribute_to_pair(i, quantity, pair, leg, rules, book):
    """Keep what each pair holds; a fill without a pair goes to the instrument's first pair."""
    if pair < 0:
        pair, leg = rules.pair_of[i], rules.leg_of[i]
    if pair >= 0:
        held = book.held[pair, leg] + quantity
        book.held[pair, leg] = 0.0 if abs(held) <= 1e-12 * abs(quantity) else held


def fill_order(k, t, tape, rules, book):
    """Fill or refuse order k of the queue in bar t."""
    i = book.queue_instrument[k]
    book.queue_done[k] = True
    pair, leg, reason, order = book.queue_pair[k], book.queue_leg[k], book.queue_reason[k], book.queue_order[k]
    quantity = clip(i, book.queue_quantity[k], rules, book)
    outcome = FILLED
    price = book.queue_price[k]
    rate, half, field = rules.taker[i], rules.half_spread[i], MARK_OPEN
    if price == 0.0:
        price = tape.prices[OPEN, t, i]
    index = tape.index[OPEN, t, rules.base[i]]
    if book.queue_inside[k]:
        index = index_inside(i, t, price, tape, rules)
    spread_cost = abs(quantity) * price * half
    if book.queue_bound[k] > 0.0:
        spread_cost = min(spread_cost, abs(quantity) * abs(book.queue_bound[k] - price))
        if spread_cost == 0.0:
            rate = rules.maker[i]
    if not tape.fresh[t, i]:
        outcome = NO_BAR
    else:
        costs = spread_cost + abs(quantity) * price * rate
        outcome = refusal(i, quantity, price, costs, t, field, tape, rules, book)
    if outcome == FILLED:
        trade(i, quantity, price, index, spread_cost, rate, reason, order, FILLED, t, tape, rules, book)
        attribute_to_pair(i, quantity, pair, leg, rules, book)
    else:
        file_ticket(book, i, outcome, reason, order, quantity, price, 0.0, 0.0)
        book.count[REFUSALS] += 1
    if pair >= 0:
        book.order_refusal[pair] = outcome


def fill_at_open(t, tape, rules, book):
    """Step 5: orders decided earlier, at the open, sales of a wallet before purchases are not reordered."""
    for k in range(book.count[QUEUED]):
        if not book.queue_inside[k]:
            fill_order(k, t, tape, rules, book)
