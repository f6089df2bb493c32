"""What editors are told, and what no input may do."""

import json
import random
from pathlib import Path

from basisbt.config import json_schema, load
from basisbt.config.mistakes import Mistakes
from basisbt.config.reader import read_file
from basisbt.errors import ConfigError

REPO = Path(__file__).parents[3]


def test_schema_knows_every_key_of_the_repositorys_configs(good):
    schema = json_schema()
    assert "JSON Schema" not in schema and schema["$schema"].startswith("https://json-schema.org/")
    json.dumps(schema)
    paths = [REPO / "tests/data/config/good.yaml", *(REPO / "configs/runs").glob("*.yaml")]
    for path in paths:
        tree = read_file(path, Mistakes()).plain()
        assert fits(tree, schema, schema), path
    assert not fits({"nmae": "x"}, schema, schema)
    assert not fits({"data": {"timeframe": ["8h"]}}, schema, schema)
    for path in (REPO / "configs/venues").glob("*.yaml"):
        facts = read_file(path, Mistakes()).plain()
        facts.pop("stand_in", None)
        assert fits({"venues": {path.stem: facts}}, schema, schema), path


KINDS = {"object": dict, "array": list, "string": str, "number": (int, float), "integer": int, "boolean": bool,
         "null": type(None)}  # fmt: skip


def fits(value, part, schema):
    """A JSON Schema check of the words our schema uses, as `jsonschema` is not a dependency."""
    if isinstance(part, bool):
        return part
    if "$ref" in part:
        return fits(value, schema["$defs"][part["$ref"].split("/")[-1]], schema)
    for word in ("anyOf", "oneOf"):
        if word in part and not any(fits(value, option, schema) for option in part[word]):
            return False
    if "const" in part and value != part["const"] or "enum" in part and value not in part["enum"]:
        return False
    kinds = part.get("type", list(KINDS))
    if not any(isinstance(value, KINDS[kind]) for kind in ([kinds] if isinstance(kinds, str) else kinds)):
        return False
    if isinstance(value, dict):
        known, others = part.get("properties", {}), part.get("additionalProperties", True)
        if others is False and set(value) - set(known) or set(part.get("required", ())) - set(value):
            return False
        others = {} if isinstance(others, bool) else others
        return all(fits(child, known.get(key, others), schema) for key, child in value.items())
    if isinstance(value, list):
        return all(fits(child, part.get("items", {}), schema) for child in value)
    return True


def test_no_mutation_of_a_good_config_raises_anything_but_a_config_error(write, good):
    rng = random.Random(5)
    pieces = [*"{}[]:,-#&*!|>'\"%@`~?\t\n\0 \x85é§", "null", "none", "~", "[]", "{}", "-1", "1e400", "0x", "auto", "*"]
    pieces += ["<<: 1", "\n  ", "okx", "preset: okx", "carry: {bases: [X]}", "extends: desk.yaml", "9" * 30, "_", "\0"]
    words = good.replace(",", " ,").split(" ")
    good_ones = 0
    for i in range(350):
        text = list(words) if i % 2 else list(good)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(text))
            action = rng.randrange(4)
            if action == 0:
                text[at] = rng.choice(pieces)
            elif action == 1:
                text[at : at + rng.randint(1, 6)] = []
            elif action == 2:
                text[at:at] = [rng.choice(pieces)]
            else:
                text[at], text[rng.randrange(len(text))] = text[rng.randrange(len(text))], text[at]
        path = write(("" if i % 2 == 0 else " ").join(text).encode())
        try:
            load(path)
            good_ones += 1
        except ConfigError as trouble:
            assert ": error: " in str(trouble)
    assert 0 < good_ones < 300
