"""What clients may send: the types are the schema, and what they do not allow is refused with its place in the body."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, TypeVar

import msgspec
import numpy as np
import pyarrow as pa
from msgspec import Meta, Struct

from sevenfold.data.labels import label_columns
from sevenfold.design.vocabulary import PREDICTION, TASKS
from sevenfold.errors import SevenfoldError, nearest
from sevenfold.nouns import I32, NOBODY, Array, Requests
from sevenfold.serving.memory import Memory

MOST_ITEMS, MOST_QUESTIONS, MOST_EVENTS = 1000, 256, 10_000  # in one answer, in one call
LONGEST_TEXT = 1 << 16  # characters
MOST_LIKES = 50
Plain = str | float | int | bool | None
Id = Annotated[str, Meta(min_length=1, max_length=256)] | Annotated[int, Meta(ge=-2**63, le=2**63 - 1)]
Size = Annotated[int, Meta(ge=1, le=MOST_ITEMS)]
S = TypeVar("S", bound=Struct)


class Ask(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One question, now, in this context: of a user, about an item, with a text; `Context.fields` says which a design takes."""

    user: Id | None = None
    item: Id | None = None
    text: Annotated[str, Meta(max_length=LONGEST_TEXT)] | None = None
    k: Size | None = None  # as many as the design says
    likes: Annotated[list[Id], Meta(max_length=MOST_LIKES)] | None = None  # items that the user says to like
    context: Annotated[dict[str, Plain], Meta(max_length=64)] = {}

    @property
    def who(self) -> str:
        """The user's id as text, empty of nobody."""
        return "" if self.user is None else str(self.user)


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


class Attribute(Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of a user or an item from now on: its id, and columns of the table of users or of items."""

    id: Id
    values: Annotated[dict[str, Plain | list[Plain]], Meta(max_length=256)] = {}


class Items(Struct, frozen=True, forbid_unknown_fields=True):
    """Several items, told of in their order."""

    items: Annotated[list[Attribute], Meta(min_length=1, max_length=MOST_EVENTS)]


class Users(Struct, frozen=True, forbid_unknown_fields=True):
    """Several users, told of in their order."""

    users: Annotated[list[Attribute], Meta(min_length=1, max_length=MOST_EVENTS)]


class Refusal(SevenfoldError):
    """What a client is to mend, or to try again later; `status` is what HTTP calls it."""

    def __init__(self, where: str, problem: str, hint: str, status: int = 422) -> None:
        super().__init__(where, problem, hint)
        self.status = status


class Fault(Struct, frozen=True):
    """Why one of several is refused, with its place in the body."""

    where: str
    problem: str
    hint: str


def read(body: bytes, one: type[S], many: type[Struct]) -> tuple[list[S], bool]:
    """One record, or the list of them that the only field of `many` holds; and whether it was one."""
    (field,) = many.__struct_fields__
    try:
        return [msgspec.json.decode(body, type=one)], True
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pass  # several of them, or the reason why it is neither, is found below
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
    """What a design is asked: `fields` → whether a question must have them, and `kinds`, the log's columns that it may say of
    itself: all but who, what, when, the text and the label."""

    def __init__(self, memory: Memory) -> None:
        design, self.asks = memory.design, memory.features.asks
        events, self.predicts = design.data.events, design.framing.task in PREDICTION
        alone = design.serving.batch is not None and design.serving.batch.for_ == "everything"  # lists know no likes
        hidden = {events.user, events.query, events.item, events.time, events.available, self.asks, *label_columns(design)}
        self.all = {field.name: field.type for field in memory.schema}
        self.kinds = {name: kind for name, kind in self.all.items() if name not in hidden}
        self.needed = [*memory.roles.values(), str(events.time)]  # of an event
        taken = {"user": events.user is not None, "item": self.predicts and events.item is not None,
                 "text": self.asks is not None, "k": not self.predicts,
                 "likes": TASKS[design.framing.task].withheld == "seen" and not alone}
        needed = {"user": not self.predicts and self.asks is None, "item": True, "text": True, "k": False, "likes": False}
        self.fields = {name: needed[name] for name, has in taken.items() if has}
        self.of_users = needed["user"]  # who asks is all that must be known
        self.silent = "" if memory.clocked else "the data of this design have no clock, so an event has no moment"

    def check(self, ask: Ask) -> None:
        """`Refusal` of a field that the design does not take or that is missing, and of a context that does not fit the log."""
        for name in ("user", "item", "text", "k", "likes"):
            if (given := getattr(ask, name) is not None) and name not in self.fields:
                raise Refusal(f"body.{name}", f"questions of this design have no {name}", f"They have {', '.join(self.fields)}.")
            if not given and self.fields.get(name):
                raise Refusal(f"body.{name}", "is missing, and questions of this design need it", f"Give the {name}.")
        self._check(ask.context)

    def _check(self, given: Mapping[str, Plain]) -> None:
        """`Refusal` of a column that is not known, or a value that is not of its kind."""
        for name, value in given.items():
            if name not in self.kinds:
                raise Refusal(f"context.{name:.60}", "no column of the log is called that", nearest(name, self.kinds))
            try:
                if value is not None and not fits(value, self.kinds[name]):
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


def fits(value: Plain, kind: pa.DataType) -> bool:
    """Whether a value is of a kind as it is: Arrow itself cuts a number's fraction."""
    if isinstance(value, bool) or pa.types.is_boolean(kind):
        return isinstance(value, bool) and bool(pa.types.is_boolean(kind))
    return not pa.types.is_integer(kind) or isinstance(value, int)


def asked(asks: Sequence[Ask], memory: Memory, context: Context, moment: int) -> Requests:
    """The questions as the pipeline takes them, all at one moment (µs)."""
    columns = context.columns([one.context for one in asks])
    if context.asks is not None:
        columns[context.asks] = np.array([one.text for one in asks], dtype=object)
    return Requests(time=np.full(len(asks), moment, dtype=np.int64), context=columns,
                    user=_codes([one.user for one in asks], memory.asker),
                    item=_codes([one.item for one in asks], memory.item) if context.predicts else None,
                    likes=_likes(asks, memory))


def _likes(asks: Sequence[Ask], memory: Memory) -> I32 | None:
    """[B, L] the codes of what is liked; those of items that nobody knows are left out."""
    if not any(one.likes for one in asks):
        return None
    found = [[code for liked in one.likes or () if (code := memory.item(str(liked))) >= 0] for one in asks]
    return np.array([[*codes, *[NOBODY] * (MOST_LIKES - len(codes))] for codes in found], dtype=np.int32)


def _codes(ids: Sequence[str | int | None], code: Callable[[str], int]) -> I32:
    return np.array([NOBODY if one is None else code(str(one)) for one in ids], dtype=np.int32)
