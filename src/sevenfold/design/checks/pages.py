"""The page of a rule: what it says, why, where it speaks and where not, and how to accept it. All of it is computed.

`sevenfold check --explain CODE` prints a page; `docs/checks/` holds all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from sevenfold.design.checks import FAMILIES
from sevenfold.design.checks.examples import Mutant, examples
from sevenfold.design.checks.running import unbuilt
from sevenfold.design.convert import join
from sevenfold.design.document import parse
from sevenfold.design.findings import MEASURED, RULES, SEVERITIES, STAGES, UNUSABLE, Finding, Rule, related
from sevenfold.design.mapping import at, laid_over, nested
from sevenfold.design.read import examine, read
from sevenfold.errors import DesignError, nearest

DAY = "2030-01-31"  # until when the waiver of a printed page holds
EVER = "9999-12-31"
REASON = "why this is right here"
MENDED = "It can be neither waived nor set aside; it has to be mended."


def address(code: str) -> str:
    """Where the documentation has a rule's page."""
    return f"docs/checks/{code}.md"


def code_of(word: str) -> str:
    """The code of the rule that a code or a name means, in whatever case."""
    codes = {**{code.lower(): code for code in RULES}, **{rule.name: code for code, rule in RULES.items()}}
    if word.lower() not in codes:
        known = [*RULES, *(rule.name for rule in RULES.values())]
        near = nearest(word.upper() if len(word) <= 4 else word.lower(), known)
        raise DesignError("", f"no check is called '{word}'", near if near.startswith("Did") else
                          f"The codes go {', '.join(families())}, each with two digits; docs/checks/README.md lists them.")
    return codes[word.lower()]


def families() -> dict[str, str]:
    """Letter of a family → the question that it asks: the first line of its file."""
    heads = sorted(str(one.__doc__).split("\n")[0] for one in FAMILIES)
    return {head[0]: head.partition(": ")[2].partition("?")[0] + "?" for head in heads}


def page(code: str, until: str = DAY) -> str:
    """The page of a rule as Markdown; `until` is the last day of the waiver that it offers."""
    rule, example = RULES[code], examples()[code]
    if code in MEASURED:
        body = ["Only the data can show it: `sevenfold check FILE --data` and a run look for it.",
                "## To accept it", MENDED if code == UNUSABLE else _waiving({"code": code, "reason": REASON,
                                                                             "owner": "your-name", "until": until})]
    else:
        says = "\n".join(one.text() for one in found(rule, example.fires[0].text()))
        body = ["## Where it speaks", _changed(example.fires[0]), f"It says:\n\n```\n{says}\n```",
                "## Where it does not", *map(_changed, example.near),
                "## To accept it", *_accepting(rule, example.fires[0], until)]
    head = [f"# {code} {rule.name}", f"{example.rule} {example.reason}", f"Severity: {_severity(rule)}."]
    return "\n\n".join([*head, *body]) + "\n"


def found(rule: Rule, text: str) -> list[Finding]:
    """What a rule says of a document."""
    design = read(text)[0] if rule.code == "Z12" else None
    ahead = unbuilt(design) if design else []
    return [one for one in (*examine(text), *ahead) if one.code == rule.code]


def _severity(rule: Rule) -> str:
    """How severe it is in which stage, the worst first."""
    first = {rule.at(stage): stage for stage in reversed(STAGES)}
    if first[rule.severity] == STAGES[0]:
        return f"{rule.severity} at every stage"
    milder = [f"{severity} at `{first[severity]}`" for severity in SEVERITIES if severity in first and severity != rule.severity]
    return ", ".join([f"{rule.severity} from stage `{first[rule.severity]}` on", *milder, *(["silent before"] * (None in first))])


def _changed(mutant: Mutant) -> str:
    """The design and what is laid over it, or the document of its own."""
    if isinstance(mutant.change, str):
        return f"A document of its own:\n\n```yaml\n{mutant.change.rstrip()}\n```"
    if not mutant.change:
        return f"The shipped design `{mutant.on}`, as it is."
    base = parse(Mutant(mutant.on, {}).text())[0]
    gone = any(value is None and at(base, path) is not None for path, value in _leaves(mutant.change))
    aside = " (`null` takes a key away)" if gone else ""
    return f"The shipped design `{mutant.on}`, changed like this{aside}:\n\n{_block(mutant.change)}"


def _accepting(rule: Rule, mutant: Mutant, until: str) -> list[str]:
    """The ways that silence the rule on its first example, each tried before it is offered."""
    ways = [] if isinstance(mutant.change, str) else [*_waived(rule, mutant.on, mutant.change, until),
                                                      *_set_aside(rule, mutant.on, mutant.change)]
    return ways or [MENDED]


def _waived(rule: Rule, on: str, change: Mapping[str, Any], until: str) -> Iterator[str]:
    where, *others = _places(rule, Mutant(on, change))
    place = {} if "[" in where or not where or others else {"where": where}
    waiver = {"code": rule.code, **place, "reason": REASON, "owner": "your-name", "until": until}
    tried = laid_over(change, {"waivers": [*change.get("waivers", ()), waiver | {"until": EVER}]})
    if not found(rule, Mutant(on, tried).text()):
        yield _waiving(waiver)


def _set_aside(rule: Rule, on: str, change: Mapping[str, Any]) -> Iterator[str]:
    """The first key that can be, so that the rule's findings go and no other comes."""
    where, document = _places(rule, Mutant(on, change))[0], parse(Mutant(on, change).text())[0]
    before = _said(Mutant(on, change))
    for path in [*(path for path, value in _leaves(change) if value is None and related(path, where)), where]:
        aside = nested(path, {"na": REASON})
        free = "." in path and at(document, path) is None
        if free and _said(Mutant(on, laid_over(change, aside))) <= {one for one in before if one[0] != rule.code}:
            yield f"Set the question aside for good, where it does not arise:\n\n{_block(aside)}"
            return


def _places(rule: Rule, mutant: Mutant) -> list[str]:
    return sorted({one.where for one in found(rule, mutant.text())})


def _said(mutant: Mutant) -> set[tuple[str, str]]:
    return {(one.code, one.where) for one in examine(mutant.text())}


def _leaves(change: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in change.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, join(path, key))
        else:
            yield join(path, key), value


def _waiving(waiver: Mapping[str, Any]) -> str:
    return f"Waive it until a day, with a name behind it:\n\n{_block({'waivers': [waiver]})}"


def _block(mapping: Mapping[str, Any]) -> str:
    lines = (_written({key: value}) for key, value in mapping.items())
    return "\n".join(["```yaml", *lines, "```"])


def _written(pair: dict[str, Any]) -> str:
    """A key and its value, on one line where it fits."""
    line = yaml.safe_dump(pair, sort_keys=False, default_flow_style=True, allow_unicode=True, width=1000).strip()[1:-1]
    return line if len(line) <= 110 else yaml.safe_dump(pair, sort_keys=False, default_flow_style=None, allow_unicode=True,
                                                        width=110).strip()
