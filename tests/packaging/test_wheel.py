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
        "basisbt/data/published_cases.json", "basisbt/data/incidents.yaml", "basisbt/configs/starter/carry.yaml",
        "basisbt/report/html/page.html", "basisbt/configs/sweeps/diversification.yaml",
    ):  # fmt: skip
        assert needed in names
    assert not any("/tests/" in n for n in names)


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """(call, site) of an environment of its own; the dependencies are lent by path, so that this stays offline."""
    home = tmp_path_factory.mktemp("installed") / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    site = next((home / "lib").glob("python*/site-packages"))
    zipfile.ZipFile(wheel).extractall(site)
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}

    def call(work, *words):
        words = [str(home / "bin" / "python"), "-m", "basisbt", *map(str, words)]
        done = subprocess.run(words, cwd=work, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        return done

    return call, site


def test_the_first_five_minutes(installed, tmp_path):
    """init, run, edit, run, compare, report: from the wheel, in an empty folder, offline."""
    call, _ = installed
    call(tmp_path, "init", "desk")
    desk, short = tmp_path / "desk", ("--timerange", "20230101-20230401")
    assert "P&L" in call(desk, "run", "carry.yaml", *short).stdout
    config = desk / "carry.yaml"
    config.write_text(config.read_text().replace("leverage: 5x", "leverage: 3x"))
    (desk / "other.yaml").write_text("schema: 1\nname: other\nextends: [carry.yaml]\nstrategy: {params: {notional: 30%}}\n")
    strategy = desk / "strategies" / "my_carry.py"
    strategy.write_text(strategy.read_text().replace("enter_above: PerYear = 0.08", "enter_above: PerYear = 0.04"))
    first = call(desk, "run", "carry.yaml", *short, "--json").stdout
    assert '"strategy": "my_carry"' in first and len(list((desk / "runs" / "carry").iterdir())) == 2
    assert "other" in call(desk, "compare", "carry.yaml", "other.yaml", *short).stdout
    page = desk / call(desk, "report", "carry").stdout.strip()
    assert page.stat().st_size > 4_000_000 and "my_carry" in page.read_text(encoding="utf-8")
    assert "1,000,000 " in call(desk, "show", "carry").stdout
    for name in ("paths.yaml", "one_venue.yaml"):
        call(desk, "validate", name)
    assert "0 of 6 cells done" in call(desk, "sweep", "sweep.yaml", "--status", "--paths", "20").stdout


def test_the_wheel_works_from_an_unrelated_folder(installed, tmp_path):
    call, site = installed
    work = tmp_path / "elsewhere"
    work.mkdir()
    done = call(work, "run", "configs/runs/01_btc_carry.yaml")
    assert str(site) in done.stderr and "P&L" in done.stdout
    assert (work / "runs" / "btc-carry").is_dir()
