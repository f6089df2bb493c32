"""From a resolved config to a world: numbers for names, arrays for specs.

Knows the specs (config), the panel (market), events and strategies. The one place where they meet; it decides
nothing about money.
"""

import numpy as np

from basisbt.core.rules import NEVER, Rules, maintenance_amounts
from basisbt.engines.world import Deposit, Names, World
from basisbt.errors import ConfigError
from basisbt.events import FundingShock, NonConvergence, PriceShock, VenueDefault, WithdrawalFreeze, make_overlay
from basisbt.market.instruments import parse_symbol
from basisbt.market.panel import PanelRequest, build_panel


def assemble(resolved, loaded) -> World:
    """The world of a resolved config and a loaded strategy. Raises ConfigError, DataError."""
    spec = resolved.spec
    instruments, names, legs = name_everything(spec)
    refuse_expired(instruments, spec.data.window[0])
    panel, notes = build_panel(
        PanelRequest(
            dir=spec.data.dir, instruments=tuple(instruments), bases=names.bases, assets=names.assets,
            start=spec.data.window[0], end=spec.data.window[1], timeframe=spec.data.timeframe,
            gap_policy=spec.data.gaps.policy, gap_max=spec.data.gaps.max, coverage=spec.data.coverage,
            index={base: tuple(place.split(":", 1)) for base, place in spec.data.index.items()},
        )
    )  # fmt: skip
    rules = make_rules(spec, instruments, names, legs)
    events = tuple(make_event(name, event, names) for name, event in spec.tail.script.items())
    overlay = make_overlay(events, panel.time, rules.seconds)
    return World(
        panel,
        overlay,
        rules,
        names,
        deposits(spec, names, rules),
        loaded.decide,
        loaded.params,
        loaded.memory,
        events,
        {"panel": notes},
    )


def refuse_expired(instruments, start) -> None:
    """Raise ConfigError for a contract that has expired before the window starts."""
    for each in instruments:
        if each.expiry is not None and each.expiry <= start:
            when = np.datetime64(each.expiry, "s")
            raise ConfigError(f"data.window: {each.title} expired at {when}Z, before the window starts")


def name_everything(spec):
    """(instruments, names, legs): instruments in the order their legs appear; legs maps pair -> (long, short)."""
    order: dict[tuple[str, str], int] = {}
    instruments, legs = [], {}
    for name, pair in spec.pairs.items():
        numbers = []
        for leg in (pair.long, pair.short):
            key = (leg.venue, leg.symbol)
            if key not in order:
                order[key] = len(order)
                instruments.append(parse_symbol(*key))
            numbers.append(order[key])
        legs[name] = tuple(numbers)
    currencies = dict.fromkeys(i.quote for i in instruments)
    bases = tuple(dict.fromkeys(i.base for i in instruments))
    if spec.capital.asset not in currencies and spec.capital.asset not in bases:
        currencies[spec.capital.asset] = None
    currencies.pop("USD", None)
    names = Names(tuple(spec.venues), tuple(order), tuple(spec.pairs), bases, (*currencies, *bases, "USD"))
    return instruments, names, legs


def tiers_of(spec, instrument):
    """Tiers of a derivative at its venue. Raises ConfigError when none are known."""
    tiers = spec.venues[instrument.venue].tiers
    found = tiers.get(instrument.symbol) or tiers.get("default")
    if not found:
        raise ConfigError(
            f"venues.{instrument.venue}.tiers: no margin tiers for {instrument.symbol}; write "
            f"`tiers: {{{instrument.symbol}: [{{floor: 0, mmr: 0.5%, max_leverage: 100}}]}}` with the venue's figures"
        )
    return found


def tier_tables(spec, instruments):
    """(floor, mmr, cum, imr) as [I, K]; floors beyond an instrument's last tier are inf, spot has one free tier."""
    all_tiers = [None if i.kind == "spot" else tiers_of(spec, i) for i in instruments]
    width = max([1] + [len(t) for t in all_tiers if t])
    shape = (len(instruments), width)
    floor, mmr, imr = np.full(shape, np.inf), np.zeros(shape), np.zeros(shape)
    floor[:, 0] = 0.0
    for i, tiers in enumerate(all_tiers):
        for k, tier in enumerate(tiers or ()):
            floor[i, k], mmr[i, k], imr[i, k] = tier.floor, tier.mmr, 1.0 / tier.max_leverage
    cum = np.array([maintenance_amounts(f, m) for f, m in zip(floor, mmr)])
    return floor, mmr, cum, imr


