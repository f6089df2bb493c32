"""The frontier of venue weights on a terminal.

Knows an Allocation. Computes nothing.
"""

from rich.console import Console
from rich.table import Table


def show_allocation(found, console: Console) -> None:
    """A row per set of weights: the venues, then carry and ES in sample, on fresh paths and run."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("", no_wrap=True)
    venues = list(found.written.weights)
    es = f"ES {found.level * 100:g}"
    for name in (*venues, "carry", es, "fresh carry", f"fresh {es}", "run carry", f"run {es}"):
        table.add_column(name, justify="right")
    for point in (found.written, *found.points):
        figures = (point.carry, point.es, point.fresh_carry, point.fresh_es, point.run_carry, point.run_es)
        weights = ["-" if w == 0.0 else f"{w:.1%}" for w in point.weights.values()]
        table.add_row(point.label, *weights, *("-" if value is None else f"{value:.2%}" for value in figures))
    console.print(table)
    console.print(
        f"{found.paths:,} paths of seed {found.seed} to choose on, as many of seed {found.fresh_seed} to check; carry "
        "a year, ES of capital, positive = lost. fresh: the same weights; run: the config at these weights."
    )  # fmt: skip
    for point in (found.written, *found.points):
        if point.why:
            console.print(f"{point.label}: not run: {point.why}", style="yellow", markup=False)
    last = found.points[0]
    if last.overrides:
        console.print(f"weights of {last.label}: " + " ".join(f"-S '{text}'" for text in last.overrides),
                      style="dim", markup=False, soft_wrap=True)  # fmt: skip
