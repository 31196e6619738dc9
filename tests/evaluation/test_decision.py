"""The rule, said a second time and tried on many records; and what it must never depend on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sample_record import sample, unconcluded
from sevenfold.evaluation import boundaries, decision
from sevenfold.record import Cost, Estimate, Latency, Record, Solution

NAMES = ("ann", "bob", "cid", "dan")
ROUND = [0.0, 0.01, 0.02, 0.03, 0.05]
LIMITS = {"p99": [5.0, 20.0, 60.0], "cost": [50.0, 200.0], "memory": [100.0, 500.0], "min_coverage": [0.1, 0.5]}


@st.composite
def solutions(draw: st.DrawFn) -> dict[str, Solution]:
    """Two to four solutions whose gains are differences of their qualities; anything else may be missing."""
    names = NAMES[: draw(st.integers(2, 4))]
    quality = {name: draw(st.sampled_from([0.1, 0.11, 0.12, 0.14])) for name in names}
    width = draw(st.sampled_from([0.0, 0.004, 0.015]))
    return {name: Solution(
        order=order, metrics={"ndcg@10": Estimate(value=quality[name])} | draw(st.sampled_from(
            [{}, {"coverage@10": Estimate(value=0.3)}, {"coverage@10": Estimate(value=0.1, low=0.05, high=0.15)}])),
        latency_ms=draw(st.sampled_from([None, *(Latency(p50=1, p99=p99, p99_low=low, basis=basis)
                                                 for p99, low, basis in ((4, 3, "measured"), (25, None, "measured"),
                                                                         (70, 55, "unproved")))])),
        memory_mb=draw(st.sampled_from([None, 90.0, 400.0])), memory_basis="measured",
        cost_per_month=draw(st.sampled_from([None, 40.0, 220.0])), cost=Cost(low=30.0),
        paired={other: Estimate(value=quality[name] - quality[other], low=quality[name] - quality[other] - width,
                                high=quality[name] - quality[other] + width) for other in names if other != name})
        for order, name in enumerate(names)}


@st.composite
def records(draw: st.DrawFn) -> Record:
    limits = {name: draw(st.sampled_from(values)) for name, values in LIMITS.items() if draw(st.booleans())}
    return Record(name="x", design_hash="d", data_fingerprint="f", metric="ndcg@10", limits=limits,
                  least_effect=draw(st.sampled_from(ROUND)), solutions=draw(solutions()))


def plain_winner(record: Record) -> str | None:
    """The rule of the handbook in a plain loop."""
    admissible = []
    for name in sorted(record.solutions, key=lambda one: record.solutions[one].order):
        one, failed = record.solutions[name], False
        if one.latency_ms and "p99" in record.limits:
            best = one.latency_ms.p99 if one.latency_ms.p99_low is None else one.latency_ms.p99_low
            failed |= best > record.limits["p99"]
        if one.cost_per_month is not None and "cost" in record.limits:
            failed |= one.cost.low > record.limits["cost"]
        if one.memory_mb is not None and "memory" in record.limits:
            failed |= one.memory_mb > record.limits["memory"]
        if "coverage@10" in one.metrics and "min_coverage" in record.limits:
            found = one.metrics["coverage@10"]
            failed |= (found.value if found.high is None else found.high) < record.limits["min_coverage"]
        if not failed:
            admissible.append(name)
    for name in admissible:
        rivals = [record.solutions[other] for other in admissible if other != name]
        if all(rival.paired[name].low <= record.least_effect for rival in rivals):
            return name
    return None


@given(records())
@settings(deadline=None, max_examples=300)
def test_the_rule_said_twice(record: Record) -> None:
    assert decision.winner(record) == plain_winner(record)


@given(records())
@settings(deadline=None)
def test_an_admissible_solution_always_brings_a_winner(record: Record) -> None:
    decided = decision.decide(record)
    assert (decided.winner is None) == (not decided.admissible)
    assert (decided.least_bad is None) == (decided.winner is not None)


@given(records(), st.permutations(NAMES))
@settings(deadline=None)
def test_names_decide_nothing(record: Record, other: list[str]) -> None:
    renamed = dict(zip(NAMES, other, strict=True))
    again = replace(record, solutions={
        renamed[name]: replace(one, paired={renamed[rival]: gain for rival, gain in one.paired.items()})
        for name, one in reversed(record.solutions.items())})
    chosen = decision.winner(record)
    assert decision.winner(again) == (renamed[chosen] if chosen else None)
    assert set(decision.pareto(again)) == {renamed[name] for name in decision.pareto(record)}


@given(records(), st.sampled_from(list(LIMITS)))
@settings(deadline=None)
def test_a_laxer_limit_never_refuses_anyone_new(record: Record, name: str) -> None:
    strict = replace(record, limits={**record.limits, name: LIMITS[name][0 if name != "min_coverage" else -1]})
    lax = replace(record, limits={**record.limits, name: LIMITS[name][-1 if name != "min_coverage" else 0]})
    assert set(decision.decide(strict).admissible) <= set(decision.decide(lax).admissible)


@given(records())
@settings(deadline=None, max_examples=200)
def test_boundaries_agree_with_a_sweep(record: Record) -> None:
    for found in boundaries.boundaries(record):
        points = sorted({end for region in found.regions for end in (region.low, region.high) if end is not None})
        tried = {value for point in [*points, *ROUND, *LIMITS.get(found.setting, [])]
                 for value in (point - 1e-9, point, point + 1e-9) if value >= 0}
        for value in tried:
            region = next(one for one in found.regions if inside(one, value, found.setting == "min_coverage"))
            assert region.winner == plain_winner(boundaries.changed(record, found.setting, value))
        neighbours = zip(found.regions, found.regions[1:], strict=False)
        assert all(one.winner != other.winner and one.high == other.low for one, other in neighbours)


def inside(region: boundaries.Region, value: float, floor: bool) -> bool:
    low = region.low is None or (value > region.low if floor else value >= region.low)
    return low and (region.high is None or (value <= region.high if floor else value < region.high))


@given(records())
@settings(deadline=None, max_examples=200)
def test_a_loser_with_what_it_needs_and_a_little_more_wins(record: Record) -> None:
    decided = decision.decide(record)
    for name, need in decided.needs.items():
        if name not in decided.refused:
            assert decision.winner(lifted(record, name, need + 1e-9)) == name
            if need > 1e-6:
                assert decision.winner(lifted(record, name, need - 1e-6)) != name


def lifted(record: Record, name: str, gain: float) -> Record:
    """The record in which one solution scores higher than it did, its intervals moved along."""
    def moved(found: Estimate, by: float) -> Estimate:
        return Estimate(value=found.value + by, low=found.low + by, high=found.high + by)

    return replace(record, solutions={
        one: replace(solution, paired={other: moved(found, gain if one == name else -gain if other == name else 0.0)
                                       for other, found in solution.paired.items()})
        for one, solution in record.solutions.items()})


@given(records())
@settings(deadline=None)
def test_the_pareto_set_holds_the_undominated(record: Record) -> None:
    front = decision.pareto(record)
    assert front
    for name, one in record.solutions.items():
        better = [other for other, rival in record.solutions.items() if beats(rival, one)]
        assert (name in front) == (not better)


def beats(one: Solution, other: Solution) -> bool:
    def point(solution: Solution) -> list[float]:
        values = (-solution.metrics["ndcg@10"].value, solution.latency_ms and solution.latency_ms.p99,
                  solution.cost_per_month, solution.memory_mb)
        return [float("inf") if value is None else value for value in values]

    return point(one) != point(other) and all(a <= b for a, b in zip(point(one), point(other), strict=True))


def test_the_sample_is_won_by_trees_and_says_so() -> None:
    record = sample()
    assert record.winner == "trees"
    assert record.decision.sentence == (
        "trees wins with ndcg@10 0.112 (0.109 to 0.115). deep gains +0.0025 (+0.0001 to +0.0049) over it, "
        "not surely more than the least effect of 0.005. trees keeps every limit that was set.")
    assert boundaries.boundary(record, "p99").sentence == (
        "trees wins at a p99 limit of 61.6 ms or more; deep from 39.4 ms to 61.6 ms; popular from 3.26 ms to 39.4 ms; "
        "none below 3.26 ms. It stands at 120 ms.")


def test_the_baseline_can_be_kept() -> None:
    record = sample(least_effect=0.04)
    assert record.winner == "popular"
    assert record.decision.sentence.startswith("Keep the baseline: popular wins with ndcg@10 0.081")


def test_nothing_admissible_names_the_nearest() -> None:
    record = sample(limits={"p99": 2.0})
    assert record.winner is None
    assert record.decision.sentence == ("Nothing can ship: popular breaks p99; trees breaks p99; deep breaks p99. "
                                        "The nearest to its limits is popular.")


def test_unproved_neither_fails_nor_holds_but_is_said() -> None:
    record = unconcluded()
    trees = record.solutions["trees"]
    small = replace(trees, latency_ms=replace(trees.latency_ms, basis="unproved", catalogue=3_655))
    record = boundaries.conclude(replace(record, solutions={**record.solutions, "trees": small}))
    assert record.winner == "trees"
    assert record.solutions["trees"].limits["p99"].holds is None
    assert record.decision.sentence.endswith("Its p99 is unproved.")


@pytest.mark.parametrize(("limit", "holds"), [(61.0, False), (61.7, None), (120.0, True)])
def test_a_limit_fails_only_where_the_better_end_breaks_it(limit: float, holds: bool | None) -> None:
    assert decision.verdict("p99", limit, sample().solutions["trees"]).holds is holds


def test_a_small_catalogue_can_break_a_limit_but_not_keep_it() -> None:
    one = Solution(order=0, latency_ms=Latency(p50=50, p99=90, catalogue=100, basis="unproved"))
    assert decision.verdict("p99", 80.0, one).holds is False
    assert decision.verdict("p99", 100.0, one).holds is None
    assert decision.verdict("p99", 100.0, Solution(order=0)).holds is None


def test_nothing_measured_is_nothing_to_decide() -> None:
    record = boundaries.conclude(unconcluded(solutions={}))
    assert record.decision.sentence == "There is nothing to decide: no solution was measured."
    assert record.decision.boundaries == ()
