"""What chance must hold on average: rates, outcomes, lengths, dependence, stress, blocks. Bounds are 4 standard errors.

Everything is seeded, so a test fails always or never. Standard errors are exact where a formula is given beside them,
else those of the sample of independent paths.
"""

import math

import numpy as np
import pytest

from basisbt.events.arrivals import Arrivals, implied
from basisbt.events.bootstrap import Bootstrap
from basisbt.events.chance import Chance
from basisbt.events.chances import (
    YEAR, Chances, DefaultChance, Dependence, FreezeChance, GapChance, Lognormal, Recovery,
)  # fmt: skip
from basisbt.events.dependence import incidents

DAYS, HOUR = 86400.0, 3600
RATES, NAMES = (0.5, 1.0, 2.0), ("okx", "bybit", "kraken")
MODELS = [
    Dependence(), Dependence("gaussian_copula", correlation=0.5), Dependence("t_copula", correlation=0.5, nu=3.0),
    Dependence("common_shock", correlation=0.3), Dependence("hawkes", branching=0.5, half_life=30 * DAYS),
]  # fmt: skip
RECOVERY = Recovery(0.6, 0.35, whole=0.2, nothing=0.1)
FREEZE = FreezeChance((0.5, 0.5), Lognormal(3 * DAYS, 20 * DAYS), Lognormal(30 * DAYS, 90 * DAYS), 0.1)
DELAY = Lognormal(700 * DAYS, 2000 * DAYS)


def paths(model, n, horizon, rates=RATES, names=NAMES, seed=11):
    """Incident times of every venue on n paths: [n][venue][...]."""
    chance, subjects = Chance(seed), [("freeze", name) for name in names]
    return [incidents(model, rates, subjects, k, chance, horizon) for k in range(n)]


def near(values, expected):
    """The mean of independent values is the expected one, within 4 standard errors."""
    values = np.asarray(values, float)
    assert values.mean() == pytest.approx(expected, abs=4 * values.std(ddof=1) / math.sqrt(values.size))


def near_share(hits, n, expected):
    """A share of n independent trials is the expected one, within 4 binomial standard errors."""
    assert hits / n == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / n))


def defaults(rate, model, venues=2):
    """Sudden defaults alone."""
    return Chances(NAMES[:venues], (), None, DefaultChance((rate,) * venues, RECOVERY, DELAY), dependence=model)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.model)
def test_every_venue_sees_its_own_rate(model):
    counts = np.array([[len(mine) for mine in path] for path in paths(model, 1500, 4.0)])
    for v, rate in enumerate(RATES):
        near(counts[:, v], rate * 4.0)


@pytest.mark.parametrize("model", MODELS[:4], ids=lambda m: m.model)
def test_every_venue_alone_is_poisson(model):
    # variance = mean L; the sample variance of a Poisson count has the variance (L + 2 L^2) / n
    counts = np.array([[len(mine) for mine in path] for path in paths(model, 1500, 2.0)])
    for v, rate in enumerate(RATES):
        mean = rate * 2.0
        assert counts[:, v].var(ddof=1) == pytest.approx(mean, abs=4 * math.sqrt((mean + 2 * mean**2) / 1500))


@pytest.mark.parametrize("model", MODELS[1:3], ids=lambda m: m.model)
def test_a_copula_leaves_first_times_exponential(model):
    first = np.array([path[1][0] if path[1] else np.inf for path in paths(model, 3000, 4.0)])
    for quantile in (0.05, 0.3, 0.7):
        near_share((first < -math.log(1.0 - quantile)).sum(), 3000, quantile)


def test_excitation_is_stationary_from_the_start():
    for early in (True, False):
        found = paths(MODELS[4], 3000, 2.0)
        near([sum(t < 0.1 if early else t >= 1.9 for t in path[2]) for path in found], 0.1 * RATES[2])


def test_an_incident_sets_off_a_cluster_of_one_over_one_minus_branching():
    # within seconds, so that clusters do not touch; a cluster's size has mean 2 and variance 0.5 / 0.5^3 = 4
    model = Dependence("hawkes", branching=0.5, half_life=1.0)
    sizes = []
    for path in paths(model, 1000, 4.0):
        times = np.sort(np.concatenate(path))
        edges = np.flatnonzero(np.diff(times, prepend=-1.0, append=99.0) > 1000.0 / YEAR)
        sizes += np.diff(edges).tolist()
    assert np.mean(sizes) == pytest.approx(2.0, abs=4 * 2.0 / math.sqrt(len(sizes)))


