"""L: is it said what is learnt, when it is known, what counts as a no, and how rare a yes is?"""

from __future__ import annotations

from collections.abc import Iterator

import sevenfold.design.expression as expression
from sevenfold.design.facts import parts, thinning, wait
from sevenfold.design.findings import Place, Problem, check, percent, rule, span
from sevenfold.design.sections import Design

RARE = 0.05

rule("L01", "label-undefined", "error", "The label belongs neither to the row's own event nor to a window after it.", Place(
    "framing.label", "nothing says when '{framing.label.is_}' is known: with the row itself, or how long after it",
    "Write within: 7d for what follows, or own: true for a column of the row itself.",
    lambda design: not design.framing.label.own and design.framing.label.within is None))
rule("L04", "negatives-undefined", "error", "The label waits for an action, and nothing says what its absence means.", Place(
    "framing.label.negatives", "nothing says what counts as a no to '{framing.label.is_}'",
    "No action is not yet a no. Write negatives: shown for what was seen and left, or unseen for all else.",
    lambda design: design.framing.label.within is not None and design.framing.label.negatives is None
    and (design.framing.task in ("recommend", "link") or (design.framing.task == "classify" and design.data.events.request))))


@check("L03", "label-maturity-ignored", "error")
def immature(design: Design) -> Iterator[Problem]:
    """A solution trains online and must be fresher than its labels are known."""
    fresh, known = design.requirements.freshness.model, wait(design)
    online = [name for name, solution in design.solutions.items() if solution.train == "online"]
    if online and fresh is not None and fresh < known:
        yield Problem("requirements.freshness.model",
                      f"'{online[0]}' must learn within {span(fresh)}, and a label is known after {span(known)}",
                      "Promise no less than that, or learn from a label that is known sooner.")


@check("L05", "sampling-without-recalibration", "error")
def uncalibrated(design: Design) -> Iterator[Problem]:
    """Negatives are thinned out, a probability goes out, and nothing puts it right again."""
    keep = thinning(design)
    if keep < 1 and design.framing.answer.probability is not None and not design.framing.label.recalibrate:
        yield Problem("framing.label.recalibrate",
                      f"{percent(keep)} of the negatives are kept, so the odds come out {1 / keep:.3g} times too high"
                      if keep else "no negative is kept, so everything looks certain",
                      "Write recalibrate: true, or keep all: negatives: shown.")


@check("L06", "weak-labels-in-test", "warning")
def weak(design: Design) -> Iterator[Problem]:
    """What is learnt from and what it is judged by read the same column."""
    label = design.framing.label
    same = expression.parse(label.weak).columns() & expression.parse(label.is_).columns() if label.weak else ()
    for column in sorted(same):
        yield Problem("framing.label.weak", f"'{column}' is learnt from and judged by, so its errors cannot show",
                      "Let 'is' read what somebody looked at, and 'weak' what comes by itself.")


@check("L07", "imbalance-unhandled", "warning")
def imbalance(design: Design) -> Iterator[Problem]:
    """A yes is rare, the metric that decides hides that, and neither loss nor sampling answers it."""
    rate, metric = design.framing.label.positives, design.evaluation.metric
    blind = metric == "roc_auc" or (metric == "f1" and not design.evaluation.at)
    focal = any(part.params.get("loss") == "focal" for _, _, part in parts(design))
    if rate is not None and rate < RARE and blind and thinning(design) == 1 and not focal:
        yield Problem("framing.label.positives", f"{percent(rate)} are positive, and '{metric}' hardly shows how they fare",
                      "Let pr_auc decide, or recall at a precision; or answer it by loss: focal or negatives: {shown: keep 10%}.")
