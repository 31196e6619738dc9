"""What every store does: values by key and a log of events, changed together or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self

from sevenfold.errors import StoreError

LONGEST_KEY = 511  # bytes: what LMDB takes


@dataclass(frozen=True)
class Change:
    """What one change writes: values by key (`None` deletes the key), the events that follow the log's last, and by their
    offset those that are redacted: others in their place."""

    puts: Mapping[bytes, bytes | None] = field(default_factory=dict)
    events: Sequence[bytes] = ()
    redacted: Mapping[int, bytes] = field(default_factory=dict)


Make = Callable[[list[bytes | None]], Change]


class Store(Protocol):
    """State that outlives a process; any number of threads share one store, and processes open one each.

    Events have offsets: 0, 1, 2 and so on, without a gap. A key has 1 to 511 bytes. `StoreError` where the store fails.
    """

    durable: bool  # whether what `change` acknowledges outlives a power cut

    def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """The value of each key at one moment; `None` where there is none."""
        ...

    def change(self, keys: Sequence[bytes], make: Make) -> int:
        """Read `keys`, make the change from their values and write it whole; the offset of its first event.

        No other writer changes `keys` between the reading and the writing: where one would, `make` is called again, so
        it must do nothing but compute. Returns once the change is durable. An error raised by `make` leaves everything
        as it was; after a `StoreError` the change may or may not have been written, and who sends it again tells by the
        ids in it whether it was.
        """
        ...

    def events(self, start: int = 0, most: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Offsets and events in order, from `start` to the end that the log has when it is reached."""
        ...

    def __len__(self) -> int:
        """How many events the log holds: the next one's offset."""
        ...

    def scan(self, prefix: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """Keys that begin with `prefix`, in order, and their values."""
        ...

    def close(self) -> None:
        """Let go of the store; a second call does nothing."""
        ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def checked(keys: Sequence[bytes], where: str) -> Sequence[bytes]:
    """The keys, where every store can hold each of them."""
    for key in keys:
        if not 1 <= len(key) <= LONGEST_KEY:
            raise StoreError(where, f"expected a key of 1 to {LONGEST_KEY} bytes, got {len(key)}: {key[:40]!r}",
                             "Use a shorter id, or its hash.")
    return keys
