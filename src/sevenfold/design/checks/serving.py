"""V: can the answer be given in time, from what is kept, and without harm when a part fails?"""

from __future__ import annotations

from collections.abc import Iterator

import sevenfold.design.vocabulary as vocabulary
from sevenfold.design.facts import STAGES, answers_online, exposed, stages
from sevenfold.design.findings import Place, Problem, check, rule, span
from sevenfold.design.sections import Design, Serving

FEW = 0.2  # of all users: fewer a day make lists for all a waste

rule("V05", "batch-waste", "info", "Lists are made for all users, and few of them come on a day.", Place(
    "serving.batch.for",
    "lists are made for {requirements.scale.users:,.0f} users, and {requirements.scale.daily_users:,.0f} of them come on a day",
    "Where an answer can be made in time, make it for those who come: batch: {for: fallback}.",
    lambda design: not answers_online(design) and 0 < (design.requirements.scale.daily_users or 0.0)
    < FEW * (design.requirements.scale.users or 0.0)))
rule("V09", "no-policy-layer", "warning",
     "No solution re-ranks: what must not be shown, or not so often, has no place to be said.", Place(
         "solutions", "no solution re-ranks, so rules, caps and variety have no place",
         "Add what fits: rerank: diversity, or rules, caps, freshness.",
         lambda design: design.framing.task in ("recommend", "search")
         and not any(one.rerank for one in design.solutions.values())), since="pilot")
rule("V10", "exposure-not-logged", "error", "Labels come from what is shown, and what is shown is not logged.", Place(
    "serving.log", "no answer is logged, and '{framing.label.is_}' is known only of what was shown",
    "Log at least a part of the answers: serving: {log: 10%}.",
    lambda design: design.serving.log == 0 and exposed(design)))
rule("V11", "no-staged-rollout", "warning", "A new version goes to everybody at once.", Place(
    "monitoring.release", "a new version goes to everybody at once",
    "Go by steps that can be taken back: release: {via: [shadow, canary, full], undo_on: [p99]}.",
    lambda design: design.monitoring.release is None or set(design.monitoring.release.via) <= {"full"}), since="pilot")


@check("V01", "latency-sum-over-budget", "error")
def too_long(design: Design) -> Iterator[Problem]:
    """The stages of a solution may together take longer than the promise."""
    promise = design.requirements.limits.p99
    if promise is None or not answers_online(design) or not design.solutions:
        return
    budgets = {name: {stage: within for stage in stages(solution) if (within := getattr(design.serving, stage).within)}
               for name, solution in design.solutions.items()}
    slowest = max(budgets, key=lambda name: sum(budgets[name].values()))
    terms, total = budgets[slowest], round(sum(budgets[slowest].values()), 9)
    if total > promise:
        told = " + ".join(f"{stage} {span(within)}" for stage, within in terms.items())
        told += f" = {span(total)}" if len(terms) > 1 else ""
        kept = f" For a p99 of all {len(terms)} together, each must hold in {1 - 0.01 / len(terms):.2%} of answers."
        yield Problem("serving", f"'{slowest}' may take {told}, and {span(promise)} is promised",
                      f"Give the stages less, or promise more.{kept if len(terms) > 1 else ''}")


@check("V02", "funnel-inconsistent", "error")
def funnel(design: Design) -> Iterator[Problem]:
    """A stage keeps less than a later one needs."""
    retrieve, rank = design.serving.retrieve.keep, design.serving.rank.keep
    wanted = design.framing.answer.items or design.framing.answer.users or 0
    for stage, keep in {"retrieve": retrieve, "rank": rank}.items():
        if keep is not None and keep < wanted and any(getattr(one, stage) for one in design.solutions.values()):
            yield Problem(f"serving.{stage}.keep", f"'{stage}' keeps {keep}, and {wanted} are shown",
                          f"Write serving: {{{stage}: {{keep: {5 * wanted}}}}}, or show fewer.")
    stated = "serving.rank.keep" in design.lines or rank != Serving().rank.keep
    if retrieve is not None and rank is not None and rank > retrieve and stated:
        yield Problem("serving.rank.keep", f"'rank' is to keep {rank} of the {retrieve} that 'retrieve' passes on",
                      "A funnel narrows: keep more before, or fewer after.")


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
