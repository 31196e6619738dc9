"""Planted leaks are caught by name, with code, column and times; clean data raise no alarm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from audit.toy import EVENTS, ITEMS, USERS, case_of, design, world
from sevenfold import features
from sevenfold.audit import Case, entities_from_the_future, future_changes, golden_features, label_giveaways, leaks, stages_apart
from sevenfold.data.splits import cuts
from sevenfold.design.sections import Part, Table
from sevenfold.errors import LeakError
from sevenfold.features.past import Fitted
from sevenfold.features.window import Window
from sevenfold.nouns import DAY, Data
from sevenfold.registry import FEATURES


@pytest.mark.parametrize("seed", range(4))
def test_clean_data_raise_no_alarm(seed: int) -> None:
    assert leaks(case_of(design(), world(seed), seed)) == []


def with_column(data: Data, where: str, column: Any) -> Data:
    if where == "context":
        return replace(data, log=replace(data.log, table=data.log.table.append_column("planted", pa.array(column))))
    entities = data.users if where == "user" else data.items
    return replace(data, **{where + "s": replace(entities, table=entities.table.append_column("planted", pa.array(column)))})


def totals(codes: np.ndarray, size: int, weight: np.ndarray | None = None) -> np.ndarray:
    return np.bincount(codes, weight, size).astype(float)


def noisy(data: Data) -> np.random.Generator:
    return np.random.default_rng(len(data.log))


PLANTED: dict[str, tuple[str, Callable[[Data], Any], str]] = {
    "a copy": ("context", lambda d: d.log.positive, "the order of its values"),
    "a copy turned over": ("context", lambda d: 7.5 - d.log.table["rating"].to_numpy(), "the order of its values"),
    "a copy with noise": ("context", lambda d: d.log.positive + noisy(d).normal(0, 0.3, EVENTS), "the order of its values"),
    "watched to the end": ("context", lambda d: np.where(d.log.positive, 1, 0.4) * noisy(d).uniform(0.8, 1, EVENTS), "the order"),
    "filled in afterwards": ("context", lambda d: [1.0 if p else None for p in d.log.positive], "whether it is missing"),
    "missing afterwards": ("context", lambda d: [None if p else "x" for p in d.log.positive], "whether it is missing"),
    "a code": ("context", lambda d: [f"c{(i % 7) * 2 + p}" for i, p in enumerate(d.log.positive)], "its level"),
    "not in order": ("context", lambda d: np.where(d.log.positive, 5, np.arange(EVENTS) % 2 * 9), "its level"),
    "a step on the way": ("context", lambda d: d.log.positive | (noisy(d).random(EVENTS) < 0.3), "settles the label of "),
    "a tag": ("context", lambda d: [["x", "sold"] if p else ["x"] for p in d.log.positive], "the word 'sold'"),
    "lifetime likes": ("item", lambda d: totals(d.log.item, ITEMS, d.log.positive), "the number of positive events"),
    "lifetime views, logged": ("item", lambda d: np.log1p(totals(d.log.item, ITEMS)), "the number of events"),
    "average rating": ("item", lambda d: totals(d.log.item, ITEMS, d.log.table["rating"].to_numpy())
                       / totals(d.log.item, ITEMS), "the mean of 'rating'"),
    "time ever spent": ("user", lambda d: totals(d.log.user, USERS, d.log.table["seconds"].to_numpy()), "the sum of 'seconds'"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_column_is_caught(name: str) -> None:
    where, make, why = PLANTED[name]
    data = world()
    data = with_column(data, where, make(data))
    planted = {where: {"bad": Part(name="attribute", params={"attribute": "planted"})}}
    [leak] = label_giveaways(case_of(design(**planted), data))
    assert (leak.code, leak.feature, leak.column) == ("X04", f"{where}.bad", "planted")
    assert leak.where == f"data.features.{where}.bad"
    assert f"feature '{where}.bad' reads column 'planted', which" in leak.problem
    assert why in leak.problem
    assert leak.hint == "Leave it out, or read only what was known of it before the request."


@pytest.mark.parametrize("where", ["user", "item"])
def test_an_attribute_that_splits_its_entities_by_the_label_is_caught(where: str) -> None:
    data = world()
    code, size = (data.log.user, USERS) if where == "user" else (data.log.item, ITEMS)
    fan = np.random.default_rng(1).random(size) < 0.5
    data = with_column(replace(data, log=replace(data.log, positive=fan[code])), where, np.where(fan, "fan", "not"))
    planted = {where: {"bad": Part(name="attribute", params={"attribute": "planted"})}}
    assert [leak.feature for leak in label_giveaways(case_of(design(**planted), data))] == [f"{where}.bad"]


def test_the_column_of_which_the_label_is_made_is_caught_by_name() -> None:
    planted = {"context": {"stars": Part(name="attribute", params={"attribute": "rating"})}}
    [leak] = label_giveaways(case_of(design(**planted), world()))
    assert leak.problem == "feature 'context.stars' reads column 'rating', of which the label is made"


def test_an_attribute_known_before_the_last_quarter_is_honest() -> None:
    data = world()
    early = EVENTS * 3 // 4
    data = with_column(data, "item", totals(data.log.item[:early], ITEMS))
    honest = {"item": {"views": Part(name="attribute", params={"attribute": "planted"})}}
    assert label_giveaways(case_of(design(**honest), data)) == []


class Peek:
    """All events of an item, whenever they happen."""

    def __init__(self, *, peek: str = "events", fitted: bool = False) -> None:
        self.peek = peek
        self.fitted = fitted

    def fit(self, past: Any) -> Fitted:
        return Fitted({"events": np.array(len(past.data.log) if self.fitted else 0)})

    def reader(self, group: str, state: Any, present: Any) -> Any:
        counts = np.bincount(present.data.log.item, minlength=len(present.data.items) + 1)
        return lambda at: counts[at.entity("item")] if not self.fitted else np.zeros(len(at))


class SameMoment:
    """The number of the user's events up to and *at* t: off by one microsecond."""

    def __init__(self, *, same_moment: str = "events") -> None:
        self.same_moment = same_moment

    def fit(self, past: Any) -> Fitted:
        return Fitted()

    def reader(self, group: str, state: Any, present: Any) -> Any:
        available = np.sort(present.data.log.available)
        return lambda at: np.searchsorted(available, at.time, side="right")


