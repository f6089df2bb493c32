"""Stress and breaking points on a terminal.

Knows the rows of `studies.stress` and `studies.solve`. Computes nothing.
"""

from rich.console import Console
from rich.table import Table

from basisbt.report.words import LINE_WORDS

SHOWN = ("funding", "basis", "directional", "liquidation", "default", "clawback", "adl", "settlement_gap", "collateral")


def show_stress(rows: list[dict], left: dict[str, str], capital: float, console: Console) -> None:
    """A row per incident, the calm run first, the worst next; then what was left out and why."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("incident", "onto", "from", "P&L", "change", "drawdown", "trapped", "dead", "mostly"):
        table.add_column(name, justify="left" if name in ("incident", "onto", "from", "mostly") else "right")
    calm = rows[0]
    for row in rows:
        style = None if row["survived"] else "bold red"
        table.add_row(
            row["incident"], row["venue"], row["at"][:10], f"{row['pnl'] / capital:+.2%}",
            f"{row['change'] / capital:+.2%}", f"{row['max_drawdown']:.1%}", f"{row['trapped_days']:.0f} d",
            str(row["liquidations"] or ""), mostly(row, calm), style=style,
        )  # fmt: skip
    console.print(table)
    died = sum(not row["survived"] for row in rows[1:])
    console.print(f"{len(rows) - 1} incidents, {died} not survived (red); P&L and change of capital")
    for name, why in left.items():
        console.print(f"left out: {name}: {why}", style="yellow")


def mostly(row: dict, calm: dict) -> str:
    """The line of the attribution that changed most for the worse."""
    worst = min(SHOWN, key=lambda line: row[line] - calm[line])
    return LINE_WORDS.get(worst, worst) if row[worst] - calm[worst] < -1e-9 else ""


def show_list(rows: list[dict], console: Console) -> None:
    """What there is to use, a line each; what an incident is unsure of stays for `--json`."""
    for row in rows:
        first, *rest = [str(value) for key, value in row.items() if key != "unsure"]
        mark = "?" if row.get("unsure") else " "
        console.print(f"{first:<24}{mark} " + "  ".join(f"{each:<11}" for each in rest), soft_wrap=True)


def show_breaking_point(found: dict, console: Console) -> None:
    """What is safe, what fails, and the runs that tell."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("value", found["metric"], "holds"):
        table.add_column(name, justify="right")
    for run in found["runs"]:
        table.add_row(run["text"], f"{run['figure']:,.6g}", "yes" if run["holds"] else "no")
    console.print(table)
    console.print(found["answer"])
    if found.get("first"):
        console.print(f"at {found['fails']}: {found['first']}")
