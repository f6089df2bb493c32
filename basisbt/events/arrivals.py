"""Arrivals: what happens on path k and when, drawn from chances.

Knows rates, outcomes and the path's own market clock. Knows nothing of a strategy and nothing of money. A freeze draws
its outcome first and its length given that; nobody announces a length, so none carries information.
"""

import math

import numpy as np

from basisbt.events.chance import Chance
from basisbt.events.chances import YEAR, Chances
from basisbt.events.dependence import incidents
from basisbt.events.kinds import FundingShock, NonConvergence, VenueDefault, WithdrawalFreeze, moved

MONTH = 30.0 * 86400.0
OFFSET = 1 << 40  # paths of `implied` lie beyond all others


class Clock:
    """From operational time (years at the long-run rate) to seconds UTC; weight: [N] intensity of each bar, or None."""

    def __init__(self, time, seconds, weight=None):
        self.start, self.seconds = int(time[0]), seconds
        self.weight = None if weight is None else np.concatenate([[0.0], np.cumsum(weight)])
        self.horizon = (time.size if weight is None else float(self.weight[-1])) * seconds / YEAR

    def moment(self, years: float) -> int:
        """Seconds UTC, floored."""
        if self.weight is None:
            return self.start + int(years * YEAR)
        passed = years * YEAR / self.seconds
        bar = min(int(np.searchsorted(self.weight, passed, side="right")) - 1, self.weight.size - 2)
        part = (passed - self.weight[bar]) / (self.weight[bar + 1] - self.weight[bar])
        return self.start + int((bar + part) * self.seconds)


