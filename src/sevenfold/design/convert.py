"""Plain values into frozen records, by walking type hints; every problem on the way is kept, none is raised.

Reading     one pass: `value(hint, raw, path)` gives what the hint asks for, or ABSENT
ABSENT      nothing usable was given (missing, set aside, or refused and reported): a default may take its place
UNREAD      stands where a required value could not be read; whoever touches it is told so by `Unread`
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import sevenfold.design.vocabulary as vocabulary
from sevenfold import units
from sevenfold.design.document import kind
from sevenfold.design.findings import RULES, Finding
from sevenfold.design.part import Named, Part, Spelled, check_name
from sevenfold.errors import DesignError, nearest
from sevenfold.registry import REQUIRED

ABSENT: Any = type("Absent", (), {"__repr__": lambda self: "ABSENT"})()


class Unread(Exception):
    """A check touched a value that could not be read, so it cannot judge."""


def _touched(*_: object) -> Any:
    raise Unread


def _asked(self: object, name: str) -> Any:
    raise AttributeError if name.startswith("__") else Unread


_VERBS = ("eq", "ne", "lt", "le", "gt", "ge", "hash", "bool", "iter", "len", "contains", "getitem", "str")
UNREAD: Any = type("_Unread", (), {"__getattr__": _asked, **{f"__{verb}__": _touched for verb in _VERBS}})()


@cache
def written(record: type[Any]) -> dict[str, tuple[Field[Any], Any]]:
    """Key in a document → field and type, of every field that a document writes."""
    hints = get_type_hints(record, include_extras=True)
    return {one.name.rstrip("_"): (one, hints[one.name]) for one in fields(record) if "unwritten" not in one.metadata}


def required(one: Field[Any]) -> bool:
    """There is no default."""
    return one.default is MISSING and one.default_factory is MISSING


def default_of(one: Field[Any]) -> Any:
    """The default of a field that has one."""
    return one.default if one.default_factory is MISSING else one.default_factory()


def field_at(record: Any, path: str) -> tuple[Field[Any], Any]:
    """The field that a path of keys names within a record, and its type."""
    for key in path.split("."):
        field, hint = written(record)[key]
        (record, *_) = without_none(hint)
    return field, hint


def without_none(hint: Any) -> tuple[Any, ...]:
    """The alternatives of a type, `None` left out."""
    options = get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
    return tuple(option for option in options if option is not NoneType)


class Reading:
    """One pass over plain values; problems are kept in `findings`, what was set aside in `na`."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.na: dict[str, str] = {}

    def fail(self, code: str, path: str, problem: str, hint: str) -> Any:
        """Keep a problem; the value is ABSENT."""
        self.findings.append(RULES[code].finding(path, problem, hint))
        return ABSENT

    def value(self, hint: Any, raw: Any, path: str) -> Any:
        """What the hint asks for, made from a plain value."""
        if raw is UNREAD:
            return raw
        if isinstance(raw, Mapping) and "na" in raw:
            return self._set_aside(raw, path)
        options = without_none(hint)
        if len(options) > 1:
            return self._either(options, raw, path)
        (hint,) = options
        reader = _READERS.get(get_origin(hint) or hint)
        return reader(self, hint, raw, path) if reader else self.record(hint, raw, path)

    def record(self, record: type, raw: Any, path: str) -> Any:
        """A frozen record from a mapping of its keys."""
        if isinstance(raw, record):
            return raw
        known = written(record)
        if not isinstance(raw, Mapping):
            keys = ", ".join(known)
            return self.fail("Z09", path, f"expected a mapping, got {kind(raw)}", f"Its keys are: {keys}.")
        self.strangers(raw, known, path)
        return record(**self.fields(known, raw, path))

    def strangers(self, raw: Mapping[Any, Any], known: Mapping[str, Any], path: str) -> None:
        """Report every key that nothing reads."""
        for key in raw:
            if key not in known:
                hint = nearest(str(key), known) if known else "It takes no setting at all."
                hint = "A decimal has a point, not a comma: 0.5." if str(key).isdigit() else hint
                self.fail("Z01", join(path, key), f"nothing reads the key '{key}'", hint)

    def fields(self, known: Mapping[str, tuple[Field[Any], Any]], raw: Mapping[Any, Any], path: str) -> dict[str, Any]:
        """Field → value: as given, else its default, else UNREAD."""
        values: dict[str, Any] = {}
        for key, (one, hint) in known.items():
            place, before = join(path, key), len(self.findings)
            given = raw.get(key)
            value = ABSENT if given is None else self.value(hint, given, place)
            if value is ABSENT and required(one):
                if len(self.findings) == before:
                    self._missing(place, key)
                value = UNREAD
            elif value is ABSENT:
                value = default_of(one)
            values[one.name] = value
        return values

    def _missing(self, place: str, key: str) -> None:
        aside = self.na.pop(place, None)
        hint = "Nothing can be built without it; give it a value." if aside else "It has no default; give it a value."
        self.fail("Z10", place, f"the key '{key}' {'cannot be set aside' if aside else 'is missing'}", _EXAMPLES.get(place, hint))

    def _set_aside(self, raw: Mapping[Any, Any], path: str) -> Any:
        reason = raw["na"]
        if len(raw) > 1:
            return self.fail("Z02", path, "set aside, yet more is given beside 'na'",
                             "Put a reason that holds a comma in quotes: {na: '...'}.")
        if not isinstance(reason, str) or not reason.strip():
            return self.fail("Z02", path, "set aside without a reason", "Write why: {na: the reason}.")
        self.na[path] = reason
        return ABSENT

    def _either(self, options: tuple[Any, ...], raw: Any, path: str) -> Any:
        """The first alternative that reads; else the first one's problem."""
        problems = []
        for option in options:
            trial = Reading()
            value = trial.value(option, raw, path)
            if not trial.findings:
                return value
            problems.append(trial.findings)
        self.findings += problems[0]
        return ABSENT

    def annotated(self, hint: Any, raw: Any, path: str) -> Any:
        """A quantity, a part, or a text of a certain form."""
        mark = hint.__metadata__[0]
        if isinstance(mark, Named):
            return self.part(mark.kind, raw, path)
        if isinstance(mark, Spelled):
            text = self.scalar(str, raw, path)
            return text if text is ABSENT or self._tried("Z09", path, mark.check, text) is not ABSENT else ABSENT
        if isinstance(raw, list | tuple | Mapping):
            return self.fail("Z07", path, f"expected a {mark.name}, got {kind(raw)}", f"Write it like {mark.example}.")
        return self._tried("Z07", path, units.parse, raw, mark)

    def _tried(self, code: str, path: str, make: Callable[..., Any], *given: Any) -> Any:
        try:
            return make(*given)
        except DesignError as error:
            return self.fail(code, path, error.problem, error.hint)

    def interval(self, hint: Any, raw: Any, path: str) -> Any:
        """A range, `1..5`."""
        return raw if isinstance(raw, units.Range) else self._tried("Z09", path, units.parse_range, raw)

    def scalar(self, hint: Any, raw: Any, path: str) -> Any:
        """A text (a number is taken as it reads), true or false, a whole number, or a finite number."""
        what, example, takes, make = _SCALARS[hint]
        least = 0 if path.startswith("solutions.") else 1  # a network may have no layer, but nobody asks for no items
        if hint is int and takes(raw) and raw < least:
            return self.fail("Z09", path, f"expected a whole number from {least} on, got {raw}", f"{example}.")
        return make(raw) if takes(raw) else self.fail("Z09", path, f"expected {what}, got {kind(raw)}", f"{example}.")

    def literal(self, hint: Any, raw: Any, path: str) -> Any:
        """One of a few words."""
        words = get_args(hint)
        if raw in words and not isinstance(raw, bool):
            return raw
        expected = f"'{words[0]}'" if len(words) == 1 else f"one of {', '.join(words)}"
        return self.fail("Z09", path, f"expected {expected}, got {kind(raw)}", nearest(str(raw), words))

    def sequence(self, hint: Any, raw: Any, path: str) -> Any:
        """A list, or a single value in the place of a list of one."""
        item, *_ = get_args(hint)
        places = {f"{path}[{at}]": one for at, one in enumerate(raw)} if isinstance(raw, list | tuple) else {path: raw}
        return tuple(value for place, one in places.items() if (value := self.value(item, one, place)) is not ABSENT)

    def mapping(self, hint: Any, raw: Any, path: str) -> Any:
        """A mapping with names of the document's own."""
        _, item = get_args(hint)
        if not isinstance(raw, Mapping):
            return self.fail("Z09", path, f"expected a mapping of names, got {kind(raw)}",
                             "Write each as 'name: ...' on a line of its own.")
        values = {}
        for key, one in raw.items():
            place = join(path, key)
            if self._tried("Z09", place, check_name, str(key)) is not ABSENT:
                values[str(key)] = self.value(item, one, place)
        return {key: value for key, value in values.items() if value is not ABSENT}

    def part(self, kind_of: str, raw: Any, path: str) -> Any:
        """A named part: `als`, `{als: {dimensions: 64}}`, or a feature in its short form."""
        if isinstance(raw, Part):
            return raw
        short = self._feature if kind_of == "feature" else self._named
        name, given = short(kind_of, raw, path)
        if name is ABSENT:
            return ABSENT
        if name not in vocabulary.names(kind_of):
            return self.fail("Z11", path, f"no {kind_of} is called '{name}'", nearest(name, vocabulary.names(kind_of)))
        return Part(name, self._params(kind_of, name, given, path))

    def _named(self, kind_of: str, raw: Any, path: str) -> tuple[Any, Mapping[str, Any]]:
        if isinstance(raw, str):
            return raw, {}
        if not isinstance(raw, Mapping) or len(raw) != 1:
            fault = f"several keys ({', '.join(map(str, raw))})" if isinstance(raw, Mapping) and raw else kind(raw)
            problem = f"expected the name of one {kind_of}, got {fault}"
            return self.fail("Z09", path, problem, "Write its name, or {name: {parameter: value}}."), {}
        ((name, given),) = raw.items()
        params = given or {} if given is None or isinstance(given, Mapping) else _lone(kind_of, str(name), given)
        if params is None:
            return self.fail("Z09", join(path, name), f"expected the parameters of '{name}', got {kind(given)}",
                             f"Write {{{name}: {{parameter: value}}}}, or the name alone."), {}
        return str(name), params

    def _feature(self, kind_of: str, raw: Any, path: str) -> tuple[Any, Mapping[str, Any]]:
        """The one key that names a kind is the kind; all keys are its parameters."""
        if raw is None:
            return "attribute", {"attribute": path.rpartition(".")[2]}
        known = vocabulary.names(kind_of)
        if not isinstance(raw, Mapping) or not raw:
            return self.fail("Z09", path, f"expected what to compute, got {kind(raw)}",
                             f"Write {{count: events}}, or nothing for the attribute; kinds: {', '.join(known)}."), {}
        kinds = [key for key in raw if key in known]
        if len(kinds) == 1:
            return kinds[0], raw
        if kinds:
            return self.fail("Z09", path, f"{' and '.join(kinds)} each name what to compute",
                             "Keep one, and give the other a feature of its own."), {}
        return self.fail("Z11", path, f"no kind of feature among the keys {', '.join(map(str, raw))}",
                         nearest(str(next(iter(raw))), known)), {}

    def _params(self, kind_of: str, name: str, given: Mapping[str, Any], path: str) -> dict[str, Any]:
        """Given parameters, checked against the part's signature, over its defaults."""
        known = vocabulary.schema(kind_of, name)
        inner = path if kind_of == "feature" else join(path, name)
        self.strangers(given, known, inner)
        values = vocabulary.defaults(kind_of, name)
        for key, (hint, default) in known.items():
            raw = given.get(key)
            value = ABSENT if raw is None else self.value(hint, raw, join(inner, key))
            if value is not ABSENT:
                values[key] = value
            elif raw is None and default is REQUIRED:
                self.fail("Z10", join(inner, key), f"the {kind_of} '{name}' needs '{key}'", f"Add it: {key}: ...")
        return values


