"""Who may ask: hosts by their names, and clients by their keys.

A key file has one line a key: its SHA-256 in hex, and what it may do (answer, events, admin; nothing said: all). A client
sends the key itself: `Authorization: Bearer KEY`. `/health` needs none.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from sevenfold.errors import SevenfoldError
from sevenfold.serving.asked import Refusal
from sevenfold.serving.problems import response

SCOPES = ("answer", "events", "admin")
NEEDED = (("POST", "/v1/events", "events"), ("POST", "/v1/items", "events"), ("POST", "/v1/users", "events"),
          ("DELETE", "/v1/", "admin"), ("", "/v1/", "answer"))  # the first that fits
Key = tuple[bytes, tuple[str, ...]]  # SHA-256 of a key, and its scopes


def keys(path: Path) -> tuple[Key, ...]:
    """The keys of a file; SevenfoldError where it cannot be read, holds none, or a line is no key."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        raise SevenfoldError("--key-file", f"'{path}' cannot be read: {error}", "Name a file of keys.") from None
    found = []
    for number, line in enumerate(lines, start=1):
        digest, *scopes = line.split("#")[0].split() or [""]
        if digest and not (re.fullmatch("[0-9a-f]{64}", digest) and {*scopes} <= {*SCOPES}):
            raise SevenfoldError(f"--key-file {path}:{number}", f"expected a SHA-256 in hex and some of {', '.join(SCOPES)}",
                                 "Make the first with: printf %s KEY | sha256sum.")
        if digest:
            found.append((bytes.fromhex(digest), tuple(scopes) or SCOPES))
    if not found:
        raise SevenfoldError("--key-file", f"'{path}' holds no key", "Write one line a key, or leave the option out.")
    return tuple(found)


@dataclass(frozen=True)
class Door:
    """Answers only those who ask for a host by a name that it has, so that a page of another site cannot, and who have a key."""

    app: ASGIApp
    hosts: frozenset[str]  # * is any
    keys: tuple[Key, ...]  # none: nobody needs one

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse."""
        problem = self._problem(scope) if scope["type"] == "http" else None
        await (self.app if problem is None else response(problem, problem.status))(scope, receive, send)

    def _problem(self, scope: Scope) -> Refusal | None:
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        if name not in self.hosts and "*" not in self.hosts:
            return Refusal("Host", f"no host here is called '{name[:60]}'", "Serve with --allow-host NAME.", 421)
        if not self.keys or scope["path"].startswith("/health/"):
            return None
        kind, _, key = headers.get(b"authorization", b"").partition(b" ")
        digest = hashlib.sha256(key).digest()
        scopes = [may for known, may in self.keys if hmac.compare_digest(known, digest)]
        if kind.lower() != b"bearer" or not scopes:
            return Refusal("Authorization", "no key, or one that is not known", "Send Authorization: Bearer KEY.", 401)
        needed = next((one for method, path, one in NEEDED
                       if method in ("", scope["method"]) and scope["path"].startswith(path)), None)
        if needed is not None and not any(needed in may for may in scopes):
            return Refusal("Authorization", f"this key may not do that: it lacks '{needed}'", "Use another key.", 403)
        return None
