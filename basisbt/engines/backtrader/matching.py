"""Matching: whether a resting order trades in a bar, and at what price. Stock Backtrader's rules, without slippage.

Knows one order and one bar. Knows nothing of money.
"""

import math
from typing import NamedTuple

import backtrader as bt

from basisbt.errors import RunError

Order = bt.Order
SUPPORTED = (
    Order.Market, Order.Close, Order.Limit, Order.Stop, Order.StopLimit, Order.StopTrail, Order.StopTrailLimit,
)  # fmt: skip


def refuse_nonsense(order) -> None:
    """Raise RunError for a size or price that is not a finite number: NaN fails every comparison, and would mean no
    order at all."""
    prices = ("price", order.created.price), ("limit", order.created.pricelimit)
    for what, value in (("size", order.size), *prices):
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
    if kind == Order.StopTrail:
        hit = match_stop(order.created.price, order.isbuy(), bar)
        if hit is None:
            order.trailadjust(bar[3])
        return hit
    if kind in (Order.StopLimit, Order.StopTrailLimit):
        return match_stop_limit(order, bar)
    return match_close(order, bar, now)


def match_stop_limit(order, bar) -> Match | None:
    """A stop that turns into a limit order; what happens after the trigger inside its bar is told by the close."""
    if order.triggered:
        return match_limit(order.created.pricelimit, order.isbuy(), bar)
    trigger, limit, (start, high, low, end) = order.created.price, order.created.pricelimit, bar
    sign = 1.0 if order.isbuy() else -1.0
    hit = None
    if sign * start >= sign * trigger:
        order.triggered = True
        hit = match_limit(limit, order.isbuy(), bar)
    elif sign * (high if order.isbuy() else low) >= sign * trigger:
        order.triggered = True
        if sign * limit >= sign * trigger:
            hit = Match(trigger, True, 0.0)
        elif back(sign, start, end) and sign * limit >= sign * end:
            hit = Match(limit, True, limit)
    if hit is None and order.exectype == Order.StopTrailLimit:
        order.trailadjust(end)
    return hit


def back(sign, start, end) -> bool:
    """Whether the bar came back after it met the trigger: only then can it have met a limit on this side of it."""
    return start > end if sign > 0.0 else start <= end


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


def to_tick(order, tick: float) -> None:
    """Limit and stop prices on the market's grid: a limit never worse than asked for, a trigger at the nearest."""
    if tick <= 0.0:
        return
    created, buys = order.created, order.isbuy()
    cut = math.floor if buys else math.ceil
    if order.exectype == Order.Limit and created.price:
        created.price = cut(round(created.price / tick, 9)) * tick
    elif created.price and order.exectype in (Order.Stop, Order.StopLimit):
        created.price = round(created.price / tick) * tick
    if created.pricelimit:
        created.pricelimit = cut(round(created.pricelimit / tick, 9)) * tick
