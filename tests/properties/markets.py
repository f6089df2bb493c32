"""Random markets and random behaviour, from one seed: what the properties and the differential tests are fed.

Knows how to make a world that is busy: wide bars, missing ones, funding of both signs, freezes, a price level that
moves, a gap, tiers that bite, thin deposits. Two spot markets of a coin never share a wallet.
"""

import dataclasses
from pathlib import Path

import numpy as np

from basisbt.core.tape import (
    CLAW, CUT, DELEVERAGE, DRAIN, ECHO, FACTOR, GAP, LEVEL, RATE, REDEEM, RESIDUAL, SINCE, SWITCH,
)  # fmt: skip
from basisbt.engines.regimes import with_later
from basisbt.engines.world import shown_changes
from basisbt.events import (
    CircuitBreaker, Depeg, ExpiryVolatility, ForcedSettlement, Liquidity, Outage, PriceLimit, Squeeze, VenueClosure,
    make_overlay,
)  # fmt: skip
from basisbt.events.effects import RANK
from basisbt.strategy.loader import import_file
from tests.support.worlds import DAY, HOUR, START, Failure, Freeze, Happening, Leg, world

STRATEGIES = Path(__file__).resolve().parents[2] / "strategies"
STEEP = ((0.0, 0.005, 0.01), (20_000.0, 0.01, 0.025), (60_000.0, 0.05, 0.10))
FLAT = ((0.0, 0.01, 0.02),)


def strategy(name, **changes):
    """(decide, Params) of a packaged strategy; `changes` replace defaults."""
    module = import_file(STRATEGIES / f"{name}.py")  # as a config does, so that compiled code is shared
    return module.decide, dataclasses.replace(module.Params(), **changes)


def random_legs(rng, venues, pairs):
    """(legs, pairs): every pair long a spot (or another venue's perpetual), short a perpetual of the same base."""
    legs, found = [], []

    def number(leg):
        if leg not in legs:
            legs.append(leg)
        return legs.index(leg)

    for _ in range(pairs):
        base = int(rng.integers(0, 1 + max((leg.base for leg in legs), default=-1) + 1)) if legs else 0
        here, there = (int(v) for v in rng.integers(0, venues, 2))
        on_spot = bool(here == there or rng.random() < 0.8)
        pair = (number(Leg(here, base, on_spot)), number(Leg(there, base, False)))
        if pair not in found:
            found.append(pair)
    used = sorted({leg.venue for leg in legs})
    legs = [Leg(used.index(leg.venue), leg.base, leg.spot) for leg in legs]
    return tuple(legs), tuple(found)


def with_coins(rng, legs, pairs):
    """(legs, pairs, {venue: share}): some spot markets get an inverse perpetual beside them, some coins are margin."""
    legs, pairs, counted = list(legs), list(pairs), {}
    for i, g in enumerate(tuple(legs)):
        if g.spot and rng.random() < 0.4:
            legs.append(Leg(g.venue, g.base, False, True))
            pairs.append((i, len(legs) - 1))
            counted[g.venue] = (1.0, 0.9, ((0.0, 0.95), (100.0, 0.5)))[int(rng.integers(0, 3))]
    return tuple(legs), tuple(pairs), counted


def with_expiries(rng, legs, span):
    """The legs with some perpetuals made into futures that expire within `span` seconds, or a little after."""
    return tuple(
        dataclasses.replace(g, expiry=START + int(rng.uniform(0.2, 1.2) * span)) if rng.random() < chance else g
        for g, chance in ((g, 0.0 if g.spot else 0.25) for g in legs)
    )  # fmt: skip


