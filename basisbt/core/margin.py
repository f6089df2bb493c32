"""Margin: what a venue demands for a position, and what an account has to show.

Knows tiers and marks. Refuses to know what happens when the demand is not met (liquidation.py).
All account figures are in USD; coins are no collateral without a haircut table (MODEL.md section 3.3). What is held and
owed in a coin is valued at its index, at the same moment of the bar as the marks.
"""

from basisbt.core.contracts import gain
from basisbt.core.contracts import notional as value_of
from basisbt.core.rules import loan
from basisbt.core.tape import ANY, CLOSE, LOCAL, MARK_CLOSE, MARK_OPEN, OPEN


def tier_of(i, notional, rules):
    """Index of the tier a notional falls in; a tier's floor belongs to it."""
    k = 0
    while k + 1 < rules.floor.shape[1] and notional >= rules.floor[i, k + 1]:
        k += 1
    return k


def maintenance_margin(i, notional, rules):
    """`notional * mmr - cum` of the tier, in the settlement asset (MODEL.md section 6.1); more where it slopes."""
    k = tier_of(i, notional, rules)
    return notional * (rules.mmr[i, k] + rules.slope[i] * notional) - rules.cum[i, k]


def initial_margin(i, notional, rules):
    """`notional / exchange leverage`, at least the tier's rate, in the settlement asset."""
    return notional * (rules.imr[i, tier_of(i, notional, rules)] + rules.slope[i] * notional)


def owned(w, a, rules, book):
    """What is in account w of asset a, less what a main account owes of it."""
    if w < rules.venues:
        return book.balance[w, a] + book.balance[loan(w, rules), a]
    return book.balance[w, a]


def margins(w, a, rules):
    """Whether asset a is money to account w: a currency, a coin that counts as margin, or one that can be owed."""
    return rules.cash[a] or rules.counted[w, a, 0] > 0.0 or (w < rules.venues and rules.lends[w, a])


def collateral(w, b, field, way, tape, rules, book):
    """USD of a wallet's currencies and of the coins that count as margin, less what is owed there (`mark_on_way`)."""
    total = 0.0
    for a in range(rules.cash.size):
        if rules.cash[a]:
            total += owned(w, a, rules, book) * tape.usd[a]
    if rules.coin_margin[w]:
        total += coin_collateral(w, b, field, way, tape, rules, book)
    if tape.factor[ANY, 0] > 0.0:
        total -= locally_lost(w, b, field, way, tape, rules, book)
    return total


def locally_lost(w, b, field, way, tape, rules, book):
    """USD by which account w's collateral counts for less at its venue than in the world (`mark_on_way`)."""
    total, place = 0.0, rules.wallet_venue[w] * rules.cash.size
    for a in range(rules.cash.size):
        less = 1.0 - tape.factor[LOCAL, place + a]
        units = owned(w, a, rules, book) if less != 0.0 and margins(w, a, rules) else 0.0
        if units > 0.0 and rules.cash[a]:
            total += units * tape.usd[a] * less
        elif units > 0.0:
            total += counted_units(w, a, units, rules) * index_at(rules.asset_base[a], b, field, way, tape) * less
    return total


def coin_collateral(w, b, field, way, tape, rules, book):
    """USD that a wallet's coins count for as margin; what is owed of a coin counts in full (`mark_on_way`)."""
    total = 0.0
    for a in range(rules.cash.size):
        if margins(w, a, rules) and not rules.cash[a]:
            units = owned(w, a, rules, book)
            counts = counted_units(w, a, units, rules) if units > 0.0 else units
            total += counts * index_at(rules.asset_base[a], b, field, way, tape)
    return total


def borrowed(w, b, field, way, tape, rules, book):
    """USD of the coins that account w owes (`mark_on_way`): they demand margin of their own."""
    total = 0.0
    if w < rules.venues:
        for a in range(rules.cash.size):
            if rules.lends[w, a]:
                owed = -book.balance[loan(w, rules), a]
                if owed > 0.0:
                    total += owed * index_at(rules.asset_base[a], b, field, way, tape)
    return total


def counted_units(w, a, owned, rules):
    """Units of coin a that `owned` > 0 of it count for as margin: each bracket's share of what lies in it."""
    total = 0.0
    for h in range(rules.bracket.shape[2]):
        if owned <= rules.bracket[w, a, h]:
            break
        end = owned
        if h + 1 < rules.bracket.shape[2]:
            end = min(owned, rules.bracket[w, a, h + 1])
        total += (end - rules.bracket[w, a, h]) * rules.counted[w, a, h]
    return total


