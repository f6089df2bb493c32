"""What a person reads after a run, on a terminal: what was run, equity three ways, where the money came from.

Knows results as plain figures and frames. Computes nothing a results file does not hold.
"""

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from basisbt.report.words import LINE_WORDS, money, number, percent

EVENT_LINES = 12


def tone(value) -> str:
    """Colour of an amount: losses red."""
    return "red" if value is not None and value < 0.0 else "green" if value else "dim"


def show_run(result, console: Console) -> None:
    """The summary of one run."""
    m, meta = result.metrics, result.meta
    console.print(heading(m, meta, result))
    console.print(equity_table(m))
    console.print(attribution_table(m))
    if m["tail_cost"]:
        console.print(tail_table(m))
    if m.get("paths"):
        from basisbt.report.paths import show_paths

        show_paths(m["paths"], meta["paths"], console)
    events = event_lines(result)
    if events:
        console.print(Panel(Group(*events), title="events", title_align="left", border_style="dim"))
    for warning in meta["warnings"]:
        console.print(Text(f"warning: {warning}", style="yellow"))
    for what, by in meta["stand_ins"].items():
        console.print(Text(f"stand-in: {what}: {by}", style="dim"))
    if result.folder is not None:
        console.print(Text(f"{result.folder}", style="dim"), soft_wrap=True)


def heading(m, meta, result) -> Panel:
    """Name, window, strategy, engine."""
    from datetime import UTC, datetime

    start, end = (datetime.fromtimestamp(s, UTC) for s in meta["window"])
    text = Text()
    text.append(m["name"], style="bold")
    text.append(f"  {meta['strategy']}  {start:%Y-%m-%d} to {end:%Y-%m-%d}  {m['bars']:,} bars")
    text.append(f"\nkey {m['key']}  digest {m['journal_digest']}  engine {m['engine']}", style="dim")
    if result.cached:
        text.append("  cached", style="bold cyan")
    return Panel(text, border_style="blue")


def equity_table(m) -> Table:
    """Equity three ways beside the performance figures."""
    table = Table(show_header=False, box=None, padding=(0, 2))
    for _ in range(4):
        table.add_column(justify="left")
    left = [
        ("capital", money(m["capital"])), ("equity, marked", money(m["final_equity"])),
        ("equity, accessible", money(m["accessible_equity"])), ("equity, recovered", money(m["recovered_equity"])),
        ("P&L", f"[{tone(m['pnl'])}]{money(m['pnl'])}[/]"), ("", ""),
    ]  # fmt: skip
    right = [
        ("return, annual", f"{percent(m['return'])}, {percent(m['return_annual'])}"),
        ("volatility, Sharpe", f"{percent(m['volatility_annual'])}, {number(m['sharpe'])}"),
        ("worst drawdown", percent(m["max_drawdown"])), ("longest under water", f"{m['max_drawdown_days']:.1f} d"),
        ("days trapped", f"{m['trapped_days']:.1f}"),
        ("fills, liquidations", f"{m['fills']}, {m['liquidations']}"),
    ]  # fmt: skip
    for (a, b), (c, d) in zip(left, right):
        table.add_row(f"[dim]{a}[/]", b, f"[dim]{c}[/]", d)
    return table


def attribution_table(m) -> Table:
    """Where the P&L came from; lines that are zero are left out."""
    table = Table(title="where it came from", title_justify="left", title_style="bold", box=None, padding=(0, 2))
    table.add_column("line")
    table.add_column("USD", justify="right")
    table.add_column("of capital", justify="right")
    for kind, value in m["attribution"].items():
        if value:
            table.add_row(LINE_WORDS[kind], f"[{tone(value)}]{money(value)}[/]", percent(value / m["capital"]))
    table.add_row("[bold]P&L[/]", f"[bold {tone(m['pnl'])}]{money(m['pnl'])}[/]", percent(m["pnl"] / m["capital"]))
    return table


