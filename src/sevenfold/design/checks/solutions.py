"""M: are there several honest ways, the simplest first, and can each be trained as it says?"""

from __future__ import annotations

from collections.abc import Iterator

import sevenfold.design.vocabulary as vocabulary
from sevenfold.design.checks.running import parts
from sevenfold.design.findings import Problem, check
from sevenfold.design.sections import Design, Solution
from sevenfold.design.vocabulary import COMPLEXITY, FUNNEL, SIMPLE, TASKS, Entry

BATCH = 3600.0  # seconds: training anew more often than this is no batch


def entries(solution: Solution) -> list[Entry]:
    """What is known of the parts that learn."""
    learners = [part for part in (solution.rank, solution.predict) if part]
    return [vocabulary.entry("retriever", part.name)
            for part in solution.retrieve] + [vocabulary.entry("learner", part.name) for part in learners]


def family(solution: Solution) -> str:
    """The family of a solution's most involved part."""
    return max((one.family for one in entries(solution)), key=lambda name: COMPLEXITY[name], default="heuristic")


@check("M01", "no-baseline", "error", reason="A gain is a difference; without a simple baseline it has no zero.",
       fires="solutions: {popular: {retrieve: als, rank: boosted}}",
       near="solutions: {popular: {retrieve: popular, rank: null}}")
def no_baseline(design: Design) -> Iterator[Problem]:
    """No solution is as simple as a rule or a linear model."""
    if design.solutions and min(COMPLEXITY[family(one)] for one in design.solutions.values()) > SIMPLE:
        funnel = design.framing.task in FUNNEL
        simple = "popular: {retrieve: popular, rank: logistic}" if funnel else "logistic: {predict: logistic}"
        yield Problem("solutions", "no solution is a simple baseline",
                      f"Add a rule or a linear model, and put it first: {simple}.")


@check("M02", "fewer-than-three-solutions", "error",
       reason="Two points make a contest; three show what complexity buys.",
       fires="solutions: {deep: null}", near="solutions: {deep: {retrieve: als, rank: cross_network}}")
def too_few(design: Design) -> Iterator[Problem]:
    """Fewer than three solutions are compared."""
    if (count := len(design.solutions)) < 3:
        yield Problem("solutions", f"{count or 'no'} solution{'s' * (count != 1)}, and at least three are compared",
                      "Give a baseline, a stronger one and the one you believe in.")


@check("M03", "baseline-not-simple", "error", reason="The first solution is the one that others must beat.",
       fires="solutions: {popular: null, last: {retrieve: popular}}", near="solutions: {last: {retrieve: popular}}")
def first_not_simple(design: Design) -> Iterator[Problem]:
    """The first solution is not the simplest."""
    complexity = {name: COMPLEXITY[family(one)] for name, one in design.solutions.items()}
    if complexity and min(complexity.values()) <= SIMPLE and next(iter(complexity.values())) > SIMPLE:
        simplest = min(complexity, key=lambda name: complexity[name])
        yield Problem(f"solutions.{next(iter(complexity))}", f"the first solution is less simple than '{simplest}'",
                      f"Put '{simplest}' first: it is the baseline.")


@check("M04", "solutions-not-diverse", "warning", reason="Three sizes of one idea are no comparison of ideas.",
       fires="solutions: {popular: {rank: cross_network}, trees: {rank: cross_network}}",
       near="solutions: {trees: {rank: cross_network}}")
def not_diverse(design: Design) -> Iterator[Problem]:
    """All solutions are of one family."""
    families = {family(one) for one in design.solutions.values()}
    if len(design.solutions) > 1 and len(families) == 1:
        yield Problem("solutions", f"all solutions are of one family, '{families.pop()}'",
                      "Let one be a rule or linear, one of trees, one deep.")


@check("M05", "loss-task-mismatch", "error", on="ads", reason="Another loss answers another question.",
       fires="solutions: {trees: {predict: {boosted: {loss: lambdarank}}}}",
       near="solutions: {trees: {predict: {boosted: {loss: logistic}}}}")
def loss_mismatch(design: Design) -> Iterator[Problem]:
    """A loss does not fit the task."""
    task = design.framing.task
    for path, kind, part in parts(design):
        loss = part.params.get("loss")
        if kind != "feature" and loss is not None and loss not in TASKS[task].losses:
            fits = [one for one in vocabulary.entry(kind, part.name).losses if one in TASKS[task].losses]
            yield Problem(path, f"the loss '{loss}' of '{part.name}' does not fit the task '{task}'",
                          f"Write {{{part.name}: {{loss: {fits[0]}}}}}."
                          if fits else f"'{part.name}' cannot be trained for it; choose another part.")


