"""Nodes against specs: every pydantic error becomes a mistake with a place, a finding and an expectation.

Knows how pydantic reports. Each venue, pair and event is validated alone, so that one broken entry does not hide
the mistakes in the others. Knows nothing of what refers to what (`crossing`).
"""

import re
from functools import lru_cache
from typing import Annotated, Any, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from basisbt.config.events import EventSpec
from basisbt.config.mistakes import Mistakes
from basisbt.config.reader import Node, kind_of
from basisbt.config.shapes import HIDDEN, keys_of, model_at
from basisbt.config.specs import NAME, PairSpec, RunSpec, TailSpec
from basisbt.config.venues import VenueSpec

OUTSIDE = ("schema", "kind")  # top-level keys that are not part of the spec
_BOUNDS = {"greater_than_equal": "at least {ge}", "greater_than": "above {gt}"}
_BOUNDS |= {"less_than_equal": "at most {le}", "less_than": "below {lt}"}
_SHAPES = {"model_type": "a map", "model_attributes_type": "a map", "dict_type": "a map", "list_type": "a list"}


def validate_run(root: Node, mistakes: Mistakes) -> dict[str, Any]:
    """What validated, by key of RunSpec; venues, pairs and tail hold only their good entries."""
    known = keys_of(RunSpec)
    for key, child in root.live.items():
        if key not in known and key not in (*OUTSIDE, "carry"):
            mistakes.add(child.named_at, unknown_key(key, [*known, *OUTSIDE, "extends", "carry"]))
    parts: dict[str, Any] = {}
    for key, field in known.items():
        node = root.live.get(key)
        if key in ("venues", "pairs"):
            parts[key] = _entries(key, root, node, mistakes)
        elif node is None:
            if field.is_required():
                mistakes.add_missing(root.named_at, missing_key(key, field))
        elif key == "tail":
            parts[key] = _tail(node, mistakes)
        else:
            value = validated(_annotated(key), node, mistakes)
            parts |= {} if value is None else {key: value}
    return parts


def _annotated(key: str) -> Any:
    field = RunSpec.model_fields[key]
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


def _entries(key: str, root: Node, node: Node | None, mistakes: Mistakes) -> dict[str, Any]:
    spec, example = {
        "venues": (VenueSpec, "venues: {okx: {}}"),
        "pairs": (PairSpec, "pairs: {btc: {long: …, short: …}}, or carry: {bases: [BTC], venues: all, leverage: 3x}"),
    }[key]
    if node is None:
        if key != "pairs" or "carry" not in root.live:
            mistakes.add_missing(root.named_at, f"missing '{key}'; write `{example}`")
        return {}
    if not isinstance(node.value, dict) or not node.live:
        found = "nothing" if node.entries or node.value == {} else kind_of(node.value)
        mistakes.add(node.place, f"found {found}; expected `{example}`")
        return {}
    good = {}
    for name, child in node.live.items():
        if not re.fullmatch(NAME, name):
            mistakes.add(child.named_at, f"'{name}' is not a name; expected letters, digits, - and _")
        value = validated(spec, child, mistakes)
        if value is not None:
            good[name] = value
    return good


def _tail(node: Node, mistakes: Mistakes) -> TailSpec:
    script = node.live.get("script")
    rest = {key: child for key, child in node.entries.items() if key != "script"}
    tail = validated(_annotated("tail"), Node(rest, node.place, node.key) if node.entries else node, mistakes)
    tail = tail or TailSpec()
    if script is None:
        return tail
    if not isinstance(script.value, dict):
        mistakes.add(script.place, f"found {kind_of(script.value)}; expected a map or a list of events")
        return tail
    events = {name: validated(EventSpec, child, mistakes) for name, child in script.live.items()}
    return tail.model_copy(update={"script": {name: event for name, event in events.items() if event is not None}})


@lru_cache(maxsize=64)
def _adapter(annotation: Any) -> TypeAdapter:
    return TypeAdapter(annotation)


def validated(annotation: Any, node: Node, mistakes: Mistakes) -> Any:
    """The typed value of a node; None after adding what pydantic found wrong."""
    hidden = HIDDEN.get(getattr(annotation, "__name__", ""), set()) & set(node.live)
    for key in hidden:
        mistakes.add(node.live[key].named_at, unknown_key(key, keys_of(annotation)))
    try:
        value = _adapter(annotation).validate_python(node.plain())
        return None if hidden else value
    except ValidationError as trouble:
        for error in trouble.errors(include_url=False):
            _report(error, annotation, node, mistakes)
    return None


def _report(error: dict, annotation: Any, node: Node, mistakes: Mistakes) -> None:
    here = node
    for part in error["loc"]:
        if isinstance(here.value, dict) and str(part) in here.live:
            here = here.live[str(part)]
        elif isinstance(here.value, list) and isinstance(part, int) and part < len(here.value):
            here = here.value[part]
    kind, last = error["type"], str(error["loc"][-1]) if error["loc"] else ""
    if kind == "default_factory_not_called":
        return  # it follows from another mistake, which is reported
    if kind in ("missing", "extra_forbidden"):
        model = model_at(annotation, error["loc"])
        keys = keys_of(model) if model else {}
        if kind == "missing":
            mistakes.add_missing(here.named_at, missing_key(last, keys.get(last)))
        else:
            mistakes.add(here.named_at, unknown_key(last, keys))
    elif kind in ("union_tag_invalid", "union_tag_not_found"):
        _report_event(here, annotation, mistakes)
    else:
        whole = isinstance(here.value, dict) and kind == "value_error"
        mistakes.add(here.named_at if whole else here.place, _message(error, here))


def _message(error: dict, here: Node) -> str:
    kind, context = error["type"], error.get("ctx", {})
    found = f"found {kind_of(here.plain())}"
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        words = re.findall(r"'([^']*)'", context["expected"])
        return f"{found}; expected {' or '.join(words)}{Mistakes.suggestion(here.plain(), words)}"
    if kind in _BOUNDS:
        return f"{found}; expected {_BOUNDS[kind].format(**{k: _bound(v) for k, v in context.items()})}"
    if kind == "string_pattern_mismatch":
        return f"{found}; expected letters, digits, - and _"
    return f"{found}; expected {_SHAPES.get(kind, error['msg'][0].lower() + error['msg'][1:])}"


def _bound(value: object) -> str:
    return f"{value:g}" if isinstance(value, float | int) else str(value)


def _report_event(here: Node, annotation: Any, mistakes: Mistakes) -> None:
    members = get_args(get_args(annotation)[0])
    words = [get_args(member.model_fields["event"].annotation)[0] for member in members]
    tag = here.live.get("event")
    if tag is None:
        mistakes.add(here.named_at, f"missing 'event'; expected {', '.join(words)}")
    else:
        close = mistakes.suggestion(tag.plain(), words)
        mistakes.add(tag.place, f"found {kind_of(tag.plain())}; expected {', '.join(words)}{close}")


def unknown_key(key: str, known: Any) -> str:
    """`unknown key 'wieght', did you mean 'weight'?`, or the keys there are when none is close."""
    close = Mistakes.suggestion(key, known)
    return f"unknown key '{key[:60]}'{close or '; expected ' + ', '.join(known)}"


def missing_key(key: str, field: FieldInfo | None) -> str:
    """`missing 'window'; write `window: …``, with the field's examples."""
    examples = (field.examples if field else None) or []
    return f"missing '{key}'" + (f"; write {' or '.join(f'`{key}: {word}`' for word in examples)}" if examples else "")
