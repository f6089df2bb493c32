"""A built wheel, installed where nothing of this checkout is, works from an unrelated folder."""

import os
import subprocess
import sys
import sysconfig
import zipfile

import pytest

from tests.support.places import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The project's wheel, built from a clean copy of what git knows."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "copy"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(copy)], check=True)
    build = ["wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(folder), str(copy)]
    call = [sys.executable, "-m", "pip", *build]
    subprocess.run(call, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_carries_what_it_needs_and_puts_nothing_else_at_the_top(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {n.split("/")[0] for n in names} == {"basisbt", next(n for n in names if ".dist-info" in n).split("/")[0]}
    for needed in (
        "basisbt/strategies/cash_and_carry.py", "basisbt/configs/venues/okx.yaml",
        "basisbt/configs/runs/01_btc_carry.yaml", "basisbt/data/sample/okx/BTC-USDT/trade_1h.parquet",
        "basisbt/data/published_cases.json", "basisbt/data/incidents.yaml",
    ):  # fmt: skip
        assert needed in names
    assert not any("/tests/" in n for n in names)


def test_the_wheel_works_from_an_unrelated_folder(wheel, tmp_path):
    """Installed into an environment of its own; the dependencies are lent by path, so that this stays offline."""
    home = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    site = next((home / "lib").glob("python*/site-packages"))
    zipfile.ZipFile(wheel).extractall(site)
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    work = tmp_path / "elsewhere"
    work.mkdir()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    call = [str(home / "bin" / "python"), "-m", "basisbt", "run", "configs/runs/01_btc_carry.yaml"]
    done = subprocess.run(call, cwd=work, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert str(site) in done.stderr and "P&L" in done.stdout
    assert (work / "runs" / "btc-carry").is_dir()