def together(model, within, n=4000):
    """(paths on which A is hit within, on which both are), two venues of rate 1."""
    hit = np.array([[bool(mine) for mine in p] for p in paths(model, n, within, (1.0, 1.0), NAMES[:2])])
    return hit[:, 0].sum(), hit.all(axis=1).sum()


def test_a_copula_goes_from_independent_to_together():
    share = 1.0 - math.exp(-0.1)
    for model in (Dependence(), Dependence("gaussian_copula", correlation=0.0)):
        first, both = together(model, 0.1)
        near_share(both, first, share)
    for name in ("gaussian_copula", "t_copula"):
        first, both = together(Dependence(name, correlation=0.9999), 0.1)
        assert both / first > 0.95


def test_a_t_copula_has_tails_that_hang_together_without_any_correlation():
    # the tail dependence at correlation 0 and nu 3 is 2 P(T4 < -2) = 0.116, against 0 of the Gaussian
    within = 0.02
    first, both = together(Dependence("t_copula", correlation=0.0, nu=3.0), within, 20_000)
    assert both / first > 0.116 - 4 * math.sqrt(0.116 * 0.884 / first) > 2 * within


def test_common_shocks_strike_at_the_given_share_of_the_rate():
    # of two equal venues a share of 0.3; of a venue at half the other's rate all its shocks are the other's too
    for rates, joint in (((1.0, 1.0), 0.3), ((1.0, 2.0), 0.3 * 1.0), ((0.4, 5.0), 0.3 * 0.4)):
        found = paths(Dependence("common_shock", correlation=0.3), 1500, 4.0, rates, NAMES[:2])
        count = sum(len(set(a) & set(b)) for a, b in found)
        assert count == pytest.approx(1500 * 4.0 * joint, abs=4 * math.sqrt(1500 * 4.0 * joint))


def test_what_common_shocks_imply_is_what_the_formula_says():
    # rate r each, share c: P(neither in a year) = exp(-(2 - c) r), so P(both) = 1 - 2 exp(-r) + exp(-(2 - c) r)
    told, p = implied(defaults(0.3, Dependence("common_shock", correlation=0.4)), 5, 10_000), 1.0 - math.exp(-0.3)
    both = 1.0 - 2.0 * math.exp(-0.3) + math.exp(-1.6 * 0.3)
    expected = (both - p * p) / (p * (1.0 - p))
    assert told["correlation"]["n"] == 10_000
    assert told["correlation"]["value"] == pytest.approx(expected, abs=4 * told["correlation"]["error"])
    assert 0.0 < told["correlation"]["error"] < 0.02


def test_independent_venues_follow_each_other_by_accident_only():
    told = implied(defaults(0.5, Dependence(), 3), 5, 10_000)
    follows, accident = told["follows_within_30d"], 1.0 - math.exp(-0.5 * 30.0 / 365.0)
    assert follows["value"] == pytest.approx(accident, abs=4 * follows["error"])
    assert told["correlation"]["value"] == pytest.approx(0.0, abs=4 * told["correlation"]["error"])


@pytest.mark.parametrize(
    "model", [Dependence("hawkes", branching=0.5, half_life=10 * DAYS), Dependence("common_shock", correlation=0.3)],
    ids=lambda m: m.model,
)  # fmt: skip
def test_contagion_makes_the_second_failure_more_likely(model):
    told, alone = implied(defaults(0.2, model), 5, 10_000), implied(defaults(0.2, Dependence()), 5, 10_000)
    figure, accident = told["follows_within_30d"], alone["follows_within_30d"]
    assert figure["value"] - accident["value"] > 4 * (figure["error"] + accident["error"])


def stories(starts, sudden, n=6000):
    """What becomes of freezes and sudden defaults at these times, on n paths."""
    chances = Chances(NAMES[:2], (), FREEZE, DefaultChance((0.1, 0.1), RECOVERY, DELAY))
    arrivals = Arrivals(chances, 11, np.array([0]), int(200 * YEAR))
    return [arrivals.story(k, 0, starts, sudden) for k in range(n)]


