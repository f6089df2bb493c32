"""Calibrate: a market recipe from a config's data, as YAML to keep and to feed to `data generate --from`.

Knows which estimate (measures.climate) becomes which key, and says where a default had to do. Rates of events are not
estimated here: a history of one desk's data holds too few; those of the scenarios have their sources.
"""

from pathlib import Path

import numpy as np

from basisbt.config.market_recipe import load_recipe
from basisbt.core.tape import CLOSE, MARK_CLOSE, OPEN
from basisbt.core.tape import VOLUME as VOLUME_FIELD
from basisbt.errors import ConfigError
from basisbt.market.climate import PRESETS, Climate, CoinClimate, PremiumClimate
from basisbt.measures.climate import fit_premia, fit_regimes, fit_returns
from basisbt.studies.prepare import prepare

PLAIN = PRESETS["textbook"]


def calibrate(config, overrides=(), **options) -> str:
    """The recipe as YAML with a comment on each estimate. options as of `prepare`. Raises ConfigError, DataError."""
    prepared = prepare(config, overrides, **options)
    world = prepared.world
    panel, names, step = world.panel, world.names, int(world.rules.seconds)
    closes = panel.index[:, CLOSE, :]
    market = fit_returns(np.diff(np.log(closes[:, 0])), step)
    days = panel.time.size * step / 86400.0
    bars = f"{days:,.0f} days of {step / 3600:g} h bars"
    head = f"# estimated from {prepared.resolved.path}: {bars}, {names.bases[0]} as the market"
    out = [head, "schema: 1", "kind: market", "version: 1", *of_returns(market)]
    regimes, state = of_regimes(prepared)
    out += [*of_venues(prepared), *regimes, "coins:", *of_coins(prepared)]
    return "\n".join([*out, *of_premia(prepared, state)]) + "\n"


def climate_of(text: str) -> Climate:
    """The climate that a preset's name or a recipe's file means. Raises ConfigError."""
    if text in PRESETS:
        return PRESETS[text]
    if not Path(text).is_file():
        raise ConfigError(f"--from: found {text!r}, expected a file or one of {', '.join(PRESETS)}")
    market, coins, premia = load_recipe(text)
    return Climate(
        market.volatility, market.volatility_spread, market.volatility_half_life / 3600.0, market.jumps_a_year,
        market.jump_size, market.drift, market.venue_noise, market.calm / 86400.0, market.hot / 86400.0,
        market.stress / 86400.0, market.stress_share, market.rally,
        {base: CoinClimate(**coin.model_dump()) for base, coin in coins.items()},
        {venue: PremiumClimate(tuple(p.level), tuple(p.spread)) for venue, p in premia.items()},
    )  # fmt: skip


def line(key: str, value, default, unit: str, note: str = "") -> str:
    """`key: value  # note`; the default, said to be one, where there is no estimate."""
    if value is None or not np.isfinite(value):
        value, note = default, "too little to tell; the sample's"
    value, unit = (24.0 * value, "h") if unit == "d" else (value, unit)
    shown = f"{max(round(value), 1)}" if unit == "h" else f"{value:.4g}"  # lengths of time in whole hours
    return f"{key}: {shown}{unit}" + (f"  # {note}" if note else "")


def of_returns(fit) -> list[str]:
    """Volatility, jumps and drift."""
    return [
        line("volatility", 100 * fit.volatility, 0, "%", "median, a year, without jumps"),
        line("volatility_spread", fit.spread, 0, "", "of its logarithm"),
        line("volatility_half_life", fit.half_life, PLAIN.volatility_half_life, "h"),
        line("jumps_a_year", fit.jumps_a_year, PLAIN.jumps_a_year, "", f"{fit.jumps} returns beyond 5 deviations"),
        line("jump_size", None if fit.jump_size is None else 100 * fit.jump_size, 100 * PLAIN.jump_size, "%"),
        line("drift", 100 * fit.drift, 0, "%"),
    ]  # fmt: skip


