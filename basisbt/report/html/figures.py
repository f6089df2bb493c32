"""Figures as plotly reads them: plain dicts of data and layout, coloured by the page's theme.

Knows plotly's names. Knows nothing of where numbers come from. Colours are written `@1` … `@8` (lines), `@good`,
`@bad`, `@muted`, `@band`: the page puts its theme's in.
"""

from basisbt.report.html.thin import moments, rounded, thinned

HEIGHT = 340


def figure(
    title: str, data: list[dict], told: str, *, y: str = "", x: str = "", height: int = HEIGHT, **layout
) -> dict:
    """A figure: `told` says in words what it shows, for who cannot see it."""
    base = {
        "height": height,
        "xaxis": {"title": {"text": x}},
        "yaxis": {"title": {"text": y}},
        "hovermode": "x unified",
        "legend": {"orientation": "h", "y": 1.12, "x": 0},
    }
    for key, value in layout.items():
        base[key] = base.get(key, {}) | value if isinstance(value, dict) and isinstance(base.get(key), dict) else value
    return {"title": title, "told": told, "data": data, "layout": base}


def line(name: str, times, values, colour: str = "@1", **more) -> dict:
    """A line over time, thinned."""
    x, y = thinned(times, values)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": x,
        "y": y,
        "line": {"color": colour, "width": more.pop("width", 1.5)} | more.pop("line", {}),
        **more,
    }


def dots(name: str, times, values, colour: str, symbol: str = "circle", **more) -> dict:
    """Marks at moments."""
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": moments(times),
        "y": rounded(values),
        "marker": {"color": colour, "symbol": symbol, "size": 9},
        **more,
    }


def band(start, end, text: str, colour: str = "@band") -> tuple[dict, dict]:
    """(shape, its word) of a span of time behind a chart."""
    x0, x1 = moments([start, end])
    shape = {
        "type": "rect",
        "xref": "x",
        "yref": "paper",
        "x0": x0,
        "x1": x1,
        "y0": 0,
        "y1": 1,
        "fillcolor": colour,
        "opacity": 0.25,
        "line": {"width": 0},
        "layer": "below",
    }
    word = {
        "x": x0,
        "y": 1,
        "xref": "x",
        "yref": "paper",
        "text": text,
        "showarrow": False,
        "xanchor": "left",
        "yanchor": "top",
        "font": {"size": 11},
    }
    return shape, word


def waterfall(names: list[str], amounts: list[float], total: str, told: str) -> dict:
    """Amounts that add up to a total."""
    data = {
        "type": "waterfall",
        "x": [*names, total],
        "y": [*rounded(amounts), None],
        "measure": [*["relative"] * len(names), "total"],
        "connector": {"line": {"color": "@muted", "width": 1}},
        "increasing": {"marker": {"color": "@good"}},
        "decreasing": {"marker": {"color": "@bad"}},
        "totals": {"marker": {"color": "@1"}},
        "hovertemplate": "%{x}: %{delta:,.0f}<extra></extra>",
    }
    return figure(
        "Where the money came from",
        [data],
        told,
        y="USD",
        hovermode="closest",
        showlegend=False,
        xaxis={"automargin": True},
    )


def histogram(title: str, edges, counts, told: str, marks: list[tuple[str, float, str]]) -> dict:
    """Counts between edges (shares of capital, in per cent), with upright lines at some losses."""
    middle = [(a + b) / 2 for a, b in zip(edges[:-1], edges[1:])]
    width = [b - a for a, b in zip(edges[:-1], edges[1:])]
    data = {
        "type": "bar",
        "x": rounded(middle),
        "y": [int(c) for c in counts],
        "width": rounded(width),
        "name": "paths",
        "marker": {"color": "@1"},
        "hovertemplate": "%{x:.2f} %: %{y} paths<extra></extra>",
    }
    shapes, words = [], []
    for k, (text, at, colour) in enumerate(marks):
        shapes.append(
            {
                "type": "line",
                "x0": at,
                "x1": at,
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "line": {"color": colour, "dash": "dash"},
            }
        )
        words.append(
            {
                "x": at,
                "y": 1 - 0.09 * k,
                "yref": "paper",
                "text": text,
                "showarrow": False,
                "xanchor": "left",
                "font": {"size": 11},
            }
        )
    return figure(
        title,
        [data],
        told,
        y="paths (log)",
        x="loss, % of capital",
        shapes=shapes,
        annotations=words,
        hovermode="closest",
        showlegend=False,
        bargap=0,
        yaxis={"type": "log"},
    )


def heat(
    title: str, x: list[str], y: list[str], z, told: str, *, unit: str = "", height: int = HEIGHT, middle=None
) -> dict:
    """A heat map: z[row][column] over y and x, its numbers inside; `middle` is where colour changes sign."""
    cells = [[None if value is None or value != value else float(f"{value:.6g}") for value in row] for row in z]
    data = {
        "type": "heatmap",
        "x": x,
        "y": y,
        "z": cells,
        "colorscale": "@diverging" if middle is not None else "@scale",
        "hovertemplate": f"%{{y}}<br>%{{x}}: %{{z:.4g}}{unit}<extra></extra>",
        "texttemplate": "%{z:.3g}",
        "xgap": 1,
        "ygap": 1,
    }
    if middle is not None:
        data["zmid"] = middle
    return figure(
        title,
        [data],
        told,
        hovermode="closest",
        height=height,
        xaxis={"type": "category", "automargin": True},
        yaxis={"type": "category", "automargin": True, "autorange": "reversed"},
    )
