"""A market made from known parameters is taken apart again: what comes out is what went in, within its error."""

import numpy as np
import pytest
from typer.testing import CliRunner

from basisbt.cli.main import app
from basisbt.errors import ConfigError
from basisbt.market.climate import PRESETS
from basisbt.measures.climate import fit_premia, fit_regimes, fit_returns
from basisbt.studies.calibrate import climate_of
from tests.support.places import REAL, ROOT

HOUR = 3600


def test_volatility_and_jumps_of_returns_made_for_it():
    """Six years of hours: 60 % a year without spread, 40 jumps a year of 6 %. 240 jumps: their number is known to
    6 %, what of it lies beyond the threshold (3.2 %: 60 %) to 8 %, the size to 6 %."""
    random = np.random.default_rng(5)
    n = 6 * 365 * 24
    r = 0.6 / np.sqrt(365 * 24) * random.standard_normal(n)
    r += (random.random(n) < 40 / (365 * 24)) * 0.06 * random.standard_normal(n)
    fit = fit_returns(r, HOUR)
    assert fit.volatility == pytest.approx(0.60, rel=0.03) and fit.spread < 0.08
    assert fit.jumps_a_year == pytest.approx(40, rel=0.25) and fit.jump_size == pytest.approx(0.06, rel=0.15)


def test_few_jumps_are_no_estimate():
    fit = fit_returns(0.01 * np.random.default_rng(1).standard_normal(5_000), HOUR)
    assert fit.jumps_a_year is None and fit.jumps < 10


def test_regimes_of_funding():
    """Ten times twenty calm days at 0.5 bp and five hot ones at 4 bp, and one week at -3 bp. The mean over three days
    moves every edge by up to half a day, and from hot to stressed it passes through calm for a day."""
    rate = np.concatenate([np.repeat([0.5e-4, 4e-4], [60, 15])] * 10 + [np.full(21, -3e-4), np.full(60, 0.5e-4)])
    fit = fit_regimes(28_800 * np.arange(rate.size), rate)
    assert fit.hot == pytest.approx(5.0, abs=0.7) and fit.calm == pytest.approx(20.0, abs=2.5)
    assert fit.stress is None and fit.stress_share == pytest.approx(1 / 11)  # one stay is too few for a length


def test_premia_by_regime():
    """Two regimes of ten days; days at +-1 bp around 2 bp, then around -5 bp: spread 1 bp."""
    day = np.repeat(np.arange(20), 24)
    level = np.where(day < 10, 2e-4, -5e-4) + np.where(day % 2, 1e-4, -1e-4)
    levels, spreads = fit_premia(level, day, np.where(day < 10, 0, 2))
    assert levels[0] == pytest.approx(2e-4) and levels[2] == pytest.approx(-5e-4) and np.isnan(levels[1])
    assert spreads[0] == pytest.approx(1e-4) and spreads[2] == pytest.approx(1e-4)


CONFIG = """\
schema: 1
name: made
capital: 300_000 USDT
data: {dir: made, window: [2023-01-01, 2025-01-01], timeframe: 1h}
venues: {binance: {}, bybit: {}}
carry: {bases: [BTC, ETH], venues: all, layout: same_venue, leverage: 3x}
strategy: {use: static_carry, params: {quantity: 1}}
"""


def call(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_a_generated_market_gives_its_recipe_back_and_the_recipe_makes_a_market_again(tmp_path):
    """Two years of the stressed preset: 80 % (the median of a slow process: to 15 %), 60 jumps a year of 3 % of which
    a quarter is seen, premia to 2 bp."""
    words = ["--seed", 3, "--days", 731, "--from", "stressed", "--venues", "binance,bybit"]
    assert call("data", "generate", tmp_path / "made", *words).exit_code == 0
    (tmp_path / "made.yaml").write_text(CONFIG)
    done = call("calibrate", tmp_path / "made.yaml")
    assert done.exit_code == 0, done.stderr
    (tmp_path / "recipe.yaml").write_text(done.stdout)
    found, true = climate_of(str(tmp_path / "recipe.yaml")), PRESETS["stressed"]
    assert found.volatility == pytest.approx(true.volatility, rel=0.15)
    assert found.volatility_spread == pytest.approx(true.volatility_spread, rel=0.4)
    assert found.jump_size == pytest.approx(true.jump_size, rel=0.35)
    assert found.jumps_a_year == pytest.approx(true.jumps_a_year, rel=0.6)
    assert found.venue_noise == pytest.approx(true.venue_noise, rel=0.1)
    assert found.coins["ETH"].beta == pytest.approx(1.05, abs=0.05)
    assert found.coins["ETH"].own_volatility == pytest.approx(0.28, rel=0.1)
    calm, _, stress = found.premia["bybit"].level
    assert calm == pytest.approx(-3.1e-4, abs=2e-4) and stress < calm - 3e-4
    again = call("data", "generate", tmp_path / "again", "--days", 30, "--from", tmp_path / "recipe.yaml")
    assert again.exit_code == 0 and '"version": 1' in (tmp_path / "again" / "generated.json").read_text()


@pytest.mark.skipif(not REAL.is_dir(), reason=f"real market data is not here ({REAL})")
def test_bitcoin_of_2023():
    """Daily closes of 2023 have 41.9 % a year with jumps; its quietest year by then, +155 %."""
    done = call("calibrate", ROOT / "configs/runs/03_one_venue.yaml", "--data-dir", REAL, "-S", "data.timeframe=8h",
                "-S", "venues.okx.index=null", "--timerange", "20230101-20240101")  # fmt: skip
    if done.exit_code:
        pytest.skip(done.stderr.splitlines()[0])
    text = {k: v.split("#")[0].strip() for k, _, v in (line.partition(":") for line in done.stdout.splitlines())}
    assert 25.0 < float(text["volatility"].rstrip("%")) < 50.0


@pytest.mark.parametrize(
    ("text", "told"),
    [("volatilty: 40%\n", "did you mean 'volatility'"), ("volatility: -4%\n", "at least 0"),
     ("premia: {okx: {level: [1bps], spread: [1bps, 1bps, 1bps]}}\n", "level"), ("kind: run\n", "kind: market"),
     ("version: 2\n", "version")],
)  # fmt: skip
def test_a_recipe_with_a_mistake_is_refused_with_its_place(text, told, tmp_path):
    (tmp_path / "m.yaml").write_text(text)
    with pytest.raises(ConfigError, match=told) as error:
        climate_of(str(tmp_path / "m.yaml"))
    assert "m.yaml:1:" in str(error.value)


def test_a_preset_that_is_none():
    with pytest.raises(ConfigError, match="expected a file or one of textbook, calm, stressed"):
        climate_of("wild")
