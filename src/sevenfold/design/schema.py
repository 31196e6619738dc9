"""The language as JSON Schema (draft 2020-12), for editors that complete and underline."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

import sevenfold.design.vocabulary as vocabulary
from sevenfold import units
from sevenfold.design.convert import required, without_none, written
from sevenfold.design.part import Named, Spelled
from sevenfold.design.sections import Design

Schema = dict[str, Any]

_PERIODS = "|".join(units.PERIODS)


def _one_of(known: Mapping[str, float]) -> str:
    return f"({'|'.join(re.escape(name) for name in known)})"


PATTERNS = {
    "duration": f"^{units.NUMBER}{_one_of(units.DURATIONS)}$",
    "count": f"^{units.NUMBER}{_one_of(units.COUNTS)}$",
    "rate": f"^{units.NUMBER}{_one_of(units.COUNTS)}/({_PERIODS})$",
    "money a month": rf"^\${units.NUMBER}{_one_of(units.COUNTS)}/({_PERIODS})$",
    "size": f"^{units.NUMBER}{_one_of(units.SIZES)}$",
    "share": f"^{units.NUMBER}%$",
}
BARE: dict[str, Schema] = {"count": {"type": "number", "minimum": 0},
                           "share": {"type": "number", "minimum": 0, "maximum": 1}}


def schema() -> Schema:
    """A schema that every readable document satisfies, with a description of each section and unit."""
    records: dict[str, Schema] = {}
    whole = _record(Design, records)
    aside = {"type": "object", "description": "Set aside, with the reason.",
             "properties": {"na": {"type": "string", "minLength": 1}},
             "required": ["na"], "additionalProperties": False}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Sevenfold design", **whole,
            "$defs": {**records, "na": aside}}


def _record(record: type, records: dict[str, Schema]) -> Schema:
    known = written(record)
    must = [key for key, (one, _) in known.items() if required(one)]
    properties = {key: _schema(hint, records) if key in must else _optional(_schema(hint, records)) for key,
                  (_, hint) in known.items()}
    described: Schema = {"description": " ".join((record.__doc__ or "").split()), "type": "object",
                         "properties": properties, "additionalProperties": False}
    return {**described, "required": must} if must else described


def _optional(inner: Schema) -> Schema:
    return _any([inner, {"$ref": "#/$defs/na"}, {"type": "null"}])


def _any(options: list[Schema]) -> Schema:
    return options[0] if len(options) == 1 else {"anyOf": options}


def _schema(hint: Any, records: dict[str, Schema]) -> Schema:
    options = without_none(hint)
    if len(options) != 1:
        return _any([_schema(option, records) for option in options] or [{"type": "null"}])
    (hint,) = options
    if is_dataclass(hint) and hint is not units.Range:
        assert isinstance(hint, type)
        if hint.__name__ not in records:
            records[hint.__name__] = {}
            records[hint.__name__] = _record(hint, records)
        return {"$ref": f"#/$defs/{hint.__name__}"}
    return _WRITERS[get_origin(hint) or hint](hint, records)


def _marked(hint: Any, records: dict[str, Schema]) -> Schema:
    mark = hint.__metadata__[0]
    if isinstance(mark, Named):
        return (_feature if mark.kind == "feature" else _part)(mark.kind, records)
    if isinstance(mark, Spelled):
        return {"type": "string", "description": f"A {mark.what}.",
                **({"pattern": mark.pattern} if mark.pattern else {})}
    text = {"type": "string", "pattern": PATTERNS[mark.name]}
    return {"description": f"A {mark.name}, like {mark.example}.", "anyOf": [text, BARE.get(mark.name, {"const": 0})]}


def _params(kind: str, name: str, records: dict[str, Schema]) -> Schema:
    known = vocabulary.schema(kind, name)
    properties = {key: _optional(_schema(hint, records)) for key, (hint, _) in known.items()}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _part(kind: str, records: dict[str, Schema]) -> Schema:
    known = vocabulary.names(kind)
    long = {name: {"anyOf": [_params(kind, name, records), {"type": ["string", "number", "null"]}]} for name in known}
    return {"description": f"A {kind}: its name, or {{name: parameters}}.", "anyOf": [
        {"enum": known},
        {"type": "object", "properties": long, "additionalProperties": False, "minProperties": 1, "maxProperties": 1}]}


def _feature(kind: str, records: dict[str, Schema]) -> Schema:
    kinds = [{**_params(kind, name, records), "required": [name]} for name in vocabulary.names(kind)]
    return {"description": "A feature: nothing for the attribute of that name, or its kind and parameters.",
            "anyOf": [{"type": "null"}, *kinds]}


def _list(hint: Any, records: dict[str, Schema]) -> Schema:
    item = _schema(get_args(hint)[0], records)
    return {"anyOf": [{"type": "array", "items": item}, item]}


def _mapping(hint: Any, records: dict[str, Schema]) -> Schema:
    return {"type": "object", "additionalProperties": _optional(_schema(get_args(hint)[1], records))}


def _range(hint: Any, records: dict[str, Schema]) -> Schema:
    return {"type": "string", "pattern": f"^{units.RANGE.pattern}$", "description": "A range, like 0.9..1.1."}


_WRITERS: dict[Any, Callable[[Any, dict[str, Schema]], Schema]] = {
    Annotated: _marked,
    Literal: lambda hint, records: {"enum": list(get_args(hint))},
    tuple: _list,
    Mapping: _mapping,
    units.Range: _range,
    str: lambda hint, records: {"type": ["string", "number"]},
    bool: lambda hint, records: {"type": "boolean"},
    int: lambda hint, records: {"type": "integer"},
    float: lambda hint, records: {"type": "number"},
    NoneType: lambda hint, records: {"type": "null"},
}