@check("M07", "cadence-slower-than-freshness", "warning",
       reason="A promise of minutes is not kept by a training of hours.",
       fires="requirements: {freshness: {model: 10min}}",
       near="requirements: {freshness: {model: 10min}}\nsolutions:\n  {popular: {train: online}, trees: null, "
            "deep: {train: online}, last: {retrieve: popular, train: online}}")
def too_slow(design: Design) -> Iterator[Problem]:
    """The model must be fresher than an hour, and a solution trains in batch."""
    fresh = design.requirements.freshness.model
    for name, solution in design.solutions.items():
        if fresh and fresh < BATCH and solution.train == "batch":
            yield Problem(f"solutions.{name}", f"trains in batch, but the model must be fresh within {fresh / 60:g}min",
                          "Write train: online, or promise less: requirements.freshness.model: 24h.")


@check("M08", "continual-on-non-incremental", "warning", on="ads",
       reason="Trees are grown anew; they do not learn from one more event.",
       fires="solutions: {trees: {train: online}}", near="solutions: {deep: {train: online}}")
def not_incremental(design: Design) -> Iterator[Problem]:
    """A solution trains online, and its learner cannot learn from single events."""
    for name, solution in design.solutions.items():
        for key, part in {"rank": solution.rank, "predict": solution.predict}.items():
            if solution.train == "online" and part and not vocabulary.entry("learner", part.name).incremental:
                yield Problem(f"solutions.{name}.train",
                              f"'{part.name}' ({key}) cannot go on learning from single events",
                              "Train it in batch, or take one that can: logistic, cross_network.")


@check("M10", "cold-start-unhandled", "warning", reason="Those who come today have no past to be known by.",
       fires="solutions: {trees: {retrieve: [als, ease]}}\nserving: {retrieve: {else: null}}",
       near="solutions: {trees: {retrieve: [als, popular]}}\nserving: {retrieve: {else: null}}")
def cold_start(design: Design) -> Iterator[Problem]:
    """Every source of candidates needs a past, and no other steps in."""
    for name, solution in design.solutions.items():
        sources = [part.name for part in solution.retrieve]
        cold = design.serving.retrieve.else_ or any(vocabulary.entry("retriever", one).cold for one in sources)
        if sources and not cold:
            yield Problem(f"solutions.{name}.retrieve", f"whoever is new gets nothing from {', '.join(sources)}",
                          "Add a source that needs no past, such as popular, or serving: {retrieve: {else: popular}}.")


@check("M11", "not-reproducible", "warning", reason="One seed shows luck and skill as one number.",
       fires="evaluation: {seeds: 1}", near="evaluation: {seeds: 3}")
def few_seeds(design: Design) -> Iterator[Problem]:
    """A solution is fitted at random over fewer than three seeds."""
    chance = [name for name, one in design.solutions.items() if any(known.random for known in entries(one))]
    if chance and design.evaluation.seeds < 3:
        yield Problem("evaluation.seeds",
                      f"'{chance[0]}' is fitted at random, and over seeds: {design.evaluation.seeds}",
                      "Write seeds: 3 or more.")


@check("M13", "complexity-unearned", "warning", reason="Noise would then pay for complexity.",
       fires="evaluation: {least_effect: 0}", near="evaluation: {least_effect: 0.0001}")
def unearned(design: Design) -> Iterator[Problem]:
    """Any gain at all would justify a more complex solution."""
    if design.evaluation.least_effect <= 0:
        yield Problem("evaluation.least_effect", "any gain, however small, would justify a more complex solution",
                      "Name the least gain that is worth keeping a harder model alive: least_effect: 0.005.")


def _shape(task: str, solution: Solution) -> tuple[str, str] | None:
    """What keeps a solution from answering the task at all."""
    stages: dict[str, object] = {"rerank": solution.rerank, "rank": solution.rank, "retrieve": solution.retrieve}
    if task in FUNNEL and solution.predict:
        return f"the task '{task}' chooses from a catalogue; 'predict' does not", "Write retrieve: and rank: instead."
    if task in FUNNEL and not solution.retrieve:
        return "nothing proposes candidates", "Name at least one source: retrieve: popular."
    if task not in FUNNEL and (given := [key for key, part in stages.items() if part]):
        return f"the task '{task}' has nothing to {given[-1]}", "Write predict: ... alone."
    if task not in FUNNEL and not solution.predict:
        return "nothing predicts", "Name a learner: predict: logistic."
    return None


@check("M14", "solution-shape", "error", reason="A solution must be able to answer the task at all.",
       fires="solutions: {trees: {predict: boosted, retrieve: null, rank: null, rerank: null}}",
       near="solutions: {trees: {rank: null, rerank: null}}")
def shape(design: Design) -> Iterator[Problem]:
    """A solution lacks the stage that its task needs, or has one that it has no use for."""
    for name, solution in design.solutions.items():
        if fault := _shape(design.framing.task, solution):
            yield Problem(f"solutions.{name}", *fault)
