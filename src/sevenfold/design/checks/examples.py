"""What is written about each rule: why it exists, changes at which it fires, and changes at which it nearly does.

They stand beside the rules' code, a YAML file for each family. A change is laid over a shipped design (`on`; video
where none is named): a null takes a key away, a list or a scalar replaces. A text is a whole document of its own.
What a rule says is its function's docstring; where reading or the data find the problem, there is no function and it stands
here; of what only the data can show there are no changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sevenfold.design.document import parse
from sevenfold.design.findings import RULES

DESIGNS = Path(__file__).parents[2] / "designs"
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # the same text, four times faster


@dataclass(frozen=True)
class Mutant:
    """A shipped design and what is changed in it; or a document of its own."""

    on: str
    change: Mapping[str, Any] | str

    def text(self) -> str:
        """The whole document."""
        if isinstance(self.change, str):
            return self.change
        return yaml.dump(laid_over(_shipped(self.on), self.change), Dumper=_DUMPER, sort_keys=False, allow_unicode=True)


@dataclass(frozen=True)
class Example:
    """What is written about one rule."""

    rule: str
    reason: str
    fires: tuple[Mutant, ...]
    near: tuple[Mutant, ...]


@cache
def examples() -> dict[str, Example]:
    """Code → what is written about it."""
    found: dict[str, Any] = {}
    for path in sorted(Path(__file__).parent.glob("*.yaml")):
        found |= parse(path.read_text(encoding="utf-8"))[0]
    return {code: _example(code, told) for code, told in sorted(found.items())}


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


def _example(code: str, told: Mapping[str, Any]) -> Example:
    find = RULES[code].find
    said = told.get("rule") or (find.__doc__ if find else "") or ""
    return Example(" ".join(said.split()), told["reason"],
                   *(tuple(_mutant(one, told.get("on", "video")) for one in _several(told.get(key, [])))
                     for key in ("fires", "near")))


def _several(changes: Any) -> list[Any]:
    return changes if isinstance(changes, list) else [changes]


def _mutant(change: Any, on: str) -> Mutant:
    if isinstance(change, str):
        return Mutant(on, change)
    return Mutant(change.get("on", on), {key: value for key, value in change.items() if key != "on"})


@cache
def _shipped(case: str) -> dict[str, Any]:
    return parse((DESIGNS / f"{case}.yaml").read_text(encoding="utf-8"))[0]
