"""Designs with a fault planted, and sound designs written otherwise: what the checks are measured on.

planted     every change that a rule's page lists, laid over the design it names
moved       a rule's first change, laid over every other shipped design in which it fits
sound       every shipped design on all its data, and seeded rewritings that change nothing that matters
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from io import StringIO
from random import Random
from typing import Any

import yaml

from sevenfold.cli import new
from sevenfold.design import examine
from sevenfold.design.checks.examples import examples, laid_over
from sevenfold.design.checks.pages import found
from sevenfold.design.document import parse
from sevenfold.design.findings import MEASURED, RULES, Finding
from sevenfold.units import plain

REWRITTEN = 200
# How far a quantity may go either way and leave a sound design sound: limits loosen, load and time fall.
BOUNDS = {
    "requirements.goal.within": (1, 2), "requirements.limits.p99": (1, 1.5), "requirements.limits.cost": (1, 1.5),
    "requirements.scale.requests_per_user": (0.8, 1), "requirements.scale.items": (0.8, 1),
    "evaluation.least_effect": (0.5, 2), "serving.*.within": (0.7, 1), "data.features.*.*.over": (0.6, 1),
    "data.features.*.*.prior": (0.5, 2), "data.split.validate": (0.8, 1),
}
UNITS = {"ms": ("s", 0.001), "min": ("h", 1 / 60), "h": ("min", 60), "d": ("h", 24), "%": ("", 0.01), "M": ("k", 1000)}
FAST: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
REMARKS = ("# settled with the team", "#", "# ? ask again in spring", "# a: b, [c], {d")


@dataclass(frozen=True)
class Row:
    """What one rule caught: of its own changes, and of its first change in other designs."""

    code: str
    name: str
    planted: int
    caught: int
    moved: int
    caught_moved: int


@cache
def rows() -> tuple[Row, ...]:
    """A row for each rule that a document alone can break."""
    return tuple(_row(code) for code in sorted(RULES.keys() - MEASURED.keys()))


def _row(code: str) -> Row:
    own = [bool(found(RULES[code], one.text())) for one in examples()[code].fires]
    others = list(moved(code))
    return Row(code, RULES[code].name, len(own), sum(own), len(others), sum(others))


def moved(code: str) -> Iterator[bool]:
    """Whether the rule speaks of its first change over each other design that has the keys around it.

    Where the change brings an error of another rule, it does not fit.
    """
    first = examples()[code].fires[0]
    for case in new.cases() if isinstance(first.change, Mapping) else ():
        if case != first.on and _fits(shipped(case), first.change):
            text = json.dumps(laid_over(shipped(case), first.change), ensure_ascii=False)
            findings = [*examine(text), *(found(RULES[code], text) if code == "Z12" else ())]
            if all(one.code == code or one.severity != "error" for one in findings):
                yield any(one.code == code for one in findings)


def _fits(base: Any, change: Mapping[str, Any]) -> bool:
    return isinstance(base, Mapping) and all(
        _fits(base.get(key), value) for key, value in change.items() if isinstance(value, Mapping) and "na" not in value)


@cache
def shipped(case: str, data: str | None = None) -> dict[str, Any]:
    """A shipped design as plain values."""
    return parse(new.text(case, data))[0]


def sound() -> Iterator[tuple[str, str]]:
    """Name and text of every shipped design on all the data it can start on."""
    yield from ((f"{case}.{data}", new.text(case, data)) for case in new.cases() for data in new.variants(case))


def rewritten(count: int = REWRITTEN, seed: int = 7) -> Iterator[tuple[str, str]]:
    """Name and text of sound designs with other names, other quantities, another order and another look."""
    bases = list(sound())
    for number in range(count):
        name, text = bases[number % len(bases)]
        random = Random(seed * 1_000_003 + number)
        mapping = _quantities(_renamed(parse(text)[0], random), random)
        yield f"{name} {number}", written(mapping, random)


def false_findings(texts: Iterator[tuple[str, str]]) -> list[tuple[str, Finding]]:
    """Everything that is said of designs of which nothing should be said."""
    return [(name, one) for name, text in texts for one in examine(text)]


def written(mapping: Mapping[str, Any], random: Random) -> str:
    """The mapping in another order, flow and block mixed, quoted here and there, with remarks and empty lines between."""
    node: Any = yaml.SafeDumper(StringIO(), sort_keys=False).represent_data(_shuffled(mapping, random))
    _restyle(node, random, outer=True)
    text = yaml.serialize(node, Dumper=FAST, allow_unicode=True, width=100_000)
    lines = [_remarked(line, random) for line in text.splitlines()]
    return random.choice(("", "\ufeff", "# head\n\n", "---\n")) + random.choice(("\n", "\n", "\r\n")).join([*lines, ""])


def _renamed(design: dict[str, Any], random: Random) -> dict[str, Any]:
    """Other names for the solutions, and for the features that nothing else names."""
    said = set(re.findall(r"\w+", json.dumps([design["solutions"], design["serving"], _definitions(design)])))
    groups = {group: dict(_rename(name, definition, said, random) for name, definition in features.items())
              for group, features in design["data"].get("features", {}).items()}
    solutions = {f"way_{random.randrange(10**6)}": one for one in design["solutions"].values()}
    data = {**design["data"], **({"features": groups} if groups else {})}
    return {**design, "data": data, "solutions": solutions}


def _definitions(design: dict[str, Any]) -> list[Any]:
    return [one for features in design["data"].get("features", {}).values() for one in features.values()]


def _rename(name: str, definition: Any, said: set[str], random: Random) -> tuple[str, Any]:
    if name in said or random.random() < 0.3:
        return name, definition
    return f"thing_{random.randrange(10**6)}", {"attribute": name} if definition is None else definition


def _quantities(design: dict[str, Any], random: Random) -> dict[str, Any]:
    for path, bounds in BOUNDS.items():
        factor = random.uniform(*bounds)
        _at(design, path.split("."), lambda value, factor=factor: _moved_by(value, factor, random))
    return design


def _at(inner: Any, path: list[str], change: Callable[[Any], Any]) -> None:
    """Change in place what lies at a path, in which * stands for every key."""
    if not isinstance(inner, dict):
        return
    for key in list(inner) if path[0] == "*" else [path[0]] if path[0] in inner else []:
        if path[1:]:
            _at(inner[key], path[1:], change)
        else:
            inner[key] = change(inner[key])


def _moved_by(value: Any, factor: float, random: Random) -> Any:
    """`120ms` times 1.2 as `144ms` or `0.144s`; what is no quantity stays."""
    match = re.fullmatch(r"(\$?)([\d.]+)(\D*)", str(value))
    if match is None:
        return value
    sign, number, unit = match.groups()
    amount = float(f"{float(number) * factor:.3g}")
    if unit in UNITS and random.random() < 0.3:
        unit, ratio = UNITS[unit]
        amount = float(f"{amount * ratio:.6g}")
    text = f"{sign}{plain(amount)}{unit}"
    return amount if not (sign or unit) else text


def _shuffled(value: Any, random: Random, path: str = "") -> Any:
    """Keys in another order, except of the solutions, whose order is said."""
    if not isinstance(value, Mapping):
        return value
    keys = list(value)
    if path != "solutions":
        random.shuffle(keys)
    return {key: _shuffled(value[key], random, key) for key in keys}


def _restyle(node: Any, random: Random, *, outer: bool = False) -> None:
    if isinstance(node, yaml.ScalarNode):
        if node.tag.endswith(":str"):
            node.style = random.choice((None, None, None, "'", '"'))
        return
    node.flow_style = not outer and random.random() < 0.5
    for inner in node.value:
        for one in inner if isinstance(inner, tuple) else (inner,):
            _restyle(one, random)


def _remarked(line: str, random: Random) -> str:
    choice = random.random()
    if choice < 0.1:
        return f"{line}   {random.choice(REMARKS)}"
    if choice < 0.2:
        return f"{' ' * random.randrange(9)}{random.choice(REMARKS)}\n{line}"
    return f"\n{line}" if choice < 0.3 else line


def text() -> str:
    """The whole page: a row for each rule, their sum, and what was said of sound designs."""
    table, shipped_texts, others = rows(), list(sound()), list(rewritten())
    wrong = len(false_findings(iter([*shipped_texts, *others])))
    total = [sum(getattr(one, key) for one in table) for key in ("planted", "caught", "moved", "caught_moved")]
    lines = [f"| [{one.code}](checks/{one.code}.md) | {one.name} | {one.caught} of {one.planted} | {_elsewhere(one)} |"
             for one in table]
    return "\n".join([
        "# What the checks catch", "",
        "Made by `docs/generate.py`; `bench/mutations.py` prints it with timings. A mutant is a shipped design with one fault "
        "planted: each of a rule's own,", "which differ in kind; and its first one laid over every other shipped design that has "
        "the keys for it, where it need not be a fault.", "",
        "| code | name | its mutants caught | the first one elsewhere |", "|---|---|---|---|", *lines,
        f"| | **{len(table)} rules** | **{total[1]} of {total[0]}** | {total[3]} of {total[2]} |", "",
        f"Sound designs: {len(shipped_texts)} as shipped (each on all its data) and {len(others)} rewritten ones (other names, "
        "quantities moved within bounds,", "keys in another order, flow and block style mixed, quotes, remarks, line ends): "
        f"**{wrong} false findings**.", ""])


def _elsewhere(one: Row) -> str:
    return f"{one.caught_moved} of {one.moved}" if one.moved else "–"
