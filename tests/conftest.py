"""Shared by all tests: one flag that rewrites golden files, and one worker for what compiles."""

import pytest

COMPILES = (
    "tests/differential/test_engines.py", "tests/docs/test_pages.py::test_the_strategy_page",
    "tests/docs/test_pages.py::test_a_command_of_the_pages", "tests/unit/studies/test_studies_paths.py",
    "tests/unit/cli/test_cli_paths.py", "tests/golden/test_stress_golden.py",
    "tests/golden/test_diversification_golden.py", "tests/unit/studies/test_studies_allocate.py",
    "tests/unit/studies/test_studies_scripts.py", "tests/browser/",
)  # fmt: skip


def pytest_addoption(parser):
    parser.addoption("--rewrite-golden", action="store_true", help="write golden files anew instead of comparing")


def pytest_configure(config):
    config.addinivalue_line("markers", "xdist_group: run on one worker")  # known without pytest-xdist too


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Tests that compile share a worker (and its compiled step), so that nothing is compiled twice at once."""
    for item in items:
        if item.nodeid.startswith(COMPILES):
            item.add_marker(pytest.mark.xdist_group("compiles"))
