"""Dependence: when venues get into trouble, together or each for itself.

Knows subjects (a kind of trouble at a venue, by name), their rates and one clock in years. Knows neither what trouble
it is (arrivals.py) nor a calendar. Under every model each subject alone sees its own rate; only what they do together
differs (MODEL.md section 9).

Draws are those of the subject: another kind, another venue or another rate elsewhere shifts nobody's times. Under
hawkes that holds for what nobody set off and for when it sets off others; at whom depends on everybody's rates.
"""

import math

import numpy as np

BURN_IN = 12.0  # the clock starts when all but exp(-12) of a cold start has died out
LAYER = 2.0**-10  # a year: the lowest layer of common shocks, the others double


def incidents(model, rates, subjects, path: int, chance, horizon: float) -> list[list[float]]:
    """For every subject, a (kind, venue), its times in years, ordered, before `horizon`. rates: a year, one each."""
    if model.model == "hawkes":
        return hawkes(model, rates, subjects, path, chance, horizon)
    if model.model == "common_shock":
        return common_shock(model, rates, subjects, path, chance, horizon)
    return copula(model, rates, subjects, path, chance, horizon)


def arrivals_of(generator, rate: float, start: float, horizon: float) -> list[float]:
    """A Poisson process after `start`."""
    found = []
    if rate <= 0.0:
        return found
    time = start + generator.standard_exponential() / rate
    while time < horizon:
        found.append(time)
        time += generator.standard_exponential() / rate
    return found


def purpose(what: str, subject) -> str:
    """The purpose of a subject's draws."""
    return f"{what}:{subject[0]}:{subject[1]}"


def copula(model, rates, subjects, path, chance, horizon):
    """First incidents joined by a copula with one common factor, later ones independent; `none`: all independent.

    Each subject's process stays exactly Poisson: its first time is exponential whatever the copula.
    """
    if model.model == "none":
        return [arrivals_of(chance.at(path, purpose("incident", s)), r, 0.0, horizon) for s, r in zip(subjects, rates)]
    generator = chance.at(path, "factor")
    factor, stretch = generator.standard_normal(), 1.0
    if model.model == "t_copula":
        stretch = math.sqrt(model.nu / (2.0 * generator.standard_gamma(model.nu / 2.0)))
    found = []
    for subject, rate in zip(subjects, rates):
        first = math.inf
        if rate > 0.0:
            generator = chance.at(path, purpose("incident", subject))
            own = generator.standard_normal()
            score = (math.sqrt(model.correlation) * factor + math.sqrt(1.0 - model.correlation) * own) * stretch
            first = -math.log(max(survival(model, score), 1e-300)) / rate
        found.append([] if first >= horizon else [first, *arrivals_of(generator, rate, first, horizon)])
    return found


def survival(model, score: float) -> float:
    """P(score is larger), under the copula's own marginal: uniform."""
    if model.model == "gaussian_copula":
        return 0.5 * math.erfc(score / math.sqrt(2.0))
    from scipy.special import stdtr

    return float(stdtr(model.nu, -score))


def common_shock(model, rates, subjects, path, chance, horizon):
    """Marshall-Olkin: of every subject's incidents a share are shocks, which strike all of one kind at one instant.

    A shock has a height; it strikes whom it is below `share x rate`: of equal rates all, of unequal ones the larger.
    """
    share, shocks = model.correlation, {}
    for kind in dict.fromkeys(kind for kind, _ in subjects):
        top = max(rate for (k, _), rate in zip(subjects, rates) if k == kind)
        shocks[kind] = shocks_below(share * top, kind, path, chance, horizon)
    found = []
    for subject, rate in zip(subjects, rates):
        own = arrivals_of(chance.at(path, purpose("incident", subject)), (1.0 - share) * rate, 0.0, horizon)
        found.append(sorted([*own, *(time for time, height in shocks[subject[0]] if height < share * rate)]))
    return found


def shocks_below(top: float, kind: str, path, chance, horizon) -> list[tuple[float, float]]:
    """(time, height) of a Poisson process of density 1 in both, up to height `top` a year.

    Drawn in layers that double, each by itself, so that a larger `top` adds shocks and moves none.
    """
    found, low, height, layer = [], 0.0, LAYER, 0
    while low < top:
        generator = chance.at(path, f"shock:{kind}:{layer}")
        time = generator.standard_exponential() / height
        while time < horizon:
            found.append((time, low + height * generator.random()))
            time += generator.standard_exponential() / height
        low, height, layer = low + height, 2.0 * height, layer + 1
    return found


def hawkes(model, rates, subjects, path, chance, horizon):
    """Every incident sets off `branching` more on average, of all kinds at all venues in proportion to their rates.

    Clusters: those nobody set off come at (1 - branching) of the rate, so that the rate of all is the rate given. The
    clock starts in the middle of it: what happens before is simulated for long enough and thrown away. A cold start
    dies out at (1 - branching) over the mean delay.
    """
    mean_delay = model.half_life / math.log(2.0) / (365.0 * 86400.0)
    start = -BURN_IN * mean_delay / (1.0 - model.branching)
    first = [
        arrivals_of(chance.at(path, purpose("incident", subject)), (1.0 - model.branching) * rate, start, horizon)
        for subject, rate in zip(subjects, rates)
    ]
    found = [list(mine) for mine in first]
    edges = np.cumsum(rates) / max(sum(rates), 1e-300)
    for subject, parents in zip(subjects, first):
        if not parents or model.branching == 0.0:
            continue
        generator = chance.at(path, purpose("contagion", subject))
        while parents:
            children = []
            for parent in parents:
                for _ in range(generator.poisson(model.branching)):
                    time = parent + generator.standard_exponential() * mean_delay
                    struck = int(np.searchsorted(edges, generator.random(), side="right"))
                    if time < horizon:
                        found[min(struck, len(found) - 1)].append(time)
                        children.append(time)
            parents = sorted(children)
    return [sorted(time for time in mine if time >= 0.0) for mine in found]
