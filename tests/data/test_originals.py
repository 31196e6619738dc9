from __future__ import annotations

import gzip
import os
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.compute as pc
import pytest

from sevenfold.data import catalogue, sources
from sevenfold.errors import DataError

REAL = Path(os.environ.get("SEVENFOLD_DATA") or Path(__file__).parents[3] / "shared" / "data")
BEHAVIORS = ("7\tU1\t11/12/2019 2:14:46 PM\tN1 N2 N1\tN3-0 N4-1\n8\tU2\t11/9/2019 12:00:01 AM\t\tN3-1\n"
             "9\tU1\t11/13/2019 5:00:00 AM\tN1\tN5-0\n")
OPEN_BANDIT = (",timestamp,item_id,position,click,propensity_score,user_feature_0,user-item_affinity_0\n"
               "0,2019-11-24 00:01:03.979311+00:00,2,3,0,0.045525,cef3,0.5\n")
DOCUMENTS = (".I 1\n.T\nflow past\na plate .\n.A\nting,y.\n.B\nj. ae. 1958.\n.W\nflow past\na plate .\n  at .I 3 knots\n"
             ".I 2\n.T\n.A\n.B\n.W\n")


def write(folder: Path, **files: str) -> None:
    folder.mkdir()
    for name, text in files.items():
        path = folder / name.replace("__", ".")
        path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


def read(path: str, folder: Path, monkeypatch) -> dict[str, list[object]]:
    monkeypatch.setenv("SEVENFOLD_DATA", str(folder))
    file, form = catalogue.table(path, where="data.events")
    table = form.read(file, ())
    assert form.names(file) == table.column_names
    assert form.read(file, table.column_names[1:2]).column_names == table.column_names[1:2]
    return table.to_pydict()


def test_mind_shows_every_article_of_a_page(tmp_path, monkeypatch):
    write(tmp_path / "mind-5k", behaviors__tsv=BEHAVIORS, news__tsv='N3\tnews\tlocal\tA "quote\tText, and more\tu\t[]\t[]\n')
    shown = read("mind-5k:impressions", tmp_path, monkeypatch)
    assert shown["item_id"] == ["N3", "N4", "N3", "N5"]
    assert shown["clicked"] == [False, True, True, False]
    assert shown["position"] == [1, 2, 1, 1]
    assert shown["impression_id"] == [7, 7, 8, 9]
    assert shown["user_id"] == ["U1", "U1", "U2", "U1"]
    assert shown["timestamp"][1:3] == [datetime(2019, 11, 12, 14, 14, 46, tzinfo=UTC), datetime(2019, 11, 9, 0, 0, 1, tzinfo=UTC)]
    past = read("mind-5k:history", tmp_path, monkeypatch)
    assert past == {"user_id": ["U1"] * 3, "item_id": ["N1", "N2", "N1"], "position": [1, 2, 3]}
    news = read("mind-5k:news", tmp_path, monkeypatch)
    assert (news["title"], news["abstract"]) == (['A "quote'], ["Text, and more"])


def test_open_bandit_packed_or_not(tmp_path, monkeypatch):
    for name, file in (("random-men", "men__csv__gz"), ("bts-men", "men__csv")):
        (tmp_path / "open-bandit").mkdir(exist_ok=True)
        write(tmp_path / "open-bandit" / name, **{file: OPEN_BANDIT})
    table = read("open-bandit:random", tmp_path, monkeypatch)
    assert table == read("open-bandit:bts", tmp_path, monkeypatch)
    assert list(table) == ["row", "timestamp", "item_id", "position", "click", "propensity_score", "user_feature_0", "affinity_0"]
    assert table["propensity_score"] == [0.045525]
    assert table["timestamp"][0].isoformat() == "2019-11-24T00:01:03.979311+00:00"


def test_messages_and_graphs(tmp_path, monkeypatch):
    write(tmp_path / "sms-spam", SMSSpamCollection='ham\tOk, "lar...\nspam\tWIN £100 | now\n')
    assert read("sms-spam:messages", tmp_path, monkeypatch) == {
        "id": [1, 2], "label": ["ham", "spam"], "message": ['Ok, "lar...', "WIN £100 | now"]}
    log = "userID\tcontactID\ttimestamp\n8\t9\t1286151260000\n9\t8\t1286151259000\n7\t8\t5000\n"
    write(tmp_path / "delicious-contacts", **{"user_contacts-timestamps__dat": log})
    contacts = read("delicious-contacts:contacts", tmp_path, monkeypatch)
    at, answered, early = (datetime.fromtimestamp(seconds, UTC) for seconds in (1286151259, 1286151260, 5))
    assert contacts == {"userID": [8, 9, 7], "contactID": [9, 8, 8], "timestamp": [answered, at, early]}
    assert read("delicious-contacts:friendships", tmp_path, monkeypatch) == {
        "userID": [7, 9], "contactID": [8, 8], "timestamp": [early, at], "answered": [None, answered]}
    write(tmp_path / "ego-facebook", facebook_combined__txt__gz="0 1\n0 2\n")
    assert read("ego-facebook:edges", tmp_path, monkeypatch) == {"a": [0, 0], "b": [1, 2]}


