"""Allocate: venue weights with the least expected shortfall for a given carry, and what they give on fresh paths.

Knows a config whose pairs stand alone, each with both legs on one venue, so that the P&L of a venue scales with its
capital. Samples paths, solves (measures.allocation), samples other paths, and runs the config once more at each of the
weights that were found: what the scaling left out (fees that fall with size, transfers, impact) shows there.
"""

from dataclasses import dataclass, field

import numpy as np

from basisbt.errors import BasisError, ConfigError
from basisbt.measures.allocation import Weights, frontier, largest_mean, least_shortfall
from basisbt.measures.tail import expected_shortfall
from basisbt.studies.interrupts import check
from basisbt.studies.prepare import prepare
from basisbt.studies.tails import YEAR, sampled

STEP = 0.001  # weights are rounded to a tenth of a per cent: what is shown is what was run


@dataclass(frozen=True)
class Point:
    """One set of weights. Carry is a mean return a year, es a fraction of capital, positive = lost, over the window.

    `carry`, `es`: on the paths the weights were chosen on; `fresh_*`: the same weights on other paths; `run_*`: the
    config itself at these weights on those other paths, None with `why` where it cannot be run.
    """

    label: str
    weights: dict[str, float]
    carry: float
    es: float
    fresh_carry: float
    fresh_es: float
    run_carry: float | None = None
    run_es: float | None = None
    why: str = ""
    overrides: tuple[str, ...] = ()

    def row(self) -> dict:
        """As a row of a table."""
        figures = ("carry", "es", "fresh_carry", "fresh_es", "run_carry", "run_es", "why")
        return {"label": self.label, **{f"weight_{v}": w for v, w in self.weights.items()},
                **{name: getattr(self, name) for name in figures}, "overrides": list(self.overrides)}  # fmt: skip


@dataclass
class Allocation:
    """The frontier: `points` from the least ES to the most carry, `written` the config as it is."""

    name: str
    level: float
    paths: int
    seed: int
    fresh_seed: int
    written: Point
    points: list[Point] = field(default_factory=list)

    @property
    def frame(self):
        """One row a point, the config as written first."""
        import pandas as pd

        return pd.DataFrame([point.row() for point in (self.written, *self.points)])


class Desk:
    """A config and what its venues earn on sampled paths."""

    def __init__(self, config, overrides, options: dict, jobs):
        self.config, self.overrides, self.options, self.jobs = config, list(overrides), options, jobs
        self.prepared = prepare(config, self.overrides, **options)
        if self.prepared.sample is None:
            raise ConfigError("allocate needs sampled paths: `tail: {sample: {paths: 1000, …}}` or --paths N")
        self.spec = self.prepared.resolved.spec
        self.venues = self.standing_alone()
        self.years = self.prepared.sample.bars * self.prepared.world.rules.seconds / YEAR

    def standing_alone(self) -> list[str]:
        """The venues that hold pairs. Raises ConfigError where a pair lies on two, or a venue's capital on none."""
        for name, pair in self.spec.pairs.items():
            if pair.long.venue != pair.short.venue:
                raise ConfigError(self.prepared.resolved.mistake(
                    f"pairs.{name}", f"{name} is long at {pair.long.venue} and short at {pair.short.venue}: allocate "
                    "weighs venues that stand alone; expected both legs of a pair at one venue"))  # fmt: skip
        used = {pair.long.venue for pair in self.spec.pairs.values()}
        for name, venue in self.spec.venues.items():
            if name not in used and venue.share > 0.0:
                raise ConfigError(self.prepared.resolved.mistake(
                    f"venues.{name}", f"{name} has capital and no pair; expected a pair, or no capital"))  # fmt: skip
        return [name for name in self.spec.venues if name in used]

    def capital_shares(self) -> np.ndarray:
        """[k] share of the capital at each venue, as the config has it."""
        return np.array([self.spec.venues[name].share for name in self.venues])

    def returns(self, prepared) -> np.ndarray:
        """[n, k] P&L over the window by path and venue, a fraction of the venue's capital at the start."""
        rows = sampled(prepared, self.jobs)
        at = [prepared.world.names.venues.index(name) for name in self.venues]
        capital = float(rows["final_equity"][0] - rows["pnl"][0])
        return rows["venue_pnl"][:, at] / (capital * self.capital_shares())

    def at(self, weights: dict[str, float]) -> tuple[str, ...]:
        """Overrides that give the venues these weights: capital and pairs move together, leverage stays as it is."""
        was = dict(zip(self.venues, self.capital_shares()))
        texts, sizes = [], {}
        for name, pair in self.spec.pairs.items():
            sizes[name] = weights[pair.long.venue] * pair.share / was[pair.long.venue]
        for name, size in sizes.items():
            texts.append(f"pairs.{name}.share={100.0 * size:.6g}" if size > 0.0 else f"~pairs.{name}")
        texts += [f"venues.{name}.weight={100.0 * weight:.6g}" for name, weight in weights.items()]  # parts
        notional, scale = getattr(self.prepared.loaded.params, "notional", None), sum(sizes.values())
        if notional is not None and abs(scale - 1.0) > 1e-12:  # venues differ in what a unit of capital carries
            texts.append(f"strategy.params.notional={notional * scale:.10g}")
        return tuple(texts)

    def run_at(self, texts, seed: int, level: float) -> tuple[float | None, float | None, str]:
        """(carry, ES, "") of the config with these overrides; (None, None, why) where it cannot be run."""
        try:
            prepared = prepare(self.config, [*self.overrides, *texts], **self.options | {"seed": seed})
            rows = sampled(prepared, self.jobs)
        except BasisError as error:
            return None, None, str(error).splitlines()[0]
        capital = float(rows["final_equity"][0] - rows["pnl"][0])
        pnl = rows["pnl"] / capital
        return float(pnl.mean()) / self.years, expected_shortfall(-pnl, level).value, ""


