"""YAML becomes a typed run config; every mistake at once, with file:line:column. Knows words and units, no engine."""

from basisbt.config.afford import needs
from basisbt.config.presets import preset_names, preset_path
from basisbt.config.resolve import Resolved, load
from basisbt.config.schema import json_schema
from basisbt.config.specs import RunSpec

__all__ = ["Resolved", "RunSpec", "json_schema", "load", "needs", "preset_names", "preset_path"]
