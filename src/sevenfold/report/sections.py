"""The report of a concluded run, section by section: the numbers, the pictures, the argument and where they come from."""

from __future__ import annotations

from collections.abc import Iterator

import sevenfold.report.pictures as pictures
import sevenfold.report.tables as tables
from sevenfold import design as documents
from sevenfold.design.sections import Design
from sevenfold.evaluation import decision, defence, figures
from sevenfold.record import Decision, Record, Solution
from sevenfold.report.blocks import Block, Code, Drawn, Folded, Heading, Points, Words, scrolled, titled
from sevenfold.report.diagrams import funnel, layout, mermaid
from sevenfold.report.tags import Safe, join, tag

FRONT = "On the Pareto front: {}. Whoever is not on it has an equal or a better in quality, p99, cost and memory at once."
TRADE = ("{} is better, left is faster; whiskers are {:.0f} % intervals, a disc's area is the monthly cost, and the dotted line "
         "joins solutions that buy quality with time.")
RECALL = "Recall: the share of all relevant items that is still there after the stage."
FLIPS = "Who wins as one setting moves and everything else stays. Stretches are drawn equally long."
CLASSES = {True: "yes", False: "no", None: "unknown"}


def report(design: Design, record: Record) -> Iterator[Block]:
    """The whole report; the record must have been concluded."""
    decided = record.decision or Decision(winner=None)
    yield Heading(record.name, 1)
    if record.why:
        yield Words(record.why, role="why")
    yield Words(decided.sentence, role="verdict" if decided.winner else "verdict none")
    yield from _comparison(record)
    if picture := pictures.trade_off(record):
        caption = tag("figcaption", TRADE.format("Up" if record.higher_is_better else "Down", 100 * record.level))
        yield Drawn(join(tag("h2", "Quality, latency, cost"), tag("figure", scrolled(picture), caption, class_="trade")))
    yield from _pipeline(design, record)
    yield from titled("Slices", tables.slices(record), level=2)
    yield Heading("The defence")
    yield from (block for one in defence.defence(record) for block in titled(one.title, Points(one.points)))
    yield from _flips(record)
    yield Heading("Findings and leaks")
    yield tables.leaks(record) if record.leaks else Words("No leak probe was run.")
    yield tables.findings(record) if record.findings else Words("The checks found nothing.")
    yield Heading("The design")
    yield Folded("The document, with every default", (Code(documents.show(design), "yaml"),))
    yield from titled("Where the numbers come from", tables.provenance(record), level=2)


def _comparison(record: Record) -> Iterator[Block]:
    table, solutions = tables.comparison(record), decision.ordered(record)
    name, metric, _, *others = table.headings
    ends = [end for one in solutions.values() if (found := one.metrics.get(record.metric))
            for end in (found.low, found.value, found.high) if end is not None] or [0.0, 1.0]
    heads = [tag("th", name), tag("th", "", class_="bars"), tag("th", metric, class_="n"),
             *(tag("th", words, class_="n" if words != "limits" else None) for words in others)]
    rows = [_compared(record, one, cells, min(ends), max(ends))
            for one, cells in zip(solutions.values(), table.rows, strict=True)]
    yield Heading("The comparison")
    yield Drawn(scrolled(tag("table", tag("tr", *heads), *rows)), (table,))
    if record.pareto:
        yield Words(FRONT.format(figures.names(record.pareto)), quiet=True)
    yield Folded("Every limit", (tables.limits(record),))
    yield Folded("Every metric", (tables.quality(record),))
    yield Folded("How the cost comes about", tuple(
        block for name, one in solutions.items() if one.cost
        for block in (Heading(name, 3), Code("\n".join((*one.cost.formulas, f"prices of {one.cost.prices}"))))))


def _compared(record: Record, solution: Solution, cells: tuple[str, ...], low: float, high: float) -> Safe:
    """A row of the comparison: the interval as a bar, each limit in its colour."""
    name, value, interval, *others = cells
    colour = pictures.colour(solution)
    limits = [tag("span", f"{tables.SIGNS[held.holds]} {figures.LIMITS[limit]}", class_=CLASSES[held.holds],
                  title=tables.word(held)) for limit, held in solution.limits.items()]
    return tag("tr", tag("td", tag("span", name, class_=f"name {colour}"), tag("small", solution.parts)),
               tag("td", pictures.bar(solution.metrics.get(record.metric), low, high, colour), class_="bars"),
               tag("td", value, tag("small", interval), class_="n"), *(tag("td", words, class_="n") for words in others[:4]),
               tag("td", *limits, class_="limits") if record.limits else None,
               class_="won" if name == record.winner else None)


def _pipeline(design: Design, record: Record) -> Iterator[Block]:
    drawn = {name: _drawn(design, name, one) for name, one in decision.ordered(record).items() if name in design.solutions}
    first = record.winner if record.winner in drawn else next(iter(drawn), None)
    yield Heading("The pipeline")
    if first is not None:
        yield drawn.pop(first)
    yield Folded("The other solutions", tuple(drawn.values()))
    if any(stage.recall is not None for one in record.solutions.values() for stage in one.stages):
        yield Heading("Where the funnel loses", 3)
        yield Drawn(_losses(record), (tables.stages(record),))
        yield Words(RECALL, quiet=True)
    yield from titled("What re-ranking costs", tables.prices(record))
    yield from titled("What older lists cost", tables.stale(record))
    yield from titled("What was tuned on validation", tables.tuning(record))


def _drawn(design: Design, name: str, solution: Solution) -> Drawn:
    boxes, label = funnel.funnels(design, {name: solution}, titled=False), f"the pipeline of {name}"
    title = tag("h3", tag("span", name, class_=f"name {pictures.colour(solution)}"))
    return Drawn(join(title, scrolled(layout.across(boxes, label), layout.down(boxes, label))),
                 (Heading(name, 3), Code(mermaid.text(boxes), "mermaid")))


def _losses(record: Record) -> Safe:
    """What each stage keeps, its recall as a bar."""
    table = tables.stages(record)
    stages = [(one, stage) for one in decision.ordered(record).values() for stage in one.stages]
    heads = [tag("th", words, class_="n" if n > 2 else None)
             for n, words in enumerate((*table.headings[:2], "", *table.headings[2:]))]
    rows = [tag("tr", tag("td", name if first else "", class_=f"name {pictures.colour(one)}"), tag("td", cells[0]),
                tag("td", pictures.portion(stage.recall, pictures.colour(one))),
                *(tag("td", words, class_="n") for words in cells[1:]), class_="first" if first else None)
            for (one, stage), (name, *cells) in zip(stages, table.rows, strict=True) for first in [stage is one.stages[0]]]
    return scrolled(tag("table", tag("tr", *heads), *rows))


def _flips(record: Record) -> Iterator[Block]:
    strips = [join(tag("h3", figures.LIMITS.get(one.setting, "least effect")), scrolled(picture))
              for one, picture in pictures.flips(record)]
    figure = tag("figure", *strips, tag("figcaption", FLIPS), class_="flips")
    told = tuple(("", one.sentence) for one in (record.decision.boundaries if record.decision else ()))
    yield Drawn(join(tag("h2", "Where the decision flips"), figure) if strips else Safe(""),
                titled("Where the decision flips", Points(told), level=2))
