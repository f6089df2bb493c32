"""The brief: one page in Markdown for a risk committee.

Knows a result. Decides nothing: it puts limits beside figures and says which are kept.
"""

from basisbt.report.words import LINE_WORDS, money, percent

STORIES = 5


def brief(result, command: str) -> str:
    """Decision, limits, worst stories, assumptions, stand-ins, and the command that reproduces it."""
    m, meta = result.metrics, result.meta
    start, end = meta["window"]
    parts = [
        f"# {plain(m['name'])}: {plain(meta['strategy'])}",
        "",
        f"{day(start)} to {day(end)}, capital {money(m['capital'])} USD, seed {m['seed']}, key `{m['key']}`.",
        "",
        "## To be decided",
        "",
        *decision(m),
        "",
        "## Figures and limits",
        "",
        *limits(m),
        "",
        "## Where the money came from",
        "",
        *attribution(m),
        "",
    ]
    if m.get("paths"):
        parts += ["## The five worst stories", "", *stories(result, command), ""]
    parts += [
        "## What it assumes",
        "",
        *assumptions(m, meta),
        "",
        "## What stood in for what",
        "",
        *stand_ins(meta),
        "",
        "## Again",
        "",
        f"    {command}",
        "",
    ]
    return "\n".join(parts)


def plain(text) -> str:
    """Text that Markdown leaves as it is."""
    out = str(text)
    for sign in "\\`*_[]<>|#":
        out = out.replace(sign, "\\" + sign)
    return out.replace("\n", " ")


def day(second) -> str:
    """A date, UTC."""
    import numpy as np

    return str(np.datetime64(int(second), "s"))[:10]


def decision(m) -> list[str]:
    """What history shows against what paths show, in two sentences."""
    said = [
        f"History earned {percent(m['return_annual'])} a year with a worst drawdown of {percent(m['max_drawdown'])}."
    ]
    block = m.get("paths")
    if block is None:
        return [
            *said,
            "**History alone: nothing here says what a failed venue would cost.** Run it with sampled paths.",
        ]
    mean, es, ruin = block["return_annual"], block["es_99"], block["ruin"]
    return [
        *said,
        (
            f"Over {block['n']:,} sampled paths it earns {percent(mean['value'])} a year on average "
            f"({percent(mean['low'])} to {percent(mean['high'])}), loses {percent(es['value'])} of capital in the "
            f"worst hundredth, and comes to ruin on {percent(ruin['value'])} of paths."
        ),
    ]


def limits(m) -> list[str]:
    """A table of the figures that limits are written on."""
    rows = ["| figure | history | paths | 95 % from | to |", "|---|---|---|---|---|"]
    block = m.get("paths") or {}
    for name, key, form in (
        ("return a year", "return_annual", percent), ("worst drawdown", "max_drawdown", percent),
        ("days trapped", "trapped_days", money), ("liquidations", "liquidations", money),
        ("VaR 99 %, of capital", "var_99", percent), ("ES 95 %", "es_95", percent), ("ES 99 %", "es_99", percent),
        ("ruin", "ruin", percent), ("margin call", "margin_call", percent),
    ):  # fmt: skip
        figure = block.get(key, {})
        values = [form(figure.get(each)) if figure else "-" for each in ("value", "low", "high")]
        rows.append(f"| {name} | {form(m[key]) if key in m else '-'} | {' | '.join(values)} |")
    return rows


def attribution(m) -> list[str]:
    """Lines that are not nothing, and their sum."""
    lines = [(LINE_WORDS.get(k, k), v) for k, v in m["attribution"].items() if abs(v) > 0.005]
    return [
        "| line | USD | of capital |",
        "|---|---|---|",
        *(f"| {name} | {money(v)} | {percent(v / m['capital'])} |" for name, v in [*lines, ("P&L", m["pnl"])]),
    ]


def stories(result, command: str) -> list[str]:
    """The worst paths, one line each."""
    out = []
    for row in result.paths.nsmallest(STORIES, "pnl").to_dict("records"):
        first = (
            f"{row['first_event'].replace('_', ' ')} at {plain(row['first_venue'])}"
            if row["first_event"]
            else "nothing"
        )
        cause = row["cause"].replace("_", " ") or "the market"
        out.append(
            f"- path {row['path']}: {money(row['pnl'])} USD; first {first}; cost most: {cause}; "
            f"{row['trapped_days']:.0f} days trapped. `{command} --path {row['path']}`"
        )
    return out


def assumptions(m, meta) -> list[str]:
    """What the figures stand on."""
    out = [f"- strategy `{meta['strategy']}` ({meta['strategy_digest']}), data {meta['data_digest']}, {meta['engine']}"]
    block = meta.get("paths")
    if block:
        out.append(f"- {block['n']:,} paths, market: {block['market']}")
        out += [
            f"- {name.replace('_', ' ')}: {figure['value']:.3f} ± {figure['error']:.3f}"
            for name, figure in (block.get("dependence") or {}).items()
            if figure.get("value") is not None
        ]
    return out + [f"- warning: {plain(text)}" for text in meta["warnings"]]


def stand_ins(meta) -> list[str]:
    """What was taken for what was not recorded."""
    return [f"- {plain(what)}: {plain(by)}" for what, by in meta["stand_ins"].items()] or [
        "- nothing: every series was there"
    ]
