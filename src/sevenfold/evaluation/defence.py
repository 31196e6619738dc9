"""The defence of the decision: prose made from the run record alone, every number of it quoted from there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sevenfold.evaluation import decision, figures
from sevenfold.record import Decision, Estimate, Record, Solution, Verdict


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """A heading, and points: a subject (often a solution) and what is said of it."""

    title: str
    points: tuple[tuple[str, str], ...]


def defence(record: Record) -> tuple[Chapter, ...]:
    """The argument in chapters; one without points is left out. The record must have been concluded."""
    decided = record.decision or decision.decide(record)
    chapters = (
        Chapter(title=_title(record, decided), points=tuple(_why(record, decided))),
        Chapter(title="What each of the others would need" if decided.winner else "What stands against each",
                points=tuple((name, " ".join(_stands(record, decided, name, solution)))
                             for name, solution in decision.ordered(record).items() if name != decided.winner)),
        Chapter(title="Where the winner loses", points=tuple(_losses(record, decided))),
        Chapter(title="What is not proved", points=tuple(_doubts(record))),
        Chapter(title="When to look again", points=tuple(("", one.sentence) for one in decided.boundaries
                                                         if len(one.regions) > 1)),
    )
    return tuple(chapter for chapter in chapters if chapter.points)


def _title(record: Record, decided: Decision) -> str:
    if decided.winner is None:
        return "Why nothing ships"
    kept = decided.winner == next(iter(decision.ordered(record)))
    return f"Keep the baseline, {decided.winner}" if kept else f"Why {decided.winner}"


def _why(record: Record, decided: Decision) -> Iterator[tuple[str, str]]:
    yield "", decided.sentence
    if decided.winner is None:
        return
    winner = record.solutions[decided.winner]
    for name, other in decision.ordered(record).items():
        found = decision.gain(record, decided.winner, name) if other.order < winner.order else None
        if found is not None:
            yield decided.winner, f"gains {figures.told(found, figures.gain)} {record.metric} over {name}, which is simpler."
    for limit, held in winner.limits.items():
        if held.holds and held.value is not None:
            yield decided.winner, f"keeps its {figures.LIMITS[limit]} limit: {_against(limit, held)}."
    spread = winner.spread.get(record.metric, ())
    if len(spread) > 1:
        least, most = figures.quality(min(spread)), figures.quality(max(spread))
        yield decided.winner, f"moves between {least} and {most} from seed to seed."


def _stands(record: Record, decided: Decision, name: str, solution: Solution) -> Iterator[str]:
    """Why a solution did not win, and what would change that."""
    for limit in decided.refused.get(name, ()):
        yield f"is refused by its {figures.LIMITS[limit]}: {_against(limit, solution.limits[limit])}."
    if beaten := decided.beaten.get(name, ()):
        best = max(beaten, key=lambda other: (other == decided.winner, decision.surely(record, other, name)))
        found = decision.gain(record, best, name)
        assert found is not None
        yield f"is beaten by {best}, which gains {figures.told(found, figures.gain)} over it."
    elif decided.winner and name not in decided.refused:
        found = decision.gain(record, name, decided.winner)
        yield ("was not compared with the winner." if found is None else
               f"gains {figures.told(found, figures.gain)} over {decided.winner}, "
               f"not surely more than {figures.three(record.least_effect)}.")
    if (need := decided.needs.get(name, 0.0)) > 0:
        yield f"It would {'also ' if name in decided.refused else ''}need {figures.gain(need)} {record.metric}."
    elif name in decided.refused and decided.winner:
        yield "Its quality would do."


def _losses(record: Record, decided: Decision) -> Iterator[tuple[str, str]]:
    """Slices on which another solution scores higher than the winner, and whether the intervals stand apart."""
    winner = record.solutions[decided.winner].slices if decided.winner else {}
    for part, metrics in winner.items():
        own = metrics.get(record.metric)
        rivals = [(other.slices[part][record.metric], name) for name, other in record.solutions.items()
                  if record.metric in other.slices.get(part, {}) and name != decided.winner]
        if own is None or not rivals:
            continue
        sign = 1 if record.higher_is_better else -1
        best, name = max(rivals, key=lambda pair: sign * pair[0].value)
        if sign * best.value > sign * own.value:
            sure = figures.apart(own, best) if record.higher_is_better else figures.apart(best, own)
            yield part, (f"{name} reaches {figures.told(best)}, {decided.winner} {figures.told(own)}; "
                         f"the intervals {'stand apart' if sure else 'overlap'}.")


def _doubts(record: Record) -> Iterator[tuple[str, str]]:
    solutions = decision.ordered(record)
    for name, solution in solutions.items():
        for limit, held in solution.limits.items():
            if text := _doubt(record, limit, held, solution):
                yield name, text
    for limit in record.limits:
        if projected := [name for name, one in solutions.items() if one.limits[limit].basis == "projected"]:
            yield figures.LIMITS[limit], f"is projected, not measured, for {figures.names(projected)}."


def _doubt(record: Record, limit: str, held: Verdict, solution: Solution) -> str:
    what = figures.LIMITS[limit]
    if held.basis == "unproved":
        at, declared = solution.latency_ms.catalogue if solution.latency_ms else None, record.catalogue
        return (f"{what} is unproved: it was measured with {at:,} items, not the declared {declared:,}."
                if at and declared and at < declared else f"{what} is unproved: the document does not say for how many items.")
    sign = decision.LIMITS[limit].sign
    ends = [end for end in (held.high if sign > 0 else held.low, held.value) if end is not None]
    if held.holds is not False and held.value is not None and any(sign * end > sign * held.limit for end in ends):
        return f"{what} is {_against(limit, held)}: not shown to break its limit, nor to keep it."
    return ""


def _against(limit: str, held: Verdict) -> str:
    form = figures.SETTINGS[limit]
    assert held.value is not None
    found = figures.told(Estimate(value=held.value, low=held.low, high=held.high), form)
    return f"{found} where {form(held.limit)} is {'asked for' if decision.LIMITS[limit].sign < 0 else 'allowed'}"