def allocate(config, overrides=(), *, level=0.99, bounds=None, carry=None, points=6, fresh_seed=None, timerange=None,
             data_dir=None, seed=None, engine="auto", paths=None, jobs=None, progress=None) -> Allocation:  # fmt: skip
    """The frontier of venue weights, carry against ES at `level`, and each point on fresh paths.

    bounds: {venue: (least, most)} as fractions, `*` for all others; carry: a mean return a year that is wanted, a
    fraction: one point instead of the frontier. Raises ConfigError, DataError, RunError.
    """
    if not 0.5 <= level < 1.0:
        raise ConfigError(f"--level: found {level:g}, expected a fraction from 50 % to below 100 %")
    options = {"timerange": timerange, "data_dir": data_dir, "seed": seed, "engine": engine, "paths": paths}
    desk = Desk(config, overrides, options, jobs)
    own = desk.spec.seed
    fresh_seed = own + 1 if fresh_seed is None else fresh_seed
    if fresh_seed == own:
        raise ConfigError(f"--fresh-seed: found {fresh_seed}, the seed of the paths to choose on; expected another")
    known = desk.returns(desk.prepared)
    fresh = desk.returns(prepare(config, overrides, **options | {"seed": fresh_seed}))
    low, high = bounds_of(bounds or {}, desk.venues)
    chosen = solutions(known, level, low, high, points, None if carry is None else carry * desk.years)
    written = Weights(desk.capital_shares(), 0.0, 0.0)
    found = []
    for k, solution in enumerate([written, *chosen]):
        check()
        label = "written" if k == 0 else "wanted" if carry is not None else str(k)
        found.append(point(desk, label, solution.weights, known, fresh, fresh_seed, level))
        if progress is not None:
            progress(k + 1, len(chosen) + 1)
    return Allocation(desk.spec.name, level, len(known), own, fresh_seed, found[0], found[1:])


def solutions(returns, level, low, high, points, mean) -> list[Weights]:
    """The frontier, or the one point of a wanted mean. Raises ConfigError where nothing fits."""
    try:
        if mean is None:
            return frontier(returns, level, low, high, points)
        found = least_shortfall(returns, level, low, high, mean)
    except ValueError as error:
        raise ConfigError(f"--bound: {error}") from error
    if found is None:
        raise ConfigError(f"--carry: no weights within the bounds carry that much; over the window the most is "
                          f"{largest_mean(returns, low, high):.4%} of capital, {mean:.4%} was asked")  # fmt: skip
    return [found]


def bounds_of(bounds: dict, venues) -> tuple[np.ndarray, np.ndarray]:
    """(least, most) weight of each venue. Raises ConfigError for a venue that is not there or an empty interval."""
    for name, (low, high) in bounds.items():
        if name != "*" and name not in venues:
            raise ConfigError(f"--bound: no venue '{name}' with pairs; expected one of: {', '.join(venues)}, or *")
        if not 0.0 <= low <= high <= 1.0:
            raise ConfigError(f"--bound {name}: found {low:.4g}..{high:.4g}, expected 0 <= least <= most <= 1")
    chosen = [bounds.get(name, bounds.get("*", (0.0, 1.0))) for name in venues]
    low, high = np.array([each[0] for each in chosen]), np.array([each[1] for each in chosen])
    if not low.sum() <= 1.0 + 1e-12 <= high.sum() + 2e-12:
        raise ConfigError(f"--bound: weights cannot sum to 1: least {low.sum():.4g}, most {high.sum():.4g}")
    return low, high


def rounded(weights) -> np.ndarray:
    """Weights in whole steps that sum to 1: the largest remainders get what rounding down left over."""
    steps = np.asarray(weights) / STEP
    whole = np.floor(steps + 1e-9)
    left = round(1.0 / STEP - whole.sum())
    whole[np.argsort(whole - steps, kind="stable")[:left]] += 1.0
    return whole * STEP


def point(desk: Desk, label, weights, known, fresh, fresh_seed, level) -> Point:
    """Weights as they can be typed, and what they give."""
    x = weights if label == "written" else rounded(weights)
    named = dict(zip(desk.venues, x.tolist()))
    texts = () if label == "written" else desk.at(named)
    carry, es = (known @ x).mean() / desk.years, expected_shortfall(-(known @ x), level).value
    fresh_carry, fresh_es = (fresh @ x).mean() / desk.years, expected_shortfall(-(fresh @ x), level).value
    run_carry, run_es, why = desk.run_at(texts, fresh_seed, level)
    return Point(label, named, float(carry), es, float(fresh_carry), fresh_es, run_carry, run_es, why, texts)
