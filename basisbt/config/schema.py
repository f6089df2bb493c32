"""JSON Schema of a run config as a person writes it, for editors.

Knows the specs and what is allowed around them: nothing is required (a base file or a preset may say it), null
removes, and human text stands for numbers. Knows no value's meaning.
"""

from typing import Any

from basisbt.config.carry import CarrySpec
from basisbt.config.presets import DATED
from basisbt.config.shapes import HIDDEN
from basisbt.config.specs import RunSpec

_TEXTS = {"type": ["string", "array"], "items": {"type": "string"}}
_NONE = {"const": "none"}


def json_schema() -> dict[str, Any]:
    """The schema of a run config, as `basisbt schema` prints it."""
    schema = RunSpec.model_json_schema(by_alias=True)
    carry = CarrySpec.model_json_schema(by_alias=True)
    definitions = {**schema.pop("$defs"), **carry.pop("$defs", {}), "CarrySpec": carry}
    for name, definition in definitions.items():
        _loosen(definition, HIDDEN.get(name, set()))
    _loosen(schema, set())
    _widen(schema, definitions)
    schema |= {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A basisbt run"}
    return {**schema, "$defs": definitions}


def _loosen(definition: dict[str, Any], hidden: set[str]) -> None:
    """Nothing required, defaults left to the program, null allowed everywhere, resolved fields gone."""
    definition.pop("required", None)
    properties = definition.get("properties", {})
    for name in hidden:
        properties.pop(name, None)
    for name, part in properties.items():
        part.pop("default", None)
        part.pop("title", None)
        properties[name] = {"anyOf": [part, {"type": "null"}]}
        if "description" in part:
            properties[name]["description"] = part.pop("description")
        if "additionalProperties" in part:
            part["additionalProperties"] = {"anyOf": [part["additionalProperties"], {"type": "null"}]}


def _also(part: dict[str, Any], *others: dict[str, Any]) -> None:
    part["anyOf"] += others


def _widen(schema: dict[str, Any], definitions: dict[str, Any]) -> None:
    """What people may write besides the spec's own shape."""
    top, venue = schema["properties"], definitions["VenueSpec"]["properties"]
    top["schema"] = {"const": 1}
    top["kind"] = {"const": "run"}
    top["extends"] = _TEXTS
    top["carry"] = {"anyOf": [{"$ref": "#/$defs/CarrySpec"}, {"type": "null"}]}
    _also(top["tail"], _NONE)
    for key in DATED:
        _also(venue[key], _dated(key))
    for key in ("fees", "funding", "borrow", "impact"):
        _also(venue[key], _NONE)
    coin = venue["collateral"]["anyOf"][0]["additionalProperties"]["anyOf"]
    coin.append({"type": ["number", "string"]})  # a share, or brackets
    _also(venue["spread"], {"type": ["number", "string"]})
    tail = definitions["TailSpec"]["properties"]
    _also(tail["script"], {"type": "array", "items": {"type": "object", "required": ["event"]}})
    tail["replay"] = {"enum": [None, "none"]}
    _also(tail["sample"], _NONE)
    data = definitions["DataSpec"]["properties"]
    data["timerange"] = data["window"]


def _dated(name: str) -> dict[str, Any]:
    """A list of blocks, each with the day from which it holds."""
    block = {"type": "object", "required": ["valid_from"]}
    return {"type": "array", "items": block, "description": f"dated blocks of {name}"}
