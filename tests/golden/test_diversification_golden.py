"""The flagship sweep at a small size: what it says is changed by nobody unnoticed. `--rewrite-golden` writes it anew."""

import json
from pathlib import Path

import pytest

import basisbt
from basisbt.places import packaged

FILE = Path(__file__).with_name("diversification.json")
KEPT = ("pnl", "es_99", "diversification_ratio", "transfer_fee", "trapped_days", "rank", "front", "holdout_es_99")
CORRELATION, LEVERAGE = "tail.sample.dependence.correlation", "carry.leverage"


@pytest.fixture(scope="module")
def table():
    """The whole sweep, every cell on 60 paths."""
    done = basisbt.sweep(packaged("configs", "sweeps", "diversification.yaml"), paths=60, out=None, jobs=1)
    assert not done.failed
    return done.flat


def test_the_sweep_is_as_it_was(table, request):
    rows = {
        f"{row['setup']} {row[CORRELATION]} {row[LEVERAGE]}": {
            name: None if row[name] != row[name] else row[name] for name in KEPT
        }
        for row in table.to_dict("records")
    }
    if request.config.getoption("--rewrite-golden"):
        FILE.write_text(json.dumps(rows, indent=1) + "\n")
    golden = json.loads(FILE.read_text())
    assert rows.keys() == golden.keys() and len(rows) == 75
    for name, row in golden.items():
        for key, value in row.items():
            expected = value if value is None or isinstance(value, bool) else pytest.approx(value, rel=1e-9, abs=1e-6)
            assert rows[name][key] == expected, (name, key)


def test_what_must_be_so_whatever_the_draws(table):
    """One venue is not diversified; no transfers where every venue holds both legs, and leverage is nothing to them."""
    one = table[table["setup"] == "one"]
    assert (one["diversification_ratio"].dropna() == 1.0).all()
    apart = table[table["setup"].isin(["one", "two", "three", "five"])]
    assert (apart["transfer_fee"] == 0.0).all() and (table[table["setup"] == "hub"]["transfer_fee"] < 0.0).all()
    spread = apart.groupby(["setup", CORRELATION])["pnl"].agg(lambda pnl: pnl.max() - pnl.min())
    assert (spread < 1e-3).all()  # USD of a million: the order of sums
