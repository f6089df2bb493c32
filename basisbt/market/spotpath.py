"""Spot paths of a synthetic market: a log random walk with stochastic volatility, jumps and one rally.

Knows prices in five-minute steps. Knows neither premium nor venue rules. The rally (hours long, fixed in place and
size) is there so that stories can be told on the sample: a short that it liquidates, a hedge that is out of reach.
"""

import numpy as np

from basisbt.market.climate import Climate, CoinClimate
from basisbt.market.premium import mean_reverting

PER_HOUR = 12  # steps
PER_YEAR = 365 * 24 * PER_HOUR
TREND_KEPT = 0.4  # of what the walk happens to gain or lose over the whole window, so that a year stays plausible
VENUE_HALF_LIFE = 20.0 / 60.0  # hours


Coin = CoinClimate
COINS = {
    "BTC": Coin(20_000.0, 1, 1.0, 0.0, 1_400.0, 0.36),
    "ETH": Coin(1_500.0, 2, 1.05, 0.28, 14_000.0, 0.32),
}
OTHER = Coin(100.0, 3, 1.15, 0.50, 90_000.0, 0.40)


def market_returns(random: np.random.Generator, steps: int, rally: slice, climate: Climate) -> np.ndarray:
    """Log returns [steps] shared by every coin; livelier during the rally."""
    keep = np.exp2(-1.0 / (climate.volatility_half_life * PER_HOUR))
    level = np.exp(climate.volatility_spread * mean_reverting(random.standard_normal(steps), keep))
    level[rally] *= 1.3
    jumps = (random.random(steps) < climate.jumps_a_year / PER_YEAR) * climate.jump_size * random.standard_normal(steps)
    noise = climate.volatility / np.sqrt(PER_YEAR) * level * random.standard_normal(steps)
    return climate.drift / PER_YEAR + noise + jumps


def coin_path(random: np.random.Generator, coin: Coin, market: np.ndarray, rally: slice) -> np.ndarray:
    """Prices [steps + 1] of one coin. Its rally gains exactly `coin.rally`, spread evenly over the rally's steps."""
    own = coin.own_volatility / np.sqrt(PER_YEAR) * random.standard_normal(market.size)
    returns = coin.beta * market + own
    returns -= (1.0 - TREND_KEPT) * returns.mean()
    part = returns[rally]
    if part.size:
        part += (np.log1p(coin.rally) - part.sum()) / part.size
    return coin.price * np.exp(np.concatenate(([0.0], np.cumsum(returns))))


def venue_paths(random: np.random.Generator, common: np.ndarray, venues: int, spread: float) -> np.ndarray:
    """Spot prices [venues, steps + 1]: the common price and a small mean-reverting difference."""
    keep = np.exp2(-1.0 / (VENUE_HALF_LIFE * PER_HOUR))
    noise = [mean_reverting(random.standard_normal(common.size), keep) for _ in range(venues)]
    return common * np.exp(spread * np.array(noise))
