"""D: do the sources hold what the design reads, far enough back, soon enough, and free of our own choices?"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

import sevenfold.design.vocabulary as vocabulary
from sevenfold.design.facts import answers_online, columns, explores, exposed, features, gap, parts, timed, wait
from sevenfold.design.findings import DAY, Place, Problem, check, percent, rule, span
from sevenfold.design.part import Part
from sevenfold.design.sections import Design
from sevenfold.errors import nearest

# Store → what it is for.
STORES = {
    "object": "files of any size, cheaply, read whole",
    "lake": "years of events in files of columns, scanned in bulk",
    "warehouse": "questions in SQL over the whole past, answered in seconds",
    "column": "sums over few columns of very many rows, written in bulk",
    "relational": "rows that change together and point at one another",
    "document": "records of differing shape, fetched whole",
    "key_value": "one value by its key, in about a millisecond",
    "graph": "steps from neighbour to neighbour",
    "search_index": "documents by their words",
    "vector_index": "the nearest vectors",
    "stream": "events in their order, to several readers, for days",
    "memory": "what fits into one process and may be lost with it",
}
SCANNED = {"object", "lake", "warehouse", "column", "stream"}  # good at much at a time, slow at one record
RECORDS = {"relational", "key_value", "document", "graph", "search_index", "stream"}
MANY = 1_000  # events a second: from here on one ordinary server is not enough

PAST = {"count", "sum", "mean", "distinct", "last", "time_since", "ratio", "affinity", "closeness", "common_neighbours",
        "resource_allocation"}  # kinds of features that read earlier events
CLOCK = {"hour", "weekday"}
KEYS = {"user": ("events.user",), "item": ("events.item",), "pair": ("events.user", "events.item"), "text": (),
        "context": (), "session": ("events.session",), "query": ("events.query",)}
TABLES = {"user": "users", "item": "items", "query": "queries"}

rule("D01", "source-underspecified", "warning",
     "The log does not say how far back it reaches, or in which kind of store it lies.",
     Place("data.events.history", "the log does not say how far back it reaches", "Say it: events: {history: 90d}.",
           lambda design: timed(design) and design.data.events.history is None),
     Place("data.storage.events", "nothing says in which kind of store the log lies", "Say it: storage: {events: lake}.",
           lambda design: "events" not in design.data.storage), since="pilot")
rule("D06", "exposure-bias-undeclared", "warning",
     "Only what was shown or chosen has a label, and neither is a bias named nor does anything explore.", Place(
         "framing.label.biases", "'{framing.label.is_}' is known only of what was shown or chosen, and no bias is named",
         "Name what shaped it, biases: [position, exposure]; or show some at random: rerank: explore.",
         lambda design: exposed(design) and not design.framing.label.biases and not explores(design)))


@check("D02", "storage-mismatch", "warning")
def storage(design: Design) -> Iterator[Problem]:
    """A kind of store that is bad at what is asked of it."""
    for what, unfit, demand, better in _demands(design):
        store = design.data.storage.get(what)
        if store in unfit:
            yield Problem(f"data.storage.{what}", f"{what} {demand}, and '{store}' is for {STORES[store]}",
                          f"Write storage: {{{what}: {better}}}, which is for {STORES[better]}.")


def _demands(design: Design) -> Iterator[tuple[str, set[str], str, str]]:
    """What is stored, the stores that are bad at it, what is asked of it, a store that is good at it."""
    read = "are read record by record while somebody waits"
    yield "lists", SCANNED, read, "key_value"
    if answers_online(design):
        yield "features", SCANNED, read, "key_value"
        for group in ("user", "item"):
            if "features" not in design.data.storage and design.data.features.get(group):
                yield TABLES[group], SCANNED, read, "key_value"
    yield from ((what, RECORDS, "are large files", "object") for what in ("images", "videos", "audio"))
    yield "index", set(STORES) - {"vector_index", "search_index", "memory"}, "is searched for what lies near", "vector_index"
    if design.data.events.symmetric or design.framing.task == "link":
        yield "events", {"key_value", "document"}, "are walked from neighbour to neighbour", "graph"
    scale = design.requirements.scale
    writes = scale.requests or (scale.daily_users or 0.0) * (scale.requests_per_user or 0.0)
    if writes > MANY:
        demand = f"come at some {writes:,.0f} a second and are scanned in bulk"
        yield "events", {"relational", "document", "key_value", "memory"}, demand, "lake"


def _sources(group: str, part: Part) -> Iterator[str]:
    """The keys of `data` without which a feature has nothing to read."""
    if part.name in PAST:
        yield from ("events.time", *KEYS[group], *(f"events.{one}" for one in ("user", "item") if one in columns(part)))
        yield from ("items",) * (part.name in ("affinity", "closeness"))
    elif part.name in CLOCK and group == "context":
        yield "events.time"
    elif group in TABLES:
        yield TABLES[group]


def _declared(design: Design, source: str) -> bool:
    table, _, column = source.partition(".")
    if source == "items" and design.framing.task == "link":  # there the items are users
        return bool(design.data.items or design.data.users)
    found = getattr(design.data, table)
    return (getattr(found, column) if column else found) not in (None, "none")


def _sample(source: str) -> str:
    table, _, column = source.partition(".")
    if column:
        return f"data: {{events: {{{column}: {'timestamp' if column == 'time' else f'{column}_id'}}}}}"
    return f"data: {{{table}: {{path: {table}.parquet, key: {'query' if table == 'queries' else table[:-1]}_id}}}}"


@check("D03", "orphan-feature", "error")
def orphan(design: Design) -> Iterator[Problem]:
    """A feature reads a table or a column that is not declared, or a cross names a feature that there is not."""
    for group, named in design.data.features.items():
        if group not in KEYS:
            yield Problem(f"data.features.{group}", f"no rows are of the kind '{group}'", nearest(group, KEYS))
            continue
        for name, part in named.items():
            yield from _orphan(design, group, part, f"data.features.{group}.{name}")
    yield from _unknown_crosses(design)


def _orphan(design: Design, group: str, part: Part, where: str) -> Iterator[Problem]:
    table = part.name in ("attribute", "embed")
    if (part.name in PAST and group in ("context", "text")) or (table and group == "pair"):
        yield Problem(where, f"'{part.name}' reads {'a table' if table else 'earlier events'}, and a {group} has none",
                      f"Move it to the group that has: user, item{'' if table else ', pair'}.")
        return
    for source in dict.fromkeys(_sources(group, part)):
        if not _declared(design, source):
            yield Problem(where, f"'{part.name}' reads data.{source}, and there is none", f"Declare it: {_sample(source)}.")


def _unknown_crosses(design: Design) -> Iterator[Problem]:
    known = {"user", "item", "score", "rank"}  # the last two: what a source of candidates thought of it
    for group, named in design.data.features.items():
        known |= {*named, *(f"{group}.{name}" for name in named)}
    for path, _, part in parts(design):
        crossed = {one for cross in part.params.get("crosses", ()) for one in cross}
        for name in sorted(one for one in crossed - known if one.partition(".")[0] not in vocabulary.names("retriever")):
            yield Problem(path, f"crosses '{name}', and no feature is called so", nearest(name, known))


@check("D04", "history-too-short", "error")
def history(design: Design) -> Iterator[Problem]:
    """Training, validation or the test gets less of the log's time than its windows look over."""
    reach, split = design.data.events.history, design.data.split
    if reach is None or split.by != "time" or not timed(design):
        return
    validate, test = (share if isinstance(share, float) else 0.0 for share in (split.validate, split.test))
    free = gap(design)
    window, longest = max(((part.params.get("over") or 0.0, path) for path, _, part in features(design)), default=(0.0, ""))
    windowed = f"{span(window)} (the window of '{longest.rpartition('.')[2]}') + " if window else ""
    for what, share, need, why in (("training", 1 - validate - test, window + free, f"{windowed}{span(free)} (the embargo)"),
                                   ("validation", validate, free, f"{span(free)} (the embargo)"),
                                   ("the test", test, wait(design), f"{span(wait(design))} (until a label is known)")):
        if share > 0 and share * reach <= need:
            yield Problem("data.events.history", f"{what} gets {percent(share)} of {span(reach)}, and needs more than {why}",
                          f"Keep more than {ceil(need / share / DAY)}d of history, or look over less.")


@check("D05", "ingestion-slower-than-freshness", "error")
def ingestion(design: Design) -> Iterator[Problem]:
    """What a user does arrives later than it must show."""
    events, fresh = design.data.events, design.requirements.freshness.user
    if not fresh or not timed(design) or not events.user:
        return
    if events.available is None and events.delay > fresh:
        yield Problem("data.events.delay", f"events arrive {span(events.delay)} late, and must show within {span(fresh)}",
                      f"Bring them in sooner, or promise less: requirements.freshness.user: {span(events.delay)}.")
    if fresh < DAY and events.live is None:
        yield Problem("data.events.live", f"what a user does must show within {span(fresh)}, and the log comes as a file",
                      "Take events as they happen, live: http; or promise less: requirements.freshness.user: 24h.")
