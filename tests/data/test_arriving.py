from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
from io import BytesIO, StringIO
from pathlib import Path
from time import time
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from sevenfold.data import sources
from sevenfold.data.arriving import LONGEST, Arrived, arriving, quarantine
from sevenfold.data.times import microseconds
from sevenfold.errors import DataError

COLUMNS = {"time": pa.int64(), "user": pa.int64(), "item": pa.string(), "price": pa.float64(), "clicked": pa.bool_(),
           "at": pa.timestamp("s")}
HEADER = ",".join(COLUMNS)
GOOD = "1500000000,7,a,0.5,true,2017-07-14 02:40:00"
NEEDED = ("user", "item")


def read(source: Any, **options: Any) -> list[Arrived]:
    return list(arriving(source, **{"columns": COLUMNS, "needed": NEEDED, "times": ["time"], **options}))


def text(*lines: str | bytes) -> BytesIO:
    return BytesIO(b"\n".join(line.encode() if isinstance(line, str) else line for line in lines) + b"\n")


def refusal(source: BytesIO, kind: str, **options: Any) -> tuple[int, str, str]:
    """The one row refused, among others that are taken."""
    [arrived] = read(source, kind=kind, **options)
    [refused] = arrived.refused
    assert len(arrived.rows) == arrived.table.num_rows == len(next(iter(arrived.times.values()))) > 0
    return refused.row, refused.reason, refused.raw


@pytest.mark.parametrize(("line", "reason"), [
    ("1500000000,,a,0.5,true,", "column 'user' is empty"),
    (",7,a,0.5,true,", "column 'time' is empty"),
    ("1500000000,abc,a,0.5,true,", "column 'user': expected a whole number (int64), got 'abc'"),
    ("1500000000,12.5,a,0.5,true,", "column 'user': expected a whole number (int64), got '12.5'"),
    ("1500000000,7,a,cheap,true,", "column 'price': expected a number (double), got 'cheap'"),
    ("1500000000,7,a,inf,true,", "column 'price': expected a number (double), got 'inf'"),
    ("1500000000,7,a,0.5,maybe,", "column 'clicked': expected true or false (bool), got 'maybe'"),
    ("1500000000,7,a,0.5,true,soon", "column 'at': expected a time (timestamp[s]), got 'soon'"),
    ("1500000000,7,a,0.5,true", "expected 6 fields, got 5"),
    ("1500000000,7,a,0.5,true,,", "expected 6 fields, got 7"),
    ('1500000000,7,"a,0.5,true,', "unexpected end of data"),
    ('1500000000,7,"a"b,0.5,true,', "',' expected after '\"'"),
    ("1500000000,7,a\rb,0.5,true,", "new-line character seen in unquoted field"),
    (b"1500000000,7,caf\xe9,0.5,true,", "the line is not UTF-8 text"),
])
def test_what_a_line_of_csv_is_refused_for(line, reason):
    row, found, raw = refusal(text(HEADER, GOOD, line, GOOD, GOOD), "csv")
    assert (row, raw) == (3, line if isinstance(line, str) else line.decode(errors="backslashreplace"))
    assert found.startswith(reason)


@pytest.mark.parametrize(("changes", "reason"), [
    ({"user": None}, "column 'user' is empty"),
    ({"user": "12"}, "column 'user': expected a whole number (int64), got '\"12\"'"),
    ({"user": 12.5}, "column 'user': expected a whole number (int64), got '12.5'"),
    ({"item": 5}, "column 'item': expected text (string), got '5'"),
    ({"item": {"id": 5}}, "column 'item': expected text (string), got '{\"id\": 5}'"),
    ({"price": [1]}, "column 'price': expected a number (double), got '[1]'"),
    ({"price": float("inf")}, "column 'price': expected a number (double), got 'Infinity'"),
    ({"time": "now"}, "column 'time': expected a time in seconds since 1970, or ms, µs, ns by their size (int64), got '\"now\"'"),
    ({"at": "2017-13-01"}, "column 'at': expected a time (timestamp[s]), got '\"2017-13-01\"'"),
])
def test_what_a_json_object_is_refused_for(changes, reason):
    good = {"time": 1_500_000_000, "user": 7, "item": "a"}
    bad = json.dumps({**good, **changes})
    assert refusal(text(json.dumps(good), bad, json.dumps(good)), "jsonl") == (2, reason, bad)


