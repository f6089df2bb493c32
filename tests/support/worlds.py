"""Small worlds for stories: a spot on venue A, a perpetual on venue B, everything flat until a test says otherwise.

Knows how to lay out arrays and how to ask the books readable questions. Knows no rule: expected numbers belong in
the tests, worked out by hand. Defaults: hourly bars, price 100, mark = trade, index = the base's first instrument,
no fee, no spread, no funding, one margin tier (mmr 1 %, imr 2 %), 1,000 USDT on every venue.

    w = world(bars=3, prices={PERP: [100, (100, 130, 70, 100), 100]}, funding={PERP: {2: 0.001}})
    desk = Desk(w)
    desk.order(PERP, -5.0)      # trades at the next open
    desk.step()                 # one bar
    assert desk.wallet(B) == ...

A price list has one entry a bar: a number is a flat bar, a tuple is (open, high, low, close); the last close is held.
"""

from dataclasses import dataclass

import numpy as np

from basisbt.core.books import (
    ERROR,
    J_ASSET,
    J_KIND,
    J_SOURCE,
    J_TARGET,
    J_TIME,
    OUTCOME_NAMES,
    T_FEE,
    T_INSTRUMENT,
    T_OUTCOME,
    T_PRICE,
    T_QUANTITY,
    T_SPREAD,
)  # fmt: skip
from basisbt.core.decision import queue_move
from basisbt.core.queue import queue_order
from basisbt.core.rules import (
    KIND_NAMES,
    NEVER,
    Rules,
    in_transit,
    insurance,
    loan,
    maintenance_amounts,
    ordinary,
    ours,
)  # fmt: skip
from basisbt.core.tape import (
    DEFAULT,
    ECHO,
    FIELDS,
    FREEZE_HELD,
    FREEZE_VOIDED,
    GAP,
    LEVEL,
    RATE,
    RECOVERY,
    REDEEM,
    RESIDUAL,
    TERMS,
    THAW,
    Overlay,
    Panel,
)  # fmt: skip
from basisbt.engines.machine import Machine
from basisbt.engines.world import Deposit, Names, World

START = 1_640_995_200  # 2022-01-01T00:00:00Z, a Saturday
HOUR, DAY = 3600, 86400
A, B, C = 0, 1, 2  # venues
SPOT, PERP = 0, 1  # the default instruments
USDT, COIN = 0, 1  # assets; coin of base b is 1 + b


@dataclass(frozen=True)
class Leg:
    """An instrument: on which venue, of which base; spot, linear or (in USD, settled in the coin) inverse perpetual."""

    venue: int
    base: int = 0
    spot: bool = False
    inverse: bool = False
    expiry: int = NEVER  # seconds UTC


def spot(venue=A, base=0):
    """A spot market against USDT."""
    return Leg(venue, base, True)


def perpetual(venue=B, base=0):
    """A linear perpetual settled in USDT."""
    return Leg(venue, base, False)


def future(venue=B, base=0, expiry=NEVER, inverse=False):
    """A dated future; `expiry` in seconds UTC."""
    return Leg(venue, base, False, inverse, expiry)


def coin_perpetual(venue=A, base=0):
    """An inverse perpetual, in USD and settled in the coin; its position is in USD."""
    return Leg(venue, base, False, True)


@dataclass(frozen=True)
class Freeze:
    """Withdrawals of `venue` stop from the open of bar `first` to the open of bar `last` (None: for good)."""

    venue: int
    first: int
    last: int | None = None
    voids: bool = False


@dataclass(frozen=True)
class Failure:
    """`venue` stops for good at the open of bar `first`; `recovery` of the claim is paid at bar `paid` (None: never)."""

    venue: int
    first: int
    recovery: float = 0.0
    paid: int | None = None


@dataclass(frozen=True)
class Happening:
    """What a venue does at the open of bar `first`: an overlay kind (DELEVERAGE, CLAW, ...) with its one or two sizes."""

    kind: int
    who: int
    first: int
    size: float = 0.0
    more: float = 0.0


