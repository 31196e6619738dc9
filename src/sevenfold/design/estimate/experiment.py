"""How long a live experiment takes, how many test requests a difference needs, what sampling does: T1 to T5."""

from __future__ import annotations

from sevenfold.design.estimate import formulas
from sevenfold.design.estimate.number import number
from sevenfold.design.estimate.parts import catalogue
from sevenfold.design.estimate.sheet import DAY, Sheet
from sevenfold.design.estimate.storage import kept

ONLINE = "evaluation.online"


def live(sheet: Sheet) -> None:
    """T1, T2: of a share by its rate, of anything else by its variation."""
    online = sheet.design.evaluation.online
    if online is None or not online.traffic:
        return
    effect = sheet.given(f"{ONLINE}.effect") or sheet.relative("requirements.goal.to") or sheet.default("effect")
    rate = sheet.given(f"{ONLINE}.rate")
    needed = formulas.per_arm(rate, effect) if rate else formulas.per_arm_of(sheet.default("variation"), effect)
    arm = sheet.line("T1", f"cases in each arm, to see {online.metric} move", needed)
    each = sheet.of("Q1") * DAY if online.by == "request" else sheet.of("Q3")
    traffic = sheet.given(f"{ONLINE}.traffic") or number(1.0, "%")
    sheet.line("T2", "length of the experiment", 2 * arm / (each * traffic) * DAY, "s")


def offline(sheet: Sheet) -> None:
    """T3: at 80 % power and 5 %, of the paired difference."""
    if least := sheet.given("evaluation.least_effect"):
        sheet.line("T3", "test requests, to see the least effect", (2.8 * sheet.default("paired_deviation") / least) ** 2)


def thinned(sheet: Sheet) -> None:
    """T4: what a prediction means after negatives were thinned out, at the usual share of positives."""
    label = sheet.design.framing.label
    keep = label.negatives.params.get("keep", 1.0) if label.negatives else 1.0
    if label.positives and 0 < keep < 1:
        share = number(label.positives, "%") / kept(sheet)
        learnt = sheet.line("T4", "share of positives that the model learns", share, "%", key="learnt")
        sheet.line("T4", "what a prediction of that means", formulas.recalibrated(learnt, number(keep, "%")), "%")


def drawn(sheet: Sheet) -> None:
    """T5: a random item may be one that the user would have chosen."""
    if any(one.retrieve for one in sheet.design.solutions.values()):
        items = catalogue(sheet, "random negatives (T5)")
        sheet.line("T5", "random negatives that are none", sheet.default("history") / items, "%")


LINES = (live, offline, thinned, drawn)
