"""Means, shares, differences, tail index, break-even rate and the block they go into, against arithmetic by hand."""

import json
import math

import numpy as np
import pytest

from basisbt.measures.breakeven import breakeven_default_rate
from basisbt.measures.intervals import effective_n, hall, mean, mean_skewed, share
from basisbt.measures.paired import independent_es, independent_mean, paired_es, paired_mean
from basisbt.measures.pareto import peaks_over_threshold
from basisbt.measures.summary import annual_returns, tail_block
from basisbt.measures.tail import expected_shortfall


def test_a_mean_has_students_interval():
    figure = mean([1.0, 2.0, 3.0, 4.0])  # sd 1.2910, error 0.6455, t(3) 3.1824
    assert figure.value == 2.5
    assert figure.high - 2.5 == pytest.approx(3.182446 * math.sqrt(5 / 3) / 2, rel=1e-6)
    assert 2.5 - figure.low == pytest.approx(figure.high - 2.5)
    assert mean([4.0]).low is None and mean([4.0]).note == "too few (1)"
    assert mean([1.0, 4.0], [3.0, 1.0]).value == pytest.approx(1.75)


def test_halls_correction_leaves_the_symmetric_alone_and_leans_to_the_tail():
    assert hall(1.96, 0.0) == 1.96
    skew = 0.3
    for t in (-4.0, -1.0, 0.5, 2.0):  # undoes T + g T^2 / 3 + g^2 T^3 / 27 + g / 6
        assert hall(t + skew * t * t / 3 + skew**2 * t**3 / 27 + skew / 6, skew) == pytest.approx(t)
    days = np.zeros(1000)
    days[:10] = np.arange(5.0, 105.0, 10.0)
    plain, skewed = mean(days), mean_skewed(days)
    assert skewed.value == plain.value == pytest.approx(0.5)
    assert skewed.high > plain.high and skewed.low > plain.low


def test_no_path_with_a_trapped_day_still_says_how_many_there_may_be():
    figure = mean_skewed(np.zeros(1000))
    assert (figure.value, figure.low, figure.high) == (0.0, 0.0, 0.0)
    assert figure.note == "none in 1000; up to 0.37 % of paths may be affected"


def test_a_share_has_wilsons_interval():
    figure = share(np.arange(100) < 5)  # published: 5 of 100 is 2.15 % to 11.18 %
    assert (figure.value, figure.low, figure.high) == pytest.approx((0.05, 0.02154, 0.11175), abs=2e-5)
    none = share(np.zeros(1000, bool))
    assert none.value == none.low == 0.0 and none.high == pytest.approx(3.8415 / 1003.8415, rel=1e-4)
    assert share(np.ones(50, bool)).high == 1.0
    even = share(np.arange(100) < 5, np.full(100, 2.0))
    assert (even.low, even.high) == pytest.approx((figure.low, figure.high))


def test_effective_n_is_kishs():
    assert effective_n(4) == 4.0 and effective_n(3, [1.0, 1.0, 2.0]) == pytest.approx(16 / 6)


def test_identical_setups_differ_by_exactly_nothing():
    losses = np.random.default_rng(1).exponential(size=3000)
    for figure in (paired_mean(losses, losses), paired_es(losses, losses, 0.95), paired_es(losses, losses, 0.999)):
        assert (figure.value, figure.low, figure.high) == (0.0, 0.0, 0.0)


def test_a_constant_extra_loss_is_a_difference_without_error():
    losses = np.random.default_rng(2).exponential(size=3000)
    for figure in (paired_mean(losses, losses + 0.25), paired_es(losses, losses + 0.25, 0.95)):
        assert (figure.value, figure.low, figure.high) == pytest.approx((0.25, 0.25, 0.25), abs=1e-9)


def test_a_paired_difference_is_that_of_the_figures_and_tighter_than_an_independent_one():
    rng = np.random.default_rng(3)
    a = rng.exponential(size=5000)
    b = a + 0.1 * rng.normal(size=5000) + 0.05
    pair, apart = paired_es(a, b, 0.95), independent_es(a, b, 0.95)
    assert (
        pair.value
        == apart.value
        == pytest.approx(expected_shortfall(b, 0.95).value - expected_shortfall(a, 0.95).value)
    )
    assert pair.high - pair.low < (apart.high - apart.low) / 5
    assert paired_mean(a, b).value == pytest.approx(independent_mean(a, b).value) == pytest.approx(0.05, abs=0.005)
    assert paired_mean([1.0, 2.0], [2.0, 5.0]).value == 2.0
    assert paired_es(a, b, 0.99).note == "too few (50)"
    assert paired_es(a[:100], b[:100], 0.999).low is None
    with pytest.raises(ValueError):
        paired_mean(a, b[:-1])


