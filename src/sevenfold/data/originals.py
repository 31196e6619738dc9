"""Public data sets whose files hold more than one row a line, or a row in many lines: from the publishers' own formats.

A reader takes the table's first file and gives the whole table; the files beside it are those that `catalogue.json` names.
A step makes one more change to a table that was read line by line.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from sevenfold.data.formats import opened, read_delimited
from sevenfold.data.movielens import STEPS as MOVIELENS
from sevenfold.nouns import Array

PARTS = ("train", "dev", "test")
BEST = 5  # Cranfield's codes run from 1, a complete answer, to 4, of least interest


def packed(file: Path) -> Path:
    """The file, or the same one packed, where only that is there."""
    other = file.with_name(f"{file.name}.gz")
    return other if other.is_file() and not file.is_file() else file


def fields(file: Path, types: dict[str, pa.DataType], *, separator: str = "\t", encoding: str = "utf-8",
           header: bool = False) -> pa.Table:
    """A table with one row a line, columns in the order of `types`; its first line is left out where it is a header."""
    with opened(packed(file)) as stream:
        text = stream.read().decode(encoding)
    # quotes mean nothing, and a reader of text takes one byte between fields
    text = text.partition("\n")[2] if header else text
    return read_delimited(pa.BufferReader(text.replace(separator, "\x1f").encode()), separator="\x1f", columns=list(types),
                          types=types)


def texts(*names: str) -> dict[str, pa.DataType]:
    """Columns of text."""
    return dict.fromkeys(names, pa.string())


def row_numbers(table: pa.Table) -> pa.Table:
    """A column `id` that counts the rows from 1."""
    return table.add_column(0, "id", pa.array(np.arange(1, len(table) + 1)))


def milliseconds(table: pa.Table) -> pa.Table:
    """Column `timestamp`, in ms since 1970, as a time."""
    time = table.column("timestamp").cast(pa.timestamp("ms", "UTC"))
    return table.set_column(table.column_names.index("timestamp"), "timestamp", time)


def first_of_two(table: pa.Table) -> pa.Table:
    """Each pair once, in order of time: at `timestamp` the user named the contact, who named them back when `answered`."""
    one, other, time = (table.column(name).to_numpy() for name in ("userID", "contactID", "timestamp"))
    order = np.lexsort((one, time, np.maximum(one, other), np.minimum(one, other)))
    _, first, count = np.unique(np.stack([np.minimum(one, other), np.maximum(one, other)])[:, order], axis=1,
                                return_index=True, return_counts=True)
    answered = pa.array(time[order][first + count - 1], mask=count == 1)
    pairs = table.take(order[first]).append_column("answered", answered.cast(table.schema.field("timestamp").type))
    return pairs.take(np.argsort(time[order][first], kind="stable"))


def all_ratings(file: Path) -> pa.Table:
    """MovieLens 1M whole: of `ratings_all.parquet` where that lies beside `ratings.dat` (times missing in part)."""
    names = ["user_id", "movie_id", "rating", "timestamp"]
    whole = file.with_name("ratings_all.parquet")
    if whole.is_file():
        table = parquet.read_table(whole).replace_schema_metadata(None).rename_columns(names)
        return table.cast(pa.schema([(name, pa.int64()) for name in names]))
    return fields(file, dict.fromkeys(names, pa.int64()), separator="::")


def open_bandit(file: Path) -> pa.Table:
    """Open Bandit: the columns of its header in short, the first of them the row's number."""
    with opened(packed(file)) as stream:
        table = read_delimited(pa.BufferReader(stream.read()), separator=",", columns=[])
    return table.rename_columns([name.replace("user-item_", "") or "row" for name in table.column_names])


def mind_impressions(file: Path) -> pa.Table:
    """MIND: one row for each article shown, in the order of the page."""
    table = _behaviors(file)
    shown = pc.split_pattern(table["shown"], " ").combine_chunks()
    row, item = pc.list_parent_indices(shown), pc.list_flatten(shown)
    time = pc.strptime(table["time"], format="%m/%d/%Y %I:%M:%S %p", unit="s").cast(pa.timestamp("s", "UTC"))
    return pa.table({"impression_id": table["impression_id"].take(row), "user_id": table["user_id"].take(row),
                     "timestamp": time.take(row), "item_id": pc.replace_substring_regex(item, "-[01]$", ""),
                     "clicked": pc.ends_with(item, "-1"), "position": _turns(shown)})


