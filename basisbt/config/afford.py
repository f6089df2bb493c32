"""What the legs of each venue need, what the venue has, and whether that is enough, before the run.

Knows fees, half-spreads, leverage and weights. Knows neither prices nor a strategy's defaults: without
`strategy.params.notional` the needs are known only in proportion, and nothing is checked.
"""

from math import fsum
from typing import Any

from basisbt import units
from basisbt.config.lookup import find
from basisbt.config.mistakes import Mistakes
from basisbt.config.reader import Node
from basisbt.config.specs import PairSpec, RunSpec
from basisbt.config.symbols import read_symbol
from basisbt.config.venues import VenueSpec

CLOSE = 1e-9  # relative; a config that is exactly affordable is affordable


def needs(spec: RunSpec) -> dict[str, float]:
    """Capital each venue needs per unit of the strategy's notional (the value of all long legs together).

    A spot leg needs its share × (1 + fee + half-spread); a derivative or borrowed leg its share × (1 / leverage + fee +
    half-spread), an inverse one less what the long leg's coins count for.
    """
    return _needs(spec.venues, spec.pairs)


def _needs(venues: dict[str, VenueSpec], pairs: dict[str, PairSpec]) -> dict[str, float]:
    found: dict[str, list[float]] = {name: [] for name in venues}
    for pair in pairs.values():
        for leg in (pair.long, pair.short):
            venue, symbol = venues[leg.venue], read_symbol(leg.symbol)
            if symbol.kind == "spot":
                tied, cost = 1.0 / (leg.leverage or 1.0), venue.fees.spot_taker + venue.spread.spot
            else:
                counted = venue.margin_share(symbol.base) if symbol.inverse else 0.0
                tied, cost = max(0.0, 1.0 / leg.leverage - counted), venue.fees.taker + venue.spread.derivative
            found[leg.venue].append(pair.share * (tied + cost))
    return {name: fsum(parts) for name, parts in found.items()}


def share_pairs(pairs: dict[str, PairSpec]) -> dict[str, PairSpec]:
    """Pairs with shares that sum to 1."""
    total = fsum(pair.share for pair in pairs.values())
    return {name: pair.model_copy(update={"share": pair.share / total}) for name, pair in pairs.items()}


def weigh_venues(root: Node, venues: dict[str, VenueSpec], pairs: dict[str, PairSpec],
                 mistakes: Mistakes) -> dict[str, VenueSpec]:  # fmt: skip
    """Venues with `share` resolved: percentages as they are, parts normalised, `auto` by what the legs need.

    Beside percentages, auto venues split what is left. Parts and auto do not mix, nor parts and percentages.
    """
    written = {name: _written(root, name) for name, venue in venues.items() if venue.weight != "auto"}
    percent = {name for name, node in written.items() if isinstance(node.value, str) and _is_percent(node.value)}
    if percent and percent != set(written):
        odd = next(written[name] for name in written if name not in percent)
        mistakes.add(odd.place, "found parts beside percentages; expected one kind for all venues")
        return venues
    if written and not percent and len(written) != len(venues):
        odd = next(name for name in venues if name not in written)
        first = next(iter(written.values()))
        mistakes.add(first.place, f"found parts, but {odd} has none; expected parts for all venues, or percentages")
        return venues
    shares = {name: venues[name].weight for name in written}
    if written and not percent:
        return _by_parts(written, venues, shares, mistakes)
    return _by_percentages(written, venues, shares, _needs(venues, pairs), mistakes)


def _written(root: Node, name: str) -> Node:
    return find(root, "venues", name, "weight")


def _is_percent(text: str) -> bool:
    return text.strip().endswith(("%", "bps"))


def _by_parts(written: dict[str, Node], venues: dict[str, VenueSpec], shares: dict[str, float],
              mistakes: Mistakes) -> dict[str, VenueSpec]:  # fmt: skip
    total = fsum(shares.values())
    if total <= 0:
        mistakes.add(next(iter(written.values())).place, "all weights are 0; expected at least one above")
        return venues
    return {name: _weighed(venue, shares[name] / total, explicit=True) for name, venue in venues.items()}


def _by_percentages(written: dict[str, Node], venues: dict[str, VenueSpec], shares: dict[str, float],
                    needed: dict[str, float], mistakes: Mistakes) -> dict[str, VenueSpec]:  # fmt: skip
    total = fsum(shares.values())
    auto = {name: amount for name, amount in needed.items() if name not in shares}
    wanted = fsum(auto.values())
    if total > 1 + CLOSE or (total < 1 - CLOSE and wanted == 0):
        last = next(reversed(written.values()))
        mistakes.add(last.place, f"weights sum to {total * 100:g} %; expected 100 %")
        return venues
    left = max(0.0, 1.0 - total)
    shares |= {name: left * amount / wanted if wanted else 0.0 for name, amount in auto.items()}
    return {name: _weighed(venue, shares[name], explicit=name not in auto) for name, venue in venues.items()}


def _weighed(venue: VenueSpec, share: float, explicit: bool) -> VenueSpec:
    return venue.model_copy(update={"share": share, "weight": share if explicit else "auto"})


def check_affordable(spec: RunSpec, root: Node, mistakes: Mistakes) -> None:
    """Add `okx needs 600,000 USDT, has 500,000` for every venue that cannot pay for its legs."""
    check_custody(spec, root, mistakes)
    fraction = notional_fraction(spec.strategy.params)
    if fraction is None:
        return
    amount, asset = spec.capital
    scaled = {name: need * fraction * amount for name, need in needs(spec).items()}
    everything_auto = all(venue.weight == "auto" for venue in spec.venues.values())
    notional = find(root, "strategy", "params", "notional")
    if everything_auto:
        if fsum(scaled.values()) > amount * (1 + CLOSE):
            text = ", ".join(f"{name} {need:,.0f}" for name, need in scaled.items())
            most = fraction * amount / fsum(scaled.values())
            total = f"the legs need {fsum(scaled.values()):,.0f} {asset} ({text}), capital is {amount:,.0f}"
            mistakes.add(notional.place, f"{total}; a notional of {most * 100:.4g} % is affordable")
        return
    for name, need in scaled.items():
        has = spec.venues[name].share * amount
        if need > has * (1 + CLOSE):
            place = notional.place if spec.venues[name].weight == "auto" else _written(root, name).place
            mistakes.add(place, f"{name} needs {need:,.0f} {asset}, has {has:,.0f}")


def check_custody(spec: RunSpec, root: Node, mistakes: Mistakes) -> None:
    """No venue begins with more of the capital than `limits.custody` lets it hold."""
    most = spec.limits.custody
    for name, venue in spec.venues.items() if most is not None else ():
        if venue.share > most * (1 + CLOSE):
            text = f"{name} begins with {venue.share * 100:.4g} % of the capital; `custody` allows {most * 100:g} %"
            mistakes.add(find(root, "limits", "custody").place, text)


def notional_fraction(params: dict[str, Any]) -> float | None:
    """`notional` as a fraction of capital, when the strategy's parameters say so; None when they size otherwise."""
    if params.get("quantity") not in (None, 0) or "notional" not in params:
        return None
    try:
        return units.parse_fraction(params["notional"])
    except ValueError:
        return None
