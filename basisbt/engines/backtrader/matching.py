"""Matching: whether a resting order trades in a bar, and at what price. Stock Backtrader's rules, without slippage.

Knows one order and one bar. Knows nothing of money.
"""

import math
from typing import NamedTuple

import backtrader as bt

from basisbt.errors import RunError

Order = bt.Order
SUPPORTED = (Order.Market, Order.Close, Order.Limit, Order.Stop)


def refuse_nonsense(order) -> None:
    """Raise RunError for a size or price that is not a finite number: NaN fails every comparison, and would mean no
    order at all."""
    for what, value in (("size", order.size), ("price", order.created.price)):
        if value is not None and not math.isfinite(value):
            raise RunError(f"an order for {order.data._name} has {what} {value}; expected a finite number")


class Match(NamedTuple):
    """How an order trades: price 0 means core's own market price; inside: not at the bar's open."""

    price: float
    inside: bool
    bound: float  # the limit a half-spread must not cross, 0 for none


def match(order, bar, now) -> Match | None:
    """Where `order` trades in `bar` = (open, high, low, close), None for not in it. now: the bar's date number."""
    kind = order.exectype
    if kind == Order.Market:
        return Match(0.0, False, 0.0)
    if kind == Order.Limit:
        return match_limit(order.created.price, order.isbuy(), bar)
    if kind == Order.Stop:
        return match_stop(order.created.price, order.isbuy(), bar)
    return match_close(order, bar, now)


def match_limit(limit, buys, bar) -> Match | None:
    """At the open where that is as good as the limit, else at the limit where the bar touches it."""
    start, high, low, _ = bar
    if buys:
        if limit >= start:
            return Match(start, False, limit)
        return Match(limit, True, limit) if limit >= low else None
    if limit <= start:
        return Match(start, False, limit)
    return Match(limit, True, limit) if limit <= high else None


def match_stop(trigger, buys, bar) -> Match | None:
    """At the open where that is beyond the trigger, else at the trigger where the bar touches it."""
    start, high, low, _ = bar
    if buys:
        if start >= trigger:
            return Match(0.0, False, 0.0)
        return Match(trigger, True, 0.0) if high >= trigger else None
    if start <= trigger:
        return Match(0.0, False, 0.0)
    return Match(trigger, True, 0.0) if low <= trigger else None


def match_close(order, bar, now) -> Match | None:
    """At the last close of the session in which it was given, booked with the first bar after that session."""
    if now >= order.dteos:
        if order.pannotated and now > order.dteos:
            return Match(order.pannotated, False, 0.0)
        return Match(bar[3], True, 0.0)
    order.pannotated = bar[3]
    return None
