"""A named part of the system, and the marks by which a record's field says what its value must be."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, get_args
from urllib.parse import urlsplit

import sevenfold.design.expression as expression
from sevenfold import units
from sevenfold.errors import DesignError

NAME = r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$"


@dataclass(frozen=True)
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
    """A text of a certain form: `check` raises where it is not; `pattern` is what an editor can check of it."""

    what: str
    check: Callable[[str], object]
    pattern: str | None = None


def unit_of(hint: Any) -> units.Unit | None:
    """The unit of a quantity, wherever it stands in a type."""
    marks = getattr(hint, "__metadata__", ()) or filter(None, map(unit_of, get_args(hint)))
    return next((one for one in marks if isinstance(one, units.Unit)), None)


def check_name(text: str) -> None:
    """Refuse a name that cannot stand in a path, a column and a folder."""
    if not re.fullmatch(NAME, text):
        raise DesignError("", f"'{text}' cannot be a name",
                          "A name is up to 64 letters, digits, _ and -, and begins with a letter.")


def _check_date(text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise DesignError("", f"'{text}' is no date", "Write it like 2030-01-31.") from None


def _check_address(text: str) -> None:
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and not parts.query and not parts.fragment
    except ValueError:
        good = False
    if not good or "@" in text:
        raise DesignError("", f"'{text}' is no address of a server", "Write it like http://localhost:8000, without a password.")


Name = Annotated[str, Spelled("name", check_name, NAME)]
Address = Annotated[str, Spelled("address", _check_address, r"^https?://[^@?#]+$")]
Date = Annotated[str, Spelled("date", _check_date, r"^\d{4}-\d{2}-\d{2}$")]
Condition = Annotated[str, Spelled("expression", expression.parse)]
Retriever = Annotated[Part, Named("retriever")]
Learner = Annotated[Part, Named("learner")]
Reranker = Annotated[Part, Named("reranker")]
Feature = Annotated[Part, Named("feature")]
Negatives = Annotated[Part, Named("negatives")]
