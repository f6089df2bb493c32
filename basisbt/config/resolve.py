"""From a file on disk to a resolved run: extends, overrides, the shorthand, presets, defaults, checks.

Knows the order of these steps and nothing of their insides. All mistakes come out in one ConfigError.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from basisbt import units
from basisbt.config.afford import check_affordable, share_pairs, weigh_venues
from basisbt.config.carry import expand_carry
from basisbt.config.crossing import check_references
from basisbt.config.defaults import with_defaults
from basisbt.config.later import refuse_later
from basisbt.config.lookup import find
from basisbt.config.merge import read_extended
from basisbt.config.mistakes import Mistakes, Place, Source, mistake_text
from basisbt.config.override import Override, apply_override, parse_overrides
from basisbt.config.presets import with_preset
from basisbt.config.reader import Node, kind_of
from basisbt.config.regimes import later_venues, with_changes
from basisbt.config.replay import with_replay
from basisbt.config.specs import RunSpec
from basisbt.config.validate import validate_run


@dataclass(frozen=True)
class Resolved:
    """A config that is right, with the place of every value.

    `tree` is plain data that `load` reads back to an equal `spec`; `origins` says for each dotted key of it where
    the value comes from.
    """

    spec: RunSpec
    tree: dict[str, Any]
    origins: dict[str, str]
    warnings: tuple[str, ...]
    path: Path
    root: Node
    changes: tuple[tuple[int, RunSpec], ...] = ()  # (seconds UTC, what holds from then on) inside the window

    def where(self, dotted: str) -> str:
        """`file:line:column` of a key, or of its nearest ancestor that is written."""
        return str(find(self.root, *dotted.split(".")).place)

    def mistake(self, dotted: str, message: str) -> str:
        """A mistake about a key in the format of all config mistakes, with the line and a caret."""
        return mistake_text(find(self.root, *dotted.split(".")).place, message)

    def folder(self, dotted: str) -> Path:
        """The folder of the file that wrote a key: where its relative paths start."""
        return find(self.root, *dotted.split(".")).place.source.folder


def load(path: str | Path, overrides: Sequence[str] = (), *, timerange: str | None = None,
         data_dir: str | Path | None = None, seed: int | None = None, paths: int | None = None,
         search: Sequence[str | Path] = ()) -> Resolved:  # fmt: skip
    """Read, check and resolve a run config; a ConfigError holds every mistake.

    `overrides` are `-S` arguments; `timerange`, `data_dir` and `seed` win over them. `search` holds folders with
    more venue presets (`<venue>.yaml`), which win over the packaged ones.
    """
    path, mistakes = Path(path), Mistakes()
    root = read_extended(path, mistakes)
    if root is None:
        parse_overrides(overrides, mistakes)
        mistakes.raise_if_any()
    flags = {"--timerange": timerange, "--data-dir": data_dir, "--seed": seed, "--paths": paths}
    return resolve(root, path, parse_overrides(overrides, mistakes), flags, search, mistakes)


def resolve(root: Node, path: Path, parsed: Sequence[Override], flags: dict[str, Any],
            search: Sequence[str | Path] = (), mistakes: Mistakes | None = None) -> Resolved:  # fmt: skip
    """The same from a tree that has been read (read_extended) and overrides that have been parsed."""
    mistakes, warnings = mistakes or Mistakes(), []
    root = _overridden(root, parsed, flags, mistakes)
    root = refuse_later(_copy(root), mistakes)
    root = _with_own_paths(_with_named_events(_with_window(root, mistakes)))
    bare, search, dates = root, [Path(folder) for folder in search], set()
    bare = with_replay(bare, mistakes)
    root = with_defaults(_with_presets(bare, search, mistakes, warnings, dates), path)
    _check_kind(root, mistakes)
    parts = validate_run(root, mistakes)
    if not mistakes.incomplete:
        check_references(root, parts, mistakes, warnings)
    mistakes.raise_if_any()
    parts["pairs"] = share_pairs(parts["pairs"])
    parts["venues"] = weigh_venues(root, parts["venues"], parts["pairs"], mistakes)
    mistakes.raise_if_any()
    spec = RunSpec.model_construct(**parts)
    check_affordable(spec, root, mistakes)
    mistakes.raise_if_any()
    states, changes = _later(bare, root, spec, search, sorted(dates), path, mistakes)
    tree = with_changes(root.plain(), states)
    return Resolved(spec, tree, _origins(root), tuple(dict.fromkeys(warnings)), path, root, changes)


def _later(bare: Node, root: Node, spec: RunSpec, search, dates: list[int], path: Path, mistakes: Mistakes):
    """((date, resolved tree) of the window's start and every date, (date, spec) of every date)."""
    start, end = spec.data.window
    states, changes = [(start, root)], []
    for at in dates:
        state = with_defaults(_with_presets(bare, search, mistakes, [], set(), (at, end)), path)
        venues = later_venues(state, spec.venues, mistakes)
        mistakes.raise_if_any()
        states.append((at, state))
        changes.append((at, spec.model_copy(update={"venues": venues})))
    return states, tuple(changes)


def _overridden(root: Node, parsed: Sequence[Override], arguments: dict[str, Any], mistakes: Mistakes) -> Node:
    """Environment, then overrides, then command line arguments; those under `pairs` after the shorthand."""
    if os.environ.get("BASISBT_DATA"):
        root = _set(root, "data.dir", os.environ["BASISBT_DATA"], "$BASISBT_DATA", mistakes)
    for override in parsed:
        if override.keys[0] != "pairs":
            root = apply_override(root, override, mistakes)
    keys = {
        "--timerange": "data.window", "--data-dir": "data.dir", "--seed": "seed", "--paths": "tail.sample.paths"
    }  # fmt: skip
    for flag, value in arguments.items():
        if value is not None:
            value = str(value) if isinstance(value, Path) else value
            root = _set(root, keys[flag], value, flag, mistakes)
    root = expand_carry(root, mistakes)
    for override in parsed:
        if override.keys[0] == "pairs":
            root = apply_override(root, override, mistakes)
    return root


def _set(root: Node, dotted: str, value: Any, origin: str, mistakes: Mistakes) -> Node:
    place = Place(Source(origin, (), Path.cwd(), origin))
    return apply_override(root, Override(tuple(dotted.split(".")), Node(value, place, place), place), mistakes)


def _copy(node: Node) -> Node:
    value = node.value
    if isinstance(value, dict):
        value = {key: _copy(child) for key, child in value.items()}
    elif isinstance(value, list):
        value = [_copy(child) for child in value]
    return Node(value, node.place, node.key)


def _replaced(root: Node, key: str, child: Node) -> Node:
    return Node({**root.entries, key: child}, root.place, root.key)


def _with_window(root: Node, mistakes: Mistakes) -> Node:
    """`data.timerange` renamed to `data.window`; an argument or override of `window` wins over either."""
    data = root.live.get("data")
    if data is None or "timerange" not in data.live:
        return root
    entries = {key: child for key, child in data.entries.items() if key != "timerange"}
    alias, window = data.live["timerange"], data.live.get("window")
    if window is None:
        entries["window"] = alias
    elif not window.place.source.origin.startswith("-"):
        mistakes.add(alias.named_at, "found both 'timerange' and 'window', which mean the same; expected one")
    return _replaced(root, "data", Node(entries, data.place, data.key))


def _with_named_events(root: Node) -> Node:
    """A script written as a list becomes a map: its events are called after their kind and number."""
    tail = root.live.get("tail")
    script = tail.live.get("script") if tail is not None else None
    if script is None or not isinstance(script.value, list):
        return root
    named: dict[str, Node] = {}
    counts: dict[str, int] = {}
    for child in script.value:
        kind = child.live["event"].plain() if "event" in child.live else "event"
        counts[str(kind)] = counts.get(str(kind), 0) + 1
        named[f"{kind}-{counts[str(kind)]}"] = child
    return _replaced(root, "tail", _replaced(tail, "script", Node(named, script.place, script.key)))


def _with_own_paths(root: Node) -> Node:
    """Relative paths made absolute from the folder of whoever wrote them."""
    for section, key, is_path in (("data", "dir", str), ("strategy", "use", _is_file_name)):
        holder = root.live.get(section)
        node = holder.live.get(key) if holder is not None else None
        if node is None or not isinstance(node.value, str) or "\0" in node.value or not is_path(node.value):
            continue
        absolute = os.path.abspath(os.path.join(node.place.source.folder, os.path.expanduser(node.value)))
        root = _replaced(root, section, _replaced(holder, key, Node(absolute, node.place, node.key)))
    return root


def _is_file_name(text: str) -> bool:
    return text.endswith(".py") or text.startswith(("./", "../", "/", "~/"))


def _with_presets(root: Node, search: list[Path], mistakes: Mistakes, warnings: list[str], changes: set[int],
                  window: tuple[int, int] | None = None) -> Node:  # fmt: skip
    venues = root.live.get("venues")
    if venues is None or not isinstance(venues.value, dict):
        return root
    try:
        window = window or units.parse_window(find(root, "data", "window").plain())
    except ValueError:
        window = None
    entries = dict(venues.value)
    for name, venue in venues.live.items():
        if isinstance(venue.value, dict):
            entries[name] = with_preset(name, venue, window, search, mistakes, warnings, changes)
    return _replaced(root, "venues", Node(entries, venues.place, venues.key))


def _check_kind(root: Node, mistakes: Mistakes) -> None:
    for key, wanted in (("schema", 1), ("kind", "run")):
        node = root.live.get(key)
        if node is not None and (node.value != wanted or isinstance(node.value, bool)):
            close = mistakes.suggestion(node.plain(), ["run"]) if key == "kind" else ""
            close = "; run it with `basisbt sweep`" if (key, node.value) == ("kind", "sweep") else close
            mistakes.add(node.place, f"found {kind_of(node.plain())}; expected `{key}: {wanted}`{close}")


def _origins(root: Node) -> dict[str, str]:
    found: dict[str, str] = {}

    def visit(node: Node, dotted: str) -> None:
        children = node.live.items() if isinstance(node.value, dict) else ()
        if not children:
            found[dotted] = node.place.origin
        for key, child in children:
            visit(child, f"{dotted}.{key}" if dotted else key)

    visit(root, "")
    return found
