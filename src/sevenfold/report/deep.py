"""The second hour: each solution taken apart, labels and leakage, and what watches each way to fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import sevenfold.design.expression as expression
import sevenfold.design.vocabulary as vocabulary
from sevenfold.design.estimate import estimate
from sevenfold.design.facts import columns, features, parts, timed
from sevenfold.design.mapping import at, flow
from sevenfold.design.sections import Design
from sevenfold.design.show import plain
from sevenfold.evaluation import figures
from sevenfold.report.blocks import Block, Heading, Points, Words
from sevenfold.report.outline import OPEN, losses, told


def deep(design: Design) -> tuple[Block, ...]:
    """The deep dive of a design."""
    solutions = (block for name in design.solutions for block in _solution(design, name))
    return (Heading("Deep dive: the solutions"), *solutions,
            Heading("Deep dive: labels and leakage"), Points(tuple(_labels(design))),
            Heading("Deep dive: ways to fail"), Points(tuple(_failures(design))))


def _solution(design: Design, name: str) -> Iterator[Block]:
    solution = design.solutions[name]
    made = [(kind, part) for _, kind, part in parts(replace(design, solutions={name: solution})) if kind != "feature"]
    entries = [vocabulary.entry(kind, part.name) for kind, part in made]
    kinds = dict.fromkeys(one.family for one in entries)
    families = [told()["families"][one] for one in kinds if one != "heuristic" or len(kinds) == 1]
    cold = [part.name for (_, part), entry in zip(made, entries, strict=True) if entry.cold]
    lines = [line.text for line in estimate(design).lines if line.solution == name]
    yield Heading(name, 3)
    yield Words(solution.why or OPEN)
    yield Points((
        *((f"{name}.", told()["parts"].get(name, "a part of another package"))
          for name in dict.fromkeys(part.name for _, part in made)),
        ("Loss.", losses(solution)),
        ("Trains.", _training(design, solution.train, any(entry.random for entry in entries))),
        *((f"{title}.", "; ".join(family[key] for family in families)) for key, title in
          (("needs", "Needs"), ("complexity", "Costs"), ("breaks", "Breaks where"))),
        ("Somebody or something new.", f"is answered by {figures.names(cold)}" if cold else "is answered by nothing here"),
        *(("", line) for line in lines)))


def _training(design: Design, how: str, random: bool) -> str:
    every = at(plain(design), "requirements.freshness.model")
    pace = "from each event" if how == "online" else f"anew every {every}" if every else "anew, nobody says how often"
    return f"{pace}; {f'judged over {design.evaluation.seeds} seeds' if random else 'the same result each time'}"


def _labels(design: Design) -> Iterator[tuple[str, str]]:
    label, said = design.framing.label, plain(design)
    within, gap = at(said, "framing.label.within"), at(said, "data.split.embargo")
    yield "Label.", (f"{label.is_}, of the row's own event and hidden from its features" if label.own else
                     f"{label.is_}, looked for in {within or 'an unsaid time'} after the moment of the answer")
    if label.also:
        yield "Also counted.", flow(at(said, "framing.label.also"))[1:-1]
    if label.weak:
        yield "Learnt from.", f"{label.weak}, while {label.is_} is known by hand and kept for judging"
    if timed(design):
        wait = at(said, "framing.label.delay")
        yield "Gap in the split.", gap or f"{within or 0} of looking and {wait} of waiting, as long as a label needs"
    yield from ((f"Bias by {bias}.", told()["biases"][bias]) for bias in label.biases)
    if design.data.events.outcomes:
        yield "Written after the answer.", f"{', '.join(design.data.events.outcomes)}; no feature of the same row may read it"
    of_label = {"label", *expression.parse(label.is_).columns()}
    if readers := [path.removeprefix("data.features.") for path, _, part in features(design) if of_label & columns(part)]:
        yield "Built from the label's own column.", f"{', '.join(readers)}; only from earlier rows whose label was known by then"


def _failures(design: Design) -> Iterator[tuple[str, str]]:
    said = plain(design)
    for failure in told()["failures"]:
        watched = [f"{path} ({flow(value)})" for path in failure["watched"] if (value := at(said, path))]
        yield failure["breaks"], f"Watched by {'; '.join(watched)}." if watched else "Nothing in the document watches it."
