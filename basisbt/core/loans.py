"""Loans: what an account borrows, what it pays for that, and who pays what is missing at the end.

Knows balances and rates. A main account that runs short of a currency owes the difference to its venue; a coin is
borrowed to be sold (MODEL.md sections 3.3, 5). A debt is paid back from the first units that come in. Where there is no
credit, the venue's insurance fund makes a shortfall good. What an account without positions owes is no loan either:
coins that count as margin are sold for it at the index, and what is then still missing is a loss beyond the account,
which the fund pays (MODEL.md section 6.3).

Interest is charged in whole periods by the clock, on what is owed; a period that has begun counts when a debt is
repaid. Interest on a coin is paid in what the venue settles in, at the index: what is owed stays what was borrowed.
"""

from basisbt.core.books import LIQUIDATED, post
from basisbt.core.margin import margins
from basisbt.core.rules import BORROW, CLAWBACK, CONVERSION, LIQUIDATION, LOAN, PRICE, insurance, loan, outside
from basisbt.core.valuation import split


def lacking(w, a, rules, book):
    """What account w owes of asset a beyond what is in it; not negative."""
    net = book.balance[w, a]
    if w < rules.venues:
        net += book.balance[loan(w, rules), a]
    return max(0.0, -net)


def make_good(w, a, amount, rules, book):
    """The fund pays `amount` of asset a into account w; what it does not have, the venue's other traders pay."""
    v = rules.wallet_venue[w]
    slot = rules.venue.size + v
    split_coin(w, a, rules, book)
    left = book.fund[v] - amount * book.usd[a]
    if left >= 0.0:
        book.fund[v] = left
        post(book, rules, LIQUIDATION, slot, insurance(v, rules), w, a, amount, LIQUIDATED)
        return
    paid = book.fund[v] / book.usd[a] if book.usd[a] > 0.0 else 0.0
    book.fund[v] = 0.0
    if paid > 0.0:
        post(book, rules, LIQUIDATION, slot, insurance(v, rules), w, a, paid, LIQUIDATED)
    post(book, rules, LIQUIDATION, slot, outside(CLAWBACK, rules), w, a, amount - paid, LIQUIDATED)


def cover_deficit(w, rules, book):
    """The fund pays what account w owes beyond what is in it, debts included; only when it has no position left."""
    if rules.coin_margin[w]:
        exchange(w, rules, book)
    for a in range(rules.cash.size):
        if margins(w, a, rules):
            missing = lacking(w, a, rules, book)
            if missing > 0.0:
                make_good(w, a, missing, rules, book)


def exchange(w, rules, book):
    """Assets of account w that are there pay for those that are owed, at the index and without a cost."""
    for a in range(rules.cash.size):
        for c in range(rules.cash.size):
            usable = a != c and margins(w, a, rules) and margins(w, c, rules) and book.usd[a] > 0.0
            if not usable:
                continue
            owed = lacking(w, a, rules, book)
            there = book.balance[w, c]
            if w < rules.venues:
                there += book.balance[loan(w, rules), c]
            if owed > 0.0 and there > 0.0:
                worth = min(owed * book.usd[a], there * book.usd[c])
                convert(w, c, worth, -1.0, rules, book)
                convert(w, a, worth, 1.0, rules, book)


def convert(w, a, worth, sign, rules, book):
    """Take (sign -1) or give USD `worth` of asset a; a coin's holding is split first."""
    slot = rules.venue.size + rules.wallet_venue[w]
    split_coin(w, a, rules, book)
    amount = worth / book.usd[a]
    if sign > 0.0:
        post(book, rules, CONVERSION, slot, outside(PRICE, rules), w, a, amount)
    else:
        post(book, rules, CONVERSION, slot, w, outside(PRICE, rules), a, amount)
    for p in range(rules.long.size):
        i = rules.long[p]
        if rules.backing[p] > 0.0 and rules.coin[i] == a and rules.venue[i] == rules.wallet_venue[w]:
            book.held[p, 0] += sign * amount


