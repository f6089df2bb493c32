"""Loans: a unified account whose currency runs short owes the difference to its venue.

Knows balances only. Interest is a rule of the venue and comes with borrowing; a debt here is paid back from the
first money that comes in. Losses beyond the account are not a loan: liquidation comes first and the fund pays.
"""

from basisbt.core.books import post
from basisbt.core.rules import LOAN, loan


def settle_loans(rules, book):
    """After everything else in a bar: a currency below zero is lent, a debt is repaid as far as the wallet allows."""
    for w in range(rules.wallets):
        v = rules.wallet_venue[w]
        debt = loan(v, rules)
        for a in range(rules.cash.size):
            money, owed = book.balance[w, a], -book.balance[debt, a]
            if rules.cash[a] and money < 0.0:
                post(book, rules, LOAN, rules.venue.size + v, debt, w, a, -money)
            elif owed > 0.0 and money > 0.0:
                post(book, rules, LOAN, rules.venue.size + v, w, debt, a, min(owed, money))
