"""Setups side by side on a terminal: as columns, so that a person reads down a setup and across a figure.

Knows a comparison's frame. Computes nothing.
"""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from basisbt.report.terminal import cell
from basisbt.report.words import LINE_WORDS, money, number, percent

# Of sampled paths: words, figure, its interval (or None), how it is written.
FIGURES = (
    ("mean P&L, USD", "pnl", ("pnl_low", "pnl_high"), money),
    ("mean return, annual", "return_annual", None, percent),
    ("ES 99 % (loss, of capital)", "es_99", ("es_99_low", "es_99_high"), percent),
    ("ES 95 %", "es_95", None, percent), ("ES 99.9 %", "es_999", None, percent), ("VaR 99 %", "var_99", None, percent),
    ("probability of ruin", "ruin", None, percent), ("probability of a margin call", "margin_call", None, percent),
    ("days trapped, mean", "trapped_days", None, number), ("worst drawdown, mean", "max_drawdown", None, percent),
    ("liquidations a path", "liquidations", None, number), ("tail cost a path, USD", "tail_cost", None, money),
    ("break-even default rate, a year", "breakeven_default_rate", None, percent),
    ("P&L of the history, USD", "history_pnl", None, money),
)  # fmt: skip
DIFFERENCES = (
    ("mean P&L, USD", "diff_pnl", ("diff_pnl_low", "diff_pnl_high"), money),
    ("ES 95 %", "diff_es_95", ("diff_es_95_low", "diff_es_95_high"), percent),
    ("ES 99 %", "diff_es_99", ("diff_low", "diff_high"), percent),
)


def show_comparison(frame, console: Console) -> None:
    """The table of a comparison; that of sampled paths ends with the differences to the first setup."""
    if "paths" in frame:
        show_sampled(frame, console)
        return
    table = columns("same history, same events", frame)
    for column in frame.columns[1:]:
        values = list(frame[column])
        if column in LINE_WORDS and not any(values):
            continue
        table.add_row(LINE_WORDS.get(column, column.replace("_", " ")), *(cell(column, v) for v in values))
    console.print(table)


def columns(title: str, frame) -> Table:
    """An empty table with a column for each setup."""
    table = Table(title=Text(title), title_justify="left", title_style="bold", box=None, padding=(0, 2))
    table.add_column("")
    for name in frame["setup"]:
        table.add_column(Text(str(name)), justify="right", overflow="fold")
    return table


def show_sampled(frame, console: Console) -> None:
    """Figures over the paths, where the money came from, and the differences with their intervals."""
    table = columns(f"same {frame['paths'][0]:,} draws of market and events; 95 % intervals", frame)
    add(table, frame, FIGURES)
    for column, words in LINE_WORDS.items():
        if frame[column].any():
            table.add_row(f"{words}, mean", *(money(v) for v in frame[column]))
    console.print(table)
    console.print()
    first, others = frame["setup"].iloc[0], frame.iloc[1:]
    table = columns(f"difference to {first} on common draws", others)
    add(table, others, DIFFERENCES)
    table.add_row("verdict", *others["verdict"])
    console.print(table)


def add(table: Table, frame, rows) -> None:
    """Rows of figures, each with its interval below where it has one."""
    for words, column, interval, form in rows:
        table.add_row(words, *(form(known(v)) for v in frame[column]))
        if interval is not None:
            low, high = (frame[name] for name in interval)
            texts = ["no interval" if known(a) is None else f"{form(a)} to {form(b)}" for a, b in zip(low, high)]
            table.add_row("", *(Text(text, style="dim") for text in texts))


def known(value):
    """None for what is not known."""
    return None if value is None or value != value else value
