"""The project's own rules about its sources, checked as a test: short functions, short files, a docstring each."""

import ast

import pytest

from tests.support.places import ROOT

SOURCES = sorted([*(ROOT / "basisbt").rglob("*.py"), *(ROOT / "strategies").glob("*.py"), *(ROOT / "benchmarks").glob("*.py")])


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_source_file_keeps_the_house_rules(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 300, "no file over 300 lines"
    tree = ast.parse(text)
    if text.strip():
        assert ast.get_docstring(tree) or path.name == "__init__.py", "a module says what it knows"
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno - node.lineno < 50, f"{node.name} is over 50 lines"


@pytest.mark.parametrize("path", [p for p in SOURCES if "basisbt" in p.parts], ids=lambda p: str(p.relative_to(ROOT)))
def test_every_public_name_is_documented(path):
    missing = []
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            if not ast.get_docstring(node):
                missing.append(node.name)
    assert not missing
