"""Running the checks: every rule in turn, at the severity of the design's stage, less what is set aside or waived."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import get_args

import sevenfold.design.vocabulary as vocabulary
from sevenfold.design.convert import UNREAD, Unread
from sevenfold.design.facts import parts, set_aside
from sevenfold.design.findings import RULES, Finding, Problem, Rule, located, related
from sevenfold.design.sections import Design, Waiver


def check(design: Design) -> list[Finding]:
    """What the rules say of a design, worst first; what is set aside with a reason or waived is left out."""
    spoken = [rule for rule in RULES.values() if rule.at(design.stage)]
    found = [rule.finding(*problem, design.stage) for rule in spoken for problem in _found(rule, design)]
    open_ = (one for one in found if set_aside(design, one.where) is None and not any(_waives(by, one) for by in design.waivers))
    return located(open_, design.lines)


def unbuilt(design: Design) -> list[Finding]:
    """What the language can say and no part of this installation builds yet."""
    rule = RULES["Z12"]
    return located((rule.finding(*problem) for problem in _unbuilt(design)), design.lines)


def _found(rule: Rule, design: Design) -> list[Problem]:
    try:
        return list(rule.find(design)) if rule.find else []
    except Unread:  # its question cannot be answered until the document reads
        return []


def _waives(waiver: Waiver, finding: Finding) -> bool:
    if any(value is UNREAD for value in vars(waiver).values()) or waiver.code != finding.code or expired(waiver):
        return False
    return waiver.where is None or related(waiver.where, finding.where)


def expired(waiver: Waiver) -> bool:
    """Its last day is over."""
    return waiver.until is not UNREAD and date.fromisoformat(waiver.until) < date.today()


def _unbuilt(design: Design) -> Iterator[Problem]:
    for path, kind, part in parts(design):
        if (made := vocabulary.made(kind, part.name)) is None:
            known = ", ".join(vocabulary.REGISTRIES[kind].names()) or "nothing yet"
            yield Problem(path, f"the {kind} '{part.name}' is in the language, but no part of this installation builds it yet",
                          f"What can be built: {known}; or install a package that offers it.")
            continue
        for key, value in part.params.items():
            if key not in made or (key == "loss" and value not in get_args(made[key][0])):
                yield Problem(path, f"the {kind} '{part.name}' is built, but not yet with {key}: {value}",
                              f"It can be built with: {', '.join(made) or 'no parameter'}.")
