"""A sweep on a terminal: the best cells with what differs between them, and how they did on the holdout.

Knows the table of a sweep. Decides nothing.
"""

from rich.console import Console

from basisbt.report.terminal import show_table

HISTORY = ("pnl", "return_annual", "sharpe", "max_drawdown", "trapped_days", "liquidations", "tail_cost")
PATHS = ("return_annual", "es_99", "ruin", "trapped_days", "liquidations", "tail_cost")
FIRST = tuple(dict.fromkeys((*HISTORY, *PATHS)))


SHORT = {
    "return_annual": "p.a.", "holdout_return_annual": "holdout p.a.", "holdout_es_99": "holdout es_99",
    "trapped_days": "trapped d", "max_drawdown": "drawdown", "liquidations": "liq.", "tail_cost": "tail cost",
}  # fmt: skip


def short_names(keys) -> dict[str, str]:
    """The last words of dotted keys, as many as tell them apart."""
    found = {key: key.split(".")[-1] for key in keys}
    for words in range(2, 12):
        many = [name for name in found.values() if list(found.values()).count(name) > 1]
        found = {key: ".".join(key.split(".")[-words:]) if name in many else name for key, name in found.items()}
    return found


def show_sweep(done, console: Console, top: int) -> None:
    """The ranked cells, then those that are not ranked, `top` rows in all."""
    flat = done.flat
    if not len(flat):
        console.print("no cell")
        return
    differs = [axis for axis in done.axes if flat[axis].map(str).nunique() > 1] or done.axes
    ranked = [name for name, _ in done.rank]
    first = PATHS if "es_99" in flat else HISTORY
    figures = [name for name in dict.fromkeys((*ranked, *first)) if name in flat]
    again = [f"holdout_{name}" for name in ranked if f"holdout_{name}" in flat]
    more = ["front"] if "front" in flat else []
    more += ["status"] if flat["status"].str.startswith("failed").any() else []
    table = flat.sort_values("rank", na_position="last")[["rank", *differs, *figures, *again, *more]]
    table = table.rename(columns=short_names(differs) | SHORT)
    if more[:1] == ["front"]:
        table["front"] = table["front"].map({True: "*", False: ""})
    table["rank"] = table["rank"].map(lambda place: "" if place != place or place is None else f"{place:.0f}")
    show_table(table.head(top), console)
    told = ", ".join(f"{name} {'high' if order == 'desc' else 'low'}" for name, order in done.rank)
    broken = int((~flat["allowed"].astype(bool)).sum())
    limits = f"; {broken:,} keep not every limit, or failed" if broken else ""
    console.print(f"{len(flat):,} cells, best by {told}{limits}; {done.folder or 'not kept'}", style="dim")
    if len(flat) > top:
        console.print(f"{top} of {len(flat):,} rows; --csv or --top shows more", style="dim")
    if not again and len(flat) >= 30:
        text = "the best of many is better than it will be: `holdout: {window: …}` in the sweep file scores it again"
        console.print(text, style="yellow")


def show_runs(frame, console: Console, top: int) -> None:
    """Runs of a store: who they are, what differs between them, the figures people look for first."""
    import pandas as pd

    settings = [name for name in frame if "." in name][:8]
    figures = [name for name in FIRST if name in frame and frame[name].notna().any()]
    table = frame.head(top)[["name", "key", "when", *settings, *figures]].rename(columns=short_names(settings))
    table["when"] = pd.to_datetime(table["when"], unit="s").dt.strftime("%Y-%m-%d %H:%M")
    show_table(table, console)
    if len(frame) > top:
        console.print(f"the first {top}; --top, --csv and --json show more, --where fewer", style="dim")
    if len([name for name in frame if "." in name]) > len(settings):
        console.print("more settings differ; --csv shows all", style="dim")