def tail_table(m) -> Table:
    """What each kind of event cost."""
    table = Table(title="what the tail cost", title_justify="left", title_style="bold", box=None, padding=(0, 2))
    table.add_column("kind")
    table.add_column("USD", justify="right")
    table.add_column("of capital", justify="right")
    for kind, value in m["tail_cost"].items():
        style = "bold" if kind == "total" else ""
        table.add_row(Text(kind, style=style), f"[{tone(-value)}]{money(value)}[/]", percent(value / m["capital"]))
    return table


def event_lines(result) -> list[Text]:
    """One line per event and liquidation; equal refusals in a row are counted together."""
    lines, last, count = [], None, 0
    for row in result.frame("events").itertuples():
        what = (row.event, row.venue, row.symbol)
        if row.event.startswith("refused") and last == what:
            count += 1
            lines[-1] = event_line(row, count)
            continue
        last, count = what, 1
        lines.append(event_line(row, 1))
    if len(lines) > EVENT_LINES:
        hidden = len(lines) - EVENT_LINES
        lines = lines[:EVENT_LINES] + [Text(f"… and {hidden} more: see events.parquet", style="dim")]
    return lines


def event_line(row, count) -> Text:
    """An event in words."""
    text = Text(f"{row.time:%Y-%m-%d %H:%M}  ")
    loud = {"liquidation": "bold red"}.get(row.event, "yellow" if row.origin == "emergent" else "magenta")
    text.append(f"{row.event}", style=loud)
    text.append(f"  {row.venue} {row.symbol}".rstrip())
    if row.event == "liquidation":
        text.append(f"  {money(row.size)} USD closed")
    elif row.event in ("price", "non_convergence"):
        text.append(f"  {100 * row.size:+.2f} %")
    elif row.event.startswith("refused"):
        text.append(f"  withdrawal of {money(row.size)}")
    if row.end is not None and row.end == row.end:
        text.append(f"  until {row.end:%Y-%m-%d %H:%M}", style="dim")
    if count > 1:
        text.append(f"  ×{count} (last shown)", style="dim")
    return text


def sparkline(values, width: int) -> str:
    """`1,000,000 ▁▂▅█ 1,053,395`: a series as blocks between its first and last value; each block is a mean."""
    import numpy as np

    parts = [part.mean() for part in np.array_split(values, max(min(width, len(values)), 1))]
    low, high = min(parts), max(parts)
    blocks = "▁▂▃▄▅▆▇█"
    drawn = "".join(blocks[min(int(8 * (part - low) / (high - low)), 7) if high > low else 0] for part in parts)
    return f"{money(values[0])} {drawn} {money(values[-1])}"


def show_table(frame, console: Console, title: str = "") -> None:
    """A frame as a table, figures right-aligned, each column formatted by what it holds."""
    table = Table(title=title or None, title_justify="left", box=None, padding=(0, 1), header_style="bold")
    for column in frame.columns:
        numeric = frame[column].dtype.kind in "fiu"
        stamped = frame[column].dtype.kind == "M"
        justify = "right" if numeric else "left"
        table.add_column(Text(str(column)), justify=justify, overflow="fold", no_wrap=stamped)
    for row in frame.itertuples(index=False):
        table.add_row(*(Text(cell(column, value)) for column, value in zip(frame.columns, row)))
    console.print(table)


FRACTIONS = ("return", "return_annual", "volatility_annual", "max_drawdown", "ruin", "margin_call")


def is_fraction(column: str) -> bool:
    """Whether a column holds shares of something, shown in per cent."""
    name = column.removeprefix("holdout_")
    return name in FRACTIONS or name.startswith(("es_", "var_"))


def cell(column, value) -> str:
    """One value as text."""
    if value is None or value != value:
        return "-"
    if is_fraction(str(column)):
        return percent(value)
    if hasattr(value, "strftime"):
        return f"{value:%Y-%m-%d %H:%MZ}"
    if column == "amount":
        return f"{value:,.2f}" if abs(value) >= 100.0 else f"{value:.6g}"
    if isinstance(value, float) and abs(value) < 1e-9:
        return "0"
    if isinstance(value, float):
        return money(value) if abs(value) >= 100.0 else f"{value:.4g}"
    return str(value)
