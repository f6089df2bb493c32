"""A strategy file that cannot be used is refused with its place and what to write, before anything runs."""

import pytest

from basisbt.errors import ConfigError
from basisbt.strategy.loader import ParameterError, load_strategy

DECIDE = "def decide(seen, book, want, p):\n    pass\n"
HEAD = "from dataclasses import dataclass, field\nfrom basisbt.strategy import Bars, Days\n"


@pytest.fixture
def load(tmp_path):
    (tmp_path / "strategies").mkdir()

    def call(text, use="mine", **params):
        (tmp_path / "strategies" / "mine.py").write_text(text)
        return load_strategy(use, params, [tmp_path / "strategies"])

    return call


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1\n", "has no function `decide"),
        ("def decide(seen, book):\n    pass\n", r"mine.py:1: error: found decide\(seen, book\); expected four"),
        ("def decide(seen, book, want, p):\n    yield\n", "would never run"),
        ("class decide:\n    pass\n", "expected a function"),
        ("def decide(seen, book, want, p)\n", r"mine.py:1:\d+: error: expected ':'"),
        ("raise SystemExit(7)\n", "mine.py:1: error: SystemExit: 7"),
        ("import nowhere_at_all\n" + DECIDE, "mine.py:1: error: ModuleNotFoundError"),
        (HEAD + "class Params:\n    a: Days = 1.0\n" + DECIDE, "mine.py:3: error: Params is not a dataclass"),
        (HEAD + "@dataclass\nclass Params:\n    a: Days = 1.0\n" + DECIDE, "frozen=True"),
        (HEAD + "@dataclass(frozen=True)\nclass Params:\n    a: str = 'x'\n" + DECIDE, "Params.a: found 'x'"),
        (HEAD + "@dataclass\nclass Memory:\n    a: int\n" + DECIDE, "a default for every field"),
        (HEAD + "@dataclass\nclass Memory:\n    a: list = field(default_factory=list)\n" + DECIDE, "Memory.a: found"),
        (HEAD + "@dataclass\nclass Memory:\n    n: int = 0\n" + DECIDE.replace("pass", "book.memory.m += 1"),
         "no 'book.memory.m'"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named(load, text, says):
    with pytest.raises(ConfigError, match=says):
        load(text)


@pytest.mark.parametrize("value", [float("inf"), float("nan"), True, "soon"])
def test_a_length_of_time_is_a_finite_number(load, value):
    with pytest.raises(ParameterError, match="a: found"):
        load(HEAD + "@dataclass(frozen=True)\nclass Params:\n    a: Days = 1.0\n" + DECIDE, a=value)


CLASS = "import backtrader as bt\n\n\nclass Mine(bt.Strategy):\n    params = (('n', 3),)\n\n\nclass Not:\n    pass\n"


def test_a_backtrader_class_gets_only_parameters_it_has(load):
    assert load(CLASS, "mine:Mine", n=4).params == {"n": 4}
    with pytest.raises(ParameterError, match="no parameter 'nn', did you mean 'n'"):
        load(CLASS, "mine:Mine", nn=4)
    with pytest.raises(ParameterError, match="found 'x', expected a number"):
        load(CLASS, "mine:Mine", n="x")


@pytest.mark.parametrize("use", ["mine:Not", "mine:Nope", "mine:", ":X", "..a:X", "nowhere_at_all:X", "builtins:int"])
def test_what_is_no_backtrader_class_is_refused(load, use):
    with pytest.raises(ConfigError, match="strategy '"):
        load(CLASS, use)


def test_two_configs_may_each_have_a_module_of_the_same_name(tmp_path):
    for name, n in (("a", 3), ("b", 5)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "same.py").write_text(CLASS.replace("3", str(n)))
    a, b = (load_strategy("same:Mine", {}, [tmp_path / name / "strategies"]) for name in "ab")
    assert (a.cls.params.n, b.cls.params.n) == (3, 5) and a.digest != b.digest


def test_a_module_it_imports_belongs_to_its_digest(tmp_path):
    (tmp_path / "front.py").write_text("from behind_it import *\n" + CLASS)
    digests = []
    for text in ("x = 1\n", "x = 2\n"):
        (tmp_path / "behind_it.py").write_text(text)
        digests.append(load_strategy("front:Mine", {}, [tmp_path / "strategies"]).digest)
    assert digests[0] != digests[1]
