"""Valuation: what the books are worth, and how a price change splits into direction and basis.

Knows prices and the books. Knows no event, no order and no margin rule of its own.
Spot is worth its venue's trade close, a derivative its mark close (MODEL.md section 3.5).
"""

import math

from basisbt.core.books import (
    BAD_PRICE, CLAIMS, DRAWDOWN, ERROR, LOWEST, PEAK, PENDING, RUINED, TRAPPED, TROUGH, WORST_RATIO, kept_row,
)  # fmt: skip
from basisbt.core.contracts import notional
from basisbt.core.margin import (
    borrowed, coin_collateral, collateral, demand, locally_lost, maintained, settle_usd, tier_of,
)  # fmt: skip
from basisbt.core.pairs import value_pairs
from basisbt.core.rules import BASIS, COLLATERAL, DIRECTIONAL, LINES, bank, claim, in_transit, loan
from basisbt.core.tape import ANY, CLOSE, MARK_CLOSE


def units(i, rules, book):
    """What is held of instrument i, signed: the position of a derivative; the coin in a venue's accounts, less what is
    owed of it, for the spot market that values it, 0 for a second spot market of the same coin there."""
    if rules.spot[i]:
        v, a = rules.venue[i], rules.coin[i]
        if rules.spot_of[v, a] != i:
            return 0.0
        held = book.balance[v, a] + book.balance[loan(v, rules), a]
        for w in range(rules.venues, rules.wallets):
            if rules.wallet_venue[w] == v:
                held += book.balance[w, a]
        return held
    return book.position[i]


def split_parts(i, price, index, usd, rules, book):
    """(directional, basis, collateral) in USD of holding i since it was last split, up to `price`, `index`, `usd`.

    MODEL.md section 3.6 with S the index, P the USD price of the quote, S_q = S / P. The three sum to the change
    in USD value of the holding. An inverse contract's coins are worth their index.
    """
    held = units(i, rules, book)
    if held == 0.0:
        return 0.0, 0.0, 0.0
    before, was = book.seen_usd[i], book.seen_price[i]
    if rules.inverse[i]:
        directional = held * (index - book.seen_index[i]) / book.entry[i]
        return directional, held * (book.seen_index[i] / was - index / price), 0.0
    directional = held * (index - book.seen_index[i])
    if rules.spot[i]:
        return directional, held * (usd * price - before * was) - directional, 0.0
    quoted = index / usd - book.seen_index[i] / before
    collateral = held * usd * quoted - directional + (usd - before) * held * (was - book.entry[i])
    return directional, held * usd * (price - was - quoted), collateral


def split(i, price, index, usd, rules, book):
    """Book the price P&L of holding i up to now; called before every change of the holding.

    A coin's holding is split where it is valued, whichever spot market of its wallet trades it.
    """
    if rules.spot[i]:
        i = rules.spot_of[rules.wallet[i], rules.coin[i]]
    directional, basis, collateral = split_parts(i, price, index, usd, rules, book)
    book.attribution[DIRECTIONAL, i] += directional
    book.attribution[BASIS, i] += basis
    book.attribution[COLLATERAL, i] += collateral
    book.seen_price[i] = price
    book.seen_index[i] = index
    book.seen_usd[i] = usd


def revalue(a, usd, rules, book):
    """A currency's USD price moves to `usd`: what we own of it changes in value (`collateral`)."""
    change = usd - book.usd[a]
    for w in range(rules.wallets):
        v = rules.wallet_venue[w]
        book.attribution[COLLATERAL, rules.venue.size + v] += book.balance[w, a] * change
    for v in range(rules.venues):
        abroad = book.balance[in_transit(v, rules), a] + book.balance[loan(v, rules), a]
        book.attribution[COLLATERAL, rules.venue.size + v] += abroad * change


def coin_price(w, a, t, tape, rules):
    """USD close of a coin in wallet w: its venue's spot market, else the index."""
    i = rules.spot_of[w, a]
    if i >= 0:
        return tape.prices[CLOSE, i] * tape.usd[rules.quote[i]]
    return tape.index[CLOSE, rules.asset_base[a]]