def with_extras(rng, legs, pairs, seconds):
    """(pairs, keywords of `world`): sub-accounts, lenders, lots, impact, funds and limits, each now and then."""
    venues, pairs = 1 + max(g.venue for g in legs), list(pairs)
    accounts, isolated, lends = {}, [], {}
    subs: dict = {}
    for v in range(venues):
        classic, lender = rng.random() < 0.25, rng.random() < 0.3
        for i, g in enumerate(legs):
            if g.venue == v and not g.spot:
                alone = rng.random() < 0.2
                if alone:
                    isolated.append(i)
                if alone or classic:
                    accounts[i] = subs.setdefault((v, i if alone else ("coin", g.base) if g.inverse else "linear"), venues + len(subs))
        if lender and not classic:
            lends[v] = (0.5, 0.1)
            for i, g in enumerate(legs):
                other = [k for k, h in enumerate(legs) if not h.spot and not h.inverse and h.base == g.base]
                if g.venue == v and g.spot and other and rng.random() < 0.5:
                    pairs.append((int(rng.choice(other)), i))
    count, coins = len(legs), 2 + 1 + max(g.base for g in legs)
    some = lambda chance, value, usual: np.where(rng.random(count) < chance, value, usual)  # noqa: E731
    interest = np.where(rng.random((venues, coins)) < 0.5, 2e-5, 0.0) * (rng.random() < 0.5)
    more = dict(
        lot=some(0.3, 0.5, 0.0) * np.where([g.inverse for g in legs], 100.0, 1.0), minimum=some(0.2, 200.0, 0.0),
        funding_interest=np.full(count, 1e-4), funding_damper=some(0.5, 5e-4, 0.0),
        funding_divided=rng.random(count) < 0.5, funding_cap=np.full(count, 0.02), funding_floor=np.full(count, -0.02),
        closing=some(0.2, 5e-4, 0.0), impact=some(0.3, 0.8, 0.0), impact_bars=np.full(count, 12), impact_power=some(0.5, 0.6, 0.5),
        volume_share=some(0.3, 0.1, np.inf), fee_in_base=np.array([g.spot for g in legs]) & (rng.random(count) < 0.3),
        slope=np.where([g.inverse for g in legs], some(0.3, 1e-5, 0.0), 0.0), interest=interest,
        charges_interest=bool(interest.any()), interest_opening=np.full(venues, float(rng.integers(0, 2))),
        interest_period=np.full(venues, int(rng.choice([HOUR, 4 * HOUR]))), forfeits=rng.random(venues) < 0.3,
        partial=rng.random(venues) < 0.3, fund=np.where(rng.random(venues) < 0.3, 500.0, np.inf),
        most_custody=float(rng.choice([np.inf, 0.7])), most_leverage=float(rng.choice([np.inf, np.inf, 3.0])),
    )  # fmt: skip
    return tuple(pairs), dict(accounts=accounts, isolated=tuple(isolated), lends=lends, more=more)


def walk(rng, bars, volatility):
    """[bars] a positive price path."""
    return 100.0 * np.exp(np.cumsum(rng.normal(0.0, volatility, bars)))


def bars_round(rng, path, noise, wick):
    """Price list of (open, high, low, close) around a path of closes; opens gap a little."""
    close = path * (1.0 + rng.normal(0.0, noise, path.size))
    start = np.concatenate([[path[0]], close[:-1]]) * (1.0 + rng.normal(0.0, noise, path.size))
    reach = np.abs(rng.normal(0.0, wick, (2, path.size)))
    high, low = np.maximum(start, close) * (1.0 + reach[0]), np.minimum(start, close) * (1.0 - reach[1])
    return [tuple(map(float, bar)) for bar in zip(start, high, low, close)]


