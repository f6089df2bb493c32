"""Sweep files: axes over a base config, bundles of overrides, and how the winners are chosen.

Knows the keys of `kind: sweep` and what values an axis has. Whether a key exists in the base is seen when a cell is
resolved; what a metric means is nobody's business here.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from basisbt.config.axes import Axis, read_axes, same_size
from basisbt.config.fields import Count, Spec, Text, Window
from basisbt.config.mistakes import Mistakes
from basisbt.config.reader import Node, kind_of, read_file
from basisbt.config.validate import validated


class RankSpec(Spec):
    """What makes one cell better than another; several make a Pareto front."""

    metric: Text
    order: Literal["asc", "desc"] = "desc"


class HoldoutSpec(Spec):
    """Where the winners are scored again: another window, another seed, or both; the best `top` of them."""

    window: Window | None = None
    seed: Count | None = None
    top: Annotated[int, Field(ge=1, le=1000)] = 3


class SweepRest(Spec):
    """What of a sweep file needs no reading of its own."""

    name: Text = "sweep"
    base: Text
    method: Literal["grid", "random", "sobol", "optuna"] = "grid"
    samples: Count | None = None
    seed: Count = 0
    rank_by: RankSpec | list[RankSpec] = Field(RankSpec(metric="return_annual"), examples=["{metric: return_annual}"])
    require: list[Text] = Field([], examples=["[ruin < 1%]"])
    holdout: HoldoutSpec | None = None


@dataclass(frozen=True)
class SweepFile:
    """A sweep as it is written. `setups`: {name: overrides as a tree}; `exclude`: what cells have that are left out."""

    name: str
    base: Path
    axes: tuple[Axis, ...]
    setups: dict[str, Node] = field(default_factory=dict)
    exclude: tuple[dict[str, Any], ...] = ()
    method: str = "grid"
    samples: int | None = None
    seed: int = 0
    rank: tuple[tuple[str, str], ...] = (("return_annual", "desc"),)
    require: tuple[str, ...] = ()
    holdout: HoldoutSpec | None = None


def is_sweep(path: Path) -> bool:
    """Whether a file says `kind: sweep`. One that cannot be read does not; whoever reads it next says why."""
    root = read_file(Path(path), Mistakes())
    return root is not None and "kind" in root.live and root.live["kind"].value == "sweep"


def load_sweep(path: str | Path) -> SweepFile:
    """Read a sweep file; a ConfigError holds every mistake."""
    path, mistakes = Path(path), Mistakes()
    root = read_file(path, mistakes)
    if root is None:
        mistakes.raise_if_any()
    own = ("axes", "setups", "exclude", "schema", "kind")
    rest = Node({k: child for k, child in root.entries.items() if k not in own}, root.place, root.key)
    if "schema" in root.live and root.live["schema"].value != 1:
        mistakes.add(root.live["schema"].place, f"found {kind_of(root.live['schema'].plain())}; expected `schema: 1`")
    spec = validated(SweepRest, rest, mistakes)
    axes = read_axes(root.live.get("axes"), mistakes)
    setups = read_setups(root.live.get("setups"), mistakes)
    if setups:
        axes = (Axis("setup", tuple(setups)), *axes)
    if not axes:
        mistakes.add(root.named_at, "no axis; write `axes: {pairs.*.short.leverage: [2x, 3x]}` or `setups:`")
    exclude = read_exclude(root.live.get("exclude"), axes, mistakes)
    if spec is not None:
        check_method(root, spec, axes, mistakes)
    mistakes.raise_if_any()
    base = path.parent / spec.base
    if not base.is_file():
        close = mistakes.suggestion(base.name, [p.name for p in base.parent.glob("*.yaml")])
        mistakes.add(root.live["base"].place, f"no such file: {base}{close}")
        mistakes.raise_if_any()
    ranks = spec.rank_by if isinstance(spec.rank_by, list) else [spec.rank_by]
    return SweepFile(
        spec.name, base, axes, setups, exclude, spec.method, spec.samples, spec.seed,
        tuple((rank.metric, rank.order) for rank in ranks), tuple(spec.require), spec.holdout,
    )  # fmt: skip


def check_method(root: Node, spec: SweepRest, axes: tuple[Axis, ...], mistakes: Mistakes) -> None:
    """A grid needs values and no number of samples; the others need one."""
    if spec.method == "grid":
        for axis in axes:
            if not axis.values:
                text = f"{axis.key}: a range without `step` needs `method: random`, sobol or optuna"
                mistakes.add(root.live["axes"].live[axis.key].place, text)
        if spec.samples is not None:
            mistakes.add(root.live["samples"].named_at, "a grid has no samples; expected another method")
    elif not spec.samples:
        text = f"missing 'samples'; write `samples: 200` beside `method: {spec.method}`"
        mistakes.add(root.live["method"].place, text)
    if spec.holdout is not None and spec.holdout.window is None and spec.holdout.seed is None:
        mistakes.add(root.live["holdout"].place, "a holdout tells nothing new without a window or a seed of its own")


def read_setups(node: Node | None, mistakes: Mistakes) -> dict[str, Node]:
    """{name: overrides as a tree} of the bundles."""
    if node is None:
        return {}
    if not isinstance(node.value, dict):
        mistakes.add(node.place, f"found {kind_of(node.plain())}; expected a map of names: `setups: {{one: {{…}}}}`")
        return {}
    for name, child in node.live.items():
        if not isinstance(child.value, dict):
            mistakes.add(child.place, f"found {kind_of(child.plain())}; expected overrides: `{name}: {{venues: …}}`")
    return {name: child for name, child in node.live.items() if isinstance(child.value, dict)}


def read_exclude(node: Node | None, axes: tuple[Axis, ...], mistakes: Mistakes) -> tuple[dict[str, Any], ...]:
    """Combinations that are left out; every key is an axis, every value one of its own."""
    found = []
    if node is not None and not isinstance(node.value, list):
        mistakes.add(node.place, f"found {kind_of(node.plain())}; expected a list: `exclude: [{{setup: one}}]`")
        return ()
    for child in node.value if node is not None else ():
        if not isinstance(child.value, dict):
            mistakes.add(child.place, f"found {kind_of(child.plain())}; expected a map of axes: `{{setup: one}}`")
            continue
        found.append({key: pick(key, value, axes, mistakes) for key, value in child.live.items()})
    return tuple(found)


def pick(key: str, node: Node, axes: tuple[Axis, ...], mistakes: Mistakes) -> Any:
    """The axis's own value that an `exclude` means: `6`, `6x` and 6.0 are the same."""
    known = {axis.key: axis for axis in axes}
    if key not in known:
        close = mistakes.suggestion(key, known) or f"; expected one of: {', '.join(known)}"
        return mistakes.add(node.named_at, f"no axis '{key}'{close}")
    for value in known[key].values:
        if str(value) == str(node.plain()) or same_size(value, node.plain()):
            return value
    shown = ", ".join(map(str, known[key].values)) or "a range without steps has no value to name"
    return mistakes.add(node.place, f"'{node.plain()}' is no value of axis {key}; expected one of: {shown}")
