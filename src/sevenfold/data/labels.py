"""Which events count as positive: the label's expression over a table."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sevenfold.design.expression import And, Column, Compare, Expression, Not, Or, parse, written
from sevenfold.design.sections import Design
from sevenfold.design.vocabulary import TASKS
from sevenfold.errors import DataError, DesignError
from sevenfold.nouns import F32, Bools

COMPARE: dict[str, Callable[[Any, Any], Any]] = {"==": pc.equal, "!=": pc.not_equal, ">=": pc.greater_equal,
                                                 "<=": pc.less_equal, ">": pc.greater, "<": pc.less}


def label_expression(design: Design) -> Expression:
    """The tree of `framing.label.is`."""
    try:
        return parse(design.framing.label.is_)
    except DesignError as error:
        raise DesignError("framing.label.is", error.problem, error.hint) from None


def label_columns(design: Design) -> frozenset[str]:
    """The columns that the label and its further actions read."""
    return label_expression(design).columns() | set(design.framing.label.also)


def weak_columns(design: Design) -> frozenset[str]:
    """The columns that the weak label reads, where there is one."""
    return parse(design.framing.label.weak).columns() if design.framing.label.weak is not None else frozenset()


def is_numeric(design: Design) -> bool:
    """Whether the label is the number that a column holds, not whether a condition is met."""
    return TASKS[design.framing.task].numeric and isinstance(label_expression(design), Column)


def targets(design: Design, table: pa.Table, learn: bool = False) -> F32:
    """[rows] what is to be predicted: the label's number, or 1 where it holds, and the weights of further actions.

    To `learn` from, the weak label stands for it where there is one.
    """
    expression = _told(design, learn)
    if is_numeric(design):
        assert isinstance(expression, Column)
        column = table.column(expression.name)
        if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
            raise DataError("framing.label.is", f"column '{expression.name}' is of type {column.type}, expected numbers",
                            "Name a numeric column, or a condition.")
        return np.asarray(column.to_numpy(), dtype=np.float32)
    total = expression_mask(expression, table).astype(np.float32)
    for action, weight in design.framing.label.also.items():
        total += np.float32(weight) * expression_mask(Column(action), table)
    return total


def actions(design: Design, table: pa.Table) -> dict[str, F32]:
    """Action → [rows] whether it followed: the label's own, under its text, and each further one."""
    label = design.framing.label
    found = {label.is_: label_expression(design), **{action: Column(action) for action in label.also}}
    return {name: expression_mask(expression, table).astype(np.float32) for name, expression in found.items()}


def judged(design: Design, table: pa.Table, learn: bool = False) -> Bools:
    """[rows] whether every column of the label is known."""
    known = np.ones(len(table), dtype=np.bool_)
    for name in _told(design, learn).columns():
        known &= np.asarray(table.column(name).is_valid())
    return known


def _told(design: Design, learn: bool) -> Expression:
    weak = design.framing.label.weak
    return parse(weak) if learn and weak is not None else label_expression(design)


def expression_mask(expression: Expression, table: pa.Table) -> Bools:
    """Where the expression holds, [rows]; it does not hold where a missing value leaves it open.

    Raises `DataError` where a column and the value it is held against are of different kinds.
    """
    holds = pc.fill_null(_holds(expression, table), False)
    return np.asarray(holds.to_numpy(), dtype=np.bool_)


def _holds(expression: Expression, table: pa.Table) -> Any:
    match expression:
        case Column(name):
            return _true(name, table.column(name))
        case Compare(Column(name), operator, value):
            return _compared(name, table.column(name), operator, value)
        case Not(term):
            return pc.invert(_holds(term, table))
        case And(terms):
            return reduce(pc.and_kleene, (_holds(term, table) for term in terms))
        case Or(terms):
            return reduce(pc.or_kleene, (_holds(term, table) for term in terms))


def _true(name: str, column: pa.ChunkedArray) -> Any:
    """A column by itself: true, not zero, or, for a moment, that there is one."""
    if pa.types.is_boolean(column.type):
        return column
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return pc.not_equal(column, 0)
    if pa.types.is_temporal(column.type):
        return column.is_valid()
    raise DataError("framing.label.is", f"column '{name}' of type {column.type} is neither true nor false",
                    f"Compare it with a value: {written(name)} == 'yes'.")


def _compared(name: str, column: pa.ChunkedArray, operator: str, value: Any) -> Any:
    if pa.types.is_boolean(column.type) and not isinstance(value, bool):
        column = column.cast(pa.int8())  # clicked == 1
    try:
        if operator == "in":
            return pc.is_in(column, value_set=pa.array(value).cast(column.type))
        return COMPARE[operator](column, value)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise DataError("framing.label.is", f"column '{name}' of type {column.type} cannot be held against {value!r}",
                        "Put text in quotes and numbers without; a date can only stand alone.") from None
