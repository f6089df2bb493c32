"""The report of one run: sections, tables and figures out of a result and its scene.

Knows what a reader asks in which order. Computes no figure that the results do not hold.
"""

import numpy as np

from basisbt.report.html import figures as f
from basisbt.report.html.page import Page, Table
from basisbt.report.html.paths import path_sections
from basisbt.report.html.thin import plain_times
from basisbt.report.words import LINE_WORDS, money, number, percent

BANDS = {
    "withdrawal_freeze": "frozen",
    "outage": "outage",
    "venue_default": "failed",
    "closure": "closing",
    "non_convergence": "gap",
    "depeg": "depeg",
    "funding": "funding flip",
    "liquidity": "thin",
}
SHOWN_EVENTS = 200
LINES_AN_EVENT = 12


def run_page(result, scene, command: str) -> Page:
    """The page of a finished run. scene: studies.scene.Scene; command: what repeats it."""
    m, meta = result.metrics, result.meta
    page = Page(f"{m['name']}: {meta['strategy']}", "run")
    page.add("What was run", table=what_was_run(m, meta, command), code=("config, resolved", config_text(result)))
    page.add("What came of it", table=outcome(m), figures=[attribution_figure(m)])
    if m.get("tail_cost"):
        page.add("What the tail cost", table=tail_cost(m["tail_cost"]))
    page.add("Equity, three ways", equity_words(m), figures=equity_figures(result))
    if scene.missing:
        page.add("Basis and funding", f"Not drawn: {scene.missing}")
    else:
        page.add("Basis and funding", figures=market_figures(result, scene))
    page.add(
        "Venues",
        "What lies where, and how far each margin account is from its liquidation (a ratio of 1).",
        figures=venue_figures(result),
    )
    if m.get("paths"):
        for section in path_sections(result, scene, command):
            page.sections.append(section)
    page.add("Events", *event_section(result))
    page.add("What stood in for what", table=stand_ins(meta))
    return page


def config_text(result) -> str:
    """The resolved config as text."""
    file = None if result.folder is None else result.folder / "config.yaml"
    return file.read_text(encoding="utf-8") if file is not None and file.is_file() else ""


def what_was_run(m, meta, command) -> Table:
    """Config, window, seed, versions, digests."""
    start, end = (str(np.datetime64(int(at), "s"))[:16].replace("T", " ") for at in meta["window"])
    versions = ", ".join(f"{name} {version}" for name, version in meta["versions"].items())
    rows = [
        ("config", meta["config"]),
        ("strategy", f"{meta['strategy']} ({meta['strategy_digest']})"),
        ("window", f"{start} to {end} UTC, {m['bars']:,} bars"),
        ("capital", f"{money(m['capital'])} USD"),
        ("seed", str(m["seed"])),
        ("engine", m["engine"]),
        ("key", m["key"]),
        ("data digest", meta["data_digest"]),
        ("journal digest", m["journal_digest"]),
        ("versions", versions),
        ("again", command),
    ]
    return Table(("", ""), rows, titled=False)


def outcome(m) -> Table:
    """The figures of history."""
    rows = [
        ("P&L, USD", money(m["pnl"])),
        ("return", percent(m["return"])),
        ("return a year", percent(m["return_annual"])),
        ("volatility a year", percent(m["volatility_annual"])),
        ("Sharpe", number(m["sharpe"])),
        ("Sortino", number(m["sortino"])),
        ("worst drawdown", percent(m["max_drawdown"])),
        ("longest under water, days", number(m["max_drawdown_days"])),
        ("days trapped", number(m["trapped_days"])),
        ("liquidations", str(m["liquidations"])),
        ("fills", str(m["fills"])),
        ("equity, marked", money(m["final_equity"])),
        ("equity, accessible", money(m["accessible_equity"])),
        ("equity, recovered", money(m["recovered_equity"])),
    ]
    return Table(("figure", "value"), rows)


def attribution_figure(m) -> dict:
    """The waterfall of the attribution."""
    parts = {line: amount for line, amount in m["attribution"].items() if abs(amount) > 0.005}
    names = [LINE_WORDS.get(line, line) for line in parts]
    told = "; ".join(f"{name} {money(amount)} USD" for name, amount in zip(names, parts.values()))
    return f.waterfall(names, list(parts.values()), "P&L", f"{told}; P&L {money(m['pnl'])} USD")


def tail_cost(costs: dict) -> Table:
    """The P&L without a kind of event less the P&L with it."""
    rows = [(kind.replace("_", " "), money(amount)) for kind, amount in costs.items()]
    return Table(("kind of event", "cost, USD"), rows, note="P&L without that kind of event less P&L with it.")


def equity_words(m) -> str:
    """What the three mean."""
    return (
        "Marked: at market. Accessible: what could be withdrawn at that moment. Recovered: marked, with claims at what "
        f"they will pay. Worst drawdown {percent(m['max_drawdown'])}, longest under water "
        f"{m['max_drawdown_days']:.1f} days."
    )


def equity_figures(result) -> list[dict]:
    """Equity with bands of what happened, and the drawdown below."""
    equity, m = result.equity, result.metrics
    at = plain_times(equity["timestamp"])
    lines = [
        f.line(name, at, equity[name], colour, line={"dash": dash})
        for name, colour, dash in (("marked", "@1", "solid"), ("accessible", "@2", "solid"), ("recovered", "@3", "dot"))
    ]
    shapes, words = bands(result, at[-1])
    dead = result.events[result.events["event"].str.startswith("liquidation")]
    if len(dead):
        times = plain_times(dead["time"])
        level = np.interp(times.astype("int64"), at.astype("int64"), equity["marked"])
        lines.append(f.dots("liquidation", times, level, "@bad", "x"))
    drawdown = 1.0 - equity["marked"] / np.maximum.accumulate(np.maximum(equity["marked"], m["capital"]))
    told = f"marked equity from {money(m['capital'])} to {money(m['final_equity'])} USD"
    return [
        f.figure("Equity", lines, told, y="USD", shapes=shapes, annotations=words),
        f.figure(
            "Drawdown",
            [f.line("drawdown", at, -100.0 * drawdown, "@bad", fill="tozeroy")],
            f"worst {percent(m['max_drawdown'])}",
            y="%",
            height=220,
            showlegend=False,
        ),
    ]


