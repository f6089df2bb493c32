"""The bundled config through the whole catalogue: a table that nobody changes by accident.

A hundred runs of 8,760 bars, through the compiled loop. `BASISBT_WRITE_GOLDEN=1` writes it anew.
"""

import json
import os
from pathlib import Path

import pytest

from basisbt.engines.paths import PathRunner
from basisbt.places import packaged
from basisbt.studies.prepare import prepare
from basisbt.studies.stress import stress

FILE = Path(__file__).with_name("stress_01.json")
KEPT = ("venue", "at", "pnl", "max_drawdown", "trapped_days", "liquidations", "survived")


@pytest.fixture(scope="module")
def rows():
    """{incident: what is kept of its row}; what is left out with its reason."""
    config = packaged("configs", "runs", "01_btc_carry.yaml")
    prepared = prepare(config)
    PathRunner(prepared.world.without(params=prepared.loaded.record))  # leaves the loop on disk, where stress finds it
    found, left = stress(prepared)
    table = {row["incident"]: {name: row[name] for name in KEPT} for row in found}
    if os.environ.get("BASISBT_WRITE_GOLDEN"):
        FILE.write_text(json.dumps({"rows": table, "left_out": left}, indent=1) + "\n")
    return table, left


def test_the_table_is_as_it_was(rows):
    table, left = rows
    golden = json.loads(FILE.read_text())
    assert left == golden["left_out"] and list(table) == list(golden["rows"])
    for name, row in golden["rows"].items():
        assert table[name] == approximately(row), name


def test_a_default_at_the_venue_of_the_spot_leg_is_not_survived(rows):
    assert not rows[0]["quadriga_2019"]["survived"] and rows[0]["okex_freeze_2020"]["survived"]


def approximately(row):
    """Numbers to nine digits, the rest as it is."""
    return {key: pytest.approx(v, rel=1e-9, abs=1e-6) if isinstance(v, float) else v for key, v in row.items()}