def index_at(c, b, field, way, tape):
    """USD index of base c when base b has gone the fraction `way` from its open to mark field `field`, as in
    `mark_on_way`."""
    if b < 0:
        return tape.index[field - MARK_OPEN, c]
    if c != b:
        return tape.index[CLOSE, c]
    start = tape.index[OPEN, c]
    return start + way * (tape.index[field - MARK_OPEN, c] - start)


def settle_usd(i, b, field, way, tape, rules):
    """USD of one unit of instrument i's settlement asset at a moment of the bar (`mark_on_way`)."""
    if rules.inverse[i]:
        return index_at(rules.base[i], b, field, way, tape)
    return tape.usd[rules.quote[i]]


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


def maintained(i, position, mark, rules, book):
    """Notional on which maintenance is charged, in the settlement asset: at the mark, or where the venue says so at
    entry."""
    return value_of(i, position, book.entry[i] if rules.at_entry[i] else mark, rules)


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
                usd = settle_usd(i, b, field, way, tape, rules)
                notional = value_of(i, position, mark, rules)
                k = tier_of(i, notional, rules)
                maintenance += notional * rules.closing[i] * usd
                unrealised += gain(i, position, book.entry[i], mark, rules) * usd
                initial += notional * (rules.imr[i, k] + rules.slope[i] * notional) * usd
                if rules.at_entry[i]:
                    notional = value_of(i, position, book.entry[i], rules)
                    k = tier_of(i, notional, rules)
                maintenance += (notional * (rules.mmr[i, k] + rules.slope[i] * notional) - rules.cum[i, k]) * usd
        if w < rules.venues and rules.loan_initial[w] > 0.0:
            owed = borrowed(w, b, field, way, tape, rules, book)
            initial += owed * rules.loan_initial[w]
            maintenance += owed * rules.loan_maintenance[w]
    return unrealised, initial, maintenance


def available(w, t, b, field, way, tape, rules, book):
    """USD that positions do not need as margin (MODEL.md section 3.5): what may open another one.

    What may leave is less by the margin that resting orders reserve.
    """
    money = collateral(w, b, field, way, tape, rules, book)
    unrealised, initial, _ = demand(w, t, b, field, way, tape, rules, book)
    return max(0.0, money + min(0.0, unrealised) - initial)


def surplus(w, b, field, way, t, tape, rules, book):
    """(equity less maintenance, its slope in `way` within the present tiers), USD."""
    room = collateral(w, b, field, way, tape, rules, book)
    slope = 0.0
    for m in range(rules.member.shape[1]):
        i = rules.member[w, m]
        if i < 0:
            break
        position = book.position[i]
        if position != 0.0:
            usd = settle_usd(i, b, field, way, tape, rules)
            mark = mark_on_way(i, t, b, field, way, tape, rules)
            value = maintained(i, position, mark, rules, book)
            k = tier_of(i, value, rules)
            rate = rules.mmr[i, k] + rules.slope[i] * value
            result = gain(i, position, book.entry[i], mark, rules) - value * rate + rules.cum[i, k]
            result -= value_of(i, position, mark, rules) * rules.closing[i]
            room += result * usd
            if rules.base[i] == b:
                run = tape.prices[field, i] - tape.prices[MARK_OPEN, i]
                grows = 0.0 if rules.at_entry[i] else abs(position) * (rate + rules.slope[i] * value)
                grows += abs(position) * rules.closing[i]
                if rules.inverse[i]:
                    drift = tape.index[field - MARK_OPEN, b] - tape.index[OPEN, b]
                    slope += run * (position + grows) / mark / mark * usd + result * drift
                else:
                    slope += run * (position - grows) * usd
    if (rules.coin_margin[w] or tape.factor[ANY, 0] > 0.0) and b >= 0:
        near = collateral(w, b, field, 0.0, tape, rules, book)
        slope += collateral(w, b, field, 1.0, tape, rules, book) - near
    if w < rules.venues and rules.loan_maintenance[w] > 0.0:
        room -= borrowed(w, b, field, way, tape, rules, book) * rules.loan_maintenance[w]
        if b >= 0:
            near = borrowed(w, b, field, 0.0, tape, rules, book)
            slope -= (borrowed(w, b, field, 1.0, tape, rules, book) - near) * rules.loan_maintenance[w]
    return room, slope
