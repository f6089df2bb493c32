"""Claims: what a venue that stops for good leaves us, what it would fetch, and what it pays (MODEL.md section 7.2).

Knows positions and wallets of that venue, at the index. A default turns them into one dollar claim, netted account by
account; what is paid later is a dated cash flow. Refuses to know when that is (the overlay does).
"""

from basisbt.core.books import CLAIMS, DEFAULTED, DEFAULTS, file_ticket, post
from basisbt.core.closing import empty_pairs
from basisbt.core.custody import recall_transfers
from basisbt.core.deals import settle_deal
from basisbt.core.rules import CLAIM, CONVERSION, DEFAULT, LOAN, PRICE, RECOVERY, bank, claim, loan, outside
from basisbt.core.tape import MARK_OPEN, OPEN
from basisbt.core.valuation import split


def default_venue(v, recovery, in_kind, t, tape, rules, book):
    """Venue v stops for good: positions close at the index, what is left is a claim in dollars at this moment.

    What the claim is not carried at is lost at once, as `default`. A second default of a venue changes nothing.
    in_kind (not 0): coins in the claim are paid back at what coins are worth then.
    """
    if tape.defaulted[v]:
        return
    tape.defaulted[v] = True
    before = book.face[v]  # of balances it cut and has not redeemed: lost already, now part of the claim
    recall_transfers(v, rules, book)
    for i in range(rules.venue.size):
        if rules.venue[i] == v:
            close_at_index(i, t, tape, rules, book)
    for w in range(rules.wallets):
        if rules.wallet_venue[w] == v:
            claim_wallet(w, v, in_kind != 0.0, rules, book)  # each account for itself
    slot = rules.venue.size + v
    lost = (book.face[v] - before) * (1.0 - rules.carried)
    lost = min(lost, book.balance[claim(v, rules), rules.dollar])  # rounding: a claim is never below nothing
    post(book, rules, DEFAULT, slot, claim(v, rules), outside(DEFAULT, rules), rules.dollar, lost)
    book.recovery[v] = recovery
    book.count[DEFAULTS] += 1
    book.count[CLAIMS] += 1


def close_at_index(i, t, tape, rules, book):
    """What is held of instrument i at a venue that stops is worth the index, not what its own market says.

    A derivative closes there, without a fee; a coin stays in its wallet and becomes part of the claim.
    """
    usd = tape.usd[rules.quote[i]]
    index = tape.index[OPEN, rules.base[i]]
    price = index / usd if usd > 0.0 else tape.prices[MARK_OPEN, i]
    split(i, price, index, usd, rules, book)
    if not rules.spot[i] and book.position[i] != 0.0:
        quantity = -book.position[i]
        settle_deal(i, quantity, price, index, rules, book)
        file_ticket(book, i, DEFAULTED, DEFAULTED, 0, quantity, price, 0.0, 0.0)
    empty_pairs(i, rules, book)


def claim_wallet(w, v, in_kind, rules, book):
    """Net wallet w with its debts and turn it into a claim on venue v, in dollars of this moment, not below zero."""
    debt, slot = loan(v, rules), rules.venue.size + v
    net, gross = 0.0, 0.0
    for a in range(rules.cash.size):
        owed = -book.balance[debt, a] if w == v else 0.0
        if owed > 0.0:
            post(book, rules, LOAN, slot, w, debt, a, owed)
            if rules.lends[v, a] and not rules.cash[a]:
                book.open_positions[w] -= 1
        net += book.balance[w, a] * book.usd[a]
        gross += max(0.0, book.balance[w, a]) * book.usd[a]
    if net < 0.0:  # what the account owed beyond its assets is the estate's loss, not ours
        post(book, rules, DEFAULT, slot, outside(DEFAULT, rules), w, rules.dollar, -net)
        net = 0.0
    for a in range(rules.cash.size):
        amount = book.balance[w, a]
        if amount > 0.0:
            if in_kind and not rules.cash[a]:
                book.kind[v, a] += amount * min(1.0, net / gross)
                book.kind_usd[v, a] = book.usd[a]
            post(book, rules, CONVERSION, slot, w, outside(PRICE, rules), a, amount)
        elif amount < 0.0:
            post(book, rules, CONVERSION, slot, outside(PRICE, rules), w, a, -amount)
    post(book, rules, CLAIM, slot, outside(PRICE, rules), claim(v, rules), rules.dollar, net)
    book.face[v] += net


def pay_claim(v, rules, book):
    """The estate of venue v pays what it will ever pay: of coins that it owes as such, what they are worth now."""
    grown = 0.0
    for a in range(rules.cash.size):
        if book.kind[v, a] > 0.0:
            grown += book.kind[v, a] * (book.usd[a] - book.kind_usd[v, a])
    end_claim(v, max(0.0, book.face[v] + grown) * book.recovery[v], rules, book)


def end_claim(v, paid, rules, book):
    """USD `paid` comes to the bank for the claim on venue v; what was carried goes, the difference is `recovery`."""
    slot = rules.venue.size + v
    post(book, rules, RECOVERY, slot, outside(RECOVERY, rules), bank(rules), rules.dollar, paid)
    post(book, rules, RECOVERY, slot, claim(v, rules), outside(RECOVERY, rules), rules.dollar,
         book.balance[claim(v, rules), rules.dollar])  # fmt: skip
    book.face[v] = 0.0
    for a in range(rules.cash.size):
        book.kind[v, a] = 0.0


def mark_bid(v, bid, rules, book):
    """A dollar of the claim on venue v would fetch `bid` now; claims carried at that are from now on."""
    book.bid[v] = bid
    if not rules.by_bid or not book.face[v] > 0.0:
        return
    slot, change = rules.venue.size + v, book.face[v] * bid - book.balance[claim(v, rules), rules.dollar]
    if change > 0.0:
        post(book, rules, RECOVERY, slot, outside(RECOVERY, rules), claim(v, rules), rules.dollar, change)
    elif change < 0.0:
        post(book, rules, RECOVERY, slot, claim(v, rules), outside(RECOVERY, rules), rules.dollar, -change)


def sell_claim(v, rules, book):
    """The claim on venue v is sold at its bid."""
    if book.face[v] > 0.0:
        end_claim(v, book.face[v] * book.bid[v], rules, book)