class Arrivals:
    """Draws the events of paths over `time` [N] (bar openings, seconds UTC); stress: [T] intensity of every panel row.

    Raises ValueError when freezes alone make more defaults than there are.
    """

    def __init__(self, chances: Chances, seed: int, time: np.ndarray, seconds: int, stress=None):
        self.chances, self.chance = chances, Chance(seed)
        self.time, self.seconds, self.stress = time, seconds, stress
        venues = range(len(chances.venues))
        self.rates = [chances.freeze_rate(v) for v in venues] + [chances.sudden_rate(v) for v in venues]
        self.subjects = [(kind, name) for kind in ("freeze", "default") for name in chances.venues]
        self.plain = Clock(time, seconds)

    def clock(self, row) -> Clock:
        """The path's clock: its own market's stress, or plain time."""
        if self.stress is None:
            return self.plain
        return Clock(self.time, self.seconds, self.stress[: self.time.size] if row is None else self.stress[row])

    def events(self, path: int, row: np.ndarray | None = None) -> tuple:
        """Everything that may happen on a path, in order. row: [N] panel row of each bar where the market is resampled.

        What comes after a venue's default is there too: it does nothing, but it would if the default were taken away.
        """
        clock = self.clock(row)
        found, _ = self.venue_events(path, clock)
        c = self.chances
        for i, (venue, symbol) in enumerate(c.instruments):
            if c.gap is not None and c.gap.rate[i] > 0.0:
                found += self.gaps(path, i, f"{venue}:{symbol}", clock)
            if c.funding is not None and c.funding.rate[i] > 0.0:
                found += self.flips(path, i, f"{venue}:{symbol}", clock)
        for each in c.arrivals:
            found += self.others(path, each, clock)
        return tuple(sorted(found, key=lambda e: (e.start, e.kind, e.name)))

    def others(self, path: int, chance, clock: Clock) -> list:
        """Events of a config's own arrivals."""
        found, count, generator = [], 0, self.chance.at(path, f"arrival:{chance.name}")
        time = generator.standard_exponential() / chance.rate
        while time < clock.horizon:
            moment, count = clock.moment(time), count + 1
            found += [moved(event, moment, f"{chance.name} {count}") for event in chance.events]
            time += generator.standard_exponential() / chance.rate
        return found

    def venue_events(self, path: int, clock: Clock) -> tuple[list, dict[int, int]]:
        """(freezes and defaults of all venues, {venue: moment of its first default})."""
        c, found, gone = self.chances, [], {}
        if not any(self.rates):
            return found, gone
        drawn = incidents(c.dependence, self.rates, self.subjects, path, self.chance, clock.horizon)
        for v in range(len(c.venues)):
            freezes, sudden = drawn[v], drawn[v + len(c.venues)]
            if freezes or sudden:
                events = self.story(path, v, [clock.moment(t) for t in freezes], [clock.moment(t) for t in sudden[:1]])
                found += events
                ends = [e.start for e in events if isinstance(e, VenueDefault)]
                if ends:
                    gone[v] = min(ends)
        return found, gone

    def story(self, path: int, v: int, starts: list[int], sudden: list[int]) -> list:
        """A venue's freezes; the default that the first bad one ends in; and the one that comes without warning.

        Of two defaults only the earlier counts (events.effects), the other would come if the earlier were taken away.
        """
        c, name = self.chances, self.chances.venues[v]
        found, ends = [], []
        if starts:
            generator = self.chance.at(path, f"freeze:{name}")
            for n, start in enumerate(starts, 1):
                outcome, normal = generator.random(), generator.standard_normal()
                bad = outcome < c.freeze.ends_in_default
                end = start + int((c.freeze.duration_if_default if bad else c.freeze.duration).of(normal))
                fated = end if bad else None
                label, voids = f"withdrawal_freeze {name} {n}", c.freeze.voids_pending
                found.append(WithdrawalFreeze(label, v, start, None if bad else end, voids, "sample", fated=fated))
                if bad:
                    ends.append(end)
        over = self.time[-1] + self.seconds
        found += [self.default(path, v, at, "withdrawal_freeze") for at in sorted(ends)[:1] if at < over]
        found += [self.default(path, v, at, "") for at in sudden]
        return found

    def default(self, path: int, v: int, start: int, root: str) -> VenueDefault:
        """A default with its recovery and when it is paid."""
        c, name = self.chances.default, self.chances.venues[v]
        generator = self.chance.at(path, f"default:{name}" if not root else f"default after {root}:{name}")
        delay = c.delay.of(generator.standard_normal())
        recovery = c.recovery.draw(generator)
        label = f"venue_default {name}" if not root else f"venue_default {name} after {root}"
        return VenueDefault(label, v, start, recovery, start + int(delay), "sample", root)

    def gaps(self, path: int, i: int, subject: str, clock: Clock) -> list:
        """Gaps of one instrument."""
        c, found = self.chances.gap, []
        generator = self.chance.at(path, f"non_convergence:{subject}")
        time = generator.standard_exponential() / c.rate[i]
        while time < clock.horizon:
            size, half_life, up = *generator.standard_normal(2), generator.random()
            gap = c.gap.of(size) * (1.0 if up < c.up else -1.0)
            name = f"non_convergence {subject} {len(found) + 1}"
            half_life = max(1, int(c.half_life.of(half_life)))
            found.append(NonConvergence(
                name, i, clock.moment(time), max(gap, -0.99), half_life, None, "sample",
                follows=bool(c.follows) and c.follows[i],
            ))  # fmt: skip
            time += generator.standard_exponential() / c.rate[i]
        return found

    def flips(self, path: int, i: int, subject: str, clock: Clock) -> list:
        """Funding shocks of one instrument."""
        c, found = self.chances.funding, []
        generator = self.chance.at(path, f"funding:{subject}")
        time = generator.standard_exponential() / c.rate[i]
        while time < clock.horizon:
            size, length = generator.standard_normal(2)
            start = clock.moment(time)
            end = start + int(c.duration.of(length))
            name = f"funding {subject} {len(found) + 1}"
            found.append(FundingShock(name, i, start, c.sign * c.size.of(size), end, "sample"))
            time += generator.standard_exponential() / c.rate[i]
        return found


