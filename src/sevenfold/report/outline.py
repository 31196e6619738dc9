"""A design as a 45-minute session at the whiteboard: what to ask, to say and to draw at each of the seven steps.

outline.yaml    what holds of every design: minutes, strong answers, what to draw, families and parts in a line
the document    answers, tables, pictures; questions and follow-ups are computed from it
the record      what a run measured, quoted beside; it may be missing
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import attrgetter
from pathlib import Path
from typing import Any

import sevenfold.report.tables as tables
from sevenfold import design as documents
from sevenfold.design.checks.data import STORES
from sevenfold.design.document import table
from sevenfold.design.estimate import Estimate, Line, estimate
from sevenfold.design.estimate.number import shown
from sevenfold.design.facts import STAGES, STEPS, of_stage, stages, trained
from sevenfold.design.followups import FollowUp, begins, followups
from sevenfold.design.mapping import at, flow
from sevenfold.design.questions import Question, questions
from sevenfold.design.read import varied
from sevenfold.design.sections import Design, Solution
from sevenfold.design.show import plain
from sevenfold.evaluation import boundaries, decision, figures
from sevenfold.record import Record
from sevenfold.report.blocks import Block, Heading, Points, Words, titled
from sevenfold.report.diagrams import diagrams
from sevenfold.report.tables import Table

MEASURED = {"requirements.limits.p99": 1e3, "requirements.limits.cost": 1.0, "requirements.limits.memory": 1e-6,
            "requirements.limits.min_coverage": 1.0, "evaluation.least_effect": 1.0}  # path → what brings it to the record's unit
AXES = ("precision_recall", "latency_accuracy", "batch_streaming", "cost_quality")
PLACE = re.compile(r"\{([\w.]+)\}")  # a path of the document within a wording
OPEN = "open: the document does not say"
FOLLOWUPS = "One requirement changes, all else stays. What newly breaks is found by the checks, what moves by the estimate."


def told() -> Mapping[str, Any]:
    """What holds of every design."""
    return table(Path(__file__).with_name("outline.yaml"))


def clock() -> dict[str, tuple[int, int]]:
    """Step → the minutes at which it begins and is done."""
    ends, minute = {}, 0
    for step in STEPS:
        ends[step] = (minute, minute := minute + told()["steps"][step]["minutes"])
    return ends


def outline(design: Design, record: Record | None = None) -> tuple[Block, ...]:
    """The whole session; what a run measured stands beside where there is a record."""
    asked, numbers = questions(design), estimate(design)
    head = (Heading(f"{design.name}: a design in 45 minutes", 1), Words(design.why), *measured(design, record), _minutes(asked))
    steps = (block for step in STEPS for block in _step(design, record, step, asked, numbers))
    return (*head, *steps, Heading("Follow-ups"), Words(FOLLOWUPS, quiet=True),
            *(block for one in followups(design) for block in _followup(design, record, one)))


def measured(design: Design, record: Record | None) -> Iterator[Block]:
    """Which run the measured numbers are of, and whether the document has changed since."""
    if record is None:
        yield Words("No run lies beside this document: every number here is said or estimated, none is measured.", quiet=True)
    elif record.design_hash != documents.hash_of(design):
        yield Words("Measured numbers are stale: the run read an earlier wording of this document. Run it again to renew them.")
    else:
        yield Words(f"Measured numbers are of the run with data {record.data_fingerprint[:8]} and {len(record.seeds)} seeds.",
                    quiet=True)


def _minutes(asked: tuple[Question, ...]) -> Table:
    rows = [(f"{number}. {step}", f"{end - start}", f"{start}–{end}", str(sum(one.step == step and not (one.answer or one.aside)
             for one in asked))) for number, (step, (start, end)) in enumerate(clock().items(), start=1)]
    return Table(headings=("step", "minutes", "on the clock", "open questions"), numbers=1,
                 rows=(*rows, ("all", str(max(end for _, end in clock().values())), "", "")))


def _step(design: Design, record: Record | None, step: str, asked: tuple[Question, ...],
          numbers: Estimate) -> Iterator[Block]:
    said, (start, end) = told()["steps"][step], clock()[step]
    yield Heading(f"{STEPS.index(step) + 1}. {step.capitalize()}: minutes {start} to {end}")
    yield from titled("Ask", Points(tuple(
        (one.asks, one.answer or (f"set aside: {one.aside}" if one.aside else OPEN)) for one in asked if one.step == step)))
    yield from titled("A strong answer", Points(tuple(("", text) for text in strong(design, step))))
    pictures = {one.name: one for one in diagrams(design, record)}
    yield from titled("Draw", Words(said["draw"]), *(pictures[name] for name in said.get("diagrams", ()) if name in pictures))
    yield from SAYS.get(step, lambda *_: ())(design, record)
    lines = tuple(("", f"{line.text}{_range(line)}") for start in said["lines"] for line in numbers.lines
                  if begins(line, start) and not line.solution)  # the formulas of the step that are of no one solution
    yield from titled("In numbers", _each(design, numbers, said.get("each", ())), Points(lines))


def strong(design: Design, step: str) -> Iterator[str]:
    """What a strong answer holds in a design of this task."""
    for one in told()["steps"][step]["strong"]:
        if isinstance(one, str) or design.framing.task in one["tasks"]:
            yield one if isinstance(one, str) else one["says"]


def _each(design: Design, numbers: Estimate, starts: Iterable[str]) -> Table:
    """A row for each solution, a column for each line that the estimate has of them."""
    columns = [{line.solution: line for line in numbers.lines if begins(line, start)} for start in starts]
    headings = tuple(line.name.removesuffix(f", {of}") for column in columns for of, line in [*column.items()][:1])
    rows = tuple((name, *(f"{shown(line.value, line.unit, 2)}{_range(line)}" if (line := column.get(name)) else tables.NONE
                          for column in columns if column)) for name in design.solutions)
    return Table(headings=("solution", *headings), rows=rows if headings else (), numbers=1)


def _range(line: Line) -> str:
    return f" ({line.range})" if line.range else ""


def _data(design: Design, record: Record | None) -> Iterator[Block]:
    stored = tuple((what, kind, STORES.get(kind, "")) for what, kind in design.data.storage.items())
    yield from titled("Where it is kept", Table(headings=("what", "store", "what it is good at"), rows=stored))
    rows = [(group, name, flow(definition)[1:-1]) for group, features in plain(design.data)["features"].items()
            for name, definition in features.items()]
    yield from titled("Features", Table(headings=("of", "feature", "how it comes about"), rows=tuple(rows)))


def _solutions(design: Design, record: Record | None) -> Iterator[Block]:
    rows = tuple((name, parts(one), losses(one), one.train, one.why or OPEN) for name, one in design.solutions.items())
    yield from titled("The solutions", Table(headings=("solution", "parts", "loss", "trained", "what speaks for it"), rows=rows))


def parts(solution: Solution) -> str:
    """`popular + als → boosted → diversity`."""
    return " → ".join(" + ".join(part.name for part in of_stage(solution, stage)) for stage in stages(solution))


def losses(solution: Solution) -> str:
    """What its parts minimise."""
    return ", ".join(dict.fromkeys(str(loss) for _, part in trained(solution) if (loss := part.params.get("loss")))) or "none"


def _evaluation(design: Design, record: Record | None) -> Iterator[Block]:
    yield from titled("The four trade-offs", Points(tuple(_trade_off(design, record, axis) for axis in AXES)))
    if record and record.decision:
        yield from titled("What was measured", tables.comparison(record), Words(record.decision.sentence))


def _trade_off(design: Design, record: Record | None, axis: str) -> tuple[str, str]:
    """A trade-off: the side, the case for it from the document, and the exchange that a run measured."""
    side, words = getattr(design.evaluation.trade_offs, axis), told()["trade_offs"][axis]
    if side is None:
        return f"{words['title']}?", design.na.get(f"evaluation.trade_offs.{axis}", OPEN)
    case = "; ".join(argued(design, axis))
    told_by_run = exchange(record, axis) if record else ""
    return f"{words['title']}? {side.capitalize()}.", " ".join(filter(None, (
        words[side], f"Here: {case}." if case else "", f"Measured: {told_by_run}" if told_by_run else "")))


def argued(design: Design, axis: str) -> Iterator[str]:
    """The case for a side: of each point the first wording whose every path is set in the document."""
    budgets = [f"{stage} {within}" for stage in STAGES
               if (within := at(plain(design.serving), f"{stage}.within"))]
    online = [name for name, one in design.solutions.items() if one.train == "online"]
    said = {**plain(design), "budgets": ", ".join(budgets),
            "learners": f"{figures.names(online)} {'learns' if len(online) == 1 else 'learn'}" if online else ""}
    for wordings in told()["cases"][axis]:
        for wording in [wordings] if isinstance(wordings, str) else wordings:
            values = {path: figures.three(value) if isinstance(value := at(said, path), float) else flow(value).strip("{}")
                      for path in PLACE.findall(wording)}
            if all(values.values()):
                yield PLACE.sub(lambda found, values=values: values[found[1]], wording)
                break


PRICES = {"latency_accuracy": "p99", "cost_quality": "cost"}


def exchange(record: Record, axis: str) -> str:
    """What quality was bought with, quoted from the record, and where the decision flips."""
    if axis == "precision_recall":
        return " ".join(_levels(record))
    limit = PRICES.get(axis)
    if limit is None or record.decision is None:
        return ""
    flips = [one.sentence for one in record.decision.boundaries if one.setting == limit and len(one.regions) > 1]
    return " ".join([*_bought(record, limit), *flips])


def _levels(record: Record) -> Iterator[str]:
    """Precision and recall of every solution, where a run measured them."""
    for metric, *values in tables.quality(record).rows:
        if metric.startswith(("precision", "recall")):
            pairs = zip(decision.ordered(record), values, strict=True)
            yield f"{metric} is {'; '.join(f'{name} {value}' for name, value in pairs)}."


def _bought(record: Record, limit: str) -> Iterator[str]:
    """The winner against each simpler solution; where the simplest wins, each other against it."""
    names, winner = list(decision.ordered(record)), record.winner
    if winner is None:
        return
    place = names.index(winner)
    pairs = [(winner, name) for name in names[:place]] or [(name, winner) for name in names[1:]]
    for name, over in pairs:
        gain, price = decision.gain(record, name, over), _price(record, limit, name, over)
        if gain is not None and price:
            yield (f"{name} {'buys' if gain.value > 0 else 'gives'} {figures.gain(gain.value)} {record.metric} "
                   f"({figures.span(gain, figures.gain)}) over {over} for {price}.")


def _price(record: Record, limit: str, name: str, over: str) -> str:
    found, other = (decision.LIMITS[limit].measured(record.solutions[one])[0] for one in (name, over))
    if found is None or other is None:
        return ""
    difference = found.value - other.value
    amount = f"{figures.SETTINGS[limit](abs(difference))} {'more' if difference >= 0 else 'less'}"
    return amount if limit == "cost" else f"{amount} {figures.LIMITS[limit]}"


def _serving(design: Design, record: Record | None) -> Iterator[Block]:
    said = plain(design.serving)
    rows = tuple((stage, *(flow(said[stage].get(key)) or tables.NONE for key in ("keep", "within", "else")))
                 for stage in STAGES if any(getattr(one, stage) for one in design.solutions.values()))
    yield from titled("The stages", Table(headings=("stage", "keeps", "within", "when it is late"), rows=rows))
    if record:
        yield from titled("Where the funnel loses", tables.stages(record))


SAYS: dict[str, Callable[[Design, Record | None], Iterator[Block]]] = {
    "data": _data, "solutions": _solutions, "evaluation": _evaluation, "serving": _serving}


def _followup(design: Design, record: Record | None, one: FollowUp) -> Iterator[Block]:
    told_by_run = decided(record, varied(design, one.values), one) if record else ""
    moves = "; ".join(f"{move.name} {move.before} → {move.after}" for move in one.moves)
    yield Heading(one.asks, 3)
    yield Points(tuple((subject, text) for subject, text in (
        ("Changes.", "; ".join(change.text for change in one.changes)),
        *(("Breaks.", f"{found.where}: {found.problem} ({found.severity} {found.code})") for found in one.appears),
        ("Breaks.", "" if one.appears else "nothing that a check can see; say whether the design holds, and why"),
        ("Moves.", moves), ("Decides.", told_by_run), ("Weigh.", one.think)) if text))


def decided(record: Record, design: Design, one: FollowUp) -> str:
    """Who wins where the changed requirement is a limit that the run measured; the design holds its new value."""
    for path in (change.path for change in one.changes if change.path in MEASURED):
        changed = boundaries.changed(record, path.rpartition(".")[2], attrgetter(path)(design) * MEASURED[path])
        return f"{record.winner or 'nothing'} → {decision.winner(changed) or 'nothing'}: {decision.decide(changed).sentence}"
    return ""
