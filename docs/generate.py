"""Writes `docs/language.md` from the code: `python docs/generate.py`. A test demands that the file is up to date."""

from __future__ import annotations

import ast
import inspect
import typing
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

from sevenfold import registry, units
from sevenfold.design import findings, sections, vocabulary
from sevenfold.design.checks.examples import examples

WORDS = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false"}
HERE = Path(__file__).parent
STEPS = ("requirements", "framing", "data", "solutions", "evaluation", "serving", "monitoring")
KINDS = {"feature": "Features", "retriever": "Retrievers", "learner": "Learners", "reranker": "Re-rankers"}
REGISTRIES = {"feature": registry.FEATURES, "retriever": registry.RETRIEVERS, "learner": registry.LEARNERS,
              "reranker": registry.RERANKERS}


def language() -> str:
    """The whole page."""
    return "\n".join(["# The language", "", "Made from the code by `docs/generate.py`. A key without a default and without "
                      "*optional* must be written.", "", *_header(), *_steps(), *_parts(), *_checks()]).rstrip() + "\n"


def _header() -> Iterator[str]:
    yield from ("## Units", "", "| unit | written like |", "|---|---|")
    for unit in units.TYPES.values():
        kind = next(iter(getattr(unit, "__metadata__", ())), None)
        if kind is not None:
            yield f"| {kind.name} | `{kind.example}` |"
    yield from ("| range | `0.9..1.1` |", "", "Anything can be set aside with `{na: the reason}`.", "")


def _steps() -> Iterator[str]:
    hints = typing.get_type_hints(sections.Design, include_extras=True)
    yield from ("## The head", "", *_table(sections.Design, skip=(*STEPS, "na", "lines", "source")), "")
    for number, step in enumerate(STEPS, start=1):
        yield from (f"## {number} `{step}`", "")
        yield from _record(_inner(hints[step]), step)


def _record(kind: Any, path: str) -> Iterator[str]:
    yield from (*_table(kind), "")
    for name, hint in typing.get_type_hints(kind, include_extras=True).items():
        inner = _inner(hint)
        if inner not in (None, sections.Part):
            yield from (f"### `{path}.{name.rstrip('_')}`", "")
            yield from _record(inner, f"{path}.{name.rstrip('_')}")


def _table(kind: Any, skip: tuple[str, ...] = ()) -> Iterator[str]:
    comments = _comments(kind)
    yield from ("| key | type | default | |", "|---|---|---|---|")
    hints = typing.get_type_hints(kind, include_extras=True)
    for part in fields(kind):
        if part.name not in skip:
            hint = hints[part.name]
            yield f"| `{part.name.rstrip('_')}` | {_spell(hint)} | {_default(part, hint)} | {comments.get(part.name, '')} |"


def _comments(kind: Any) -> dict[str, str]:
    """Field → the comment behind it in the source."""
    found = {}
    for line in inspect.getsource(kind).splitlines():
        if ":" in line and "  # " in line:
            found[line.split(":")[0].strip()] = line.split("  # ", 1)[1].strip()
    return found


def _inner(hint: Any) -> Any:
    """The record inside `X | None`, `tuple[X, ...]` or a mapping to X."""
    if isinstance(hint, type) and hint.__module__ == sections.__name__ and is_dataclass(hint):
        return hint
    return next((found for found in map(_inner, typing.get_args(hint)) if found), None)


def _spell(hint: Any) -> str:
    if metadata := getattr(hint, "__metadata__", ()):
        return str(getattr(metadata[0], "name", "")) or _spell(hint.__origin__)
    arguments = [part for part in typing.get_args(hint) if part not in (type(None), Ellipsis)]
    if typing.get_origin(hint) is typing.Literal:
        return " · ".join(f"`{word}`" for word in arguments)
    if arguments:
        if _is_mapping(hint):
            return f"names → {_spell(arguments[-1])}"
        several = "list of " if typing.get_origin(hint) is tuple else ""
        return several + " or ".join(dict.fromkeys(map(_spell, arguments)))
    return WORDS.get(hint.__name__, hint.__name__.lower())


def _write(hint: Any, value: Any) -> str:
    """A default as a document writes it."""
    parts = [hint, *typing.get_args(hint)]
    unit = next((part.__metadata__[0] for part in parts if isinstance(getattr(part, "__metadata__", [0])[0], units.Unit)), None)
    written = units.write(value, unit) if unit and isinstance(value, (int, float)) else value
    return f"`{'none' if written is None else written}`"


def _is_mapping(hint: Any) -> bool:
    return "Mapping" in str(typing.get_origin(hint))


def _default(part: Any, hint: Any) -> str:
    if part.default is MISSING and part.default_factory is MISSING:
        return ""
    value = part.default if part.default is not MISSING else part.default_factory()
    if value is None:
        return "*optional*"
    return "*see below*" if is_dataclass(value) else _write(hint, value) if value not in ((), {}, "") else "*none*"


def _parts() -> Iterator[str]:
    for kind, title in KINDS.items():
        yield from (f"## {title}", "", "| name | parameters | what it is |", "|---|---|---|")
        for name, entry in vocabulary.VOCABULARY[kind].items():
            built = name in REGISTRIES[kind]
            about = _doc(REGISTRIES[kind], name) if built else "*in the language; not built yet*"
            taken = REGISTRIES[kind].schema(name) if built else vocabulary.schema(kind, name)
            words = ", ".join(f"{key}: {_spell(hint)}" + ("" if value is registry.REQUIRED else f" = {_write(hint, value)}")
                              for key, (hint, value) in taken.items())
            yield f"| `{name}` | {words} | {about if entry.family == 'other' else f'{entry.family}: {about}'} |"
        yield ""


def _doc(known: registry.Registry, name: str) -> str:
    """The first sentence of a part's docstring, read without importing it."""
    path = Path(registry.__file__).parent.joinpath(*known.package.split(".")[1:], f"{name}.py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    maker = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == registry.class_name(name))
    return " ".join((ast.get_docstring(maker) or "").split("\n\n")[0].split()).replace("|", "\\|")


def _checks() -> Iterator[str]:
    yield from ("## Checks", "", "Waive one with `waivers: [{code, reason, owner, until}]`.", "",
                "| code | name | severity | says | because |", "|---|---|---|---|---|")
    for code, example in examples().items():
        rule = findings.RULES[code]
        yield f"| {code} | {rule.name} | {rule.severity} | {example.rule} | {example.reason} |"


if __name__ == "__main__":
    (HERE / "language.md").write_text(language(), encoding="utf-8")