@pytest.mark.parametrize(("line", "reason"), [
    ('{"time": 1,', "is no JSON: expecting property name enclosed in double quotes at column 12"),
    ("[1]", "is no JSON object"),
    ('{"time": 1} {"time": 2}', "is no JSON: extra data at column 13"),
    ("[" * 100_000, "maximum recursion depth exceeded"),
    ('{"time": 1, "user": 1, "user": 2, "item": "a"}', "a key stands twice in one object"),
    ("{}", "column 'user' is empty"),
    ('{"user": "' + "x" * LONGEST + '"}', f"the line is longer than {LONGEST} bytes"),
])
def test_what_is_no_json_object(line, reason):
    good = '{"time": 1500000000, "user": 7, "item": "a"}'
    row, found, raw = refusal(text(good, "", line, good), "jsonl")
    assert (row, raw) == (3, line[:LONGEST + 1])
    assert found.startswith(reason)


def test_unknown_columns_are_told_once_and_the_log_s_are_completed():
    first, second = read(text('{"time": 1, "user": 1, "item": "a", "x": 1}',
                              '{"y": {}, "x": [], "time": 2, "user": 2, "item": "b"}',
                              '{"time": 3, "user": 3, "item": "c", "x": "z", "w": 0}'), kind="jsonl", chunk=2)
    assert (first.unknown, second.unknown) == (("x", "y"), ("w",))
    assert first.table.schema == second.table.schema == pa.schema(list(COLUMNS.items()))
    assert first.table.column("price").to_pylist() == [None, None]
    [arrived] = read(text("a,time,user,item", "?,1,2,b"), kind="csv", columns={**COLUMNS, "a": pa.null()})
    assert (arrived.unknown, arrived.refused) == ((), ())
    assert arrived.table.column("a").to_pylist() == [None]


@pytest.mark.parametrize(("written", "expected"), [
    ("2017-07-14T02:40:00", 0), ("2017-07-14T02:40:00.123456", 123_456), ("2017-07-14T04:40:00.5+02:00", 500_000),
    ("2017-07-14T02:40:00.123456789Z", 123_456), ("1500000000", 0), ("1500000000250", 250_000)])
@pytest.mark.parametrize("kind", [pa.timestamp("s"), pa.timestamp("us", "UTC"), pa.timestamp("ns")], ids=str)
def test_a_time_is_read_as_the_log_s_times_are_whatever_its_type(written, expected, kind):
    columns = {**COLUMNS, "at": kind}
    [arrived] = read(text("time,user,item,at", f"1,2,a,{written}", "1,2,a,2017-07-14", "1,2,a,soon"), kind="csv",
                     columns=columns, times=["time", "at"])
    assert arrived.times["at"].tolist() == [1_500_000_000_000_000 + expected, 1_499_990_400_000_000]
    assert arrived.table.schema.field("at").type == kind


def test_numbers_of_several_units_are_read_one_by_one():
    [arrived] = read(text("time,user,item", "1500000000,1,a", "1500000000250,1,a", "1500000001,1,a", "0,1,a"), kind="csv")
    assert arrived.times["time"].tolist() == [1_500_000_000_000_000, 1_500_000_000_250_000, 1_500_000_001_000_000, 0]


def test_parquet_of_other_types(tmp_path):
    table = pa.table({"time": pa.array([1_500_000_000_250, None, 1_500_000_000_250], pa.int64()), "user": [1.0, 2.0, 2.5],
                      "item": pa.array(["a", "b", "c"]).dictionary_encode(), "at": pa.array([1, 2, 3], pa.int64()),
                      "clicked": [None, True, False], "price": pa.array([float("nan"), 1, 2], pa.float32())})
    parquet.write_table(table, tmp_path / "new.parquet")
    [arrived] = read(tmp_path / "new.parquet")
    assert arrived.table.to_pylist() == [{"time": 1_500_000_000_250, "user": 1, "item": "a", "price": None, "clicked": None,
                                          "at": dt.datetime(1970, 1, 1, 0, 0, 1)}]
    assert [(row.row, row.reason) for row in arrived.refused] == [
        (2, "column 'time' is empty"), (3, "column 'user': expected a whole number (int64), got '2.5'")]
    assert json.loads(arrived.refused[0].raw)["item"] == "b"


