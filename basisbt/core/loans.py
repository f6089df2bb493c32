"""Loans: a unified account that runs short of an asset owes the difference to its venue.

Knows balances only. Interest is a rule of the venue and comes with borrowing; a debt here is paid back from the
first money that comes in. What an account without positions owes is no loan: coins that count as margin are sold for
it at the index, and what is then still missing is a loss beyond the account, which the venue's insurance fund pays
(MODEL.md section 6.3).
"""

from basisbt.core.books import LIQUIDATED, post
from basisbt.core.rules import CONVERSION, LIQUIDATION, LOAN, PRICE, insurance, loan, outside
from basisbt.core.valuation import split


def margins(w, a, rules):
    """Whether asset a is money to wallet w: a currency, or a coin that counts as margin."""
    return rules.cash[a] or rules.counted[w, a, 0] > 0.0


def cover_deficit(w, rules, book):
    """The fund pays what wallet w owes beyond what is in it, debts included; only when it has no position left."""
    v = rules.wallet_venue[w]
    slot = rules.venue.size + v
    if rules.coin_margin[w]:
        exchange(w, rules, book)
    for a in range(rules.cash.size):
        if margins(w, a, rules):
            net = book.balance[w, a] + book.balance[loan(v, rules), a]
            if net < 0.0:
                post(book, rules, LIQUIDATION, slot, insurance(v, rules), w, a, -net, LIQUIDATED)


def exchange(w, rules, book):
    """Assets of wallet w that are there pay for those that are owed, at the index and without a cost."""
    debt = loan(rules.wallet_venue[w], rules)
    for a in range(rules.cash.size):
        for c in range(rules.cash.size):
            owed = -(book.balance[w, a] + book.balance[debt, a])
            there = book.balance[w, c] + book.balance[debt, c]
            usable = a != c and margins(w, a, rules) and margins(w, c, rules) and book.usd[a] > 0.0
            if usable and owed > 0.0 and there > 0.0:
                worth = min(owed * book.usd[a], there * book.usd[c])
                convert(w, c, worth, -1.0, rules, book)
                convert(w, a, worth, 1.0, rules, book)


def convert(w, a, worth, sign, rules, book):
    """Take (sign -1) or give USD `worth` of asset a; a coin's holding is split first."""
    slot = rules.venue.size + rules.wallet_venue[w]
    s = rules.spot_of[w, a]
    if s >= 0:
        usd = book.usd[rules.quote[s]]
        split(s, book.usd[a] / usd if usd > 0.0 else book.seen_price[s], book.usd[a], usd, rules, book)
    amount = worth / book.usd[a]
    if sign > 0.0:
        post(book, rules, CONVERSION, slot, outside(PRICE, rules), w, a, amount)
    else:
        post(book, rules, CONVERSION, slot, w, outside(PRICE, rules), a, amount)
    for p in range(rules.long.size):
        if rules.backing[p] > 0.0 and rules.coin[rules.long[p]] == a and rules.wallet[rules.long[p]] == w:
            book.held[p, 0] += sign * amount


def settle_loans(rules, book):
    """After everything else in a bar: what is below zero is lent, a debt is repaid as far as the wallet allows."""
    for w in range(rules.wallets):
        v = rules.wallet_venue[w]
        debt = loan(v, rules)
        if book.open_positions[w] == 0:
            cover_deficit(w, rules, book)
        for a in range(rules.cash.size):
            if not margins(w, a, rules):
                continue
            money, owed = book.balance[w, a], -book.balance[debt, a]
            if money < 0.0:
                post(book, rules, LOAN, rules.venue.size + v, debt, w, a, -money)
            elif owed > 0.0 and money > 0.0:
                post(book, rules, LOAN, rules.venue.size + v, w, debt, a, min(owed, money))