def bands(result, last) -> tuple[list[dict], list[dict]]:
    """Spans of time in which something was wrong, with their words."""
    shapes, words = [], []
    events = result.events
    for row in events[events["event"].isin(list(BANDS))].itertuples():
        start = np.datetime64(row.time.tz_localize(None), "s")
        ends = last if row.end is None or row.end != row.end else np.datetime64(row.end.tz_localize(None), "s")
        shape, word = f.band(start, min(ends, last), f"{row.venue} {BANDS[row.event]}".strip())
        shapes.append(shape)
        words.append(word)
    return shapes[:60], words[:20]


def market_figures(result, scene) -> list[dict]:
    """Basis with entries and exits, and funding, by leg."""
    fills = result.fills
    basis = [
        f.line(leg, scene.time, 1e4 * values, f"@{1 + k % 8}") for k, (leg, values) in enumerate(scene.basis.items())
    ]
    for _k, (leg, values) in enumerate(scene.basis.items()):
        mine = fills[(fills["venue"] + " " + fills["symbol"]) == leg]
        for side, symbol, colour in (("sell", "triangle-down", "@good"), ("buy", "triangle-up", "@muted")):
            chosen = mine[mine["side"] == side]
            if len(chosen):
                times = plain_times(chosen["time"])
                level = np.interp(times.astype("int64"), scene.time.astype("int64"), 1e4 * np.nan_to_num(values))
                basis.append(f.dots(f"{side} {leg}", times, level, colour, symbol))
    funding = [
        f.line(leg, times, 100.0 * rates, f"@{1 + k % 8}", line={"shape": "hv"})
        for k, (leg, (times, rates)) in enumerate(scene.funding.items())
    ]
    return [
        f.figure("Basis: mark over index", basis, "mark over index of every derivative leg, in basis points", y="bp"),
        f.figure("Funding at each settlement", funding, "funding rates; positive: longs pay shorts", y="%"),
    ]


def venue_figures(result) -> list[dict]:
    """Equity at each venue, and margin ratios."""
    equity, margin = result.equity, result.margin
    venues = [name for name in equity.columns if name not in ("timestamp", "marked", "accessible", "recovered")]
    at = plain_times(equity["timestamp"])
    lines = [f.line(name, at, equity[name], f"@{1 + k % 8}") for k, name in enumerate(venues)]
    found = [f.figure("Equity by venue", lines, "equity at " + ", ".join(venues), y="USD")]
    ratios = []
    for k, ((venue, account), part) in enumerate(margin.groupby(["venue", "account"], sort=False)):
        values = part["ratio"].clip(upper=100.0)
        if values.notna().any():
            times = plain_times(part["timestamp"])
            ratios.append(f.line(f"{venue} {account}", times, values, f"@{1 + k % 8}"))
    if ratios:
        found.append(
            f.figure(
                "Margin ratio: equity over maintenance",
                ratios,
                "liquidation at 1, drawn up to 100",
                y="ratio",
                yaxis={"type": "log"},
            )
        )
    return found


def event_section(result):
    """(words, None, table) of what happened, each row with its journal lines."""
    events, journal = result.events, result.journal
    if not len(events):
        return ("Nothing happened but trades and settlements.",)
    rows, details = [], []
    by_time = dict(tuple(journal.groupby("time"))) if len(journal) else {}
    for row in events.head(SHOWN_EVENTS).itertuples():
        end = "" if row.end != row.end or row.end is None else f"{row.end:%Y-%m-%d %H:%M}"
        rows.append(
            (
                f"{row.time:%Y-%m-%d %H:%M}",
                end,
                row.event.replace("_", " "),
                row.venue,
                row.symbol,
                "" if row.size != row.size else f"{row.size:,.6g}",
                row.origin,
            )
        )
        lines = by_time.get(row.time)
        details.append(
            []
            if lines is None
            else [
                f"{each.kind}: {each.source} → {each.target} {each.amount:,.2f} {each.asset} {each.reason}".strip()
                for each in lines.head(LINES_AN_EVENT).itertuples()
            ]
        )
    note = f"The first {SHOWN_EVENTS} of {len(events):,}; all in events.parquet." if len(events) > SHOWN_EVENTS else ""
    head = ("time", "until", "event", "venue", "symbol", "size", "origin")
    return f"{len(events):,} events, UTC. A row opens its journal lines.", Table(head, rows, details=details, note=note)


def stand_ins(meta) -> Table:
    """What was not recorded and what was taken instead; warnings."""
    rows = [("stand-in", what, by) for what, by in meta["stand_ins"].items()]
    rows += [("missing bars", what, f"{n:,} bars without a trade") for what, n in meta["missing_bars"].items()]
    rows += [("stale marks", what, f"{n:,} bars repeat the last mark") for what, n in meta["stale_marks"].items()]
    rows += [("funding gap", what, f"{len(gaps)} gaps") for what, gaps in meta["funding_gaps"].items()]
    rows += [("moved to the grid", "", str(each)) for each in meta["quantised"]]
    rows += [("rules change", "", str(each)) for each in meta["rule_changes"]]
    rows += [("warning", "", text) for text in meta["warnings"]]
    return Table(("kind", "what", "how"), rows or [("nothing", "", "every series was there")])
