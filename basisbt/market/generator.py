"""The generator: a synthetic market in the layout of the contract, from a seed.

Knows how spot, premium, funding and volume of several venues hang together, and how to write them. Claims nothing
about any real market: names of venues stand for their funding rules. The same seed gives the same bytes with the
same numpy and pyarrow; each purpose draws from its own Philox stream, so adding a base leaves the others alone.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from basisbt.errors import ConfigError
from basisbt.market import premium, spotpath
from basisbt.market.climate import VERSION, Climate
from basisbt.market.grid import moment
from basisbt.market.instruments import folder
from basisbt.market.publish import publish
from basisbt.market.spotpath import PER_HOUR, Coin

HOUR = 3600
WARM_UP = 24  # hours before the start, so that the first settlement has a window to average
SETTLEMENT = 8  # hours
RALLY_AT, RALLY_DAYS = 0.79, 18  # the rally's place in the window, and its length
MARK_HALF_LIFE = 0.25  # hours, of the premium inside the mark
VENUE_VOLUME = {"binance": 1.0, "okx": 0.35, "bybit": 0.4}
PERPETUAL_VOLUME = 4.0  # times spot


@dataclass(frozen=True)
class Recipe:
    """What to generate. `start` is seconds UTC at midnight."""

    seed: int
    start: int = 1_672_531_200  # 2023-01-01
    days: int = 365
    bases: tuple[str, ...] = ("BTC", "ETH")
    venues: tuple[str, ...] = ("binance", "okx", "bybit")
    climate: Climate = Climate()
    origin: str = ""  # where the climate comes from: a preset or a file, as on the command line

    @property
    def steps(self) -> int:
        """Five-minute steps, warm-up included."""
        return (WARM_UP + 24 * self.days) * PER_HOUR

    @property
    def rally(self) -> slice:
        """The steps of the rally; none in a window too short for it."""
        first = (WARM_UP + 24 * round(RALLY_AT * self.days)) * PER_HOUR
        length = RALLY_DAYS * 24 * PER_HOUR
        return slice(first, first + length) if first + length <= self.steps and self.climate.rally else slice(0, 0)

    def stream(self, *purpose: str) -> np.random.Generator:
        """The random numbers of one purpose."""
        key = hashlib.blake2b("/".join((str(self.seed), *purpose)).encode(), digest_size=16).digest()
        return np.random.Generator(np.random.Philox(key=np.frombuffer(key, np.uint64)))


Series = dict[str, np.ndarray]


def generate(directory: Path, recipe: Recipe, force: bool = False) -> tuple[Path, ...]:
    """Write the market and a README; returns the files. Each file is replaced whole or not at all.

    ConfigError for an impossible recipe, or when the folder holds something that was not generated (unless `force`).
    """
    if recipe.days < 1 or not recipe.bases or not recipe.venues or recipe.start % 86400:
        raise ConfigError("data generate needs a start at midnight UTC, at least one day, one base and one venue")
    directory = Path(directory)
    about = asdict(recipe)
    if not recipe.origin:  # the sample's own climate goes without saying
        del about["climate"], about["origin"]
    else:
        about["version"] = VERSION
    return publish(directory, dict(synthesise(recipe)), command_line(recipe, directory), about, force)


def synthesise(recipe: Recipe) -> Iterator[tuple[str, Series]]:
    """(`okx/BTC-USDT/trade_1h`, columns) of every series, `timestamp` in ms."""
    climate = recipe.climate
    market = spotpath.market_returns(recipe.stream("market"), recipe.steps, recipe.rally, climate)
    regime = premium.regime_path(recipe.stream("regime"), recipe.steps + 1, PER_HOUR, climate)
    regime[recipe.rally] = premium.HOT
    for base in recipe.bases:
        yield from _base(recipe, base, market, regime)


def _base(recipe: Recipe, base: str, market: np.ndarray, regime: np.ndarray) -> Iterator[tuple[str, Series]]:
    coin = recipe.climate.coins.get(base) or spotpath.COINS.get(base, spotpath.OTHER)
    common = spotpath.coin_path(recipe.stream(base, "price"), coin, market, recipe.rally)
    noise = recipe.climate.venue_noise
    spots = spotpath.venue_paths(recipe.stream(base, "venues"), common, len(recipe.venues), noise)
    index = spots.mean(axis=0)
    rules = [rule_of(recipe, venue) for venue in recipe.venues]
    premia = premium.premium_paths(recipe.stream(base, "premium"), regime, rules, PER_HOUR)
    keep = np.exp2(-1.0 / (MARK_HALF_LIFE * PER_HOUR))
    for v, venue in enumerate(recipe.venues):
        size = coin.hourly_volume * VENUE_VOLUME.get(venue, 0.3)
        spot, perpetual = folder(venue, f"{base}/USDT"), folder(venue, f"{base}/USDT:USDT")
        volumes = recipe.stream(base, venue, "volume")
        trade = _bars(recipe, coin, index * (1.0 + premia[v]))
        yield f"{spot}/trade_1h", _with_volume(volumes, _bars(recipe, coin, spots[v]), size)
        yield f"{perpetual}/trade_1h", _with_volume(volumes, trade, size * PERPETUAL_VOLUME)
        yield f"{perpetual}/mark_1h", _bars(recipe, coin, index * (1.0 + premium.smoothed(premia[v], keep)))
        yield f"{perpetual}/funding", _funding(recipe, premia[v], rules[v], base)


def rule_of(recipe: Recipe, venue: str) -> premium.FundingRule:
    """A venue's funding rule, its premium as the climate has it."""
    rule, own = premium.RULES.get(venue, premium.OTHER), recipe.climate.premia.get(venue)
    return rule if own is None else rule._replace(level=own.level, spread=own.spread)


