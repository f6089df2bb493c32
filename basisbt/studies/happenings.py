"""From a config's script to typed events: names become numbers.

Knows the specs (config) and what events take. Decides nothing about money.
"""

from dataclasses import replace

from basisbt.events import (
    CircuitBreaker, Clawback, Deleveraging, Depeg, ExpiryVolatility, ForcedSettlement, FundingShock, InsuranceDrain,
    Liquidity, NonConvergence, Outage, PriceLimit, PriceShock, Squeeze, VenueClosure, VenueDefault, WithdrawalFreeze,
)  # fmt: skip
from basisbt.market.instruments import parse_symbol


def make_event(name, event, names, spec):
    """The typed event of one entry of a script, or of an incident replayed."""
    made = MAKERS[event.event](name, event, names, spec)
    return made if event.incident is None else replace(made, origin="replay")


def freeze(name, event, names, spec):
    """A withdrawal freeze. Of an asset that a venue does not settle in, or a network its transfers do not take, it
    stops nothing that moves here."""
    hit = [
        names.venues.index(venue) for venue in names.venues
        if event.venue in (None, venue)
        and (event.asset is None or event.asset in settled_in(venue, names, spec))
        and (event.network is None or event.network == spec.venues[venue].transfer.network)
    ]  # fmt: skip
    end = event.end
    if not hit and event.venue is not None:
        hit, end = [names.venues.index(event.venue)], event.at
    first = hit[0] if hit else -1
    return WithdrawalFreeze(
        name, first, event.at, end, event.pending == "voided", deposits_shut=event.deposits == "shut",
        others=tuple(hit[1:]),
    )  # fmt: skip


def price(name, event, names, spec):
    """A move of one base everywhere."""
    base = names.bases.index(event.base)
    claims = claims_on(event.base, names, spec)
    return PriceShock(name, base, event.at, event.move, event.over, event.then, event.duration or 0, claims=claims)


def default(name, event, names, spec):
    """A venue's end."""
    paid = later(event.at, event.recovered_after)
    bids = tuple((event.at + bid.after, bid.price) for bid in event.bids)
    return VenueDefault(
        name, names.venues.index(event.venue), event.at, event.recovery, paid, in_kind=event.paid_in == "kind",
        bids=bids, sold_at=later(event.at, event.sold_after),
    )  # fmt: skip


def gap(name, event, names, spec):
    """A derivative that leaves its index."""
    if event.symbol is None:  # a trapped venue: nobody's formula follows its own walls
        place, *others = at_venue(event.venue, names)
        return NonConvergence(
            name, place, event.at, event.gap, event.half_life, event.end, over=event.over, others=tuple(others)
        )  # fmt: skip
    follows = event.funding == "follows" or (event.funding is None and knows_formula(spec, event.venue, event.symbol))
    return NonConvergence(
        name, place_of(event, names), event.at, event.gap, event.half_life, event.end, follows=follows,
        residual=event.residual, over=event.over,
    )  # fmt: skip


def funding(name, event, names, spec):
    """Another funding rate."""
    return FundingShock(name, place_of(event, names), event.at, event.rate, event.end)


def adl(name, event, names, spec):
    """A position closed by its venue."""
    return Deleveraging(name, place_of(event, names), event.at, event.fraction, event.penalty)


def drain(name, event, names, spec):
    """An insurance fund that pays."""
    loss = event.loss if event.loss is not None else event.share * spec.venues[event.venue].insurance
    return InsuranceDrain(name, names.venues.index(event.venue), event.at, loss, event.ours)


def clawback(name, event, names, spec):
    """Profits or balances that a venue takes."""
    venue, balances = names.venues.index(event.venue), event.of == "balances"
    paid = later(event.at, event.redeemed_after)
    return Clawback(name, venue, event.at, event.fraction, balances, event.redeemed or 0.0, paid)


def outage(name, event, names, spec):
    """A venue that is down, by scope."""
    v, scope, every = names.venues.index(event.venue), event.scope, at_venue(event.venue, names)
    hit = {"spot": at_venue(event.venue, names, "spot"), "derivatives": at_venue(event.venue, names, "derivative"),
           "transfers": ()}.get(scope, every)  # fmt: skip
    spares = event.liquidation == "off" or (event.liquidation is None and scope == "all")
    return Outage(
        name, v, event.at, event.end, hit, transfers=scope in ("transfers", "all"), withdrawals=scope == "api",
        queues=event.orders == "queue", spares=spares,
    )  # fmt: skip


def liquidity(name, event, names, spec):
    """A thin market."""
    return Liquidity(
        name, event.at, event.end, meant(event, names), event.spread, event.depth, event.half_life,
        event.depth_half_life, names.venues.index(event.venue),
    )  # fmt: skip


