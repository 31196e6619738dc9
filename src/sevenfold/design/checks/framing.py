"""F: is the problem a machine can learn the problem that was asked?"""

from __future__ import annotations

from collections.abc import Iterator

import sevenfold.design.expression as expression
from sevenfold.design.findings import Place, Problem, check, rule
from sevenfold.design.sections import Answer, Design
from sevenfold.design.vocabulary import FUNNEL, TASKS

OUTPUTS = ("items", "users", "probability", "number", "decision")
HUGE = 100_000  # candidates that one stage should not score alone

rule("F01", "objective-proxy-gap", "warning",
     "The label is not the goal's metric, and the gap between them is not described.", Place(
    "framing.proxy_gap",
    "the label '{framing.label.is_}' stands in for '{requirements.goal.metric}', and nothing says how they differ",
    "Say when one rises and the other does not: proxy_gap: A click is not a sale.",
    lambda design: design.requirements.goal and design.framing.proxy_gap is None
    and design.requirements.goal.metric not in expression.parse(design.framing.label.is_).columns()))
rule("F06", "error-costs-missing", "warning", "A decision is taken, and the costs of deciding wrongly are not given.", Place(
    "framing.costs", "a decision is taken, and the costs of its errors are not given",
    "Say how much worse one error is: costs: {false_positive: 20, false_negative: 1}.",
    lambda design: design.framing.answer.decision is not None and design.framing.costs is None))


def outputs(answer: Answer) -> list[str]:
    """Which of the possible outputs an answer names."""
    return [name for name in OUTPUTS if getattr(answer, name) is not None]


@check("F02", "io-underspecified", "error")
def underspecified(design: Design) -> Iterator[Problem]:
    """The answer does not say what goes out, or at which moment."""
    answer, task = design.framing.answer, design.framing.task
    if not outputs(answer):
        yield Problem("framing.answer", "the answer does not say what goes out",
                      f"For '{task}' give {' or '.join(TASKS[task].answers)}.")
    if answer.at is None:
        yield Problem("framing.answer.at", "the answer does not say at which moment it is given",
                      "Name the event at which the features freeze: at: page_open.")


@check("F03", "task-output-mismatch", "error")
def output_mismatch(design: Design) -> Iterator[Problem]:
    """The task cannot give such an answer."""
    task = design.framing.task
    wrong = [name for name in outputs(design.framing.answer) if name not in TASKS[task].answers]
    for name in wrong:
        yield Problem(f"framing.answer.{name}", f"the task '{task}' does not answer with '{name}'",
                      f"It answers with {' or '.join(TASKS[task].answers)}; or choose another task.")
    if design.framing.answer.again and TASKS[task].withheld != "seen":
        yield Problem("framing.answer.again", f"the task '{task}' leaves out nothing that was seen, so nothing can come again",
                      "Leave it out.")
    if not wrong and len(outputs(design.framing.answer)) > 1:
        yield Problem("framing.answer", f"several answers at once: {', '.join(outputs(design.framing.answer))}",
                      "Keep one.")


@check("F04", "single-stage-huge-catalog", "error")
def single_stage(design: Design) -> Iterator[Problem]:
    """A ranker scores more than a hundred thousand candidates online, for want of retrieval before it."""
    items, keep = design.requirements.scale.items or 0, design.serving.retrieve.keep or 0
    for name, solution in design.solutions.items():
        scored = min(items, keep) if solution.retrieve else items
        if design.framing.task in FUNNEL and (solution.rank or solution.predict) and scored > HUGE:
            yield Problem(f"solutions.{name}", f"one stage scores {scored:,.0f} items for each request",
                          "Retrieve some hundreds first: retrieve: popular, and serving.retrieve.keep: 500.")