def random_freezes(rng, venues, bars):
    """Freezes of random venues, some overlapping, some that never end, some that void what is pending."""
    found = []
    for _ in range(int(rng.integers(0, 4))):
        first = int(rng.integers(0, bars))
        last = first + int(rng.integers(1, max(2, bars // 3)))
        found.append(Freeze(int(rng.integers(0, venues)), first, last if last < bars else None, rng.random() < 0.5))
    return tuple(found)


def random_troubles(rng, legs, venues, bars):
    """Defaults paid or not, claims carried or not, funding that flips, and a market resampled in blocks."""
    failures = []
    for v in range(venues):
        if rng.random() < 0.2:
            first = int(rng.integers(0, bars))
            paid = first + int(rng.integers(1, bars))
            failures.append(Failure(v, first, float(rng.uniform(0.0, 1.0)), paid if paid < bars else None))
    more = {"events": tuple(failures), "carried": float(rng.choice([0.0, 0.4]))}
    if rng.random() < 0.3:
        onset, leg = int(rng.integers(0, bars)), int(rng.choice([i for i, g in enumerate(legs) if not g.spot]))
        more["rate"] = {leg: np.where(np.arange(bars) // 10 == onset // 10, float(rng.normal(0.0, 0.01)), np.nan)}
    if rng.random() < 0.3:
        starts = rng.integers(0, bars, bars // 15 + 1)
        more["row"] = np.concatenate([(start + np.arange(15)) % bars for start in starts])[:bars]
    return more


def random_takings(rng, legs, venues, bars):
    """What venues take now and then: positions, profits of a while, a share of all balances that some pay back."""
    found = []
    for _ in range(int(rng.integers(0, 4))):
        first, v = int(rng.integers(0, bars)), int(rng.integers(0, venues))
        derivatives = [i for i, g in enumerate(legs) if not g.spot]
        kind = int(rng.choice([DELEVERAGE, DRAIN, CLAW, CUT, RESIDUAL]))
        if kind == RESIDUAL:
            found.append(Happening(kind, int(rng.choice(derivatives)), first, float(rng.normal(0.0, 0.02))))
            continue
        if kind == DELEVERAGE:
            size, more = float(rng.choice([0.3, 1.0])), float(rng.choice([0.0, 0.01]))
            found.append(Happening(kind, int(rng.choice(derivatives)), first, size, more))
        elif kind == DRAIN:
            found.append(Happening(kind, v, first, float(rng.uniform(0.0, 5e4)), float(rng.uniform(0.1, 1.0))))
        elif kind == CLAW:
            found += [Happening(SINCE, v, int(rng.integers(0, first + 1))), Happening(CLAW, v, first, float(rng.uniform(0.05, 0.5)))]
        else:
            found.append(Happening(kind, v, first, float(rng.uniform(0.05, 0.6)), float(rng.choice([0.0, 0.5, 1.0]))))
            found.append(Happening(REDEEM, v, first + int(rng.integers(1, bars))))
    return tuple(found)


def with_trading_events(rng, w):
    """The world with outages, thin books, depegs, limits, halts and early settlements now and then."""
    start, seconds, bars = int(w.panel.time[0]), w.rules.seconds, w.bars
    assets, derivatives = w.rules.cash.size, np.flatnonzero(~w.rules.spot).tolist()
    found = []
    for _ in range(int(rng.integers(0, 4))):
        first = start + int(rng.integers(0, bars)) * seconds
        end = None if rng.random() < 0.2 else first + int(rng.integers(1, bars)) * seconds
        v, i = int(rng.integers(0, w.rules.venues)), int(rng.integers(0, w.rules.venue.size))
        there, half_life = tuple(np.flatnonzero(w.rules.venue == v).tolist()), int(rng.integers(1, 20)) * seconds
        yes = [bool(x) for x in rng.random(4) < 0.5]
        found.append([
            Outage("o", v, first, end, there, yes[0], yes[1], yes[2], yes[3]),
            Liquidity("l", first, end, (i,), float(rng.uniform(1, 20)), float(rng.uniform(0.05, 1)), half_life),
            Depeg("d", 0, first, float(rng.uniform(0.7, 1.0)), end, half_life if yes[0] else None),
            Depeg("d", 0, first, float(rng.uniform(0.3, 1.0)), end, None, v * assets),
            PriceLimit("p", first, end, (i,), yes[0]),
            CircuitBreaker("c", first, end, (i,), float(rng.uniform(0.005, 0.05)), half_life),
            ExpiryVolatility("e", first, end, (i,), float(rng.uniform(0.0, 0.1)), 2.0),
            ForcedSettlement("s", first, (int(rng.choice(derivatives)),), gap=float(rng.normal(0, 0.05)), delists=yes[0]),
            VenueClosure("v", v, first, first + half_life, there, tuple(k for k in there if k in derivatives)),
            Squeeze("q", int(w.rules.base[i]), first, float(rng.uniform(-0.2, 0.4)), half_life, 0, tuple(derivatives), 0.02),
        ][int(rng.integers(0, 10))])  # fmt: skip
    if not found:
        return w
    more, old = make_overlay(found, w.time, seconds, w.overlay.row), w.overlay
    keep = ~((more.event_kind == LEVEL) | (more.event_kind == GAP))  # the world has its own of these
    columns = [np.concatenate([getattr(old, n), getattr(more, n)[keep]]) for n in EVENT]
    rank = np.where(np.isin(columns[1], (LEVEL, GAP, ECHO, RATE, RESIDUAL, FACTOR)), 0, RANK[columns[1]])
    rank = np.where((columns[1] == SWITCH) & (columns[3] < 0.0), 1, rank)
    order = np.lexsort((np.arange(rank.size), rank, columns[0]))
    return w.without(overlay=old._replace(**{n: np.ascontiguousarray(c[order]) for n, c in zip(EVENT, columns)}))


EVENT = ("event_bar", "event_kind", "event_who", "event_size", "event_more")


def with_rolls(rng, w):
    """The world with a derivative that now and then moves on to another contract, at once or in two halves."""
    derivatives = np.flatnonzero(~w.rules.spot)
    if rng.random() > 0.3:
        return w
    i, row = int(rng.choice(derivatives)), int(rng.integers(1, w.panel.time.size - 1))
    now = w.panel.prices[row : row + 2, 0, i]
    old = now * (1.0 + rng.normal(0.0, 0.01, 2))
    if rng.random() < 0.5:
        rows, terms = [row], [[old[0], 1.0, 1.0, old[0], now[0]]]
    else:
        rows, terms = [row, row + 1], [[old[0], 0.5, 1.0, old[0], now[0]], [old[1], 0.5, 0.5, old[1], now[1]]]
    panel = w.panel._replace(roll_row=np.array(rows), roll_instrument=np.full(len(rows), i), roll_terms=np.array(terms))
    for block in panel:
        block.flags.writeable = False
    return w.without(panel=panel, rules=w.rules._replace(rolls=True))


def changing(seed, w):
    """The world with tiers, fees and spreads that change at two of its bars."""
    rng, later = np.random.default_rng([seed, 90]), []
    more = np.full((w.rules.floor.shape[0], 1), np.inf)
    for bar in sorted(rng.integers(1, w.bars, 2).tolist()):
        grow = float(rng.uniform(1.0, 5.0))
        rules = {n: np.concatenate([getattr(w.rules, n) * grow, 0.0 * np.isinf(more)], axis=1) for n in ("mmr", "cum", "imr")}
        rules |= {n: getattr(w.rules, n) + 1e-4 for n in ("taker", "half_spread")}
        later.append((bar, w.rules._replace(floor=np.concatenate([w.rules.floor, more], axis=1), **rules)))
    return with_later(w, later)


def random_world(
    seed, bars=60, seconds=None, decide=None, params=None, volatility=None, max_pairs=3, funding_mean=2e-4
):
    """A random, busy world; the same for the same arguments."""
    rng = np.random.default_rng([seed, 77])
    seconds = int(rng.choice([HOUR, 8 * HOUR, DAY])) if seconds is None else seconds
    legs, pairs = random_legs(rng, int(rng.integers(1, 4)), int(rng.integers(1, max_pairs + 1)))
    legs, pairs, counted = with_coins(np.random.default_rng([seed, 79]), legs, pairs)
    dates = np.random.default_rng([seed, 80])
    legs = with_expiries(dates, legs, bars * seconds)
    pairs, extras = with_extras(np.random.default_rng([seed, 81]), legs, pairs, seconds)
    venues, bases = 1 + max(g.venue for g in legs), 1 + max(g.base for g in legs)
    volatility = float(rng.choice([0.003, 0.01, 0.03])) if volatility is None else volatility
    paths = [walk(rng, bars, volatility) for _ in range(bases)]
    prices = {i: bars_round(rng, paths[g.base], 0.002, volatility) for i, g in enumerate(legs)}
    marks = {i: bars_round(rng, paths[g.base], 0.001, volatility) for i, g in enumerate(legs) if not g.spot}
    index = {b: bars_round(rng, paths[b], 0.0, volatility) for b in range(bases)}
    hours = bars * seconds // HOUR
    wild = 4e-4 if rng.random() < 0.6 else 0.1  # often funding that a bare wallet cannot pay at once
    funding = {
        i: {h: float(rng.normal(funding_mean, wild)) for h in range(0, hours, 8)}
        for i, g in enumerate(legs) if not g.spot
    }  # fmt: skip
    level, gap = None, {}
    if rng.random() < 0.4:
        onset = int(rng.integers(0, bars))
        way = np.clip((np.arange(bars) - onset) / float(rng.integers(1, 20)), 0.0, 1.0)
        level = np.ones((bars, bases))
        level[:, int(rng.integers(0, bases))] += rng.uniform(-0.3, 0.5) * way
    if rng.random() < 0.3:
        onset, age = int(rng.integers(0, bars)), np.arange(bars)
        size = rng.uniform(-0.1, 0.1) * np.exp2(-np.maximum(age - onset, 0) / 10.0)
        gap = {int(rng.choice([i for i, g in enumerate(legs) if not g.spot])): np.where(age >= onset, size, 0.0)}
    echo = {i: values for i, values in gap.items() if dates.random() < 0.5}
    more = random_troubles(np.random.default_rng([seed, 78]), legs, venues, bars)
    events = random_freezes(rng, venues, bars) + more.pop("events")
    events += random_takings(np.random.default_rng([seed, 82]), legs, venues, bars)
    made = with_rolls(np.random.default_rng([seed, 83]), world(
        legs=legs, bars=bars, seconds=seconds, prices=prices, marks=marks, index=index, funding=funding, level=level,
        gap=gap, echo=echo, premium=float(dates.choice([np.nan, 2e-4])), pairs=pairs, events=events, decide=decide, params=params, counted=counted, **more, **extras,
        at_entry=bool(dates.random() < 0.2), delivery_fee=float(dates.choice([0.0, 5e-4])), window=int(dates.choice([0, 1800, 3 * seconds])),
        missing={(int(rng.integers(1, bars)), int(rng.integers(0, len(legs)))) for _ in range(bars // 12)},
        leverage=float(rng.uniform(2.0, 8.0)), band=(1.5, float(rng.uniform(3.0, 10.0))),
        tiers=STEEP if rng.random() < 0.5 else FLAT, cap=float(rng.choice([80_000.0, 1e12])),
        fee=float(rng.choice([0.0, 5e-4])), maker=2e-4, spread=float(rng.choice([0.0, 1e-4])),
        liquidation_fee=float(rng.choice([0.0, 0.0125])),
        deposits={v: float(rng.uniform(5_000.0, 60_000.0)) for v in range(venues)},
        delay=int(rng.integers(0, 4)) * seconds // 2, transfer_fee=float(rng.choice([0.0, 1.0])),
        transfer_minimum=float(rng.choice([0.0, 50.0])),
    ))  # fmt: skip
    return with_trading_events(np.random.default_rng([seed, 84]), made)


def shown_bar(w, t, i):
    """(open, high, low, close) of instrument i in bar t as the path will show it."""
    level, gap = shown_changes(w.overlay, w.panel.index.shape[2], w.rules.venue.size)
    return w.panel.prices[w.overlay.row[t], 0:4, i] * level[t, w.rules.base[i]] * (1.0 + gap[t, i])


def act(desk, rng, t):
    """Give random orders, market and inside the bar, and random withdrawals for bar t, affordable or not."""
    w, rules = desk.world, desk.rules
    count = rules.venue.size
    for _ in range(int(rng.integers(0, 5))):
        i = int(rng.integers(0, count))
        start, high, low, _ = shown_bar(w, t, i)
        quantity = float(rng.normal(0.0, 1.0) * rng.choice([5_000.0, 50_000.0, 400_000.0])) / start
        if rules.inverse[i]:
            quantity *= start
        if rng.random() < 0.4:
            quantity = -desk.position(i)
        if quantity == 0.0:
            continue
        if rng.random() < 0.5:
            price = float(rng.uniform(low, high))
            desk.order(i, quantity, price, inside=True, bound=price if rng.random() < 0.5 else 0.0)
        else:
            desk.order(i, quantity)
    accounts = rules.wallets
    if accounts > 1 and rng.random() < 0.5:
        source = int(rng.integers(0, accounts))
        target = (source + int(rng.integers(1, accounts))) % accounts
        much = rng.uniform(0.0, 1.2) * max(1.0, desk.book.balance[source, rules.settle[source]])
        desk.withdraw(source, target, float(rng.choice([0.5, 30.0, much, desk.book.free[rules.wallet_venue[source]]])))
