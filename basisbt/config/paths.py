"""What a sample must agree with: venues' rates, the window, claims.

Knows all sections at once, those that validated. Every mistake points at what has to change.
"""

from typing import Any

from basisbt import units
from basisbt.config.mistakes import Mistakes
from basisbt.config.reader import Node
from basisbt.config.sample import SampleSpec, rate_text

KINDS = ("withdrawal_freeze", "venue_default")


def check_sample(find, root: Node, parts: dict[str, Any], mistakes: Mistakes, warnings: list[str]) -> None:
    """Add what a sample gets wrong about the rest of a config. find(root, *keys): the node or its nearest ancestor."""
    sample = parts["tail"].sample if "tail" in parts else None
    claims = parts.get("claims")
    if claims is not None and claims.carry_at == "expected" and (sample is None or sample.venue_default is None):
        text = "`carry_at: expected` needs tail.sample.venue_default.recovery, whose mean is what is expected"
        mistakes.add(find(root, "claims", "carry_at").place, text)
    for name, venue in parts.get("venues", {}).items():
        for kind in KINDS:
            own = getattr(venue.rates, kind) if venue.rates is not None else None
            if own is not None and (sample is None or getattr(sample, kind) is None):
                at = find(root, "venues", name, "rates", kind).named_at
                warnings.append(f"{at}: rates.{kind} does nothing: tail.sample does not describe it")
    if sample is None:
        return
    _check_defaults(find, root, parts, sample, mistakes)
    data = parts.get("data")
    if data is not None and sample.horizon is not None:
        _check_horizon(find(root, "tail", "sample", "horizon"), sample.horizon, data, mistakes)


def _check_defaults(find, root, parts, sample: SampleSpec, mistakes: Mistakes) -> None:
    """Defaults that freezes end in are counted in venue_default.rate: it cannot be smaller, at no venue."""
    freeze, default = sample.withdrawal_freeze, sample.venue_default
    if freeze is None or freeze.ends_in_default == 0:
        return
    node = find(root, "tail", "sample", "withdrawal_freeze", "ends_in_default")
    if default is None:
        text = "freezes that end in default need `venue_default: {rate: …, recovery: …, delay: …}`; or write 0%"
        mistakes.add(node.place, text)
        return
    for name, venue in parts.get("venues", {}).items():
        own = venue.rates
        frozen = freeze.rate if own is None or own.withdrawal_freeze is None else own.withdrawal_freeze
        every = default.rate if own is None or own.venue_default is None else own.venue_default
        least = frozen * freeze.ends_in_default
        if every < least * (1 - 1e-9):
            mistakes.add(
                find(root, "tail", "sample", "venue_default", "rate").place,
                f"{name}: freezes alone end in {rate_text(least)} defaults ({rate_text(frozen)} x "
                f"{freeze.ends_in_default:.4g}), found {rate_text(every)} for all defaults; expected that or more",
            )
            return


def _check_horizon(node: Node, horizon: int, data, mistakes: Mistakes) -> None:
    length = data.window[1] - data.window[0]
    if horizon > length:
        text = f"found {units.duration_name(horizon)}; expected at most the window, {units.duration_name(length)}"
        mistakes.add(node.place, text)
    elif horizon < data.timeframe:
        found = units.duration_name(horizon)
        mistakes.add(node.place, f"found {found}; expected at least one bar, {data.timeframe_name}")
