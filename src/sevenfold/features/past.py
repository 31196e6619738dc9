"""What a feature may be fitted on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from sevenfold.errors import DataError, DesignError, nearest
from sevenfold.features.columns import millionths
from sevenfold.features.window import EVENTS as EVENTS
from sevenfold.features.window import LABEL as LABEL
from sevenfold.features.window import Waits
from sevenfold.nouns import Array, Bools, Data, Entities

State = Mapping[str, Array]  # what a fit has frozen
KEYS = ("user", "item", "pair")


@dataclass(frozen=True)
class Fitted:
    """What a kind has learned of the past: its frozen state, and the endings of its columns' names."""

    state: State = field(default_factory=dict)
    columns: tuple[str, ...] = ("",)


@dataclass(frozen=True, kw_only=True)
class Past:
    """What a feature may be fitted on: everything that was available strictly before the cut."""

    where: str  # the feature's path in the document
    group: str
    data: Data
    cut: int
    waits: Waits
    clock: str | None = None  # the column that holds the events' time

    def windowed(self, over: float | None = None, half_life: float | None = None) -> None:
        """Refuse a group whose members have no events, and a window that both ends and fades."""
        if self.group not in KEYS:
            raise DesignError(self.where, f"a windowed feature belongs to {', '.join(KEYS)}, got '{self.group}'",
                              "Move it to the group whose events it reads.")
        if over is not None and half_life is not None:
            raise DesignError(self.where, "a window ends with 'over' or fades with 'half_life', got both", "Keep one of the two.")

    def request_time(self, column: str) -> None:
        """Refuse a column that is not the moment of the request itself."""
        if self.group != "context" or column != self.clock:
            raise DesignError(self.where, f"expected a feature of context that reads the events' time '{self.clock}', "
                              f"got one of {self.group} that reads '{column}'", "A request tells its own time alone.")

    @property
    def entities(self) -> Entities:
        """The users or the items, where the feature is of these."""
        return self._of(self.group)

    def _of(self, group: str) -> Entities:
        if group in ("user", "item"):
            return self.data.users if group == "user" else self.data.items
        raise DesignError(self.where, f"expected a feature of user or item, got '{group}'",
                          "Only users and items have a table of attributes.")

    def events(self, *columns: str) -> Bools:
        """[n] of which events these columns were known before the cut."""
        return self.data.log.available + self.waits.of(EVENTS, *columns) < self.cut

    def existing(self, entities: Entities) -> Bools:
        """[entities] which existed at the cut: born before it, else seen before it."""
        if entities.born is not None:
            return entities.born < self.cut
        log = self.data.log
        codes = (log.item if entities is self.data.items else log.user)[self.events()]
        seen = np.zeros(len(entities), dtype=np.bool_)
        seen[codes[(codes >= 0) & (codes < len(entities))]] = True
        return seen

    def source(self, name: str) -> str:
        """Whose column it is: the feature's own group's; of a pair the user's or the item's, else the request's."""
        if self.group != "pair":
            return self.group
        having = [key for key in ("user", "item") if name in self._of(key).table.column_names]
        if len(having) > 1:
            raise DesignError(self.where, f"both users and items have a column '{name}'", "Rename one of the two.")
        return having[0] if having else "context"

    def standing(self, name: str, group: str | None = None) -> pa.ChunkedArray:
        """What a column of users, items or requests held before the cut."""
        group = group or self.group
        if group == "context":
            return self.column(name).filter(pa.array(self.events(name)))
        entities = self._of(group)
        return self.column(name, entities.table).filter(pa.array(self.existing(entities)))

    def column(self, name: str, table: pa.Table | None = None) -> pa.ChunkedArray:
        """A whole column, of the events unless another table is given."""
        table = self.data.log.table if table is None else table
        if name not in table.column_names:
            raise DataError(self.where, f"there is no column '{name}'", nearest(name, table.column_names))
        return table[name]

    def totals(self, of: str) -> tuple[int, int]:
        """Sum and number of the known values of the label or a column, over all events before the cut."""
        if of == LABEL:
            labels = self.data.log.positive[self.events(of)]
            return int(labels.sum()), len(labels)
        values, known = millionths(self.column(of), self.where)
        known &= self.events(of)
        return int(values.sum(where=known)), int(known.sum())