def of_regimes(prepared) -> tuple[list[str], dict]:
    """Lines about stays, and {derivative leg: regime of every bar}."""
    panel = prepared.world.panel
    longest, states = None, {}
    for i in sorted(set(panel.funding_instrument.tolist())):
        mine = panel.funding_instrument == i
        rate8 = panel.funding_rate[mine] * 8.0 / np.maximum(panel.funding_hours[mine], 1e-9)
        time = panel.funding_time[mine]
        if not np.isfinite(rate8).all():
            rate8 = panel.funding_rate[mine] * 28_800.0 / np.median(np.diff(time))
        fit = fit_regimes(time, rate8)
        at = np.clip(np.searchsorted(time, panel.time), 0, time.size - 1)
        states[i] = fit.state[at]
        longest = fit if longest is None else longest
    if longest is None:
        return [], states
    return [
        line("calm", longest.calm, PLAIN.calm_days, "d", "mean stay; hot above 2 bp, stressed below -1 bp per 8 h"),
        line("hot", longest.hot, PLAIN.hot_days, "d"), line("stress", longest.stress, PLAIN.stress_days, "d"),
        line("stress_share", 100 * longest.stress_share, 0, "%"),
    ], states  # fmt: skip


def of_venues(prepared) -> list[str]:
    """How far the spots of venues are from each other."""
    world = prepared.world
    logs: dict[str, list] = {}
    for i, (_, symbol) in enumerate(world.names.instruments):
        if ":" not in symbol:
            logs.setdefault(symbol.partition("/")[0], []).append(np.log(world.panel.prices[:, CLOSE, i]))
    apart = [
        np.std(np.array(each) - np.mean(each, axis=0)) * np.sqrt(len(each) / (len(each) - 1.0))
        for each in logs.values() if len(each) > 1
    ]  # fmt: skip
    noise = 1e4 * float(np.mean(apart)) if apart else None
    return [line("venue_noise", noise, 1e4 * PLAIN.venue_noise, "bps", "of one venue's spot around their mean")]


def of_coins(prepared) -> list[str]:
    """First price, beta to the market and own volatility of every coin."""
    world = prepared.world
    panel, names, step = world.panel, world.names, int(world.rules.seconds)
    returns = np.diff(np.log(panel.index[:, CLOSE, :]), axis=0)
    market = returns[:, 0]
    out = []
    for b, base in enumerate(names.bases):
        beta = float(returns[:, b] @ market / (market @ market))
        own = float(np.std(returns[:, b] - beta * market) * np.sqrt(365 * 86400 / step))
        price = float(panel.index[0, OPEN, b])
        volumes = [np.median(panel.prices[:, VOLUME_FIELD, i]) for i, (_, s) in enumerate(names.instruments)
                   if s.startswith(f"{base}/") and ":" not in s]  # fmt: skip
        volume = max(volumes, default=0.0) * 3600 / step or 1000.0
        decimals = max(0, 5 - int(np.floor(np.log10(price))) - 1)
        out.append(f"  {base}: {{price: {price:.6g}, tick_decimals: {decimals}, beta: {beta:.4g}, "
                   f"own_volatility: {100 * own:.4g}%, hourly_volume: {volume:.4g}}}")  # fmt: skip
    return out


def of_premia(prepared, states: dict) -> list[str]:
    """Level and spread of each venue's premium by regime, of its first perpetual; a regime that never was is calm's."""
    world = prepared.world
    panel, names = world.panel, world.names
    out, done = [], set()
    for i, state in states.items():
        venue, symbol = names.instruments[i]
        if venue in done:
            continue
        done.add(venue)
        base = names.bases.index(symbol.partition("/")[0])
        premium = panel.prices[:, MARK_CLOSE, i] / panel.index[:, CLOSE, base] - 1.0
        levels, spreads = fit_premia(premium, panel.time // 86400, state)
        filled = [[v if np.isfinite(v) else part[0] for v in part] for part in (levels, spreads)]
        level, spread = ("[" + ", ".join(f"{1e4 * v:.4g}bps" for v in part) + "]" for part in filled)
        out.append(f"  {venue}: {{level: {level}, spread: {spread}}}")
    return ["premia:  # mark over index: calm, hot, stressed", *out] if out else []