def mind_history(file: Path) -> pa.Table:
    """MIND: what each user had clicked before the log, oldest first; of one who comes again, as first written."""
    table = _behaviors(file)
    first = np.unique(table["user_id"].to_numpy(zero_copy_only=False), return_index=True)[1]
    table = table.take(np.sort(first)).filter(pc.is_valid(table["history"].take(np.sort(first))))
    clicked = pc.split_pattern(table["history"], " ").combine_chunks()
    return pa.table({"user_id": table["user_id"].take(pc.list_parent_indices(clicked)), "item_id": pc.list_flatten(clicked),
                     "position": _turns(clicked)})


def _behaviors(file: Path) -> pa.Table:
    return fields(file, {"impression_id": pa.int64(), **texts("user_id", "time", "history", "shown")})


def _turns(lists: pa.ListArray) -> Array:
    """[n] the place of each value in its own list, from 1."""
    lengths = pc.list_value_length(lists).to_numpy()
    return np.asarray(np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths) + 1)


def cranfield_documents(file: Path) -> pa.Table:
    """Cranfield: number, title, author and text (which repeats the title) of each abstract."""
    found = re.findall(r"^\.I (\d+)\s*^\.T\s(.*?)^\.A\s(.*?)^\.B\s.*?^\.W\s(.*?)(?=^\.I |\Z)", _text(file), re.M | re.S)
    if not found:
        raise ValueError("no record has the lines .I, .T, .A, .B and .W")
    number, title, author, text = ([" ".join(value.split()) or None for value in column] for column in zip(*found))
    return pa.table({"id": np.array(number, dtype=np.int64), "title": pa.array(title, pa.string()),
                     "text": pa.array(text, pa.string()), "author": pa.array(author, pa.string())})


def cranfield_queries(file: Path) -> pa.Table:
    """Cranfield: the queries, numbered in their order, as the judgements do; the numbers in the file have gaps."""
    found = re.findall(r"^\.I \d+\s*^\.W\s(.*?)(?=^\.I |\Z)", _text(file), re.M | re.S)
    return row_numbers(pa.table({"text": [" ".join(text.split()) for text in found]}))


def cranfield_judgements(file: Path) -> pa.Table:
    """Cranfield: grade 4, a complete answer, to 1, of least interest, and 0 where the code is -1, once for each query."""
    query, document, code = np.array(_text(file).split(), dtype=np.int64).reshape(-1, 3).T
    return pa.table({"query_id": query, "document_id": document, "grade": np.where(code < 0, 0, BEST - code), "code": code})


def nfcorpus_documents(file: Path) -> pa.Table:
    """NFCorpus: every document of the three parts once; what stands before the word `abstract` is its title."""
    parts = [fields(part, texts("id", "all")) for part in _parts(file, "{}.docs") if packed(part).is_file()]
    table = pa.concat_tables(parts)
    table = table.take(np.sort(np.unique(table["id"].to_numpy(zero_copy_only=False), return_index=True)[1]))
    halves = pc.extract_regex(table["all"], r"^(?P<title>.*?)(?: pubmed ncbi)? abstract (?P<text>.*)$")
    return pa.table({"id": table["id"], "title": pc.struct_field(halves, "title"),
                     "text": pc.coalesce(pc.struct_field(halves, "text"), table["all"])})


def nfcorpus_queries(file: Path) -> pa.Table:
    """NFCorpus: the titles of all pages as queries, and the part that each belongs to."""
    return _labelled(file, "{}.titles.queries", texts("id", "text"))


def nfcorpus_judgements(file: Path) -> pa.Table:
    """NFCorpus: grades 2 and 1; a document without text cannot be found, so what was judged of it is left out."""
    types = {"query_id": pa.string(), "zero": pa.string(), "document_id": pa.string(), "grade": pa.int64()}
    table = _labelled(file, "{}.2-1-0.qrel", types).drop_columns(["zero"])
    return table.filter(pc.is_in(table["document_id"], value_set=nfcorpus_documents(file)["id"].combine_chunks()))


def _labelled(file: Path, name: str, types: dict[str, pa.DataType]) -> pa.Table:
    parts = [(part, fields(path, types)) for part, path in zip(PARTS, _parts(file, name))]
    return pa.concat_tables([table.append_column("split", pa.array([part] * len(table))) for part, table in parts])


def _parts(file: Path, name: str) -> list[Path]:
    return [file.with_name(name.format(part)) for part in PARTS]


def _text(file: Path) -> str:
    with opened(packed(file)) as stream:
        return stream.read().decode("ascii").replace("\r\n", "\n")


READERS = {reader.__name__: reader for reader in (
    all_ratings, open_bandit, mind_impressions, mind_history, cranfield_documents, cranfield_queries, cranfield_judgements,
    nfcorpus_documents, nfcorpus_queries, nfcorpus_judgements)}
STEPS = MOVIELENS | {step.__name__: step for step in (row_numbers, milliseconds, first_of_two)}
