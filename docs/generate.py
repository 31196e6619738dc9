"""Writes what is made from the code: `python docs/generate.py`. A test demands that the files are up to date.

language.md     every key, part and check of the language          checks/    a page for each check, and their index
mutations.md    what the checks catch of faults planted on purpose
"""

from __future__ import annotations

import sys
import typing
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from sevenfold import registry, units
from sevenfold.design import findings, sections, vocabulary
from sevenfold.design.checks import pages
from sevenfold.design.checks.examples import examples
from sevenfold.design.convert import default_of, required
from sevenfold.design.described import comments, part_text, spell_type, spell_value
from sevenfold.design.facts import STEPS

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from design import mutants  # the tests know how faults are planted

HERE = Path(__file__).parent
KINDS = {"feature": "Features", "retriever": "Retrievers", "learner": "Learners", "reranker": "Re-rankers"}
EDITOR = """Editors complete and underline with `sevenfold schema > sevenfold.schema.json` and, as a document's first line,
`# yaml-language-server: $schema=sevenfold.schema.json` (the path from the document to the schema)."""
EXPRESSIONS = """## Expressions

`rating >= 4`, `not hidden and (clicked or watched > 0.5)`, `label in ('spam', 'ham')`: columns of an event, held against
numbers, quoted texts, `true` or `false` by `==`, `!=`, `>=`, `<=`, `>`, `<` or `in`, joined by `and`, `or`, `not` and brackets.
A column by itself holds where it is true or not zero. A column whose name is no plain word (blanks, signs, a digit first)
stands in backticks, and YAML then wants quotes around the whole: ``is: "`Amount (€)` > 20"``."""
USE = """Made from the code by `docs/generate.py`. `sevenfold check --explain CODE` prints a page; a name does as well as a code.

Before a commit, with [pre-commit](https://pre-commit.com): add the hook `sevenfold-check` of this repository to
`.pre-commit-config.yaml`, with `files:` as the pattern of your designs where they do not lie in a folder `designs/`.
In a workflow on GitHub, `sevenfold check --format github FILE...` marks each line that has a finding."""


def everything() -> dict[str, str]:
    """Path below this folder → text, of every file that is made."""
    made = {f"checks/{code}.md": pages.page(code) for code in findings.RULES}
    return {"language.md": language(), "mutations.md": mutants.text(), "checks/README.md": index(), **made}


def index() -> str:
    """The checks by family."""
    lines = ["# Checks", "", USE]
    for letter, question in pages.families().items():
        lines += ["", f"## {letter}: {question}", "", "| code | name | severity | says |", "|---|---|---|---|"]
        lines += [f"| [{code}]({code}.md) | {rule.name} | {rule.severity} | {examples()[code].rule} |"
                  for code, rule in sorted(findings.RULES.items()) if code[0] == letter]
    return "\n".join(lines) + "\n"


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
    yield from ("| range | `0.9..1.1` |", "", "Anything can be set aside with `{na: the reason}`.", "",
                EDITOR, "", EXPRESSIONS, "")


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
    said = comments(kind)
    yield from ("| key | type | default | |", "|---|---|---|---|")
    hints = typing.get_type_hints(kind, include_extras=True)
    for part in fields(kind):
        if part.name not in skip:
            hint = hints[part.name]
            about = said.get(part.name, "").replace("|", "\\|")
            yield f"| `{part.name.rstrip('_')}` | {spell_type(hint)} | {_default(part, hint)} | {about} |"


def _inner(hint: Any) -> Any:
    """The record inside `X | None`, `tuple[X, ...]` or a mapping to X."""
    if isinstance(hint, type) and hint.__module__ == sections.__name__ and is_dataclass(hint):
        return hint
    return next((found for found in map(_inner, typing.get_args(hint)) if found), None)


def _default(part: Any, hint: Any) -> str:
    if required(part):
        return ""
    value = default_of(part)
    if value is None:
        return "*optional*"
    return "*see below*" if is_dataclass(value) else f"`{spell_value(hint, value)}`" if value not in ((), {}, "") else "*none*"


def _parts() -> Iterator[str]:
    for kind, title in KINDS.items():
        yield from (f"## {title}", "", "| name | parameters | what it is |", "|---|---|---|")
        for name, entry in vocabulary.VOCABULARY[kind].items():
            words = ", ".join(_parameter(key, *known) for key, known in vocabulary.schema(kind, name).items())
            about = part_text(kind, name).replace("|", "\\|")
            yield f"| `{name}` | {words} | {about if entry.family == 'other' else f'{entry.family}: {about}'} |"
        yield ""


def _parameter(key: str, hint: Any, value: Any) -> str:
    return f"{key}: {spell_type(hint)}" + ("" if value is registry.REQUIRED else f" = `{spell_value(hint, value)}`")


def _checks() -> Iterator[str]:
    yield from ("## Checks", "", "Waive one with `waivers: [{code, reason, owner, until}]`.", "",
                "| code | name | severity | says | because |", "|---|---|---|---|---|")
    for code, example in examples().items():
        rule = findings.RULES[code]
        yield f"| [{code}](checks/{code}.md) | {rule.name} | {rule.severity} | {example.rule} | {example.reason} |"


if __name__ == "__main__":
    (HERE / "checks").mkdir(exist_ok=True)
    for old in (HERE / "checks").glob("*.md"):
        old.unlink()
    for name, text in everything().items():
        (HERE / name).write_text(text, encoding="utf-8")
