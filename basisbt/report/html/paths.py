"""The sampled paths of a report: fan, losses with VaR and ES, every figure with its interval, the worst ten.

Knows the `paths` block, the frame of paths and the fan. Computes histogram counts, nothing else.
"""

import numpy as np

from basisbt.report.html import figures as f
from basisbt.report.html.page import Section, Table
from basisbt.report.paths import ROWS, dependence_lines
from basisbt.report.words import LINE_WORDS, money, percent

WORST = 10


def path_sections(result, scene, command: str) -> list[Section]:
    """The sections about paths."""
    block, how = result.metrics["paths"], result.meta["paths"]
    words = f"{how['n']:,} paths of {how['bars']:,} bars, market: {how['market']}, {how['engine']}."
    implied = " ".join(line.plain for line in dependence_lines(how.get("dependence") or {}))
    figures = [] if scene.fan_time is None else [fan_figure(scene, result.metrics["capital"])]
    found = [
        Section(
            "Thousands of paths", f"{words} {implied}".strip(), [*figures, loss_figure(result)], paths_table(block)
        ),
        Section(
            "The worst ten paths", "Each can be run alone, with its whole journal.", [], worst_table(result, command)
        ),
    ]
    if len(block.get("venues", {})) > 1:
        ratio = block["diversification_ratio"].get("es_99")
        told = (
            "" if ratio is None else f" Diversification ratio of ES 99: {ratio:.2f} (1: spreading takes nothing away)."
        )
        found.append(
            Section(
                "What each venue adds to the tail",
                "Of ES 99, fractions of capital." + told,
                [],
                venue_table(block["venues"]),
            )
        )
    return found


def fan_figure(scene, capital: float) -> dict:
    """Quantiles of marked equity over time."""
    fan, times = scene.fan, scene.fan_time
    data = []
    for low, high, name in ((0.01, 0.99, "98 % of paths"), (0.05, 0.95, "90 %"), (0.25, 0.75, "half")):
        lower = f.line(f"{low:.0%}", times, fan[low], "@1", showlegend=False, hoverinfo="skip") | {"line": {"width": 0}}
        upper = f.line(name, times, fan[high], "@1", fill="tonexty", fillcolor="@fan") | {"line": {"width": 0}}
        data += [lower, upper]
    data.append(f.line("median", times, fan[0.5], "@1", width=2))
    told = f"median at the end {money(fan[0.5][-1])} USD, 1 % of paths below {money(fan[0.01][-1])} USD"
    return f.figure(f"Marked equity, the first {scene.fan_paths:,} paths", data, told, y="USD")


def loss_figure(result) -> dict:
    """Losses as shares of capital, with VaR and ES."""
    block, losses = result.metrics["paths"], -100.0 * result.paths["pnl"].to_numpy() / result.metrics["capital"]
    edges = np.histogram_bin_edges(losses, bins=60)
    counts = np.histogram(losses, edges)[0]
    marks = [
        (words, 100.0 * block[key]["value"], colour)
        for words, key, colour in (
            ("VaR 95", "var_95", "@2"),
            ("ES 95", "es_95", "@2"),
            ("VaR 99", "var_99", "@bad"),
            ("ES 99", "es_99", "@bad"),
        )
    ]
    told = "; ".join(f"{words} {at:.2f} % of capital" for words, at, _ in marks)
    return f.histogram("Losses over the window", edges, counts, told, marks)


def paths_table(block) -> Table:
    """Every sampled figure with its interval and what it rests on."""
    rows = []
    for words, key, form in ROWS:
        if key in block:
            figure = block[key]
            values = (form(figure[k]) for k in ("value", "low", "high"))
            rows.append((words, *values, figure.get("note") or ""))
    for kind, figure in block.get("tail_cost", {}).items():
        values = (money(figure[k]) for k in ("value", "low", "high"))
        rows.append((f"tail cost, {kind.replace('_', ' ')}, USD", *values, figure.get("note") or ""))
    return Table(("figure", "value", "95 % from", "to", "note"), rows)


def worst_table(result, command: str) -> Table:
    """The worst paths: what struck, where, what it cost, and the command that tells the story."""
    paths = result.paths.nsmallest(WORST, "pnl")
    lines = [name for name in LINE_WORDS if name in paths]
    rows = []
    for row in paths.to_dict("records"):
        worst = sorted(lines, key=lambda name: row[name])[:2]
        told = ", ".join(f"{LINE_WORDS[name]} {money(row[name])}" for name in worst if row[name] < 0.0)
        first = f"{row['first_event']} at {row['first_venue']}".replace("_", " ").removesuffix(" at ")
        rows.append(
            (
                str(row["path"]),
                money(row["pnl"]),
                first,
                row["cause"].replace("_", " "),
                f"{row['trapped_days']:.0f}",
                str(int(row["liquidations"])),
                told,
                f"{command} --path {row['path']}",
            )
        )
    head = ("path", "P&L, USD", "struck first", "cost most", "days trapped", "liquidations", "mostly", "its story")
    return Table(head, rows)


def venue_table(venues: dict) -> Table:
    """Alone, Euler share and marginal contribution of each venue."""
    rows = [
        (name, money(part["pnl"]), *(percent(part["es_99"][key]) for key in ("alone", "euler", "marginal")))
        for name, part in venues.items()
    ]
    note = "Euler shares sum to the whole's ES; marginal: what would be saved without the venue, its capital idle."
    return Table(("venue", "mean P&L, USD", "alone", "Euler share", "marginal"), rows, note=note)
