"""The incident catalogue: dated disasters as scenarios, and how one is cast onto somebody's venues and coins.

Knows the catalogue's file and which key of an event a role fills. What an event does is events'; whether it fits the
config is checked like any script.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter

from basisbt import units
from basisbt.config.events import EventSpec
from basisbt.config.mistakes import Mistakes
from basisbt.config.reader import read_file
from basisbt.errors import ConfigError
from basisbt.places import packaged

ON_CONTRACTS = ("funding", "adl", "settlement", "price_limit")  # one event for each contract of the coin there
ON_COINS = ("price", "squeeze")
NEEDS_NO_VENUE = (*ON_COINS, "depeg")


@dataclass(frozen=True)
class Incident:
    """One dated disaster. `start`: seconds UTC; `events`: as a script has them, with `after` in the place of `at`."""

    id: str
    title: str
    start: int
    venue: str | None
    coin: str | None
    checked: str  # read | second-hand | derived | memory
    unsure: str
    source: str
    story: str
    events: tuple[dict[str, Any], ...]

    @property
    def roles(self) -> tuple[str, ...]:
        """What `as` can cast: its venue, its coin, the assets it names."""
        assets = (e["asset"] for e in self.events if e.get("asset") not in (None, "coin"))
        return tuple(dict.fromkeys(role for role in (self.venue, self.coin, *assets) if role is not None))


@lru_cache(maxsize=1)
def catalogue() -> dict[str, Incident]:
    """Every incident by id, chains (several incidents after one another) included. Raises ConfigError."""
    mistakes = Mistakes()
    root = read_file(packaged("data", "incidents.yaml"), mistakes)
    mistakes.raise_if_any()
    tree = root.plain()
    found = {}
    for name, entry in tree["incidents"].items():
        text = {key: entry.get(key) for key in ("title", "venue", "coin", "checked", "source", "story")}
        start, events = units.parse_time(entry["start"]), tuple(entry["events"])
        found[name] = Incident(id=name, start=start, unsure=entry.get("unsure", ""), events=events, **text)
    for name, entry in tree.get("chains", {}).items():
        found[name] = chained(name, entry, found)
    return found


def chained(name: str, entry: dict, found: dict[str, Incident]) -> Incident:
    """Several incidents as one: each keeps its own roles, its events come so long after the first one's onset."""
    events = []
    for link in entry["chain"]:
        part, later = found[link["incident"]], units.parse_duration(link["after"]) if "after" in link else 0
        for event in part.events:
            own = {"venue_role": part.venue, "coin_role": part.coin}
            events.append({**own, **event, "after": f"{seconds_after(event) + later}s"})
    first = found[entry["chain"][0]["incident"]]
    return Incident(
        name, entry["title"], first.start, None, None, "read", "", "its parts", entry["story"], tuple(events)
    )  # fmt: skip


def seconds_after(event: dict) -> int:
    """Seconds from the incident's onset to an event's."""
    return units.parse_duration(event["after"]) if "after" in event else 0


def find_incident(name: str) -> Incident:
    """The incident of that id. Raises ConfigError with a suggestion."""
    known = catalogue()
    if name not in known:
        close = Mistakes().suggestion(name, known) or "; `basisbt list incidents` shows them"
        raise ConfigError(f"no incident '{name}'{close}")
    return known[name]


def cast(incident: Incident, at: int, roles: dict[str, str], legs: list[tuple[str, str]]) -> dict[str, dict[str, Any]]:
    """{name: event as a script has it} of an incident that begins at `at` (seconds UTC).

    roles: what its venue, coin and assets stand for, each by default itself; legs: (venue, symbol) that pairs trade.
    """
    events: list[dict[str, Any]] = []
    for template in incident.events:
        event = {key: value for key, value in template.items() if key not in ("after", "venue_role", "coin_role", "on")}
        role, coin = template.get("venue_role", incident.venue), template.get("coin_role", incident.coin)
        venue, coin = roles.get(role, role), roles.get(coin, coin)
        event["at"] = units.time_name(at + seconds_after(template))
        event["incident"] = incident.id
        kind = event["event"]
        if kind in ON_COINS:
            event["base"] = coin
        if kind == "depeg":
            event["asset"] = coin if event["asset"] == "coin" else roles.get(event["asset"], event["asset"])
            if event.pop("venue", False):
                event["venue"] = venue
        elif kind not in NEEDS_NO_VENUE:
            event["venue"] = venue
        if kind in ON_CONTRACTS or template.get("on") == "derivative":
            events += [{**event, "symbol": symbol} for symbol in contracts_of(coin, venue, legs)]
        else:
            events.append(event)
    return {incident.id if k == 0 else f"{incident.id}-{k + 1}": event for k, event in enumerate(events)}


def typed(event: dict[str, Any]) -> Any:
    """An event of a script as its spec. Raises ValueError."""
    return TypeAdapter(EventSpec).validate_python(event)


def contracts_of(coin: str | None, venue: str | None, legs: list[tuple[str, str]]) -> list[str]:
    """Derivatives of a coin that pairs trade at a venue; of any coin where the incident names none."""
    found = (symbol for at, symbol in legs if at == venue and ":" in symbol)
    return list(dict.fromkeys(symbol for symbol in found if coin is None or symbol.startswith(f"{coin}/")))
