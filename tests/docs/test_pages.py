"""What the pages say is run: the strategy page's example, the README's commands and those about paths.

A command over sampled paths gets `--paths 30` here: what is tested is that it says what the page says, not the tail.
"""

import re
import shlex
import subprocess
import sys

import pytest

import basisbt
from tests.support.places import ROOT

PAGE = ROOT / "docs" / "strategy.md"
README = ROOT / "README.md"


def blocks(path, language):
    return re.findall(rf"```{language}\n(.*?)```", path.read_text(), re.DOTALL)


def test_the_strategy_page_is_a_strategy_that_runs_the_same_interpreted_and_compiled(tmp_path):
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "my_carry.py").write_text(blocks(PAGE, "python")[0])
    config = tmp_path / "my.yaml"
    config.write_text(
        f"schema: 1\nname: mine\nextends: [{ROOT}/configs/runs/02_textbook.yaml]\n"
        "strategy: {use: my_carry, params: {enter_above: 4%, lookback: 7d, notional: 40%, "
        "exit_below: -2%, if_refused: null, max_custody: 70%}}\n"
    )
    plain = basisbt.run(config, engine="backtrader")
    assert plain.metrics["fills"] >= 2
    assert plain.metrics["attribution"]["funding"] > 0.0
    assert basisbt.run(config, engine="compiled").metrics["journal_digest"] == plain.metrics["journal_digest"]


def test_the_same_strategy_in_another_folder_is_compiled_apart(tmp_path):
    """Was a bug: code kept for one copy of a file named a module that the other copy does not have."""
    from basisbt.engines.compile import source_digest

    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "same.py").write_text("x = 1\n")
    assert source_digest(tmp_path / "one" / "same.py") != source_digest(tmp_path / "two" / "same.py")
    assert source_digest(tmp_path / "one" / "same.py") == source_digest(tmp_path / "one" / "same.py")


PATHS, SPREAD = ROOT / "docs" / "paths.md", ROOT / "docs" / "diversification.md"
SAMPLED = ("_paths", "configs/sweeps/")
COMMANDS = [
    line.split("#")[0].strip().removeprefix("$ ")
    for page in (README, PATHS, SPREAD, ROOT / "docs" / "sweeps.md", ROOT / "docs" / "data.md")
    for block in blocks(page, "console")
    for line in block.splitlines()
    if line.startswith("$ basisbt")
]


@pytest.mark.parametrize("command", dict.fromkeys(COMMANDS))
def test_a_command_of_the_pages_runs_as_written(command, tmp_path_factory):
    store = tmp_path_factory.getbasetemp().parent / "readme-runs"
    words = [w for w in shlex.split(command)[1:]]
    expanded = []
    for word in words:
        expanded += sorted(str(p.relative_to(ROOT)) for p in ROOT.glob(word)) if "[" in word else [word]
    if words[0] in ("journal", "report"):
        basisbt.run(ROOT / "configs" / "runs" / "01_btc_carry.yaml", out=store)
    call = [sys.executable, "-m", "basisbt", *expanded]
    if words[0] in ("run", "compare", "sweep", "journal", "report", "ls"):
        call += ["-o", str(store)]
    if words[0] in ("run", "compare", "sweep", "allocate") and any(part in command for part in SAMPLED):
        call += ["--paths", "30"]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == (4 if "--fail-if" in command and "error: diff" in done.stderr else 0), done.stderr
    assert done.stdout.strip()


def test_the_pairs_on_the_page_of_rules_are_pairs(tmp_path):
    pairs = blocks(ROOT / "docs" / "rules.md", "yaml")[0]
    config = tmp_path / "rules.yaml"
    config.write_text(
        "schema: 1\nname: rules\ncapital: 100_000 USDT\ndata: {dir: data, window: [2023-01-01, 2023-06-01]}\n"
        "venues: {okx: {borrow: {rates: {BTC: 5%/y}}}, bybit: {}, binance: {}}\n"
        + pairs + "strategy: {use: static_carry}\n"
    )  # fmt: skip
    spec = basisbt.load(config).spec
    assert spec.pairs["dated"].short.listed == "BTC/USDT:USDT-quarter"
    assert spec.pairs["reverse"].short.leverage == 3.0
