"""O: will somebody notice when it goes wrong, and does something follow?"""

from __future__ import annotations

from collections.abc import Iterator

from sevenfold.design.facts import explores, wait
from sevenfold.design.findings import DAY, Place, Problem, check, rule, span
from sevenfold.design.sections import Design

LATE = 7 * DAY  # a label that is known later than this cannot raise an alarm

rule("O01", "no-drift-monitor", "warning", "No feature is watched for drift.", Place(
    "monitoring.drift", "nobody notices when the world moves away from what was learnt",
    "Watch the features that matter most: drift: {top_features: 10, then: retrain}."))
rule("O03", "alert-without-owner", "warning", "Nobody is named who answers an alarm.", Place(
    "owner", "nobody is named who answers an alarm", "Name a person rather than a team: owner: Ada Byron."), since="production")
rule("O04", "drift-test-ignores-n", "warning",
     "Drift is told by a p-value, which calls any difference drift once there are enough rows.", Place(
         "monitoring.drift.test", "the p-value of '{monitoring.drift.test}' calls any change a drift once there are enough rows",
         "Take a distance, which does not grow with the rows: test: psi.",
         lambda design: design.monitoring.drift is not None and design.monitoring.drift.test in ("ks", "chi2")))
rule("O08", "feedback-loop-unaddressed", "warning",
     "The model decides what is shown, learns from it, and never tries anything else.", Place(
         "solutions", "the model learns only from what it chose to show, and nothing else is ever tried",
         "Let a small share be chosen at random: rerank: [diversity, explore].",
         lambda design: design.framing.task in ("recommend", "link") and not explores(design)), since="pilot")


@check("O02", "metric-monitor-mismatch", "warning")
def unwatched(design: Design) -> Iterator[Problem]:
    """What is watched leaves out the metric that decided."""
    watch, metric = design.monitoring.watch, design.evaluation.metric
    if watch and metric not in watch:
        yield Problem("monitoring.watch", f"'{metric}' decided which solution ships, and only {', '.join(watch)} is watched",
                      f"Write watch: [{', '.join([metric, *watch])}], or leave it out: its default is the metric and the guards.")


@check("O05", "no-retrain-trigger", "warning")
def no_trigger(design: Design) -> Iterator[Problem]:
    """Neither a cadence nor drift ever makes a new model."""
    drift = design.monitoring.drift
    if design.requirements.freshness.model is None and (drift is None or drift.then != "retrain"):
        where = "monitoring.drift" if drift is None else "monitoring.drift.then"
        yield Problem(where, "no cadence and no drift ever makes a new model",
                      "Write requirements.freshness: {model: 24h}, or monitoring.drift: {then: retrain}.")


@check("O07", "delayed-label-no-proxy", "warning")
def no_proxy(design: Design) -> Iterator[Problem]:
    """Labels take more than a week, and nothing that is known sooner is watched."""
    online = design.evaluation.online
    if wait(design) > LATE and not design.monitoring.watch and not (online and online.guards):
        yield Problem("monitoring.watch", f"a label takes {span(wait(design))}, and nothing that shows sooner is watched",
                      "Name what can be seen on the same day: evaluation.online.guards: [hide_rate], or watch: [...].")
