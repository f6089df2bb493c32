"""A small sample on which everything that can be sampled does happen: two months, at rates that no venue has."""

from basisbt.studies.prepare import prepare
from tests.support.places import ROOT

PATHS = ROOT / "configs" / "runs" / "05_paths.yaml"
MONTHS = "20230101-20230301"
BUSY = {
    "tail.sample.withdrawal_freeze.rate": "4/y", "tail.sample.venue_default.rate": "1.5/y",
    "tail.sample.non_convergence.rate": "12/y", "tail.sample.non_convergence.gap.median": "4%",
    "tail.sample.non_convergence.gap.p95": "30%", "tail.sample.funding.rate": "8/y",
    "tail.sample.mean_block": "10d",
}  # fmt: skip


def busy_words() -> list[str]:
    """The busy sample for a command line."""
    return ["--timerange", MONTHS, *(word for key, value in BUSY.items() for word in ("-S", f"{key}={value}"))]


def busy(*overrides, config=PATHS, paths=60, timerange=MONTHS, **options):
    """The busy sample prepared; overrides as after `-S`, the last one wins."""
    sets = [f"{key}={value}" for key, value in BUSY.items()]
    return prepare(config, [*sets, *overrides], timerange=timerange, paths=paths, **options)


def without(*kinds) -> list[str]:
    """Overrides that take kinds of event out of the config."""
    return [f"~tail.sample.{kind}" for kind in kinds]
