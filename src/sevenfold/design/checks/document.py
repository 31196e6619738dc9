"""Z: is the document at one with itself, and is all of it read?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import inf

import sevenfold.design.vocabulary as vocabulary
from sevenfold.design.checks.running import expired
from sevenfold.design.facts import value_at
from sevenfold.design.findings import RULES, UNUSABLE, Place, Problem, check, rule
from sevenfold.design.sections import Design
from sevenfold.design.vocabulary import FUNNEL, PREDICTION, TASKS
from sevenfold.errors import nearest

# Keys that only some tasks read. What goes out is F03's, the stages of a solution are M14's.
READ_BY = {
    "framing.answer.range": ("regress",),
    "framing.costs": ("classify",),
    "framing.label.recalibrate": ("classify",),
    "data.queries": ("search",),
    "data.events.query": ("search",),
    "data.events.symmetric": ("link",),
    "evaluation.at": ("classify",),
    "evaluation.calibration": ("classify",),
    "serving.retrieve.within": FUNNEL,
    "serving.rank.within": FUNNEL,
    "serving.rerank.within": FUNNEL,
    "serving.predict.within": PREDICTION,
}

# What a stage of serving may fall back on, besides a part of this kind.
FALLBACKS = {"retrieve": ("retriever", ()), "rank": ("learner", ("retrieval_order",)),
             "rerank": ("reranker", ("skip",)), "predict": ("learner", ())}

rule("Z03", "contradiction", "error", "The same fact is given twice, with two values.",
     Place("requirements.scale.daily_users",
           "{requirements.scale.daily_users:,.0f} users a day of {requirements.scale.users:,.0f} in all",
           "Correct one of the two.",
           lambda design: (design.requirements.scale.daily_users or 0) > (design.requirements.scale.users or inf) > 0),
     Place("framing.label.within", "a label of the row's own event looks ahead", "Keep 'own: true' or 'within: ...', not both.",
           lambda design: design.framing.label.own and design.framing.label.within),
     Place("data.split.group", "a group is named, but the split is by {data.split.by}",
           "Write by: group, or take the group away.",
           lambda design: design.data.split.group and design.data.split.by != "group"),
     Place("data.split.embargo", "an embargo of time in a split by {data.split.by}", "Write by: time, or take the embargo away.",
           lambda design: design.data.split.embargo and design.data.split.by != "time"), since="concept")


@check("Z01", "silent-key", "error", since="concept")
def silent_key(design: Design) -> Iterator[Problem]:
    """A key that nothing reads: the language does not know it, or this task has no use for it."""
    for path, tasks in READ_BY.items():
        if value_at(design, path) and design.framing.task not in tasks:
            yield Problem(path, f"the task '{design.framing.task}' does not read '{path.rpartition('.')[2]}'",
                          f"It belongs to {', '.join(tasks)}; take it away.")


@check("Z04", "claim-without-evidence", "error")
def claim(design: Design) -> Iterator[Problem]:
    """Prose quotes a figure of an offline metric."""
    metrics = "|".join(sorted({metric for task in TASKS.values() for metric in task.metrics}))
    figure = re.compile(rf"\b({metrics})\b[@\d]*\s*(?:of|is|was|=|:|at)?\s*(0?\.\d+)", re.IGNORECASE)
    for path, prose in {"why": design.why, "framing.proxy_gap": design.framing.proxy_gap or ""}.items():
        if found := figure.search(prose):
            yield Problem(path, f"quotes {found[1]} {found[2]}, which no run record backs",
                          "Leave figures to the report, which reads them from the record.")


@check("Z06", "waiver-expired", "warning")
def waiver_expired(design: Design) -> Iterator[Problem]:
    """A waiver's last day is over."""
    for at, waiver in enumerate(design.waivers):
        if expired(waiver):
            yield Problem(f"waivers[{at}].until", f"the waiver of {waiver.code} ended on {waiver.until}",
                          f"Mend what it waives, or let {waiver.owner} renew it.")


@check("Z11", "name-unknown", "error", since="concept")
def name_unknown(design: Design) -> Iterator[Problem]:
    """A part, a fallback or a waived code that nobody knows, or a code that cannot be waived."""
    for at, waiver in enumerate(design.waivers):
        if waiver.code not in RULES:
            yield Problem(f"waivers[{at}].code", f"no check has the code '{waiver.code}'", nearest(waiver.code, RULES))
        elif waiver.code == UNUSABLE:
            yield Problem(f"waivers[{at}].code", f"{UNUSABLE} cannot be waived: nothing is learnt from data that cannot be used",
                          "Take the waiver away, and mend the data or what the document says of them.")
    for stage, (kind, words) in FALLBACKS.items():
        name, known = getattr(design.serving, stage).else_, [*vocabulary.names(kind), *words]
        if name is not None and name not in known:
            yield Problem(f"serving.{stage}.else", f"nothing called '{name}' can step in", nearest(name, known))
