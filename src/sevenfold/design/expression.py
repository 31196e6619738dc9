"""Label expressions: `rating >= 4`, `not hidden and (clicked or watched > 0.5)`, `label in ('spam', 'ham')`.

A column whose name is no plain word stands in backticks: `Amount (€)`. A grammar of eight lines, read by recursive
descent into a frozen tree; nothing in it can run code:

    either   = both ('or' both)*
    both     = negation ('and' negation)*
    negation = 'not' negation | '(' either ')' | test
    test     = column [('==' | '!=' | '>=' | '<=' | '>' | '<') literal | 'in' '(' literal (',' literal)* ')']
    column   = word | `any text`
    literal  = number | 'text' | true | false
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from sevenfold.errors import DesignError

Value = str | int | float | bool
Operator = Literal["==", "!=", ">=", "<=", ">", "<", "in"]
DEPTH = 50
LENGTH = 10_000  # letters

TOKEN = re.compile(r"""\s*(?:(?P<number>-?\d{1,300}(?:\.\d+)?(?:[eE][-+]?\d+)?)(?![\w.])
                       |(?P<text>'[^']*'|"[^"]*")|(?P<word>[^\W\d][\w.]*)|`(?P<quoted>[^`]+)`
                       |(?P<sign>==|!=|>=|<=|>|<|\(|\)|,))""", re.VERBOSE)
CONSTANTS: dict[str, Value] = {"true": True, "false": False}
RESERVED = {"and", "or", "not", "in", *CONSTANTS}
PLAIN = re.compile(r"[^\W\d][\w.]*")
BETWEEN = re.compile(r"[<>=!]+|\b(?:and|or|not|in)\b")  # what may stand before and after a column


class _Tree:
    """A part of an expression: a frozen record of its own fields, which are values and other parts."""

    def columns(self) -> frozenset[str]:
        """The columns that are read."""
        if isinstance(self, Column):
            return frozenset((self.name,))
        parts = [part for value in vars(self).values() for part in (value if isinstance(value, tuple) else (value,))]
        return frozenset().union(*(part.columns() for part in parts if isinstance(part, _Tree)))


@dataclass(frozen=True)
class Column(_Tree):
    """A column's own value; as a condition: it is true, or not zero."""

    name: str


@dataclass(frozen=True)
class Compare(_Tree):
    """A column held against a literal, or, for `in`, against several."""

    column: Column
    operator: Operator
    value: Value | tuple[Value, ...]


@dataclass(frozen=True)
class Not(_Tree):
    """The condition does not hold."""

    term: Expression


@dataclass(frozen=True)
class And(_Tree):
    """Every condition holds."""

    terms: tuple[Expression, ...]


@dataclass(frozen=True)
class Or(_Tree):
    """One condition at least holds."""

    terms: tuple[Expression, ...]


Expression = Column | Compare | Not | And | Or


def parse(text: str) -> Expression:
    """The tree of an expression; `DesignError` names the place where it stops making sense.

    >>> parse("rating >= 4")
    Compare(column=Column(name='rating'), operator='>=', value=4)
    """
    if len(text) > LENGTH:
        raise DesignError("", f"an expression of {len(text):,} letters, and at most {LENGTH:,} are read",
                          "Compute such a condition in the data, and name its column here.")
    return _Reader(text, _tokens(text)).whole()


def written(column: str) -> str:
    """A column's name as an expression has it.

    >>> written("rating"), written("Amount (€)")
    ('rating', '`Amount (€)`')
    """
    return column if PLAIN.fullmatch(column) and column not in RESERVED else f"`{column}`"


