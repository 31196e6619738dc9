"""The page of a rule: what it says, why, where it speaks and where not, and how to accept it. All of it is computed.

`sevenfold check --explain CODE` prints a page; `docs/checks/` holds all of them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from sevenfold.design.checks.examples import Mutant, examples, laid_over
from sevenfold.design.checks.running import unbuilt
from sevenfold.design.document import parse
from sevenfold.design.findings import MEASURED, RULES, SEVERITIES, STAGES, Finding, Rule, related
from sevenfold.design.read import examine, read
from sevenfold.errors import DesignError, nearest

DAY = "2030-01-31"  # until when the waiver of a printed page holds
EVER = "9999-12-31"
REASON = "why this is right here"


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
    """Letter of a family → the question that it asks: the first line of the file that its first rule stands in."""
    asked = {}
    for code, rule in sorted(RULES.items(), reverse=True):
        if rule.find:
            heading = (sys.modules[rule.find.__module__].__doc__ or "").split("\n")[0].partition(": ")[2]
            asked[code[0]] = heading[:heading.find("?") + 1]
    return dict(sorted(asked.items()))


def page(code: str, until: str = DAY) -> str:
    """The page of a rule as Markdown; `until` is the last day of the waiver that it offers."""
    rule, example = RULES[code], examples()[code]
    blocks = [f"# {code} {rule.name}", f"{example.rule} {example.reason}", f"Severity: {_severity(rule)}."]
    if code in MEASURED:
        waiver = _block({"waivers": [{"code": code, "reason": REASON, "owner": "your-name", "until": until}]})
        blocks += ["Only the data can show it: `sevenfold check FILE --data` and a run look for it.",
                   "## To accept it", f"Waive it until a day, with a name behind it:\n\n{waiver}"]
        return "\n\n".join(blocks) + "\n"
    blocks = [*blocks,
              "## Where it speaks", *_fires(rule, example.fires[0]),
              "## Where it does not", *(_changed(one) for one in example.near),
              "## To accept it", *_accepting(rule, example.fires[0], until)]
    return "\n\n".join(blocks) + "\n"


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


def _fires(rule: Rule, mutant: Mutant) -> Iterator[str]:
    yield _changed(mutant)
    says = "\n".join(one.text() for one in found(rule, mutant.text()))
    yield f"It says:\n\n```\n{says}\n```"


def _changed(mutant: Mutant) -> str:
    """The design and what is laid over it, or the document of its own."""
    if isinstance(mutant.change, str):
        return f"A document of its own:\n\n```yaml\n{mutant.change.rstrip()}\n```"
    if not mutant.change:
        return f"The shipped design `{mutant.on}`, as it is."
    gone = any(value is None and _has(Mutant(mutant.on, {}), path) for path, value in _leaves(mutant.change))
    aside = " (`null` takes a key away)" if gone else ""
    return f"The shipped design `{mutant.on}`, changed like this{aside}:\n\n{_block(mutant.change)}"


def _accepting(rule: Rule, mutant: Mutant, until: str) -> Iterator[str]:
    """The ways that silence the rule on its first example, each tried before it is offered."""
    ways = list(_ways(rule, mutant, until)) if isinstance(mutant.change, Mapping) else []
    yield from ways or ["It can be neither waived nor set aside; it has to be mended."]


def _ways(rule: Rule, mutant: Mutant, until: str) -> Iterator[str]:
    assert isinstance(mutant.change, Mapping)
    where, *others = sorted({one.where for one in found(rule, mutant.text())})
    place = {} if "[" in where or not where or others else {"where": where}
    waiver = {"code": rule.code, **place, "reason": REASON, "owner": "your-name", "until": until}
    if not found(rule, _with(mutant, {"waivers": [*mutant.change.get("waivers", ()), waiver | {"until": EVER}]}).text()):
        yield f"Waive it until a day, with a name behind it:\n\n{_block({'waivers': [waiver]})}"
    paths = [path for path, value in _leaves(mutant.change) if value is None and related(".".join(path), where)]
    for path in [*paths, tuple(where.split("."))]:
        aside = _nested(path, {"na": REASON})
        if len(path) > 1 and not _has(mutant, path) and _silences(rule, mutant, aside):
            yield f"Set the question aside for good, where it does not arise:\n\n{_block(aside)}"
            return


def _with(mutant: Mutant, more: Mapping[str, Any]) -> Mutant:
    assert isinstance(mutant.change, Mapping)
    return Mutant(mutant.on, laid_over(mutant.change, more))


def _has(mutant: Mutant, path: tuple[str, ...]) -> bool:
    """The document has this key."""
    value: Any = parse(mutant.text())[0]
    for key in path:
        if not isinstance(value, Mapping) or key not in value:
            return False
        value = value[key]
    return True


def _silences(rule: Rule, mutant: Mutant, aside: Mapping[str, Any]) -> bool:
    """Setting aside takes the rule's findings away and brings no other."""
    before, after = ({(one.code, one.where) for one in examine(each.text())} for each in (mutant, _with(mutant, aside)))
    return after <= {(code, where) for code, where in before if code != rule.code}


def _leaves(change: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in change.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key), value


def _nested(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """The value under its keys."""
    return {path[0]: _nested(path[1:], value) if path[1:] else value}


def _block(mapping: Mapping[str, Any]) -> str:
    lines = (_written({key: value}) for key, value in mapping.items())
    return "\n".join(["```yaml", *lines, "```"])


def _written(pair: dict[str, Any]) -> str:
    """A key and its value, on one line where it fits."""
    line = yaml.safe_dump(pair, sort_keys=False, default_flow_style=True, allow_unicode=True, width=1000).strip()[1:-1]
    return line if len(line) <= 110 else yaml.safe_dump(pair, sort_keys=False, default_flow_style=None, allow_unicode=True,
                                                        width=110).strip()
