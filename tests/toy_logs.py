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
TITLES = ["the red house", "the red red dog", None, "a house for the dog", "", "blue"]
PLACES = ["52.1,4.3", "-33.9,151.2", None, "0,180", "90,0", " 52.1 , 4.3"]
HERE = [None, "0,0", "-52.1,-175.7", "33.9,-28.8", "52.1,4.3"]
USER_TABLE = {"age": [20, 30, None, 50, 61], "country": ["nl", None, "au", "nl", "other"],
              "north": [0.0, 52.1, None, -90.0, 10.5], "east": [0.0, 4.3, 9.0, 0.0, None]}
ITEM_TABLE = {"cost": [1.0, -7.5, None, 0.0, 12345.0, 3.0], "title": TITLES, "place": PLACES}
CONTEXT: dict[str, list[Any]] = {"device": ["tv", "phone", None], "load": [-3.0, 0.0, 4.5, 5.0, 100.0, np.nan], "here": HERE,
                                 "there": HERE}
DEFINITIONS: dict[str, dict[str, dict[str, Any]]] = {
    group: {
        "events": {"count": "events"}, "events_5": {"count": "events", "over": 5.0}, "labels": {"count": "label", "over": 9.0},
        "paid": {"sum": "price"}, "paid_7": {"sum": "price", "over": 7.0},
        "liked": {"mean": "label", "prior": 3.0}, "liked_8": {"mean": "label", "over": 8.0, "prior": 0.0},
        "price": {"mean": "price", "over": 6.0, "prior": 2.0},
        "items": {"distinct": "item", "over": 6.0}, "users": {"distinct": "user"}, "colours": {"distinct": "colour", "over": 9.0},
        "fading": {"count": "events", "half_life": 6.0}, "fading_label": {"count": "label", "half_life": 2.0},
        "paid_fading": {"sum": "price", "half_life": 3.0}, "liked_fading": {"mean": "label", "half_life": 5.0, "prior": 2.0},
        "rate": {"ratio": "label", "of": "events", "over": 8.0}, "each": {"ratio": "price", "of": "events", "over": 7.0},
        "per_like": {"ratio": "price", "of": "label"}, "likes_per_price": {"ratio": "label", "of": "price", "over": 9.0},
        "rate_fading": {"ratio": "label", "of": "events", "half_life": 4.0},
        "stars": {"sum": "stars", "over": 7.0}, "stars_usual": {"mean": "stars", "half_life": 4.0, "prior": 2.0},
        "stars_each": {"ratio": "price", "of": "stars"}, "stars_last": {"last": "stars", "n": 2},
        "verdicts": {"distinct": "verdict", "over": 9.0},
        "since": {"time_since": "event"}, "since_label": {"time_since": "label"}, "prices": {"last": "price", "n": 3},
    } for group in ("user", "item", "pair")
}
DEFINITIONS["pair"] |= {
    "taste": {"affinity": "genres"}, "taste_9": {"affinity": "genres", "over": 9.0},
    "close": {"closeness": "title", "n": 3}, "close_9": {"closeness": "title", "over": 9.0, "n": 50, "dimensions": 2},
    "met": {"cross": ("country", "device", "cost"), "buckets": 7},
    "away": {"distance": ("place",), "to": ("here",)}, "home": {"distance": ("place",), "to": ("north", "east")},
}
DEFINITIONS["user"] |= {
    "log_age": {"log": "age"}, "ages": {"bucket": "age", "at": (20.0, 30.5, 61.0)}, "tenths": {"bucket": "age"},
    "country": {"hash": "country", "buckets": 3}, "both": {"cross": ("country", "age"), "buckets": 5},
}
DEFINITIONS["item"] |= {"log_cost": {"log": "cost"}, "words": {"hash": "genres", "buckets": 2},
                        "cost": {"hash": "cost", "buckets": 4}}
DEFINITIONS["context"] = {
    "log_load": {"log": "load"}, "loads": {"bucket": "load", "at": (0.0, 5.0)}, "device": {"hash": "device", "buckets": 3},
    "both": {"cross": ("device", "load"), "buckets": 4}, "gone": {"distance": ("here",), "to": ("there",)},
}


def design(definitions: dict[str, dict[str, dict[str, Any]]] = DEFINITIONS, own: bool = False) -> Design:
    parts = {group: {name: Part(name=next(iter(params)), params=params) for name, params in named.items()}
             for group, named in definitions.items()}
    label = Label(is_="liked", also={"stars": 0.5}, own=own)
    return Design(name="toy", framing=Framing(task="recommend", answer=Answer(items=3), label=label),
                  data=DataSection(events=Events(path="-", time="time", user="user", item="item", outcomes=("verdict",)),
                                   items=Table(path="-", key="id"), features=parts),
                  evaluation=Evaluation(metric="ndcg"))


def context(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    """What n requests say of themselves: numbers as numbers, words as objects, some missing."""
    return {name: np.array(values, dtype=None if name == "load" else object)[rng.integers(0, len(values), n)]
            for name, values in CONTEXT.items()}


@st.composite
def worlds(draw: st.DrawFn) -> Data:
    n = draw(st.integers(0, 40))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    time = np.sort(rng.integers(0, 25, n)) * SECOND
    late = rng.integers(0, 6, n) * rng.integers(0, 2, n) * SECOND if draw(st.booleans()) else np.full(n, 2 * SECOND)
    price = [None if rng.random() < 0.2 else float(np.round(rng.normal(0, 9), 6)) for _ in range(n)]
    stars = [None if rng.random() < 0.2 else int(rng.integers(1, 6)) for _ in range(n)]
    verdict = [None if rng.random() < 0.2 else "yn"[rng.integers(2)] for _ in range(n)]
    colour = [None if rng.random() < 0.2 else "rgb"[rng.integers(3)] for _ in range(n)]
    kinds = {"price": pa.float64(), "stars": pa.int64(), "verdict": pa.string(), "colour": pa.string(),
             **{name: pa.string() for name in CONTEXT}, "load": pa.float64()}
    columns = {"price": price, "stars": stars, "verdict": verdict, "colour": colour, **context(rng, n)}
    table = pa.table({name: pa.array(columns[name], kind, from_pandas=True) for name, kind in kinds.items()})
    log = Log(time=time, available=time + late, user=rng.integers(-1, USERS, n).astype(np.int32),
              item=rng.integers(-1, ITEMS + draw(st.sampled_from([0, 2])), n).astype(np.int32),
              positive=rng.random(n) < 0.5, table=table)
    users = Entities(ids=np.arange(USERS), table=pa.table(USER_TABLE))
    items = Entities(ids=np.arange(ITEMS), table=pa.table({"genres": pa.array(GENRES, pa.list_(pa.string())), **ITEM_TABLE}))
    return Data(log=log, users=users, items=items, label_wait=draw(st.sampled_from([0, 3 * SECOND])),
                impressions=draw(st.booleans()))