def _bars(recipe: Recipe, coin: Coin, path: np.ndarray) -> Series:
    """Hourly bars of a path in steps, warm-up cut off. A bar ends where the next begins."""
    ticks = np.round(path[WARM_UP * PER_HOUR :], coin.tick_decimals)
    hours = ticks[:-1].reshape(-1, PER_HOUR)
    opened, close = hours[:, 0], ticks[PER_HOUR::PER_HOUR]
    high = np.maximum(hours.max(axis=1), close)
    low = np.minimum(hours.min(axis=1), close)
    stamp = (recipe.start + HOUR * np.arange(24 * recipe.days, dtype=np.int64)) * 1000
    return {"timestamp": stamp, "open": opened, "high": high, "low": low, "close": close}


def _with_volume(random: np.random.Generator, bars: Series, typical: float) -> Series:
    """Volume in base units: more in wide bars and around 15:00 UTC."""
    width = (bars["high"] - bars["low"]) / bars["open"]
    hour = np.arange(width.size) % 24
    daily = 1.0 + 0.35 * np.cos(2.0 * np.pi * (hour - 15) / 24.0)
    volume = typical * daily * np.sqrt(width / width.mean()) * np.exp(0.35 * random.standard_normal(width.size))
    return {**bars, "volume": np.round(np.maximum(volume, 0.001), 3)}


def _funding(recipe: Recipe, path: np.ndarray, rule: premium.FundingRule, base: str) -> Series:
    """Settlements at 00, 08 and 16 UTC, each on the premia of the eight hours before it."""
    samples = SETTLEMENT * PER_HOUR
    count = recipe.days * 24 // SETTLEMENT
    begin = (WARM_UP - SETTLEMENT) * PER_HOUR
    windows = path[begin : begin + count * samples].reshape(count, samples)
    stamp = (recipe.start + SETTLEMENT * HOUR * np.arange(count, dtype=np.int64)) * 1000
    return {"timestamp": stamp, "funding_rate": premium.funding_rates(windows, rule, base)}


def command_line(recipe: Recipe, directory: Path) -> str:
    """The command that makes this market again, without what is default anyway; an absolute folder by its name."""
    plain = Recipe(recipe.seed)
    options = {
        "start": moment(recipe.start), "days": str(recipe.days),
        "bases": ",".join(recipe.bases), "venues": ",".join(recipe.venues),
    }  # fmt: skip
    spoken = [f"--{name} {text}" for name, text in options.items() if getattr(recipe, name) != getattr(plain, name)]
    spoken = [f"--from {recipe.origin}", *spoken] if recipe.origin else spoken
    place = directory.name if directory.is_absolute() else directory.as_posix()
    return " ".join(["basisbt data generate", place, f"--seed {recipe.seed}", *spoken])