def last_cap(spec, instrument) -> float:
    """Notional beyond which the venue takes no order: the last tier's cap, inf where none is stated."""
    if instrument.kind == "spot":
        return np.inf
    cap = tiers_of(spec, instrument)[-1].cap
    return np.inf if cap is None else cap


def settlement_assets(spec, instruments, names) -> dict[str, str]:
    """The currency each venue is funded in: its derivatives' settlement, else its spot's quote, else the capital's."""
    out = {}
    for venue in names.venues:
        mine = [i for i in instruments if i.venue == venue and not i.inverse]
        mine.sort(key=lambda i: i.kind == "spot")
        out[venue] = mine[0].quote if mine else spec.capital.asset
    return out


def make_rules(spec, instruments, names, legs) -> Rules:
    """All static arrays of a world."""
    n, venues = len(instruments), [spec.venues[v] for v in names.venues]
    at = [spec.venues[i.venue] for i in instruments]
    spot = np.array([i.kind == "spot" for i in instruments])
    venue = np.array([names.venues.index(i.venue) for i in instruments], np.int64)
    asset = {a: k for k, a in enumerate(names.assets)}
    floor, mmr, cum, imr = tier_tables(spec, instruments)
    pairs = [(spec.pairs[name], *legs[name]) for name in names.pairs]
    settle, counted = settlement_assets(spec, instruments, names), coin_shares(venues, names)
    exchange, expiry = np.full(n, np.inf), np.array([i.expiry or NEVER for i in instruments], np.int64)
    pair_of, leg_of = np.full(n, -1, np.int64), np.zeros(n, np.int64)
    for p, (pair, *numbers) in reversed(list(enumerate(pairs))):
        for k, (i, leg) in enumerate(zip(numbers, (pair.long, pair.short))):
            pair_of[i], leg_of[i] = p, k
            if leg.exchange_leverage is not None:
                exchange[i] = leg.exchange_leverage
    rules = Rules(
        venue=venue, wallet=venue.copy(), base=np.array([names.bases.index(i.base) for i in instruments], np.int64),
        coin=np.array([asset[i.base] for i in instruments], np.int64),
        quote=np.array([asset[i.quote] for i in instruments], np.int64),
        pays=np.array([asset[i.base if i.inverse else i.quote] for i in instruments], np.int64), spot=spot,
        inverse=np.array([i.inverse for i in instruments]),
        taker=np.array([v.fees.spot_taker if s else v.fees.taker for v, s in zip(at, spot)]),
        maker=np.array([maker_fee(v.fees, s) for v, s in zip(at, spot)]),
        half_spread=np.array([v.spread.spot if s else v.spread.derivative for v, s in zip(at, spot)]),
        liquidation_fee=np.array([0.0 if s else v.fees.liquidation for v, s in zip(at, spot)]),
        delivery_fee=np.array([delivery_fee(v, i) for v, i in zip(at, instruments)]),
        expiry=expiry, first_expiry=int(expiry.min()),
        window=np.array([v.settlement_window for v in at], np.int64),
        floor=floor, mmr=mmr, cum=cum, imr=np.maximum(imr, 1.0 / exchange[:, None]),
        cap=np.array([last_cap(spec, i) for i in instruments]),
        member=members(spot, venue, len(venues)), wallet_venue=np.arange(len(venues)),
        cash=np.array([a not in names.bases for a in names.assets]),
        asset_base=np.array([names.bases.index(a) if a in names.bases else -1 for a in names.assets], np.int64),
        counted=counted, coin_margin=counted.any(axis=1), backing=backing(instruments, legs, names, counted),
        spot_of=spot_markets(spot, venue, instruments, names),
        settle=np.array([asset[settle[v]] for v in names.venues], np.int64),
        delay=np.array([v.transfer.delay for v in venues], np.int64),
        transfer_fee=by_asset(venues, names, "fees"), transfer_minimum=by_asset(venues, names, "minimum"),
        long=np.array([i for _, i, _ in pairs], np.int64), short=np.array([j for _, _, j in pairs], np.int64),
        share=np.array([pair.share for pair, _, _ in pairs]),
        leverage=np.array([pair.short.leverage for pair, _, _ in pairs], float),
        band_low=np.array([pair.short.leverage_band[0] for pair, _, _ in pairs], float),
        band_high=np.array([pair.short.leverage_band[1] for pair, _, _ in pairs], float),
        pair_of=pair_of, leg_of=leg_of, carried=carried(spec), dollar=asset["USD"], venues=len(venues),
        wallets=len(venues), seconds=int(spec.data.timeframe),
    )  # fmt: skip
    for block in rules:
        if isinstance(block, np.ndarray):
            block.flags.writeable = False
    return rules


