"""The report of a sweep: its best cells, a heat map with pickers, parallel coordinates, the Pareto front, ES against
dependence.

Knows the flat table of a sweep. Computes nothing but means for the drawing.
"""

import math

from basisbt.report.html import figures as f
from basisbt.report.html.page import Page, Table

PREFERRED = (
    "return_annual",
    "es_99",
    "es_95",
    "ruin",
    "pnl",
    "sharpe",
    "max_drawdown",
    "tail_cost",
    "trapped_days",
    "liquidations",
    "diversification_ratio",
    "holdout_return_annual",
    "holdout_es_99",
)
DEPENDENCE = "tail.sample.dependence.correlation"
TOP = 30
FIFTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def sweep_page(done) -> Page:
    """The page of a sweep (studies.sweeps.result.Sweep)."""
    flat, axes = done.flat, list(done.axes)
    figures = [name for name in PREFERRED if name in flat and flat[name].notna().any()]
    first = done.rank[0][0] if done.rank[0][0] in figures else figures[0]
    page = Page(f"sweep: {done.name}", "sweep")
    ranked = ", ".join(f"{name} {'high' if order == 'desc' else 'low'}" for name, order in done.rank)
    failed = len(done.failed)
    words = f"{len(flat):,} cells, best by {ranked}" + (f"; {failed} failed" if failed else "") + "."
    page.add("The best cells", words, cells_table(done, flat, axes, figures))
    page.add("Any figure over any two axes", explorer=explorer(flat, axes, figures, first))
    if len(flat) > 2:
        page.add("Every cell as a line", figures=[parallel(flat, axes, figures, first)])
    if len(done.rank) > 1 and all(name in flat for name, _ in done.rank[:2]):
        page.add("What nothing beats", figures=[front_figure(done, flat, axes)])
    if DEPENDENCE in axes and "es_99" in figures:
        page.add("Expected shortfall against dependence", figures=[dependence_figure(flat, axes)])
    return page


def cells_table(done, flat, axes, figures) -> Table:
    """The first cells by rank, each linked to its run's folder."""
    shown = flat.sort_values("rank", na_position="last").head(TOP)
    rows, links = [], {}
    for k, row in enumerate(shown.to_dict("records")):
        place = "" if row["rank"] is None or row["rank"] != row["rank"] else f"{row['rank']:.0f}"
        rows.append(
            (place, *(str(row[axis]) for axis in axes), *(told(name, row[name]) for name in figures), row["key"])
        )
        if done.folder is not None and row["key"]:
            links[(k, len(rows[-1]) - 1)] = run_link(done.folder, row["key"])
    note = f"The first {TOP} of {len(flat):,}; all in cells.parquet." if len(flat) > TOP else ""
    return Table(("rank", *axes, *figures, "run"), rows, note=note, links={k: v for k, v in links.items() if v})


def run_link(folder, key: str) -> str:
    """Where a run lies, seen from the sweep's folder; empty when it is not in the store."""
    found = sorted(folder.parent.parent.glob(f"*/{key}"))
    return f"../../{found[0].parent.name}/{key}/" if found else ""


def told(name: str, value) -> str:
    """A figure as text."""
    if value is None or value != value:
        return "-"
    share = name.removeprefix("holdout_") in ("return_annual", "ruin", "max_drawdown") or "es_" in name
    return f"{100.0 * value:.2f} %" if share else f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


def explorer(flat, axes, figures, first) -> dict:
    """What the page's pickers need: values of each axis as texts, and every cell's figures by position."""
    values = {axis: list(dict.fromkeys(flat[axis].map(str))) for axis in axes}
    rows = [
        {"at": [values[axis].index(str(row[axis])) for axis in axes], "is": [number(row[name]) for name in figures]}
        for row in flat.to_dict("records")
    ]  # fmt: skip
    return {"axes": values, "figures": figures, "first": first, "rows": rows}


