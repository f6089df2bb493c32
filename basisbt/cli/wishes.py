"""What a download is to fetch: read off a config's legs, or off the options of the command line.

Knows configs and options. Knows no network.
"""

import re

from basisbt.errors import ConfigError

BY_KIND = {
    "spot": ("trade",), "perpetual": ("trade", "mark", "index", "funding"), "future": ("trade", "mark", "index"),
}  # fmt: skip
OPTIONAL = ("mark", "index")  # where a venue has no such candles, a run makes do without
DEFAULT_BAR = "1h"


def wishes_of(resolved, timeframe: str | None) -> list:
    """Every series that a config's legs and indexes read, over its window. ConfigError for a venue nobody serves.

    timeframe: bars finer than the config's.
    """
    from basisbt.market.grid import timeframe_seconds, timeframe_text

    spec = resolved.spec
    bar = spec.data.timeframe
    step = timeframe_seconds(timeframe) if timeframe else bar
    if bar % step:
        raise ConfigError(f"--timeframe {timeframe}: the config's {timeframe_text(bar)} is no multiple of it")
    legs = [(leg.venue, leg.listed) for pair in spec.pairs.values() for leg in (pair.long, pair.short)]
    wanted: dict[tuple[str, str, str], None] = {}
    for venue, symbol in legs:
        for kind in BY_KIND[_kind(venue, symbol)]:
            wanted[venue, symbol, kind] = None
    for rule in spec.data.index.values():
        for place in rule.of:
            venue, symbol = place.split(":", 1)
            wanted[venue, symbol, "trade" if _kind(venue, symbol) == "spot" else "index"] = None
    since, until = spec.data.window
    found = []
    for venue, symbol, kind in wanted:
        series = kind if kind == "funding" else f"{kind}_{timeframe_text(step)}"
        served = _served(venue, spec.venues[venue].preset if venue in spec.venues else None)
        found.append(_wish(venue, symbol, series, since // bar * bar, until, kind in OPTIONAL, served, True))
    return found


def asked_for(venue, symbols, series, since, until, timeframe) -> list:
    """The same from options; each series named is wanted, those not named are the usual ones. ConfigError."""
    missing = [name for name, value in (("--venue", venue), ("--symbol", symbols), ("--since", since)) if not value]
    if missing:
        raise ConfigError(f"download: expected a CONFIG, or {', '.join(missing)}")
    if len(venue) > 1:
        raise ConfigError("download: one --venue at a time without a config")
    start, end = moment_of("--since", since), moment_of("--until", until) if until else 1 << 33
    if end <= start:
        raise ConfigError(f"--until {until}: expected a time after --since {since}")
    found = []
    for symbol in symbols:
        kinds = BY_KIND[_kind(venue[0], symbol)]
        usual = [kind if kind == "funding" else f"{kind}_{timeframe or DEFAULT_BAR}" for kind in kinds]
        for name in split(series) or usual:
            optional = not series and name.partition("_")[0] in OPTIONAL
            found.append(_wish(venue[0], symbol, name, start, end, optional, _served(venue[0], None), False))
    return found


def split(texts) -> list[str]:
    """`a,b` and repeated options as one list of names."""
    return [name.strip() for text in texts for name in text.split(",") if name.strip()]


def moment_of(option: str, text: str) -> int:
    """A time in seconds UTC. ConfigError names the option."""
    from basisbt.units import parse_time

    try:
        return parse_time(text)
    except ValueError as error:
        raise ConfigError(f"{option}: {error}") from None


def api_of(texts) -> dict[str, str]:
    """`venue=URL` of every --api. ConfigError for anything else."""
    found = {}
    for text in texts:
        venue, sign, url = text.partition("=")
        if not sign or not re.match(r"https?://", url):
            raise ConfigError(f"--api {text!r}: expected venue=URL, like okx=https://mirror.example.com")
        found[venue] = url
    return found


def _wish(venue, symbol, series, since, until, optional, served, coarser):
    from basisbt.market.download.job import Wish

    return Wish(venue, symbol, series, since * 1000, until * 1000, optional, served, coarser)


def _served(venue: str, preset: str | None) -> str:
    """The venue in the downloader's table whose markets a config's venue has: its own name, or its preset's."""
    from basisbt.market.download.dialects import VENUES

    return venue if venue in VENUES or preset not in VENUES else preset


def _kind(venue: str, symbol: str) -> str:
    from basisbt.market.instruments import parse_symbol

    return parse_symbol(venue, symbol).kind
