"""The order of one instant: the table of contents of the model (MODEL.md section 2).

Knows in which order things happen to the money, and nothing else. Each line is a page of the model.
"""

from basisbt.core.books import MOVES, PENDING, POSTINGS, QUEUED, RUINED
from basisbt.core.custody import send_withdrawals, settle_transfers
from basisbt.core.events import apply_events
from basisbt.core.execution import fill_at_open
from basisbt.core.expiry import settle_expired
from basisbt.core.funding import settle_funding
from basisbt.core.liquidation import inside_bar
from basisbt.core.loans import charge_interest, settle_loans
from basisbt.core.queue import halt_trading, keep_rests
from basisbt.core.rolling import roll_contracts
from basisbt.core.tape import ANY, show_row
from basisbt.core.valuation import revalue, value


def open_bar(t, panel, overlay, tape, rules, book):
    """Show bar t and set the clock and the worth of each asset to its opening."""
    show_row(t, panel, overlay, rules, tape)
    book.clock[0] = tape.time[t]
    for a in range(book.usd.size):
        if rules.cash[a] and tape.usd[a] != book.usd[a]:
            revalue(a, tape.usd[a], rules, book)
        book.usd[a] = tape.usd[a]


def step(t, panel, overlay, tape, rules, book):
    """Everything that happens between the open of bar t and its close, in the order that alone decides."""
    open_bar(t, panel, overlay, tape, rules, book)
    postings = book.count[POSTINGS]
    if tape.cursor[0] < overlay.event_bar.size and overlay.event_bar[tape.cursor[0]] <= t:
        apply_events(t, overlay, tape, rules, book)  # 1  ends, what venues take, freezes, defaults
    if tape.time[t] >= rules.first_expiry:
        settle_expired(t, tape, rules, book)  # 2
    if rules.rolls:
        roll_contracts(t, panel, overlay, tape, rules, book)  # 2
    if rules.charges_interest and t > 0:
        charge_interest(t, tape, rules, book)  # 3  on what has been owed since the last open
    settle_funding(t, True, panel, overlay, tape, rules, book)  # 3  on what was carried here
    if book.count[PENDING] > 0:
        settle_transfers(t, tape, rules, book)  # 4
    if book.count[QUEUED] > 0:
        fill_at_open(t, tape, rules, book)  # 5  orders decided earlier
    if book.count[MOVES] > 0:
        send_withdrawals(t, tape, rules, book)  # 5  then withdrawals decided then
    settle_funding(t, False, panel, overlay, tape, rules, book)  # 5+ stamps inside the bar
    book.clock[0] = tape.time[t] + rules.seconds
    inside_bar(t, tape, rules, book)  # 6  resting orders, liquidation
    if book.count[QUEUED] > 0:
        keep_rests(book)
    if book.count[POSTINGS] != postings:
        settle_loans(rules, book)
    if tape.factor[ANY, 1] > 0.0:
        halt_trading(t, tape)
    value(t, tape, rules, book)  # 7
    if book.count[RUINED] != 0:
        book.count[QUEUED] = 0
