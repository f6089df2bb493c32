"""The verb of the first five minutes: `init`."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from basisbt.cli import options as o
from basisbt.errors import ConfigError, RunError

README = """\
# A desk to start from

    basisbt run carry.yaml                     # a year, with a freeze in it; offline, on synthetic data
    basisbt report @last                       # the same as one HTML file
    basisbt run paths.yaml                     # a thousand other years: VaR, ES, ruin, each with its interval
    basisbt compare paths.yaml one_venue.yaml  # is one venue worse than two? on the same random numbers
    basisbt sweep sweep.yaml                   # a grid, scored again on another seed

`strategies/my_carry.py` is yours to edit: one decision, readable in a minute. `data` is synthetic, made by
`basisbt data generate`: it proves nothing about any market. `basisbt download carry.yaml --data-dir real` fetches real
candles and funding; `-S data.dir=real` runs on them.
"""
KEPT_OUT = "runs/\n"


@o.guarded
def init(
    folder: Annotated[Path, typer.Argument(help="A folder that is new or empty.")] = Path("desk"),
    strategy: Annotated[str, typer.Option(help="What to start from; see `list strategies`.")] = "cash_and_carry",
    debug: o.Debug = False,
):  # fmt: skip
    """Make a working folder: configs, a strategy to edit, sample data. Its first run works offline.

    Example: basisbt init desk
    """
    from basisbt.places import packaged

    source = packaged("strategies", f"{strategy}.py")
    if not source.is_file() or strategy != source.stem:
        known = sorted(path.stem for path in packaged("strategies").glob("*.py"))
        raise ConfigError(f"--strategy: found {strategy!r}, expected one of {', '.join(known)}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder}: is there and not empty; name a folder that is new")
    try:
        furnish(folder, source)
    except OSError as error:
        raise RunError(f"{folder}: cannot be made: {error.strerror or error}") from error
    typer.echo(f"{folder}: cd {folder} && basisbt run carry.yaml")


def furnish(folder: Path, strategy: Path) -> None:
    """Everything under a temporary name beside, then renamed: a folder that is there is whole. Raises OSError."""
    from basisbt.places import packaged

    parent = folder.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=parent))
    try:
        for file in sorted(packaged("configs", "starter").glob("*.yaml")):
            shutil.copyfile(file, place / file.name)
        (place / "scenarios").mkdir()
        (place / "strategies").mkdir()
        shutil.copyfile(packaged("configs", "scenarios", "tier_one.yaml"), place / "scenarios" / "tier_one.yaml")
        shutil.copyfile(strategy, place / "strategies" / "my_carry.py")
        shutil.copytree(packaged("data", "sample"), place / "data", copy_function=shutil.copyfile)
        (place / "README.md").write_text(README, encoding="utf-8")
        (place / ".gitignore").write_text(KEPT_OUT, encoding="utf-8")
        place.chmod(0o755)
        os.replace(place, folder)
    finally:
        shutil.rmtree(place, ignore_errors=True)
