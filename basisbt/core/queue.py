"""The queue: orders that trade in the coming fill step, and where in a bar a price lies.

Knows what was asked for, by whom. Knows neither whether it can be had nor what it costs.
"""

from basisbt.core.books import ERROR, QUEUE, QUEUED, TOO_MANY
from basisbt.core.tape import HIGH, LOW, MARK_HIGH, MARK_LOW, MOVE, OPEN, PAUSE


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
    book.queue_rest[n] = False
    book.count[QUEUED] = n + 1


def keep_rests(book):
    """End of a bar: what was filled in part stays in the queue, everything else leaves it."""
    n = 0
    for k in range(book.count[QUEUED]):
        if book.queue_rest[k] and not book.queue_done[k]:
            book.queue_instrument[n] = book.queue_instrument[k]
            book.queue_quantity[n] = book.queue_quantity[k]
            book.queue_price[n] = 0.0
            book.queue_inside[n] = False
            book.queue_bound[n] = 0.0
            book.queue_pair[n] = book.queue_pair[k]
            book.queue_leg[n] = book.queue_leg[k]
            book.queue_reason[n] = book.queue_reason[k]
            book.queue_order[n] = book.queue_order[k]
            book.queue_done[n] = False
            book.queue_rest[n] = True
            n += 1
    book.count[QUEUED] = n


def halt_trading(t, tape):
    """A venue's circuit breaker: after a bar that moved so far, trading pauses from its close on."""
    for i in range(tape.until.size):
        moved = max(tape.prices[HIGH, i] / tape.prices[OPEN, i] - 1.0, 1.0 - tape.prices[LOW, i] / tape.prices[OPEN, i])
        if moved >= tape.factor[MOVE, i] and t + 1 < tape.time.size:
            tape.until[i] = tape.time[t + 1] + int(tape.factor[PAUSE, i])


def waits(book, order):
    """Whether a part of a driver's order waits to be filled."""
    for k in range(book.count[QUEUED]):
        if book.queue_order[k] == order and not book.queue_done[k]:
            return True
    return False


def drop_order(book, order):
    """Forget what waits of a driver's order."""
    for k in range(book.count[QUEUED]):
        if book.queue_order[k] == order:
            book.queue_done[k] = True


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
