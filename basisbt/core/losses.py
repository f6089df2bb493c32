"""Losses that a venue shares out: it takes a part of its winners' profits, or of everybody's balances.

Knows what positions have earned and what accounts hold (MODEL.md sections 1, 7.3). Profits count from a moment on, net
of fees and funding; balances are worth the index of the instant, and what will be redeemed is a claim until it is paid.
"""

from basisbt.core.books import CLAIMS, post
from basisbt.core.closing import scale_pairs
from basisbt.core.contracts import gain
from basisbt.core.rules import CLAIM, CLAWBACK, CONVERSION, PRICE, RECOVERY, claim, outside
from basisbt.core.settlement import touch_coin
from basisbt.core.tape import MARK_OPEN, OPEN
from basisbt.core.valuation import split


def result(i, tape, rules, book):
    """What derivative i has earned since profits count, open positions at this open's mark; settlement asset."""
    paid = book.earned[i] - book.since[i]
    if book.position[i] == 0.0:
        return paid
    return paid + gain(i, book.position[i], book.entry[i], tape.prices[MARK_OPEN, i], rules)


def count_from(v, t, tape, rules, book):
    """From now on profits at venue v count anew."""
    for i in range(rules.venue.size):
        if rules.venue[i] == v and not rules.spot[i]:
            book.since[i] += result(i, tape, rules, book)


def profit(v, w, a, tape, rules, book):
    """(net result of venue v, result of account w alone, gains of the accounts that gained), in settlement asset a."""
    net, alone, gains = 0.0, 0.0, 0.0
    for each in range(rules.wallets):
        if rules.wallet_venue[each] != v:
            continue
        total = 0.0
        for i in range(rules.venue.size):
            if rules.wallet[i] == each and rules.pays[i] == a and not rules.spot[i]:
                total += result(i, tape, rules, book)
        net += total
        gains += max(0.0, total)
        if each == w:
            alone = total
    return net, alone, gains


def claw_back(v, fraction, t, tape, rules, book):
    """Venue v takes this share of the net profit of each settlement asset, from the accounts that made it."""
    if tape.defaulted[v]:
        return
    slot = rules.venue.size + v
    for a in range(rules.cash.size):
        for w in range(rules.wallets):
            net, alone, gains = profit(v, w, a, tape, rules, book)
            if rules.wallet_venue[w] == v and net > 0.0 and alone > 0.0:
                amount = fraction * net * (alone / gains)
                give_coin(w, a, -amount, tape, rules, book)
                post(book, rules, CLAWBACK, slot, w, outside(CLAWBACK, rules), a, amount)


def give_coin(w, a, amount, tape, rules, book):
    """Before account w pays `amount` < 0 of a coin: what is held of it is split, a long leg made of it shrinks."""
    for i in range(rules.venue.size):
        if not rules.cash[a] and rules.wallet[i] == w and rules.pays[i] == a:
            touch_coin(i, amount, tape.index[OPEN, rules.base[i]], rules, book)
            return


def cut_balances(v, fraction, redeemed, t, tape, rules, book):
    """Venue v takes this share of every balance there; `redeemed` of its dollars will be paid back some day."""
    if tape.defaulted[v]:
        return
    slot, taken = rules.venue.size + v, 0.0
    for i in range(rules.venue.size):
        if rules.venue[i] == v and rules.spot[i]:
            usd, index = tape.usd[rules.quote[i]], tape.index[OPEN, rules.base[i]]
            split(i, index / usd if usd > 0.0 else tape.prices[OPEN, i], index, usd, rules, book)
            scale_pairs(i, 1.0 - fraction, rules, book)
    for w in range(rules.wallets):
        for a in range(rules.cash.size):
            if rules.wallet_venue[w] == v and book.balance[w, a] > 0.0:
                amount = fraction * book.balance[w, a]
                taken += amount * book.usd[a]
                post(book, rules, CONVERSION, slot, w, outside(PRICE, rules), a, amount)
    post(book, rules, CLAIM, slot, outside(PRICE, rules), claim(v, rules), rules.dollar, taken)
    post(book, rules, CLAWBACK, slot, claim(v, rules), outside(CLAWBACK, rules), rules.dollar,
         taken * (1.0 - rules.carried))  # fmt: skip
    owed = book.face[v] * book.recovery[v] + taken * redeemed
    book.face[v] += taken
    book.recovery[v] = owed / book.face[v] if book.face[v] > 0.0 else 0.0
    book.count[CLAIMS] += 1


def redeem(v, tape, rules, book):
    """Venue v pays what it redeems of what it took, in what it settles in; a venue that has failed does not."""
    if tape.defaulted[v]:
        return
    slot, a = rules.venue.size + v, rules.settle[v]
    paid = book.face[v] * book.recovery[v]
    if book.usd[a] > 0.0:
        post(book, rules, RECOVERY, slot, outside(RECOVERY, rules), v, a, paid / book.usd[a])
    post(book, rules, RECOVERY, slot, claim(v, rules), outside(RECOVERY, rules), rules.dollar,
         book.balance[claim(v, rules), rules.dollar])  # fmt: skip
    book.face[v] = 0.0
