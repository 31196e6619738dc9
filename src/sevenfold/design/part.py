"""A named part of the system, and the marks by which a record's field says what its value must be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any

import sevenfold.design.expression as expression
from sevenfold.errors import DesignError


@dataclass(frozen=True, kw_only=False)
class Part:
    """A named part of the system with its parameters: `als`, or `{als: {dimensions: 64}}`."""

    name: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Named:
    """A `Part` whose name is looked up among the parts of this kind."""

    kind: str


@dataclass(frozen=True)
class Spelled:
    """A text of a certain form; `pattern` is what an editor can check of it."""

    what: str
    pattern: str | None = None


def check_name(text: str) -> None:
    """A name that can stand in a path, a column and a folder."""
    if not re.fullmatch(r"[A-Za-z_][\w-]{0,63}", text, re.ASCII):
        raise DesignError("", f"'{text}' cannot be a name",
                          "A name is up to 64 letters, digits, _ and -, and begins with a letter.")


def check_date(text: str) -> None:
    """A day of the calendar."""
    try:
        date.fromisoformat(text)
    except ValueError:
        raise DesignError("", f"'{text}' is no date", "Write it like 2030-01-31.") from None


def check_expression(text: str) -> None:
    """A condition over the columns of an event."""
    expression.parse(text)


SPELLING = {"name": check_name, "date": check_date, "expression": check_expression}

Name = Annotated[str, Spelled("name", r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")]
Date = Annotated[str, Spelled("date", r"^\d{4}-\d{2}-\d{2}$")]
Condition = Annotated[str, Spelled("expression")]
Retriever = Annotated[Part, Named("retriever")]
Learner = Annotated[Part, Named("learner")]
Reranker = Annotated[Part, Named("reranker")]
Feature = Annotated[Part, Named("feature")]
Negatives = Annotated[Part, Named("negatives")]
