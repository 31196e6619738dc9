"""Small random logs, with ties, delays, late, unknown and missing things, and a design with every kind of feature."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from sevenfold.design.sections import Answer, DataSection, Design, Evaluation, Events, Framing, Label, Part, Table
from sevenfold.nouns import Data, Entities, Log

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
        "fading": {"count": "events", "half_life": 6.0}, "fading_label": {"count": "label", "half_life": 2.0},
        "paid_fading": {"sum": "price", "half_life": 3.0}, "liked_fading": {"mean": "label", "half_life": 5.0, "prior": 2.0},
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
