"""Loading a strategy: where it is found, how its parameters are read, what is said of mistakes."""

import pytest

from basisbt.errors import ConfigError
from basisbt.strategy.check import reason_codes
from basisbt.strategy.loader import ParameterError, find_strategy, load_strategy

SOURCE = """
from dataclasses import dataclass

from basisbt.strategy import Bars, Days, Fraction, Leverage, Number, OneLegFails, PerYear, UNWIND, Venue

ENTER, EXIT = 1, 2
OTHER = 7


@dataclass(frozen=True)
class Params:
    enter: PerYear = 0.08
    part: Fraction = 0.5
    back: Days = 7.0
    wait: Bars = 3
    times: Leverage = 3.0
    size: Number = 1.0
    hub: Venue = -1
    fails: OneLegFails = UNWIND
    plain: int = 4


@dataclass
class Memory:
    count: int = 0
    peak: float = 1.5


def decide(seen, book, want, p):
    pass
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "mine.py").write_text(SOURCE)
    return tmp_path / "strategies"


def load(folder, **params):
    return load_strategy("mine", params, [folder], ("okx", "bybit"), ("btc",))


def test_units_come_from_the_annotations(folder):
    p = load(folder, enter="9%/y", part="45%", back="36h", wait=5, times="4x", size=2, hub="bybit", fails="wait").params
    assert (p.enter, p.part, p.back, p.wait, p.times, p.size, p.hub, p.fails) == (0.09, 0.45, 1.5, 5, 4.0, 2.0, 1, 0)
    assert p.plain == 4  # untouched default


def test_a_compiled_run_gets_the_same_values_as_a_record_and_memory_starts_as_written(folder):
    loaded = load(folder, part="10%")
    assert loaded.record["part"] == 0.1 and loaded.record["wait"] == 3
    assert loaded.memory[0].count == 0 and loaded.memory[0].peak == 1.5


def test_every_wrong_parameter_is_reported_at_once(folder):
    with pytest.raises(ParameterError) as caught:
        load(folder, entr="8%", hub="okex", fails="sulk", wait=1.5, part="lots")
    said = dict(caught.value.mistakes)
    assert "did you mean 'enter'" in said["entr"] and "did you mean 'okx'" in said["hub"]
    assert "wait, unwind" in said["fails"] and "whole number of bars" in said["wait"] and "lots" in said["part"]


def test_a_file_beside_the_config_comes_before_a_packaged_one(tmp_path, folder):
    packaged = tmp_path / "packaged"
    packaged.mkdir()
    (packaged / "mine.py").write_text("decide = None\n")
    (packaged / "other.py").write_text("decide = None\n")
    assert find_strategy("mine", [folder, packaged]) == folder / "mine.py"
    assert find_strategy("other", [folder, packaged]) == packaged / "other.py"
    assert find_strategy("./strategies/mine.py", [folder]) == (folder / "mine.py").resolve()
    with pytest.raises(ConfigError, match="did you mean 'mine'"):
        find_strategy("mien", [folder, packaged])


def test_reasons_are_the_whole_numbers_named_in_the_file(folder):
    assert reason_codes(folder / "mine.py") == {1: "enter", 2: "exit", 7: "other"}


def test_a_misspelt_name_has_its_place(folder):
    (folder / "mine.py").write_text(SOURCE.replace("    pass\n", "    x = p.partt + book.equty\n"))
    with pytest.raises(ConfigError) as caught:
        load(folder)
    text = str(caught.value)
    line = SOURCE.splitlines().index("    pass") + 1
    assert f"mine.py:{line}:9: error: no 'p.partt', did you mean 'p.part'?" in text
    assert "no 'book.equty', did you mean 'book.equity'?" in text
