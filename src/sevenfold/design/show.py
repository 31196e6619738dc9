"""A design back as text, with every default filled in, and the hash that names what it says."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from io import StringIO
from types import NoneType
from typing import Any, get_args, get_origin

import yaml

import sevenfold.design.vocabulary as vocabulary
from sevenfold import units
from sevenfold.design.convert import UNREAD, without_none, written
from sevenfold.design.document import DECIMAL, INTEGER, WORDS
from sevenfold.design.part import Named, Part
from sevenfold.design.sections import Design


def show(design: Design) -> str:
    """The document with every default written out; it reads back to an equal design."""
    mapping = plain(design)
    for path, reason in design.na.items():
        _set_aside(mapping, path.split("."), reason)
    texts = (_text({key: value}) for key, value in mapping.items())
    return "".join(f"\n{text}" if text.count("\n") > 1 else text for text in texts)


def hash_of(record: Any) -> str:
    """SHA-256, in hex, of what a design or any part of it says; where it was written does not count."""
    return hashlib.sha256(json.dumps(_canonical(record), sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def plain(record: Any) -> dict[str, Any]:
    """A record as the mapping that a document would write; what is missing is left out."""
    of: Any = type(record)
    values = {key: (hint, getattr(record, one.name)) for key, (one, hint) in written(of).items()}
    return {key: _spelled(hint, value) for key, (hint, value) in values.items() if value is not None}


def _spelled(hint: Any, value: Any) -> Any:
    """A value as it would be written where this type is asked for."""
    for option in without_none(hint):
        mark = getattr(option, "__metadata__", (None,))[0]
        if isinstance(value, Part) and isinstance(mark, Named):
            return _part(mark.kind, value)
        if isinstance(mark, units.Unit) and isinstance(value, int | float):
            return _number_or_text(units.write(value, mark))
        if isinstance(value, units.Range):
            return units.write_range(value)
        if isinstance(value, tuple) and get_origin(option) is tuple:
            return [_spelled(get_args(option)[0], one) for one in value]
        if isinstance(value, Mapping) and get_origin(option) is Mapping:
            return {key: _spelled(get_args(option)[1], one) for key, one in value.items()}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return plain(value) if is_dataclass(value) and not isinstance(value, type) else value


def _number_or_text(text: str) -> Any:
    return int(text) if text.isdigit() else text


def _part(kind: str, part: Part) -> Any:
    known = vocabulary.schema(kind, part.name)
    params = {key: _spelled(known[key][0], value) for key, value in part.params.items() if value is not None}
    if kind == "feature":
        return {part.name: params.get(part.name), **params}
    return {part.name: params} if params else part.name


def _text(section: dict[str, Any]) -> str:
    """A section, with what fits on one line on one line."""
    node: Any = _Dumper(StringIO(), sort_keys=False).represent_data(section)
    for _, value in node.value:
        _fold(value, whole=False)
    return str(yaml.serialize(node, Dumper=_Dumper, allow_unicode=True, width=1000))


def _fold(node: Any, *, whole: bool = True) -> int:
    """Set the style of a node and all in it; its width on one line."""
    if isinstance(node, yaml.ScalarNode):
        return len(node.value) + 2
    pairs = [pair if isinstance(pair, tuple) else (pair,) for pair in node.value]
    width = sum(_fold(one) for pair in pairs for one in pair) + 2
    node.flow_style = not pairs or (whole and width < 100)
    return width


def _set_aside(mapping: dict[str, Any], path: list[str], reason: str) -> None:
    for key in path[:-1]:
        mapping = mapping.setdefault(key, {})
    mapping[path[-1]] = {"na": reason}


def _canonical(value: Any) -> Any:
    """Plain JSON values, complete and in one order."""
    if value is UNREAD:
        raise ValueError("a design that could not be read has no hash")
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _canonical(getattr(value, one.name)) for one in fields(value) if one.compare}
    if isinstance(value, Mapping):
        return {str(key): _canonical(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(one) for one in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)  # 20 and 20.0 are equal, so they hash alike
    return value


class _Dumper(yaml.SafeDumper):
    """Quotes exactly the texts that our reader would take for something else."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012


def _words(kind: type) -> str:
    return "|".join(re.escape(word) for word, value in WORDS.items() if isinstance(value, kind))


for _tag, _pattern in {"int": INTEGER.pattern, "float": DECIMAL.pattern, "null": _words(NoneType),
                       "bool": _words(bool)}.items():
    _Dumper.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"),
                                  None)
