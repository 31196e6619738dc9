"""M: are there several honest ways, the simplest first, and can each be trained as it says?"""

from __future__ import annotations

from collections.abc import Iterator

import sevenfold.design.vocabulary as vocabulary
from sevenfold.design.facts import parts, trained
from sevenfold.design.findings import Place, Problem, check, rule
from sevenfold.design.sections import Design, Solution
from sevenfold.design.vocabulary import COMPLEXITY, FUNNEL, SIMPLE, TASKS, Entry

BATCH = 3600.0  # seconds: training anew more often than this is no batch

rule("M13", "complexity-unearned", "warning", "Any gain at all would justify a more complex solution.", Place(
    "evaluation.least_effect", "any gain, however small, would justify a more complex solution",
    "Name the least gain that is worth keeping a harder model alive: least_effect: 0.005.",
    lambda design: design.evaluation.least_effect <= 0))


def entries(solution: Solution) -> list[Entry]:
    """What is known of the parts that learn."""
    return [vocabulary.entry(kind, part.name) for kind, part in trained(solution)]


def complexity(solution: Solution) -> int:
    """How much there is to explain of a solution's most involved part."""
    return max((COMPLEXITY[one.family] for one in entries(solution)), default=0)


@check("M01", "no-baseline", "error")
def no_baseline(design: Design) -> Iterator[Problem]:
    """No solution is as simple as a rule or a linear model."""
    if design.solutions and min(map(complexity, design.solutions.values())) > SIMPLE:
        funnel = design.framing.task in FUNNEL
        simple = "popular: {retrieve: popular, rank: logistic}" if funnel else "logistic: {predict: logistic}"
        yield Problem("solutions", "no solution is a simple baseline",
                      f"Add a rule or a linear model, and put it first: {simple}.")


@check("M02", "fewer-than-three-solutions", "error")
def too_few(design: Design) -> Iterator[Problem]:
    """Fewer than three solutions are compared."""
    if (count := len(design.solutions)) < 3:
        yield Problem("solutions", f"{count or 'no'} solution{'s' * (count != 1)}, and at least three are compared",
                      "Give a baseline, a stronger one and the one you believe in.")


@check("M03", "baseline-not-simple", "error")
def first_not_simple(design: Design) -> Iterator[Problem]:
    """The first solution is not the simplest."""
    if design.solutions:
        first = next(iter(design.solutions))
        simplest = min(design.solutions, key=lambda name: complexity(design.solutions[name]))
        if complexity(design.solutions[simplest]) <= SIMPLE < complexity(design.solutions[first]):
            yield Problem(f"solutions.{first}", f"the first solution is less simple than '{simplest}'",
                          f"Put '{simplest}' first: it is the baseline.")


@check("M04", "solutions-not-diverse", "warning")
def one_family(design: Design) -> Iterator[Problem]:
    """All solutions are of one family."""
    known = [entries(solution) for solution in design.solutions.values()]
    families = {max(parts, key=lambda part: COMPLEXITY[part.family]).family for parts in known if parts}
    if len(design.solutions) > 1 and len(families) == 1:
        yield Problem("solutions", f"{', '.join(design.solutions)} are all of one family, {families.pop()}",
                      "Compare ways that differ in kind: a rule or a linear model, trees, a deep one.")


@check("M05", "loss-task-mismatch", "error")
def loss_mismatch(design: Design) -> Iterator[Problem]:
    """A loss does not fit the task."""
    task = design.framing.task
    for path, kind, part in parts(design):
        loss = part.params.get("loss")
        if kind != "feature" and loss is not None and loss not in TASKS[task].losses:
            fits = [one for one in vocabulary.losses(kind, part.name) if one in TASKS[task].losses]
            yield Problem(path, f"the loss '{loss}' of '{part.name}' does not fit the task '{task}'",
                          f"Write {{{part.name}: {{loss: {fits[0]}}}}}."
                          if fits else f"'{part.name}' cannot be trained for it; choose another part.")


@check("M07", "cadence-slower-than-freshness", "warning")
def too_slow(design: Design) -> Iterator[Problem]:
    """The model must be fresher than an hour, and a solution trains in batch."""
    fresh = design.requirements.freshness.model
    for name, solution in design.solutions.items():
        if fresh and fresh < BATCH and solution.train == "batch":
            yield Problem(f"solutions.{name}", f"trains in batch, but the model must be fresh within {fresh / 60:g}min",
                          "Write train: online, or promise less: requirements.freshness.model: 24h.")


@check("M08", "continual-on-non-incremental", "warning")
def not_incremental(design: Design) -> Iterator[Problem]:
    """A solution trains online, and its learner cannot learn from single events."""
    for name, solution in design.solutions.items():
        for key, part in {"rank": solution.rank, "predict": solution.predict}.items():
            if solution.train == "online" and part and not vocabulary.entry("learner", part.name).incremental:
                yield Problem(f"solutions.{name}.train",
                              f"'{part.name}' ({key}) cannot go on learning from single events",
                              "Train it in batch, or take one that can: logistic, cross_network.")


@check("M10", "cold-start-unhandled", "warning")
def cold_start(design: Design) -> Iterator[Problem]:
    """Every source of candidates needs a past, and no other steps in."""
    for name, solution in design.solutions.items():
        sources = [part.name for part in solution.retrieve]
        cold = design.serving.retrieve.else_ or any(vocabulary.entry("retriever", one).cold for one in sources)
        if sources and not cold:
            yield Problem(f"solutions.{name}.retrieve", f"whoever is new gets nothing from {', '.join(sources)}",
                          "Add a source that needs no past, such as popular, or serving: {retrieve: {else: popular}}.")


@check("M11", "not-reproducible", "warning")
def few_seeds(design: Design) -> Iterator[Problem]:
    """A solution is fitted at random over fewer than three seeds."""
    chance = [name for name, one in design.solutions.items() if any(known.random for known in entries(one))]
    if chance and design.evaluation.seeds < 3:
        yield Problem("evaluation.seeds",
                      f"'{chance[0]}' is fitted at random, and over seeds: {design.evaluation.seeds}",
                      "Write seeds: 3 or more.")


def _misfit(funnel: bool, solution: Solution) -> tuple[str, str] | None:
    """What keeps a solution from answering at all."""
    if funnel and solution.predict:
        return "this task chooses from a catalogue; 'predict' does not", "Write retrieve: and rank: instead."
    if funnel and not solution.retrieve:
        return "nothing proposes candidates", "Name at least one source: retrieve: popular."
    stages = [key for key in ("retrieve", "rank", "rerank") if getattr(solution, key)]
    if not funnel and stages:
        return f"this task has nothing to {stages[0]}", "Write predict: ... alone."
    if not funnel and not solution.predict:
        return "nothing predicts", "Name a learner: predict: logistic."
    return None


@check("M14", "solution-shape", "error")
def shape(design: Design) -> Iterator[Problem]:
    """A solution lacks the stage that its task needs, or has one that it has no use for."""
    for name, solution in design.solutions.items():
        if fault := _misfit(design.framing.task in FUNNEL, solution):
            yield Problem(f"solutions.{name}", *fault)


@check("M15", "solution-unargued", "warning", since="prototype")
def unargued(design: Design) -> Iterator[Problem]:
    """Nothing says what speaks for a solution."""
    for name, solution in design.solutions.items():
        if not solution.why:
            yield Problem(f"solutions.{name}.why", f"nothing says what speaks for '{name}'",
                          "Say what it can do that the others cannot: why: Trees take mixed features as they are.")
