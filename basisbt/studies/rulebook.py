"""The rulebook: a resolved config's venues, legs and pairs as the arrays of `core.rules.Rules`.

Knows specs (config) and instruments (market). Decides nothing about money.
"""

import numpy as np

from basisbt.core.rules import NEVER, Rules, maintenance_amounts
from basisbt.errors import ConfigError


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
    """All static arrays of a world, read-only."""
    venues = [spec.venues[v] for v in names.venues]
    counted, bracket = coin_shares(venues, names)
    rules = Rules(
        **of_instruments(spec, instruments, names), **of_margin(spec, instruments, names, legs),
        **of_venues(spec, instruments, names, venues), **of_pairs(spec, names, legs, len(instruments)),
        counted=counted, bracket=bracket, coin_margin=counted.any(axis=(1, 2)),
        backing=backing(instruments, legs, names, counted),
        carried=carried(spec), dollar=names.assets.index("USD"), venues=len(venues), wallets=len(venues),
        seconds=int(spec.data.timeframe),
    )  # fmt: skip
    for block in rules:
        if isinstance(block, np.ndarray):
            block.flags.writeable = False
    return rules


def of_instruments(spec, instruments, names) -> dict:
    """What an instrument is and what trading it costs."""
    at = [spec.venues[i.venue] for i in instruments]
    venue = np.array([names.venues.index(i.venue) for i in instruments], np.int64)
    asset = {a: k for k, a in enumerate(names.assets)}
    spot = np.array([i.kind == "spot" for i in instruments])
    expiry = np.array([i.expiry or NEVER for i in instruments], np.int64)
    return dict(
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
        expiry=expiry, first_expiry=int(expiry.min()), window=np.array([v.settlement_window for v in at], np.int64),
    )  # fmt: skip


def of_margin(spec, instruments, names, legs) -> dict:
    """What positions demand."""
    floor, mmr, cum, imr = tier_tables(spec, instruments)
    exchange = np.full(len(instruments), np.inf)
    for name, numbers in reversed(legs.items()):
        for i, leg in zip(numbers, (spec.pairs[name].long, spec.pairs[name].short)):
            if leg.exchange_leverage is not None:
                exchange[i] = leg.exchange_leverage
    at = [spec.venues[i.venue] for i in instruments]
    closing = np.array([v.fees.taker if v.maintenance.closing_fee and i.kind != "spot" else 0.0
                        for v, i in zip(at, instruments)])  # fmt: skip
    return dict(
        floor=floor, mmr=mmr + closing[:, None], cum=cum, imr=np.maximum(imr, 1.0 / exchange[:, None]),
        at_entry=np.array([v.maintenance.at == "entry" for v in at]),
        cap=np.array([last_cap(spec, i) for i in instruments]),
    )  # fmt: skip


def of_venues(spec, instruments, names, venues) -> dict:
    """Wallets, what they hold, and how it leaves."""
    spot = np.array([i.kind == "spot" for i in instruments])
    venue = np.array([names.venues.index(i.venue) for i in instruments], np.int64)
    settle = settlement_assets(spec, instruments, names)
    return dict(
        member=members(spot, venue, len(venues)), wallet_venue=np.arange(len(venues)),
        cash=np.array([a not in names.bases for a in names.assets]),
        asset_base=np.array([names.bases.index(a) if a in names.bases else -1 for a in names.assets], np.int64),
        spot_of=spot_markets(spot, venue, instruments, names),
        settle=np.array([names.assets.index(settle[v]) for v in names.venues], np.int64),
        delay=np.array([v.transfer.delay for v in venues], np.int64),
        transfer_fee=by_asset(venues, names, "fees"), transfer_minimum=by_asset(venues, names, "minimum"),
    )  # fmt: skip


def of_pairs(spec, names, legs, count) -> dict:
    """What belongs together, in which proportion, at which leverage."""
    pairs = [spec.pairs[name] for name in names.pairs]
    long, short = (np.array([legs[name][k] for name in names.pairs], np.int64) for k in (0, 1))
    pair_of, leg_of = np.full(count, -1, np.int64), np.zeros(count, np.int64)
    for p in reversed(range(len(pairs))):
        for k, i in enumerate((long[p], short[p])):
            pair_of[i], leg_of[i] = p, k
    return dict(
        long=long, short=short, share=np.array([pair.share for pair in pairs]),
        leverage=np.array([pair.short.leverage for pair in pairs], float),
        band_low=np.array([pair.short.leverage_band[0] for pair in pairs], float),
        band_high=np.array([pair.short.leverage_band[1] for pair in pairs], float),
        pair_of=pair_of, leg_of=leg_of,
    )  # fmt: skip


def delivery_fee(venue, instrument) -> float:
    """The fee on settled notional, 0 for what does not expire; the config asks for it where it matters."""
    return venue.fees.delivery or 0.0 if instrument.kind == "future" else 0.0


def coin_shares(venues, names) -> tuple[np.ndarray, np.ndarray]:
    """([V, A, H] share of a coin's value that counts as margin at a venue, 0: does not; units where brackets begin)."""
    width = max([1] + [len(brackets) for v in venues for brackets in v.collateral.values()])
    counted = np.zeros((len(venues), len(names.assets), width))
    begins = np.full(counted.shape, np.inf)
    begins[:, :, 0] = 0.0
    for v, venue in enumerate(venues):
        for coin in venue.collateral.keys() & set(names.bases):
            for h, bracket in enumerate(venue.collateral[coin]):
                place = v, names.assets.index(coin), h
                counted[place], begins[place] = bracket.share, bracket.floor
    return counted, begins


def backing(instruments, legs, names, counted) -> np.ndarray:
    """[P] share of a pair's long coins that counts as margin of its inverse short leg; 0 where the short is linear."""
    found = []
    for name in names.pairs:
        long, short = (instruments[k] for k in legs[name])
        backed = short.inverse and long.kind == "spot" and long.venue == short.venue
        found.append(counted[names.venues.index(long.venue), names.assets.index(long.base), 0] if backed else 0.0)
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
