"""The decision: limits first, then the simplest solution that no other beats by more than the least effect.

A pure function of the run record, so it can be asked again under other limits in no time at all. A limit fails only
where the better end of the measurement's interval breaks it; what nothing proves does not fail, and is said.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from operator import le

from sevenfold.evaluation import figures
from sevenfold.record import Basis, Decision, Estimate, Record, Solution, Verdict

Found = tuple[Estimate | None, Basis]
NOTHING: Found = (None, "unproved")


@dataclass(frozen=True)
class Limit:
    """How a limit is read off a solution, and whether it is a ceiling (1) or a floor (-1)."""

    sign: int
    measured: Callable[[Solution], Found]


def _p99(solution: Solution) -> Found:
    took = solution.latency_ms
    return (Estimate(value=took.p99, low=took.p99_low, high=took.p99_high), took.basis) if took else NOTHING


def _cost(solution: Solution) -> Found:
    value, cost = solution.cost_per_month, solution.cost
    if value is None or cost is None:
        return NOTHING if value is None else (Estimate(value=value), "unproved")
    return Estimate(value=value, low=cost.low, high=cost.high), cost.basis


def _memory(solution: Solution) -> Found:
    return NOTHING if solution.memory_mb is None else (Estimate(value=solution.memory_mb), solution.memory_basis)


def _coverage(solution: Solution) -> Found:
    return next(((value, "measured") for name, value in solution.metrics.items() if name.startswith("coverage@")), NOTHING)


LIMITS: dict[str, Limit] = {"p99": Limit(1, _p99), "cost": Limit(1, _cost), "memory": Limit(1, _memory),
                            "min_coverage": Limit(-1, _coverage)}


def better_end(name: str, solution: Solution) -> float | None:
    """The most favourable value that the measurement allows; None where there is no measurement."""
    limit = LIMITS[name]
    estimate, _ = limit.measured(solution)
    if estimate is None:
        return None
    end = estimate.low if limit.sign > 0 else estimate.high
    return estimate.value if end is None else end


def verdict(name: str, limit: float, solution: Solution) -> Verdict:
    """One limit held against one solution: it holds where the value keeps it, measured at the declared size.

    On a smaller catalogue it may fail, but not hold; where only the better end keeps it, nothing is shown.
    """
    estimate, basis = LIMITS[name].measured(solution)
    if estimate is None:
        return Verdict(limit=limit)
    beyond = LIMITS[name].sign * (estimate.value - limit) > 0
    holds = None if basis == "unproved" or beyond else True
    return Verdict(limit=limit, value=estimate.value, low=estimate.low, high=estimate.high, basis=basis,
                   holds=False if breaks(name, limit, solution) else holds)


def breaks(name: str, limit: float, solution: Solution) -> bool:
    """Whether even the better end is beyond the limit."""
    end, sign = better_end(name, solution), LIMITS[name].sign
    return end is not None and sign * end > sign * limit


def refused(record: Record) -> dict[str, tuple[str, ...]]:
    """The limits that each refused solution breaks."""
    return {name: limits for name, solution in ordered(record).items() if (limits := _broken(record, solution))}


def _broken(record: Record, solution: Solution) -> tuple[str, ...]:
    return tuple(limit for limit, bound in record.limits.items() if breaks(limit, bound, solution))


def ordered(record: Record) -> dict[str, Solution]:
    """The solutions, the simplest first."""
    return dict(sorted(record.solutions.items(), key=lambda pair: pair[1].order))


def gain(record: Record, name: str, over: str) -> Estimate | None:
    """How much better `name` is than `over` on the primary metric."""
    return record.solutions[name].paired.get(over)


def surely(record: Record, name: str, over: str) -> float:
    """The gain of `name` over `over` that is sure: the interval's lower end; -inf where nothing was measured."""
    found = gain(record, name, over)
    return -math.inf if found is None else found.value if found.low is None else found.low


def better(record: Record, name: str, among: Mapping[str, Solution] | tuple[str, ...]) -> tuple[str, ...]:
    """Those `among` others that beat a solution by more than the least effect."""
    return tuple(other for other in among if other != name and surely(record, other, name) > record.least_effect)


def winner(record: Record) -> str | None:
    """The simplest admissible solution that no other admissible one beats; None where none is admissible."""
    failing = refused(record)
    admissible = tuple(name for name in ordered(record) if name not in failing)
    return next((name for name in admissible if not better(record, name, admissible)), None)


