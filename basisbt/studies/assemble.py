"""From a resolved config to a world: numbers for names, arrays for specs.

Knows the specs (config), the panel (market), events and strategies. The one place where they meet; it decides
nothing about money.
"""

from dataclasses import replace

import numpy as np

from basisbt.engines.regimes import with_later
from basisbt.engines.world import Deposit, Names, World
from basisbt.errors import ConfigError
from basisbt.events import make_overlay
from basisbt.market.formula import FundingFormula
from basisbt.market.index import IndexRule
from basisbt.market.instruments import parse_symbol
from basisbt.market.panel import PanelRequest, build_panel
from basisbt.studies.happenings import make_event
from basisbt.studies.rulebook import make_rules
from basisbt.studies.subaccounts import lay_out


def assemble(resolved, loaded, panel_of=build_panel) -> World:
    """The world of a resolved config and a loaded strategy; panel_of(request) loads the market, or has it already.

    Raises ConfigError, DataError.
    """
    spec = resolved.spec
    instruments, names, legs = name_everything(spec)
    refuse_expired(instruments, spec.data.window[0])
    panel, notes = panel_of(request_of(resolved, instruments, names))
    rules = make_rules(spec, instruments, names, legs)
    names = replace(names, accounts=lay_out(spec, instruments, names.venues).labels)
    events = tuple(make_event(name, event, names, spec) for name, event in spec.tail.script.items())
    overlay = make_overlay(events, panel.time, rules.seconds)
    world = World(
        panel, overlay, rules, names, deposits(spec, names, rules), loaded.decide, loaded.params, loaded.memory,
        events, {"panel": notes},
    )  # fmt: skip
    later = [(int(np.searchsorted(panel.time, at)), make_rules(each, instruments, names, legs))
             for at, each in resolved.changes]  # fmt: skip
    return with_later(world, later) if later else world


def request_of(resolved, instruments, names) -> PanelRequest:
    """What a config asks of the market."""
    spec = resolved.spec
    return PanelRequest(
        dir=spec.data.dir, instruments=tuple(instruments), bases=names.bases, assets=names.assets,
        start=spec.data.window[0], end=spec.data.window[1], timeframe=spec.data.timeframe,
        gap_policy=spec.data.gaps.policy, gap_max=spec.data.gaps.max, coverage=spec.data.coverage,
        index={base: index_of(rule) for base, rule in spec.data.index.items()},
        fair=tuple(spec.venues[each.venue].mark == "fair" for each in instruments),
        formulas=tuple(
            (at, tuple(formula_of(each, instrument) for instrument in instruments))
            for at, each in ((spec.data.window[0], spec), *resolved.changes)
        ),
    )  # fmt: skip


def index_of(rule) -> IndexRule:
    """Which markets make a base's index."""
    places = tuple(tuple(place.split(":", 1)) for place in rule.of)
    return IndexRule(places, tuple(rule.weights or ()), float("inf") if rule.band is None else rule.band)


def formula_of(spec, instrument) -> FundingFormula | None:
    """How a perpetual's venue makes its funding, None where that is not known."""
    rule = spec.venues[instrument.venue].funding
    if rule is None or instrument.kind != "perpetual":
        return None
    floor, cap = rule.bounds(instrument.symbol)
    hourly = rule.hourly_at_cap
    return FundingFormula(
        rule.source == "formula", rule.interest, rule.damper, rule.weighted, rule.divided, rule.spread, rule.interval,
        rule.price, floor, cap, rule.continuous, hourly.calm if hourly else 0.0, hourly.settlements if hourly else 0,
        hourly.then if hourly else rule.interval,
    )  # fmt: skip


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
            key = (leg.venue, leg.listed)
            if key not in order:
                order[key] = len(order)
                instrument = parse_symbol(*key)
                if leg.contract is not None:
                    instrument = replace(instrument, rolls=leg.roll.before, over=leg.roll.over)
                instruments.append(instrument)
            numbers.append(order[key])
        legs[name] = tuple(numbers)
    currencies = dict.fromkeys(i.quote for i in instruments)
    bases = tuple(dict.fromkeys(i.base for i in instruments))
    if spec.capital.asset not in currencies and spec.capital.asset not in bases:
        currencies[spec.capital.asset] = None
    currencies.pop("USD", None)
    names = Names(tuple(spec.venues), tuple(order), tuple(spec.pairs), bases, (*currencies, *bases, "USD"))
    return instruments, names, legs


def deposits(spec, names, rules) -> tuple[Deposit, ...]:
    """What each venue is funded with at the first open: its share of the capital, in its settlement currency."""
    source, out = names.assets.index(spec.capital.asset), []
    for v, name in enumerate(names.venues):
        venue = spec.venues[name]
        amount = spec.capital.amount * venue.share
        if amount > 0.0:
            spot = venue.fees.taker if venue.fees.spot_taker is None else venue.fees.spot_taker
            cost = spot if venue.convert_cost is None else venue.convert_cost
            out.append(Deposit(v, source, amount, int(rules.settle[v]), cost))
    return tuple(out)
