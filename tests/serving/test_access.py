"""Keys: who has none, a wrong one or one for something else is refused; a key file that is none is told."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from sevenfold.errors import SevenfoldError
from sevenfold.serving import app
from sevenfold.serving.access import SCOPES, keys
from sevenfold.serving.server import Server


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def test_a_key_opens_what_it_is_for(serving: Callable[..., Server], tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"# ours\n{digest('all')}\n{digest('asks')} answer  # the site\n\n{digest('tells')} events\n")
    client = TestClient(app.made(serving(), ("*",), keys(file)))

    def status(key: str | None, verb: str, path: str, **body: object) -> int:
        headers = {} if key is None else {"Authorization": key}
        return client.request(verb, path, headers=headers, json=body or None).status_code

    for key, expected in ((None, 401), ("Bearer", 401), ("Bearer wrong", 401), (f"Bearer {digest('all')}", 401),
                          ("Basic all", 401), ("Bearer tells", 403), ("Bearer asks", 200), ("bearer all", 200)):
        assert status(key, "POST", "/v1/answer", user=7) == expected
    assert [status(f"Bearer {key}", "DELETE", "/v1/users/nobody") for key in ("asks", "tells", "all")] == [403, 403, 200]
    assert [status(f"Bearer {key}", "POST", "/v1/events", events=[]) for key in ("asks", "tells")] == [403, 422]
    assert [status(key, "GET", "/metrics") for key in (None, "Bearer tells")] == [401, 200]
    assert status(None, "GET", "/health/ready") == 200


def test_a_key_file_is_read_or_told(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(digest("a"))
    assert keys(file) == ((bytes.fromhex(digest("a")), SCOPES),)
    for text, problem in (("", "holds no key"), ("secret", "expected a SHA-256"), (f"{digest('a')} root", "some of answer")):
        file.write_text(text)
        with pytest.raises(SevenfoldError, match=problem):
            keys(file)
    with pytest.raises(SevenfoldError, match="cannot be read"):
        keys(tmp_path / "none")
