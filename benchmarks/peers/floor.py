"""The floor: one loop written by hand for one config, two legs, in Numba.

Long spot on one venue, short perpetual on another, opened and closed every other week; funding, fees, half-spreads,
a maintenance test at every bar's worst mark, equity, drawdown. It reads the panel where it lies, knows no event, no
transfer, no second pair, and keeps no journal and no digest: what a general engine can at best come near to.
"""

import numpy as np
from numba import njit

WEEK = 24 * 7


@njit(cache=True)
def floor(prices, first, stamp_instrument, stamp_rate, stamp_price, costs, mmr, cash, quantity, equity):
    """Fill equity [T] and return (final equity, worst drawdown, fills, lowest surplus over maintenance).

    prices: [T, FIELDS, 2]; costs: [2] fee + half-spread; cash: (spot venue, perpetual venue).
    """
    spot_cash, margin, coins, size, entry = cash[0], cash[1], 0.0, 0.0, 0.0
    peak, drawdown, fills, lowest, wanted = cash[0] + cash[1], 0.0, 0, np.inf, 0.0
    for t in range(prices.shape[0]):
        if size != 0.0:
            for k in range(first[t], first[t + 1]):
                if stamp_instrument[k] == 1:
                    margin -= size * stamp_price[k] * stamp_rate[k]
        if wanted != coins:
            order, spot, perp = wanted - coins, prices[t, 0, 0], prices[t, 0, 1]
            spot_cash -= order * spot + abs(order) * spot * costs[0]
            if size != 0.0:
                margin += size * (perp - entry)
            coins, size, entry = wanted, -wanted, perp
            margin -= abs(order) * perp * costs[1]
            fills += 2
        if size != 0.0:
            high = prices[t, 5, 1]
            lowest = min(lowest, margin + size * (high - entry) - abs(size) * high * mmr)
        worth = spot_cash + coins * prices[t, 3, 0] + margin
        if size != 0.0:
            worth += size * (prices[t, 7, 1] - entry)
        equity[t] = worth
        if worth > peak:
            peak = worth
        else:
            drawdown = max(drawdown, (peak - worth) / peak)
        if t % WEEK == 0:
            wanted = quantity if t // WEEK % 2 == 0 else 0.0
    return equity[-1], drawdown, fills, lowest


def arguments(world, quantity):
    """The floor's arguments for a world of two legs."""
    panel, rules, capital = world.panel, world.rules, [d.amount for d in world.deposits]
    costs = rules.taker + rules.half_spread
    return (panel.prices, panel.first, panel.funding_instrument, panel.funding_rate, panel.funding_price, costs,
            float(rules.mmr[1, 0]), (capital[0], capital[1]), quantity, np.empty(world.bars))  # fmt: skip
