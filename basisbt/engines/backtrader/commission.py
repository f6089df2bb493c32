"""Commission schemes: what Backtrader may ask about a fee or a size, answered as core would.

Linear instruments only: P&L is size times price difference, a fee a fraction of notional, a size any fraction.
"""

import backtrader as bt

from basisbt.engines.world import World


class BasisCommission(bt.CommInfoBase):
    """Fee and P&L of one linear instrument; `commission` is the taker fee as a fraction."""

    params = (("stocklike", True), ("commtype", bt.CommInfoBase.COMM_PERC), ("percabs", True))

    def getsize(self, price, cash):
        """Base units that `cash` buys, fractional (stock Backtrader truncates to whole units)."""
        return self.p.leverage * (cash / price)

    def getvalue(self, position, price):
        """Signed market value."""
        return position.size * price

    def getvaluesize(self, size, price):
        """Signed market value of a size."""
        return size * price

    def getoperationcost(self, size, price):
        """Notional of a size."""
        return abs(size) * price


def commissions(world: World) -> list[BasisCommission]:
    """One scheme per instrument."""
    return [BasisCommission(commission=float(fee)) for fee in world.rules.taker]