def test_parquet_of_the_log_s_own_types_is_taken_as_it_is(tmp_path):
    columns = {**COLUMNS, "tags": pa.list_(pa.string()), "at": pa.timestamp("ns")}
    table = pa.table({"time": [*range(10)], "user": [*range(10)], "item": ["a"] * 10, "price": [0.5] * 10, "clicked": [True] * 10,
                      "at": range(10), "tags": [["p", None]] * 10}, schema=pa.schema(list(columns.items())))
    parquet.write_table(table, tmp_path / "new.parquet")
    chunks = read(tmp_path / "new.parquet", columns=columns, chunk=3)
    assert [chunk.rows.tolist() for chunk in chunks] == [[1, 2, 3], [4, 5, 6], [7, 8, 9], [10]]
    assert pa.concat_tables(chunk.table for chunk in chunks).equals(table)


def test_a_nested_column_of_parquet(tmp_path):
    parquet.write_table(pa.table({"time": [1], "user": [1], "item": [{"id": 1}], "extra": [[1]]}), tmp_path / "new.parquet")
    [arrived] = read(tmp_path / "new.parquet")
    assert arrived.refused[0].reason == "column 'item': expected text (string), got '{\"id\": 1}'"
    assert arrived.unknown == ("extra",)


@pytest.mark.parametrize(("name", "content", "problem", "hint"), [
    ("new.csv", b"time,usr,item\n1,2,a\n", "no column is called 'user'", "Did you mean 'usr'?"),
    ("new.csv", b"time,user,item,user\n1,2,a,2\n", "two columns are called 'user'", "Rename one of them"),
    ("new.csv", b"caf\xe9\n1\n", "cannot be read: line 1 is not UTF-8 text", "Check that the file is whole"),
    ("new.csv.gz", gzip.compress(b"time,user,item\n1,2,a\n" * 99, mtime=0)[:-9],
     "cannot be read: compressed file ended", "is whole"),
    ("new.csv.gz", b"time,user,item\n", "cannot be read: not a gzipped file", "is whole"),
    ("new.parquet", b"PAR1", "cannot be read: ", "is whole"),
    ("new.txt", b"", "no reader for '.txt' files", "Known kinds: .parquet"),
    ("none.csv", None, "cannot be read: [Errno 2] No such file", "is whole"),
])
def test_what_cannot_be_read(tmp_path, name, content, problem, hint):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        read(tmp_path / name)
    assert f"events ({name}): {problem}" in str(caught.value)
    assert hint in caught.value.hint
    with pytest.raises(DataError, match=r"events \(standard input\): no reader for 'standard input' files"):
        read(BytesIO())


def test_refused_rows_are_kept(tmp_path):
    for source in (text(HEADER, "x,7,ü,0.5,true,"), text(HEADER, b"\xff")):
        quarantine(tmp_path / "refused.jsonl", read(source, kind="csv")[0].refused)
    lines = [json.loads(line) for line in (tmp_path / "refused.jsonl").read_text("utf-8").splitlines()]
    expected = "column 'time': expected a time in seconds since 1970, or ms, µs, ns by their size (int64), got 'x'"
    assert lines == [{"row": 2, "reason": expected, "raw": "x,7,ü,0.5,true,",
                      "column": "time", "hint": ""},
                     {"row": 2, "reason": "the line is not UTF-8 text", "raw": "\\xff", "column": "", "hint": ""}]


NOW = 1_600_000_000_000_000  # µs


@pytest.mark.parametrize(("moment", "kind", "reads", "written"), [
    ("1700000000", pa.int64(), "2023-11-14T22:13:20", "seconds since 1970, or ms"),
    ("1700000000000", pa.float64(), "2023-11-14T22:13:20", "seconds since 1970, or ms"),
    ("2036-03-30 10:00:00", pa.timestamp("s"), "2036-03-30T10:00:00", "ISO 8601."),
    ("1700000000", pa.string(), "2023-11-14T22:13:20", "ISO 8601, or seconds")])