def world(
    legs=(Leg(A, 0, True), Leg(B, 0, False)), bars=24, seconds=HOUR, start=START, price=100.0, prices=None, marks=None,
    index=None, missing=(), funding=None, usd=None, level=None, gap=None, events=(), pairs=((0, 1),), leverage=3.0,
    band=(2.0, 4.5), tiers=((0.0, 0.01, 0.02),), cap=1e12, exchange_leverage=np.inf, fee=0.0, maker=None, spread=0.0,
    liquidation_fee=0.0, deposits=None, delay=HOUR, transfer_fee=0.0, transfer_minimum=0.0, decide=None, params=None,
    carried=0.0, rate=None, row=None, counted=None, delivery_fee=0.0, window=0,
    at_entry=False, accounts=None, isolated=(), lends=None, more=None, premium=np.nan, echo=None,
):  # fmt: skip
    """A World by hand.

    prices, marks: {leg: price list}; index: {base: price list}; missing: {(bar, leg)}, shown flat at the last close.
    funding: {leg: {hours since start: rate, or (rate, price)}}; the price is the mark's open in the stamp's bar.
    premium: mean premium behind every rate; echo: {leg: [bars] gap that its funding follows}.
    usd: [bars] USD price of USDT. level: [bars] or [bars, bases]; gap: {leg: [bars]}; events: Freezes and
    Failures. rate: {leg: [bars] funding rate instead, NaN: as recorded}; row: [bars] the history row each bar replays.
    counted: {venue: share of a coin that counts as margin, or ((from units, share), ...)}.
    accounts: {leg: its sub-account, from the number of venues up}; isolated: legs whose account is theirs alone;
    lends: {venue: (initial, maintenance margin of borrowed coins)}; more: fields of Rules as they are.
    tiers: ((floor, mmr, imr), ...) of every perpetual. deposits: {venue: USDT}, default 1,000 each; delay in seconds.
    """
    venues, bases = 1 + max(leg.venue for leg in legs), 1 + max(leg.base for leg in legs)
    panel = make_panel(legs, bars, seconds, start, price, prices or {}, marks or {}, index or {}, missing, funding, usd, premium)
    rules = make_rules(
        legs, venues, bases, seconds, pairs, leverage, band, tiers, cap, exchange_leverage, fee,
        fee if maker is None else maker, spread, liquidation_fee, delay, transfer_fee, transfer_minimum, carried,
        counted or {}, delivery_fee, window, at_entry, accounts or {}, isolated, lends or {}, more or {},
    )  # fmt: skip
    venue_names, base_names = tuple("abcdefgh"[:venues]), tuple(f"X{b}" for b in range(bases))
    names = Names(
        venue_names,
        tuple((venue_names[g.venue], symbol_of(g, base_names[g.base])) for g in legs),
        tuple(f"pair{p}" for p in range(len(pairs))), base_names, ("USDT", *base_names, "USD"),
    )  # fmt: skip
    given = {v: 1000.0 for v in range(venues)} if deposits is None else deposits
    nothing = np.zeros(1, [("nothing", "f8")])
    world = World(
        panel, make_overlay(panel, bases, level, gap or {}, rate or {}, row, events, echo or {}), rules, names,
        tuple(Deposit(v, USDT, amount, USDT, 0.0) for v, amount in given.items()), decide,
        nothing[0] if params is None else params, nothing.view(np.recarray),
    )  # fmt: skip
    for part in (world.panel, world.overlay, world.rules):
        for block in part:
            if isinstance(block, np.ndarray):
                block.flags.writeable = False
    return world


def symbol_of(leg, base):
    """How ccxt calls it."""
    return f"{base}/USD:{base}" if leg.inverse else f"{base}/USDT" + ("" if leg.spot else ":USDT")


def bars_of(entries, bars, first=100.0):
    """[bars, 4] OHLC of a price list; the last close is held."""
    block, last = np.empty((bars, 4)), first
    for t in range(bars):
        entry = entries[t] if t < len(entries) else last
        block[t] = entry
        last = block[t, 3]
    return block


