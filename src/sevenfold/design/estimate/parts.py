"""What single parts need: bytes held in a replica, time to answer, operations to train: A1 to A7, F2 to F7.

Each table has a row for a part that is special, else for its family; a part without a row needs next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import sevenfold.design.vocabulary as vocabulary
from sevenfold.design.estimate import formulas
from sevenfold.design.estimate.number import Number, number
from sevenfold.design.estimate.sheet import SCALE, Sheet
from sevenfold.design.estimate.storage import users, values
from sevenfold.design.facts import trained
from sevenfold.design.part import Part
from sevenfold.design.sections import Design

Needs = Callable[[Sheet, Part], Number]
T = TypeVar("T")
VECTORS = ("dimensions", "bins")  # a retriever with one of these compares vectors


def distinct(design: Design) -> list[tuple[str, Part]]:
    """(kind, part) of what any solution trains, once."""
    found: list[tuple[str, Part]] = []
    for one in (pair for solution in design.solutions.values() for pair in trained(solution)):
        found += [one] if one not in found else []
    return found


def label(sheet: Sheet, part: Part) -> str:
    """A part's name, and a number where solutions give it different parameters."""
    alike = [one for _, one in distinct(sheet.design) if one.name == part.name]
    return part.name if len(alike) == 1 else f"{part.name} {alike.index(part) + 1}"


def of_part(table: Mapping[str, T], kind: str, part: Part) -> T | None:
    """What a table says of a part, else of those that compare vectors, else of its family."""
    vectors = table.get("vectors") if kind == "retriever" and _width(part) else None
    return table.get(part.name) or vectors or table.get(vocabulary.entry(kind, part.name).family)


def catalogue(sheet: Sheet, for_: str = "what a replica holds (F0)") -> Number:
    """What is chosen from, or has a row in a table of ids: other users, items, else words."""
    if sheet.design.framing.answer.users:
        return sheet.stated(f"{SCALE}.users", for_)
    if sheet.design.data.items or sheet.design.data.events.item:
        return sheet.stated(f"{SCALE}.items", for_)
    return sheet.default("vocabulary")


def table(sheet: Sheet, kind: str, part: Part) -> Number | None:
    """A7: bytes of the vectors of ids that a deep part learns."""
    deep = vocabulary.entry(kind, part.name).family in ("deep", "graph") and part.name != "dense"
    if not deep or "dimensions" not in {**part.params, **vocabulary.defaults(kind, part.name)}:
        return None
    return catalogue(sheet, "ids (A7)") * sheet.parameter(part, "dimensions") * sheet.default("vector_bytes")


def indexes(sheet: Sheet) -> None:
    """A1 to A6: each way to keep a retriever's vectors, and the time to search them."""
    for kind, part in distinct(sheet.design):
        if kind == "retriever" and (key := _width(part)):
            _index(sheet, label(sheet, part), sheet.parameter(part, key))


def _width(part: Part) -> str:
    """The parameter that says how long a retriever's vectors are, or nothing where it has none."""
    known = {**part.params, **vocabulary.defaults("retriever", part.name)}
    return next((key for key in VECTORS if key in known), "")


def _index(sheet: Sheet, name: str, width: Number) -> None:
    items, each = catalogue(sheet, "the index (A1)"), sheet.default("vector_bytes")
    whole = sheet.line("A1", f"flat index of {name}", formulas.flat(items, width, each), "B")
    sheet.line("A2", f"graph index (HNSW) of {name}", formulas.graph_index(items, width, sheet.default("links")), "B")
    if "vector_index" in sheet.design.data.storage.values():
        small = sheet.default("small_links")
        sheet.line("A3", f"graph index of {name} in a service", formulas.graph_service(items, width, sheet.default("links")), "B")
        sheet.line("A4", f"graph index of {name} in a table", formulas.graph_table(items, width, each, small), "B")
    codes = formulas.compressed(items, width, sheet.default("code_bytes"), sheet.default("centres"))
    small = sheet.line("A5", f"compressed index (IVF-PQ) of {name}", codes, "B")
    exact = items.value <= sheet.default("exact_items").value
    read = whole if exact else small * sheet.default("probed")
    sheet.line("A6", f"search of {name}", read / sheet.default("bandwidth"), "s", f"search {name}")
    sheet.line("A0", f"index of {name} that is held", whole if exact else small, "B", f"index {name}")


