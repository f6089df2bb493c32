"""What a spec looks like from outside: which keys a model has, and which model a path leads to.

Knows pydantic's annotations. Knows no value and no place.
"""

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

HIDDEN = {"VenueSpec": {"share"}}  # resolved, never written


def keys_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The YAML keys of a model, in order, with their fields."""
    hidden = HIDDEN.get(model.__name__, set())
    return {field.alias or name: field for name, field in model.model_fields.items() if name not in hidden}


def model_at(annotation: Any, path: tuple) -> type[BaseModel] | None:
    """The model that holds the last key of a pydantic error's `loc`, starting from a field's annotation."""
    for part in path[:-1]:
        annotation = _step(annotation, part)
    annotation = _models(annotation)
    return annotation[0] if len(annotation) == 1 else None


def _step(annotation: Any, part: object) -> Any:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _step(get_args(annotation)[0], part)
    if origin is dict:
        return get_args(annotation)[1]
    if origin in (list, tuple):
        return get_args(annotation)[0]
    for model in _models(annotation):
        if part in keys_of(model):
            return keys_of(model)[part].annotation
        if part in _tags(model):
            return model
    return annotation


def _models(annotation: Any) -> list[type[BaseModel]]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _models(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [model for member in get_args(annotation) for model in _models(member)]
    return [annotation] if isinstance(annotation, type) and issubclass(annotation, BaseModel) else []


def _tags(model: type[BaseModel]) -> tuple:
    tag = model.model_fields.get("event")
    return get_args(tag.annotation) if tag is not None and get_origin(tag.annotation) is Literal else ()
