"""Every kind of feature against a row-by-row oracle written from its definition, on logs with ties, delays and late events."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold import features
from sevenfold.design.sections import Answer, DataSection, Design, Evaluation, Events, Framing, Label, Part, Table
from sevenfold.features import kernel, view
from sevenfold.nouns import Candidates, Data, Entities, Log, Requests

SECOND = 1_000_000
USERS, ITEMS = 5, 6
GENRES = [["drama"], ["drama", "war"], [], None, ["war", "noir"], ["noir", "drama", "war"]]
DEFINITIONS: dict[str, dict[str, dict[str, Any]]] = {
    group: {
        "events": {"count": "events"}, "events_5": {"count": "events", "over": 5.0}, "labels": {"count": "label", "over": 9.0},
        "paid": {"sum": "price"}, "paid_7": {"sum": "price", "over": 7.0},
        "liked": {"mean": "label", "prior": 3.0}, "liked_8": {"mean": "label", "over": 8.0, "prior": 0.0},
        "price": {"mean": "price", "over": 6.0, "prior": 2.0},
        "items": {"distinct": "item", "over": 6.0}, "users": {"distinct": "user"}, "colours": {"distinct": "colour", "over": 9.0},
        "since": {"time_since": "event"}, "since_label": {"time_since": "label"}, "prices": {"last": "price", "n": 3},
    } for group in ("user", "item", "pair")
}
DEFINITIONS["pair"] |= {"taste": {"affinity": "genres"}, "taste_9": {"affinity": "genres", "over": 9.0}}


def design(definitions: dict[str, dict[str, dict[str, Any]]] = DEFINITIONS, own: bool = False) -> Design:
    parts = {group: {name: Part(name=next(iter(params)), params=params) for name, params in named.items()}
             for group, named in definitions.items()}
    return Design(name="toy", framing=Framing(task="recommend", answer=Answer(items=3), label=Label(is_="liked", own=own)),
                  data=DataSection(events=Events(path="-", time="time", user="user", item="item"),
                                   items=Table(path="-", key="id"), features=parts),
                  evaluation=Evaluation(metric="ndcg"))


@st.composite
def worlds(draw: st.DrawFn) -> Data:
    n = draw(st.integers(0, 40))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    time = np.sort(rng.integers(0, 25, n)) * SECOND
    late = rng.integers(0, 6, n) * rng.integers(0, 2, n) * SECOND if draw(st.booleans()) else np.full(n, 2 * SECOND)
    price = [None if rng.random() < 0.2 else float(np.round(rng.normal(0, 9), 6)) for _ in range(n)]
    colour = [None if rng.random() < 0.2 else "rgb"[rng.integers(3)] for _ in range(n)]
    table = pa.table({"price": pa.array(price, pa.float64()), "colour": pa.array(colour, pa.string())})
    log = Log(time=time, available=time + late, user=rng.integers(-1, USERS, n).astype(np.int32),
              item=rng.integers(-1, ITEMS, n).astype(np.int32), positive=rng.random(n) < 0.5, table=table)
    users = Entities(ids=np.arange(USERS), table=pa.table({"age": pa.array([20, 30, None, 50, 61])}))
    items = Entities(ids=np.arange(ITEMS), table=pa.table({"genres": pa.array(GENRES, pa.list_(pa.string()))}))
    return Data(log=log, users=users, items=items, label_wait=draw(st.sampled_from([0, 3 * SECOND])),
                impressions=draw(st.booleans()))


def all_pairs(times: np.ndarray) -> tuple[Requests, Candidates]:
    """Every user, known or not, at every time, with every item, known or not."""
    user = np.tile(np.arange(-1, USERS), len(times)).astype(np.int32)
    requests = Requests(time=np.repeat(times, USERS + 1).astype(np.int64), user=user)
    request = np.repeat(np.arange(len(requests)), ITEMS + 1).astype(np.int32)
    item = np.tile(np.arange(-1, ITEMS), len(requests)).astype(np.int32)
    return requests, Candidates(request=request, item=item, sources={}, ranks={})


class Oracle:
    """One row at a time, from the definitions alone."""

    def __init__(self, data: Data, cut: int, own: bool) -> None:
        self.data, self.cut = data, cut
        log = data.log
        self.act_wait = data.label_wait if own or data.impressions else 0
        self.events = [{"available": int(log.available[i]), "user": int(log.user[i]), "item": int(log.item[i]), "row": i,
                        "positive": bool(log.positive[i]), **{name: log.table[name][i].as_py() for name in ("price", "colour")}}
                       for i in range(len(log))]
        self.events.sort(key=lambda e: (e["available"], e["row"]))

    def window(self, match: Callable[[dict], bool], t: int, over: float | None, wait: int = 0) -> list[dict]:
        start = -math.inf if over is None else t - over * SECOND
        return [e for e in self.events if match(e) and start <= e["available"] + wait < t]

    def value(self, group: str, params: dict[str, Any], t: int, user: int, item: int) -> Any:
        keys = {"user": ("user",), "item": ("item",), "pair": ("user", "item")}[group]
        asked = {"user": user, "item": item}
        known = all(asked[key] >= 0 for key in keys)

        def match(e: dict) -> bool:
            return known and all(e[key] == asked[key] for key in keys)

        kind, of = next(iter(params.items()))
        over = params.get("over")
        wait = self.data.label_wait if of == "label" else 0
        seen = self.window(match, t, over, wait)
        return getattr(self, kind)(of, seen, params, t=t, user=user, item=item, wait=wait)

    def count(self, of, seen, params, **_):
        return sum(e["positive"] for e in seen) if of == "label" else len(seen)

    def sum(self, of, seen, params, **_):
        return math.fsum(e[of] for e in seen if e[of] is not None)

    def mean(self, of, seen, params, wait, **_):
        def values(events):
            return [float(e["positive"]) if of == "label" else e[of] for e in events if of == "label" or e[of] is not None]
        before = values(self.window(lambda e: True, self.cut, None, wait))
        own = values(seen)
        prior = params["prior"] if before else 0.0
        centre = math.fsum(before) / len(before) if before else 0.0
        return (math.fsum(own) + prior * centre) / (len(own) + prior) if len(own) + prior else math.nan

    def distinct(self, of, seen, params, **_):
        return len({e[of] for e in seen if e[of] is not None and e[of] != -1})

    def time_since(self, of, seen, params, t, wait, **_):
        seen = [e for e in seen if of == "event" or e["positive"]]
        return math.nan if not seen else self.logarithm((t - seen[-1]["available"] - wait) / SECOND)

    @staticmethod
    def logarithm(seconds):
        power = math.floor(math.log2(1 + seconds))
        return power + (1 + seconds) / 2**power - 1

    def last(self, of, seen, params, **_):
        values = [math.nan if e[of] is None else e[of] for e in seen[::-1][:params["n"]]]
        return values + [math.nan] * (params["n"] - len(values))

    def affinity(self, of, seen, params, t, user, item, **_):
        liked = self.window(lambda e: e["positive"] and e["user"] == user >= 0, t, params.get("over"), self.act_wait)
        levels = GENRES[item] if item >= 0 else None
        kept = {g for i in {e["item"] for e in self.window(lambda e: True, self.cut, None)} - {-1} for g in GENRES[i] or []}
        levels = [g for g in levels or [] if g in kept]
        if not liked or not levels:
            return math.nan
        return sum(g in (GENRES[e["item"]] or []) for g in levels for e in liked if e["item"] >= 0) / len(levels) / len(liked)


@pytest.mark.parametrize("asked_in_order", [False, True])
@settings(max_examples=60, deadline=None)
@given(data=worlds(), cut=st.integers(0, 30), own=st.booleans())
def test_every_kind_equals_its_definition(asked_in_order: bool, data: Data, cut: int, own: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "LONG", 1 if asked_in_order else 10**9)
        patch.setattr(view, "BLOCK", 150 if asked_in_order else 1 << 19)
        toy = design(own=own)
        fitted = features.fit(toy, data, cut * SECOND)
        requests, candidates = all_pairs(np.array([0, 3, 9, 14, 27]) * SECOND)
        rows = fitted.over(data).rows(requests, candidates)
        oracle = Oracle(data, cut * SECOND, own)
        picked = np.random.default_rng(0).choice(len(rows), 12, replace=False)
        for row in picked:
            t, user = int(requests.time[rows.request[row]]), int(rows.user[row])
            expected = np.hstack([oracle.value(group, params, t, user, int(rows.item[row]))
                                  for group, named in DEFINITIONS.items() for params in named.values()])
            np.testing.assert_allclose(rows.values[row], expected.astype(np.float32), rtol=2e-7, atol=1e-9,
                                       err_msg=str(list(zip(rows.names, rows.values[row], expected))))
