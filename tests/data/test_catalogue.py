from __future__ import annotations

import dataclasses
import gzip
import hashlib
import io
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from sevenfold.data import catalogue, sources
from sevenfold.errors import DataError

FILES = {
    "u.data": "196\t242\t3\t881250949\n186\t302\t3\t891717742\n",
    "u.item": "1|Up (1990)|01-Jan-1990||http://x|" + "|".join("010010000000000000 1".replace(" ", "")) + "\n"
    "2|Café|||http://y|" + "|".join("0" * 19) + "\n",
    "u.user": "1|24|M|technician|85711\n2|53|F|other|T8H1N\n",
    "u1.base": "1\t1\t5\t874965758\n",
    "u1.test": "1\t6\t5\t887431973\n",
    "ratings.dat": "1::1193::5::978300760\n2::661::3::978302109\n",
    "movies.dat": "1::Up: A Film (1990)::Animation|Children's\n2::Café, Le (La Vie) (1963)::Drama\n",
    "users.dat": "1::F::1::10::48067\n2::M::56::16::07072\n",
}


def files(entry: catalogue.DataSet) -> set[str]:
    return {file for table in entry.tables.values() for file in table.files}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("ml-100k", "ml-1m"):
        (tmp_path / name).mkdir()
        for file, text in FILES.items():
            if file in files(catalogue.data_sets()[name]):
                (tmp_path / name / file).write_text(text, encoding="latin-1")
    monkeypatch.setenv("SEVENFOLD_DATA", str(tmp_path))
    return tmp_path


def read(path: str, *columns: str) -> dict[str, list[object]]:
    source = sources.find(path, folder=Path(), where="data.events")
    return sources.read(source, columns or source.columns).to_pydict()


def test_the_smaller_movielens(folder):
    assert read("ml-100k:ratings") == {
        "user_id": [196, 186],
        "movie_id": [242, 302],
        "rating": [3, 3],
        "timestamp": [881250949, 891717742],
    }
    movies = read("ml-100k:movies")
    assert list(movies) == ["movie_id", "title", "released", "year", "genres"]
    assert (movies["title"], movies["year"], movies["genres"]) == (
        ["Up", "Café"],
        [1990, None],
        [["Action", "Children's", "Western"], []],
    )
    assert [date and date.year for date in movies["released"]] == [1990, None]
    assert read("ml-100k:users", "occupation", "zip") == {
        "occupation": ["technician", "other"],
        "zip": ["85711", "T8H1N"],
    }


def test_the_larger_movielens(folder):
    assert read("ml-1m:ratings", "rating", "user_id") == {"user_id": [1, 2], "rating": [5, 3]}
    assert read("ml-1m:movies") == {
        "movie_id": [1, 2],
        "title": ["Up: A Film", "Café, Le (La Vie)"],
        "genres": [["Animation", "Children's"], ["Drama"]],
        "year": [1990, 1963],
    }
    assert read("ml-1m:users")["zip"] == ["48067", "07072"]


def test_names_that_are_not_there(folder):
    for path, text in (
        ("ml-10m:ratings", "data.events.path: no data set is called 'ml-10m'\n    hint: Did you mean 'ml-1m'?"),
        ("ml-1m:rating", "the data set 'ml-1m' has no table 'rating'\n    hint: Did you mean 'ratings'?"),
        ("globo:clicks", "'globo:clicks' is not on this machine: there is no file '"),
        ("globo:clicks", "hint: Fetch by hand, behind a login: the hourly files, written as one clicks.parquet, "),
    ):
        with pytest.raises(DataError) as caught:
            read(path)
        assert text in str(caught.value)
    (folder / "ml-1m" / "users.dat").unlink()
    with pytest.raises(
        DataError, match=r"Fetch it with: sevenfold data get ml-1m; or SEVENFOLD_DATA names a folder with 'ml-1m'\."
    ):
        read("ml-1m:users")


def test_without_a_name_the_cache_is_the_folder(monkeypatch):
    monkeypatch.delenv("SEVENFOLD_DATA", raising=False)
    assert catalogue.root().name == "sevenfold"