def join(path: str, key: object) -> str:
    """The path of a key."""
    return f"{path}.{key}" if path else str(key)


def _lone(kind_of: str, name: str, given: Any) -> dict[str, Any] | None:
    """`{friends_of_friends: 20}` and `{shown: keep 10%}` give a part its only parameter; else None."""
    if name not in vocabulary.names(kind_of):
        return {}
    known = list(vocabulary.schema(kind_of, name))
    word, _, rest = given.partition(" ") if isinstance(given, str) else ("", "", "")
    if rest and word in known:
        return {word: rest}
    return {known[0]: given} if len(known) == 1 else None


def _number(raw: Any) -> bool:
    return isinstance(raw, int | float) and not isinstance(raw, bool) and -1e300 < raw < 1e300


# Type → what it is called, an example, which plain values it takes, and what it makes of them.
_SCALARS: dict[Any, tuple[str, str, Callable[[Any], bool], Callable[[Any], Any]]] = {
    str: ("a text", "Write a word, or a text in quotes", lambda raw: isinstance(raw, str) or _number(raw),
          lambda raw: units.plain(raw) if isinstance(raw, float) else str(raw)),
    bool: ("true or false", "Write true or false", lambda raw: isinstance(raw, bool), bool),
    int: ("a whole number", "Write it in digits, like 100", lambda raw: _number(raw) and raw == int(raw), int),
    float: ("a number", "Write it in digits, like 0.005", _number, float)}

_READERS: dict[Any, Callable[[Reading, Any, Any, str], Any]] = {
    Annotated: Reading.annotated, Literal: Reading.literal, tuple: Reading.sequence, Mapping: Reading.mapping,
    units.Range: Reading.interval, **dict.fromkeys(_SCALARS, Reading.scalar)}

_EXAMPLES = {
    "name": "Begin with 'name: video'.",
    "framing": "Step 2 says what goes in and comes out: framing: {task: recommend, answer: ..., label: ...}.",
    "framing.task": "One of recommend, search, classify, regress, link.",
    "framing.answer": "Say what goes out and when: answer: {items: 10, at: page_open}.",
    "framing.label": "Say what is learnt: label: {is: rating >= 4, within: 7d}.",
    "framing.label.is": "A condition over an event's columns, like rating >= 4.",
    "data": "Step 3 names the log: data: {events: {path: e.parquet, time: timestamp, user: user_id, item: item_id}}.",
    "data.events": "Name the log: events: {path: events.parquet, time: timestamp, user: user_id, item: item_id}.",
    "evaluation": "Step 5 names the metric that decides: evaluation: {metric: ndcg}.",
    "evaluation.metric": "The metric that decides, like ndcg.",
}
