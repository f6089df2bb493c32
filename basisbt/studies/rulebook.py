"""The rulebook: a resolved config's venues, legs and pairs as the arrays of `core.rules.Rules`.

Knows specs (config) and instruments (market). Decides nothing about money.
"""

from fractions import Fraction
from math import lcm

import numpy as np

from basisbt.core.rules import NEVER, Rules, ordinary
from basisbt.market.instruments import parse_symbol
from basisbt.studies.margins import backing, coin_shares, members, of_margin, spot_markets
from basisbt.studies.subaccounts import lay_out

YEAR = 365 * 86400.0


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
    layout = lay_out(spec, instruments, names.venues)
    counted, bracket = coin_shares(spec, names, layout)
    venues, wallets = len(names.venues), len(layout.labels)
    plain = ordinary(len(instruments), wallets, venues, len(names.assets), len(names.pairs))
    rules = Rules(**plain | of_instruments(spec, instruments, names) | of_sizes(spec, instruments, names, legs)
                  | of_formulas(spec, instruments) | of_margin(spec, instruments, legs)
                  | of_accounts(spec, instruments, names, layout) | of_venues(spec, names)
                  | of_pairs(spec, names, legs, len(instruments)) | dict(
        wallet=layout.wallet, isolated=layout.isolated, credit=layout.credit, wallet_venue=layout.wallet_venue,
        counted=counted, bracket=bracket, backing=backing(spec, instruments, legs, names),
        coin_margin=counted.any(axis=(1, 2)) | lending(spec, names, wallets), carried=carried(spec),
        by_bid=spec.claims.carry_at == "bid",
        dollar=names.assets.index("USD"), venues=venues, wallets=wallets, seconds=int(spec.data.timeframe),
        rolls=any(i.rolls is not None for i in instruments),
        most_custody=spec.limits.custody or np.inf, most_leverage=spec.limits.leverage or np.inf,
    ))  # fmt: skip
    for block in rules:
        if isinstance(block, np.ndarray):
            block.flags.writeable = False
    return rules


def of_instruments(spec, instruments, names) -> dict:
    """What an instrument is and what trading it costs."""
    at = [spec.venues[i.venue] for i in instruments]
    asset = {a: k for k, a in enumerate(names.assets)}
    spot = np.array([i.kind == "spot" for i in instruments])
    expiry = np.array([i.expiry or NEVER for i in instruments], np.int64)
    return dict(
        venue=np.array([names.venues.index(i.venue) for i in instruments], np.int64),
        base=np.array([names.bases.index(i.base) for i in instruments], np.int64),
        coin=np.array([asset[i.base] for i in instruments], np.int64),
        quote=np.array([asset[i.quote] for i in instruments], np.int64),
        pays=np.array([asset[i.base if i.inverse else i.quote] for i in instruments], np.int64), spot=spot,
        inverse=np.array([i.inverse for i in instruments]),
        taker=np.array([v.fees.spot_taker if s else v.fees.taker for v, s in zip(at, spot)]),
        maker=np.array([maker_fee(v.fees, s) for v, s in zip(at, spot)]),
        fee_in_base=np.array([s and v.fees.spot_fee_asset == "base" for v, s in zip(at, spot)]),
        half_spread=np.array([v.spread.spot if s else v.spread.derivative for v, s in zip(at, spot)]),
        liquidation_fee=np.array([0.0 if s and v.borrow is None else v.fees.liquidation for v, s in zip(at, spot)]),
        delivery_fee=np.array([delivery_fee(v, i) for v, i in zip(at, instruments)]),
        expiry=expiry, first_expiry=int(expiry.min()), window=np.array([v.settlement_window for v in at], np.int64),
    )  # fmt: skip


