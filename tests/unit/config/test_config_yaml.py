"""YAML 1.2, read strictly: what a scalar means, and where it stood."""

from pathlib import Path

import pytest

from basisbt.config.mistakes import Mistakes, Source
from basisbt.config.reader import read_text


def read(text):
    mistakes = Mistakes()
    node = read_text(text, Source("x", tuple(text.splitlines()), Path()), mistakes)
    assert not mistakes.found
    return node


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True), ("True", True), ("TRUE", True), ("false", False), ("null", None), ("~", None), ("Null", None),
        ("yes", "yes"), ("no", "no"), ("NO", "NO"), ("on", "on"), ("off", "off"), ("y", "y"), ("n", "n"),
        ("tRuE", "tRuE"), ("12", 12), ("-12", -12), ("+12", 12), ("017", 17), ("0o17", "0o17"), ("0x1F", "0x1F"),
        ("0b11", "0b11"), ("1_000", "1_000"), ("16:00", "16:00"), ("1:30:00", "1:30:00"), ("1e-4", 1e-4),
        ("1E5", 1e5), ("1.", 1.0), (".5", 0.5), ("-.5", -0.5), ("1.5e+3", 1500.0), ("1e999", "1e999"),
        (".inf", ".inf"), (".nan", ".nan"), ("2023-01-01", "2023-01-01"), ("2023-01-01T00:00:00Z",) * 2,
        ("8%", "8%"), ("+30%", "+30%"), ("3x", "3x"), ("1_000_000 USDT",) * 2, ("'12'", "12"), ('"true"', "true"),
        ("'~'", "~"), ("1.2.3", "1.2.3"), ("e5", "e5"),
    ],
)  # fmt: skip
def test_a_scalar_means_what_yaml_1_2_says(text, value):
    found = read(f"[{text}]").value[0].value
    assert found == value and type(found) is type(value)


def test_an_empty_value_is_null():
    assert read("a:\nb: 1").entries["a"].value is None


def test_places_count_from_one():
    node = read("a: 1\nb:\n  - x\n  - {c: 2}\n")
    c = node.entries["b"].value[1].entries["c"]
    assert (c.key.line, c.key.column, c.place.line, c.place.column) == (4, 6, 4, 9)


def test_an_alias_is_the_anchors_value():
    assert read("a: &x {b: 1}\nc: *x").plain() == {"a": {"b": 1}, "c": {"b": 1}}
