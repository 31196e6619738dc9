"""The language as JSON Schema (draft 2020-12), for editors that complete and underline."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, get_args, get_origin

import sevenfold.design.vocabulary as vocabulary
from sevenfold import units
from sevenfold.design.convert import required, without_none, written
from sevenfold.design.described import key_texts, parameter_text, part_text
from sevenfold.design.part import Named, Spelled
from sevenfold.design.sections import Design

Schema = dict[str, Any]

PLAIN: dict[Any, Schema] = {
    str: {"type": ["string", "number"]}, bool: {"type": "boolean"}, int: {"type": "integer"}, float: {"type": "number"},
    units.Range: {"type": "string", "pattern": f"^{units.RANGE.pattern}$", "description": "A range, like 0.9..1.1."}}
BARE: dict[str, Schema] = {"count": {"type": "number", "minimum": 0},
                           "share": {"type": "number", "minimum": 0, "maximum": 1}}
ASIDE: Schema = {"type": "object", "description": "Set aside, with the reason.", "required": ["na"],
                 "properties": {"na": {"type": "string", "minLength": 1}}, "additionalProperties": False}


def schema() -> Schema:
    """A schema that every readable document satisfies, with a description of each key, part and unit."""
    writer = _Writer()
    whole = writer.keys(Design)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Sevenfold design", **whole,
            "$defs": {**writer.records, "na": ASIDE}}


class _Writer:
    """One pass over the type hints; each record is described once, in `records`."""

    def __init__(self) -> None:
        self.records: dict[str, Schema] = {}

    def keys(self, record: type) -> Schema:
        known = written(record)
        texts, must = key_texts(record), [key for key, (one, _) in known.items() if required(one)]
        values = {key: self.value(hint) if key in must else _optional(self.value(hint)) for key, (_, hint) in known.items()}
        described = {"description": " ".join((record.__doc__ or "").split()),
                     **_mapping({key: {**one, "description": texts[key]} for key, one in values.items()})}
        return {**described, "required": must} if must else described

    def value(self, hint: Any) -> Schema:
        options = without_none(hint)
        if len(options) > 1:
            return {"anyOf": [self.value(option) for option in options]}
        (hint,) = options
        origin = get_origin(hint)
        if origin is Literal:
            return {"enum": list(get_args(hint))}
        if origin is tuple:
            item = self.value(get_args(hint)[0])
            return {"anyOf": [{"type": "array", "items": item}, item]}
        if origin is Mapping:
            return {"type": "object", "additionalProperties": _optional(self.value(get_args(hint)[1]))}
        if origin is Annotated:
            return self.marked(hint.__metadata__[0])
        return PLAIN.get(hint) or self.reference(hint)

    def reference(self, record: type) -> Schema:
        if record.__name__ not in self.records:
            self.records[record.__name__] = self.keys(record)
        return {"$ref": f"#/$defs/{record.__name__}"}

    def marked(self, mark: Any) -> Schema:
        if isinstance(mark, Named):
            return self.feature() if mark.kind == "feature" else self.part(mark.kind)
        if isinstance(mark, Spelled):
            pattern = {"pattern": mark.pattern} if mark.pattern else {}
            return {"type": "string", "description": f"A {mark.what}.", **pattern}
        per = f"/{_one_of(mark.periods)}" if mark.periods else ""
        text = {"type": "string", "pattern": f"^{re.escape(mark.sign)}{units.NUMBER}{_one_of(mark.scales)}{per}$"}
        bare = BARE.get(mark.name, {"const": 0})
        return {"description": f"A {mark.name}, like {mark.example}.", "anyOf": [text, bare]}

    def part(self, kind: str) -> Schema:
        known = vocabulary.names(kind)
        lone = {"type": ["string", "number", "null"]}
        long = _mapping({name: {"description": part_text(kind, name), "anyOf": [self.parameters(kind, name), lone]}
                         for name in known})
        return {"description": f"A {kind}: its name, or {{name: parameters}}.",
                "anyOf": [{"enum": known}, {**long, "minProperties": 1, "maxProperties": 1}]}

    def feature(self) -> Schema:
        kinds = [{**self.parameters("feature", name), "required": [name], "description": part_text("feature", name)}
                 for name in vocabulary.names("feature")]
        return {"description": "A feature: nothing for the attribute of that name, or its kind and parameters.",
                "anyOf": [{"type": "null"}, *kinds]}

    def parameters(self, kind: str, name: str) -> Schema:
        known = vocabulary.schema(kind, name)
        return _mapping({key: {**_optional(self.value(hint)), "description": parameter_text(hint, default)}
                         for key, (hint, default) in known.items()})


def _mapping(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _optional(inner: Schema) -> Schema:
    return {"anyOf": [inner, {"$ref": "#/$defs/na"}, {"type": "null"}]}


def _one_of(words: Iterable[str]) -> str:
    return f"({'|'.join(map(re.escape, words))})"
