"""What a key or a part of the language is, in words: read from the source, for the documentation and for editors."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from dataclasses import Field, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import sevenfold.design.vocabulary as vocabulary
from sevenfold import registry, units
from sevenfold.design.convert import default_of, required, without_none, written
from sevenfold.design.part import unit_of

WORDS: dict[Any, str] = {str: "text", int: "whole number", float: "number", bool: "true or false", units.Range: "range"}


@cache
def comments(record: type) -> dict[str, str]:
    """Field → the comment behind it in the source."""
    lines = [line for line in inspect.getsource(record).splitlines() if ":" in line and "  # " in line]
    return {line.split(":")[0].strip(): line.split("  # ", 1)[1].strip() for line in lines}


@cache
def key_texts(record: type) -> dict[str, str]:
    """Key of a record → its comment, its type with an example, its default."""
    return {key: _joined(comments(record).get(one.name, ""), _type_text(hint), _default_text(one, hint))
            for key, (one, hint) in written(record).items()}


def parameter_text(hint: Any, default: Any) -> str:
    """The type of a part's parameter with an example, and its default."""
    stated = "" if default is registry.REQUIRED or default is None else f"default {spell_value(hint, default)}"
    return _joined(_type_text(hint), stated)


@cache
def part_text(kind: str, name: str) -> str:
    """What a part does: the first sentence of its maker's docstring, read without importing it."""
    known = vocabulary.REGISTRIES.get(kind)
    if known is None:
        return f"one way to take {kind}"
    if name not in known:
        return "in the language; not built yet"
    path = Path(registry.__file__).parent.joinpath(*known.package.split(".")[1:], f"{name}.py")
    return _docstring(path, registry.class_name(name)) if path.exists() else f"a {kind} of another package"


def spell_type(hint: Any) -> str:
    """A type as a person names it: `duration`, `list of text`, `names → share`."""
    options = without_none(hint)
    if len(options) > 1:
        return " or ".join(dict.fromkeys(map(spell_type, options)))
    (hint,) = options
    if metadata := getattr(hint, "__metadata__", ()):
        mark = metadata[0]
        return str(getattr(mark, "name", None) or getattr(mark, "kind", None) or mark.what)
    origin, arguments = get_origin(hint), [one for one in get_args(hint) if one is not Ellipsis]
    if origin is Literal:
        return " · ".join(f"`{word}`" for word in arguments)
    if origin is tuple:
        return f"list of {spell_type(arguments[0])}"
    if origin is Mapping:
        return f"names → {spell_type(arguments[-1])}"
    return WORDS.get(hint) or str(hint.__name__).lower()


def spell_value(hint: Any, value: Any) -> str:
    """A default as a document writes it."""
    if (unit := unit_of(hint)) and isinstance(value, int | float):
        return units.write(value, unit)
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return units.plain(value) if isinstance(value, float) else str(value)


def _type_text(hint: Any) -> str:
    options = without_none(hint)
    record = next((option for option in options if is_dataclass(option) and option is not units.Range), None)
    if record is not None:
        return (record.__doc__ or "").removesuffix(".")
    unit = unit_of(hint)
    like = f", like {unit.example if unit else '0.9..1.1'}" if unit or units.Range in options else ""
    choice = "one of " if all(get_origin(option) is Literal for option in options) else ""
    return choice + spell_type(hint).replace("`", "").replace(" · ", ", ") + like


def _default_text(one: Field[Any], hint: Any) -> str:
    if required(one):
        return "must be given"
    value = default_of(one)
    return "" if value in (None, (), {}, "") or is_dataclass(value) else f"default {spell_value(hint, value)}"


def _joined(*parts: str) -> str:
    return "; ".join(filter(None, parts))


@cache
def _docstring(path: Path, name: str) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    maker = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    return " ".join((ast.get_docstring(maker) or "").split("\n\n")[0].split())
