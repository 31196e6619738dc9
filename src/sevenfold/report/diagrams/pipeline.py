"""How data become training sets: sources, ingestion, storage, label and features, split, sets."""

from __future__ import annotations

from dataclasses import replace

from sevenfold.design.facts import gap, wait
from sevenfold.design.sections import DataSection, Design, Events, Table
from sevenfold.record import Record
from sevenfold.report.diagrams.graph import Edge, Graph, Node, duration, node, share, staged, trained

SOURCES, INGESTION, STORAGE, MADE, SPLIT, SETS = range(6)
SERVED = ("features", "lists", "index", "models")  # stores that are filled from here, not read
COLUMNS = ("attribute", "embed", "image", "hash", "bucket", "log", "words", "characters")  # features of one column


def graph(design: Design, record: Record | None = None) -> Graph:
    """The pipeline; a table's count stands beside it where a run has counted."""
    made = _made(design)
    nodes = [*_sources(design, record), *_ingestion(design), *_storage(design.data), *made, *_split(design),
             *_sets(design, record)]
    stored = bool(design.data.storage)
    lanes = ("sources", "ingestion", "storage", "label and features", "split and store" if _kept(design) else "split", "sets")
    kept = [Edge(one.name, "store.features") for one in made if one.name.startswith("features.")] if _kept(design) else []
    edges = [*_inward(design, stored), *_read(design, stored), *(Edge(one.name, "split") for one in made), *kept,
             *(Edge("split", key) for key in ("train", "validate", "test"))]
    if stored:
        return Graph(nodes=tuple(nodes), edges=tuple(edges), lanes=lanes)
    closer = tuple(replace(one, lane=one.lane - (one.lane > STORAGE)) for one in nodes)
    return Graph(nodes=closer, edges=tuple(edges), lanes=(*lanes[:STORAGE], *lanes[MADE:]))


def _tables(data: DataSection) -> dict[str, Events | Table]:
    tables = {"events": data.events, "users": data.users, "items": data.items, "queries": data.queries}
    return {name: table for name, table in tables.items() if table is not None}


def _sources(design: Design, record: Record | None) -> list[Node]:
    counts = {name: getattr(record.data, name, 0) for name in ("events", "users", "items")} if record else {}
    idle = set(_tables(design.data)) - {name for name, _ in _uses(design)} if any(design.data.features.values()) else set()
    return [node(f"source.{name}", name, [table.path.rsplit("/", 1)[-1]],
                 [*(_arrival(table) if isinstance(table, Events) else ()), "no feature reads it" if name in idle else "",
                  f"{counts[name]:,} in the run" if counts.get(name) else ""], lane=SOURCES)
            for name, table in _tables(design.data).items()]


def _arrival(events: Events) -> tuple[str, ...]:
    late = f"arrives at {events.available}" if events.available else f"{duration(events.delay)} late" if events.delay else ""
    return f"{duration(events.history)} of history" if events.history else "", late, "no clock" if events.time == "none" else ""


def _ingestion(design: Design) -> list[Node]:
    live, fresh = design.data.events.live, design.requirements.freshness.user
    shows = [f"shows within {duration(fresh)}"] if fresh else []
    return [*([node("live", "live", [f"over {live}"], shows, lane=INGESTION)] if live else []),
            node("file", "file", ["read by each run"], lane=INGESTION)]


def _storage(data: DataSection) -> list[Node]:
    """A drum for each table, and one for what is stored besides; none where no store is named."""
    names = [*_tables(data), *(name for name in data.storage if name not in _tables(data) and name not in SERVED)]
    return [node(f"store.{name}", name, [data.storage.get(name, "no store named").replace("_", " ")], lane=STORAGE, kind="store")
            for name in names if data.storage]


def _made(design: Design) -> list[Node]:
    label, data = design.framing.label, design.data
    told = ["of the same event" if label.own else f"within {duration(label.within)}" if label.within else "",
            f"or {', '.join(label.also)}" if label.also else "", f"learnt from {label.weak}" if label.weak else "",
            f"negatives: {label.negatives.name}" if label.negatives else ""]
    late = [f"known {duration(wait(design))} later" if wait(design) else ""]
    texts = [f"{name}: {', '.join(table.text)}" for name, table in _tables(data).items()
             if isinstance(table, Table) and table.text]
    groups = [node(f"features.{group}", f"{group} features", features, lane=MADE, kind="feature")
              for group, features in data.features.items() if features]
    return [node("label", "label", [label.is_, *told], late, lane=MADE, kind="target"), *groups,
            *([node("texts", "texts", texts, lane=MADE, kind="feature")] if texts else [])]


def _kept(design: Design) -> bool:
    """Whether features are kept for serving."""
    return "features" in design.data.storage and any(design.data.features.values())


def _split(design: Design) -> list[Node]:
    split, free = design.data.split, gap(design)
    by = {"time": "by time", "random": "at random", "group": f"by {split.group or 'group'}"}[split.by]
    notes = [f"gap {duration(free)}"] if free else []
    store = node("store.features", "features", [design.data.storage.get("features", "").replace("_", " "), "read by serving"],
                 lane=SPLIT, kind="store")
    return [node("split", "split", [by], notes, lane=SPLIT), *([store] if _kept(design) else [])]


def _sets(design: Design, record: Record | None) -> list[Node]:
    split, counts = design.data.split, record.data.requests if record else {}
    parts = ["retrievers, then", f"ranker: last {share(split.ranker)}"] if staged(design) else []
    sizes = {"train": ("training", [share(trained(design)), *parts]), "validate": ("validation", [share(split.validate)]),
             "test": ("test", [share(split.test)])}
    return [node(key, title, lines, [f"{counts[key]:,} requests" if counts.get(key) else ""], lane=SETS)
            for key, (title, lines) in sizes.items()]


def _inward(design: Design, stored: bool) -> list[Edge]:
    """From the sources to their stores."""
    live, tables = design.data.events.live, _tables(design.data)
    edges = [*([Edge("source.events", "live")] if live else []), *(Edge(f"source.{name}", "file") for name in tables)]
    if not stored:
        return edges
    streams = [f"store.{name}" for name in ("events", "live") if name in design.data.storage or name in tables] if live else []
    return [*edges, *(Edge("live", name) for name in streams), *(Edge("file", f"store.{name}") for name in tables)]


def _read(design: Design, stored: bool) -> list[Edge]:
    """From the stores, or from the ingestion where none is named, to what is made of them."""
    starts = {name: [f"store.{name}"] if stored else ["file"] for name in _tables(design.data)}
    if design.data.events.live and not stored:
        starts["events"].append("live")
    return list(dict.fromkeys(Edge(start, end) for name, end in _uses(design) for start in starts[name]))


def _uses(design: Design) -> list[tuple[str, str]]:
    """Each table with what is made of it."""
    tables = _tables(design.data)
    texts = [(name, "texts") for name, table in tables.items() if isinstance(table, Table) and table.text]
    groups = [(name, f"features.{group}") for group, features in design.data.features.items() if features
              for name in tables if name in _reads(design, group)]
    return [("events", "label"), *texts, *groups]


def _reads(design: Design, group: str) -> set[str]:
    """The tables that the features of a group read."""
    own = {"user": "users", "item": "items", "query": "queries"}.get(group, "events")
    own = own if own in _tables(design.data) else "events"
    kinds = {part.name for part in design.data.features[group].values()}
    return {own for kind in kinds if kind in COLUMNS} | {"events" for kind in kinds if kind not in COLUMNS} | (
        {"items"} & set(_tables(design.data)) if {"affinity", "closeness"} & set(kinds) else set())