def _tokens(text: str) -> list[tuple[str, str, int]]:
    """(group, token, position) of each token, and an end."""
    tokens: list[tuple[str, str, int]] = []
    at = 0
    while text[at:].strip():
        match = TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            rest = text[at:].lstrip()
            raise _refusal(text, len(text) - len(rest), _strange(rest, _named(text, len(text) - len(rest))))
        tokens.append((match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        at = match.end()
    return [*tokens, ("end", "the end", len(text))]


def _strange(rest: str, named: str) -> str:
    if rest.startswith(("=>", "=<")):
        return "Write the sign >= or <=."
    if rest.startswith("="):
        return "Equality is written with two signs: column == value."
    if rest[0] in "'\"`":
        return "An unfinished quote?"
    return f"Write column, or column == value, joined by and, or, not{named}."


def _named(text: str, at: int) -> str:
    """The end of a hint: the quoted name, where the reader is stuck inside what may be a column's."""
    around = list(BETWEEN.finditer(text))
    before = [one for one in around if one.end() <= at][-1:]
    last = next((one.start() for one in around if one.start() >= at), None)
    name = text[before[0].end() if before else 0:last].lstrip(" (").rstrip()
    compared = any(one[0] not in ("and", "or", "not") for one in before)
    if compared or not re.search(r"[^\W\d]", name) or re.search("['\"`]", name):
        return ""
    return f"; a column whose name is no plain word stands in backticks: {written(name)}"


def _refusal(text: str, at: int, hint: str) -> DesignError:
    shown = text[at:at + 20] or "the end"
    return DesignError("", f"'{text}' is no expression: stuck at character {at + 1}, '{shown}'", hint)


class _Reader:
    """One pass over the tokens."""

    def __init__(self, text: str, tokens: list[tuple[str, str, int]]) -> None:
        self.text = text
        self.tokens = tokens
        self.at = 0

    def whole(self) -> Expression:
        tree = self.either(0)
        if self.tokens[self.at][0] != "end":
            raise self._stuck(f"Join conditions with and, or{_named(self.text, self.tokens[self.at][2])}.")
        return tree

    def either(self, depth: int) -> Expression:
        return self._joined("or", lambda: self._joined("and", lambda: self.negation(depth), And), Or)

    def negation(self, depth: int) -> Expression:
        if depth > DEPTH:
            raise self._stuck("The expression is nested too deep; write it flat with and, or.")
        if self._take("not"):
            return Not(self.negation(depth + 1))
        if self._take("("):
            inner = self.either(depth + 1)
            self._expect(")")
            return inner
        return self.test()

    def test(self) -> Expression:
        group, word, _ = self.tokens[self.at]
        if group not in ("word", "quoted") or (group == "word" and word in RESERVED):
            raise self._stuck(f"A column's name is expected here{_named(self.text, self.tokens[self.at][2])}.")
        self.at += 1
        column = Column(word)
        operator = next((one for one in get_args(Operator) if self._take(one)), None)
        if operator != "in":
            return Compare(column, operator, self.literal()) if operator else column
        self._expect("(")
        values = [self.literal()]
        while self._take(","):
            values.append(self.literal())
        self._expect(")")
        return Compare(column, "in", tuple(values))

    def _joined(self, word: str, term: Callable[[], Expression], join: type[And | Or]) -> Expression:
        terms = [term()]
        while self._take(word):
            terms.append(term())
        return terms[0] if len(terms) == 1 else join(tuple(terms))

    def literal(self) -> Value:
        group, token, _ = self.tokens[self.at]
        if group == "word" and token not in CONSTANTS:
            raise self._stuck(f"Put a text in quotes: '{token}'.")
        if group in ("sign", "end", "quoted"):
            raise self._stuck("A number, a quoted text, true or false is expected here.")
        self.at += 1
        if group == "number":
            return float(token) if re.search("[.eE]", token) else int(token)
        return token[1:-1] if group == "text" else CONSTANTS[token]

    def _take(self, token: str) -> bool:
        group, here, _ = self.tokens[self.at]
        taken = here == token and group in {"word", "sign"}
        self.at += taken
        return taken

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise self._stuck(f"A '{token}' is expected here.")

    def _stuck(self, hint: str) -> DesignError:
        return _refusal(self.text, self.tokens[self.at][2], hint)
