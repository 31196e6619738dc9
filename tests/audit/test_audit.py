"""Planted leaks are caught by name, with code, column and times; clean data raise no alarm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from sevenfold import features
from sevenfold.audit import audit, future_scramble, label_giveaways
from sevenfold.design.sections import Answer, DataSection, Design, Evaluation, Events, Framing, Label, Part, Table
from sevenfold.errors import LeakError
from sevenfold.features.past import Fitted
from sevenfold.nouns import DAY, SECOND, Data, Entities, Log, Requests
from sevenfold.registry import FEATURES

USERS, ITEMS, EVENTS = 300, 120, 12_000
CLEAN: dict[str, dict[str, Part]] = {
    "user": {"age": Part(name="attribute", params={"attribute": "age"}),
             "zip": Part(name="attribute", params={"attribute": "zip"}),
             "active": Part(name="count", params={"count": "events", "over": 7 * 86400.0})},
    "item": {"genres": Part(name="attribute", params={"attribute": "genres"}),
             "price": Part(name="attribute", params={"attribute": "price"}),
             "title": Part(name="embed", params={"embed": "title", "dimensions": 4}),
             "liked": Part(name="mean", params={"mean": "label", "over": 30 * 86400.0}),
             "spent": Part(name="sum", params={"sum": "seconds"}),
             "people": Part(name="distinct", params={"distinct": "user", "over": 30 * 86400.0})},
    "context": {"hour": Part(name="hour", params={"hour": "when"}),
                "device": Part(name="attribute", params={"attribute": "device"}),
                "session": Part(name="attribute", params={"attribute": "session"}),
                "id": Part(name="attribute", params={"attribute": "id"})},
    "pair": {"taste": Part(name="affinity", params={"affinity": "genres"}),
             "since": Part(name="time_since", params={"time_since": "event"})},
}


def design(**added: dict[str, Part]) -> Design:
    parts = {group: {**CLEAN[group], **added.get(group, {})} for group in CLEAN}
    return Design(name="toy", framing=Framing(task="recommend", answer=Answer(items=3), label=Label(is_="rating >= 4")),
                  data=DataSection(events=Events(path="-", time="when", user="user", item="item"),
                                   items=Table(path="-", key="id"), features=parts),
                  evaluation=Evaluation(metric="ndcg"))


def world(seed: int = 0) -> Data:
    """Users with tastes, items with quality: the label can be guessed from honest columns, but not known."""
    rng = np.random.default_rng(seed)
    user, item = rng.integers(0, USERS, EVENTS), (ITEMS * rng.random(EVENTS) ** 2).astype(int)
    quality, mood = rng.normal(0, 1, ITEMS), rng.normal(0, 1, USERS)
    score = quality[item] + mood[user] + rng.normal(0, 1, EVENTS)
    time = np.sort(rng.integers(0, 100 * DAY // SECOND, EVENTS)) * SECOND
    table = pa.table({"rating": np.clip(np.round(3.2 + score), 1, 5), "seconds": rng.gamma(2, 100, EVENTS),
                      "device": rng.choice(["phone", "tv", "web"], EVENTS), "id": [f"e{i}" for i in range(EVENTS)],
                      "session": [f"{u}-{t // DAY}" for u, t in zip(user, time)]})
    users = pa.table({"age": rng.integers(18, 80, USERS), "zip": [f"{z:05}" for z in rng.integers(0, 99999, USERS)]})
    genres = [list(rng.choice(["a", "b", "c"], rng.integers(0, 3), replace=False)) for _ in range(ITEMS)]
    titles = [f"the {word} film" for word in rng.choice(["red", "old"], ITEMS)]
    items = pa.table({"genres": genres, "price": quality + rng.normal(0, 0.3, ITEMS), "title": titles})
    log = Log(time=time, available=time + 60 * SECOND, user=user.astype(np.int32), item=item.astype(np.int32),
              positive=table["rating"].to_numpy() >= 4, table=table)
    return Data(log=log, users=Entities(ids=np.arange(USERS), table=users), items=Entities(ids=np.arange(ITEMS), table=items))


def requests_of(data: Data) -> Requests:
    log = data.log
    context = {name: log.table[name].to_numpy() for name in ("device", "session", "id")}
    return Requests(time=log.time, user=log.user, context=context)


def with_column(data: Data, where: str, column: Any) -> Data:
    if where == "context":
        return replace(data, log=replace(data.log, table=data.log.table.append_column("planted", pa.array(column))))
    entities = data.users if where == "user" else data.items
    return replace(data, **{where + "s": replace(entities, table=entities.table.append_column("planted", pa.array(column)))})


@pytest.mark.parametrize("seed", range(4))
def test_clean_data_raise_no_alarm(seed: int) -> None:
    data = world(seed)
    fitted = features.fit(design(), data, 70 * DAY)
    assert audit(design(), data, fitted, requests_of(data), seed=seed) == []


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
    [leak] = label_giveaways(design(**planted), data)
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
    assert [leak.feature for leak in label_giveaways(design(**planted), data)] == [f"{where}.bad"]


def test_the_column_of_which_the_label_is_made_is_caught_by_name() -> None:
    planted = {"context": {"stars": Part(name="attribute", params={"attribute": "rating"})}}
    [leak] = label_giveaways(design(**planted), world())
    assert leak.problem == "feature 'context.stars' reads column 'rating', of which the label is made"


def test_an_attribute_known_before_the_last_quarter_is_honest() -> None:
    data = world()
    early = EVENTS * 3 // 4
    data = with_column(data, "item", totals(data.log.item[:early], ITEMS))
    honest = {"item": {"views": Part(name="attribute", params={"attribute": "planted"})}}
    assert label_giveaways(design(**honest), data) == []


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
    leaking = design(item={"bad": Part(name=kind, params=params)})
    fitted = features.fit(leaking, data, 70 * DAY)
    [leak] = future_scramble(leaking, data, fitted, requests_of(data), seed=3)
    assert isinstance(leak, LeakError)
    assert (leak.code, leak.feature, leak.column) == (code, "item.bad", "events")
    assert leak.row_time is not None
    assert leak.read_time is not None
    assert leak.row_time <= leak.read_time
    assert "feature 'item.bad' reads the future of column 'events': " in leak.problem
    assert ("its values at 1970-" if code == "X13" else "what it was fitted on moves when events from 1970-03-12T00:00:00 on"
            ) in leak.problem
    assert leak.hint == "A feature at time t may read only what was available strictly before t."


def test_nothing_to_probe() -> None:
    data = world()
    fitted = features.fit(design(), data, 70 * DAY)
    nobody = requests_of(data).take(np.array([], dtype=int))
    assert future_scramble(design(), data, fitted, nobody, seed=0) == []
