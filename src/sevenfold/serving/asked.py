"""What clients may send: the types are the schema, and what they do not allow is refused with its place in the body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, TypeVar

import msgspec
import numpy as np
import pyarrow as pa
from msgspec import Meta, Struct

from sevenfold.data.labels import label_columns
from sevenfold.errors import SevenfoldError, nearest
from sevenfold.nouns import Array, Requests
from sevenfold.serving.memory import Memory

MOST_ITEMS, MOST_QUESTIONS, MOST_EVENTS = 1000, 256, 10_000  # in one answer, in one call
Plain = str | float | int | bool | None
Id = Annotated[str, Meta(min_length=1, max_length=256)] | Annotated[int, Meta(ge=-2**63, le=2**63 - 1)]
Size = Annotated[int, Meta(ge=1, le=MOST_ITEMS)]
S = TypeVar("S", bound=Struct)


class Ask(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One question: which `k` items for this user, now, in this context."""

    user: Id
    k: Size | None = None  # as many as the design says
    context: Annotated[dict[str, Plain], Meta(max_length=64)] = {}


class Asks(Struct, frozen=True, forbid_unknown_fields=True):
    """Several questions, answered in their order."""

    requests: Annotated[list[Ask], Meta(min_length=1, max_length=MOST_QUESTIONS)]


class Event(Struct, frozen=True, forbid_unknown_fields=True):
    """What happened: its id, by which a repeat is known, and the log's columns."""

    id: Annotated[str, Meta(min_length=1, max_length=256)]
    values: Annotated[dict[str, Plain | list[Plain]], Meta(min_length=1, max_length=256)]


class Events(Struct, frozen=True, forbid_unknown_fields=True):
    """Several events, taken in their order."""

    events: Annotated[list[Event], Meta(min_length=1, max_length=MOST_EVENTS)]


class Refusal(SevenfoldError):
    """What a client is to mend, or to try again later; `status` is what HTTP calls it."""

    def __init__(self, where: str, problem: str, hint: str, status: int = 422) -> None:
        super().__init__(where, problem, hint)
        self.status = status


def read(body: bytes, one: type[S], many: type[Struct]) -> tuple[list[S], bool]:
    """One record, or the list of them that the only field of `many` holds; and whether it was one."""
    (field,) = many.__struct_fields__
    try:
        found = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        if field in found:
            return getattr(msgspec.json.decode(body, type=many), field), False
        return [msgspec.json.decode(body, type=one)], True
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at `")
        raise Refusal(place.rstrip("`").replace("$", "body", 1) or "body", _lower(problem),
                      "The schema stands at /openapi.json.") from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Refusal("body", f"is no JSON: {_lower(str(error))}", "Send one JSON object, in UTF-8.", 400) from None


def _lower(problem: str) -> str:
    return problem[:1].lower() + problem[1:].rstrip(".")


class Context:
    """The log's columns; those of `kinds` a request may say of itself: all but who, what, when and the label."""

    def __init__(self, memory: Memory) -> None:
        events = memory.design.data.events
        hidden = {events.user, events.item, events.time, events.available, *label_columns(memory.design)}
        self.all = {field.name: field.type for field in memory.schema}
        self.kinds = {name: kind for name, kind in self.all.items() if name not in hidden}
        self.needed = [str(name) for name in (events.user, events.item, events.time) if name]  # of an event

    def check(self, given: Mapping[str, Plain]) -> None:
        """`Refusal` of a column that is not known, or a value that is not of its kind."""
        for name, value in given.items():
            if name not in self.kinds:
                raise Refusal(f"context.{name:.60}", "no column of the log is called that", nearest(name, self.kinds))
            try:
                if value is not None and not _fits(value, self.kinds[name]):
                    raise ValueError
                pa.scalar(value, self.kinds[name])
            except (pa.ArrowException, ValueError, TypeError, OverflowError):
                raise Refusal(f"context.{name}", f"expected {self.kinds[name]}, got {str(value)[:60]!r}",
                              "Send the kind of value that the log holds.") from None

    def columns(self, given: Sequence[Mapping[str, Plain]]) -> dict[str, Array]:
        """[B] of each column that somebody named, None or NaN where one did not."""
        named = dict.fromkeys(name for one in given for name in one)
        return {name: np.asarray(pa.array([one.get(name) for one in given], self.kinds[name])
                                 .to_numpy(zero_copy_only=False)) for name in named}


def _fits(value: Plain, kind: pa.DataType) -> bool:
    """Whether a value is of a kind as it is: Arrow itself cuts a number's fraction."""
    if isinstance(value, bool) or pa.types.is_boolean(kind):
        return isinstance(value, bool) and bool(pa.types.is_boolean(kind))
    return not pa.types.is_integer(kind) or isinstance(value, int)


def asked(asks: Sequence[Ask], memory: Memory, context: Context, moment: int) -> Requests:
    """The questions as the pipeline takes them, all at one moment (µs)."""
    return Requests(time=np.full(len(asks), moment, dtype=np.int64),
                    user=np.array([memory.code(str(one.user)) for one in asks], dtype=np.int32),
                    context=context.columns([one.context for one in asks]))
