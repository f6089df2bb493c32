"""Execution: what an order does to the books once it is known at what price it trades.

Knows affordability, spread and fee. Whether and where an order matches is the driver's business; core prices
only what trades at the bar's open. A fill is booked at its reference price, half-spread and fee beside it.
"""

from basisbt.core.books import (
    BEYOND_TIERS, EXPIRED, FILLED, FILLS, NO_BAR, NO_CASH, NO_COIN, NO_MARGIN, QUEUE, QUEUED, REFUSALS, TOO_MANY, ERROR,
    VENUE_GONE, file_ticket, receive,
)  # fmt: skip
from basisbt.core.contracts import gain, in_base, mean_entry, notional
from basisbt.core.margin import available, initial_margin, settle_usd
from basisbt.core.rules import FEE, PRICE, SPREAD
from basisbt.core.settlement import pay
from basisbt.core.tape import HIGH, LOW, MARK_HIGH, MARK_LOW, MARK_OPEN, OPEN
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


def side_of(i, t, price, tape):
    """MARK_HIGH or MARK_LOW: the side of the open on which instrument i trades at `price` in bar t."""
    return MARK_HIGH if price > tape.prices[OPEN, i] else MARK_LOW


def way_of(i, t, price, tape):
    """How far from open to extreme instrument i's trades are when they are at `price`, 0..1.

    Bars do not say when; marks and index are taken to be as far on their way at that moment.
    """
    start = tape.prices[OPEN, i]
    far = tape.prices[HIGH if price > start else LOW, i]
    return min(1.0, (price - start) / (far - start)) if far != start else 0.0


def index_on_way(t, b, field, way, tape):
    """USD index of base b when it has gone the fraction `way` from its open to its high or low."""
    start = tape.index[OPEN, b]
    return start + way * (tape.index[HIGH if field == MARK_HIGH else LOW, b] - start)


def settle_deal(i, quantity, price, index, rules, book):
    """Move money and position for a trade at `price`, without costs; the caller has split the holding."""
    w = rules.wallet[i]
    if rules.spot[i]:
        receive(book, rules, PRICE, i, w, rules.quote[i], -quantity * price)
        receive(book, rules, PRICE, i, w, rules.coin[i], quantity)
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


def trade(i, quantity, price, index, spread_cost, rate, reason, order, outcome, t, tape, rules, book):
    """Book one fill at a reference price: split, deal, half-spread and fee (in the settlement asset), ticket."""
    usd = tape.usd[rules.quote[i]]
    split(i, price, index, usd, rules, book)
    settle_deal(i, quantity, price, index, rules, book)
    fee = notional(i, quantity, price, rules) * rate
    pay(i, SPREAD, -spread_cost, index, rules, book, reason)
    pay(i, FEE, -fee, index, rules, book, reason)
    file_ticket(book, i, outcome, reason, order, quantity, price, fee, spread_cost)
    book.count[FILLS] += 1


def refusal(i, quantity, price, costs, t, b, field, way, tape, rules, book):
    """FILLED if the account can bear the order at `price` and that moment, else the code of what is missing."""
    w, a = rules.wallet[i], rules.quote[i]
    if rules.spot[i]:
        held = book.balance[w, rules.coin[i]]
        if quantity < 0.0:
            return FILLED if -quantity <= held else NO_COIN
        need = quantity * price + costs
        own = min(book.balance[w, a], available(w, t, b, field, way, tape, rules, book) / tape.usd[a])
        return FILLED if need <= own else NO_CASH
    position = book.position[i]
    if position * quantity < 0.0 and abs(quantity) <= abs(position):
        return FILLED
    after = notional(i, position + quantity, price, rules)
    if after > rules.cap[i]:
        return BEYOND_TIERS
    already = initial_margin(i, notional(i, position, price, rules), rules)  # a turn releases it, else it is in `after`
    need = (initial_margin(i, after, rules) - already + costs) * settle_usd(i, b, field, way, tape, rules)
    return FILLED if need <= available(w, t, b, field, way, tape, rules, book) else NO_MARGIN


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
        if pair < 0:
            return
    if rules.inverse[i]:  # what hedges as many coins at every price: the harmonic entry makes it so
        book.held[pair, leg] = in_base(i, book.position[i], book.entry[i], rules) if book.position[i] != 0.0 else 0.0
        return
    held = book.held[pair, leg] + quantity
    book.held[pair, leg] = 0.0 if abs(held) <= 1e-12 * abs(quantity) else held


def in_position_units(i, quantity, price, rules, book):
    """A pair's order, in base units, as instrument i counts; what closes an inverse position does so at its entry."""
    if not rules.inverse[i]:
        return quantity
    position = book.position[i]
    if position * quantity < 0.0:
        held = in_base(i, position, book.entry[i], rules)
        if abs(quantity) > abs(held):
            return (quantity + held) * price - position
        return quantity * book.entry[i]
    return quantity * price


def fill_order(k, t, tape, rules, book):
    """Fill or refuse order k of the queue in bar t; a fill inside the bar is judged at the marks of its moment."""
    i = book.queue_instrument[k]
    book.queue_done[k] = True
    pair, reason, order = book.queue_pair[k], book.queue_reason[k], book.queue_order[k]
    price = book.queue_price[k]
    if price == 0.0:
        price = tape.prices[OPEN, i]
    quantity = book.queue_quantity[k]
    if pair >= 0:
        quantity = in_position_units(i, quantity, price, rules, book)
    quantity = clip(i, quantity, rules, book)
    b, field, way = -1, MARK_OPEN, 0.0
    index = tape.index[OPEN, rules.base[i]]
    if book.queue_inside[k]:
        b, field, way = rules.base[i], side_of(i, t, price, tape), way_of(i, t, price, tape)
        index = index_on_way(t, b, field, way, tape)
    value = notional(i, quantity, price, rules)
    spread_cost, rate = trading_cost(k, i, value, price, rules, book)
    outcome = NO_BAR
    if tape.defaulted[rules.venue[i]]:
        outcome = VENUE_GONE
    elif rules.expiry[i] <= tape.time[t]:
        outcome = EXPIRED
    elif tape.fresh[i]:
        costs = spread_cost + value * rate
        outcome = refusal(i, quantity, price, costs, t, b, field, way, tape, rules, book)
    if outcome == FILLED:
        trade(i, quantity, price, index, spread_cost, rate, reason, order, FILLED, t, tape, rules, book)
        attribute_to_pair(i, quantity, pair, book.queue_leg[k], rules, book)
    else:
        file_ticket(book, i, outcome, reason, order, quantity, price, 0.0, 0.0)
        book.count[REFUSALS] += 1
    if pair >= 0:
        book.order_refusal[pair] = outcome
    return outcome == FILLED


def trading_cost(k, i, value, price, rules, book):
    """(half-spread in the settlement asset, fee rate) of order k. A limit that rested pays the maker fee and no spread;
    one that is marketable at the open pays the taker fee, and the spread as far as its limit allows."""
    spread_cost = value * rules.half_spread[i]
    if book.queue_bound[k] > 0.0:
        if book.queue_inside[k]:
            return 0.0, rules.maker[i]
        return min(spread_cost, value * abs(book.queue_bound[k] - price) / price), rules.taker[i]
    return spread_cost, rules.taker[i]


def fill_at_open(t, tape, rules, book):
    """Step 5: orders decided earlier, at the open, sales of a wallet before purchases are not reordered."""
    for k in range(book.count[QUEUED]):
        if not book.queue_inside[k]:
            fill_order(k, t, tape, rules, book)
