"""From a config's sample to plain chances: names become numbers, venues get their own rates.

Knows the spec (config) and what events take. Draws nothing.
"""

from basisbt.config.incidents import cast, find_incident, typed
from basisbt.config.replay import venue_roles
from basisbt.errors import ConfigError
from basisbt.events.chances import (
    ArrivalChance, Chances, DefaultChance, Dependence, FreezeChance, FundingChance, GapChance, Lognormal, Recovery,
    Stress,
)  # fmt: skip
from basisbt.studies.happenings import knows_formula, make_event
from basisbt.studies.sampling import Sample


def sample_of(spec, world) -> Sample | None:
    """The sample a config asks for; None when it asks for none."""
    sample = spec.tail.sample
    if sample is None:
        return None
    seconds = world.rules.seconds
    bars = world.bars if sample.horizon is None else max(1, min(world.bars, sample.horizon // seconds))
    script = tuple(event for event in world.events if event.origin in sample.include)
    return Sample(
        sample.paths, spec.seed, sample.market, sample.mean_block, bars, chances_of(spec, world), script,
        0.0 if sample.venue_default is None else sample.venue_default.rate,
    )  # fmt: skip


def chances_of(spec, world) -> Chances:
    """What may happen on a path, by number of venue and instrument."""
    sample, names, spot = spec.tail.sample, world.names, world.rules.spot
    freeze, default, gap, flip = (
        sample.withdrawal_freeze, sample.venue_default, sample.non_convergence, sample.funding
    )  # fmt: skip
    dependence, stress = sample.dependence, sample.stress
    return Chances(
        venues=names.venues, instruments=names.instruments,
        freeze=None if freeze is None else FreezeChance(
            rates_of(spec, "withdrawal_freeze", freeze.rate), lognormal(freeze.duration),
            lognormal(freeze.duration_if_default or freeze.duration), freeze.ends_in_default,
            freeze.pending == "voided",
        ),
        default=None if default is None else DefaultChance(
            rates_of(spec, "venue_default", default.rate),
            Recovery(
                default.recovery.mean, default.recovery.sd, default.recovery.whole, default.recovery.nothing
            ), lognormal(default.delay),
        ),
        gap=None if gap is None else GapChance(
            tuple(0.0 if s else gap.rate for s in spot), lognormal(gap.gap), gap.gap.up, lognormal(gap.half_life),
            tuple(gap.funding == "follows" and knows_formula(spec, *place) for place in names.instruments),
        ),
        funding=None if flip is None else FundingChance(
            tuple(0.0 if s else flip.rate for s in spot), Lognormal(abs(flip.size.median), abs(flip.size.p95)),
            1.0 if flip.size.median > 0.0 else -1.0, lognormal(flip.duration),
        ),
        dependence=Dependence(
            dependence.model, dependence.correlation, dependence.nu, dependence.branching, dependence.half_life
        ),
        stress=None if stress is None else Stress(stress.volatility, stress.lookback),
        arrivals=tuple(
            ArrivalChance(name, each.rate, arriving(name, each, names, spec))
            for name, each in sample.arrivals.items() if each.rate > 0.0
        ),
    )  # fmt: skip


def arriving(name: str, each, names, spec) -> tuple:
    """The events of one arrival, their moments counted from 1970-01-01. Raises ConfigError where an incident does not
    fit."""
    if each.event is not None:
        return (make_event(name, each.event, names, spec),)
    incident, legs = find_incident(each.incident), list(names.instruments)
    for role in venue_roles(incident):
        if each.roles.get(role, role) not in names.venues:
            text = f"is about {role}, which the config does not have; cast it: `as: {{{role}: {names.venues[0]}}}`"
            raise ConfigError(f"tail.sample.arrivals.{name}: {incident.id} {text}")
    try:
        events = cast(incident, 0, each.roles, legs)
        return tuple(make_event(key, typed(event), names, spec) for key, event in events.items())
    except ValueError as error:
        raise ConfigError(f"tail.sample.arrivals.{name}: {incident.id} does not fit: {error}") from error


def lognormal(spec) -> Lognormal:
    """Median and 95th percentile."""
    return Lognormal(float(spec.median), float(spec.p95))


def rates_of(spec, kind: str, rate: float) -> tuple[float, ...]:
    """Arrivals a year of every venue: its own rate where it has one."""
    own = [getattr(venue.rates, kind, None) if venue.rates is not None else None for venue in spec.venues.values()]
    return tuple(rate if each is None else each for each in own)
