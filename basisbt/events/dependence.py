"""Dependence: when venues get into trouble, together or each for itself.

Knows rates and one clock in years. Knows neither what trouble it is (arrivals.py) nor a calendar. Under every model
each venue alone sees its own rate; only what they do together differs (MODEL.md section 9).
"""

import math

import numpy as np

BURN_IN = 12.0  # the clock starts when all but exp(-12) of a cold start has died out


def incidents(model, rates, names, path: int, chance, horizon: float) -> list[list[tuple[float, float]]]:
    """For every venue its incidents as (time in years, uniform that decides what it is), before `horizon`."""
    if model.model == "hawkes":
        return hawkes(model, rates, names, path, chance, horizon)
    if model.model == "common_shock":
        return common_shock(model, rates, names, path, chance, horizon)
    return copula(model, rates, names, path, chance, horizon)


def arrivals_of(generator, rate: float, start: float, horizon: float) -> list[tuple[float, float]]:
    """A Poisson process after `start`: (time, uniform)."""
    found = []
    if rate <= 0.0:
        return found
    time = start + generator.standard_exponential() / rate
    while time < horizon:
        found.append((time, generator.random()))
        time += generator.standard_exponential() / rate
    return found


def copula(model, rates, names, path, chance, horizon):
    """First incidents joined by a copula with one common factor, later ones independent; `none`: all independent.

    Each venue's process stays exactly Poisson: its first time is exponential whatever the copula.
    """
    if model.model == "none":
        return [arrivals_of(chance.at(path, f"incident:{v}"), r, 0.0, horizon) for v, r in zip(names, rates)]
    generator = chance.at(path, "factor")
    factor, stretch = generator.standard_normal(), 1.0
    if model.model == "t_copula":
        stretch = math.sqrt(model.nu / (2.0 * generator.standard_gamma(model.nu / 2.0)))
    found = []
    for name, rate in zip(names, rates):
        generator = chance.at(path, f"incident:{name}")
        own = generator.standard_normal()
        if rate <= 0.0:
            found.append([])
            continue
        score = (math.sqrt(model.correlation) * factor + math.sqrt(1.0 - model.correlation) * own) * stretch
        first = -math.log(max(survival(model, score), 1e-300)) / rate
        if first >= horizon:
            found.append([])
            continue
        found.append([(first, generator.random()), *arrivals_of(generator, rate, first, horizon)])
    return found


def survival(model, score: float) -> float:
    """P(score is larger), under the copula's own marginal: uniform."""
    if model.model == "gaussian_copula":
        return 0.5 * math.erfc(score / math.sqrt(2.0))
    from scipy.special import stdtr

    return float(stdtr(model.nu, -score))


def common_shock(model, rates, names, path, chance, horizon):
    """Marshall-Olkin: a share of every venue's incidents are common shocks, which strike at one instant."""
    share, top = model.correlation, max(rates, default=0.0)
    shocks = arrivals_of(chance.at(path, "shock"), share * top, 0.0, horizon)
    found = []
    for name, rate in zip(names, rates):
        mine = arrivals_of(chance.at(path, f"incident:{name}"), (1.0 - share) * rate, 0.0, horizon)
        if shocks:
            generator = chance.at(path, f"shock:{name}")
            for time, _ in shocks:
                struck, what = generator.random(2)
                if struck * top < rate:
                    mine.append((time, what))
        found.append(sorted(mine))
    return found


def hawkes(model, rates, names, path, chance, horizon):
    """Every incident, of whichever venue, sets off `branching` more on average, at venues in proportion to their rates.

    Clusters: those nobody set off come at (1 - branching) of the rate, so that the rate of all is the rate given. The
    clock starts in the middle of it: what happens before is simulated for long enough and thrown away. A cold start
    dies out at (1 - branching) over the mean delay.
    """
    mean_delay = model.half_life / math.log(2.0) / (365.0 * 86400.0)
    start = -BURN_IN * mean_delay / (1.0 - model.branching)
    found = [
        arrivals_of(chance.at(path, f"incident:{name}"), (1.0 - model.branching) * rate, start, horizon)
        for name, rate in zip(names, rates)
    ]
    total = sum(rates)
    parents = sorted(time for mine in found for time, _ in mine)
    if not parents:
        return found
    generator, edges = chance.at(path, "contagion"), np.cumsum(rates) / max(total, 1e-300)
    while parents:
        children = []
        for parent in parents:
            for _ in range(generator.poisson(model.branching)):
                time = parent + generator.standard_exponential() * mean_delay
                v = int(np.searchsorted(edges, generator.random(), side="right"))
                what = generator.random()
                if time < horizon:
                    found[min(v, len(found) - 1)].append((time, what))
                    children.append(time)
        parents = sorted(children)
    return [sorted(pair for pair in mine if pair[0] >= 0.0) for mine in found]
