"""Plain values as a document spells them: found by their path, laid over one another, written on one line."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

EMPTY: tuple[Any, ...] = ([], {})


def at(mapping: Mapping[str, Any], path: str) -> Any:
    """The value at a path; None where there is none."""
    value: Any = mapping
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def said(mapping: Mapping[str, Any], path: str) -> str | None:
    """The value at a path on one line; None where there is none."""
    value = at(mapping, path)
    return None if value is None else flow(value)


def nested(path: str, value: Any) -> dict[str, Any]:
    """The value under the keys of its path."""
    return reduce(lambda inner, key: {key: inner}, reversed(path.split(".")), value)


def laid_over(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """A change over a mapping: a null takes a key away, a mapping goes on inside, anything else replaces.

    >>> laid_over({"a": {"b": 1, "c": 2}}, {"a": {"b": None, "d": 3}})
    {'a': {'c': 2, 'd': 3}}
    """
    merged = dict(base)
    for key, value in change.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(merged.get(key), Mapping) and "na" not in value:
            merged[key] = laid_over(merged[key], value)
        else:
            merged[key] = value
    return merged


def flow(value: Any) -> str:
    """A value on one line, as a document writes it; what is empty inside it is left out.

    >>> flow({"keep": 500, "else": ["popular", True]})
    '{keep: 500, else: [popular, true]}'
    """
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {flow(one)}' for key, one in value.items() if one not in EMPTY)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(flow, value))}]"
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
