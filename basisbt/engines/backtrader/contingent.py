"""Contingent orders: what one order's end does to others. Stock Backtrader's OCO groups and brackets.

Knows who belongs to whom. Knows neither prices nor money; the broker cancels and activates what is named here.
"""

import collections


class Groups:
    """OCO groups (one's end cancels the rest) and brackets (children wait for the parent, then end each other)."""

    def __init__(self):
        self.leader: dict[int, int] = {}  # order: the first of its OCO group
        self.oco: dict[int, list] = collections.defaultdict(list)  # leader: the group's orders
        self.brackets: dict[int, list] = {}  # parent: itself and its children, those that have not ended
        self.waiting: list = []  # children to be activated at the next bar

    def join(self, order, oco) -> None:
        """Put a new order into the group of `oco`, or into one of its own."""
        leader = order.ref if oco is None else self.leader.get(oco.ref, oco.ref)
        self.leader[order.ref] = leader
        self.oco[leader].append(order)

    def adopt(self, order) -> bool:
        """Put a new order into its bracket; False if its parent is not there any more."""
        parent = order.ref if order.parent is None else order.parent.ref
        if order.parent is not None and parent not in self.brackets:
            return False
        self.brackets.setdefault(parent, []).append(order)
        return True

    def family(self, order) -> list:
        """The orders of a bracket, the order's own included."""
        return self.brackets.get(order.ref if order.parent is None else order.parent.ref, [])

    def keys(self, order) -> tuple:
        """What no two orders that trade in one bar may share: an OCO group, a bracket's children."""
        own = [("oco", self.leader[order.ref])] if order.ref in self.leader else []
        if order.parent is not None:
            own.append(("bracket", order.parent.ref))
        return tuple(own)

    def rivals(self, order) -> list:
        """The others of its OCO group, which end with its first fill or its end."""
        group = self.oco.pop(self.leader.get(order.ref, order.ref), [])
        return [other for other in group if other.ref != order.ref]

    def after_completion(self, order) -> list:
        """A parent that is complete wakes its children; of a child's family the others are to be cancelled."""
        if order.parent is not None:
            return self.after_end(order)
        children = [child for child in self.brackets.pop(order.ref, []) if child.ref != order.ref]
        if children:  # they stay a family: one child's fill ends the others
            self.brackets[order.ref] = children
            self.waiting += children
        return []

    def after_end(self, order) -> list:
        """An order that ended without completing takes its family with it."""
        parent = order.ref if order.parent is None else order.parent.ref
        return [other for other in self.brackets.pop(parent, []) if other.ref != order.ref]

    def activate(self) -> None:
        """Children whose parent was filled in an earlier bar can trade from now on."""
        for order in self.waiting:
            order.activate()
        self.waiting = []
