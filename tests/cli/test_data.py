from __future__ import annotations

import json

import pytest
from pyarrow import parquet

from sevenfold.cli import main
from sevenfold.data.catalogue import data_sets


def test_list_names_every_table_and_whether_it_is_here(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SEVENFOLD_DATA", str(tmp_path))
    (tmp_path / "globo").mkdir()
    (tmp_path / "globo" / "clicks.parquet").touch()
    assert main(["data", "list"]) == 0
    shown = capsys.readouterr().out
    assert "ml-1m:ratings, ml-1m:movies, ml-1m:users" in shown
    assert shown.count("not here") == len(data_sets()) - 1
    assert f"folder: {tmp_path}" in shown
    assert main(["data", "list", "--json"]) == 0
    entries = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert entries["globo"]["present"]
    assert not entries["ml-1m"]["present"]
    assert set(entries["ml-1m"]) == {
        "name",
        "title",
        "page",
        "url",
        "sha256",
        "terms",
        "note",
        "tables",
        "present",
    }


def test_get_says_the_terms_and_where_the_files_lie(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SEVENFOLD_DATA", str(tmp_path))
    (tmp_path / "globo").mkdir()
    (tmp_path / "globo" / "clicks.parquet").touch()
    assert main(["data", "get", "globo"]) == 0
    told = capsys.readouterr()
    assert told.out == f"{tmp_path / 'globo'}\n"
    assert "terms: non-commercial research only" in told.err
    assert main(["data", "get", "glob"]) == 1
    assert "data get: no data set is called 'glob'\n    hint: Did you mean 'globo'?" in capsys.readouterr().err


def test_simulate_writes_a_world(tmp_path, capsys):
    assert main(["data", "simulate", str(tmp_path / "w"), "--rows", "1000", "--seed", "3"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        str(tmp_path / "w" / f"{name}.parquet") for name in ("events", "users", "items", "truth")
    ]
    assert parquet.read_metadata(tmp_path / "w" / "events.parquet").num_rows == 1000
    assert main(["data", "simulate", "spam", str(tmp_path / "s"), "--rows", "500"]) == 0
    assert capsys.readouterr().out.splitlines() == [str(tmp_path / "s" / name) for name in ("messages.tsv", "truth.parquet")]
    assert main(["data", "simulate", str(tmp_path / "v"), "--rows", "3"]) == 1
    assert "data simulate --rows: expected at least 500, got 3" in capsys.readouterr().err
    assert main(["data", "simulate", "spma", str(tmp_path / "v")]) == 1
    assert "data simulate: no world is called 'spma'\n    hint: Did you mean 'spam'?" in capsys.readouterr().err
    assert not (tmp_path / "v").exists()


def test_a_part_must_be_named(capsys):
    with pytest.raises(SystemExit):
        main(["data"])
    assert "list|get|simulate" in capsys.readouterr().err