@pytest.fixture
def leaky() -> Iterator[None]:
    FEATURES.add("peek", Peek)
    FEATURES.add("same_moment", SameMoment)
    yield
    FEATURES.remove("peek")
    FEATURES.remove("same_moment")


@pytest.mark.usefixtures("leaky")
@pytest.mark.parametrize(("kind", "params", "code"), [
    ("peek", {"peek": "events"}, "X13"), ("same_moment", {"same_moment": "events"}, "X13"),
    ("peek", {"peek": "events", "fitted": True}, "X05")])
def test_a_feature_that_reads_the_future_is_named(kind: str, params: dict[str, Any], code: str) -> None:
    data = world()
    data = replace(data, log=replace(data.log, available=data.log.time))
    case = case_of(design(item={"bad": Part(name=kind, params=params)}), data, seed=3)
    [leak] = future_changes(case)
    assert isinstance(leak, LeakError)
    assert (leak.code, leak.feature, leak.column) == (code, "item.bad", "events")
    assert leak.row_time is not None
    assert leak.read_time is not None
    assert leak.row_time <= leak.read_time
    assert "feature 'item.bad' reads the future of column 'events': " in leak.problem
    assert ("its values at 1970-" if code == "X13" else "what it was fitted on moves when events from 1970-") in leak.problem
    assert leak.hint == "A feature at time t may read only what was available strictly before t; a window sees to that."


def test_without_features_there_is_nothing_to_probe() -> None:
    bare = design()
    bare = replace(bare, data=replace(bare.data, features={}))
    assert leaks(case_of(bare, world())) == []


