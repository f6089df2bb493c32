"""Market recipes: the climate of a synthetic market as YAML, what `calibrate` prints and `data generate --from` reads.

Knows keys and units. What the numbers do is the generator's business.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from basisbt.config.fields import Count, Number, Seconds, Spec
from basisbt.config.fields import Fraction as Share
from basisbt.config.mistakes import Mistakes
from basisbt.config.reader import Node, kind_of, read_file
from basisbt.config.validate import validated

Positive = Annotated[Share, Field(ge=0)]
Three = Annotated[list[Share], Field(min_length=3, max_length=3)]


class CoinRecipe(Spec):
    """A coin of the market."""

    price: Annotated[Number, Field(gt=0)]
    tick_decimals: Count = 2
    beta: Number = 1.0
    own_volatility: Positive = 0.0
    hourly_volume: Annotated[Number, Field(gt=0)] = 1000.0


class PremiumRecipe(Spec):
    """A venue's premium: level and spread when calm, hot and stressed."""

    level: Three
    spread: Three


class MarketRecipe(Spec):
    """The climate; what is not said is as in the bundled sample."""

    version: Literal[1] = 1
    volatility: Positive = 0.45
    volatility_spread: Annotated[Number, Field(ge=0)] = 0.35
    volatility_half_life: Seconds = 6 * 86400
    jumps_a_year: Annotated[Number, Field(ge=0)] = 25.0
    jump_size: Positive = 0.015
    drift: Share = 0.10
    venue_noise: Positive = 1.5e-4
    calm: Seconds = 30 * 86400
    hot: Seconds = 838_080
    stress: Seconds = 129_600
    stress_share: Positive = 0.06
    rally: bool = False


def load_recipe(path: str | Path) -> tuple[MarketRecipe, dict[str, CoinRecipe], dict[str, PremiumRecipe]]:
    """(market, coins, premia by venue) of a `kind: market` file; a ConfigError holds every mistake."""
    mistakes = Mistakes()
    root = read_file(Path(path), mistakes)
    if root is None:
        mistakes.raise_if_any()
    for key, wanted in (("schema", 1), ("kind", "market")):
        if key in root.live and root.live[key].value != wanted:
            found = kind_of(root.live[key].plain())
            mistakes.add(root.live[key].place, f"found {found}; expected `{key}: {wanted}`")
    own = ("schema", "kind", "coins", "premia")
    rest = Node({k: child for k, child in root.entries.items() if k not in own}, root.place, root.key)
    market = validated(MarketRecipe, rest, mistakes)
    coins = _entries(root, "coins", CoinRecipe, mistakes)
    premia = _entries(root, "premia", PremiumRecipe, mistakes)
    mistakes.raise_if_any()
    return market, coins, premia


def _entries(root: Node, key: str, spec, mistakes: Mistakes) -> dict:
    node = root.live.get(key)
    if node is None:
        return {}
    if not isinstance(node.value, dict):
        mistakes.add(node.place, f"found {kind_of(node.plain())}; expected a map of names")
        return {}
    return {name: validated(spec, child, mistakes) for name, child in node.live.items()}