def make_panel(legs, bars, seconds, start, price, prices, marks, index, missing, funding, usd, premium):
    """History from price lists."""
    time = np.arange(bars, dtype=np.int64) * seconds + start
    block = np.empty((FIELDS, bars, len(legs)))
    fresh = np.ones((bars, len(legs)), np.bool_)
    for i in range(len(legs)):
        trade = bars_of(prices.get(i, [price]), bars)
        for t in sorted(t for t, j in missing if j == i):
            fresh[t, i] = False
            trade[t] = trade[t - 1, 3]
        block[0:4, :, i] = trade.T
        block[4:8, :, i] = bars_of(marks[i], bars).T if i in marks else trade.T
        block[8, :, i] = np.where(fresh[:, i], 1000.0, 0.0)
    bases = 1 + max(leg.base for leg in legs)
    of_base = [next(i for i, leg in enumerate(legs) if leg.base == b) for b in range(bases)]
    shown = np.empty((4, bars, bases))
    for b, i in enumerate(of_base):
        shown[:, :, b] = bars_of(index[b], bars).T if b in index else block[0:4, :, i]
    worth = np.column_stack([np.ones(bars) if usd is None else usd, shown[0], np.ones(bars)])
    stamps = []
    for i, rates in (funding or {}).items():
        for hours, rate in rates.items():
            t = int(hours * HOUR // seconds)
            rate, at = rate if isinstance(rate, tuple) else (rate, block[4, t, i])
            stamps.append((t, start + int(hours * HOUR), i, rate, at))
    stamps.sort()
    row, when, who, rate, at = (np.array(x) for x in zip(*stamps)) if stamps else (np.zeros(0),) * 5
    row, when, who = row.astype(np.int64), when.astype(np.int64), who.astype(np.int64)
    first = np.searchsorted(row, np.arange(bars + 1)).astype(np.int64)
    return Panel(
        time, np.ascontiguousarray(block.transpose(1, 0, 2)), fresh, np.ascontiguousarray(shown.transpose(1, 0, 2)),
        np.ascontiguousarray(worth), first, who, rate.astype(float), at.astype(float),
        when == time[row], when, np.full(row.size, premium, float), np.full(row.size, 8.0),
        np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, TERMS)),
    )  # fmt: skip


def make_overlay(panel, bases, level, gap, rate, row, events, echo):
    """What one path does to history, as steps; in a bar: prices and rates, ends, what venues take, freezes,
    failures, each as given."""
    bars = panel.fresh.shape[0] if row is None else len(row)
    levels = np.ones((bars, bases)) if level is None else np.broadcast_to(np.asarray(level, float).T, (bases, bars)).T
    lasting = [(LEVEL, b, levels[:, b], 1.0) for b in range(bases)]
    lasting += [(GAP, i, np.broadcast_to(values, bars), 0.0) for i, values in gap.items()]
    lasting += [(ECHO, i, np.broadcast_to(values, bars), 0.0) for i, values in echo.items()]
    lasting += [(RATE, i, np.broadcast_to(values, bars), np.nan) for i, values in rate.items()]
    sparse = []
    for kind, who, values, before in lasting:
        for t in range(bars):
            if not (values[t] == before or (np.isnan(values[t]) and np.isnan(before))):
                sparse.append((t, 0, len(sparse), kind, who, values[t], 0.0))
            before = values[t]
    for e in events:
        if isinstance(e, Failure):
            sparse.append((e.first, 4, len(sparse), DEFAULT, e.venue, e.recovery, 0.0))
            if e.paid is not None:
                sparse.append((e.paid, 1, len(sparse), RECOVERY, e.venue, 0.0, 0.0))
            continue
        if isinstance(e, Happening):
            rank = {REDEEM: 1, RESIDUAL: 0}.get(e.kind, 2)
            sparse.append((e.first, rank, len(sparse), e.kind, e.who, e.size, e.more))
            continue
        sparse.append((e.first, 3, len(sparse), FREEZE_VOIDED if e.voids else FREEZE_HELD, e.venue, 0.0, 0.0))
        if e.last is not None:
            sparse.append((e.last, 1, len(sparse), THAW, e.venue, 0.0, 0.0))
    sparse = [(t, kind, who, size, more) for t, _, _, kind, who, size, more in sorted(sparse) if t < bars]
    table = np.array([each[:3] for each in sparse], np.int64).reshape(-1, 3)
    return Overlay(
        np.arange(bars, dtype=np.int64) if row is None else np.asarray(row, np.int64),
        *(np.ascontiguousarray(column) for column in table.T), np.array([each[3] for each in sparse], float),
        np.array([each[4] for each in sparse], float),
    )  # fmt: skip


