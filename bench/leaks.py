"""Leaks planted on purpose: which of them the audit finds, under which code, and what it says of clean data.

    python bench/leaks.py [--folder DIR] [--real]

Each leak is planted alone in a design on the simulated world: a column of the events, users or items, a broken kind of
feature, a fit after its cut, rows on both sides of a split. With --real the clean data of SEVENFOLD_DATA are searched
as well: MovieLens 100K, the dated half of MovieLens 1M, and the clicks of Globo.com where they lie there.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from sevenfold import audit, features
from sevenfold import data as sources
from sevenfold import design as documents
from sevenfold.cli import new
from sevenfold.data.splits import cuts
from sevenfold.data.worlds import video as world
from sevenfold.design.sections import Design, Part
from sevenfold.errors import LeakError
from sevenfold.features.past import Fitted
from sevenfold.features.window import Window
from sevenfold.nouns import DAY, SECOND, Data
from sevenfold.registry import FEATURES
from sevenfold.run.examination import examine_data

SMALL = {"users": 400, "items": 200, "events": 20_000}
MINUTE = 60 * SECOND
Planted = tuple[Design, Data]
Columns = Callable[[Data, np.random.Generator], Any]


@dataclass(frozen=True)
class Leak:
    """One leak: how it is planted, and the code that must name it."""

    name: str
    where: str
    code: str
    plant: Callable[[Planted], list[tuple[str, str]]]  # what is found: (code, place)


def clean(folder: Path, seed: int = 0, **size: int) -> Planted:
    """The shipped design on a simulated world; its longest window fits into the log."""
    world.write(world.simulate(seed=seed, **{**SMALL, **size}), folder / "data")
    text = new.text("video").replace("over: 90d", "over: 30d").replace("items: 10k", "items: 200")
    (folder / "video.yaml").write_text(text, encoding="utf-8")
    design = documents.load(folder / "video.yaml")
    return design, sources.load(design)


def found(design: Design, data: Data, after: bool = False) -> list[tuple[str, str]]:
    """(code, feature or place) of everything the audit says; `after`: the features are fitted on the whole log."""
    made = cuts(data, design)
    fitted = features.fit(design, data, int(data.log.time[-1]) if after else made.ranker_from)
    case = audit.Case(design=design, data=data, cuts=made, features=fitted)
    return [*((leak.code, leak.feature) for leak in audit.leaks(case)), *((one.code, one.where) for one in audit.facts(case))]


def reading(design: Design, group: str, part: Part) -> Design:
    """The design with one more feature, `planted`."""
    named = {**design.data.features, group: {**design.data.features[group], "planted": part}}
    return replace(design, data=replace(design.data, features=named))


def column(group: str, make: Columns) -> Callable[[Planted], list[tuple[str, str]]]:
    """A column that knows too much, and a feature that reads it as it stands."""
    def plant(base: Planted) -> list[tuple[str, str]]:
        design, data = base
        values = pa.array(make(data, np.random.default_rng(1)))
        if group == "context":
            data = replace(data, log=replace(data.log, table=data.log.table.append_column("planted", values)))
        else:
            table = getattr(data, f"{group}s")
            data = replace(data, **{f"{group}s": replace(table, table=table.table.append_column("planted", values))})
        return found(reading(design, group, Part(name="attribute", params={"attribute": "planted"})), data)
    return plant


def total(data: Data, group: str, start: float = 0.0, mean: bool = False) -> np.ndarray:
    """Positive events of each entity from that share of the log on, or their share among all."""
    rows = slice(int(len(data.log) * start), None)
    codes, size = getattr(data.log, group)[rows], len(getattr(data, f"{group}s"))
    sums, counts = np.bincount(codes, data.log.positive[rows], size), np.bincount(codes, minlength=size)
    return sums / np.maximum(counts, 1) if mean else sums


def watched(data: Data) -> np.ndarray:
    return np.asarray(data.log.table["watched"].to_numpy())


def noisy(data: Data, rng: np.random.Generator) -> np.ndarray:
    return data.log.positive + rng.normal(0, 0.35, len(data.log))


def coded(data: Data, rng: np.random.Generator) -> list[str]:
    return [f"c{2 * code + hit}" for code, hit in zip(rng.integers(0, 9, len(data.log)), data.log.positive)]


def left_at(data: Data, rng: np.random.Generator) -> pa.Array:
    """When the page was left: after the video for whoever finished it, a little earlier for the others."""
    stay = np.where(data.log.positive, rng.integers(5, 30, len(data.log)), rng.integers(0, 6, len(data.log)))
    return pa.array(data.log.time + stay * MINUTE, pa.timestamp("us"))


class Broken:
    """A kind of feature that does what none may; its parameter of its own name says on which column."""

    def __init__(self, *, broken: str, how: str) -> None:
        self.broken, self.how = broken, how

    def fit(self, past: Any) -> Fitted:
        """The share of positive events, of all of them where it is that broken."""
        known = slice(None) if self.how == "fitted on all" else past.events("label")
        return Fitted({"prior": np.array([past.data.log.positive[known].mean()])})

    def reader(self, group: str, state: Any, present: Any) -> Any:
        """The method that `how` names."""
        return getattr(self, "_" + self.how.replace(" ", "_"))(group, state, present)

    def _fitted_on_all(self, group: str, state: Any, present: Any) -> Any:
        return lambda at: np.full(len(at), state["prior"][0])

    def _at_the_moment(self, group: str, state: Any, present: Any) -> Any:
        return self._counted(present.data.log.available, group, present, 1)

    def _by_event_time(self, group: str, state: Any, present: Any) -> Any:
        return self._counted(present.data.log.time, group, present, 0)

    def _without_waiting(self, group: str, state: Any, present: Any) -> Any:
        return self._counted(present.data.log.available, group, present, 0, present.data.log.positive)

    def _before_it_is_known(self, group: str, state: Any, present: Any) -> Any:
        return Window(key=group, of=self.broken).sum

    def _whole_log(self, group: str, state: Any, present: Any) -> Any:
        return self._counted(present.data.log.available, group, present, 1 << 60)

    def _favourites(self, group: str, state: Any, present: Any) -> Any:
        known = np.zeros((len(present.data.users), len(present.data.items)))
        for user, items in enumerate(present.data.users.table[self.broken].to_pylist()):
            known[user, items] = 1
        return lambda at: known[at.entity("user"), at.entity("item")]

    @staticmethod
    def _counted(clock: Any, group: str, present: Any, ahead: int, kept: Any = slice(None)) -> Any:
        """How many events an entity had before t + ahead, by any clock."""
        log = present.data.log
        pair = log.user.astype(np.int64) * len(present.data.items) + log.item
        codes, clock = {"user": log.user, "item": log.item, "pair": pair}[group][kept], clock[kept]
        names, place = np.unique(codes, return_inverse=True)
        moments, size = np.sort(clock), len(clock) + 1
        key = np.sort(place * size + np.searchsorted(moments, clock))

        def read(at: Any) -> Any:
            wanted = at.entity("user") * len(present.data.items) + at.entity("item") if group == "pair" else at.entity(group)
            spot = np.minimum(np.searchsorted(names, wanted), len(names) - 1)
            low, high = (np.searchsorted(key, spot * size + end) for end in (0, np.searchsorted(moments, at.time + ahead)))
            return np.where(names[spot] == wanted, high - low, 0)

        return read


@contextmanager
def broken_kind() -> Iterator[None]:
    """The kind `broken`, registered."""
    FEATURES.add("broken", Broken)
    try:
        yield
    finally:
        FEATURES.remove("broken")


def broken(how: str, group: str = "item", of: str = "events") -> Callable[[Planted], list[tuple[str, str]]]:
    """A feature of a broken kind, on a log whose events arrive five minutes late."""
    def plant(base: Planted) -> list[tuple[str, str]]:
        design, data = base
        data = replace(data, log=replace(data.log, available=data.log.time + 5 * MINUTE))
        return found(reading(design, group, Part(name="broken", params={"broken": of, "how": how})), data)
    return plant


def future_favourites(base: Planted) -> list[tuple[str, str]]:
    """Of each user the items that they are going to watch, in a column; a cross of it with the candidate."""
    design, data = base
    rows = data.log.positive & (data.log.time >= cuts(data, design).ranker_from)
    lists = [data.log.item[rows & (data.log.user == user)].tolist() for user in range(len(data.users))]
    users = replace(data.users, table=data.users.table.append_column("favourites", pa.array(lists, pa.list_(pa.int64()))))
    cross = Part(name="broken", params={"broken": "favourites", "how": "favourites"})
    return found(reading(design, "pair", cross), replace(data, users=users))


def label_by_name(base: Planted) -> list[tuple[str, str]]:
    return found(reading(base[0], "context", Part(name="attribute", params={"attribute": "watched"})), base[1])


def fitted_after(base: Planted) -> list[tuple[str, str]]:
    return found(*base, after=True)


def retriever_after(base: Planted) -> list[tuple[str, str]]:
    """Retrievers fitted up to the test, while the ranker learns before it."""
    design, data = base
    made = cuts(data, design)
    time = data.log.time
    ranked = time[(time >= made.ranker_from) & (time < made.train_until)]
    try:
        audit.stages_apart(made.ranker_from, time[time < made.test_from], ranked)
    except LeakError as leak:
        return [(leak.code, leak.feature)]
    return []


def born_late(base: Planted) -> list[tuple[str, str]]:
    design, data = base
    born = data.log.time[-1] - np.random.default_rng(2).integers(0, 30 * DAY, len(data.items))
    late = pa.array(born, pa.timestamp("us", "UTC"))
    table = data.items.table
    items = replace(data.items, table=table.set_column(table.column_names.index("published"), "published", late))
    return found(design, replace(data, items=items))


def twice(base: Planted) -> list[tuple[str, str]]:
    design, data = base
    rows = np.sort(np.concatenate([np.arange(len(data.log)), np.arange(0, len(data.log), 50)]))
    return found(design, replace(data, log=data.log.take(rows)))


def long_sessions(base: Planted) -> list[tuple[str, str]]:
    """A label of the row's own needs no gap; sessions of three days then lie across the cuts."""
    design, data = base
    sessions = pa.array(data.log.user * 100 + (data.log.time - data.log.time[0]) // (3 * DAY))
    label = replace(design.framing.label, own=True, within=None)
    events = replace(design.data.events, session="session")
    design = replace(design, framing=replace(design.framing, label=label), data=replace(design.data, events=events))
    log = replace(data.log, table=data.log.table.append_column("session", sessions))
    return found(design, replace(data, label_wait=0, log=log))


def copied_texts(base: Planted) -> list[tuple[str, str]]:
    """A table of texts without a clock, a tenth of them copies, split at random."""
    folder, rng = Path(base[0].source).parent, np.random.default_rng(3)
    texts = [f"text {number} of {rng.integers(1 << 40)}" for number in range(2_000)]
    texts += texts[:200]
    parquet.write_table(pa.table({"message": texts, "label": rng.choice(["ham", "spam"], len(texts))}), folder / "texts.parquet")
    text = new.text("spam").replace("data/messages.tsv", "texts.parquet")
    text = text.replace("by: group, group: near_duplicates", "by: random")
    (folder / "spam.yaml").write_text(text, encoding="utf-8")
    return [(one.code, one.where) for one in examine_data(documents.load(folder / "spam.yaml"))]


LEAKS = (
    Leak("the label's own column", "context", "X04", label_by_name),
    Leak("a copy of the label", "context", "X04", column("context", lambda d, r: d.log.positive)),
    Leak("a copy turned over", "context", "X04", column("context", lambda d, r: 1 - watched(d))),
    Leak("a monotone transform", "context", "X04", column("context", lambda d, r: np.log1p(9 * watched(d)))),
    Leak("a copy with noise", "context", "X04", column("context", noisy)),
    Leak("filled in only afterwards", "context", "X04",
         column("context", lambda d, r: [1.0 if hit else None for hit in d.log.positive])),
    Leak("a code for the outcome", "context", "X04", column("context", coded)),
    Leak("one word in a list", "context", "X04",
         column("context", lambda d, r: [["seen", "done"] if hit else ["seen"] for hit in d.log.positive])),
    Leak("seconds watched", "context", "X04", column("context", lambda d, r: watched(d) * r.uniform(500, 600, len(d.log)))),
    Leak("the moment the page was left", "context", "X04", column("context", left_at)),
    Leak("likes over the whole log", "item", "X04", column("item", lambda d, r: total(d, "item"))),
    Leak("mean label over the whole log", "item", "X04", column("item", lambda d, r: total(d, "item", mean=True))),
    Leak("mean label over the whole log", "user", "X04", column("user", lambda d, r: total(d, "user", mean=True))),
    Leak("likes in the last quarter", "item", "X04", column("item", lambda d, r: total(d, "item", 0.75))),
    Leak("mean label in the test", "user", "X04", column("user", lambda d, r: total(d, "user", 0.9, mean=True))),
    Leak("the label's column before it is known", "item", "X13",
         broken("before it is known", of="watched")),
    Leak("labels without waiting", "item", "X13", broken("without waiting")),
    Leak("events at exactly t", "item", "X13", broken("at the moment")),
    Leak("events at exactly t", "pair", "X13", broken("at the moment", "pair")),
    Leak("event time, not arrival", "user", "X13", broken("by event time", "user")),
    Leak("counts of the whole log", "pair", "X13", broken("whole log", "pair")),
    Leak("an encoder that ignores its cut", "item", "X05", broken("fitted on all")),
    Leak("encoders fitted on all rows", "features", "X05", fitted_after),
    Leak("a retriever fitted after the cut", "stages", "X05", retriever_after),
    Leak("who watches what, in a cross", "pair", "X12", future_favourites),
    Leak("items born after their events", "items", "X01", born_late),
    Leak("events sent twice", "events", "S06", twice),
    Leak("sessions on both sides of a cut", "events", "S02", long_sessions),
    Leak("copies on both sides of a random split", "texts", "S06", copied_texts),
)


GLOBO = """
name: globo
framing:
  task: recommend
  answer: {items: 10, at: page_open}
  label: {is: click_article_id >= 0, within: 1h, negatives: unseen}
data:
  events: {path: FILE, time: click_timestamp, user: user_id, item: click_article_id}
  features:
    user: {seen: {last: item, n: 20}, active: {count: events, over: 1d}}
    item: {popular: {count: events, over: 1h}, readers: {distinct: user, over: 6h}}
    context: {click_os: , click_country: , click_region: , click_referrer_type: , hour: {hour: click_timestamp}}
    pair: {again: {time_since: event}}
solutions: {popular: {retrieve: popular}}
evaluation: {metric: ndcg}
"""


def real(folder: Path) -> Iterator[tuple[str, Design]]:
    """Clean designs on the public data that are here."""
    known, half = Path(os.environ.get("SEVENFOLD_DATA", ".")), new.text("video", "ml-1m")
    texts = {"ml-100k": half.replace("ml-1m", "ml-100k"), "ml-1m": half, "globo": GLOBO.replace("FILE", "clicks.parquet")}
    for name, text in texts.items():
        if (known / name).is_dir():
            if name == "globo" and not (folder / "clicks.parquet").exists():
                (folder / "clicks.parquet").symlink_to((known / "globo" / "clicks.parquet").resolve())
            (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
            yield name, documents.load(folder / f"{name}.yaml")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, help="where the world is written; default: a temporary folder")
    parser.add_argument("--real", action="store_true", help="search the public data sets as well")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, broken_kind():
        folder = args.folder or Path(temporary)
        base = clean(folder)
        print(f"{'leak':42} {'planted in':10} {'expected':9} {'found':20} besides")
        caught = 0
        for leak in LEAKS:
            said = sorted({code for code, _ in leak.plant(base)})
            caught += leak.code in said
            print(f"{leak.name:42} {leak.where:10} {leak.code:9} {leak.code if leak.code in said else 'missed':20} "
                  f"{', '.join(code for code in said if code != leak.code) or '-'}")
        print(f"{caught} of {len(LEAKS)} leaks found\n\n{'clean data':42} {'events':>10} {'seconds':>8} findings")
        for seed in range(5):
            report(f"simulated world, seed {seed}", clean(folder, seed)[0])
        for name, design in real(folder) if args.real else ():
            report(name, design)


def report(name: str, design: Design) -> None:
    start = time.perf_counter()
    said = "; ".join(f"{one.code} {one.problem}" for one in examine_data(design)) or "none"
    took = time.perf_counter() - start
    print(f"{name:42} {len(sources.load(design).log):10} {took:8.1f} {said}")


if __name__ == "__main__":
    main()
