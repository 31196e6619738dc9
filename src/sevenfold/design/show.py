"""A design back as text, with every default filled in, and the hash that names what it says."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import is_dataclass
from io import StringIO
from typing import Any, get_args, get_origin

import yaml

import sevenfold.design.vocabulary as vocabulary
from sevenfold import units
from sevenfold.design.convert import without_none, written
from sevenfold.design.document import DECIMAL
from sevenfold.design.mapping import laid_over, nested
from sevenfold.design.part import Named, Part
from sevenfold.design.sections import Design


def show(design: Design) -> str:
    """The document with every default written out; it reads back to an equal design."""
    mapping = plain(design)
    for path, reason in design.na.items():
        mapping = laid_over(mapping, nested(path, {"na": reason}))
    texts = (_text({key: value}) for key, value in mapping.items())
    return "".join(f"\n{text}" if text.count("\n") > 1 else text for text in texts)


def hash_of(record: Any) -> str:
    """SHA-256, in hex, of what a design or any part of it says; where it was written does not count."""
    said = [plain(record), dict(getattr(record, "na", {}))]
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


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
            text = units.write(value, mark)
            return int(text) if text.isdigit() else text
        if isinstance(value, units.Range):
            return units.write_range(value)
        if isinstance(value, tuple) and get_origin(option) is tuple:
            return [_spelled(get_args(option)[0], one) for one in value]
        if isinstance(value, Mapping) and get_origin(option) is Mapping:
            return {key: _spelled(get_args(option)[1], one) for key, one in value.items()}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return plain(value) if is_dataclass(value) and not isinstance(value, type) else value


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


class _Dumper(yaml.SafeDumper):
    """Quotes what YAML would take for something else, and what our reader takes for a number."""


_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(rf"(?:{DECIMAL.pattern})\Z"), None)
