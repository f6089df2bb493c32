"""What sampled paths say, on a terminal: every figure with its interval, and what it rests on.

Knows the `paths` block of metrics.json. Computes nothing.
"""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from basisbt.report.words import money, number, percent

ROWS = (
    ("mean P&L, USD", "pnl", money), ("mean return, annual", "return_annual", percent),
    ("VaR 95 % (loss, of capital)", "var_95", percent), ("ES 95 %", "es_95", percent),
    ("VaR 99 %", "var_99", percent), ("ES 99 %", "es_99", percent),
    ("VaR 99.9 %", "var_999", percent), ("ES 99.9 %", "es_999", percent),
    ("worst drawdown, mean", "max_drawdown", percent), ("probability of ruin", "ruin", percent),
    ("probability of a margin call", "margin_call", percent), ("days trapped, mean", "trapped_days", number),
    ("liquidations a path", "liquidations", number), ("tail index (GPD)", "tail_index", number),
    ("break-even default rate, a year", "breakeven_default_rate", percent),
)  # fmt: skip
BESIDE = 12  # characters of a remark that fit beside its figure at 80 columns; longer ones stand below the table


def show_paths(block: dict, meta: dict, console: Console) -> None:
    """The sampled figures as a table, and what the sample implies about venues failing together."""
    how = f"{block['n']:,} paths of {meta['bars']:,} bars, market: {meta['market']}, {meta['engine']}"
    table = Table(title=Text(f"sampled: {how}"), title_justify="left", title_style="bold", box=None, padding=(0, 1))
    for name in ("figure", "value", "95 % from", "to", ""):
        table.add_column(name, justify="left" if name in ("figure", "") else "right", no_wrap=True)
    shown = [(words, block[key], form) for words, key, form in ROWS if key in block]
    shown += [(f"tail cost, {kind}, USD", figure, money) for kind, figure in block.get("tail_cost", {}).items()]
    remarks = []
    for words, figure, form in shown:
        note = figure.get("note") or ""
        if len(note) > BESIDE:
            remarks.append((words, note))
            note = ""
        figures = (form(figure[key]) for key in ("value", "low", "high"))
        table.add_row(words, *figures, Text(note, style="yellow"))
    console.print(table)
    for words, note in remarks:
        console.print(Text(f"  {words}: {note}", style="yellow"))
    for line in dependence_lines(meta.get("dependence") or {}):
        console.print(line)
    if meta.get("why_not_compiled"):
        console.print(Text(f"not compiled: {meta['why_not_compiled']}", style="yellow"))


def dependence_lines(implied: dict) -> list[Text]:
    """The event correlation and the conditional probability of a second failure, each with its error."""
    words = {
        "correlation": "correlation of two venues failing within the horizon",
        "follows_within_30d": "P(B fails within 30 d | A failed)",
    }
    return [
        Text(f"{words.get(key, key)}: {figure['value']:.3f} ± {figure['error']:.3f}", style="dim")
        for key, figure in implied.items() if isinstance(figure, dict) and figure.get("value") is not None
    ]  # fmt: skip