def coins(w, t, tape, rules, book):
    """USD of a wallet's coins at the close, less what is owed of them."""
    total = 0.0
    for a in range(rules.cash.size):
        if not rules.cash[a]:
            owned = book.balance[w, a]
            if rules.coin_margin[w] and w < rules.venues:
                owned += book.balance[loan(w, rules), a]
            if owned != 0.0:
                total += owned * coin_price(w, a, t, tape, rules)
    return total


def transit_value(v, t, tape, rules, book):
    """USD of what has left venue v and not arrived; currencies at par of `usd`, coins at the index close."""
    total = 0.0
    account = in_transit(v, rules)
    for a in range(rules.cash.size):
        amount = book.balance[account, a]
        if amount != 0.0:
            if rules.cash[a]:
                total += amount * tape.usd[a]
            else:
                total += amount * tape.index[CLOSE, rules.asset_base[a]]
    return total


def adverse_distance(w, equity, maintenance, t, tape, rules, book):
    """Fraction by which all marks and indices of a wallet must move against it, one way, to meet maintenance; inf if
    never.

    Exact within the present tiers. Up: equity + net x = maintenance + slope x; down likewise with -x. In USD an inverse
    position is linear in x too: size * S (1 + x) / entry - size * S / mark.
    """
    net = 0.0
    if rules.coin_margin[w]:
        net = coin_collateral(w, -1, MARK_CLOSE, 1.0, tape, rules, book)
    slope = 0.0
    for m in range(rules.member.shape[1]):
        i = rules.member[w, m]
        if i < 0:
            break
        if book.position[i] != 0.0:
            usd = settle_usd(i, -1, MARK_CLOSE, 1.0, tape, rules)
            value = notional(i, book.position[i], tape.prices[MARK_CLOSE, i], rules) * usd
            charged = maintained(i, book.position[i], tape.prices[MARK_CLOSE, i], rules, book)
            k = tier_of(i, charged, rules)
            if rules.inverse[i]:  # in coin it is `size / mark`, whose dollars do not move, or fixed at entry
                net += book.position[i] / book.entry[i] * usd
                slope += (charged * rules.mmr[i, k] if rules.at_entry[i] else 0.0) * usd - rules.cum[i, k] * usd
            else:
                net += value if book.position[i] > 0.0 else -value
                slope += 0.0 if rules.at_entry[i] else value * (rules.mmr[i, k] + 2.0 * rules.slope[i] * charged)
                slope += value * rules.closing[i]
    if w < rules.venues and rules.loan_maintenance[w] > 0.0:
        slope += borrowed(w, -1, MARK_CLOSE, 1.0, tape, rules, book) * rules.loan_maintenance[w]
    room = equity - maintenance
    nearest = math.inf
    if slope - net > 0.0:
        nearest = room / (slope - net)
    if net - slope > 0.0:
        nearest = min(nearest, room / (net - slope))
    return nearest


def value_wallet(w, t, tape, rules, book):
    """Value wallet w at the close of bar t; returns (marked, accessible) in USD and keeps its margin figures."""
    v = rules.wallet_venue[w]
    money = collateral(w, -1, MARK_CLOSE, 1.0, tape, rules, book)
    unrealised, initial, maintenance = demand(w, t, -1, MARK_CLOSE, 1.0, tape, rules, book)
    coin = coins(w, t, tape, rules, book)
    spare = max(0.0, money + min(0.0, unrealised) - initial - book.order_margin[w])
    if w < rules.venues:
        usd = tape.usd[rules.settle[w]]
        units = spare if usd == 1.0 else spare / usd if usd > 0.0 else 0.0  # dividing is slow, and nearly always by one
        book.free[v] = min(units, max(0.0, book.balance[w, rules.settle[w]]))
    row = book.margin[kept_row(t, book), w]
    row[0] = money + unrealised
    if book.open_positions[w] > 0:
        row[1] = maintenance
        row[2] = (money + unrealised) / maintenance if maintenance > 0.0 else math.inf
        row[3] = adverse_distance(w, money + unrealised, maintenance, t, tape, rules, book)
    else:
        row[1] = 0.0
        row[2] = math.nan
        row[3] = math.nan
    if w < rules.venues:
        book.margin_ratio[v] = row[2]
        book.distance[v] = row[3]
    elif book.open_positions[w] > 0:  # of several accounts the one that is nearest to its end
        book.margin_ratio[v] = row[2] if math.isnan(book.margin_ratio[v]) else min(book.margin_ratio[v], row[2])
        book.distance[v] = row[3] if math.isnan(book.distance[v]) else min(book.distance[v], row[3])
    if tape.factor[ANY, 0] > 0.0:  # what a venue counts for less is worth what it was
        coin += locally_lost(w, -1, MARK_CLOSE, 1.0, tape, rules, book)
    if rules.coin_margin[w]:  # of what is margin, only what nothing needs can leave
        coin -= coin_collateral(w, -1, MARK_CLOSE, 1.0, tape, rules, book)
        return money + unrealised + coin, max(0.0, min(spare + coin, money + coin))
    return money + unrealised + coin, spare + coin


