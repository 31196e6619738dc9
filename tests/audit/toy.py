"""A toy log of honest columns: the label can be guessed from them, but not known."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sevenfold import features
from sevenfold.audit import Case
from sevenfold.data.splits import cuts
from sevenfold.design.sections import Answer, DataSection, Design, Evaluation, Events, Framing, Label, Part, Table
from sevenfold.nouns import DAY, SECOND, Data, Entities, Log

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


def case_of(made: Design, data: Data, seed: int = 0) -> Case:
    parted = cuts(data, made)
    return Case(design=made, data=data, cuts=parted, features=features.fit(made, data, parted.ranker_from), seed=seed)
