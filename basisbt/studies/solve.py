"""Solve: the breaking point of a config, by bracketing one key until a condition on a metric holds.

Knows a key, an interval and a condition. Looks at several points inside first: where the answer is not monotone it says
so, since a single breaking point would mislead.
"""

import re
from dataclasses import dataclass

import numpy as np

from basisbt.errors import ConfigError
from basisbt.studies.prepare import prepare
from basisbt.studies.records import events_frame
from basisbt.studies.history import metrics_of, run_history
from basisbt.studies.interrupts import check, listening

INSIDE = 3  # points between the ends that are looked at before bracketing
_NUMBER = r"([-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?)"
_SPAN = re.compile(rf"\s*{_NUMBER}\s*([A-Za-z%/]*)\s*\.\.\s*{_NUMBER}\s*([A-Za-z%/]*)\s*")
_UNTIL = re.compile(rf"\s*([a-z_0-9.]+)\s*(>=|<=|>|<)\s*{_NUMBER}\s*(%?)\s*")


@dataclass(frozen=True)
class Question:
    """Which key goes from where to where, in which unit, and what must hold at the breaking point."""

    key: str
    low: float
    high: float
    unit: str
    metric: str
    sign: str
    limit: float

    def holds(self, figure: float) -> bool:
        """Whether the condition holds."""
        return {">": figure > self.limit, "<": figure < self.limit, ">=": figure >= self.limit,
                "<=": figure <= self.limit}[self.sign]  # fmt: skip

    def text(self, value: float) -> str:
        """A value as a config has it."""
        return f"{value:.10g}{self.unit}"


def question(vary: str, until: str) -> Question:
    """Read `pairs.*.short.leverage=1..10` and `liquidations > 0`. Raises ConfigError."""
    key, equals, span = vary.partition("=")
    found = _SPAN.fullmatch(span)
    if not equals or found is None or (found[2] and found[2] != found[4]):
        raise ConfigError(f"--vary: found {vary!r}, expected KEY=LO..HI like pairs.*.short.leverage=1..10 or 10%..50%")
    low, high = float(found[1]), float(found[3])
    if not low < high:
        raise ConfigError(f"--vary: found {span!r}, expected the lower end first")
    wanted = _UNTIL.fullmatch(until)
    if wanted is None:
        raise ConfigError(f"--until: found {until!r}, expected METRIC > X, like 'liquidations > 0' or 'pnl < -10%'")
    limit = float(wanted[3]) / (100.0 if wanted[4] else 1.0)
    return Question(key.strip(), low, high, found[4], wanted[1], wanted[2], limit)


def measured(path, asked: Question, value: float, options: dict) -> dict:
    """One run: the metric's figure, whether the condition holds, what first happened to the account."""
    check()
    overrides = [*options.get("overrides", ()), f"{asked.key}={asked.text(value)}"]
    rest = {name: each for name, each in options.items() if name not in ("overrides", "jobs")}
    prepared = prepare(path, overrides, **rest)
    if asked.metric.startswith("paths."):
        from basisbt.studies.tails import figures, sampled

        if prepared.sample is None:
            raise ConfigError(f"--until {asked.metric}: needs sampled paths; give --paths N")
        figure, first = look_up({"paths": figures(prepared, sampled(prepared, options.get("jobs")))}, asked.metric), ""
    else:
        machine = run_history(prepared.world, prepared.loaded, prepared.compiled)
        figure = look_up(metrics_of(machine, prepared.resolved.spec.measures.risk_free), asked.metric)
        first = first_of(machine)
    return {"value": value, "text": asked.text(value), "figure": figure, "holds": asked.holds(figure), "first": first}


def look_up(metrics: dict, name: str) -> float:
    """A metric by its dotted name; of one with an interval, its value. Raises ConfigError."""
    found = metrics
    for part in name.split("."):
        if not isinstance(found, dict) or part not in found:
            known = ", ".join(k for k, v in metrics.items() if isinstance(v, (int, float)))
            raise ConfigError(f"--until: no metric '{name}'; expected one of: {known}, attribution.…, paths.…")
        found = found[part]
    return float(found["value"] if isinstance(found, dict) and "value" in found else found)


def first_of(machine) -> str:
    """What first befell an account of itself, with its moment; empty when nothing did."""
    events = events_frame(machine)
    mine = events[(events["origin"] == "emergent") & ~events["event"].str.startswith("refused")]
    if mine.empty:
        return ""
    row = mine.iloc[0]
    return f"{row['event']} of {row['venue']} {row['symbol']} at {row['time']:%Y-%m-%d %H:%M} UTC"


def solve(path, vary: str, until: str, tol: float, options: dict, progress=None) -> dict:
    """{safe, fails, runs, answer, monotone, first, metric}: values as text; None where there is no such value.

    tol: how close safe and failing have to be, in the key's unit. Raises ConfigError, RunError.
    """
    asked = question(vary, until)
    if not tol > 0.0:
        raise ConfigError(f"--tol: found {tol:g}, expected more than 0")
    runs: dict[float, dict] = {}

    def at(value: float) -> bool:
        if value not in runs:
            runs[value] = measured(path, asked, value, options)
            if progress is not None:
                progress(len(runs), len(runs), {asked.key: asked.text(value)})
        return runs[value]["holds"]

    with listening():
        for value in np.linspace(asked.low, asked.high, INSIDE + 2).tolist():
            at(value)
        known = [runs[value]["holds"] for value in sorted(runs)]
        changes = [k for k in range(1, len(known)) if known[k] != known[k - 1]]
        bracket = None
        if changes:
            low, high = sorted(runs)[changes[0] - 1 : changes[0] + 1]
            while high - low > tol:
                middle = 0.5 * (low + high)
                low, high = (middle, high) if at(middle) == known[0] else (low, middle)
            bracket = low, high
    return answer(asked, runs, bracket, len(changes))


def answer(asked: Question, runs: dict[float, dict], bracket, changes: int) -> dict:
    """The finding in words and numbers."""
    condition = f"{asked.metric} {asked.sign} {asked.limit:g}"
    out = {"key": asked.key, "metric": asked.metric, "until": condition, "monotone": changes <= 1, "safe": None,
           "fails": None, "first": "", "runs": [runs[value] for value in sorted(runs)]}  # fmt: skip
    if bracket is None:
        holds = next(iter(runs.values()))["holds"]
        side = "fails" if holds else "safe"
        out[side] = asked.text(asked.low if holds else asked.high)
        out["first"] = runs[asked.low]["first"] if holds else ""
        words = "everywhere" if holds else "nowhere"
        out["answer"] = f"{condition} {words} from {asked.text(asked.low)} to {asked.text(asked.high)}"
        return out
    low, high = bracket
    failing, safe = (low, high) if runs[low]["holds"] else (high, low)
    out.update(safe=asked.text(safe), fails=asked.text(failing), first=runs[failing]["first"])
    out["answer"] = f"safe at {out['safe']}, {condition} at {out['fails']}"
    if changes > 1:
        out["answer"] += f"; not monotone: it changes {changes} times between the ends, this is the first"
    return out
