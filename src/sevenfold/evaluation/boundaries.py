"""Where the decision flips: one setting moves over everything it could be, the rest of the record stays.

The winner can change only at a measured value (the better end of an interval, or a paired lower end), so trying one
setting in each gap between them finds every flip exactly.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby, pairwise
from operator import attrgetter

from sevenfold.evaluation import decision, figures
from sevenfold.record import Boundary, Record, Region

SETTINGS = (*decision.LIMITS, "least_effect")


def conclude(record: Record) -> Record:
    """The record with its verdicts, its decision, its Pareto set and its boundaries filled in."""
    solutions = {name: replace(solution, limits={limit: decision.verdict(limit, bound, solution)
                                                 for limit, bound in record.limits.items()})
                 for name, solution in record.solutions.items()}
    record = replace(record, solutions=solutions)
    decided = replace(decision.decide(record), boundaries=boundaries(record))
    return replace(record, winner=decided.winner, decision=decided, pareto=decision.pareto(record))


def boundaries(record: Record) -> tuple[Boundary, ...]:
    """One boundary for each setting that the record can say anything about."""
    found = (boundary(record, setting) for setting in SETTINGS)
    return tuple(one for one in found if one is not None)


def boundary(record: Record, setting: str) -> Boundary | None:
    """The winner as a function of one setting; None where nothing measured depends on it."""
    points = sorted(set(breakpoints(record, setting)))
    if not points:
        return None
    current = record.least_effect if setting == "least_effect" else record.limits.get(setting)
    alike = [list(regions) for _, regions in groupby(_regions(record, setting, points), key=attrgetter("winner"))]
    found = Boundary(setting=setting, current=current, regions=tuple(replace(one[0], high=one[-1].high) for one in alike))
    return replace(found, sentence=sentence(found))


def breakpoints(record: Record, setting: str) -> Iterator[float]:
    """Every value of the setting at which the decision could change."""
    for name, solution in record.solutions.items():
        if setting == "least_effect":
            gains = (decision.surely(record, name, other) for other in record.solutions if other != name)
            yield from (gain for gain in gains if gain > 0 and math.isfinite(gain))
        elif (end := decision.better_end(setting, solution)) is not None:
            yield end


def changed(record: Record, setting: str, value: float) -> Record:
    """The record under another setting; nothing else moves."""
    if setting == "least_effect":
        return replace(record, least_effect=value)
    return replace(record, limits={**record.limits, setting: value})


def floor(setting: str) -> bool:
    """Whether a larger value is the stricter one and a value equal to a breakpoint belongs below it."""
    return setting != "least_effect" and decision.LIMITS[setting].sign < 0


def _regions(record: Record, setting: str, points: list[float]) -> Iterator[Region]:
    """One region per gap, tried at the end that belongs to it: a limit equal to a measurement is met."""
    ends = [None, *points, None]
    for low, high in pairwise(ends):
        tried = (math.inf if high is None else high) if floor(setting) else (0.0 if low is None else low)
        yield Region(low=low, high=high, winner=decision.winner(changed(record, setting, tried)))


def sentence(found: Boundary) -> str:
    """The boundary in words: `trees wins at a p99 limit of 68 ms or more; popular from 3.1 ms to 68 ms; …`."""
    what = "least effect" if found.setting == "least_effect" else f"{figures.LIMITS[found.setting]} limit"
    form = figures.SETTINGS[found.setting]
    if len(found.regions) == 1:
        return f"No {what} changes the decision."
    first, *rest = reversed(found.regions)
    lead = f"{first.winner} wins" if first.winner else "no solution is left"
    clauses = [f"{lead} at a {what} {_stretch(first, found.setting)}",
               *(f"{region.winner or 'none'} {_stretch(region, found.setting)}" for region in rest)]
    now = f"It stands at {form(found.current)}." if found.current is not None else "None is set."
    return f"{'; '.join(clauses)}. {now}"


def _stretch(region: Region, setting: str) -> str:
    form = figures.SETTINGS[setting]
    if region.low is None:
        assert region.high is not None
        return f"{'up to' if floor(setting) else 'below'} {form(region.high)}"
    if region.high is None:
        return f"above {form(region.low)}" if floor(setting) else f"of {form(region.low)} or more"
    return f"from {form(region.low)} to {form(region.high)}"