def lines_to_date(t, tape, rules, book, lines):
    """Fill `lines` [LINES] with the attribution to date in USD, open holdings split at the close of bar t."""
    for line in range(LINES):
        total = 0.0
        for slot in range(book.attribution.shape[1]):
            total += book.attribution[line, slot]
        lines[line] = total
    for i in range(rules.venue.size):
        directional, basis, collateral = split_at_close(i, t, tape, rules, book)
        lines[DIRECTIONAL] += directional
        lines[BASIS] += basis
        lines[COLLATERAL] += collateral


def split_at_close(i, t, tape, rules, book):
    """`split_parts` of holding i at the close of bar t."""
    price = tape.prices[CLOSE if rules.spot[i] else MARK_CLOSE, i]
    return split_parts(i, price, tape.index[CLOSE, rules.base[i]], tape.usd[rules.quote[i]], rules, book)


def value_claims(row, rules, book):
    """Add to a row of equity what estates owe and have paid: as carried, in hand, and as it will be paid."""
    paid = book.balance[bank(rules), rules.dollar]
    row[0] += paid
    row[1] += paid
    row[2] += paid
    for v in range(rules.venues):
        row[0] += book.balance[claim(v, rules), rules.dollar]
        row[2] += book.face[v] * book.recovery[v]


def keep_record(row, tape, rules, book):
    """Peak, drawdown, low, worst margin ratio and trapped bars of the path so far, as of this close."""
    record, equity = book.record, row[0]
    if equity > record[PEAK]:
        record[PEAK] = equity
        record[TROUGH] = equity
    elif equity < record[TROUGH]:
        record[TROUGH] = equity
        if record[PEAK] > 0.0:
            record[DRAWDOWN] = max(record[DRAWDOWN], (record[PEAK] - equity) / record[PEAK])
    record[LOWEST] = min(record[LOWEST], equity)
    trapped = False
    for v in range(rules.venues):
        if book.margin_ratio[v] < record[WORST_RATIO]:
            record[WORST_RATIO] = book.margin_ratio[v]
        if (tape.frozen[v] > 0 and book.custody[v] > 0.0) or book.face[v] > 0.0:
            trapped = True
    if trapped:
        record[TRAPPED] += 1.0


def value(t, tape, rules, book):
    """Step 7 of the instant: equity three ways, per venue, margin figures, pairs; marks the books ruined at <= 0."""
    marked = 0.0
    accessible = 0.0
    row = book.equity[kept_row(t, book)]
    for v in range(rules.venues):
        book.custody[v] = 0.0
    for w in range(rules.wallets):
        v = rules.wallet_venue[w]
        worth, spare = value_wallet(w, t, tape, rules, book)
        book.custody[v] += worth
        if tape.frozen[v] == 0:
            accessible += spare
    for v in range(rules.venues):
        row[3 + v] = book.custody[v]
        marked += book.custody[v]
    book.travelling[0] = 0.0
    if book.count[PENDING] > 0:
        for v in range(rules.venues):
            book.travelling[0] += transit_value(v, t, tape, rules, book)
        marked += book.travelling[0]
    row[0] = marked
    row[1] = accessible
    row[2] = marked
    if book.count[CLAIMS] > 0:
        value_claims(row, rules, book)
        marked = row[0]
    keep_record(row, tape, rules, book)
    value_pairs(t, tape, rules, book)
    if marked <= 0.0:
        book.count[RUINED] = 1
    if not math.isfinite(marked):
        book.count[ERROR] = BAD_PRICE
