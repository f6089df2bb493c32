"""The climate of a synthetic market: how lively it is, how its premia live, how its coins hang together.

Knows parameters and their units. The defaults are those of the bundled sample; presets and `basisbt calibrate` give
others. VERSION changes when the same parameters would make another market.
"""

from dataclasses import dataclass, field

BP = 1e-4
VERSION = 1


@dataclass(frozen=True)
class CoinClimate:
    """A coin: first price, its tick's decimals, beta to the market, own volatility a year, base units an hour."""

    price: float
    tick_decimals: int
    beta: float
    own_volatility: float
    hourly_volume: float
    rally: float = 0.0


@dataclass(frozen=True)
class PremiumClimate:
    """The premium of a venue's perpetuals, a fraction of the index: mean and spread when calm, hot and stressed."""

    level: tuple[float, float, float]
    spread: tuple[float, float, float]


@dataclass(frozen=True)
class Climate:
    """Everything that can be set. Rates a year, volatilities a year, half-lives in hours, stays in days.

    volatility: median, of the market without jumps; volatility_spread: standard deviation of its logarithm. jump_size:
    standard deviation. venue_noise: of one venue's spot around the common price. rally: whether there is one.
    """

    volatility: float = 0.45
    volatility_spread: float = 0.35
    volatility_half_life: float = 6 * 24
    jumps_a_year: float = 25.0
    jump_size: float = 0.015
    drift: float = 0.10
    venue_noise: float = 1.5 * BP
    calm_days: float = 30.0
    hot_days: float = 9.7
    stress_days: float = 1.5
    stress_share: float = 0.06  # of the stays that follow calm
    rally: bool = True
    coins: dict[str, CoinClimate] = field(default_factory=dict)  # by base; others as the sample has them
    premia: dict[str, PremiumClimate] = field(default_factory=dict)  # by venue; likewise


PRESETS = {
    "textbook": Climate(),
    "calm": Climate(volatility=0.30, volatility_spread=0.20, jumps_a_year=8.0, jump_size=0.01, stress_share=0.0,
                    hot_days=5.0, rally=False),  # quieter than any year since 2019
    "stressed": Climate(volatility=0.80, volatility_spread=0.50, jumps_a_year=60.0, jump_size=0.03, drift=-0.60,
                        stress_days=4.0, stress_share=0.35, rally=False),  # 2022, roughly: BTC -64 %, 65 % a year
}  # fmt: skip
