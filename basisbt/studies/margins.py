"""Margins: tiers, collateral and accounts of a resolved config as arrays of `core.rules.Rules`.

Knows specs (config), instruments (market) and the layout of accounts. Decides nothing about money.
"""

import numpy as np

from basisbt.config.venues import Tier
from basisbt.core.rules import maintenance_amounts
from basisbt.errors import ConfigError


def tiers_of(spec, instrument):
    """Tiers of a derivative at its venue. Raises ConfigError when none are known."""
    tiers = spec.venues[instrument.venue].tiers
    found = tiers.get(instrument.symbol) or tiers.get(instrument.root) or tiers.get("default")
    slope = slope_of(spec, instrument)
    if slope is not None:
        return [Tier(floor=0.0, mmr=slope.maintenance, max_leverage=1.0 / slope.initial)]
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


def of_margin(spec, instruments, legs) -> dict:
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
        floor=floor, mmr=mmr, closing=closing, cum=cum, imr=np.maximum(imr, 1.0 / exchange[:, None]),
        at_entry=np.array([v.maintenance.at == "entry" for v in at]),
        slope=np.array([s.per_unit if s else 0.0 for s in (slope_of(spec, i) for i in instruments)]),
        cap=np.array([last_cap(spec, i) for i in instruments]),
    )  # fmt: skip


def slope_of(spec, instrument):
    """The sloping margin of an inverse contract, None where its venue has tiers."""
    if not instrument.inverse:
        return None
    return spec.venues[instrument.venue].margin_slope.get(instrument.base)


def coin_shares(spec, names, layout) -> tuple[np.ndarray, np.ndarray]:
    """([W, A, H] share of a coin's value that counts as margin in an account, 0: does not; units where brackets begin).

    In an account of its own kind a contract's coin counts in full; in the spot account of a classic venue nothing does.
    """
    venues = [spec.venues[names.venues[v]] for v in layout.wallet_venue]
    width = max([1] + [len(brackets) for v in venues for brackets in v.collateral.values()])
    counted = np.zeros((len(venues), len(names.assets), width))
    begins = np.full(counted.shape, np.inf)
    begins[:, :, 0] = 0.0
    for w, venue in enumerate(venues):
        if w >= len(names.venues):
            if layout.coin[w] in names.bases:
                counted[w, names.assets.index(layout.coin[w]), 0] = 1.0
        elif venue.account == "unified":
            for coin in venue.collateral.keys() & set(names.bases):
                for h, bracket in enumerate(venue.collateral[coin]):
                    place = w, names.assets.index(coin), h
                    counted[place], begins[place] = bracket.share, bracket.floor
    return counted, begins


def backing(spec, instruments, legs, names) -> np.ndarray:
    """[P] share of a pair's long coins that counts as margin of its inverse short leg; 0 where the short is linear."""
    found = []
    for name in names.pairs:
        long, short = (instruments[k] for k in legs[name])
        venue = spec.venues[long.venue]
        backed = short.inverse and long.kind == "spot" and long.venue == short.venue
        apart = venue.account == "classic" or spec.pairs[name].short.margin == "isolated"
        found.append((1.0 if apart else venue.margin_share(long.base)) if backed else 0.0)
    return np.array(found)


def members(instruments, layout) -> np.ndarray:
    """[W, M] derivatives of each account, -1 after the last."""
    count = len(layout.labels)
    lists = [[i for i, each in enumerate(instruments) if layout.wallet[i] == w and each.kind != "spot"]
             for w in range(count)]  # fmt: skip
    table = np.full((count, max([1] + [len(x) for x in lists])), -1, np.int64)
    for w, mine in enumerate(lists):
        table[w, : len(mine)] = mine
    return table


def spot_markets(instruments, names, layout) -> np.ndarray:
    """[W, A] the spot instrument that values a coin at an account's venue, -1 none."""
    table = np.full((len(layout.labels), len(names.assets)), -1, np.int64)
    for i in reversed(range(len(instruments))):
        if instruments[i].kind == "spot":
            here = layout.wallet_venue == names.venues.index(instruments[i].venue)
            table[here, names.assets.index(instruments[i].base)] = i
    return table
