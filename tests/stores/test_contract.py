"""What every store does: one suite, run on each."""

from __future__ import annotations

import random
import threading
import time
from itertools import islice

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sevenfold import stores
from sevenfold.stores import Change, Make, Store, StoreError
from stores.processes import agree, counting

KEYS = st.sampled_from([b"a", b"ab", b"b", b"\xff\x00", b"*[", b"\\"])
VALUES = st.one_of(st.none(), st.binary(max_size=20))
CHANGES = st.lists(st.tuples(st.dictionaries(KEYS, VALUES, max_size=3), st.lists(st.binary(max_size=5), max_size=3)), max_size=8)


def put(store: Store, puts: dict[bytes, bytes | None], *events: bytes) -> int:
    return store.change([], lambda _: Change(puts, events))


def watched(change: Change) -> tuple[list[bytes | None], Make]:
    """The values that a change is made from, and what makes it."""
    seen: list[bytes | None] = []

    def make(old: list[bytes | None]) -> Change:
        seen.extend(old)
        return change

    return seen, make


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES, keys=st.lists(KEYS), prefix=st.sampled_from([b"", b"a", b"*", b"\xff", b"\\", b"z"]),
       start=st.integers(0, 20), most=st.one_of(st.none(), st.integers(0, 5)))
def test_a_store_is_a_dict_and_a_list(store, changes, keys, prefix, start, most):
    state = dict(store.scan())
    log = [event for _, event in store.events()]
    for puts, events in changes:
        old, make = watched(Change(puts, events))
        assert store.change(list(puts), make) == len(log)
        assert old == [state.get(key) for key in puts]
        state = {key: value for key, value in {**state, **puts}.items() if value is not None}
        log += events
    assert store.get(keys) == [state.get(key) for key in keys]
    assert list(store.scan(prefix)) == sorted((key, value) for key, value in state.items() if key.startswith(prefix))
    start += max(0, len(log) - 10)
    assert list(store.events(start, most)) == list(islice(enumerate(log[start:], start), most))
    assert len(store) == len(log)


def test_an_error_while_the_change_is_made_leaves_everything_as_it_was(store):
    put(store, {b"a": b"1"}, b"first")

    def fail(old):
        assert old == [b"1"]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.change([b"a"], fail)
    with pytest.raises(StoreError):
        put(store, {b"a": b"2", b"": b"no such key"}, b"second")
    assert store.get([b"a"]) == [b"1"]
    assert list(store.events()) == [(0, b"first")]
    assert put(store, {}, b"second") == 1


@pytest.mark.parametrize("key", [b"", b"k" * 512])
def test_a_key_of_the_wrong_length(store, key):
    with pytest.raises(StoreError, match=f"expected a key of 1 to 511 bytes, got {len(key)}: b'k*'\n    hint: Use a shorter id"):
        store.get([key])
    put(store, {b"k" * 511: b"long"})
    assert store.get([b"k" * 511]) == [b"long"]


def test_threads_lose_no_update(store):
    def count(old):
        return Change({b"n": b"%d" % (int(old[0] or 0) + 1)}, [b"event"])

    def work():
        for _ in range(25):
            store.change([b"n"], count)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.get([b"n"]) == [b"100"]
    assert [offset for offset, _ in store.events()] == list(range(100))


def test_a_change_may_read_the_store(store):
    put(store, {b"a": b"1"}, b"event")
    assert store.change([b"a"], lambda old: Change({b"b": store.get([b"a"])[0]}, [b"%d" % len(store)])) == 1
    assert store.get([b"b"]) == [b"1"]


def test_large_values_and_many_events(store):
    large = random.Random(7).randbytes(5_000_000)
    put(store, {b"large": large, b"none": b""}, large, b"")
    assert store.get([b"large", b"none"]) == [large, b""]
    assert list(store.events()) == [(0, large), (1, b"")]
    assert put(store, {}, *(b"%d" % number for number in range(100_000))) == 2
    assert [(offset, int(event)) for offset, event in store.events(2)] == [(number + 2, number) for number in range(100_000)]


def test_changing_while_reading(store):
    put(store, {b"%03d" % number: b"old" for number in range(600)}, *[b"event"] * 600)
    seen = []
    for key, _ in store.scan():
        put(store, {key: b"new"}, b"later") if len(seen) < 3 else None
        seen.append(key)
    assert seen == [b"%03d" % number for number in range(600)]
    for offset, _ in store.events():
        if offset < 3:
            put(store, {}, b"last")
    assert (offset, len(store)) == (605, 606)


def test_it_is_there_when_opened_again(lasting):
    with stores.open(lasting) as store:
        put(store, {b"a": b"1"}, b"first")
        assert store.durable
    with stores.open(lasting) as store:
        assert store.get([b"a"]) == [b"1"]
        assert put(store, {}, b"second") == 1
    store.close()


def test_processes_lose_no_update(lasting):
    processes = [counting(lasting, f"writer{number}", 50) for number in range(4)]
    offsets = [int(line) for process in processes for line in process.communicate()[0].split()]
    assert sorted(offsets) == list(range(200))
    agree(lasting, offsets)


def test_what_a_killed_process_was_told_is_there(lasting):
    rng = random.Random(3)
    acknowledged: list[int] = []
    for number in range(20):
        process = counting(lasting, f"life{number}", 1_000_000)
        assert process.stdout is not None
        acknowledged.append(int(process.stdout.readline()))
        time.sleep(rng.uniform(0, 0.05))
        process.kill()
        acknowledged += [int(line) for line in process.communicate()[0].split("\n")[:-1]]
        agree(lasting, acknowledged)
    assert len(acknowledged) > 20


def test_an_event_is_redacted_in_its_place(store: Store) -> None:
    store.change([], lambda _: Change(events=[b"of ann", b"of bob", b"of ann too"]))
    first = store.change([b"n"], lambda _: Change({b"n": b"1"}, [b"more"], {0: b"of nobody", 2: b"-"}))
    assert first == 3
    assert [*store.events()] == [(0, b"of nobody"), (1, b"of bob"), (2, b"-"), (3, b"more")]
    assert store.get([b"n"]) == [b"1"]