def test_cranfield_counts_queries_and_turns_its_codes_round(tmp_path, monkeypatch):
    write(tmp_path / "cranfield", cran__all__1400=DOCUMENTS, cranqrel="1 2 2 \n1 1 1\n2 1 -1\n",
          cran__qry=".I 001\r\n.W\r\nwhat laws\r\nhold .\r\n.I 004\r\n.W\r\nhow fast .\r\n")
    assert read("cranfield:documents", tmp_path, monkeypatch) == {
        "id": [1, 2], "title": ["flow past a plate .", None], "text": ["flow past a plate . at .I 3 knots", None],
        "author": ["ting,y.", None]}
    assert read("cranfield:queries", tmp_path, monkeypatch) == {"id": [1, 2], "text": ["what laws hold .", "how fast ."]}
    assert read("cranfield:judgements", tmp_path, monkeypatch) == {
        "query_id": [1, 1, 2], "document_id": [2, 1, 1], "grade": [3, 4, 0], "code": [2, 1, -1]}


def test_nfcorpus_joins_its_parts_and_leaves_out_what_has_no_text(tmp_path, monkeypatch):
    files = {"dev.docs": "MED-2\tfish oil pubmed ncbi abstract aims study\n",
             "test.docs": "MED-1\trice abstract arsenic\nMED-3\tsalt",
             "dev.titles.queries": "PLAIN-2\tfish\n", "test.titles.queries": "PLAIN-3\trice\n",
             "train.titles.queries": "PLAIN-1\tsalt\n", "dev.2-1-0.qrel": "PLAIN-2\t0\tMED-2\t2\n",
             "test.2-1-0.qrel": "PLAIN-3\t0\tMED-1\t1\n", "train.2-1-0.qrel": "PLAIN-1\t0\tMED-9\t2\nPLAIN-1\t0\tMED-2\t1\n"}
    write(tmp_path / "nfcorpus", **files)
    assert read("nfcorpus:documents", tmp_path, monkeypatch) == {
        "id": ["MED-2", "MED-1", "MED-3"], "title": ["fish oil", "rice", None], "text": ["aims study", "arsenic", "salt"]}
    assert read("nfcorpus:queries", tmp_path, monkeypatch) == {
        "id": ["PLAIN-1", "PLAIN-2", "PLAIN-3"], "text": ["salt", "fish", "rice"], "split": ["train", "dev", "test"]}
    assert read("nfcorpus:judgements", tmp_path, monkeypatch) == {
        "query_id": ["PLAIN-1", "PLAIN-2", "PLAIN-3"], "document_id": ["MED-2", "MED-2", "MED-1"], "grade": [1, 2, 1],
        "split": ["train", "dev", "test"]}
    (tmp_path / "nfcorpus" / "test.docs").unlink()
    with pytest.raises(DataError, match=r"there is no file '.*test\.docs'\n    hint: Fetch by hand: nfcorpus\.tar\.gz"):
        read("nfcorpus:documents", tmp_path, monkeypatch)


def test_all_of_movielens_is_the_whole_copy_where_there_is_one(tmp_path, monkeypatch):
    write(tmp_path / "ml-1m", ratings__dat="1::1193::5::978300760\n")
    table = read("ml-1m:all", tmp_path, monkeypatch)
    assert table == {"user_id": [1], "movie_id": [1193], "rating": [5], "timestamp": [978300760]}


def test_a_file_of_another_kind_says_so(tmp_path, monkeypatch):
    write(tmp_path / "cranfield", cran__all__1400="nothing of the kind\n")
    monkeypatch.setenv("SEVENFOLD_DATA", str(tmp_path))
    with pytest.raises(DataError, match="cannot be read: no record has the lines"):
        sources.find("cranfield:documents", folder=Path(), where="data.items")


COUNTS = {  # as published
    "ml-100k:u1_base": 80_000, "ml-100k:u1_test": 20_000, "ml-1m:all": 1_000_209, "mind-5k:impressions": 189_359,
    "open-bandit:random": 10_000, "open-bandit:bts": 10_000, "sms-spam:messages": 5_574,
    "delicious-contacts:contacts": 15_328, "delicious-contacts:friendships": 7_664,
    "ego-facebook:edges": 88_234, "cranfield:documents": 1_400,
    "cranfield:queries": 225, "cranfield:judgements": 1_837, "nfcorpus:documents": 3_395, "nfcorpus:queries": 3_244,
    "nfcorpus:judgements": 133_794,
}
TRUE = {"mind-5k:impressions": ("clicked", True, 7_542), "sms-spam:messages": ("label", "spam", 747),
        "open-bandit:random": ("click", 1, 46), "open-bandit:bts": ("click", 1, 69)}


HERE = [path for path in COUNTS if (REAL / path.partition(":")[0]).is_dir()]


def holds_what_was_published(path, monkeypatch):
    monkeypatch.setenv("SEVENFOLD_DATA", str(REAL))
    file, form = catalogue.table(path, where="data.events")
    table = form.read(file, ())
    assert len(table) == COUNTS[path]
    if path in TRUE:
        column, value, count = TRUE[path]
        assert pc.sum(pc.equal(table[column], value)).as_py() == count
    if path == "delicious-contacts:contacts":
        assert len(table["userID"].unique()) == 1_861


if HERE:  # a machine without the data has nothing to hold against what was published
    test_the_real_files_hold_what_was_published = pytest.mark.parametrize("path", HERE)(holds_what_was_published)