def test_welch_on_three_and_four_numbers():
    figure = independent_mean([1.0, 2.0, 3.0], [2.0, 4.0, 6.0, 8.0])  # errors 1/3 and 5/3: df 4/(1/9/2+25/9/3) = 4.08
    df = 4.0 / (1 / 9 / 2 + 25 / 9 / 3)
    from scipy.special import stdtrit

    assert figure.value == 3.0 and figure.n == 3
    assert figure.high - 3.0 == pytest.approx(float(stdtrit(df, 0.975)) * math.sqrt(2.0))


@pytest.mark.parametrize("xi", [-0.3, 0.0, 0.25, 0.6])
def test_the_tail_index_of_a_pareto_law_is_found_and_its_quantiles_too(xi):
    u = (np.arange(40_000) + 0.5) / 40_000
    losses = -np.log1p(-u) if xi == 0.0 else ((1 - u) ** -xi - 1) / xi
    peaks = peaks_over_threshold(losses)
    assert peaks.exceedances == 2000 and peaks.beyond == pytest.approx(0.05)
    assert peaks.index.value == pytest.approx(xi, abs=0.02)
    assert peaks.index.low < xi < peaks.index.high and peaks.index.note is None
    exact = -math.log(0.001) if xi == 0.0 else (0.001**-xi - 1) / xi
    assert peaks.var(0.999) == pytest.approx(exact, rel=0.02)
    assert peaks.es(0.999) == pytest.approx(exact + (1 + xi * exact) / (1 - xi), rel=0.06)  # beta at VaR: 1 + xi VaR
    assert peaks.var(0.5) is None and peaks.es(0.5) is None


def test_a_tail_index_of_one_or_more_means_an_infinite_es_and_says_so():
    u = (np.arange(20_000) + 0.5) / 20_000
    peaks = peaks_over_threshold(((1 - u) ** -1.5 - 1) / 1.5)
    assert peaks.index.note == "xi >= 1: the expected shortfall is infinite" and peaks.es(0.99) == math.inf
    near = peaks_over_threshold(((1 - u) ** -0.95 - 1) / 0.95)
    assert near.index.note.startswith("xi >= 1 cannot be ruled out")


def test_a_tail_that_is_too_thin_or_no_pareto_gives_no_index():
    rng = np.random.default_rng(5)
    thin = peaks_over_threshold(rng.normal(size=900))
    assert thin.index.value is None and thin.index.note == "too few (45)" and thin.es(0.99) is None
    atoms = peaks_over_threshold(np.where(rng.random(5000) < 0.03, 0.5, -0.05))
    assert atoms.index.value is None and "alike" in atoms.index.note
    desk = np.where(rng.random(5000) < 0.03, rng.uniform(0.2, 0.6, 5000), rng.normal(-0.08, 0.02, 5000))
    assert "not Pareto" in peaks_over_threshold(desk).index.note
    ends = peaks_over_threshold(rng.random(20_000))
    assert ends.index.note == "xi <= -0.9: the losses end" and ends.index.low is None


def test_the_break_even_rate_is_the_rate_at_which_the_mean_is_nothing():
    without = np.full(100, 8.0)
    pnl = without.copy()
    pnl[:2] -= 40.0  # 3 %/y costs 0.8 on average; 8 are earned: ten times the rate
    figure = breakeven_default_rate(without, pnl, 0.03)
    assert figure.value == pytest.approx(0.30)
    assert figure.low < 0.30 < figure.high
    assert breakeven_default_rate(without, pnl, 0.06).high == pytest.approx(2 * figure.high)


def test_without_skewness_the_break_even_interval_is_fiellers():
    x, y = np.tile([1.0, -1.0, 2.0, -2.0], 25), np.tile([1.0, -1.0, 1.0, -1.0], 25)  # symmetric: no third moments
    carry, cost = 8.0 + 3.0 * x, 20.0 + 20.0 * y
    figure = breakeven_default_rate(carry, carry - cost, 0.05)
    q = 1.9842169516**2 / 99  # t(99); (8 - 20 r)^2 = q (9 * 2.5 - 2 r 60 * 1.5 + 400 r^2)
    low, high = sorted(np.roots([400 - 400 * q, -320 + 180 * q, 64 - 22.5 * q]))
    assert (figure.low, figure.high) == pytest.approx((0.05 * low, 0.05 * high), rel=1e-8)


