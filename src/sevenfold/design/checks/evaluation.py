"""E: will the number that decides mean anything?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

import sevenfold.design.expression as expression
from sevenfold.design.facts import answers_online, set_aside
from sevenfold.design.findings import Place, Problem, check, percent, rule
from sevenfold.design.sections import Design, Slice
from sevenfold.design.vocabulary import FUNNEL, TASKS
from sevenfold.errors import nearest

ENOUGH = 100  # requests below which an interval says nothing
HELD = 0.9  # a share held this high has been given the right of way

rule("E07", "calibration-unmeasured", "warning", "A probability goes out, and its calibration is not held to any range.", Place(
    "evaluation.calibration", "a probability goes out, and nothing holds it to what happens",
    "Add calibration: {slope: 0.9..1.1}.",
    lambda design: design.framing.answer.probability is not None and design.evaluation.calibration is None))
rule("E08", "no-uncertainty", "warning", "Too few requests are measured for an interval to mean anything.", Place(
    "evaluation.requests", "{evaluation.requests:g} requests bound nothing", f"Measure at least {ENOUGH}; the default is 5k.",
    lambda design: design.evaluation.requests < ENOUGH))
rule("E09", "no-slices", "warning", "Only the average is measured.", Place(
    "evaluation.slices", "only the average is measured", f"Name slices: [{', '.join(get_args(Slice))}]."), since="prototype")
rule("E10", "no-guardrail-metric", "warning", "The experiment has no guard against winning in a harmful way.", Place(
    "evaluation.online.guards", "nothing guards the experiment", "Name what must not get worse: guards: [hide_rate].",
    lambda design: design.evaluation.online is not None and not design.evaluation.online.guards))
rule("E12", "ab-interference", "warning",
     "Users who act on one another are assigned one by one, so that each arm changes the other.", Place(
         "evaluation.online.by",
         "arms are drawn by {evaluation.online.by}, and a link joins two users, often one of each arm",
         "Treat those who know one another together: by: cluster, or by: region.",
         lambda design: design.evaluation.online is not None and design.evaluation.online.by in ("user", "request", "session")
         and (design.framing.task == "link" or design.data.events.symmetric)))


@check("E01", "metric-task-mismatch", "error")
def metric_mismatch(design: Design) -> Iterator[Problem]:
    """The metric that decides does not belong to the task."""
    metric, task = design.evaluation.metric, design.framing.task
    known = TASKS[task].metrics
    if metric not in known and "@" not in metric:
        homes = ", ".join(other for other, one in TASKS.items() if metric in one.metrics)
        problem = f"'{metric}' judges {homes}, not {task}" if homes else f"no metric is called '{metric}'"
        hint = f"For '{task}' there are {', '.join(known)}." if homes else nearest(metric, known)
        yield Problem("evaluation.metric", problem, hint)


@check("E02", "offline-online-unlinked", "warning")
def unlinked(design: Design) -> Iterator[Problem]:
    """No experiment is to watch the goal."""
    goal, online = design.requirements.goal, design.evaluation.online
    if online is None:
        yield Problem("evaluation.online", "nothing is measured online",
                      "Name what an experiment watches: online: {metric: watch_time, guards: [hide_rate]}.")
    elif goal and goal.metric not in (online.metric, *online.guards):
        yield Problem("evaluation.online.metric", f"the goal is '{goal.metric}', and online nobody watches it",
                      f"Write online: {{metric: {goal.metric}}}, or add it to the guards.")


@check("E03", "accuracy-on-imbalance", "error")
def accuracy(design: Design) -> Iterator[Problem]:
    """Accuracy decides, though one answer is rare, negatives are sampled or the errors cost differently."""
    costs, label = design.framing.costs, design.framing.label
    uneven = {
        "the errors cost differently": costs is not None and costs.false_positive != costs.false_negative,
        f"{percent(label.positives or 0)} are positive": label.positives is not None and not 0.2 <= label.positives <= 0.8,
        "positives are rare enough to sample the negatives": label.negatives is not None and label.negatives.name == "shown"}
    if design.evaluation.metric == "accuracy" and (why := next((why for why, holds in uneven.items() if holds), "")):
        yield Problem("evaluation.metric", f"accuracy decides, though {why}",
                      "Take pr_auc, or recall at a precision: metric: recall, at: {precision: 99%}.")


@check("E04", "no-operating-point", "warning")
def operating_point(design: Design) -> Iterator[Problem]:
    """Precision, recall or f1 decides, and nothing says at which threshold."""
    metric = design.evaluation.metric
    if design.framing.task == "classify" and metric in ("precision", "recall", "f1") and not design.evaluation.at:
        held = "recall" if metric == "precision" else "precision"
        yield Problem("evaluation.at", f"'{metric}' decides, and nothing says at which threshold",
                      f"Hold the other one: at: {{{held}: 99%}}.")


@check("E05", "metric-with-k", "error")
def with_k(design: Design) -> Iterator[Problem]:
    """The metric carries a k of its own; it is the number of answers that are shown."""
    metric, answer = design.evaluation.metric, design.framing.answer
    if "@" in metric:
        key = next((key for key in ("items", "users") if getattr(answer, key)), None)
        k = f"framing.answer.{key}: {getattr(answer, key)} says it" if key else "this task answers with no list"
        yield Problem("evaluation.metric", f"'{metric}' brings a k of its own, and {k}",
                      f"Write metric: {metric.partition('@')[0]}.")


@check("E06", "relevance-grade-mismatch", "warning")
def grades(design: Design) -> Iterator[Problem]:
    """The metric knows only yes and no, and the label has grades."""
    metric, label, task = design.evaluation.metric, design.framing.label, design.framing.task
    bare = task == "search" and isinstance(expression.parse(label.is_), expression.Column)
    if metric in ("map", "mrr") and task in FUNNEL and (bare or label.also):
        graded = f"weights of {', '.join(label.also)}" if label.also else f"grades in '{label.is_}'"
        yield Problem("evaluation.metric", f"'{metric}' counts every relevant answer alike, and there are {graded}",
                      "Let ndcg decide, which weighs grades; or say from which on an answer is relevant: is: grade >= 2.")


@check("E15", "trade-off-open", "warning")
def open_trade_off(design: Design) -> Iterator[Problem]:
    """A trade-off is not decided."""
    where = "evaluation.trade_offs"
    left = [axis for axis, side in vars(design.evaluation.trade_offs).items()
            if side is None and set_aside(design, f"{where}.{axis}") is None]
    if left:
        yield Problem(where, f"not decided: {', '.join(left)}",
                      f"Choose a side of each, such as trade_offs: {{{left[0]}: {left[0].split('_')[0]}}}.")


@check("E16", "trade-off-contradicted", "warning")
def contradicted(design: Design) -> Iterator[Problem]:
    """A side of a trade-off is chosen, and the document does the opposite."""
    chosen = design.evaluation.trade_offs
    for axis, side, fact in _against(design):
        if getattr(chosen, axis) == side:
            yield Problem(f"evaluation.trade_offs.{axis}", f"'{side}' is chosen, yet {fact}",
                          "Change the one or the other: a choice that nothing follows is none.")


def _against(design: Design) -> Iterator[tuple[str, str, str]]:
    """(axis, side, what in the document speaks against that side)"""
    at, costs = design.evaluation.at, design.framing.costs
    online = [name for name, solution in design.solutions.items() if solution.train == "online"]
    if not answers_online(design):
        yield "batch_streaming", "streaming", "serving.batch makes every list ahead"
        yield "latency_accuracy", "latency", "serving.batch makes every list ahead, so nobody waits for a model"
    elif design.data.events.live is None and not online:
        yield "batch_streaming", "streaming", "the log comes as a file and every solution trains in batch"
    if online:
        yield "batch_streaming", "batch", f"'{online[0]}' trains online"
    for side, other in (("precision", "recall"), ("recall", "precision")):
        if at.get(other, 0.0) >= HELD:
            yield "precision_recall", side, f"evaluation.at holds {other} at {percent(at[other])}, whatever {side} it costs"
    if costs and costs.false_positive != costs.false_negative:
        told = f"a false positive costs {costs.false_positive:g} and a false negative {costs.false_negative:g}"
        yield "precision_recall", "recall" if costs.false_positive > costs.false_negative else "precision", told
