"""Published cases on a terminal: what was printed, what came out, where it stands, and what is not modelled.

Knows the rows of `studies.verify`. Computes nothing.
"""

from rich.console import Console
from rich.text import Text


def show_cases(checked, console: Console) -> None:
    """Two lines per recomputed case, then the kinds that are not, each with its reason."""
    for case in checked:
        if case.ok is not None:
            console.print(headline(case))
            console.print(Text(f"      {case.source}", style="dim"))
    reasons: dict[str, list[str]] = {}
    for case in checked:
        if case.ok is None:
            reasons.setdefault(str(case.got), []).append(case.id)
    for why, names in reasons.items():
        console.print(Text(f"not recomputed: {why}: {', '.join(names)}", style="yellow"))
    good, bad = sum(case.ok is True for case in checked), sum(case.ok is False for case in checked)
    console.print(f"{good} come out, {bad} do not, {len(checked) - good - bad} are not recomputed")


def headline(case) -> Text:
    """`G001  ok  liq_price_linear_isolated (binanceusdm)  expected 1114.78  got 1114.784964`."""
    text = Text(f"{case.id}  ")
    text.append(f"{'ok' if case.ok else 'MISS':<4}", style="green" if case.ok else "bold red")
    text.append(f"  {case.kind} ({case.venue})  expected {figures(case.expected)}  got ")
    return text.append(figures(case.got, case.expected))


def figures(value, like=None) -> str:
    """A number; of several, each with its name, in the order of `like`."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {figure(value.get(key))}" for key in (like if isinstance(like, dict) else value))
    return figure(value)


def figure(value) -> str:
    """A number with ten digits, anything else as it is."""
    return f"{value:.10g}" if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)