def of_sizes(spec, instruments, names, legs) -> dict:
    """Lots, ticks, least notionals, impact."""
    markets = [spec.venues[i.venue].markets.get(i.root) for i in instruments]
    exact = [Fraction(str(m.lot)) * Fraction(str(m.contract_size)) if m else Fraction(0) for m in markets]
    impacts = [spec.venues[i.venue].impact for i in instruments]
    units = []
    for name in names.pairs:
        lots = [exact[i] for i in legs[name] if exact[i] and not instruments[i].inverse]
        units.append(float(common(lots)) if lots else 0.0)
    return dict(
        lot=np.array([float(lot) for lot in exact]), tick=np.array([m.tick if m else 0.0 for m in markets]),
        minimum=np.array([m.minimum if m else 0.0 for m in markets]), unit=np.array(units),
        impact=np.array([x.factor if x else 0.0 for x in impacts]),
        impact_power=np.array([x.power if x else 0.5 for x in impacts]),
        impact_bars=np.array([max(1, x.over // spec.data.timeframe) if x else 1 for x in impacts], np.int64),
        volume_share=np.array([x.share if x and x.share else np.inf for x in impacts]),
    )  # fmt: skip


def common(lots: list[Fraction]) -> Fraction:
    """The least size that is a whole number of each lot."""
    bottom = lcm(*(lot.denominator for lot in lots))
    return Fraction(lcm(*(int(lot * bottom) for lot in lots)), bottom)


def of_formulas(spec, instruments) -> dict:
    """How each contract's venue makes a funding rate."""
    rules = [spec.venues[i.venue].funding for i in instruments]
    bounds = [r.bounds(i.symbol) if r else (-np.inf, np.inf) for r, i in zip(rules, instruments)]
    return dict(
        funding_interest=np.array([r.interest if r else 0.0 for r in rules]),
        funding_damper=np.array([r.damper if r else 0.0 for r in rules]),
        funding_divided=np.array([bool(r and r.divided) for r in rules]),
        funding_spread=np.array([r.spread if r else 8.0 for r in rules]),
        funding_floor=np.array([low for low, _ in bounds]), funding_cap=np.array([high for _, high in bounds]),
    )  # fmt: skip


def of_accounts(spec, instruments, names, layout) -> dict:
    """Accounts, what they hold, and what leaves them."""
    settle = settlement_assets(spec, instruments, names)
    moves = [layout.coin[w] or settle[names.venues[v]] for w, v in enumerate(layout.wallet_venue)]
    return dict(
        member=members(instruments, layout), cash=np.array([a not in names.bases for a in names.assets]),
        asset_base=np.array([names.bases.index(a) if a in names.bases else -1 for a in names.assets], np.int64),
        spot_of=spot_markets(instruments, names, layout),
        settle=np.array([names.assets.index(asset) for asset in moves], np.int64),
    )  # fmt: skip


def of_venues(spec, names) -> dict:
    """What a venue lends, insures and lets go."""
    venues = [spec.venues[v] for v in names.venues]
    rates = np.array([[loan_rate(v, a) for a in names.assets] for v in venues])
    lends = np.array([[bool(v.borrow and a in names.bases and a in v.borrow.rates) for a in names.assets]
                      for v in venues])  # fmt: skip
    return dict(
        delay=np.array([v.transfer.delay for v in venues], np.int64),
        transfer_fee=by_asset(venues, names, "fees"), transfer_minimum=by_asset(venues, names, "minimum"),
        lends=lends, interest=rates, charges_interest=bool((rates > 0.0).any()),
        interest_period=np.array([v.borrow.every if v.borrow else 3600 for v in venues], np.int64),
        interest_opening=np.array([v.borrow.opening if v.borrow else 0.0 for v in venues]),
        loan_initial=np.array([v.borrow.initial if v.borrow else 0.0 for v in venues]),
        loan_maintenance=np.array([v.borrow.maintenance if v.borrow else 0.0 for v in venues]),
        adl_trigger=np.array([-v.adl_trigger for v in venues]),
        fund=np.array([np.inf if v.insurance is None else v.insurance for v in venues]),
        forfeits=np.array([v.liquidation.residual == "forfeited" for v in venues]),
        partial=np.array([v.liquidation.partial for v in venues]),
    )  # fmt: skip


def loan_rate(venue, asset) -> float:
    """Interest of one period on what is owed of an asset."""
    if venue.borrow is None:
        return 0.0
    return venue.borrow.rates.get(asset, 0.0) * venue.borrow.every / YEAR


def lending(spec, names, wallets) -> np.ndarray:
    """[W] whether an account can owe a coin."""
    main = [spec.venues[v].borrow is not None for v in names.venues]
    return np.array(main + [False] * (wallets - len(main)))


def of_pairs(spec, names, legs, count) -> dict:
    """What belongs together, in which proportion, at which leverage."""
    pairs = [spec.pairs[name] for name in names.pairs]
    long, short = (np.array([legs[name][k] for name in names.pairs], np.int64) for k in (0, 1))
    pair_of, leg_of = np.full(count, -1, np.int64), np.zeros(count, np.int64)
    for p in reversed(range(len(pairs))):
        for k, i in enumerate((long[p], short[p])):
            pair_of[i], leg_of[i] = p, k
    longs = [pair.long for pair in pairs]
    return dict(
        long=long, short=short, share=np.array([pair.share for pair in pairs]),
        leverage=np.array([pair.short.leverage for pair in pairs], float),
        band_low=np.array([pair.short.leverage_band[0] for pair in pairs], float),
        band_high=np.array([pair.short.leverage_band[1] for pair in pairs], float),
        long_leverage=np.array([leg.leverage or 0.0 for leg in longs], float),
        long_band_high=np.array([leg.leverage_band[1] if leg.leverage else 0.0 for leg in longs], float),
        short_interest=np.array([yearly(spec, pair.short) for pair in pairs]), pair_of=pair_of, leg_of=leg_of,
    )  # fmt: skip


def yearly(spec, leg) -> float:
    """Interest a year on a borrowed spot leg, 0 on any other."""
    symbol, borrow = parse_symbol(leg.venue, leg.symbol), spec.venues[leg.venue].borrow
    return borrow.rates.get(symbol.base, 0.0) if symbol.kind == "spot" and borrow else 0.0


def delivery_fee(venue, instrument) -> float:
    """The fee on settled notional, 0 for what does not expire; the config asks for it where it matters."""
    return venue.fees.delivery or 0.0 if instrument.kind == "future" else 0.0


def carried(spec) -> float:
    """What a dollar of claim counts for in marked equity: nothing, or the recovery that the sample expects."""
    if spec.claims.carry_at != "expected":
        return 0.0
    return spec.tail.sample.venue_default.recovery.mean


def maker_fee(fees, spot) -> float:
    """The maker fee where one is known, else the taker fee: a resting order is never assumed cheaper."""
    maker, taker = (fees.spot_maker, fees.spot_taker) if spot else (fees.maker, fees.taker)
    return taker if maker is None else maker


def by_asset(venues, names, field) -> np.ndarray:
    """[V, A] a transfer's fee or minimum, 0 where a venue states none."""
    return np.array([[getattr(v.transfer, field).get(a, 0.0) for a in names.assets] for v in venues])
