"""C, with V06 and E11: on the back of an envelope, does it fit into the servers, the days and the budget?

An error is only what even the hopeful end of a range breaks.
"""

from __future__ import annotations

from collections.abc import Iterator

from sevenfold.design.estimate import Estimate, Line, estimate
from sevenfold.design.estimate.defaults import faults
from sevenfold.design.estimate.number import shown
from sevenfold.design.findings import Problem, check
from sevenfold.design.sections import Design

SCALE = "requirements.scale"
MEND = "Let more users take part, let it last longer, or aim at a larger effect."
ASKED = {f"{SCALE}.daily_users", f"{SCALE}.requests_per_user"}  # of every design, by R03


@check("C01", "estimate-input-missing", "error")
def missing(design: Design) -> Iterator[Problem]:
    """A formula of the estimate needs a value that the document does not give."""
    chooses = {f"{SCALE}.items"} if design.framing.task in ("recommend", "search") else set()
    for one in (_estimate(design) or Estimate(lines=())).missing:
        if one.path not in ASKED | chooses:
            yield Problem(one.path, f"the estimate needs it for {one.for_}: {one.asks}",
                          f"Write {one.path.rpartition('.')[2]}, even if it is a guess; '# ?' on its line says so.")


@check("C02", "qps-contradiction", "error")
def contradiction(design: Design) -> Iterator[Problem]:
    """The requests that are stated and those that follow from the users differ more than three times."""
    scale = design.requirements.scale
    if scale.requests and scale.daily_users and scale.requests_per_user:
        derived = scale.daily_users * scale.requests_per_user
        if not 1 / 3 <= scale.requests / derived <= 3:
            told = f"{shown(scale.requests, '/s')} are stated, but daily_users × requests_per_user is {shown(derived, '/s')}"
            yield Problem(f"{SCALE}.requests", told, "Correct one of the three: the whole estimate follows from them.")


@check("C03", "over-budget", "error")
def over_budget(design: Design) -> Iterator[Problem]:
    """Even the cheapest solution costs more than the limit, at the low end of the estimate."""
    limit, totals = design.requirements.limits.cost, _lines(design, "$0")
    if limit and totals and (least := min(totals, key=lambda one: one.low)).low > limit:
        yield Problem("requirements.limits.cost", f"even {least.solution}, the cheapest, is estimated at {least.range}, "
                      f"and the limit is {shown(limit, '$/month')}", f"Most of it is {_largest(design, least.solution)}. "
                      "Ask for less, raise the limit, or replace a default: sevenfold estimate FILE.")


@check("C04", "memory-over-host", "error")
def over_memory(design: Design) -> Iterator[Problem]:
    """A replica of a solution holds more than the limit, at the low end of the estimate."""
    limit = design.requirements.limits.memory
    for one in _lines(design, "F0"):
        if limit and one.low > limit:
            yield Problem(f"solutions.{one.solution}", f"a replica is estimated to hold {one.range or shown(one.value, 'B', 2)} "
                          f"({one.formula}), and the limit is {shown(limit, 'B')}",
                          "Keep vectors shorter or compressed, spread items over several servers, or raise limits.memory.")


@check("C05", "sized-on-average", "warning")
def sized_on_average(design: Design) -> Iterator[Problem]:
    """The replicas that are planned suffice on average, but not at the peak."""
    planned, peak = design.serving.replicas, _lines(design, "Q6")
    least = min(peak, key=lambda one: one.value, default=None)
    if planned and least and planned < least.value and _enough_on_average(design, planned):
        yield Problem("serving.replicas", f"{planned} replica{'s' * (planned > 1)} can answer the average, but the peak asks for "
                      f"{least.value:.0f} with {least.solution}: {least.formula}", "Size for the peak, and add a spare one.")


@check("V06", "throughput-shortfall", "error")
def shortfall(design: Design) -> Iterator[Problem]:
    """The replicas that are planned do not even answer the average, at the low end of the estimate."""
    planned, average = design.serving.replicas, _lines(design, "average replicas")
    if planned and average and not _enough_on_average(design, planned):
        least = min(average, key=lambda one: one.low)
        yield Problem("serving.replicas", f"{planned} replica{'s' * (planned > 1)} cannot answer the average: {least.solution} "
                      f"asks for at least {least.low:.0f} ({least.formula} = {least.value:.0f})",
                      "Plan more replicas, or keep fewer candidates.")


@check("C06", "training-over-cadence", "error")
def training(design: Design) -> Iterator[Problem]:
    """A training takes longer than the model may be old, at the low end of the estimate."""
    cadence = design.requirements.freshness.model
    for one in _lines(design, "F8"):
        if cadence and one.low * 3_600 > cadence and design.solutions[one.solution].train == "batch":
            yield Problem(f"solutions.{one.solution}", f"a training is estimated at {one.range or shown(one.value, 'h')} "
                          f"({one.formula}), but the model must be new every {shown(cadence, 's')}",
                          "Train on less, choose a lighter part, or say what it runs on, as in requirements.assume: {gpus: 8}.")


@check("C08", "assumption-unknown", "error", since="concept")
def assumptions(design: Design) -> Iterator[Problem]:
    """What is assumed names no default of the estimate, or does not read in its unit."""
    for name, problem, hint in faults(design.requirements.assume):
        yield Problem(f"requirements.assume.{name}", problem, hint)


@check("E11", "ab-underpowered", "error", since="prototype")
def underpowered(design: Design) -> Iterator[Problem]:
    """The experiment ends before it can see the effect that it must not miss, or has too few users ever to see it."""
    online, arm, length = design.evaluation.online, _lines(design, "T1"), _lines(design, "T2")
    if online is None:
        return
    users = design.requirements.scale.users or 0.0
    aimed = bool(arm) and any(one.name in ("evaluation.online.effect", "requirements.goal.to") for one in arm[0].inputs)
    if not online.traffic:
        yield Problem("evaluation.online.traffic", "no user takes part in the experiment", "Write a share, as in traffic: 10%.")
    elif aimed and online.by == "user" and 0 < users * online.traffic < 2 * arm[0].low:
        yield Problem("evaluation.online", f"{shown(users * online.traffic)} users take part, and at least "
                      f"{shown(2 * arm[0].low)} are needed ({arm[0].formula} in each arm)", MEND)
    elif aimed and length and length[0].low > online.days:
        yield Problem("evaluation.online", f"the experiment lasts {shown(online.days, 's')}, and needs at least "
                      f"{shown(length[0].low, 's')} ({length[0].formula})", MEND)


def _enough_on_average(design: Design, planned: int) -> bool:
    return planned >= min((one.low for one in _lines(design, "average replicas")), default=0.0)


def _largest(design: Design, solution: str) -> str:
    """The largest part of a solution's total, with its formula."""
    parts = [one for id in ("$1", "$2", "$4", "$5", "$6") for one in _lines(design, id) if one.solution in ("", solution)]
    most = max(parts, key=lambda one: one.low)
    return f"{most.name.removesuffix(f', {solution}')}, {most.formula}"


def _lines(design: Design, key: str) -> list[Line]:
    found = _estimate(design)
    return [one for one in found.lines if one.key == key] if found else []


def _estimate(design: Design) -> Estimate | None:
    """Once for all rules, kept beside the values it follows from; None where an assumption is at fault, which C08 says."""
    kept = vars(design)
    if "_estimate" not in kept:
        kept["_estimate"] = None if any(faults(design.requirements.assume)) else estimate(design)
    found: Estimate | None = kept["_estimate"]
    return found