def number(value):
    """A number for drawing, None where there is none."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.7g}")


def parallel(flat, axes, figures, first) -> dict:
    """Parallel coordinates, without WebGL: a line a cell over its axes and figures, in five groups by the first."""
    sides = [(axis.rpartition(".")[2], ranked(flat[axis].map(str))) for axis in axes]
    sides += [(name, scaled(flat[name].astype(float))) for name in figures[:6]]
    order = flat[first].astype(float).rank(pct=True)
    names, data = [name for name, _ in sides], []
    for k, (low, high) in enumerate(zip(FIFTHS[:-1], FIFTHS[1:])):
        x, y = [], []
        for row in range(len(flat)):
            if low < order.iloc[row] <= high:
                x += [*names, None]
                y += [*(number(values[row]) for _, values in sides), None]
        line = {"color": f"@f{k}", "width": 1}
        name = ("lowest fifth", "second", "third", "fourth", "highest fifth")[k]
        data.append(
            {"type": "scatter", "mode": "lines", "name": name, "x": x, "y": y, "line": line, "hoverinfo": "skip"}
        )
    told = f"{len(flat)} cells in five groups by {first}; a click on a group in the legend hides it"
    ticks = {"tickvals": [0, 1], "ticktext": ["least", "most"]}
    return f.figure(f"Groups by {first}", data, told, height=420, yaxis=ticks, hovermode="closest")


def ranked(texts) -> list[float]:
    """Places of the values of an axis between 0 and 1, in the order they are written."""
    known = list(dict.fromkeys(texts))
    return [known.index(text) / max(len(known) - 1, 1) for text in texts]


def scaled(values) -> list[float]:
    """Figures between their least, 0, and their most, 1."""
    low, high = values.min(), values.max()
    return [(value - low) / (high - low) if high > low else 0.5 for value in values]


def front_figure(done, flat, axes) -> dict:
    """The two first objectives against each other, the Pareto front marked."""
    (x, _), (y, _) = done.rank[:2]
    words = [", ".join(f"{axis.rpartition('.')[2]} {row[axis]}" for axis in axes) for row in flat.to_dict("records")]
    data = []
    for on, name, colour in ((False, "other cells", "@muted"), (True, "Pareto front", "@bad")):
        chosen = (flat["front"] == on).to_numpy()
        part = flat[chosen]
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": [number(v) for v in part[x].astype(float)],
                "y": [number(v) for v in part[y].astype(float)],
                "marker": {"color": colour, "size": 9},
                "text": [word for word, keep in zip(words, chosen) if keep],
                "hovertemplate": "%{text}<br>%{x:.4g}, %{y:.4g}",
            }
        )
    told = f"{int(flat['front'].sum())} of {len(flat)} cells are beaten by none in both {x} and {y}"
    return f.figure(f"{y} against {x}", data, told, x=x, y=y, hovermode="closest")


def dependence_figure(flat, axes) -> dict:
    """ES 99 by correlation, a line for each combination of the other axes."""
    others = [axis for axis in axes if axis != DEPENDENCE]
    data = []
    groups = flat.groupby(others, sort=False) if others else [((), flat)]
    for k, (name, part) in enumerate(groups):
        label = " ".join(map(str, name if isinstance(name, tuple) else (name,))) or "ES 99"
        y = [number(100.0 * v) for v in part["es_99"].astype(float)]
        line = {
            "type": "scatter",
            "mode": "lines+markers",
            "name": label,
            "x": [str(v) for v in part[DEPENDENCE]],
            "y": y,
            "line": {"color": f"@{1 + k % 8}"},
        }
        if {"es_99_low", "es_99_high"} <= set(part) and part[["es_99_low", "es_99_high"]].notna().all(axis=None):
            up, down = part["es_99_high"] - part["es_99"], part["es_99"] - part["es_99_low"]
            line["error_y"] = {
                "type": "data",
                "array": [number(100 * v) for v in up],
                "thickness": 1,
                "arrayminus": [number(100 * v) for v in down],
            }
        data.append(line)
    told = "where the lines come together, spreading buys nothing any more"
    return f.figure(
        "ES 99, with its interval",
        data,
        told,
        x="correlation of troubles",
        y="% of capital",
        height=460,
        hovermode="closest",
        xaxis={"type": "category"},
        legend={"orientation": "v", "x": 1.02, "y": 1},
    )
