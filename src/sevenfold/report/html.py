"""The report as one page: it reads without network, without scripts, by day and by night, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Callable

import sevenfold.report.pictures as pictures
import sevenfold.report.tables as tables
from sevenfold import design as documents
from sevenfold.design.sections import Design
from sevenfold.evaluation import decision, defence, figures
from sevenfold.record import Decision, Record, Solution
from sevenfold.report.blocks import framed, table_tag
from sevenfold.report.diagrams import funnel, layout
from sevenfold.report.tables import Table
from sevenfold.report.tags import Safe, join, tag

FLIPS = "Who wins as one setting moves and everything else stays. Stretches are drawn equally long."
CLASSES = {True: "yes", False: "no", None: "unknown"}


def page(design: Design, record: Record) -> str:
    """The whole page of a concluded record."""
    decided = record.decision or Decision(winner=None)
    return framed(f"{record.name}: {decided.winner or 'no winner'}", tag("h1", record.name),
                  tag("p", record.why, class_="why") if record.why else None,
                  tag("p", decided.sentence, class_="verdict" if decided.winner else "verdict none"),
                  *(tag("section", section(design, record)) for section in SECTIONS))


def _comparison(design: Design, record: Record) -> Safe:
    table = tables.comparison(record)
    scale = _ends(record)
    headings = ((table.headings[0], None), ("", "bars"), (table.headings[1], "n"), *((words, "n")
                for words in table.headings[3:7]), *((words, None) for words in table.headings[7:]))
    rows = [_compared(name, solution, cells, record, scale) for (name, solution), cells
            in zip(decision.ordered(record).items(), table.rows, strict=True)]
    heads = [tag("th", words, class_=kind) for words, kind in headings]
    pareto = (f"On the Pareto front: {figures.names(record.pareto)}. Whoever is not on it has an equal or a better in "
              "quality, p99, cost and memory at once.")
    return join(tag("h2", "The comparison"), _scroll(tag("table", tag("tr", *heads), *rows)),
                tag("p", pareto if record.pareto else "", class_="note"), _folded("Every limit", tables.limits(record)),
                _folded("Every metric", tables.quality(record)), _formulas(record))


def _compared(name: str, solution: Solution, cells: tuple[str, ...], record: Record,
              scale: tuple[float, float]) -> Safe:
    colour = pictures.colour(solution)
    bar = pictures.bar(solution.metrics.get(record.metric), *scale, colour)
    value, interval, *others = cells[1:7]
    numbers = [tag("td", value, tag("small", interval), class_="n"),
               *(tag("td", words, class_="n") for words in others)]
    limits = [tag("td", *(tag("span", f"{tables.SIGNS[held.holds]} {figures.LIMITS[limit]}", class_=CLASSES[held.holds],
                              title=tables.word(held)) for limit, held in solution.limits.items()), class_="limits")]
    return tag("tr", tag("td", tag("span", name, class_=f"name {colour}"), tag("small", solution.parts)),
               tag("td", bar, class_="bars"), *numbers, *(limits if record.limits else []),
               class_="won" if name == record.winner else None)


def _ends(record: Record) -> tuple[float, float]:
    """The scale that all bars share."""
    found = [one.metrics[record.metric] for one in record.solutions.values() if record.metric in one.metrics]
    ends = [end for one in found for end in (one.low, one.value, one.high) if end is not None] or [0.0, 1.0]
    return min(ends), max(ends)


def _formulas(record: Record) -> Safe:
    costs = {name: one.cost for name, one in decision.ordered(record).items() if one.cost}
    if not costs:
        return Safe("")
    texts = [join(tag("h3", name), tag("pre", "\n".join((*cost.formulas, f"prices of {cost.prices}"))))
             for name, cost in costs.items()]
    return tag("details", tag("summary", "How the cost comes about"), *texts)


def _trade_off(design: Design, record: Record) -> Safe:
    picture = pictures.trade_off(record)
    caption = (f"Up is better, left is faster; whiskers are {100 * record.level:.0f} % intervals, a disc's area is the "
               "monthly cost, and the dotted line joins solutions that buy quality with time.")
    if picture is None:
        return Safe("")
    return join(tag("h2", "Quality, latency, cost"),
                tag("figure", _scroll(picture), tag("figcaption", caption), class_="trade"))


def _funnel(design: Design, record: Record) -> Safe:
    drawn = {name: _drawn(design, name, one) for name, one in decision.ordered(record).items()
             if name in design.solutions}
    first = record.winner if record.winner in drawn else next(iter(drawn), None)
    others = [picture for name, picture in drawn.items() if name != first]
    return join(tag("h2", "The pipeline"), drawn[first] if first else None,
                tag("details", tag("summary", "The other solutions"), *others) if others else None,
                _losses(record))


def _losses(record: Record) -> Safe:
    table = tables.stages(record)
    stages = [(name, one, stage) for name, one in decision.ordered(record).items() for stage in one.stages]
    rows = [tag("tr", tag("td", name if first else "", class_=f"name {pictures.colour(one)}"), tag("td", cells[1]),
                tag("td", pictures.portion(stage.recall, pictures.colour(one))),
                *(tag("td", words, class_="n") for words in cells[2:]), class_="first" if first else None)
            for (name, one, stage), cells in zip(stages, table.rows, strict=True)
            for first in [stage is one.stages[0]]]
    heads = [tag("th", words, class_="n" if n > 2 else None)
             for n, words in enumerate((*table.headings[:2], "", *table.headings[2:]))]
    return join(tag("h3", "Where the funnel loses"), _scroll(tag("table", tag("tr", *heads), *rows)),
                tag("p", "Recall: the share of all relevant items that is still there after the stage.", class_="note"),
                ) if rows else Safe("")


def _drawn(design: Design, name: str, solution: Solution) -> Safe:
    boxes = funnel.funnels(design, {name: solution}, titled=False)
    label = f"the pipeline of {name}"
    return join(tag("h3", tag("span", name, class_=f"name {pictures.colour(solution)}")),
                _scroll(join(layout.across(boxes, label), layout.down(boxes, label))))


def _slices(design: Design, record: Record) -> Safe:
    table = tables.slices(record)
    return join(tag("h2", "Slices"), table_tag(table)) if table.rows else Safe("")


def _defence(design: Design, record: Record) -> Safe:
    chapters = [join(tag("h3", chapter.title), tag("ul", *(_point(*point) for point in chapter.points)))
                for chapter in defence.defence(record)]
    return join(tag("h2", "The defence"), *chapters)


def _point(subject: str, text: str) -> Safe:
    return tag("li", tag("b", f"{subject} ") if subject else None, text)


def _boundaries(design: Design, record: Record) -> Safe:
    strips = [join(tag("h3", figures.LIMITS.get(one.setting, "least effect")), _scroll(picture))
              for one, picture in pictures.flips(record)]
    if not strips:
        return Safe("")
    return join(tag("h2", "Where the decision flips"), tag("figure", *strips, tag("figcaption", FLIPS), class_="flips"))


def _audit(design: Design, record: Record) -> Safe:
    return join(tag("h2", "Findings and leaks"),
                _part("", tables.leaks(record)) if record.leaks else tag("p", "No leak probe was run."),
                _part("", tables.findings(record)) if record.findings else tag("p", "The checks found nothing."))


def _document(design: Design, record: Record) -> Safe:
    return join(tag("h2", "The design"),
                tag("details", tag("summary", "The document, with every default"), tag("pre", documents.show(design))))


def _provenance(design: Design, record: Record) -> Safe:
    return join(tag("h2", "Where the numbers come from"), table_tag(tables.provenance(record)))


SECTIONS: tuple[Callable[[Design, Record], Safe], ...] = (
    _comparison, _trade_off, _funnel, _slices, _defence, _boundaries, _audit, _document, _provenance)


def _part(title: str, table: Table, note: str = "") -> Safe:
    if not table.rows:
        return Safe("")
    return join(tag("h3", title) if title else None, tag("p", note, class_="note") if note else None,
                table_tag(table))


def _folded(title: str, table: Table) -> Safe:
    return tag("details", tag("summary", title), table_tag(table)) if table.rows else Safe("")


def _scroll(inside: Safe) -> Safe:
    return tag("div", inside, class_="scroll")
