"""The report of a stress run: incidents by lines of the attribution, and a table of what each did.

Knows the rows of studies.stress. Computes differences to the calm run, nothing else.
"""

from basisbt.report.html import figures as f
from basisbt.report.html.page import Page, Table
from basisbt.report.words import LINE_WORDS, money, percent


def stress_page(name: str, rows: list[dict], left: dict[str, str], capital: float, command: str) -> Page:
    """The page of a stress run; rows: the calm run first. capital in USD; left: what was left out, and why."""
    page = Page(f"stress: {name}", "stress")
    died = sum(not row["survived"] for row in rows[1:])
    page.add(
        "What each incident did",
        f"{len(rows) - 1} incidents, {died} not survived. Again: {command}",
        table_of(rows, capital),
    )
    page.add(
        "Where it hurt", "Change of each line against the calm run, % of capital.", figures=[heat_of(rows, capital)]
    )
    if left:
        page.add("Left out", table=Table(("incident", "why"), list(left.items())))
    return page


def table_of(rows, capital) -> Table:
    """A row per incident."""
    head = ("incident", "onto", "from", "P&L", "change", "drawdown", "days trapped", "liquidations", "survived")
    return Table(
        head,
        [
            (
                row["incident"],
                row["venue"],
                row["at"][:10],
                f"{row['pnl'] / capital:+.2%}",
                f"{row['change'] / capital:+.2%}",
                percent(row["max_drawdown"]),
                f"{row['trapped_days']:.0f}",
                str(row["liquidations"]),
                "yes" if row["survived"] else "no",
            )
            for row in rows
        ],
    )


def heat_of(rows, capital) -> dict:
    """Incidents × lines of the attribution."""
    calm, others = rows[0], rows[1:]
    lines = [line for line in LINE_WORDS if any(abs(row[line] - calm[line]) > 1e-6 * capital for row in others)]
    z = [[round(100.0 * (row[line] - calm[line]) / capital, 2) for line in lines] for row in others]
    worst = min(others, key=lambda row: row["change"], default=calm)
    told = f"worst: {worst['incident']}, {money(worst['change'])} USD against the calm run"
    names = [row["incident"] + (f" → {row['venue']}" if row["venue"] else "") for row in others]
    return f.heat(
        "Incidents by line of the attribution",
        [LINE_WORDS[line] for line in lines],
        names,
        z,
        told,
        unit=" %",
        height=140 + 22 * len(others),
        middle=0.0,
    )
