"""What single parts need: bytes held in a replica, time to answer, operations to train: A1 to A7, F2 to F7.

Each table has a row for a part that is special, else for its family; a part without a row needs next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import sevenfold.design.vocabulary as vocabulary
from sevenfold.design.estimate import formulas
from sevenfold.design.estimate.number import Number, number
from sevenfold.design.estimate.sheet import SCALE, Sheet
from sevenfold.design.estimate.storage import users, values
from sevenfold.design.part import Part
from sevenfold.design.sections import Solution

Needs = Callable[[Sheet, Part], Number]
VECTORS = ("dimensions", "bins")  # a retriever with one of these compares vectors


def trained(solution: Solution) -> Iterator[tuple[str, Part]]:
    """(kind, part) of what a solution retrieves, ranks or predicts with."""
    yield from (("retriever", part) for part in solution.retrieve)
    yield from (("learner", part) for part in (solution.rank, solution.predict) if part is not None)


def label(sheet: Sheet, part: Part) -> str:
    """A part's name, and a number where solutions give it different parameters."""
    alike: list[Part] = []
    for solution in sheet.design.solutions.values():
        alike += [one for _, one in trained(solution) if one.name == part.name and one not in alike]
    return part.name if len(alike) == 1 else f"{part.name} {alike.index(part) + 1}"


def width_of(part: Part) -> str:
    """The parameter that says how long a retriever's vectors are, or nothing where it has none."""
    known = {**part.params, **vocabulary.defaults("retriever", part.name)}
    return next((key for key in VECTORS if key in known), "")


def catalogue(sheet: Sheet, for_: str = "what a replica holds (F0)") -> Number:
    """What is chosen from, or has a row in a table of ids: other users, items, else words."""
    if sheet.design.framing.answer.users:
        return sheet.stated(f"{SCALE}.users", for_)
    if sheet.design.data.items or sheet.design.data.events.item:
        return sheet.stated(f"{SCALE}.items", for_)
    return sheet.default("vocabulary")


def indexes(sheet: Sheet) -> None:
    """A1 to A6: each way to keep a retriever's vectors, and the time to search them."""
    for solution in sheet.design.solutions.values():
        for part in solution.retrieve:
            if width_of(part) and not sheet.has(f"index {label(sheet, part)}"):
                _index(sheet, label(sheet, part), part)


def _index(sheet: Sheet, name: str, part: Part) -> None:
    items, width, each = catalogue(sheet, "the index (A1)"), sheet.parameter(part, width_of(part)), sheet.default("vector_bytes")
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
    sheet.line("A6", f"search of {name}", read / sheet.default("bandwidth"), "s", key=f"search {name}")
    sheet.line("A0", f"index of {name} that is held", whole if exact else small, "B", key=f"index {name}")


def tables(sheet: Sheet) -> None:
    """A7: vectors of ids while they are trained, with the optimiser's two slots and the gradient."""
    for solution in sheet.design.solutions.values():
        for kind, part in trained(solution):
            if _has_table(kind, part) and not sheet.has(key := f"table {label(sheet, part)}"):
                rows = catalogue(sheet, "ids (A7)") * sheet.parameter(part, "dimensions") * sheet.default("vector_bytes")
                sheet.line("A7", f"table of ids in training, {label(sheet, part)}", rows * 3, "B", key=key)


def _has_table(kind: str, part: Part) -> bool:
    deep = vocabulary.entry(kind, part.name).family in ("deep", "graph")
    return bool(deep and part.name != "dense" and "dimensions" in {**part.params, **vocabulary.defaults(kind, part.name)})


def need(table: Mapping[str, Needs], sheet: Sheet, kind: str, part: Part) -> Number | None:
    """What a table says of a part, or of its family."""
    row = table.get(part.name) or table.get("vectors" if kind == "retriever" and width_of(part) else "") \
        or table.get(vocabulary.entry(kind, part.name).family)
    return row(sheet, part) if row else None


def _keep(sheet: Sheet) -> Number:
    return sheet.given("serving.retrieve.keep") or sheet.default("candidates")


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
    "dense": lambda sheet, part: sheet.of(f"search {label(sheet, part)}") + _encoding(sheet, part),
    "ease": lambda sheet, part: sheet.default("history") * catalogue(sheet) * sheet.default("touch_time"),
    "neighbours": lambda sheet, part: sheet.default("history") * sheet.parameter(part, "keep", "history")
    * sheet.default("touch_time"),
    "bm25": lambda sheet, part: catalogue(sheet) * sheet.default("matched") * sheet.default("touch_time"),
    "friends_of_friends": lambda sheet, part: sheet.default("degree") ** 2 * sheet.default("touch_time"),
    "heuristic": lambda sheet, part: _keep(sheet) * sheet.default("touch_time"),
}


def _depth(part: Part) -> int:
    """Levels of a tree; more than sixty are beyond any machine."""
    return min(int(part.params.get("depth", vocabulary.defaults("learner", part.name).get("depth", 6))), 60)


def _plain(part: Part) -> bool:
    return bool(part.params.get("encoder", "lsa") == "lsa")


def _encoding(sheet: Sheet, part: Part) -> Number:
    return sheet.default("retrieve_time") if _plain(part) else sheet.default("encode_time")


def _linear(sheet: Sheet, part: Part) -> Number:
    """F4, with three passes for each step."""
    return 2 * values(sheet) * sheet.of("examples") * sheet.default("epochs") * 3 * sheet.default("scattered")


def _trees(sheet: Sheet, part: Part) -> Number:
    """F5: a sum for each tree, level, row and feature."""
    nodes = sheet.parameter(part, "rounds", "trees") * _depth(part)
    return nodes * sheet.of("examples") * values(sheet) * sheet.default("scattered")


def _alternating(sheet: Sheet, part: Part) -> Number:
    """F6 for every iteration."""
    width, rows = sheet.parameter(part, "dimensions"), users(sheet) + catalogue(sheet)
    return sheet.parameter(part, "iterations", "epochs") * (sheet.of("examples") * width**2 + rows * width**3)


def _dense(sheet: Sheet, part: Part) -> Number:
    """F2."""
    return formulas.layers(sheet.default("dense_parameters"), sheet.of("examples"), sheet.default("epochs"))


def _encoder(sheet: Sheet, part: Part) -> Number:
    """F3: the whole catalogue once through the encoder; one that is tuned goes over the examples and back as well."""
    each = sheet.default("project_work" if _plain(part) else "encode_work")
    tuned = part.params.get("encoder", "lsa") not in ("lsa", "pretrained")
    return (catalogue(sheet) + 3 * sheet.of("examples")) * each if tuned else catalogue(sheet) * each


def _graph(sheet: Sheet, part: Part) -> Number:
    """F7 for two layers."""
    width, nodes = sheet.parameter(part, "dimensions"), users(sheet)
    return 2 * sheet.default("epochs") * (nodes * sheet.default("degree") * width + nodes * width**2)


WORK: dict[str, tuple[str, Needs]] = {  # operations of one training, and the formula's id
    "ease": ("F6", lambda sheet, part: catalogue(sheet) ** 3),
    "dense": ("F3", _encoder),
    "content": ("F3", _encoder),
    "neighbours": ("F6", lambda sheet, part: sheet.of("examples") * sheet.default("history") * sheet.default("scattered")),
    "linear": ("F4", _linear),
    "trees": ("F5", _trees),
    "factors": ("F6", _alternating),
    "deep": ("F2", _dense),
    "graph": ("F7", _graph),
}