HELD: dict[str, Needs] = {  # bytes in a replica
    "vectors": lambda sheet, part: sheet.of(f"index {label(sheet, part)}"),
    "ease": lambda sheet, part: catalogue(sheet) ** 2 * number(4, "B"),
    "neighbours": lambda sheet, part: catalogue(sheet) * sheet.parameter(part, "keep", "history") * number(8, "B"),
    "bm25": lambda sheet, part: catalogue(sheet) * sheet.default("text_bytes"),
    "friends_of_friends": lambda sheet, part: users(sheet) * sheet.default("degree") * number(8, "B"),
    "factors": lambda sheet, part: (users(sheet) + catalogue(sheet)) * sheet.parameter(part, "dimensions") * number(4, "B"),
    "trees": lambda sheet, part: sheet.parameter(part, "rounds", "trees") * 2 ** _depth(part) * sheet.default("tree_node_bytes"),
    "deep": lambda sheet, part: (catalogue(sheet) * sheet.parameter(part, "dimensions") + sheet.default("dense_parameters"))
    * number(4, "B"),
}
TOUCHED: dict[str, Needs] = {  # time to find candidates, besides that of any source
    "vectors": lambda sheet, part: sheet.of(f"search {label(sheet, part)}"),
    "dense": lambda sheet, part: sheet.of(f"search {label(sheet, part)}")
    + sheet.default("retrieve_time" if _encoder(part) == "lsa" else "encode_time"),
    "ease": lambda sheet, part: sheet.default("history") * catalogue(sheet) * sheet.default("touch_time"),
    "neighbours": lambda sheet, part: sheet.default("history") * sheet.parameter(part, "keep", "history")
    * sheet.default("touch_time"),
    "bm25": lambda sheet, part: catalogue(sheet) * sheet.default("matched") * sheet.default("touch_time"),
    "friends_of_friends": lambda sheet, part: sheet.default("degree") ** 2 * sheet.default("touch_time"),
    "heuristic": lambda sheet, part: sheet.either("serving.retrieve.keep", "candidates") * sheet.default("touch_time"),
}


def _depth(part: Part) -> int:
    """Levels of a tree; more than sixty are beyond any machine."""
    return min(int(part.params.get("depth", vocabulary.defaults("learner", part.name).get("depth", 6))), 60)


def _encoder(part: Part) -> str:
    return str(part.params.get("encoder", "lsa"))


def _trees(sheet: Sheet, part: Part) -> Number:
    """F5: a sum for each tree, level, row and feature."""
    nodes = sheet.parameter(part, "rounds", "trees") * _depth(part)
    return nodes * sheet.of("examples") * values(sheet) * sheet.default("scattered")


def _alternating(sheet: Sheet, part: Part) -> Number:
    """F6 for every iteration."""
    width, rows = sheet.parameter(part, "dimensions"), users(sheet) + catalogue(sheet)
    return sheet.parameter(part, "iterations", "epochs") * (sheet.of("examples") * width**2 + rows * width**3)


def _encoded(sheet: Sheet, part: Part) -> Number:
    """F3: the whole catalogue once through the encoder; one that is tuned goes over the examples and back as well."""
    each = sheet.default("project_work" if _encoder(part) == "lsa" else "encode_work")
    tuned = _encoder(part) not in ("lsa", "pretrained")
    return (catalogue(sheet) + 3 * sheet.of("examples")) * each if tuned else catalogue(sheet) * each


def _graph(sheet: Sheet, part: Part) -> Number:
    """F7 for two layers."""
    width, nodes = sheet.parameter(part, "dimensions"), users(sheet)
    return 2 * sheet.default("epochs") * (nodes * sheet.default("degree") * width + nodes * width**2)


WORK: dict[str, tuple[str, Needs]] = {  # operations of one training, and the formula's id
    "ease": ("F6", lambda sheet, part: catalogue(sheet) ** 3),
    "dense": ("F3", _encoded),
    "content": ("F3", _encoded),
    "neighbours": ("F6", lambda sheet, part: sheet.of("examples") * sheet.default("history") * sheet.default("scattered")),
    "linear": ("F4", lambda sheet, part: 2 * values(sheet) * sheet.of("examples") * sheet.default("epochs") * 3  # passes a step
               * sheet.default("scattered")),
    "trees": ("F5", _trees),
    "factors": ("F6", _alternating),
    "deep": ("F2", lambda sheet, part: formulas.layers(sheet.default("dense_parameters"), sheet.of("examples"),
                                                       sheet.default("epochs"))),
    "graph": ("F7", _graph),
}