def test_the_break_even_rate_without_default_or_without_carry_is_none():
    carry, n = np.random.default_rng(6).normal(8.0, 3.0, 500), 500
    assert breakeven_default_rate(carry, carry, 0.03).note == "no default was sampled"
    assert breakeven_default_rate(-carry, -carry - (np.arange(n) < 9), 0.03).note.startswith("the carry without")
    assert breakeven_default_rate(carry, carry + (np.arange(n) < 9), 0.03).note.startswith("the defaults sampled")
    weak = carry - carry.mean() + 0.05
    figure = breakeven_default_rate(weak, weak - 40.0 * (np.arange(n) < 9), 0.03)
    assert figure.low == 0.0 and figure.value > 0.0
    with pytest.raises(ValueError):
        breakeven_default_rate(carry, carry - (np.arange(n) < 9), 0.0)


def test_annual_returns_compound_and_stop_at_minus_one():
    out = annual_returns([210.0, -1000.0, -1500.0, 0.0], 1000.0, 2.0)
    assert out == pytest.approx([0.1, -1.0, -1.0, 0.0])


def block(n=4000, **more):
    rng = np.random.default_rng(8)
    failed = rng.random(n) < 0.03
    without = rng.normal(80_000.0, 20_000.0, n)
    pnl = without - np.where(failed, rng.uniform(2e5, 6e5, n), 0.0)
    known = dict(
        max_drawdown=np.maximum(-pnl / 1e6, 0.01), trapped_days=np.where(failed, 30.0, 0.0), ruined=pnl < -5e5,
        margin_called=failed, liquidations=np.zeros(n), tail_cost={"venue_default": without - pnl},
        pnl_without_defaults=without, default_rate=0.05,
    )  # fmt: skip
    return pnl, tail_block(pnl, 1e6, 1.0, **{**known, **more})


def test_the_block_has_the_contracts_names_and_is_json():
    pnl, out = block()
    names = "n effective_n pnl return_annual ruin margin_call trapped_days max_drawdown liquidations es_95 es_99 es_999"
    names += " var_95 var_99 var_999 tail_index tail_cost breakeven_default_rate"
    assert set(out) == set(names.split())
    assert json.loads(json.dumps(out)) == out
    assert out["n"] == 4000 and out["effective_n"] == 4000.0
    assert out["pnl"]["value"] == pytest.approx(pnl.mean())
    assert out["es_99"]["value"] == pytest.approx(np.sort(-pnl)[-40:].mean() / 1e6)
    assert out["es_95"]["value"] < out["es_99"]["value"] < out["es_999"]["value"]
    assert out["es_999"]["note"] == "too few (4)"
    assert 0.05 < out["breakeven_default_rate"]["low"] < out["breakeven_default_rate"]["high"]
    assert out["tail_cost"]["venue_default"]["value"] > 0.0
    figures = [v for v in out.values() if isinstance(v, dict) and "value" in v]
    assert len(figures) == 15 and all({"low", "high", "n", "estimator"} <= set(f) for f in figures)


def test_the_block_says_when_defaults_were_not_asked_for_and_refuses_arrays_of_other_lengths():
    _, out = block(pnl_without_defaults=None, default_rate=None, tail_cost=None)
    assert out["breakeven_default_rate"]["note"] == "defaults were not sampled" and out["tail_cost"] == {}
    with pytest.raises(ValueError, match="trapped_days"):
        block(trapped_days=np.zeros(3))
    with pytest.raises(ValueError, match="freeze"):
        block(tail_cost={"freeze": np.zeros(3)})
    with pytest.raises(ValueError, match="capital"):
        tail_block(np.ones(3), 0.0, 1.0, **dict.fromkeys(
            ("max_drawdown", "trapped_days", "ruined", "margin_called", "liquidations"), np.zeros(3)
        ))  # fmt: skip


def test_weights_of_one_change_nothing_in_the_block():
    (_, plain), (_, even) = block(), block(weight=np.ones(4000))
    for name in ("pnl", "ruin", "trapped_days", "es_99", "breakeven_default_rate"):
        assert [even[name][k] for k in ("value", "low", "high")] == pytest.approx(
            [plain[name][k] for k in ("value", "low", "high")], rel=1e-6
        )