def needs(record: Record, loser: str) -> float:
    """The gain on the primary metric with which a loser would win, were it admissible; 0 where limits alone refuse it.

    It must come within the least effect of every other admissible solution, and rise above the least effect over every
    simpler one that nothing else beats. Intervals are taken to move along with their values.
    """
    failing = refused(record)
    rivals = tuple(name for name in ordered(record) if name not in failing and name != loser)
    place = record.solutions[loser].order
    simpler = [name for name in rivals if record.solutions[name].order < place and not better(record, name, rivals)]
    short = [surely(record, rival, loser) - record.least_effect for rival in rivals]
    ahead = [record.least_effect - surely(record, loser, name) for name in simpler]
    return max([0.0, *(gap for gap in (*short, *ahead) if math.isfinite(gap))])


def pareto(record: Record) -> tuple[str, ...]:
    """The solutions that no other equals or betters in quality, p99, cost and memory at once, simplest first."""
    points = {name: _point(record, solution) for name, solution in ordered(record).items()}
    return tuple(name for name, point in points.items()
                 if not any(other != point and all(map(le, other, point)) for other in points.values()))


def _point(record: Record, solution: Solution) -> tuple[float, ...]:
    """What to keep small; a measurement that is missing counts as the worst."""
    quality = solution.metrics.get(record.metric)
    loss = math.inf if quality is None else -quality.value if record.higher_is_better else quality.value
    others = (solution.latency_ms.p99 if solution.latency_ms else None, solution.cost_per_month, solution.memory_mb)
    return loss, *(math.inf if value is None else value for value in others)


def decide(record: Record) -> Decision:
    """Who wins under the record's limits and least effect, and what stands against the others."""
    failing = refused(record)
    admissible = tuple(name for name in ordered(record) if name not in failing)
    unproved = {name: tuple(limit for limit, bound in record.limits.items() if verdict(limit, bound, solution).holds is None)
                for name, solution in ordered(record).items()}
    chosen = winner(record)
    decision = Decision(winner=chosen, admissible=admissible, refused=failing,
                        beaten={name: others for name in admissible if (others := better(record, name, admissible))},
                        unproved={name: limits for name, limits in unproved.items() if limits},
                        needs={name: needs(record, name) for name in ordered(record) if name != chosen},
                        least_bad=None if chosen or not record.solutions else _least_bad(record))
    return replace(decision, sentence=_sentence(record, decision))


def _least_bad(record: Record) -> str:
    """The fewest limits broken, then the smallest excess, then the simplest."""
    def badness(name: str) -> tuple[int, float, int]:
        solution = record.solutions[name]
        broken = _broken(record, solution)
        return len(broken), max((_excess(record, limit, solution) for limit in broken), default=0.0), solution.order

    return min(record.solutions, key=badness)


def _excess(record: Record, name: str, solution: Solution) -> float:
    """How far beyond its limit the better end lies, as a ratio."""
    pair = (better_end(name, solution) or 0.0, record.limits[name])
    over, under = pair if LIMITS[name].sign > 0 else pair[::-1]
    return over / under if under > 0 else math.inf


def _sentence(record: Record, decision: Decision) -> str:
    if not record.solutions:
        return "There is nothing to decide: no solution was measured."
    if decision.winner is None:
        return _no_winner(record, decision)
    parts = [_headline(record, decision), _strongest_rival(record, decision)]
    doubts = decision.unproved.get(decision.winner, ())
    if doubts:
        parts.append(f"Its {figures.names([figures.LIMITS[limit] for limit in doubts])} "
                     f"{'is' if len(doubts) == 1 else 'are'} unproved.")
    elif record.limits:
        parts.append(f"{decision.winner} keeps every limit that was set.")
    return " ".join(part for part in parts if part)


def _headline(record: Record, decision: Decision) -> str:
    assert decision.winner is not None
    found = record.solutions[decision.winner].metrics.get(record.metric)
    measured = f" with {record.metric} {figures.told(found)}" if found else ""
    return f"{'Keep the baseline: ' if decision.winner == next(iter(ordered(record))) else ''}{decision.winner} wins{measured}."


def _strongest_rival(record: Record, decision: Decision) -> str:
    assert decision.winner is not None
    rivals = [(found.value, name, found) for name in decision.admissible if name != decision.winner
              and (found := gain(record, name, decision.winner)) is not None]
    if not rivals:
        refused = figures.names(list(decision.refused))
        return f"Nothing else is admissible: {refused} broke a limit." if refused else ""
    value, name, found = max(rivals, key=lambda rival: rival[:2])
    if value <= 0:
        return f"The next best, {name}, stands at {figures.told(found, figures.gain)} against it."
    return (f"{name} gains {figures.told(found, figures.gain)} over it, not surely more than the least effect of "
            f"{figures.three(record.least_effect)}.")


def _no_winner(record: Record, decision: Decision) -> str:
    reasons = [f"{name} breaks {figures.names([figures.LIMITS[limit] for limit in limits])}"
               for name, limits in decision.refused.items()]
    return f"Nothing can ship: {'; '.join(reasons)}. The nearest to its limits is {decision.least_bad}."
