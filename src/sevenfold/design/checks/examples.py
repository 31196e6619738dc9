"""What is written about each rule: why it exists, changes at which it fires, and changes at which it nearly does.

They stand beside the rules' code, a YAML file for each family. A change is laid over a shipped design (`on`; video
where none is named): a null takes a key away, a list or a scalar replaces. A text is a whole document of its own.
What a rule says is its function's docstring; where reading or the data find the problem, there is no function and it stands
here; of what only the data can show there are no changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sevenfold.design.document import table
from sevenfold.design.findings import RULES
from sevenfold.design.mapping import laid_over as laid_over

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
        shipped = table(DESIGNS / f"{self.on}.yaml")
        return yaml.dump(laid_over(shipped, self.change), Dumper=_DUMPER, sort_keys=False, allow_unicode=True)


@dataclass(frozen=True)
class Example:
    """What is written about one rule."""

    rule: str
    reason: str
    fires: tuple[Mutant, ...]
    near: tuple[Mutant, ...]


def cases() -> list[str]:
    """The shipped designs by name."""
    return sorted(path.stem for path in DESIGNS.glob("*.yaml") if "." not in path.stem)


@cache
def examples() -> dict[str, Example]:
    """Code → what is written about it."""
    found = (pair for path in Path(__file__).parent.glob("*.yaml") for pair in table(path).items())
    return {code: _example(code, told) for code, told in sorted(found)}


def _example(code: str, told: Mapping[str, Any]) -> Example:
    said = told.get("rule") or RULES[code].find.__doc__ or ""
    return Example(" ".join(said.split()), told["reason"], *(tuple(_mutants(told, key)) for key in ("fires", "near")))


def _mutants(told: Mapping[str, Any], key: str) -> Iterator[Mutant]:
    changes, on = told.get(key, []), told.get("on", "video")
    for one in changes if isinstance(changes, list) else [changes]:
        whole = isinstance(one, str)
        yield Mutant(on, one) if whole else Mutant(one.get("on", on), {key: one[key] for key in one if key != "on"})