def depeg(name, event, names, spec):
    """An asset that loses its price, everywhere or as one venue's collateral."""
    asset, v = names.assets.index(event.asset), -1 if event.venue is None else names.venues.index(event.venue)
    place = -1 if v < 0 else v * len(names.assets) + asset
    claim = names.bases.index(event.asset) if v < 0 and event.asset in names.bases else -1
    return Depeg(name, asset, event.at, event.to, event.end, event.half_life, place, v, claim=claim)


def settlement(name, event, names, spec):
    """Contracts that end before their time."""
    hit = (place_of(event, names),) if event.symbol is not None else at_venue(event.venue, names, "derivative")
    price = float("nan") if event.price is None else event.price
    return ForcedSettlement(
        name, event.at, hit, price, event.gap, event.trading == "ends", names.venues.index(event.venue)
    )  # fmt: skip


def price_limit(name, event, names, spec):
    """One side rejected."""
    v = names.venues.index(event.venue)
    return PriceLimit(name, event.at, event.end, meant(event, names), event.rejects == "buys", v)


def circuit_breaker(name, event, names, spec):
    """Halts after a move."""
    v = names.venues.index(event.venue)
    return CircuitBreaker(name, event.at, event.end, meant(event, names), event.move, event.pause, v)


def expiry_volatility(name, event, names, spec):
    """A wild settlement."""
    v = names.venues.index(event.venue)
    return ExpiryVolatility(name, event.at, event.end, meant(event, names), event.reach, event.spread, v)


def closure(name, event, names, spec):
    """A venue that closes with notice."""
    every, derivatives = at_venue(event.venue, names), at_venue(event.venue, names, "derivative")
    return VenueClosure(name, names.venues.index(event.venue), event.at, event.end, every, derivatives)


def squeeze(name, event, names, spec):
    """A base that runs, and its derivatives further."""
    hit = tuple(
        i for i, place in enumerate(names.instruments)
        if parse_symbol(*place).base == event.base and parse_symbol(*place).kind != "spot"
    )  # fmt: skip
    follows = tuple(knows_formula(spec, *names.instruments[i]) for i in hit)
    return Squeeze(
        name, names.bases.index(event.base), event.at, event.move, event.over, event.duration, hit, event.premium,
        follows, claims=claims_on(event.base, names, spec),
    )  # fmt: skip


def claims_on(base: str, names, spec) -> tuple[int, ...]:
    """Bases of long legs that are a claim on this one."""
    found = {parse_symbol(p.long.venue, p.long.symbol).base for p in spec.pairs.values() if p.long.wraps == base}
    return tuple(i for i, name in enumerate(names.bases) if name in found)


def at_venue(venue: str, names, kind: str | None = None) -> tuple[int, ...]:
    """Instruments of a venue: all, `spot` or `derivative`."""
    found = ((i, parse_symbol(*place).kind == "spot") for i, place in enumerate(names.instruments) if place[0] == venue)
    return tuple(i for i, spot in found if kind is None or spot == (kind == "spot"))


def meant(event, names) -> tuple[int, ...]:
    """The instrument an event names, or all of its venue."""
    return at_venue(event.venue, names) if event.symbol is None else (place_of(event, names),)


def settled_in(venue: str, names, spec) -> set[str]:
    """What a venue's transfers move: the settlement of its derivatives, else the quote of its spot."""
    mine = [parse_symbol(*place) for place in names.instruments if place[0] == venue]
    linear = {each.quote for each in mine if each.kind != "spot" and not each.inverse}
    return linear or {each.quote for each in mine if not each.inverse} or {spec.capital.asset}


def knows_formula(spec, venue: str, symbol: str) -> bool:
    """Whether a contract's venue has a funding formula, so that funding follows a gap (MODEL.md section 8)."""
    return spec.venues[venue].funding is not None and parse_symbol(venue, symbol).kind == "perpetual"


def later(at: int, after: int | None) -> int | None:
    """The moment so long after another, None for never."""
    return None if after is None else at + after


def place_of(event, names) -> int:
    """The instrument an event is about; a contract by rule goes by its root."""
    rolling = (event.venue, f"{event.symbol}-quarter")
    return names.instruments.index(rolling if rolling in names.instruments else (event.venue, event.symbol))


MAKERS = {
    "withdrawal_freeze": freeze, "price": price, "venue_default": default, "non_convergence": gap, "funding": funding,
    "adl": adl, "insurance_drain": drain, "clawback": clawback, "outage": outage, "liquidity": liquidity,
    "depeg": depeg, "settlement": settlement, "price_limit": price_limit, "circuit_breaker": circuit_breaker,
    "expiry_volatility": expiry_volatility, "venue_closure": closure, "squeeze": squeeze,
}  # fmt: skip
