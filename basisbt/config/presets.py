"""Venue presets: sourced facts below what a config says of a venue, the block in force at the window's start.

Knows where preset files are and how dated blocks are chosen. Knows no number itself: they are in `configs/venues/`.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from basisbt import units
from basisbt.config.merge import merge
from basisbt.config.mistakes import Mistakes
from basisbt.config.reader import Node, kind_of, read_file
from basisbt.places import packaged

# Keys that may be a list of blocks with `valid_from`.
DATED = (
    "fees", "spread", "transfer", "tiers", "funding", "borrow", "collateral", "insurance", "settlement_window",
    "liquidation", "margin_slope", "maintenance",
)  # fmt: skip


def preset_names(search: Sequence[Path] = ()) -> list[str]:
    """Names of all venue presets: those in the `search` folders, then the packaged ones."""
    folders = [*search, packaged("configs", "venues")]
    return sorted({path.stem for folder in folders for path in folder.glob("*.yaml")})


def preset_path(name: str, search: Sequence[Path] = ()) -> Path | None:
    """The file of a preset, the first of the `search` folders that has one winning; None when there is none."""
    if name not in preset_names(search):
        return None
    folders = [*search, packaged("configs", "venues")]
    return next(path for folder in folders if (path := folder / f"{name}.yaml").is_file())


def with_preset(name: str, venue: Node, window: tuple[int, int] | None, search: Sequence[Path],
                mistakes: Mistakes, warnings: list[str], changes: set[int]) -> Node:  # fmt: skip
    """A venue's node over its preset, the blocks in force at the window's start chosen; when others come into force
    inside the window goes into `changes`. `preset` says `{merged: name}` so that it is done once."""
    own = _in_force(name, _amounts_as_maps(venue), window, warnings, changes)
    preset = _preset_name(name, venue, search, mistakes)
    if preset is None:
        return own
    path = preset_path(preset, search)
    facts = _read(path, path.stat().st_mtime_ns, f"configs/venues/{preset}.yaml", preset)
    if isinstance(facts, Mistakes):
        mistakes.found += facts.found
        return own
    replaced = {key for key, child in own.entries.items() if not isinstance(child.value, dict)}
    facts = _in_force(preset, _without_stand_ins(preset, facts, replaced, warnings), window, warnings, changes)
    merged = merge(facts, own)
    at = own.entries.get("preset", own)
    merged.value["preset"] = Node({"merged": Node(preset, at.place, at.key)}, at.place, at.key)
    return merged


def _without_stand_ins(preset: str, facts: Node, replaced: set[str], warnings: list[str]) -> Node:
    """The facts without `stand_in`, whose lines become warnings: what the preset could not source."""
    notes = facts.live.get("stand_in")
    for key, note in notes.live.items() if notes is not None else ():
        if key not in replaced:
            warnings.append(f"{note.place}: {preset} {key}: stand-in: {note.plain()}")
    entries = {key: child for key, child in facts.value.items() if key not in ("stand_in", *replaced)}
    return Node(entries, facts.place, facts.key)


def _preset_name(name: str, venue: Node, search: Sequence[Path], mistakes: Mistakes) -> str | None:
    asked = venue.live.get("preset")
    known = preset_names(search)
    if asked is None:
        if name not in known and "fees" not in venue.live:
            close = mistakes.suggestion(name, known) or f"; presets: {', '.join(known)}"
            mistakes.add(venue.named_at, f"no fees, and no preset of the name '{name}'{close}")
        return name if name in known else None
    if asked.value == "none" or isinstance(asked.value, dict):
        return None
    if asked.value not in known:
        close = mistakes.suggestion(asked.value, known) or f"; expected {', '.join(known)} or none"
        mistakes.add(asked.place, f"no preset {kind_of(asked.value)}{close}")
        return None
    return asked.value


@lru_cache(maxsize=64)
def _read(path: Path, modified: int, shown: str, preset: str) -> Node | Mistakes:
    """The preset's tree, read once per version of the file; its mistakes when it has any."""
    mistakes = Mistakes()
    root = read_file(path, mistakes, shown, f"preset {preset}")
    return mistakes if root is None or mistakes.found else _amounts_as_maps(root)


def _amounts_as_maps(venue: Node) -> Node:
    """`fee: 1 USDT` as `fee: {USDT: 1}`, so that amounts merge by asset. What cannot be read stays for validation."""
    transfer = venue.live.get("transfer")
    if transfer is None or not isinstance(transfer.value, dict):
        return venue
    entries = dict(transfer.value)
    for key in {"fee", "minimum"} & set(transfer.live):
        node = entries[key]
        items = node.value if isinstance(node.value, list) else [node]
        try:
            amounts = {} if isinstance(node.value, dict) else {
                money.asset: Node(money.amount, item.place, item.key)
                for item in items for money in [units.parse_money(item.value)]
            }  # fmt: skip
        except ValueError:
            continue
        if amounts:
            entries[key] = Node(amounts, node.place, node.key)
    transfer = Node(entries, transfer.place, transfer.key)
    return Node({**venue.value, "transfer": transfer}, venue.place, venue.key)


def _in_force(name: str, venue: Node, window: tuple[int, int] | None, warnings: list[str], changes: set[int]) -> Node:
    """The venue with each list of dated blocks replaced by the one in force at the window's start."""
    if not isinstance(venue.value, dict):
        return venue
    entries = dict(venue.value)
    for key in DATED:
        blocks = _blocks(entries.get(key))
        if not blocks:
            continue
        chosen = blocks[0]
        if window is not None:
            before = [block for block in blocks if block[0] <= window[0]]
            chosen = before[-1] if before else blocks[0]
            if not before:
                warnings.append(
                    f"{name} {key}: known from {units.time_name(chosen[0])} on, applied from "
                    f"{units.time_name(window[0])} on"
                )
            changes |= {begins for begins, _ in blocks if window[0] < begins < window[1] and begins != chosen[0]}
        body = {part: child for part, child in chosen[1].value.items() if part != "valid_from"}
        if key == "tiers":  # a later block may have some symbols only: what it does not name is as it was
            earlier = [block for begins, block in blocks if begins < chosen[0]]
            for block in reversed(earlier):
                body = {**block.value, **body}
            body.pop("valid_from", None)
        plain = body.get("length") or body.get("amount")  # a single value with its date
        entries[key] = plain if plain is not None else Node(body, chosen[1].place, entries[key].key)
    return Node(entries, venue.place, venue.key)


def _blocks(node: Node | None) -> list[tuple[int, Node]]:
    """Dated blocks by date; empty when the node is no such list, which validation will say."""
    if node is None or not isinstance(node.value, list):
        return []
    try:
        dated = [(units.parse_time(block.live["valid_from"].value), block) for block in node.value]
    except (KeyError, ValueError):
        return []
    return sorted(dated, key=lambda block: block[0])
