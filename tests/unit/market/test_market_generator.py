"""The synthetic market: same seed, same bytes; a point mass in funding; and a rally to tell stories on."""

from pathlib import Path

import numpy as np
import pytest

from basisbt.errors import ConfigError
from basisbt.market.generator import Recipe, generate, synthesise
from basisbt.market.instruments import parse_symbol
from basisbt.market.inventory import index_frame
from basisbt.market.panel import PanelRequest, build_panel
from basisbt.market.premium import RULES, funding_rates, mean_reverting
from basisbt.market.store import read_bars, read_funding

BP = 1e-4
SAMPLE = Path(__file__).resolve().parents[3] / "data" / "sample"
WEEK = Recipe(3, days=7, bases=("BTC",), venues=("binance", "okx"))


@pytest.fixture(scope="module")
def year():
    return dict(synthesise(Recipe(7)))


@pytest.mark.parametrize(
    ("premium", "rate"),
    [(1, 1), (-4, 1), (6, 1), (7, 2), (-5, 0), (-9, -4), (100, 30), (-100, -30)],
)
def test_binance_pays_the_interest_rate_inside_the_damper(premium, rate):
    # F = P + clamp(1 − P, ±5) in bp: 7 → 7 − 5 = 2; −9 → −9 + 5 = −4; capped at ±30.
    assert funding_rates(np.full((1, 96), premium * BP), RULES["binance"], "BTC").tolist() == [round(rate * BP, 8)]


def test_okx_pays_the_mean_premium_itself():
    assert funding_rates(np.full((1, 96), 2 * BP), RULES["okx"], "BTC").tolist() == [2 * BP]


def test_binance_weights_late_premia_and_okx_does_not():
    # Four samples 0, 0, 0, 20 bp: weighted 4 · 20 / 10 = 8 → 8 − 5 = 3; plain 20 / 4 = 5.
    premia = np.array([[0.0, 0.0, 0.0, 20 * BP]])
    assert funding_rates(premia, RULES["binance"], "BTC").tolist() == [0.0003]
    assert funding_rates(premia, RULES["okx"], "BTC").tolist() == [0.0005]


def test_a_mean_reverting_path_is_the_recursion_written_out():
    noise = np.random.default_rng(1).standard_normal(50)
    path, expected = mean_reverting(noise, 0.9), [noise[0]]
    for shock in noise[1:]:
        expected.append(0.9 * expected[-1] + (1 - 0.81) ** 0.5 * shock)
    assert path == pytest.approx(expected, abs=1e-12)


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path):
    for name, recipe in (("a", WEEK), ("b", WEEK), ("c", Recipe(4, days=7, bases=("BTC",), venues=("binance", "okx")))):
        generate(tmp_path / name / "market", recipe)
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file())
    assert len(files) == 2 * 4 + 2
    a, b, c = ([(tmp_path / name / path).read_bytes() for path in files] for name in "abc")
    assert a == b and a != c


def test_another_base_leaves_the_first_alone():
    alone = dict(synthesise(WEEK))
    together = dict(synthesise(Recipe(3, days=7, bases=("ETH", "BTC", "SOL"), venues=("binance", "okx"))))
    for name, columns in alone.items():
        assert all((columns[key] == together[name][key]).all() for key in columns)


def test_what_is_generated_passes_the_checks_on_load(tmp_path):
    generate(tmp_path / "market", WEEK)
    for path in (tmp_path / "market").rglob("*_1h.parquet"):
        bars = read_bars(path, 0, 2**40)
        assert bars.time.size == 7 * 24
        assert (bars.open[1:] == bars.close[:-1]).all()
    for path in (tmp_path / "market").rglob("funding.parquet"):
        assert read_funding(path, 0, 2**40).time.size == 21


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path):
    mine = tmp_path / "market" / "notes.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.raises(ConfigError, match="is not empty and was not made by `basisbt data generate`"):
        generate(tmp_path / "market", WEEK)
    generate(tmp_path / "market", WEEK, force=True)
    assert mine.read_text() == "mine"


def test_generating_again_removes_what_the_new_market_lacks(tmp_path):
    generate(tmp_path / "market", WEEK)
    generate(tmp_path / "market", Recipe(3, days=7, bases=("BTC",), venues=("okx",)))
    assert not list((tmp_path / "market" / "binance").rglob("*.parquet"))
    assert list((tmp_path / "market" / "okx").rglob("*.parquet"))
    assert not list((tmp_path / "market").rglob(".*"))


def test_an_impossible_recipe_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="midnight UTC"):
        generate(tmp_path, Recipe(1, start=1_672_531_201))


def test_funding_has_its_point_mass_its_negative_days_and_its_yearly_level(year):
    for venue in ("binance", "okx", "bybit"):
        rate = year[f"{venue}/BTC-USDT_USDT/funding"]["funding_rate"]
        assert 0.08 < rate.mean() * 3 * 365 < 0.12
        assert 0.05 < (rate < 0).mean() < 0.30
        atom = (rate == 0.0001).mean()
        assert atom == 0 if venue == "okx" else 0.4 < atom < 0.8


def test_the_autumn_rally_gains_36_percent_in_18_days(year):
    close = year["okx/BTC-USDT/trade_1h"]["close"]
    first = round(0.79 * 365) * 24  # 2023-10-16
    assert close[first + 18 * 24 - 1] / close[first - 1] - 1 == pytest.approx(0.36, abs=0.002)


def test_the_premium_is_the_distance_of_perpetual_and_spot(year):
    spot, perpetual = (year[f"bybit/BTC-USDT{kind}/trade_1h"]["close"] for kind in ("", "_USDT"))
    basis = perpetual / spot - 1
    assert abs(basis.mean()) < 5 * BP and 2 * BP < basis.std() < 10 * BP


def test_the_committed_sample_is_small_and_complete():
    if not SAMPLE.exists():
        pytest.skip(f"no {SAMPLE}; run `basisbt data generate data/sample --seed 7`")
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*")) < 5_000_000
    frame = index_frame(SAMPLE)
    assert len(frame) == 3 * 2 * 4
    assert (frame.gaps == 0).all() and (frame.problem == "").all()
    assert set(frame.rows) == {365 * 24, 365 * 3}


def test_the_committed_sample_is_what_seed_7_makes(year):
    if not SAMPLE.exists():
        pytest.skip(f"no {SAMPLE}; run `basisbt data generate data/sample --seed 7`")
    for name, columns in year.items():
        path = SAMPLE / f"{name}.parquet"
        if name.endswith("funding"):
            assert read_funding(path, 0, 2**40).rate.tolist() == columns["funding_rate"].tolist()
        else:
            assert read_bars(path, 0, 2**40).close.tolist() == columns["close"].tolist()


def test_the_sample_makes_a_panel_without_any_stand_in_for_a_mark():
    if not SAMPLE.exists():
        pytest.skip(f"no {SAMPLE}; run `basisbt data generate data/sample --seed 7`")
    legs = tuple(parse_symbol(*n.split()) for n in ("okx BTC/USDT", "bybit BTC/USDT:USDT", "okx ETH/USDT"))
    window = 1_672_531_200, 1_704_067_200
    panel, notes = build_panel(PanelRequest(SAMPLE, legs, ("BTC", "ETH"), ("USDT", "BTC", "ETH"), *window, 28_800))
    assert panel.prices.shape == (1095, 9, 3) and panel.fresh.all() and panel.funding_rate.size == 1095
    assert set(notes.stand_ins) == {"index BTC", "index ETH"} and notes.warnings == ()