def make_rules(
    legs, venues, bases, seconds, pairs, leverage, band, tiers, cap, exchange_leverage, fee, maker, spread,
    liquidation_fee, delay, transfer_fee, transfer_minimum, carried, counted, delivery_fee, window, at_entry,
    accounts, isolated, lends, more,
):  # fmt: skip
    """One unified wallet a venue, sub-accounts as told; the same tiers and fees for every instrument."""
    n, count, ones = np.int64, len(legs), np.ones(len(legs))
    venue, base = np.array([leg.venue for leg in legs], n), np.array([leg.base for leg in legs], n)
    is_spot = np.array([leg.spot for leg in legs], np.bool_)
    wallet, wallets = venue.copy(), venues + len(set(accounts.values()))
    wallet_venue = np.arange(wallets)
    for i, w in accounts.items():
        wallet[i], wallet_venue[w] = w, venue[i]
    members = [[i for i in range(count) if wallet[i] == w and not legs[i].spot] for w in range(wallets)]
    member = np.full((wallets, max(1, *map(len, members))), -1, n)
    spot_of = np.full((wallets, 2 + bases), -1, n)
    for w, inside in enumerate(members):
        member[w, : len(inside)] = inside
    for i in reversed(range(count)):
        if is_spot[i]:
            spot_of[wallet_venue == venue[i], 1 + base[i]] = i
    lent = np.zeros((venues, 2 + bases), np.bool_)
    for v, (initial, maintenance) in lends.items():
        lent[v, 1 : 1 + bases] = True
        more = {"loan_initial": np.where(lent[:, 1], initial, 0.0), "loan_maintenance": np.where(lent[:, 1], maintenance, 0.0)} | more
    floor, mmr, imr = (np.tile(column, (count, 1)) for column in np.array(tiers, float).T)
    cum = np.array([maintenance_amounts(floor[i], mmr[i]) for i in range(count)])
    asset_base = np.append(np.arange(-1, bases), -1)
    long, short = (np.array([pair[side] for pair in pairs], n) for side in (0, 1))
    pair_of, leg_of = np.full(count, -1, n), np.zeros(count, n)
    for p in reversed(range(len(pairs))):
        pair_of[[long[p], short[p]]], leg_of[short[p]], leg_of[long[p]] = p, 1, 0
    each, held = np.ones(len(pairs)), max(1, len(pairs))
    inverse = np.array([leg.inverse for leg in legs], np.bool_)
    width = max((len(share) for share in counted.values() if isinstance(share, tuple)), default=1)
    shares, brackets = np.zeros((wallets, 2 + bases, width)), np.full((wallets, 2 + bases, width), np.inf)
    brackets[:, :, 0] = 0.0
    for v, share in counted.items():
        for h, (begins, part) in enumerate(share if isinstance(share, tuple) else ((0.0, share),)):
            shares[v, 1 : 1 + bases, h], brackets[v, 1 : 1 + bases, h] = part, begins
    settle = np.zeros(wallets, n)
    for i, w in accounts.items():
        settle[w] = 1 + base[i] if inverse[i] else 0
        if inverse[i]:
            shares[w, 1 + base[i], 0] = 1.0
    classic = wallet_venue[[w for i, w in accounts.items() if i not in isolated]]
    backed = [is_spot[g] and inverse[s] and venue[g] == venue[s] and base[g] == base[s] for g, s in zip(long, short)]
    margined = np.array([not is_spot[g] for g in long])
    more = {"long_leverage": np.where(margined, leverage, 0.0), "long_band_high": np.where(margined, band[1], 0.0)} | more
    return Rules(**ordinary(count, wallets, venues, 2 + bases, len(pairs)) | dict(
        venue=venue, wallet=wallet, isolated=np.isin(np.arange(count), isolated), lends=lent,
        credit=(np.arange(wallets) < venues) & ~np.isin(np.arange(wallets), classic),
        base=base, coin=1 + base, quote=np.where(inverse, 1 + bases, 0),
        pays=np.where(inverse, 1 + base, 0), spot=is_spot, inverse=inverse, taker=ones * fee, maker=ones * maker,
        half_spread=ones * spread, liquidation_fee=ones * liquidation_fee, delivery_fee=ones * delivery_fee,
        expiry=np.array([leg.expiry for leg in legs], n), window=np.full(count, window, n),
        first_expiry=min(leg.expiry for leg in legs), floor=floor, mmr=mmr, at_entry=np.full(count, at_entry), cum=cum,
        imr=np.maximum(imr, 1.0 / exchange_leverage), cap=ones * cap, member=member,
        wallet_venue=wallet_venue, cash=asset_base < 0, asset_base=asset_base, counted=shares, bracket=brackets,
        coin_margin=shares.any(axis=(1, 2)) | np.append(lent.any(axis=1), np.zeros(wallets - venues, np.bool_)),
        spot_of=spot_of, settle=settle, delay=np.full(venues, delay, n),
        transfer_fee=np.full((venues, 2 + bases), float(transfer_fee)),
        transfer_minimum=np.full((venues, 2 + bases), float(transfer_minimum)), long=long, short=short,
        share=each / held, leverage=each * leverage, band_low=each * band[0], band_high=each * band[1],
        backing=np.where(backed, shares[venue[long], 1 + base[long], 0], 0.0), pair_of=pair_of, leg_of=leg_of,
        carried=carried, dollar=1 + bases, venues=venues, wallets=wallets, seconds=seconds,
    ) | (more or {}))  # fmt: skip


