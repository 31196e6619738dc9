"""The application, described by OpenAPI: made from the types that read and write its bodies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

import msgspec
import pyarrow as pa

from sevenfold.serving.answering import Answered, Shown
from sevenfold.serving.asked import MOST_ITEMS, Ask, Asks, Attribute, Context, Event, Events, Items, Users
from sevenfold.serving.attributes import tables
from sevenfold.serving.intake import Outcome
from sevenfold.serving.memory import Memory
from sevenfold.serving.problems import Problem
from sevenfold.serving.server import Receipt

WHERE = "#/components/schemas/{name}"


class Answers(msgspec.Struct):
    """The answers to several questions, in their order."""

    answers: list[Answered]


class Similar(msgspec.Struct):
    """The items next to one."""

    item: str
    items: list[Shown]
    version: str


class Health(msgspec.Struct):
    """That it runs, or answers."""

    status: str
    version: str = ""


ID = {"type": "string", "minLength": 1, "maxLength": 256}
SIZE = {"name": "k", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": MOST_ITEMS}}
USER = {"name": "id", "in": "path", "required": True, "schema": ID}
ITEM = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
PATHS: Mapping[str, tuple[str, str, list[Any], list[Any], list[Any], tuple[int, ...]]] = {
    # path: method, what it does, parameters, bodies, answers, what can go wrong
    "/v1/answer": ("post", "The best items, or what is predicted, for one question or several.", [], [Ask, Asks],
                   [Answered, Answers], (400, 408, 413, 421, 422, 503)),
    "/v1/events": ("post", "Take what happened, durably, each once by its id.", [], [Event, Events], [Outcome],
                   (400, 408, 413, 421, 422, 429, 501, 503)),
    "/v1/items": ("post", "What is known of items from now on; a new one joins the catalogue.", [], [Attribute, Items], [Outcome],
                  (400, 408, 413, 421, 422, 429, 501, 503)),
    "/v1/users": ("post", "What is known of users from now on.", [], [Attribute, Users], [Outcome],
                  (400, 408, 413, 421, 422, 429, 501, 503)),
    "/v1/explain": ("get", "One answer, with who proposed what and what fell out, and what became of an item.",
                    [], [], [dict[str, Any]], (404, 421, 422, 503)),
    "/v1/items/{id}/similar": ("get", "The items next to one.", [ITEM, SIZE], [], [Similar], (404, 421, 422)),
    "/v1/users/{id}": ("delete", "Delete a user: nothing from before is read any more.", [USER], [], [Receipt],
                       (401, 403, 421, 422, 503)),
    "/health/live": ("get", "The process runs.", [], [], [Health], (421,)),
    "/health/ready": ("get", "It is loaded, warm and answers.", [], [], [Health], (421, 503)),
}


KINDS: tuple[tuple[Callable[[pa.DataType], bool], str], ...] = (
    (pa.types.is_boolean, "boolean"), (pa.types.is_integer, "integer"), (pa.types.is_floating, "number"),
    (pa.types.is_list, "array"))


def document(context: Context, memory: Memory) -> dict[str, Any]:
    """The whole description; the columns of the log and of the tables are those of one bundle."""
    types = list(dict.fromkeys(kind for _, _, _, takes, gives, _ in PATHS.values() for kind in [*takes, *gives]))
    schemas, components = msgspec.json.schema_components([*types, Problem], ref_template=WHERE)
    by_type = dict(zip([*types, Problem], schemas, strict=True))
    paths: dict[str, Any] = {path: {verb: _operation(told, parameters, [by_type[one] for one in takes],
                                                     [by_type[one] for one in gives], errors, by_type[Problem])}
                             for path, (verb, told, parameters, takes, gives, errors) in PATHS.items()}
    components["Ask"] |= _question(components["Ask"]["properties"], context)
    components["Event"]["properties"]["values"] = _columns(context.all, context.needed)
    for many in (Items, Users):
        (of,) = many.__struct_fields__
        components[many.__name__]["properties"][of]["items"] = one = _attributes(components["Attribute"], memory, of)
        body = paths[f"/v1/{of}"]["post"]["requestBody"]["content"]["application/json"]
        body["schema"] = _one([one, by_type[many]])
    del components["Attribute"]
    paths["/v1/explain"]["get"]["parameters"] = [
        SIZE if name == "k" else {"name": name, "in": "query", "required": context.fields.get(name, False), "schema": ID}
        for name in dict.fromkeys([*(name for name in context.fields if name != "likes"), "item"])]
    return {"openapi": "3.1.0", "info": {"title": "Sevenfold", "version": version("sevenfold")}, "paths": paths,
            "components": {"schemas": components}}


def _question(properties: dict[str, Any], context: Context) -> dict[str, Any]:
    """What one design is asked: a field that must be there is never null."""
    asked = {name: properties[name] for name in context.fields}
    needed = [name for name, must in context.fields.items() if must]
    asked |= {name: {"anyOf": [kind for kind in asked[name]["anyOf"] if kind != {"type": "null"}]} for name in needed}
    return {"properties": {**asked, "context": _columns(context.kinds, [])}, "required": needed}


def _attributes(told: Mapping[str, Any], memory: Memory, of: str) -> dict[str, Any]:
    """What may be told of one user or item."""
    entities, key, _ = tables(memory, of)
    kinds = {field.name: field.type for field in entities.table.schema if field.name != key}
    whole = {"type": ["integer", "string"], "pattern": "^(0|-?[1-9][0-9]{0,17})$", **_range(pa.int64())}
    named = {"id": whole} if entities.ids.dtype.kind == "i" else {}
    return {**told, "properties": {**told["properties"], **named, "values": _columns(kinds, [])}}


def _columns(kinds: Mapping[str, pa.DataType], needed: list[str]) -> dict[str, Any]:
    """An object of columns, each of its kind or missing; a time is text or a number."""
    properties = {}
    for name, kind in kinds.items():
        word = next((word for fits, word in KINDS if fits(kind)), "string")
        words = ["string", "integer"] if pa.types.is_temporal(kind) else [word]
        inner = {"items": next(iter(_columns({"": kind.value_type}, [""])["properties"].values()))} if word == "array" else {}
        moment = {"format": "date-time", **_range(pa.int64())} if pa.types.is_temporal(kind) else {}
        properties[name] = {"type": words if name in needed else [*words, "null"], **_range(kind), **inner, **moment}
    return {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}


def _range(kind: pa.DataType) -> dict[str, Any]:
    """The numbers that a column of integers has room for."""
    if not pa.types.is_integer(kind):
        return {}
    signed = bool(pa.types.is_signed_integer(kind))
    return {"minimum": -(1 << kind.bit_width - 1) if signed else 0, "maximum": (1 << kind.bit_width - signed) - 1}


def _operation(told: str, parameters: list[Any], takes: list[Any], gives: list[Any], errors: tuple[int, ...],
               problem: Any) -> dict[str, Any]:
    responses = {"200": {"description": "Done.", "content": {"application/json": {"schema": _one(gives)}}}}
    responses |= {str(status): {"description": "Refused.", "content": {"application/problem+json": {"schema": problem}}}
                  for status in errors}
    body = {"requestBody": {"required": True, "content": {"application/json": {"schema": _one(takes)}}}} if takes else {}
    return {"summary": told, "parameters": parameters, **body, "responses": responses}


def _one(schemas: list[Any]) -> Any:
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
