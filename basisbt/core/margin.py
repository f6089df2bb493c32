"""Margin: what a venue demands for a position, and what an account has to show.

Knows tiers and marks. Refuses to know what happens when the demand is not met (liquidation.py).
All account figures are in USD; coins are no collateral without a haircut table (MODEL.md section 3.3).
"""

from basisbt.core.rules import loan
from basisbt.core.tape import MARK_CLOSE, MARK_OPEN


def tier_of(i, notional, rules):
    """Index of the tier a notional falls in; a tier's floor belongs to it."""
    k = 0
    while k + 1 < rules.floor.shape[1] and notional >= rules.floor[i, k + 1]:
        k += 1
    return k


def maintenance_margin(i, notional, rules):
    """`notional * mmr - cum` of the tier, in quote (MODEL.md section 6.1)."""
    k = tier_of(i, notional, rules)
    return notional * rules.mmr[i, k] - rules.cum[i, k]


def initial_margin(i, notional, rules):
    """`notional / exchange leverage`, at least the tier's rate, in quote."""
    return notional * rules.imr[i, tier_of(i, notional, rules)]


def cash(w, t, tape, rules, book):
    """USD of a wallet's currencies, less what is owed there."""
    total = 0.0
    debt = loan(rules.wallet_venue[w], rules)
    for a in range(rules.cash.size):
        if rules.cash[a]:
            total += (book.balance[w, a] + book.balance[debt, a]) * tape.usd[a]
    return total


def mark_on_way(i, t, b, field, way, tape, rules):
    """Mark of instrument i when base b has gone the fraction `way` from its open to `field`, other bases at close.

    b = -1: every mark is at `field`.
    """
    if b < 0:
        return tape.prices[field, i]
    if rules.base[i] != b:
        return tape.prices[MARK_CLOSE, i]
    start = tape.prices[MARK_OPEN, i]
    return start + way * (tape.prices[field, i] - start)


def demand(w, t, b, field, way, tape, rules, book):
    """(unrealised P&L, initial margin, maintenance margin) of wallet w at a moment of bar t (`mark_on_way`), in USD."""
    unrealised = 0.0
    initial = 0.0
    maintenance = 0.0
    if book.open_positions[w] > 0:
        for m in range(rules.member.shape[1]):
            i = rules.member[w, m]
            if i < 0:
                break
            position = book.position[i]
            if position != 0.0:
                mark = mark_on_way(i, t, b, field, way, tape, rules)
                usd = tape.usd[rules.quote[i]]
                notional = abs(position) * mark
                k = tier_of(i, notional, rules)
                unrealised += position * (mark - book.entry[i]) * usd
                initial += notional * rules.imr[i, k] * usd
                maintenance += (notional * rules.mmr[i, k] - rules.cum[i, k]) * usd
    return unrealised, initial, maintenance


def available(w, t, b, field, way, tape, rules, book):
    """USD that positions do not need as margin (MODEL.md section 3.5): what may open another one.

    What may leave is less by the margin that resting orders reserve.
    """
    money = cash(w, t, tape, rules, book)
    unrealised, initial, _ = demand(w, t, b, field, way, tape, rules, book)
    return max(0.0, money + min(0.0, unrealised) - initial)
