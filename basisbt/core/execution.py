"""Execution: what an order does to the books once it is known at what price it trades.

Knows the way from order to fill: size, costs, obstacles, accounts, deal. Whether and where an order matches is the
driver's business; core prices only what trades at the bar's open.
"""

from basisbt.core.accounts import fund_order, gather, return_margin
from basisbt.core.affording import margin_need, obstacle, refusal
from basisbt.core.books import FILLED, QUEUED, REFUSALS, file_ticket
from basisbt.core.contracts import in_base, notional
from basisbt.core.deals import trade
from basisbt.core.impact import fits, impact_share
from basisbt.core.margin import available, settle_usd
from basisbt.core.queue import index_on_way, side_of, way_of
from basisbt.core.rules import loan
from basisbt.core.sizing import whole
from basisbt.core.tape import CLOSED, MARK_OPEN, OPEN, QUEUES, SPREAD


def fill_order(k, t, tape, rules, book):
    """Fill or refuse order k of the queue in bar t; a fill inside the bar is judged at the marks of its moment."""
    i = book.queue_instrument[k]
    if tape.switch[CLOSED, i] > 0 and tape.switch[QUEUES, i] > 0 and book.queue_price[k] == 0.0:
        return wait_in_queue(k, i, tape, rules, book)
    book.queue_done[k] = True
    pair, leg, reason, order = book.queue_pair[k], book.queue_leg[k], book.queue_reason[k], book.queue_order[k]
    price = book.queue_price[k]
    if price == 0.0:
        price = tape.prices[OPEN, i]
    b, field, way = -1, MARK_OPEN, 0.0
    index = tape.index[OPEN, rules.base[i]]
    if book.queue_inside[k]:
        b, field, way = rules.base[i], side_of(i, t, price, tape), way_of(i, t, price, tape)
        index = index_on_way(t, b, field, way, tape)
    quantity = size_of(k, i, price, tape, rules, book)
    if quantity == 0.0 and book.queue_rest[k]:
        return False  # nothing traded in this bar: all of it waits
    costs = trading_costs(k, i, quantity, price, t, tape, rules, book)
    outcome = obstacle(i, quantity, price, costs[1], t, tape, rules, book)
    if outcome == FILLED:
        prepare_accounts(i, quantity, price, costs, pair, leg, t, b, field, way, tape, rules, book)
        total = costs[0] + costs[1] + costs[2]
        outcome = refusal(i, quantity, price, total, t, b, field, way, tape, rules, book)
    if outcome == FILLED:
        received = trade(i, quantity, price, index, costs, reason, order, t, tape, rules, book)
        attribute_to_pair(i, received, pair, leg, rules, book)
        return_margin(i, rules, book)
    else:
        file_ticket(book, i, outcome, reason, order, quantity, price, 0.0, 0.0)
        book.count[REFUSALS] += 1
        book.queue_rest[k] = False
        book.queue_done[k] = True
        return_margin(i, rules, book)
    if pair >= 0:
        book.order_refusal[pair] = outcome
    return outcome == FILLED


def wait_in_queue(k, i, tape, rules, book):
    """Market order k waits at a venue that is down and takes orders all the same; it trades at the first open it can.
    One with a price of its own does not: what waits loses its price."""
    if not book.queue_rest[k]:
        if book.queue_pair[k] >= 0:
            price = tape.prices[OPEN, i]
            book.queue_quantity[k] = in_position_units(i, book.queue_quantity[k], price, rules, book)
        book.queue_rest[k] = True
    return False


def size_of(k, i, price, tape, rules, book):
    """What order k trades now, in position units and whole lots; a market order larger than the bar can take leaves a
    rest for the next one."""
    quantity = book.queue_quantity[k]
    if book.queue_pair[k] >= 0 and not book.queue_rest[k]:
        quantity = in_position_units(i, quantity, price, rules, book)
    book.queue_rest[k] = False
    quantity = clip(i, quantity, rules, book)
    if not closes(i, quantity, rules, book):
        quantity = whole(quantity, rules.lot[i])
    if book.queue_bound[k] > 0.0 or book.queue_inside[k]:
        return quantity
    now = fits(i, quantity, price, tape, rules)
    if now != quantity and tape.fresh[i]:
        now = whole(now, rules.lot[i])
        book.queue_quantity[k] = quantity - now
        book.queue_rest[k] = True
        book.queue_done[k] = False
    return now if tape.fresh[i] else quantity


def prepare_accounts(i, quantity, price, costs, pair, leg, t, b, field, way, tape, rules, book):
    """On a venue with sub-accounts, bring what an order needs to where it is needed."""
    w, v = rules.wallet[i], rules.venue[i]
    if rules.wallets == rules.venues:
        return
    if rules.spot[i]:
        if quantity < 0.0:  # money is not taken from a derivatives account to buy: its leverage would rise unasked
            gather(v, rules.coin[i], -quantity, t, b, field, way, tape, rules, book)
    elif w != v and book.position[i] * quantity >= 0.0:
        total = costs[0] + costs[1] + costs[2]
        need = margin_need(i, quantity, price, total, rules, book)
        if pair >= 0:  # a pair's leg comes with the equity its leverage asks for
            leverage = rules.leverage[pair] if leg == 1 else rules.long_leverage[pair]
            need = max(need, notional(i, quantity, price, rules) / leverage + total)
        else:
            usd = settle_usd(i, b, field, way, tape, rules)
            need -= available(w, t, b, field, way, tape, rules, book) / usd if usd > 0.0 else 0.0
        fund_order(i, need, t, b, field, way, tape, rules, book)


def trading_costs(k, i, quantity, price, t, tape, rules, book):
    """(half-spread, impact, fee) of order k in the settlement asset; impact -1: no volume to measure it by.

    A limit that rested pays the maker fee and nothing else; one that is marketable at the open pays the taker fee, and
    the spread as far as its limit allows.
    """
    value = notional(i, quantity, price, rules)
    spread_cost = value * (rules.half_spread[i] * tape.factor[SPREAD, i])
    if book.queue_bound[k] > 0.0:
        if book.queue_inside[k]:
            return 0.0, 0.0, value * rules.maker[i]
        spread_cost = min(spread_cost, value * abs(book.queue_bound[k] - price) / price)
        return spread_cost, 0.0, value * rules.taker[i]
    share = impact_share(i, quantity, price, t, tape, rules)
    return spread_cost, value * share if share >= 0.0 else share, value * rules.taker[i]


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


def clip(i, quantity, rules, book):
    """A sale that misses what is held by rounding alone sells exactly what is held, so positions end at zero; so does a
    purchase that pays back what is owed."""
    held = book.position[i]
    if rules.spot[i]:
        w, a = rules.wallet[i], rules.coin[i]
        held = book.balance[w, a]
        if quantity > 0.0 and rules.lends[w, a]:
            held = book.balance[loan(w, rules), a]
    if held * quantity < 0.0 and abs(held + quantity) <= 1e-12 * abs(held):
        return -held
    return quantity


def closes(i, quantity, rules, book):
    """Whether an order ends what is held of instrument i to the last unit."""
    if not rules.spot[i]:
        return book.position[i] + quantity == 0.0
    w, a = rules.wallet[i], rules.coin[i]
    return book.balance[w, a] + quantity == 0.0 or book.balance[loan(w, rules), a] + quantity == 0.0


def fill_at_open(t, tape, rules, book):
    """Step 5: orders decided earlier, at the open, sales of a wallet before purchases are not reordered."""
    for k in range(book.count[QUEUED]):
        if not book.queue_inside[k] and not book.queue_done[k]:
            fill_order(k, t, tape, rules, book)
