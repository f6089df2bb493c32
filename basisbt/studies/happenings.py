"""From a config's script to typed events: names become numbers.

Knows the specs (config) and what events take. Decides nothing about money.
"""

from basisbt.events import (
    Clawback, Deleveraging, FundingShock, InsuranceDrain, NonConvergence, PriceShock, VenueDefault, WithdrawalFreeze,
)  # fmt: skip
from basisbt.studies.chances import knows_formula


def make_event(name, event, names, spec):
    """The typed event of one entry of a script."""
    return MAKERS[event.event](name, event, names, spec)


def freeze(name, event, names, spec):
    """A withdrawal freeze."""
    return WithdrawalFreeze(name, names.venues.index(event.venue), event.at, event.end, event.pending == "voided")


def price(name, event, names, spec):
    """A move of one base everywhere."""
    base = names.bases.index(event.base)
    return PriceShock(name, base, event.at, event.move, event.over, event.then, event.duration or 0)


def default(name, event, names, spec):
    """A venue's end."""
    paid = later(event.at, event.recovered_after)
    return VenueDefault(name, names.venues.index(event.venue), event.at, event.recovery, paid)


def gap(name, event, names, spec):
    """A derivative that leaves its index."""
    follows = event.funding == "follows" or (event.funding is None and knows_formula(spec, event.venue, event.symbol))
    place = place_of(event, names)
    return NonConvergence(
        name, place, event.at, event.gap, event.half_life, event.end, follows=follows, residual=event.residual
    )  # fmt: skip


def funding(name, event, names, spec):
    """Another funding rate."""
    return FundingShock(name, place_of(event, names), event.at, event.rate, event.end)


def adl(name, event, names, spec):
    """A position closed by its venue."""
    return Deleveraging(name, place_of(event, names), event.at, event.fraction, event.penalty)


def drain(name, event, names, spec):
    """An insurance fund that pays."""
    return InsuranceDrain(name, names.venues.index(event.venue), event.at, event.loss, event.ours)


def clawback(name, event, names, spec):
    """Profits or balances that a venue takes."""
    venue, balances = names.venues.index(event.venue), event.of == "balances"
    paid = later(event.at, event.redeemed_after)
    return Clawback(name, venue, event.at, event.fraction, balances, event.redeemed or 0.0, paid)


def later(at: int, after: int | None) -> int | None:
    """The moment so long after another, None for never."""
    return None if after is None else at + after


def place_of(event, names) -> int:
    """The instrument an event is about; a contract by rule goes by its root."""
    rolling = (event.venue, f"{event.symbol}-quarter")
    return names.instruments.index(rolling if rolling in names.instruments else (event.venue, event.symbol))


MAKERS = {
    "withdrawal_freeze": freeze, "price": price, "venue_default": default, "non_convergence": gap, "funding": funding,
    "adl": adl, "insurance_drain": drain, "clawback": clawback,
}  # fmt: skip