class Desk:
    """A running path, asked in words. Orders and withdrawals given before `step` belong to the bar it runs."""

    def __init__(self, world, compile=False, room=2048):
        self.world, self.t = world, -1
        self.machine = Machine(world, compile, room)
        self.book, self.rules = self.machine.book, world.rules

    def order(self, leg, quantity, price=0.0, inside=False, bound=0.0):
        """Signed base units: at the open, or matched inside the bar at `price`; `bound` makes it a limit order."""
        queue_order(self.book, leg, quantity, price, inside, bound, -1, 0, 0, 0)

    def withdraw(self, source, target, amount):
        """A withdrawal decided at the last close."""
        queue_move(source, target, amount, self.book)

    def step(self, bars=1):
        """Run the next bars; a core error fails the test. Returns the desk."""
        for _ in range(bars):
            self.t += 1
            self.machine.advance(self.t)
            self.machine.drain()
            assert self.book.count[ERROR] == 0, f"core stopped in bar {self.t} with code {self.book.count[ERROR]}"
        return self

    def wallet(self, venue, asset=USDT):
        """Balance of a venue's wallet."""
        return float(self.book.balance[venue, asset])

    def in_transit(self, venue):
        """USDT that left a venue and has not arrived."""
        return float(self.book.balance[in_transit(venue, self.rules), USDT])

    def debt(self, venue):
        """USDT owed to a venue, positive."""
        return -float(self.book.balance[loan(venue, self.rules), USDT])

    def fund_paid(self, venue):
        """USDT that a venue's insurance fund has paid."""
        return -float(self.book.balance[insurance(venue, self.rules), USDT])

    def position(self, leg):
        """Signed base units: the coin held for a spot market, the position of a perpetual."""
        if self.rules.spot[leg]:
            return float(self.book.balance[self.rules.wallet[leg], self.rules.coin[leg]])
        return float(self.book.position[leg])

    @property
    def marked(self):
        """Marked equity at the last close, USD."""
        return float(self.book.equity[self.t, 0])

    @property
    def accessible(self):
        """Accessible equity at the last close, USD."""
        return float(self.book.equity[self.t, 1])

    def line(self, kind, slot=None):
        """USD of a line of the attribution so far (open positions at the close), of one slot or in total."""
        row = self.machine.attribution(self.t)[kind]
        return float(row.sum() if slot is None else row[slot])

    def postings(self, kind):
        """[(hours since start, signed amount: positive came to us or, among our own accounts, moved)] of a kind."""
        found = []
        for rows, amounts in self.machine.postings:
            for row, amount in zip(rows, amounts):
                if row[J_KIND] == kind:
                    gave = ours(row[J_SOURCE], self.rules) and not ours(row[J_TARGET], self.rules)
                    hours = (int(row[J_TIME]) - int(self.world.panel.time[0])) / HOUR
                    found.append((hours, -float(amount) if gave else float(amount)))
        return found

    def tickets(self):
        """[(slot, outcome name, quantity, price, fee, half-spread)] of every order and refused withdrawal."""
        return [
            (int(row[T_INSTRUMENT]), OUTCOME_NAMES[row[T_OUTCOME]], *map(float, number[[T_QUANTITY, T_PRICE]]),
             *map(float, number[[T_FEE, T_SPREAD]]))
            for rows, numbers in self.machine.tickets for row, number in zip(rows, numbers)
        ]  # fmt: skip

    def outcomes(self):
        """Outcome names in order."""
        return [ticket[1] for ticket in self.tickets()]

    def replayed(self):
        """Every balance rebuilt from the journal alone: [accounts, assets]."""
        balance = np.zeros_like(self.book.balance)
        for rows, amounts in self.machine.postings:
            for row, amount in zip(rows, amounts):
                balance[row[J_SOURCE], row[J_ASSET]] -= amount
                balance[row[J_TARGET], row[J_ASSET]] += amount
        return balance

    def say(self):
        """The journal in words, for a failing test."""
        return "\n".join(
            f"{KIND_NAMES[row[J_KIND]]:>12} {row[J_SOURCE]}->{row[J_TARGET]} {amount}"
            for rows, amounts in self.machine.postings for row, amount in zip(rows, amounts)
        )  # fmt: skip
