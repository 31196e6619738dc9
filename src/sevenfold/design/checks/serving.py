"""V: can the answer be given in time, from what is kept, and without harm when a part fails?"""

from __future__ import annotations

from collections.abc import Iterator

import sevenfold.design.vocabulary as vocabulary
from sevenfold.design.checks.data import exposed
from sevenfold.design.checks.requirements import answers_online
from sevenfold.design.checks.splits import span
from sevenfold.design.findings import Problem, check
from sevenfold.design.sections import Design, Serving, Solution

STAGES = ("retrieve", "rank", "rerank", "predict")
FEW = 0.2  # of all users: fewer a day make lists for all a waste


def stages(solution: Solution) -> list[str]:
    """The stages that a solution goes through for each answer."""
    return [stage for stage in STAGES if getattr(solution, stage)]


@check("V01", "latency-sum-over-budget", "error")
def too_long(design: Design) -> Iterator[Problem]:
    """The stages of a solution may together take longer than the promise."""
    promise = design.requirements.limits.p99
    if promise is None or not answers_online(design) or not design.solutions:
        return
    budgets = {name: _budgets(design, solution) for name, solution in design.solutions.items()}
    slowest = max(budgets, key=lambda name: sum(budgets[name].values()))
    terms, total = budgets[slowest], round(sum(budgets[slowest].values()), 9)
    if total > promise:
        told = " + ".join(f"{stage} {span(within)}" for stage, within in terms.items())
        told += f" = {span(total)}" if len(terms) > 1 else ""
        kept = f" For a p99 of all {len(terms)} together, each must hold in {1 - 0.01 / len(terms):.2%} of answers."
        yield Problem("serving", f"'{slowest}' may take {told}, and {span(promise)} is promised",
                      f"Give the stages less, or promise more.{kept if len(terms) > 1 else ''}")


def _budgets(design: Design, solution: Solution) -> dict[str, float]:
    """Stage → seconds, of the stages that have a deadline."""
    return {stage: within for stage in stages(solution) if (within := getattr(design.serving, stage).within)}


@check("V02", "funnel-inconsistent", "error")
def funnel(design: Design) -> Iterator[Problem]:
    """A stage keeps less than a later one needs."""
    retrieve, rank = design.serving.retrieve.keep, design.serving.rank.keep
    wanted = design.framing.answer.items or design.framing.answer.users or 0
    for stage, keep in {"retrieve": retrieve, "rank": rank}.items():
        if keep is not None and keep < wanted and any(getattr(one, stage) for one in design.solutions.values()):
            yield Problem(f"serving.{stage}.keep", f"'{stage}' keeps {keep}, and {wanted} are shown",
                          f"Write serving: {{{stage}: {{keep: {5 * wanted}}}}}, or show fewer.")
    if retrieve is not None and rank is not None and rank > retrieve and _stated(design):
        yield Problem("serving.rank.keep", f"'rank' is to keep {rank} of the {retrieve} that 'retrieve' passes on",
                      "A funnel narrows: keep more before, or fewer after.")


def _stated(design: Design) -> bool:
    """Somebody wrote how many ranking keeps."""
    return "serving.rank.keep" in design.lines or design.serving.rank.keep != Serving().rank.keep


@check("V03", "batch-with-request-context", "error")
def batch_context(design: Design) -> Iterator[Problem]:
    """Everything is computed ahead, and the answer depends on what is known only when it is asked for."""
    batch, fresh = design.serving.batch, design.requirements.freshness.user
    if batch is None or batch.for_ != "everything":
        return
    hint = "Answer online with lists as the fallback, batch: {for: fallback}"
    if design.framing.task == "search":
        yield Problem("serving.batch.for", "lists are made ahead, and nobody knows the queries of tomorrow", f"{hint}.")
    if context := design.data.features.get("context"):
        yield Problem("serving.batch.for", f"lists are made ahead, and '{next(iter(context))}' is known only with the request",
                      f"{hint}; or take the features of context away.")
    if fresh is not None and fresh < batch.every:
        yield Problem("serving.batch.every", f"lists are made every {span(batch.every)}, and what a user does must show "
                      f"within {span(fresh)}", f"{hint}; make lists every {span(fresh)}; or promise less.")


@check("V04", "no-fallback", "warning")
def no_fallback(design: Design) -> Iterator[Problem]:
    """A stage that somebody waits for has no deadline, or nothing that steps in when it is late."""
    used = {stage for one in design.solutions.values() for stage in stages(one)} if answers_online(design) else set()
    samples = {"retrieve": "popular", "rank": "retrieval_order", "rerank": "skip", "predict": "a simpler learner"}
    for stage in (one for one in STAGES if one in used):
        budget = getattr(design.serving, stage)
        lacks = [what for what, value in {"deadline": budget.within, "fallback": budget.else_}.items() if value is None]
        if lacks:
            yield Problem(f"serving.{stage}", f"'{stage}' has no {' and no '.join(lacks)}",
                          f"Say how long it may take and what answers then: {stage}: {{within: 40ms, else: {samples[stage]}}}.")


@check("V05", "batch-waste", "info")
def waste(design: Design) -> Iterator[Problem]:
    """Lists are made for all users, and few of them come on a day."""
    scale = design.requirements.scale
    if not answers_online(design) and scale.users and scale.daily_users and scale.daily_users < FEW * scale.users:
        yield Problem("serving.batch.for",
                      f"lists are made for {scale.users:,.0f} users, and {scale.daily_users:,.0f} of them come on a day",
                      "Where an answer can be made in time, make it for those who come: batch: {for: fallback}.")


@check("V08", "index-lag-over-freshness", "error")
def index_lag(design: Design) -> Iterator[Problem]:
    """A new item must be found before the next training, and every source must be trained to know it."""
    item, model = design.requirements.freshness.item, design.requirements.freshness.model
    if item is None or model is None or item >= model:
        return
    for name, solution in design.solutions.items():
        known = [vocabulary.entry("retriever", part.name) for part in solution.retrieve]
        if known and not any(one.incremental or one.cold for one in known):
            sources = ", ".join(part.name for part in solution.retrieve)
            yield Problem(f"solutions.{name}.retrieve",
                          f"{sources} know a new item only from a training, every {span(model)}, and it must be found within "
                          f"{span(item)}", "Add a source that needs none to know it, such as popular, content or two_tower.")


@check("V09", "no-policy-layer", "warning", since="pilot")
def no_policy(design: Design) -> Iterator[Problem]:
    """No solution re-ranks: what must not be shown, or not so often, has no place to be said."""
    if design.framing.task in ("recommend", "search") and not any(one.rerank for one in design.solutions.values()):
        yield Problem("solutions", "no solution re-ranks, so rules, caps and variety have no place",
                      "Add what fits: rerank: diversity, or rules, caps, freshness.")


@check("V10", "exposure-not-logged", "error")
def unlogged(design: Design) -> Iterator[Problem]:
    """Labels come from what is shown, and what is shown is not logged."""
    if design.serving.log == 0 and exposed(design):
        yield Problem("serving.log", f"no answer is logged, and '{design.framing.label.is_}' is known only of what was shown",
                      "Log at least a part of the answers: serving: {log: 10%}.")


@check("V11", "no-staged-rollout", "warning", since="pilot")
def rollout(design: Design) -> Iterator[Problem]:
    """A new version goes to everybody at once."""
    release = design.monitoring.release
    if release is None or set(release.via) <= {"full"}:
        yield Problem("monitoring.release", "a new version goes to everybody at once",
                      "Go by steps that can be taken back: release: {via: [shadow, canary, full], undo_on: [p99]}.")
