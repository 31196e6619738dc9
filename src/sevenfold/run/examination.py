"""What a design's data say, before anything is trained: leaks and facts, as findings of the document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sevenfold import audit, features
from sevenfold import data as sources
from sevenfold.audit.facts import copies, rare_label
from sevenfold.data.splits import cuts
from sevenfold.design.checks.running import expired, unbuilt
from sevenfold.design.findings import RULES, UNUSABLE, Finding, located, related
from sevenfold.design.sections import Design, Waiver
from sevenfold.errors import LeakError, SevenfoldError
from sevenfold.features.fitting import GROUPS
from sevenfold.record import Probe

PROBES = {"X13": "the future is deleted and scrambled", "X05": "what was fitted, fitted again without the future",
          "X01": "entities born after their own events", "X04": "columns that tell the label",
          "X12": "one feature that is nearly the answer"}


def examine_data(design: Design) -> list[Finding]:
    """Everything that loading, probing and measuring the data find, worst first; what is waived is left out."""
    try:
        found = list(_examined(_built(design)))
    except SevenfoldError as error:
        found = [_finding(error, UNUSABLE)]
    return _kept(found, design)


def measured(case: audit.Case) -> list[Finding]:
    """The facts that the data show, worst first; what is waived is left out."""
    return _kept(audit.facts(case) if case.data.phases is None else _without_clock(case), case.design)


def _without_clock(case: audit.Case) -> Iterator[Finding]:
    """Of rows without a clock: is the label rare, and do copies stand on both sides of the split?"""
    design, log = case.design, case.data.log
    yield from rare_label(design, log.positive)
    if design.data.events.text:
        yield from copies(log.table, design.data.events.text, log.time, design.data.split.group or "random")


def probed(case: audit.Case) -> tuple[Probe, ...]:
    """One record of each search; raises the first leak that is not waived."""
    found: dict[str, list[tuple[LeakError, Waiver]]] = {code: [] for code in PROBES}
    for leak in audit.leaks(case):
        waiver = waiver_of(_finding(leak, leak.code), case.design)
        if waiver is None:
            raise leak
        found[leak.code].append((leak, waiver))
    return tuple(Probe(name=PROBES[code], passed=not waived, detail="; ".join(leak.problem for leak, _ in waived),
                       waived="; ".join(dict.fromkeys(waiver.reason for _, waiver in waived))) for code, waived in found.items())


def waiver_of(finding: Finding, design: Design) -> Waiver | None:
    """The waiver that holds for a finding today; none does for data that cannot be used."""
    return next((waiver for waiver in design.waivers if waiver.code == finding.code != UNUSABLE and not expired(waiver)
                 and (waiver.where is None or related(waiver.where, finding.where))), None)


def _kept(found: Iterable[Finding], design: Design) -> list[Finding]:
    return located((one for one in found if waiver_of(one, design) is None), design.lines)


def _examined(design: Design) -> Iterator[Finding]:
    data = sources.load(design)
    made = cuts(data, design)
    case = audit.Case(design=design, data=data, cuts=made, features=features.fit(design, data, made.frozen))
    yield from (_finding(leak, leak.code) for leak in audit.leaks(case))
    yield from measured(case)


def _built(design: Design) -> Design:
    """The design with those of its features that this installation can compute."""
    ahead = {one.where for one in unbuilt(design)}
    known = {group: {name: part for name, part in parts.items() if f"data.features.{group}.{name}" not in ahead}
             for group, parts in design.data.features.items() if group in GROUPS}
    return replace(design, data=replace(design.data, features=known))


def _finding(error: SevenfoldError, code: str) -> Finding:
    where = error.where.partition(" (")[0]  # less the file's name
    return Finding(code, RULES[code].name, "error", where, None, error.problem, error.hint)
