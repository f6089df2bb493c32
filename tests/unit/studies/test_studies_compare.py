"""`compare` over sampled paths: common draws, differences with intervals, and limits that fail a build.

Few paths through Backtrader and a short window: what is tested is the comparison, not the engine.
"""

import numpy as np
import pandas as pd
import pytest

from basisbt.errors import CheckError, ConfigError
from basisbt.studies.compare import checked_limit, compare, refuse_limits
from basisbt.studies.differences import verdict
from basisbt.measures.intervals import Figure
from basisbt.studies.run import run
from tests.support.places import ROOT

TWO, ONE = (ROOT / "configs" / "runs" / f"{name}.yaml" for name in ("05_paths", "06_paths_one_venue"))
SMALL = {"tail.sample.paths": 12, "tail.sample.venue_default.rate": "200%/y"}
WAY = {"set": SMALL, "timerange": "20230101-20230201", "engine": "backtrader"}


@pytest.fixture(scope="module")
def frame():
    return compare(TWO, ONE, jobs=1, **WAY)


def test_differences_are_those_of_the_same_paths(frame):
    two, one = (run(config, **WAY, jobs=1) for config in (TWO, ONE))
    gap = one.paths["pnl"] - two.paths["pnl"]
    assert frame["diff_pnl"].tolist() == pytest.approx([0.0, gap.mean()], abs=1e-6)
    error = gap.std(ddof=1) / np.sqrt(12)
    assert frame["diff_pnl_high"][1] - frame["diff_pnl"][1] == pytest.approx(2.2009851600916384 * error)  # t, 11
    worst = [np.sort(each.paths["pnl"])[0] for each in (two, one)]  # ES 99 of 12 paths is the worst of them
    assert frame["diff_es_99"][1] == pytest.approx((worst[0] - worst[1]) / 1e6)
    assert frame["es_99"].tolist() == pytest.approx([-worst[0] / 1e6, -worst[1] / 1e6])
    assert frame["history_pnl"].tolist() == [two.metrics["pnl"], one.metrics["pnl"]]


def test_the_first_setup_differs_from_itself_by_exactly_nothing(frame):
    first = frame.iloc[0]
    for name in ("diff_pnl", "diff_pnl_low", "diff_pnl_high", "diff_es_95", "diff_es_99", "diff_low", "diff_high"):
        assert first[name] == 0.0
    assert first["verdict"] == "identical"


def test_what_the_setups_share_meets_the_same_events():
    # Both trade on Bybit: its default comes on the same paths in both, whether OKX is there or not.
    def fails(config):
        paths = run(config, **WAY, jobs=1).paths
        return {path for path, venue in zip(paths["path"], paths["first_venue"]) if venue == "bybit"}

    both, alone = fails(TWO), fails(ONE)
    assert alone >= both and alone


@pytest.mark.parametrize(
    "changes, told",
    [
        ({"seed": 8}, "seed: 8"), ({"tail.sample.paths": 13}, "paths: 13"), ({"tail.sample": "null"}, "no sampled paths"),
        ({"tail.sample.market": "history"}, "market: history"), ({"capital": "2 USDT"}, "capital"),
        ({"tail.sample.mean_block": "3d"}, "mean block: 259200"),
    ],
)  # fmt: skip
def test_setups_that_met_other_draws_are_refused(tmp_path, changes, told):
    other = tmp_path / "other.yaml"
    lines = [f"extends: [{TWO}]", "schema: 1", "name: other"]
    tree: dict = {}
    for key, value in changes.items():
        *folders, leaf = key.split(".")
        node = tree
        for name in folders:
            node = node.setdefault(name, {})
        node[leaf] = value
    other.write_text("\n".join(lines) + "\n" + as_yaml(tree, 0))
    with pytest.raises(ConfigError, match=told):
        compare(TWO, other, timerange="20230101-20230201", engine="backtrader")


def as_yaml(tree, depth):
    text = ""
    for key, value in tree.items():
        pad = "  " * depth
        text += f"{pad}{key}:\n{as_yaml(value, depth + 1)}" if isinstance(value, dict) else f"{pad}{key}: {value}\n"
    return text


@pytest.mark.parametrize(
    "text, parts",
    [("es_99 > 5%", ("es_99", ">", 0.05)), ("pnl<10_000", ("pnl", "<", 10_000.0)), (" ruin >= 2bps ", ("ruin", ">=", 2e-4)),
     ("diff_es_99 <= -0.5", ("diff_es_99", "<=", -0.5))],
)  # fmt: skip
def test_a_limit_is_read(text, parts):
    assert checked_limit(text) == (parts[0], parts[1], pytest.approx(parts[2]))


@pytest.mark.parametrize("text", ["es_99", "es_99 5%", "> 5%", "es_99 > much", "es_99 = 5%", ""])
def test_what_is_no_limit_says_what_one_looks_like(text):
    with pytest.raises(ConfigError, match="--fail-if"):
        checked_limit(text)


def test_a_limit_fails_for_any_setup_beyond_it_and_for_one_that_is_not_known():
    frame = pd.DataFrame({"setup": ["a", "b", "c"], "es_99": [0.04, 0.06, float("nan")]})
    refuse_limits(frame.iloc[:2], ["es_99 > 6%", "es_99 < 4%"])  # at the limit is not beyond it
    with pytest.raises(CheckError, match="es_99 of b is 0.06"):
        refuse_limits(frame.iloc[:2], ["es_99 > 5%"])
    with pytest.raises(CheckError, match="es_99 of c is not known"):
        refuse_limits(frame, ["es_99 > 90%"])
    with pytest.raises(ConfigError, match="did you mean 'es_99'"):
        refuse_limits(frame, ["es_9 > 5%"])


def test_the_verdict_says_no_more_than_the_intervals_allow():
    def figure(value, half, note=None):
        return Figure(value, value - half, value + half, 100, "t", note)

    assert verdict(figure(0.0, 0.0), figure(0.0, 0.0)) == "identical"
    assert verdict(figure(0.05, 0.01), figure(100.0, 200.0)) == "more tail; P&L: no difference shown"
    assert verdict(figure(-0.05, 0.01), figure(300.0, 200.0)) == "less tail; more P&L"
    assert verdict(figure(0.0, 0.01, "too few (9)"), figure(-300.0, 200.0)).endswith("; less P&L (too few (9))")
    assert verdict(Figure(0.1, None, None, 2, "t"), figure(1.0, 2.0)).startswith("tail: no difference shown")
