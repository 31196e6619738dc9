"""What a view promises: strictly before, singles as batches, unknown ids answered, saved and loaded the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from sevenfold import features
from sevenfold.design.sections import Answer, DataSection, Design, Evaluation, Events, Framing, Label, Part
from sevenfold.errors import BundleError, DataError, DesignError
from sevenfold.features import kernel, view
from sevenfold.nouns import DAY, SECOND, Candidates, Data, Entities, Log, Requests

USERS, ITEMS, EVENTS = 40, 30, 3000
COLOURS = ("red", "blue", "green", "grey")
DECLARED: dict[str, dict[str, dict[str, Any]]] = {
    "user": {"age": {"attribute": "age"}, "seen": {"last": "item", "n": 7}, "active": {"count": "events", "over": 86400.0}},
    "item": {"genres": {"attribute": "genres"}, "price": {"attribute": "price"}, "title": {"embed": "title", "dimensions": 3},
             "liked": {"mean": "label", "over": 2e6, "prior": 20.0}, "people": {"distinct": "user", "over": 9e5}},
    "context": {"hour": {"hour": "when"}, "day": {"weekday": "when"}, "device": {"attribute": "device"},
                "load": {"attribute": "load"}},
    "pair": {"taste": {"affinity": "genres", "over": 1e6}, "since": {"time_since": "event"},
             "close": {"closeness": "title", "n": 5}, "met": {"cross": ("price", "device"), "buckets": 4}},
}


def design(declared: dict[str, dict[str, dict[str, Any]]] = DECLARED, own: bool = False) -> Design:
    parts = {group: {name: Part(name=next(iter(params)), params=params) for name, params in named.items()}
             for group, named in declared.items()}
    return Design(name="toy", framing=Framing(task="recommend", answer=Answer(items=3), label=Label(is_="liked", own=own)),
                  data=DataSection(events=Events(path="-", time="when"), features=parts), evaluation=Evaluation(metric="ndcg"))


@pytest.fixture(scope="module")
def data() -> Data:
    rng = np.random.default_rng(5)
    time = np.sort(rng.integers(0, 40 * 86_400, EVENTS)) * SECOND
    users = pa.table({"age": pa.array([None if u == 3 else 20.0 + u for u in range(USERS)])})
    items = pa.table({"genres": [["war", "noir", "art"][: i % 4] if i != 5 else None for i in range(ITEMS)],
                      "price": [None if i == 2 else float(i) for i in range(ITEMS)],
                      "title": [None if i == 4 else f"the {COLOURS[i % 4]} house {i % 3}" for i in range(ITEMS)]})
    table = pa.table({"device": rng.choice(["phone", "tv"], EVENTS), "load": rng.random(EVENTS)})
    log = Log(time=time, available=time + rng.integers(0, 5, EVENTS) * 3600 * SECOND,
              user=rng.integers(0, USERS, EVENTS).astype(np.int32), item=rng.integers(0, ITEMS, EVENTS).astype(np.int32),
              positive=rng.random(EVENTS) < 0.4, table=table)
    born = np.where(np.arange(ITEMS) < 20, -1, 20 * DAY)
    return Data(log=log, users=Entities(ids=np.arange(USERS), table=users),
                items=Entities(ids=np.arange(ITEMS), table=items, born=born), label_wait=DAY)


@pytest.fixture(scope="module")
def fitted(data: Data) -> features.Features:
    return features.fit(design(), data, 30 * DAY)


def batch(n: int = 60) -> tuple[Requests, Candidates]:
    rng = np.random.default_rng(1)
    context = {"device": rng.choice(np.array(["phone", "tv", "fridge", None], dtype=object), n), "load": rng.random(n)}
    requests = Requests(time=rng.integers(0, 41 * DAY, n), user=rng.integers(-1, USERS, n).astype(np.int32), context=context)
    request = np.sort(rng.integers(0, n, 900)).astype(np.int32)
    return requests, Candidates(request=request, item=rng.integers(-1, ITEMS, 900).astype(np.int32), sources={}, ranks={})


def test_names_follow_the_document(fitted: features.Features) -> None:
    assert fitted.names[:2] == ("user.age", "user.active")
    assert fitted.names[2:6] == ("item.genres=art", "item.genres=noir", "item.genres=war", "item.genres=other")
    assert {"item.title.2", "item.liked", "context.hour.sin", "context.device=tv", "pair.taste"} <= set(fitted.names)


def test_a_single_is_answered_as_in_a_batch(fitted: features.Features, data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    over = fitted.over(data)
    requests, candidates = batch()
    together = over.rows(requests, candidates)
    monkeypatch.setattr(kernel, "LONG", 1)
    monkeypatch.setattr(view, "BLOCK", 100)
    assert over.rows(requests, candidates).values.tobytes() == together.values.tobytes()
    monkeypatch.undo()
    for row in range(0, len(candidates), 7):
        alone = over.rows(requests.take(candidates.request[[row]]),
                          replace(candidates.take(np.array([row])), request=np.zeros(1, dtype=np.int32)))
        assert alone.values.tobytes() == together.values[row].tobytes()
        assert (alone.history[0] == together.history[candidates.request[row]]).all()


def test_nothing_at_or_after_a_moment_changes_what_is_read_at_it(fitted: features.Features, data: Data) -> None:
    requests, _ = batch()
    requests = replace(requests, time=np.where(np.arange(60) % 2, requests.time, data.log.available[::50]))  # at an event, too
    truth = fitted.over(data)
    for row in (0, 9, 24, 40):
        t = int(requests.time[row])
        past = replace(data, log=data.log.take(data.log.available < t))
        one = requests.take(np.array([row]))
        every = Candidates(request=np.zeros(ITEMS, dtype=np.int32), item=np.arange(ITEMS, dtype=np.int32), sources={}, ranks={})
        then = fitted.over(past)
        assert then.rows(one, every).values.tobytes() == truth.rows(one, every).values.tobytes()
        assert (then.visits(one, 9).history == truth.visits(one, 9).history).all()
        assert (then.seen(one)[1] == truth.seen(one)[1]).all()


def test_unknown_users_and_items_are_answered(fitted: features.Features, data: Data) -> None:
    nobody = Requests(time=np.array([35 * DAY]), user=np.array([-1], dtype=np.int32))
    rows = fitted.over(data).rows(nobody, Candidates(request=np.zeros(1, dtype=np.int32), item=np.array([-1], dtype=np.int32),
                                                     sources={}, ranks={}))
    value = dict(zip(rows.names, rows.values[0]))
    known = data.log.positive[data.log.available + DAY < 30 * DAY]
    assert value["item.liked"] == np.float32(known.mean())
    assert value["user.active"] == value["item.people"] == value["item.genres=war"] == value["context.device=tv"] == 0
    assert all(np.isnan(value[name]) for name in ("user.age", "item.price", "pair.taste", "pair.since", "context.load"))
    assert (rows.history == -1).all()
    assert rows.history.shape == (1, 7)


def test_no_request_and_no_candidate(fitted: features.Features, data: Data) -> None:
    requests, candidates = batch()
    none = fitted.over(data).rows(requests.take(np.array([], dtype=int)), candidates.take(np.array([], dtype=int)))
    assert none.values.shape == (0, len(fitted.names))
    alone = fitted.over(data).rows(requests, candidates.take(np.array([], dtype=int)))
    assert alone.history.shape == (60, 7)


def test_saved_and_loaded_it_answers_the_same(fitted: features.Features, data: Data, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    loaded = features.load(tmp_path)
    requests, candidates = batch()
    assert loaded.names == fitted.names
    values = [each.over(data).rows(requests, candidates).values.tobytes() for each in (fitted, loaded)]
    assert values[0] == values[1]
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    loaded.save(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    (tmp_path / "features.npz").write_bytes(b"?")
    with pytest.raises(BundleError, match="the features cannot be read: "):
        features.load(tmp_path)


def test_visits_and_seen(fitted: features.Features, data: Data) -> None:
    requests, _ = batch()
    log = data.log
    order = np.argsort(log.available, kind="stable")
    for impressions in (False, True):
        over = fitted.over(replace(data, impressions=impressions))
        visits, (ends, seen) = over.visits(requests, 5), over.seen(requests)
        wait = DAY if impressions else 0
        for r in range(len(requests)):
            mine = order[(log.user == requests.user[r])[order]]
            known = mine[log.available[mine] + wait < requests.time[r]]
            liked = [int(log.item[row]) for row in known[::-1] if log.positive[row]][:5]
            assert visits.history[r].tolist() == liked + [-1] * (5 - len(liked))
            every = known[log.positive[known]] if impressions else mine[log.available[mine] < requests.time[r]]
            assert seen[ends[r]:ends[r + 1]].tolist() == log.item[every].tolist()


def test_what_lives_is_born_before(fitted: features.Features, data: Data) -> None:
    alive = fitted.over(data).alive(np.array([0, 20 * DAY, 20 * DAY + 1]))
    assert alive.sum(axis=1).tolist() == [20, 20, ITEMS]
    immortal = replace(data, items=replace(data.items, born=None))
    assert fitted.over(immortal).alive(np.array([0])).all()


def test_content_has_rows_of_length_one_or_zero(fitted: features.Features, data: Data) -> None:
    content = fitted.over(data).content
    assert content.shape == (ITEMS, 4 + 1 + 3)
    assert np.isfinite(content).all()
    lengths = np.sqrt((content.astype(np.float64) ** 2).sum(axis=1))
    assert np.all(np.isclose(lengths, 1) | (lengths == 0))
    bare = features.fit(design({"user": {"n": {"count": "events"}}}), data, DAY)
    assert bare.over(data).content.shape == (ITEMS, 0)


def test_a_grown_catalogue_copies_items(fitted: features.Features, data: Data) -> None:
    requests, candidates = batch()
    copies = np.random.default_rng(3).integers(0, ITEMS, 500)
    over, grown = fitted.over(data), fitted.over(data).grow(copies)
    item = np.random.default_rng(4).integers(0, 500, len(candidates)).astype(np.int32)
    wide = grown.rows(requests, replace(candidates, item=item))
    base = over.rows(requests, replace(candidates, item=copies[item].astype(np.int32)))
    assert wide.values.tobytes() == base.values.tobytes()
    assert wide.items == 500
    assert (grown.content == over.content[copies]).all()
    assert (grown.alive(np.array([5])) == over.alive(np.array([5]))[:, copies]).all()
    first = {int(c): j for j, c in reversed(list(enumerate(copies)))}
    assert [first.get(i, -1) for i in base.history.ravel().tolist()] == wide.history.ravel().tolist()


def test_words_beyond_the_cut_become_other(data: Data) -> None:
    table = data.log.table.set_column(0, "device", pa.array(["tv" if t < 30 * DAY else "fridge" for t in data.log.time]))
    later = replace(data, log=replace(data.log, table=table))
    fitted = features.fit(design({"context": {"device": {"attribute": "device"}}}), later, 30 * DAY)
    assert fitted.names == ("context.device=tv", "context.device=other")


def test_an_embedding_is_frozen_and_its_signs_are_fixed(data: Data) -> None:
    declared = {"item": {"title": {"embed": "title", "dimensions": 3}}}
    fitted = features.fit(design(declared), data, 30 * DAY)
    axes = fitted.features[0].fitted.state["axes"]
    assert (axes[np.abs(axes).argmax(axis=0), np.arange(3)] > 0).all()
    vectors = fitted.over(data).content
    assert np.allclose(vectors[0], vectors[12], atol=1e-6)  # the same words
    assert (vectors[4] == 0).all()


REFUSED = [
    ({"context": {"n": {"count": "events"}}}, DesignError, "a windowed feature belongs to user, item, pair, got 'context'"),
    ({"user": {"n": {"count": "price"}}}, DesignError, "count takes events or label, got 'price'"),
    ({"user": {"n": {"sum": "prise"}}}, DataError, "there is no column 'prise'"),
    ({"user": {"n": {"sum": "device"}}}, DataError, "expected a column of numbers, got string"),
    ({"user": {"n": {"distinct": "colour"}}}, DataError, "there is no column 'colour'"),
    ({"user": {"n": {"time_since": "birth"}}}, DesignError, "time_since takes event or label, got 'birth'"),
    ({"pair": {"n": {"attribute": "age"}}}, DesignError, "expected a feature of user or item, got 'pair'"),
    ({"user": {"n": {"attribute": "size"}}}, DataError, "there is no column 'size'"),
    ({"user": {"n": {"affinity": "genres"}}}, DesignError, "expected a feature of pair that reads words, got one of user"),
    ({"pair": {"n": {"affinity": "price"}}}, DesignError, "reads double"),
    ({"context": {"n": {"hour": "noon"}}}, DesignError, "expected a feature of context that reads the events' time 'when'"),
    ({"context": {"n": {"ratio": "load"}}}, DesignError, "a windowed feature belongs to user, item, pair, got 'context'"),
    ({"user": {"n": {"ratio": "lode"}}}, DataError, "there is no column 'lode'"),
    ({"user": {"n": {"ratio": "load", "of": "device"}}}, DataError, "expected a column of numbers, got string"),
    ({"user": {"n": {"ratio": "load", "over": 9.0, "half_life": 9.0}}}, DesignError, "with 'half_life', got both"),
    ({"item": {"n": {"log": "title"}}}, DataError, "expected a column of numbers, got string"),
    ({"pair": {"n": {"log": "price"}}}, DesignError, "expected a feature of user or item, got 'pair'"),
    ({"user": {"n": {"bucket": "size"}}}, DataError, "there is no column 'size'"),
    ({"context": {"n": {"bucket": "load", "at": (1.0, 3.0, 2.5)}}}, DesignError, "expected bounds that rise, got 1, 3, 2.5"),
    ({"item": {"n": {"hash": "size"}}}, DataError, "there is no column 'size'"),
    ({"pair": {"n": {"hash": "title"}}}, DesignError, "expected a feature of user or item, got 'pair'"),
    ({"user": {"n": {"cross": ("age",)}}}, DesignError, "expected at least two columns, got 'age'"),
    ({"pair": {"n": {"cross": ("age", "sise")}}}, DataError, "there is no column 'sise'"),
    ({"item": {"n": {"cross": ("price", "genres")}}}, DataError, "expected a column of single values, got lists in 'genres'"),
    ({"user": {"n": {"closeness": "title"}}}, DesignError, "expected a feature of pair, got one of user"),
    ({"pair": {"n": {"closeness": "price"}}}, DataError, "expected a column of texts, got double"),
    ({"pair": {"n": {"closeness": "title", "n": 5000}}}, DesignError, "expected at most 2000 events, got n: 5000"),
    ({"item": {"n": {"embed": "genres"}}}, DataError, "expected a column of texts, got list<"),
    ({"pair": {"n": {"distance": ("title",), "to": ("age",)}}}, DataError,
     "expected points in degrees, got 'the red house 0' in 'title'"),
    ({"pair": {"n": {"distance": ("price",), "to": ("age",)}}}, DataError, "expected points, got double in 'price'"),
    ({"context": {"n": {"distance": ("load", "load"), "to": ("load", "device")}}}, DataError,
     "expected points, got double and string in 'load, device'"),
    ({"query": {"n": {"count": "events"}}}, DesignError, "features of 'query' cannot be computed as of a moment"),
]


@pytest.mark.parametrize(("declared", "error", "problem"), REFUSED)
def test_what_cannot_be_computed_is_refused_with_its_place(declared: Any, error: Any, problem: str, data: Data) -> None:
    with pytest.raises(error) as caught:
        features.fit(design(declared), data, 30 * DAY)
    [group] = declared
    assert problem in caught.value.problem
    assert caught.value.where == (f"data.features.{group}.n" if group != "query" else "data.features.query")
    assert caught.value.hint.endswith((".", "?"))


def test_a_column_of_users_and_of_items_is_nobodys(data: Data) -> None:
    both = replace(data, users=replace(data.users, table=data.users.table.append_column("price", pa.array([1.0] * USERS))))
    with pytest.raises(DesignError, match="both users and items have a column 'price'"):
        features.fit(design({"pair": {"n": {"cross": ("price", "device")}}}), both, DAY)


def test_bounds_are_in_the_names(data: Data) -> None:
    declared = {"user": {"age": {"bucket": "age", "at": (30.0, 45.5)}}, "context": {"load": {"bucket": "load"}}}
    fitted = features.fit(design(declared), data, 30 * DAY)
    assert fitted.names[:3] == ("user.age=..30", "user.age=30..45.5", "user.age=45.5..")
    assert len(fitted.names) == 3 + 10


def test_the_same_words_are_as_close_as_can_be(data: Data) -> None:
    fitted = features.fit(design({"pair": {"close": {"closeness": "title"}}}), data, 30 * DAY)
    log = replace(data.log.take(np.array([0])), item=np.array([0], dtype=np.int32), positive=np.array([True]))
    one = Requests(time=np.array([50 * DAY]), user=log.user)
    every = Candidates(request=np.zeros(ITEMS, dtype=np.int32), item=np.arange(ITEMS, dtype=np.int32), sources={}, ranks={})
    close = fitted.over(replace(data, log=log)).rows(one, every).values[:, 0]
    assert close[12] == 1  # of the same words
    assert np.isnan(close[4])  # without a text
    assert close[1] < close[8] < 1  # another colour and another number; another number alone


def test_a_value_too_large_to_be_exact_is_refused(data: Data) -> None:
    table = data.log.table.append_column("cents", pa.array(np.full(EVENTS, 1e13)))
    with pytest.raises(DataError, match="expected values below 9e\\+12, got 1e\\+13"):
        features.fit(design({"user": {"n": {"sum": "cents"}}}), replace(data, log=replace(data.log, table=table)), DAY)


def test_what_a_user_says_to_like_is_a_history_behind_the_known_one(fitted: features.Features, data: Data) -> None:
    requests, _ = batch()
    over, told = fitted.over(data), np.array([3, -1, 7], dtype=np.int32)
    likes = replace(requests, likes=np.tile(told, (len(requests), 1)))
    known, more = over.visits(requests, 6).history, over.visits(likes, 6).history
    for before, after in zip(known.tolist(), more.tolist()):
        mine = [item for item in before if item >= 0]
        assert after == [*mine, 3, 7, *[-1] * 6][:6]
    (ends, seen), (more_ends, more_seen) = over.seen(requests), over.seen(likes)
    for row in range(len(requests)):
        assert more_seen[more_ends[row]:more_ends[row + 1]].tolist() == [*seen[ends[row]:ends[row + 1]].tolist(), 3, 7]