def stress_weights(index_close: np.ndarray, seconds: int, stress) -> np.ndarray:
    """[T] intensity of every row, mean 1: exp(volatility x z), z the standardised log of trailing realised volatility.

    index_close: [T, B]. The volatility of row t is that of the rows before it, mean over bases. Until half the lookback
    has passed it is not known, and the row has z = 0. ValueError where history is too short to ever know it.
    """
    returns = np.diff(np.log(index_close), axis=0, prepend=np.log(index_close[:1]))
    total = np.concatenate([[0.0], np.cumsum((returns**2).mean(axis=1))])
    window = max(1, int(stress.lookback // seconds))
    last = np.arange(index_close.shape[0])
    first = np.maximum(last - window, 1)  # the first row has no return
    seen = last - first
    if 2 * seen[-1] < window:
        raise ValueError(f"stress looks back {window} bars, history has {last.size}; expected a shorter lookback")
    variance = (total[last] - total[first]) / np.maximum(seen, 1)
    known = (variance > 0.0) & (2 * seen >= window)
    if known.sum() < 2:
        return np.ones(index_close.shape[0])
    logs = 0.5 * np.log(variance[known])
    weight = np.ones(index_close.shape[0])
    spread = logs.std()
    weight[known] = np.exp(stress.volatility * (logs - logs.mean()) / (spread if spread > 0.0 else 1.0))
    return weight / weight.mean()


def implied(chances: Chances, seed: int, draws: int = 20_000, years: float = 1.0) -> dict:
    """What the dependence means for defaults, by simulation: {figure: {value, error, n}}; stress and script left out.

    correlation: of the indicators `fails within the years` of two venues, mean over pairs; n counts draws.
    follows_within_30d: over all ordered pairs (A, B) where A failed within the years and B was alive until then (n
    counts them), the share in which B failed at that moment or in the 30 days after. Errors are standard errors;
    draws are independent, the pairs of one draw are not taken to be. NaN where nothing failed.
    """
    length = int(years * YEAR + MONTH)
    arrivals = Arrivals(chances, seed, np.array([0]), length)
    failed = np.full((draws, len(chances.venues)), np.inf)
    for k in range(draws):
        _, gone = arrivals.venue_events(OFFSET + k, arrivals.plain)
        for v, moment in gone.items():
            failed[k, v] = moment
    within = failed < years * YEAR
    correlation, error = event_correlation(within)
    return {
        "correlation": {"value": correlation, "error": error, "n": draws},
        "follows_within_30d": follows(within, failed),
    }


def follows(within: np.ndarray, failed: np.ndarray) -> dict:
    """P(B fails within 30 d | A failed, B alive) of booleans and moments [n, V], as {value, error, n}."""
    asked, happened = np.zeros(within.shape[0]), np.zeros(within.shape[0])
    for a in range(within.shape[1]):
        for b in range(within.shape[1]):
            if a != b:
                alive = within[:, a] & (failed[:, b] >= failed[:, a])
                asked += alive
                happened += alive & (failed[:, b] <= failed[:, a] + MONTH)
    n = int(asked.sum())
    if n == 0:
        return {"value": math.nan, "error": math.nan, "n": 0}
    share = float(happened.sum()) / n
    return {"value": share, "error": float(np.sqrt(((happened - share * asked) ** 2).sum())) / n, "n": n}


def event_correlation(within: np.ndarray) -> tuple[float, float]:
    """(mean correlation of the columns of booleans [n, V], its standard error); NaN with fewer than two that happen."""
    happens = within[:, within.any(axis=0) & ~within.all(axis=0)].astype(float)
    if happens.shape[1] < 2:
        return math.nan, math.nan
    z = (happens - happens.mean(axis=0)) / happens.std(axis=0)
    found, influence = [], np.zeros(z.shape[0])
    for a in range(z.shape[1]):
        for b in range(a + 1, z.shape[1]):
            found.append(float((z[:, a] * z[:, b]).mean()))
            influence += z[:, a] * z[:, b] - 0.5 * found[-1] * (z[:, a] ** 2 + z[:, b] ** 2)
    return float(np.mean(found)), float(influence.std() / len(found) / math.sqrt(z.shape[0]))