def delivery_fee(venue, instrument) -> float:
    """The fee on settled notional, 0 for what does not expire; the config asks for it where it matters."""
    return venue.fees.delivery or 0.0 if instrument.kind == "future" else 0.0


def coin_shares(venues, names) -> np.ndarray:
    """[V, A] share of a coin's value that counts as margin at a venue, 0 where it does not."""
    return np.array([[v.collateral.get(a, 0.0) if a in names.bases else 0.0 for a in names.assets] for v in venues])


def backing(instruments, legs, names, counted) -> np.ndarray:
    """[P] share of a pair's long coins that counts as margin of its inverse short leg; 0 where the short is linear."""
    found = []
    for name in names.pairs:
        long, short = (instruments[k] for k in legs[name])
        backed = short.inverse and long.kind == "spot" and long.venue == short.venue
        found.append(counted[names.venues.index(long.venue), names.assets.index(long.base)] if backed else 0.0)
    return np.array(found)


def carried(spec) -> float:
    """What a dollar of claim counts for in marked equity: nothing, or the recovery that the sample expects."""
    if spec.claims.carry_at == "zero":
        return 0.0
    return spec.tail.sample.venue_default.recovery.mean


def maker_fee(fees, spot) -> float:
    """The maker fee where one is known, else the taker fee: a resting order is never assumed cheaper."""
    maker, taker = (fees.spot_maker, fees.spot_taker) if spot else (fees.maker, fees.taker)
    return taker if maker is None else maker


def members(spot, venue, venues) -> np.ndarray:
    """[W, M] derivatives of each wallet, -1 after the last."""
    lists = [[i for i in range(venue.size) if venue[i] == v and not spot[i]] for v in range(venues)]
    table = np.full((venues, max([1] + [len(x) for x in lists])), -1, np.int64)
    for v, mine in enumerate(lists):
        table[v, : len(mine)] = mine
    return table


def spot_markets(spot, venue, instruments, names) -> np.ndarray:
    """[W, A] the spot instrument that values a coin at a venue, -1 none."""
    table = np.full((len(names.venues), len(names.assets)), -1, np.int64)
    for i in reversed(range(venue.size)):
        if spot[i]:
            table[venue[i], names.assets.index(instruments[i].base)] = i
    return table


def by_asset(venues, names, field) -> np.ndarray:
    """[V, A] a transfer's fee or minimum, 0 where a venue states none."""
    return np.array([[getattr(v.transfer, field).get(a, 0.0) for a in names.assets] for v in venues])


def deposits(spec, names, rules) -> tuple[Deposit, ...]:
    """What each venue is funded with at the first open: its share of the capital, in its settlement currency."""
    source, out = names.assets.index(spec.capital.asset), []
    for v, name in enumerate(names.venues):
        venue = spec.venues[name]
        amount = spec.capital.amount * venue.share
        if amount > 0.0:
            cost = venue.fees.spot_taker if venue.convert_cost is None else venue.convert_cost
            out.append(Deposit(v, source, amount, int(rules.settle[v]), cost))
    return tuple(out)


def make_event(name, event, names):
    """A typed event from its spec: names become numbers."""
    if event.event == "withdrawal_freeze":
        return WithdrawalFreeze(
            name, names.venues.index(event.venue), event.at, event.end, event.pending == "voided"
        )  # fmt: skip
    if event.event == "price":
        base = names.bases.index(event.base)
        return PriceShock(name, base, event.at, event.move, event.over, event.then, event.duration or 0)
    if event.event == "venue_default":
        paid = None if event.recovered_after is None else event.at + event.recovered_after
        return VenueDefault(name, names.venues.index(event.venue), event.at, event.recovery, paid)
    place = names.instruments.index((event.venue, event.symbol))
    if event.event == "funding":
        return FundingShock(name, place, event.at, event.rate, event.end)
    return NonConvergence(name, place, event.at, event.gap, event.half_life, event.end)
