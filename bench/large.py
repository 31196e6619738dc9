"""A run as large as serving is measured on: 100,000 items, 1,000,000 users, 500 candidates, 50 columns.

    python bench/large.py FOLDER [--users 1000000] [--items 100000] [--events 6000000]
    python bench/serve.py FOLDER/runs/latest

Writes events, users, items and a design into FOLDER and executes it, with small budgets of training: what is measured here is
serving. People have two topics that they like, items one; an item's popularity falls with its place as in Zipf's law.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from sevenfold import design as documents
from sevenfold.nouns import DAY, SECOND
from sevenfold.run.execution import execute

START = 1_767_225_600 * SECOND  # 2026-01-01
DAYS, TOPICS = 60, 24
SEEN = "\n      ".join(f"seen_{over}: {{count: events, over: {over}}}" for over in ("6h", "1d", "3d", "7d", "30d"))
LIKED = "\n      ".join(f"liked_{over}: {{mean: label, over: {over}, prior: 20}}" for over in ("1d", "7d", "30d"))
DESIGN = f"""
name: large
requirements:
  goal: {{metric: watch_time, to: +3%, within: 90d}}
  limits: {{p99: 25ms}}
  scale: {{daily_users: 1M, requests_per_user: 12/d, items: 100k}}
framing:
  task: recommend
  answer: {{items: 10, at: page_open}}
  label: {{is: watched >= 0.5, within: 1h, negatives: unseen}}
data:
  events: {{path: events.parquet, time: time, user: user_id, item: item_id}}
  users: {{path: users.parquet, key: user_id}}
  items: {{path: items.parquet, key: item_id, born: born}}
  split: {{by: time, validate: 2%, test: 2%}}
  features:
    user:
      country:
      {SEEN}
      liking: {{mean: label, over: 30d, prior: 10}}
      away: {{time_since: event}}
    item:
      topic:
      length:
      {SEEN}
      {LIKED}
      idle: {{time_since: event}}
    context: {{device: {{attribute: device}}, hour: {{hour: time}}}}
    pair: {{taste: {{affinity: topic, over: 30d}}}}
solutions:
  popular: {{why: The same for everybody., retrieve: popular}}
  linear: {{why: Weights that can be read., retrieve: [popular, {{als: {{dimensions: 32, iterations: 5}}}}], rank: logistic}}
  trees: {{why: Interactions are found., retrieve: [popular, neighbours, {{als: {{dimensions: 32, iterations: 5}}}}],
          rank: {{boosted: {{loss: lambdarank, rounds: 100}}}}}}
evaluation: {{metric: ndcg, least_effect: 0.001, trials: 1, seeds: 1, requests: 1000}}
serving: {{retrieve: {{keep: 500, within: 15ms, else: popular}}, rank: {{keep: 100, within: 10ms}}}}
"""


def world(folder: Path, users: int, items: int, events: int) -> None:
    """Events, users and items as Parquet files."""
    random = np.random.default_rng(0)
    topic, liked = random.integers(0, TOPICS, items), random.integers(0, TOPICS, (users, 2))
    weight = 1 / np.arange(1, items + 1) ** 0.8
    random.shuffle(weight)
    by_topic = [np.flatnonzero(topic == one) for one in range(TOPICS)]
    user, time_ = random.integers(0, users, events), np.sort(START + random.integers(0, DAYS * DAY, events))
    wanted = np.where(random.random(events) < 0.7, liked[user, random.integers(0, 2, events)], random.integers(0, TOPICS, events))
    item = np.empty(events, np.int64)
    for one, mine in enumerate(by_topic):
        rows = np.flatnonzero(wanted == one)
        item[rows] = random.choice(mine, len(rows), p=weight[mine] / weight[mine].sum())
    likes = (liked[user] == topic[item][:, None]).any(axis=1)
    watched = np.clip(random.normal(np.where(likes, 0.65, 0.35), 0.25), 0, 1).round(3)
    stamps = pa.array(time_, pa.timestamp("us", tz="UTC"))
    parquet.write_table(pa.table({"time": stamps, "user_id": user, "item_id": item, "watched": watched,
                                  "device": random.choice(["desktop", "phone", "tv"], events)}), folder / "events.parquet")
    parquet.write_table(pa.table({"user_id": np.arange(users), "country": random.choice(["BR", "DE", "IN", "KE", "US"], users)}),
                        folder / "users.parquet")
    parquet.write_table(pa.table({"item_id": np.arange(items), "topic": [f"t{one:02}" for one in topic],
                                  "length": random.gamma(2.0, 10.0, items).round(1),
                                  "born": pa.array(np.full(items, START - DAY), pa.timestamp("us", tz="UTC"))}),
                        folder / "items.parquet")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    for name, size in (("users", 1_000_000), ("items", 100_000), ("events", 6_000_000)):
        parser.add_argument(f"--{name}", type=int, default=size)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    if not (asked.folder / "events.parquet").exists():
        world(asked.folder, asked.users, asked.items, asked.events)
    (asked.folder / "large.yaml").write_text(DESIGN, encoding="utf-8")
    began = time.perf_counter()
    record, folder = execute(documents.load(asked.folder / "large.yaml"))
    print(f"{folder}: {record.winner} after {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
