"""E: will the number that decides mean anything?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args

from sevenfold.design.findings import Problem, check
from sevenfold.design.sections import Design, Slice
from sevenfold.design.vocabulary import TASKS
from sevenfold.errors import nearest

ENOUGH = 100  # requests below which an interval says nothing
DAY = 86_400.0


@check("E01", "metric-task-mismatch", "error")
def metric_mismatch(design: Design) -> Iterator[Problem]:
    """The metric that decides does not belong to the task."""
    metric, task = design.evaluation.metric, design.framing.task
    known = TASKS[task].metrics
    if metric not in known:
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
    """Accuracy decides, though negatives are sampled or the errors cost differently."""
    costs, negatives = design.framing.costs, design.framing.label.negatives
    unequal = costs is not None and costs.false_positive != costs.false_negative
    if design.evaluation.metric == "accuracy" and (unequal or (negatives and negatives.name == "shown")):
        why = "the errors cost differently" if unequal else "positives are rare enough to sample the negatives"
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


@check("E07", "calibration-unmeasured", "warning")
def calibration(design: Design) -> Iterator[Problem]:
    """A probability goes out, and its calibration is not held to any range."""
    if design.framing.answer.probability is not None and design.evaluation.calibration is None:
        yield Problem("evaluation.calibration", "a probability goes out, and nothing holds it to what happens",
                      "Add calibration: {slope: 0.9..1.1}.")


@check("E08", "no-uncertainty", "warning")
def uncertainty(design: Design) -> Iterator[Problem]:
    """Too few requests are measured for an interval to mean anything."""
    if design.evaluation.requests < ENOUGH:
        yield Problem("evaluation.requests", f"{design.evaluation.requests:g} requests bound nothing",
                      f"Measure at least {ENOUGH}; the default is 20k.")


@check("E09", "no-slices", "warning", since="prototype")
def no_slices(design: Design) -> Iterator[Problem]:
    """Only the average is measured."""
    if not design.evaluation.slices:
        yield Problem("evaluation.slices", "only the average is measured", f"Name slices: [{', '.join(get_args(Slice))}].")


@check("E10", "no-guardrail-metric", "warning")
def guards(design: Design) -> Iterator[Problem]:
    """The experiment has no guard against winning in a harmful way."""
    if design.evaluation.online is not None and not design.evaluation.online.guards:
        yield Problem("evaluation.online.guards", "nothing guards the experiment",
                      "Name what must not get worse: guards: [hide_rate].")


@check("E11", "ab-underpowered", "error")
def underpowered(design: Design) -> Iterator[Problem]:
    """Fewer users than an experiment on the goal needs: 16 / effect² in each arm, if the metric spreads by its mean."""
    goal, scale = design.requirements.goal, design.requirements.scale
    effect = re.fullmatch(r"[+-](\d+(?:\.\d+)?)%", goal.to or "") if goal else None
    if design.evaluation.online is None or goal is None or not effect or not float(effect[1]) or not scale.daily_users:
        return
    needed = 2 * 16 / (float(effect[1]) / 100) ** 2
    reached = min(scale.users or float("inf"), scale.daily_users * (goal.within or 30 * DAY) / DAY)
    if reached < needed:
        yield Problem("requirements.goal.to",
                      f"an experiment needs about {needed:,.0f} users to see {goal.to}, and can reach {reached:,.0f}",
                      "Aim at a larger effect, give it longer, or choose a metric with less spread.")
