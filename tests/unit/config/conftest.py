"""A good config, and two ways to ask about a changed one."""

from pathlib import Path

import pytest

from basisbt.config import load
from basisbt.errors import ConfigError

GOOD = Path(__file__).parents[2] / "data" / "config" / "good.yaml"


@pytest.fixture(autouse=True)
def _own_data(monkeypatch):
    monkeypatch.delenv("BASISBT_DATA", raising=False)


@pytest.fixture
def good() -> str:
    """The text of a config without mistakes."""
    return GOOD.read_text()


@pytest.fixture
def write(tmp_path):
    """Write text to a file of the test's folder; returns its path."""

    def write(text, name="desk.yaml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(text, bytes):
            path.write_bytes(text)
        else:
            path.write_text(text)
        return path

    return write


@pytest.fixture
def complaint(write, monkeypatch, tmp_path):
    """The text of the ConfigError that loading raises, as seen from the config's own folder."""

    def complaint(text, overrides=(), **arguments):
        write(text)
        monkeypatch.chdir(tmp_path)
        with pytest.raises(ConfigError) as caught:
            load("desk.yaml", overrides, **arguments)
        return str(caught.value)

    return complaint
