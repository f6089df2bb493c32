"""A sweep that nobody disturbs: what all others have to equal."""

import time

import pytest

from tests.support.sweeps import finish, results, start, write_sweep


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    """(sweep file, its 24 results, seconds it takes on two processes)."""
    folder = tmp_path_factory.mktemp("undisturbed")
    file = write_sweep(folder)
    done = start(file, folder / "one", "-j", 1)
    assert finish(done) == "" and done.returncode == 0
    began = time.monotonic()
    done = start(file, folder / "two", "-j", 2)
    finish(done)
    seconds = time.monotonic() - began
    expected = results(folder / "one")
    assert len(expected) == 24 and results(folder / "two") == expected
    return file, expected, seconds
