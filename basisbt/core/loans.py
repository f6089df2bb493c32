"""Loans: a unified account whose currency runs short owes the difference to its venue.

Knows balances only. Interest is a rule of the venue and comes with borrowing; a debt here is paid back from the
first money that comes in. What an account without positions owes is no loan but a loss beyond the account: the
venue's insurance fund pays it (MODEL.md section 6.3).
"""

from basisbt.core.books import LIQUIDATED, post
from basisbt.core.rules import LIQUIDATION, LOAN, insurance, loan


def cover_deficit(w, rules, book):
    """The fund pays what wallet w owes beyond what is in it, debts included; only when it has no position left."""
    v = rules.wallet_venue[w]
    slot = rules.venue.size + v
    for a in range(rules.cash.size):
        if rules.cash[a]:
            net = book.balance[w, a] + book.balance[loan(v, rules), a]
            if net < 0.0:
                post(book, rules, LIQUIDATION, slot, insurance(v, rules), w, a, -net, LIQUIDATED)


def settle_loans(rules, book):
    """After everything else in a bar: a currency below zero is lent, a debt is repaid as far as the wallet allows."""
    for w in range(rules.wallets):
        v = rules.wallet_venue[w]
        debt = loan(v, rules)
        if book.open_positions[w] == 0:
            cover_deficit(w, rules, book)
        for a in range(rules.cash.size):
            money, owed = book.balance[w, a], -book.balance[debt, a]
            if rules.cash[a] and money < 0.0:
                post(book, rules, LOAN, rules.venue.size + v, debt, w, a, -money)
            elif owed > 0.0 and money > 0.0:
                post(book, rules, LOAN, rules.venue.size + v, w, debt, a, min(owed, money))