def split_coin(w, a, rules, book):
    """Split what is held of a coin at the price at which what follows is valued, before it changes."""
    s = rules.spot_of[w, a]
    if s >= 0 and not rules.cash[a]:
        usd = book.usd[rules.quote[s]]
        split(s, book.usd[a] / usd if usd > 0.0 else book.seen_price[s], book.usd[a], usd, rules, book)


def settle_loans(rules, book):
    """After everything else in a bar: what is below zero is lent, a debt is repaid as far as the account allows."""
    for w in range(rules.wallets):
        if book.open_positions[w] == 0:
            cover_deficit(w, rules, book)
        for a in range(rules.cash.size):
            if not rules.cash[a] and margins(w, a, rules):
                settle_loan(w, a, rules, book)
        for a in range(rules.cash.size):  # currencies last: a fee for a coin is paid in one
            if rules.cash[a]:
                settle_loan(w, a, rules, book)


def settle_loan(w, a, rules, book):
    """One asset of one account: lend what is missing or make it good, or pay back what can be."""
    money = book.balance[w, a]
    if money < 0.0 and not rules.credit[w]:
        make_good(w, a, -money, rules, book)
    elif money < 0.0:
        lend(w, a, -money, rules, book)
    elif money > 0.0:
        repay(w, a, rules, book)


def lend(w, a, amount, rules, book):
    """Account w borrows `amount` of asset a, a coin in order to sell it; an opening fee is charged now."""
    v = rules.wallet_venue[w]
    if not rules.cash[a] and rules.lends[v, a] and book.balance[loan(v, rules), a] == 0.0:
        book.open_positions[w] += 1  # it needs margin until the coin is back
    fee = amount * rules.interest[v, a] * rules.interest_opening[v]
    charge(w, a, fee, rules, book)
    if rules.cash[a]:
        amount += fee  # what it costs to be lent the missing currency is missing too
    post(book, rules, LOAN, rules.venue.size + v, loan(v, rules), w, a, amount)


def repay(w, a, rules, book):
    """What is in main account w pays what it owes of asset a; a coin that is all paid back is no position any more."""
    if w >= rules.venues or book.balance[loan(w, rules), a] >= 0.0:
        return
    owed = -book.balance[loan(w, rules), a]
    amount = min(owed, book.balance[w, a])
    if amount <= 0.0:
        return
    if not rules.cash[a] and rules.interest_period[w] > 0 and book.clock[0] % rules.interest_period[w] != 0:
        charge(w, a, amount * rules.interest[w, a], rules, book)
    post(book, rules, LOAN, rules.venue.size + w, w, loan(w, rules), a, amount)
    if not rules.cash[a] and rules.lends[w, a] and book.balance[loan(w, rules), a] == 0.0:
        book.open_positions[w] -= 1


def charge(w, a, units, rules, book):
    """Interest of `units` of asset a, paid in it if it is a currency, else in what account w settles in."""
    if units <= 0.0:
        return
    v = rules.wallet_venue[w]
    pays = a if rules.cash[a] else rules.settle[w]
    amount = units * book.usd[a] / book.usd[pays] if book.usd[pays] > 0.0 else 0.0
    post(book, rules, BORROW, rules.venue.size + v, w, outside(BORROW, rules), pays, amount)


def charge_interest(t, tape, rules, book):
    """Interest on what has been owed since the last bar: the periods that ended after its open, up to this one."""
    for v in range(rules.venues):
        periods = tape.time[t] // rules.interest_period[v] - tape.time[t - 1] // rules.interest_period[v]
        if periods > 0:
            for a in range(rules.cash.size):
                owed = -book.balance[loan(v, rules), a]
                if owed > 0.0:
                    charge(v, a, owed * rules.interest[v, a] * periods, rules, book)
