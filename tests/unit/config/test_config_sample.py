"""What a config says about sampled paths, as numbers."""

import json
from pathlib import Path

import pytest

from basisbt.config import json_schema, load
from basisbt.events.chances import Lognormal, Recovery
from basisbt.studies.yaml_text import resolved_text

REPO = Path(__file__).parents[3]
SAMPLE = """tail:
  sample:
    paths: 500
    market: bootstrap
    horizon: 90d
    withdrawal_freeze: {rate: 5.6%/y, duration: {dist: lognormal, median: 5d, p95: 45d}, ends_in_default: 25%}
    venue_default: {rate: 3.1%/y, recovery: {mean: 45%, sd: 35%, whole: 25%, nothing: 20%}, delay: {median: 800d}}
    non_convergence: {rate: 50%/y, gap: {median: 150bps, p95: 600bps, up: 70%}, half_life: {median: 1d}}
    funding: {rate: 1/y, size: {median: -5bps, p95: -40bps}, duration: {median: 3d, p95: 12d}}
    dependence: {model: t_copula, correlation: 30%, nu: 5}
    stress: {volatility: 1.5, lookback: 10d}
"""


@pytest.fixture
def sampled(write, good):
    return load(write(good.replace("tail:\n", SAMPLE, 1))).spec


def test_units_and_defaults_of_a_sample(sampled):
    sample, day = sampled.tail.sample, 86400
    assert (sample.paths, sample.market, sample.horizon, sample.mean_block) == (500, "bootstrap", 90 * day, 70 * day)
    assert sample.withdrawal_freeze.rate == pytest.approx(0.056) and sample.withdrawal_freeze.duration.p95 == 45 * day
    assert sample.venue_default.delay.p95 == 2400 * day  # three times the median where none is given
    assert (sample.non_convergence.gap.median, sample.non_convergence.gap.up) == (0.015, 0.7)
    assert (sample.funding.rate, sample.funding.size.p95) == (1.0, -0.004)
    assert (sample.dependence.model, sample.dependence.nu, sample.stress.volatility) == ("t_copula", 5.0, 1.5)
    assert set(sampled.tail.script) == {"rally", "freeze", "gap"}


def test_measures_as_numbers(sampled):
    assert (sampled.measures.ruin_share, sampled.measures.margin_call_ratio) == (0.5, 1.1)


def test_paths_from_the_command_line(write, good):
    plain = write(good)
    assert load(plain).spec.tail.sample is None
    assert load(plain, paths=50).spec.tail.sample.paths == 50
    path = write(good.replace("tail:\n", SAMPLE, 1))
    assert load(path, ["tail.sample.paths=7"], paths=50).spec.tail.sample.paths == 50
    assert load(path, ["tail.sample=none"]).spec.tail.sample is None


def test_a_resolved_sample_reads_back_the_same(write, good, tmp_path):
    first = load(write(good.replace("tail:\n", SAMPLE, 1)))
    again = tmp_path / "again.yaml"
    again.write_text(resolved_text(json.loads(json.dumps(first.tree, default=str)), {}) + "\n")
    assert load(again).spec.tail == first.spec.tail


def test_a_rate_nobody_asked_for_is_a_warning(write, good):
    path = write(good.replace("    weight: 60%", "    weight: 60%\n    rates: {venue_default: 9%/y}"))
    assert any("rates.venue_default does nothing" in warning for warning in load(path).warnings)


@pytest.mark.parametrize("name", sorted(p.stem for p in (REPO / "configs/scenarios").glob("*.yaml")))
def test_every_scenario_can_be_extended(name, write, good):
    sample = load(write(f"extends: [{REPO / 'configs/scenarios' / name}.yaml]\n" + good)).spec.tail.sample
    body = sample.venue_default.recovery
    Recovery(body.mean, body.sd, body.whole, body.nothing)
    assert Lognormal(sample.withdrawal_freeze.duration.median, sample.withdrawal_freeze.duration.p95).sigma > 0
    assert json_schema()["$defs"]["SampleSpec"]