@pytest.mark.usefixtures("leaky")
def test_a_long_log_is_thinned_out_to_whole_histories(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sevenfold.audit.case.EVENTS", 3_000)
    data = world()
    case = case_of(design(item={"bad": Part(name="peek", params={"peek": "events"})}), data)
    kept = np.unique(case.thin.log.user)
    assert 2_000 < len(case.thin.log) < 3_000
    assert len(case.thin.log) == np.isin(data.log.user, kept).sum()
    assert [leak.feature for leak in future_changes(case)] == ["item.bad"]


def test_features_frozen_after_the_rankers_cut_are_named() -> None:
    data, made = world(), design()
    parted = cuts(data, made)
    late = features.fit(made, data, parted.test_from)
    found = future_changes(Case(design=made, data=data, cuts=parted, features=late))
    assert {leak.code for leak in found} == {"X05"}
    assert "item.liked" in {leak.feature for leak in found}
    assert "and the ranker learns from 1970-" in found[0].problem
    assert all(leak.row_time == parted.ranker_from and leak.read_time == parted.test_from for leak in found)


class Early:
    """The sum of a late column, as if it came with its event."""

    def __init__(self, *, early: str) -> None:
        self.early = early

    def fit(self, past: Any) -> Fitted:
        return Fitted()

    def reader(self, group: str, state: Any, present: Any) -> Any:
        return Window(key=group, of=self.early).sum


def waiting(kinds: tuple[str, ...], column: str) -> Case:
    """Features of these kinds that read a column of the label, which is known a day late."""
    made = design(user={kind: Part(name=kind, params={kind: column}) for kind in kinds})
    label = replace(made.framing.label, also={"seconds": 0.1})
    return case_of(replace(made, framing=replace(made.framing, label=label)), replace(world(), label_wait=DAY, impressions=True))


@pytest.mark.parametrize("column", ["rating", "seconds"])
def test_what_is_known_late_is_read_late(column: str) -> None:
    assert future_changes(waiting(("sum", "mean", "ratio", "last", "distinct"), column)) == []


@pytest.mark.parametrize("column", ["rating", "seconds"])
def test_a_late_column_read_before_it_is_known_is_named(column: str) -> None:
    FEATURES.add("early", Early)
    try:
        [leak] = future_changes(waiting(("early",), column))
    finally:
        FEATURES.remove("early")
    assert (leak.code, leak.feature, leak.column) == ("X13", "user.early", column)


class Told:
    """Whether the user goes on to like the item: in a table that no scrambling reaches."""

    likes = np.zeros((USERS, ITEMS), dtype=bool)

    def __init__(self, *, told: str) -> None:
        self.told = told

    def fit(self, past: Any) -> Fitted:
        return Fitted()

    def reader(self, group: str, state: Any, present: Any) -> Any:
        return lambda at: self.likes[at.entity("user"), at.entity("item")]


def test_a_feature_that_is_nearly_the_answer_is_named() -> None:
    FEATURES.add("told", Told)
    try:
        case = case_of(design(pair={"bad": Part(name="told", params={"told": "likes"})}), world())
        log, later = case.data.log, case.data.log.positive & (case.data.log.time >= case.cuts.ranker_from)
        Told.likes[log.user[later], log.item[later]] = True
        assert future_changes(case) == []
        [leak] = golden_features(case)
    finally:
        FEATURES.remove("told")
    assert (leak.code, leak.feature, leak.column) == ("X12", "pair.bad", "likes")
    assert "feature 'pair.bad' alone is nearly the answer: its order has an AUC of " in leak.problem


def with_births(late: int) -> Case:
    """The world with a table that gives some items a birth ten days after their first events."""
    data = world()
    first = np.array([data.log.time[data.log.item == item].min(initial=90 * DAY) for item in range(ITEMS)])
    born = first + np.where(np.arange(ITEMS) < late, 10, -10) * DAY
    table = data.items.table.append_column("born", pa.array(born, pa.timestamp("us")))
    made = design()
    made = replace(made, data=replace(made.data, items=Table(path="-", key="id", born="born")))
    return case_of(made, replace(data, items=replace(data.items, table=table)))


def test_items_born_after_their_events_are_named_with_both_times() -> None:
    [leak] = entities_from_the_future(with_births(40))
    assert (leak.code, leak.feature, leak.column, leak.where) == ("X01", "items", "born", "data.items.born")
    assert "40 of 120 items are born after their first event: '0' on 1970-" in leak.problem
    assert leak.row_time is not None
    assert leak.read_time == leak.row_time + 10 * DAY


def test_a_few_slips_of_the_pen_are_no_leak() -> None:
    assert list(entities_from_the_future(with_births(15))) == []


def test_stages_that_read_each_others_rows_are_refused() -> None:
    early, middle, late = np.array([1, 4]), np.array([5, 7]), np.array([9])
    stages_apart(5, early, middle, late)
    stages_apart(5, early, middle)
    stages_apart(5, early[:0], middle[:0], late[:0])
    for arguments, named in (((7, early, middle, late), "encoders"), ((5, late, middle, late), "retrievers"),
                             ((5, early, late, middle), "ranker")):
        with pytest.raises(LeakError, match=f"the {named} learnt from rows up to 1970-01-01T00:00:00, and the") as refused:
            stages_apart(*arguments)
        assert refused.value.code == "X05"
        assert refused.value.read_time > refused.value.row_time  # type: ignore[operator]