def test_a_freeze_draws_its_outcome_then_its_length_given_that():
    told = stories([0], [])
    bad, good = [s for s in told if len(s) == 2], [s[0] for s in told if len(s) == 1]
    near_share(len(bad), 6000, 0.1)
    for lengths, law in (([f.end for f in good], FREEZE.duration), ([s[1].start for s in bad], FREEZE.duration_if_default)):
        lengths = np.array(lengths)
        near_share((lengths < law.median).sum(), lengths.size, 0.5)
        near_share((lengths < law.p95).sum(), lengths.size, 0.95)
    assert all(s[0].end is None and s[1].root == "withdrawal_freeze" for s in bad)


def test_a_default_recovers_as_asked():
    ended = [s[0] for s in stories([], [0])]
    recovery, delay = np.array([e.recovery for e in ended]), np.array([e.recovered_at for e in ended])
    near_share((recovery == 1.0).sum(), 6000, 0.2)
    near_share((recovery == 0.0).sum(), 6000, 0.1)
    assert recovery.mean() == pytest.approx(0.6, abs=4 * 0.35 / math.sqrt(6000))
    near((recovery - 0.6) ** 2, 0.35**2)
    near_share((delay < DELAY.median).sum(), 6000, 0.5)
    near_share((delay < DELAY.p95).sum(), 6000, 0.95)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.model)
def test_every_kind_at_every_venue_has_its_own_rate(model):
    # 0.5 freezes a year, 0.1 of which end in default; 0.25 defaults of every cause, so 0.2 without warning
    chances = Chances(NAMES[:2], (), FREEZE, DefaultChance((0.25, 0.25), RECOVERY, DELAY), dependence=model)
    arrivals = Arrivals(chances, 11, np.arange(8760) * HOUR, HOUR)
    found = [incidents(model, arrivals.rates, arrivals.subjects, k, arrivals.chance, 1.0) for k in range(4000)]
    for s, rate in enumerate((0.5, 0.5, 0.2, 0.2)):
        near([len(path[s]) for path in found], rate)


@pytest.mark.parametrize("mixed", [False, True])
def test_stress_moves_arrivals_to_volatile_rows_and_makes_no_more_of_them(mixed):
    # every third day is volatile at 2.0, the others calm at 0.5: 2 / (2 + 2 x 0.5) = 2/3 of all arrivals; mean 1
    weight = np.where(np.arange(360 * 24) // 24 % 3 == 0, 2.0, 0.5)
    row = np.arange(360 * 24).reshape(-1, 24)[np.random.default_rng(1).permutation(360)].ravel() if mixed else None
    gap = GapChance((12.0,), Lognormal(0.01, 0.05), 0.5, Lognormal(DAYS, 5 * DAYS))
    chances = Chances(("okx",), (("okx", "BTC/USDT:USDT"),), gap=gap)
    arrivals = Arrivals(chances, 11, np.arange(360 * 24) * HOUR, HOUR, weight)
    starts = np.array([e.start for k in range(600) for e in arrivals.events(k, row)])
    bars = starts // HOUR if row is None else row[starts // HOUR]
    expected = 600 * 12.0 * 360 / 365
    assert starts.size == pytest.approx(expected, abs=4 * math.sqrt(expected))
    near_share((weight[bars] == 2.0).sum(), starts.size, 2.0 / 3.0)


def test_blocks_cover_history_evenly_and_are_as_long_as_asked():
    rows, mean = 60 * 24, 5 * 24
    opens = np.exp(np.random.default_rng(3).standard_normal((rows, 1)) * 0.1)
    closes = opens * np.exp(np.random.default_rng(4).standard_normal((rows, 1)) * 0.01)
    market = Bootstrap(np.arange(rows) * HOUR, HOUR, opens, closes, mean * HOUR, rows, 11)
    drawn = [market.rows(k) for k in range(1500)]
    # a bar begins a block with 1/mean, or because the row before was history's last, one of `rows`
    near([joints.size - 1 for _, joints, _ in drawn], (rows - 1) * (1 / mean + (1 - 1 / mean) / rows))
    for tenth in range(10):
        near([(row * 10 // rows == tenth).mean() for row, _, _ in drawn], 0.1)
    moves = np.log(closes / opens)[:, 0]
    near([moves[row].mean() for row, _, _ in drawn], moves.mean())
    assert all((row % 24 == np.arange(rows) % 24).all() for row, _, _ in drawn)