def test_a_time_of_the_future_is_refused_with_what_it_reads_as(moment: str, kind: pa.DataType, reads: str, written: str) -> None:
    lines = [f"{moment},1,a", *["1500000000,1,a"] * 5, "1600000000,1,a"]
    [arrived] = read(text("time,user,item", *lines), kind="csv", columns={**COLUMNS, "time": kind}, latest=lambda: NOW)
    assert arrived.rows.tolist() == [3, 4, 5, 6, 7, 8]
    [refused] = arrived.refused
    assert (refused.row, refused.column) == (2, "time")
    assert refused.reason == f"column 'time': '{moment}' reads as {reads}, more than a day from now"
    assert refused.hint.startswith(f"Times here are {written}")


def test_by_default_now_is_what_the_wall_clock_says() -> None:
    now = int(time())
    [arrived] = read(text("time,user,item", f"{now + 80_000},1,a", f"{now + 90_000},1,a"), kind="csv")
    assert (arrived.rows.tolist(), [one.row for one in arrived.refused]) == ([2], [3])


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0\x1a"), max_size=5).map("x{}".format)
PRICES = st.none() | st.floats(allow_nan=False, allow_infinity=False)
ROWS = st.builds(lambda *values: dict(zip(COLUMNS, values)), st.integers(1, 10**10), st.integers(-(2**63), 2**63 - 1),
                 TEXTS, PRICES, st.booleans())
BAD = {"csv": st.sampled_from(["", "1", "1,2,3,4,5,6", "x,1,a,,true", "1,,a,,true", '1,1,"a,,true', "1,1,a,x,true"]),
       "jsonl": st.sampled_from(["{", "1", "{}", '{"time": "x", "user": 1, "item": "a"}',
                                 '{"time": 1, "user": 1.5, "item": "a"}'])}
SPECIMENS = {name: kind for name, kind in COLUMNS.items() if name != "at"}


def written(kind: str, row: dict[str, Any]) -> str:
    if kind == "jsonl":
        return json.dumps(row, ensure_ascii=False)
    lines = StringIO()
    csv.writer(lines, lineterminator="").writerow(row.values())
    return lines.getvalue()


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), size=st.integers(1, 7))
def test_every_row_is_taken_as_the_log_s_own_reader_takes_it_or_refused(tmp_path: Path, kind: str, data: Any, size: int) -> None:
    rows = data.draw(st.lists(ROWS | BAD[kind], min_size=1, max_size=20))
    lines = [row if isinstance(row, str) else written(kind, row) for row in rows]
    head = [",".join(SPECIMENS)] if kind == "csv" else []
    chunks = read(text(*head, *lines), kind=kind, columns=SPECIMENS, chunk=size, latest=lambda: 10**17)
    assert all(len(chunk.rows) + len(chunk.refused) <= size for chunk in chunks)
    numbers = [number for chunk in chunks for number in chunk.rows.tolist()]
    refused = {row.row: row.raw for chunk in chunks for row in chunk.refused}
    expected = dict(enumerate(lines, len(head) + 1))
    assert numbers == [number for number, row in zip(expected, rows) if not isinstance(row, str)]
    assert refused == {number: line for number, line in expected.items() if number not in numbers and line}
    good = [expected[number] for number in numbers]
    if good:
        name = f"good.{kind}"
        (tmp_path / name).write_bytes(text(*head, *good).getvalue())
        own = sources.read(sources.find(name, folder=tmp_path, where="data.events"), SPECIMENS)
        taken = pa.concat_tables(chunk.table for chunk in chunks)
        for column in own.column_names:
            assert taken.column(column).to_pylist() == own.column(column).cast(SPECIMENS[column]).to_pylist()
        assert np.concatenate([chunk.times["time"] for chunk in chunks]).tolist() == [
            microseconds(own.column("time").slice(at, 1), where="").item() for at in range(len(own))]
