"""Commission schemes: what Backtrader may ask about a fee or a size, answered as core would.

P&L is size times price difference, of contracts that settle in the coin what the coins are worth at the price of the
fill; a fee is a fraction of notional, a size any fraction.
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


class CoinCommission(BasisCommission):
    """The same of an instrument that settles in the coin: its size is in quote units, its value does not move."""

    def profitandloss(self, size, price, newprice):
        """What `size` earned from `price` to `newprice`, in quote units at the latter."""
        return size * (newprice / price - 1.0) if price else 0.0

    def getoperationcost(self, size, price):
        """Notional of a size: quote units whatever the price."""
        return abs(size)

    def _getcommission(self, size, price, pseudoexec):
        """A fraction of the quote units."""
        return abs(size) * self.p.commission


def commissions(world: World) -> list[BasisCommission]:
    """One scheme per instrument."""
    kinds = [CoinCommission if inverse else BasisCommission for inverse in world.rules.inverse]
    return [kind(commission=float(fee)) for kind, fee in zip(kinds, world.rules.taker)]
