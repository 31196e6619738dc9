"""Every error that Sevenfold raises on purpose.

SevenfoldError            where, problem, hint
├── DesignError           the document cannot be read or must not run; carries all its findings
├── DataError             a source, a column, a value
│   └── LeakError         a feature knows the future or the label
├── ModelError            a part cannot be fitted, saved or loaded
├── MissingPackage        an optional package is not installed; the hint is the command
├── Unavailable           a model server is late, lost, or answers with no scores
├── BundleError           an artefact is damaged, foreign or of another version
└── StoreError            a store of state and events cannot be reached, is damaged, or may lose what it acknowledges

The library raises these; only the command line and the HTTP app format them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SevenfoldError(Exception):
    """Something a user can mend: *where* it is, *what* is wrong, and a *hint* in a sentence."""

    def __init__(self, where: str, problem: str, hint: str = "") -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.problem = problem
        self.hint = hint

    def __str__(self) -> str:
        head = f"{self.where}: {self.problem}" if self.where else self.problem
        return f"{head}\n    hint: {self.hint}" if self.hint else head


class DesignError(SevenfoldError):
    """A document that must not run; `findings` holds every problem, worst first."""

    def __init__(self, where: str, problem: str, hint: str = "", findings: tuple[object, ...] = ()) -> None:
        super().__init__(where, problem, hint)
        self.findings = findings


class DataError(SevenfoldError):
    """A source that cannot be used as the document says."""


class LeakError(DataError):
    """A feature that knows what only the future tells: its name, the column read and both times; a waiver names `code`."""

    def __init__(self, where: str, problem: str, hint: str = "", *, feature: str, column: str = "",
                 row_time: int | None = None, read_time: int | None = None, code: str = "") -> None:
        super().__init__(where, problem, hint)
        self.code = code
        self.feature = feature
        self.column = column
        self.row_time = row_time
        self.read_time = read_time


class ModelError(SevenfoldError):
    """A part that cannot be fitted, saved or loaded."""


class Unavailable(SevenfoldError):
    """A model server that is late, lost, left alone for a while, or answers with something else than scores."""


class BundleError(SevenfoldError):
    """An artefact that is damaged, foreign or written by another version."""


class StoreError(SevenfoldError):
    """A store that cannot be reached, is damaged or foreign, or does not keep what it acknowledges."""


class MissingPackage(SevenfoldError):
    """An optional package that a step needs; the hint holds the exact command."""

    def __init__(self, where: str, package: str, extra: str) -> None:
        super().__init__(where, f"needs the package '{package}', which is not installed",
                         f"Install it with: pip install 'sevenfold[{extra}]'.")


def nearest(name: str, known: Iterable[str]) -> str:
    """The hint for a name that is not known: the nearest one, else all of them.

    >>> nearest("alls", ["als", "ease"])
    "Did you mean 'als'?"
    """
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"Did you mean '{close[0]}'?"
    return f"Known names: {', '.join(names)}." if names else "None is known."
