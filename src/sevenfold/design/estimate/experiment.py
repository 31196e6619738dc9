"""How long a live experiment takes, how many test requests a difference needs, what sampling does: T1 to T5."""

from __future__ import annotations

import re

from sevenfold.design.estimate import formulas
from sevenfold.design.estimate.number import Input, Number, given, number
from sevenfold.design.estimate.parts import catalogue
from sevenfold.design.estimate.sheet import DAY, Sheet, Write, row
from sevenfold.design.estimate.storage import kept
from sevenfold.design.facts import thinning

ONLINE, GOAL = "evaluation.online", "requirements.goal.to"
CHANGE = re.compile(r"[+-]((\d+)(?:\.\d+)?%)")


def _live(sheet: Sheet) -> None:
    """T1, T2: of a share by its rate, of anything else by its variation."""
    online = sheet.design.evaluation.online
    if online is None or not online.traffic:
        return
    effect = sheet.given(f"{ONLINE}.effect") or _wanted(sheet) or sheet.default("effect")
    rate = sheet.given(f"{ONLINE}.rate")
    needed = formulas.per_arm(rate, effect) if rate else formulas.per_arm_of(sheet.default("variation"), effect)
    arm = sheet.line("T1", f"cases in each arm, to see {online.metric} move", needed)
    each = sheet.of("Q1") * DAY if online.by == "request" else sheet.of("Q3")
    traffic = sheet.given(f"{ONLINE}.traffic") or number(1.0, "%")
    sheet.line("T2", "length of the experiment", 2 * arm / (each * traffic) * DAY, "s")


def _wanted(sheet: Sheet) -> Number | None:
    """The relative change that the goal asks for, as in `+3%`, or None where it says something else."""
    goal = sheet.design.requirements.goal
    match = CHANGE.fullmatch(goal.to or "") if goal else None
    value = float(match[1].rstrip("%")) / 100 if match else 0.0
    return given(value, Input(GOAL, match[1], sheet.source(GOAL))) if match and value else None


def _thinned(sheet: Sheet) -> None:
    """T4: what a prediction means after negatives were thinned out, at the usual share of positives."""
    keep, positives = thinning(sheet.design), sheet.design.framing.label.positives
    if positives and 0 < keep < 1:
        learnt = sheet.line("T4", "share of positives that the model learns", number(positives, "%") / kept(sheet), "%", "learnt")
        sheet.line("T4", "what a prediction of that means", formulas.recalibrated(learnt, number(keep, "%")), "%")


LINES: tuple[Write, ...] = (
    _live,
    row("T3", "test requests, to see the least effect",  # at 80 % power and 5 %, of the paired difference
        lambda sheet: (2.8 * sheet.default("paired_deviation") / sheet.stated("evaluation.least_effect")) ** 2),
    _thinned,
    row("T5", "random negatives that are none",  # a random item may be one that the user would have chosen
        lambda sheet: sheet.default("history") / catalogue(sheet, "random negatives (T5)"), "%",
        when=lambda sheet: any(one.retrieve for one in sheet.design.solutions.values())),
)
