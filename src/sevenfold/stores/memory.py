"""A store in this process's memory: for tests, and gone with the process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import RLock

from sevenfold.stores.contract import Make, Store, checked

WHERE = "memory://"


class Memory(Store):
    """A dict and a list behind one lock."""

    durable = False

    def __init__(self) -> None:
        self._state: dict[bytes, bytes] = {}
        self._log: list[bytes] = []
        self._lock = RLock()  # a `make` may read the store that it changes

    def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """The value of each key at one moment."""
        with self._lock:
            return [self._state.get(key) for key in checked(keys, WHERE)]

    def change(self, keys: Sequence[bytes], make: Make) -> int:
        """Read, make and write under the lock; the offset of the first event."""
        with self._lock:
            change = make(self.get(keys))
            checked(tuple(change.puts), WHERE)
            for key, value in change.puts.items():
                if value is None:
                    self._state.pop(key, None)
                else:
                    self._state[key] = value
            for offset, event in change.redacted.items():
                self._log[offset] = event
            self._log.extend(change.events)
            return len(self._log) - len(change.events)

    def events(self, start: int = 0, most: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Offsets and events in order."""
        end = None if most is None else start + most
        while start != end and start < len(self._log):
            yield start, self._log[start]
            start += 1

    def __len__(self) -> int:
        return len(self._log)

    def scan(self, prefix: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """Keys and values as they are at the first step."""
        with self._lock:
            found = sorted(item for item in self._state.items() if item[0].startswith(prefix))
        yield from found

    def close(self) -> None:
        """Nothing to let go of."""
