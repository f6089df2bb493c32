"""Published cases, recomputed by the engine: what exchanges print for their own rules beside what comes out here.

Knows cases and tolerances. How each kind is recomputed is in recompute.py.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from basisbt.errors import DataError
from basisbt.places import packaged
from basisbt.studies.recompute import HOW, WHY, borrowed


@dataclass(frozen=True)
class Checked:
    """One case: `ok` is None where it is not recomputed, and `got` then says why."""

    id: str
    kind: str
    venue: str
    expected: object
    got: object
    ok: bool | None
    source: str


def verify(file: Path | None = None) -> list[Checked]:
    """Every case of a file, by default of the published ones that come along. Raises DataError."""
    file = packaged("data", "published_cases.json") if file is None else Path(file)
    try:
        cases = list(json.loads(file.read_text(encoding="utf-8"))["cases"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{file}: cannot read cases: {error}; expected {{\"cases\": [...]}}") from None
    return [check(case) for case in cases]


def check(case: dict) -> Checked:
    """Recompute one case."""
    kind, venue = case["kind"], case["venue"]
    why = WHY.get(kind) or ("" if kind in HOW else "no rule of this kind is known here")
    if why:
        return Checked(case["id"], kind, venue, case["expected"], why, None, case["source"])
    how = HOW[kind]
    got = how(case["inputs"], venue) if how is borrowed else how(case["inputs"])
    digits = case["inputs"].get("round_dp")
    tick = case["inputs"].get("tick", 0.0)
    good = bool(agrees(got, case["expected"], case["tolerance_rel"], digits, tick))
    return Checked(case["id"], kind, venue, case["expected"], got, good, case["source"])


def agrees(got, expected, tolerance: float, digits: int | None = None, tick: float = 0.0) -> bool:
    """Whether all that was published comes out: to its tolerance, or to its last printed digit, rounded or cut off,
    where that is less than 1 bp of it; or to the tick it was rounded to."""
    if isinstance(expected, dict):
        got = got if isinstance(got, dict) else {}
        return all(key in got and agrees(got[key], value, tolerance, digits) for key, value in expected.items())
    if isinstance(got, dict):
        return len(got) > 0 and agrees(next(iter(got.values())), expected, tolerance, digits)
    if isinstance(expected, bool) or got is None:
        return got is expected
    if digits is not None:
        return round(got, digits) == expected
    printed = 10.0 ** -decimals(expected)
    allowed = printed if printed <= 1e-4 * abs(expected) else 0.0
    return abs(got - expected) <= max(tolerance * abs(expected), allowed, tick, 1e-15)


def decimals(value) -> int:
    """Decimals a number was printed with."""
    text = f"{value:.12f}".rstrip("0")
    return len(text.partition(".")[2])