def test_every_data_set_says_what_it_is():
    for entry in catalogue.data_sets().values():
        assert entry.terms
        assert entry.page.startswith("https://")
        assert entry.url is None or entry.sha256 is not None
        assert files(entry)


FETCHED = ["u.data", "u.item", "u.user", "u1.base", "u1.test"]


def packed(files: dict[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"somewhere/{name}", text)
        archive.writestr("../../outside.txt", "no")
    return stream.getvalue()


@pytest.fixture
def publisher(tmp_path, monkeypatch):
    """A web server that offers one archive as the data set `ml-100k`, and the folder to fetch into."""
    content = packed({name: FILES[name] for name in FETCHED})
    served = {"content": content, "status": 200, "asked": 0}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            served["asked"] += 1
            self.send_response(served["status"])
            self.send_header("Content-Length", str(len(served["content"])))
            self.end_headers()
            self.wfile.write(served["content"])

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    entry = dataclasses.replace(
        catalogue.data_sets()["ml-100k"],
        url=f"http://127.0.0.1:{server.server_port}/x.zip",
        sha256=hashlib.sha256(content).hexdigest(),
    )
    served["sets"] = {"ml-100k": entry}
    monkeypatch.setattr(catalogue, "data_sets", lambda: served["sets"])
    monkeypatch.setenv("SEVENFOLD_DATA", str(tmp_path / "cache"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield served
    server.shutdown()
    server.server_close()


def test_get_fetches_once_and_compares(publisher, tmp_path, capsys):
    folder = catalogue.fetch("ml-100k", progress=True)
    assert "100%" in capsys.readouterr().err, "a progress bar is drawn"
    assert folder == tmp_path / "cache" / "ml-100k"
    assert sorted(file.name for file in folder.iterdir()) == FETCHED
    assert (folder / "u.data").read_text() == FILES["u.data"]
    assert not list(tmp_path.rglob("outside.txt"))
    catalogue.fetch("ml-100k")
    assert publisher["asked"] == 1


def changed(publisher, **facts):
    publisher["sets"] = {"ml-100k": dataclasses.replace(publisher["sets"]["ml-100k"], **facts)}


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"sha256": "0" * 64}, "has not the sha256 0000"),
        (
            {"tables": {"ratings": catalogue.TableFile(file="u.date")}},
            "the archive holds no file 'u.date'\n    hint: Did you mean 'u.data'?",
        ),
        ({"url": None}, "its publisher gives no address to fetch it from"),
        ({"url": "http://127.0.0.1:1/x.zip"}, "cannot be fetched from http://127.0.0.1:1/x.zip: "),
    ],
)
def test_what_cannot_be_trusted_leaves_nothing_behind(publisher, tmp_path, facts, text):
    changed(publisher, **facts)
    with pytest.raises(DataError) as caught:
        catalogue.fetch("ml-100k")
    assert str(caught.value).startswith("data get ml-100k: ")
    assert text in str(caught.value)
    assert not (tmp_path / "cache" / "ml-100k").exists()


def test_one_packed_file_is_kept_as_it_is(publisher, tmp_path):
    publisher["content"] = gzip.compress(b"0 1\n")
    changed(publisher, url=publisher["sets"]["ml-100k"].url.replace("x.zip", "edges.txt.gz"),
            sha256=hashlib.sha256(publisher["content"]).hexdigest(),
            tables={"edges": catalogue.TableFile(file="edges.txt", separator=" ", columns={"a": "int64", "b": "int64"})})
    folder = catalogue.fetch("ml-100k")
    assert [file.name for file in folder.iterdir()] == ["edges.txt.gz"]
    assert catalogue.present(publisher["sets"]["ml-100k"])
    assert read("ml-100k:edges") == {"a": [0], "b": [1]}


def test_a_publisher_that_answers_with_an_error(publisher, tmp_path):
    publisher["status"] = 404
    with pytest.raises(DataError, match="404"):
        catalogue.fetch("ml-100k")
    publisher |= {"status": 200, "content": b"not a zip"}
    changed(publisher, sha256=hashlib.sha256(b"not a zip").hexdigest())
    with pytest.raises(DataError, match=r"cannot be fetched from .*: file is not a zip file"):
        catalogue.fetch("ml-100k")
    assert not (tmp_path / "cache" / "ml-100k").exists()
