from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import lmdb
import pytest

from sevenfold import stores
from sevenfold.stores import Change, StoreError
from sevenfold.stores import lmdb as module
from sevenfold.stores.lmdb import Lmdb


def put(store: Lmdb, key: bytes, value: bytes) -> int:
    return store.change([], lambda _: Change({key: value}, [key]))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stores begin with a map of 1 MiB."""
    monkeypatch.setattr(module, "MAP", 1 << 20)


@pytest.mark.usefixtures("small")
def test_the_map_grows_under_readers(tmp_path):
    wrong, done = [], threading.Event()
    with Lmdb(tmp_path) as store:
        put(store, b"a", b"1")

        def read() -> None:
            while not done.is_set():
                wrong.extend(value for value in store.get([b"a"]) if value != b"1")

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        for number in range(40):
            put(store, b"%d" % number, bytes(500_000))
        done.set()
        for reader in readers:
            reader.join()
        assert not wrong
        assert [int(event) for _, event in store.events(1)] == list(range(40))


@pytest.mark.usefixtures("small")
def test_another_process_enlarges_the_map(tmp_path):
    script = """if True:
        import sys
        from sevenfold import stores
        with stores.open(sys.argv[1]) as store:
            store.change([], lambda _: stores.Change({b"large": bytes(5_000_000)}, [b"event"]))
    """
    for begin in (lambda: store.get([b"large"])[0], lambda: dict(store.scan())[b"large"],
                  lambda: store.change([b"large"], lambda old: Change(events=old)) and store.get([b"large"])[0]):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        with Lmdb(folder) as store:
            subprocess.run([sys.executable, "-c", script, f"lmdb://{folder}"], check=True)
            assert begin() == bytes(5_000_000)


@pytest.mark.usefixtures("small")
def test_a_scan_ends_with_an_error_where_the_map_grows(tmp_path):
    with Lmdb(tmp_path) as store:
        store.change([], lambda _: Change({b"%03d" % number: b"" for number in range(300)}))
        found = store.scan()
        next(found)
        put(store, b"large", bytes(5_000_000))
        with pytest.raises(StoreError, match="hint: The store grew or was closed during the scan: scan again"):
            list(found)


def test_a_scan_is_a_snapshot(tmp_path):
    with Lmdb(tmp_path) as store:
        store.change([], lambda _: Change({b"%04d" % number: b"old" for number in range(1000)}))
        found = store.scan(b"0")
        first = next(found)
        store.change([], lambda _: Change({b"%04d" % number: None for number in range(1000)}))
        assert [first, *found] == [(b"%04d" % number, b"old") for number in range(1000)]
        assert list(store.scan()) == []


def refused(path: Path, *parts: str) -> None:
    with pytest.raises(StoreError) as caught:
        stores.open(f"lmdb://{path}")
    for part in (f"lmdb://{path}: ", *parts):
        assert part in str(caught.value)


def test_what_is_no_store(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    refused(tmp_path, "is no store: the folder holds 'notes.txt'")
    refused(tmp_path / "notes.txt", "cannot be made a folder: ")
    shutil.rmtree(tmp_path)
    with lmdb.open(str(tmp_path)) as foreign, foreign.begin(write=True) as transaction:
        transaction.put(b"key", b"value")
    refused(tmp_path, "is not one of Sevenfold's", "hint: Name another folder.")
    with lmdb.open(str(tmp_path)) as foreign, foreign.begin(write=True) as transaction:
        transaction.put(b"format", b"9")
    refused(tmp_path, "expected format b'1', got b'9'")


def test_a_damaged_store(tmp_path):
    with Lmdb(tmp_path) as store:
        put(store, b"large", bytes(5_000_000))
    data = tmp_path / "data.mdb"
    whole = data.read_bytes()
    data.write_bytes(whole[:len(whole) // 2])
    refused(tmp_path, "is damaged: ", "hint: Name another folder, or bring this one back from a copy.")
    data.write_bytes(b"\0" * len(whole))
    refused(tmp_path, "is damaged or no LMDB environment: ")
    data.write_bytes(whole)
    with Lmdb(tmp_path) as store:
        assert store.get([b"large"]) == [bytes(5_000_000)]


def test_a_file_that_ends_before_unused_pages_is_whole(tmp_path):
    """LMDB does not write a page that a transaction takes and gives back."""
    Lmdb(tmp_path).close()
    data, rng = tmp_path / "data.mdb", random.Random(1)
    with lmdb.open(str(tmp_path), map_size=1 << 30, max_dbs=2) as environment:
        state = environment.open_db(b"state")
        while data.stat().st_size >= 4096 * (1 + environment.info()["last_pgno"]):
            with environment.begin(write=True) as transaction:
                for _ in range(20):
                    transaction.put(b"%d" % rng.randrange(40), bytes(rng.choice([1, 3000, 50_000])), db=state)
                    transaction.delete(b"%d" % rng.randrange(40), db=state)
    with Lmdb(tmp_path) as store:
        assert put(store, b"a", b"1") == 0


def test_a_folder_is_opened_once_in_a_process(tmp_path):
    with stores.open(f"lmdb://{tmp_path}") as store:
        refused(tmp_path, "is already open in this process")
        store.close()
        with pytest.raises(StoreError, match="cannot be used: Attempt to operate on closed"):
            store.get([b"a"])


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace: apt-get install strace")
def test_a_change_is_on_disk_before_it_returns(tmp_path):
    script = """if True:
        import os, sys
        from sevenfold import stores
        with stores.open(sys.argv[1]) as store:
            for _ in range(3):
                os.write(1, b"begin")
                store.change([], lambda _: stores.Change({b"a": b"1"}, [b"event"]))
                os.write(1, b"returned")
    """
    trace = tmp_path / "trace"
    subprocess.run(["strace", "-f", "-o", trace, "-e", "trace=openat,write,pwrite64,writev,pwritev,fsync,fdatasync,msync",
                    sys.executable, "-c", script, f"lmdb://{tmp_path / 'store'}"], check=True, stdout=subprocess.PIPE)
    text = trace.read_text()
    roots = set(re.findall(r'store/data\.mdb", [^,]*O_DSYNC[^,]*\) = (\d+)', text))
    for part in re.findall(r'write\(1, "begin".*?write\(1, "returned"', text, re.DOTALL):
        calls = re.findall(r"(pwrite64|writev|pwritev|fdatasync|fsync)\((\d+)", part)
        assert len(calls) >= 3
        assert [name for name, _ in calls[-2:]] == ["fdatasync", "pwrite64"]
        assert calls[-1][1] in roots
    assert text.count('write(1, "returned"') == 3
