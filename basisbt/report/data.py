"""A data directory on a terminal: what there is, and what is odd about it.

Knows the frame of the inventory and findings. Computes nothing but groups of like findings.
"""

from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

BLOCKS = " ▁▂▃▄▅▆▇█"
STYLES = {"error": "bold red", "warning": "yellow", "note": "dim"}


def show_inventory(frame, console: Console) -> None:
    """A line per series: its span, and how much of each part of the common time is there."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("venue", "symbol"):
        table.add_column(name, no_wrap=True)
    table.add_column("series", overflow="fold", min_width=8)
    for name, side in (("rows", "right"), ("from", "left"), ("to", "left"), ("gaps", "right"), ("coverage", "left")):
        table.add_column(name, justify=side, no_wrap=True)
    for row in frame.itertuples():
        name = (row.venue, row.symbol, row.series)
        if row.problem:
            table.add_row(*name, "-", "", "", "", Text("cannot be read", style="red"))
            continue
        ends = (f"{row.first:%Y-%m}", f"{row.last:%Y-%m}")
        table.add_row(*name, f"{row.rows:,}", *ends, f"{row.gaps:,}" if row.gaps else "", chart(row.filled))
    console.print(table)
    there = frame[frame["problem"] == ""]
    if len(there):
        first, last = there["first"].min(), there["last"].max()
        each = (last - first).days / len(there["filled"].iloc[0])
        ends = f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
        console.print(f"{len(frame)} series; a block is {each:.0f} days of {ends}", style="dim")
    for row in frame[frame["problem"] != ""].itertuples():
        console.print(Text(row.problem, style="red"))


def chart(filled) -> str:
    """Shares between 0 and 1 as blocks; what is there but little is not drawn as nothing."""
    return "".join(BLOCKS[0 if share <= 0 else max(1, min(8, int(share * 8 + 1e-9)))] for share in filled)


def show_findings(findings, count: int, console: Console) -> None:
    """Findings of a check, worst first, like ones together, each with what to do; then how many there are."""
    def key(f):
        return f.severity, f.venue, f.symbol, f.series, f.kind

    for (severity, venue, symbol, series, kind), group in groupby(findings, key):
        like = list(group)
        head = Text(f"{severity:<8}", style=STYLES[severity])
        head.append(f"{venue} {symbol} {series}: ", style="bold")
        head.append(f"{kind}, {len(like):,} of them: the largest: " if len(like) > 1 else f"{kind}: ")
        head.append(max(like, key=lambda f: f.size).told)
        console.print(head)
        if severity != "note":
            console.print(Text(f"        {like[0].todo}", style="dim"))
    by = {severity: sum(f.severity == severity for f in findings) for severity in STYLES}
    console.print(f"{count} series checked: " + ", ".join(f"{n:,} {severity}s" for severity, n in by.items()))


def show_imports(found, directory: str, dry: bool, console: Console) -> None:
    """What came in, a line per series."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    for name, side in (("series", "left"), ("files", "right"), ("new", "right"), ("rows", "right"), ("from", "left"),
                       ("to", "left")):  # fmt: skip
        table.add_column(name, justify=side, no_wrap=True)
    for each in found:
        name = f"{each.venue} {each.symbol} {each.series}"
        table.add_row(name, f"{each.files:,}", f"{each.new:,}", f"{each.rows:,}", each.first, each.last)
    console.print(table)
    for each in found:
        if each.aside:
            console.print(Text(f"{each.path}: the file before is kept as {each.aside}", style="yellow"))
    console.print(f"{'nothing written: a dry run into' if dry else 'into'} {directory}", style="dim")
