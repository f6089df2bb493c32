"""Shared by all tests: one flag that rewrites golden files, never the default."""


def pytest_addoption(parser):
    parser.addoption("--rewrite-golden", action="store_true", help="write golden files anew instead of comparing")
