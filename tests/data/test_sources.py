from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from sevenfold.data import sources
from sevenfold.errors import DataError

ROWS = {"user": [1, 2], "item": ["a", "b"], "score": [0.5, None]}


def load(folder: Path, name: str, *columns: str) -> pa.Table:
    source = sources.find(name, folder=folder, where="data.events")
    return sources.read(source, columns or source.columns)


def write(folder: Path, name: str, text: str | bytes) -> str:
    content = text.encode() if isinstance(text, str) else text
    (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return name


CSV = "user,item,score\n1,a,0.5\n2,b,\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", CSV),
        ("t.csv", "\ufeff" + CSV),
        ("t.csv", CSV.replace(",", ";")),
        ("t.csv", CSV.replace(",", "\t")),
        ("t.csv.gz", CSV),
        ("t.tsv", CSV.replace(",", "\t")),
        ("t.tab", CSV.replace(",", "\t")),
        ("t.dat", CSV.replace(",", "\t")),
        ("t.jsonl", "\n".join(json.dumps(dict(zip(ROWS, row))) for row in zip(*ROWS.values()))),
        ("t.ndjson.gz", '{"user": 1, "item": "a", "score": 0.5}\n{"user": 2, "item": "b"}\n'),
    ],
)
def test_every_kind_of_text_gives_the_same_table(tmp_path, name, text):
    assert load(tmp_path, write(tmp_path, name, text)).to_pydict() == ROWS


def test_parquet_and_the_projection(tmp_path):
    table = pa.table({**ROWS, "kind": pa.array(["x", "x"]).dictionary_encode()})
    table = table.append_column("tags", pa.array([["p"], []], pa.large_list(pa.large_string())))
    parquet.write_table(table, tmp_path / "t.parquet")
    assert load(tmp_path, "t.parquet").schema.field("tags").type == pa.list_(pa.string())
    assert load(tmp_path, "t.parquet", "kind", "user").to_pydict() == {"user": [1, 2], "kind": ["x", "x"]}
    assert load(tmp_path, "t.parquet").schema.field("kind").type == pa.string()


def test_only_the_columns_asked_for_are_converted(tmp_path):
    name = write(tmp_path, "t.csv", b"user,note\n1,caf\xe9\n2,x\n")
    assert load(tmp_path, name, "user").to_pydict() == {"user": [1, 2]}


def test_tabs_hold_quotes_and_blanks_are_missing(tmp_path):
    assert load(tmp_path, write(tmp_path, "t.tsv", 'a\tb\n"hi\tx\nyo\t\n')).to_pydict() == {
        "a": ['"hi', "yo"],
        "b": ["x", None],
    }
    assert load(tmp_path, write(tmp_path, "t.csv", "a,b\nNA,1\n,2\nx,3\n")).to_pydict() == {
        "a": ["NA", None, "x"],
        "b": [1, 2, 3],
    }


def test_not_a_number_is_missing(tmp_path):
    parquet.write_table(pa.table({"a": [1.0, float("nan")]}), tmp_path / "t.parquet")
    assert load(tmp_path, "t.parquet")["a"].to_pylist() == [1.0, None]


def refused(folder: Path, name: str, *parts: str) -> None:
    with pytest.raises(DataError) as caught:
        load(folder, name)
    for part in parts:
        assert part in str(caught.value)


def test_missing_files(tmp_path):
    write(tmp_path, "ratings.csv", CSV)
    refused(tmp_path, "rating.csv", "data.events.path: there is no file '", "hint: Did you mean 'ratings.csv'?")
    refused(tmp_path, "absent/x.csv", "there is no file", "is missing or empty.")
    refused(tmp_path, "x.xlsx", "no reader for '.xlsx' files", "Known endings: .parquet, .pq, .csv")
    (tmp_path / "folder.csv").mkdir()
    refused(tmp_path, "folder.csv", "there is no file")


def test_empty_files(tmp_path):
    refused(tmp_path, write(tmp_path, "e.csv", ""), "the file 'e.csv' is empty", "Give a file with a header and rows.")
    refused(tmp_path, write(tmp_path, "h.csv", "a,b\n"), "data.events.path (h.csv): holds no rows", "at least one row")
    parquet.write_table(pa.table({"a": pa.array([], pa.int64())}), tmp_path / "h.parquet")
    refused(tmp_path, "h.parquet", "holds no rows")


def test_text_that_is_not_utf8(tmp_path):
    refused(
        tmp_path,
        write(tmp_path, "t.csv", b"a,b\n1,x\n2,caf\xe9\n"),
        "column 'b' is not UTF-8 text (line 3)",
        "iconv -f latin1",
    )
    refused(tmp_path, write(tmp_path, "h.csv", b"a,caf\xe9\n1,x\n"), "line 1 is not UTF-8 text")
    refused(tmp_path, write(tmp_path, "t.jsonl", b'{"a": "caf\xe9"}\n'), "the lines are not JSON objects in UTF-8")


def test_damaged_files(tmp_path):
    refused(
        tmp_path,
        write(tmp_path, "t.parquet", b"PAR1 no"),
        "data.events.path (t.parquet): cannot be read: ",
        "Check that the file is whole",
    )
    refused(tmp_path, write(tmp_path, "t.csv", "a,b\n1,2\n3\n"), "cannot be read: ", "Expected 2 columns, got 1")
    refused(tmp_path, write(tmp_path, "t.jsonl", "[1]\n"), "the lines are not JSON objects")
    refused(tmp_path, write(tmp_path, "t.csv", "a,a\n1,2\n"), "two columns are called 'a'", "Rename one of them.")
    (tmp_path / "t.csv.gz").write_bytes(b"not zipped")
    refused(tmp_path, "t.csv.gz", "cannot be read: ")


def test_infinite_numbers(tmp_path):
    parquet.write_table(pa.table({"a": [1.0, float("-inf")]}), tmp_path / "t.parquet")
    refused(
        tmp_path,
        "t.parquet",
        "data.events (t.parquet): column 'a' holds an infinite number in row 2",
        "an empty field is a missing value.",
    )


def test_wrong_columns(tmp_path):
    source = sources.find(write(tmp_path, "t.csv", "timestamp,user\n1,2\n"), folder=tmp_path, where="data.events")
    with pytest.raises(
        DataError,
        match=r"data.events.time \(t.csv\): no column is called 'timestmp'\n    hint: Did you mean 'timestamp'?",
    ):
        sources.check_columns(source, [("user", "user"), ("item", None), ("time", "timestmp")])
    with pytest.raises(DataError, match=r"hint: Known names: timestamp, user\."):
        sources.check_columns(source, [("time", "when")])
