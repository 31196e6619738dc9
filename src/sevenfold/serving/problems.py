"""What a client is told when something does not go: RFC 9457, with where, problem and hint; never a trace."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from sevenfold.errors import SevenfoldError, StoreError
from sevenfold.serving.asked import Refusal
from sevenfold.serving.intake import Busy

TITLES = {400: "bad request", 404: "not found", 405: "method not allowed", 408: "request too slow", 413: "request too large",
          421: "wrong host", 422: "not as the schema says", 429: "too many events", 500: "defect", 503: "not now"}


class Problem(msgspec.Struct, frozen=True):
    """RFC 9457, extended by the three fields of every error."""

    title: str
    status: int
    where: str
    problem: str
    hint: str = ""
    detail: str = ""
    type: str = "about:blank"


class Refused(Exception):
    """What a handler raises where the library has no error for it."""

    def __init__(self, status: int, where: str, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.told = problem_of(status, where, problem, hint)


def problem_of(status: int, where: str, problem: str, hint: str) -> Problem:
    """A problem, titled by its status."""
    return Problem(title=TITLES.get(status, "error"), status=status, where=where, problem=problem, hint=hint,
                   detail=f"{where}: {problem}" if where else problem)


def response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """A problem as a response; who is to come again is told when."""
    again = {"Retry-After": "1"} if problem.status in (429, 503) else {}
    return Response(msgspec.json.encode(problem), problem.status, {**again, **(headers or {})}, "application/problem+json")


def told(error: Exception) -> Problem:
    """What an error says to a client."""
    if isinstance(error, Refused):
        return error.told
    if isinstance(error, Busy):
        return problem_of(429 if error.where == "events" else 503, error.where, error.problem, error.hint)
    if isinstance(error, Refusal):
        return problem_of(400 if error.problem.startswith("is no JSON") else 422, error.where, error.problem, error.hint)
    if isinstance(error, StoreError):
        return problem_of(503, "store", "the store does not answer", "Send it again: ids make that harmless.")
    if isinstance(error, SevenfoldError):
        return problem_of(500, error.where, error.problem, error.hint)
    return problem_of(500, "server", "a defect, told in the server's log", "Tell who runs this server.")


async def handle(request: Request, error: Exception) -> Response:
    """Any error of a handler as a response."""
    if isinstance(error, HTTPException):
        hint = "The paths stand at /openapi.json."
        return response(problem_of(error.status_code, request.url.path[:200], str(error.detail).lower(), hint), error.headers)
    problem = told(error)
    if problem.status >= 500:
        logging.getLogger(__name__).error("%s: %s", request.url.path, error, exc_info=error if problem.status == 500 else None)
    return response(problem)
