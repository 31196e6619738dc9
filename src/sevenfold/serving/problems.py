"""What a client is told when something does not go: RFC 9457, with where, problem and hint; never a trace."""

from __future__ import annotations

import logging
from http import HTTPStatus

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from sevenfold.errors import SevenfoldError, StoreError
from sevenfold.serving.asked import Refusal


class Problem(msgspec.Struct, frozen=True):
    """RFC 9457, extended by the three fields of every error."""

    title: str
    status: int
    where: str
    problem: str
    hint: str = ""
    detail: str = ""
    type: str = "about:blank"


def response(error: SevenfoldError, status: int) -> Response:
    """An error as a response; who is to come again is told when."""
    problem = Problem(title=HTTPStatus(status).phrase.lower(), status=status, where=error.where, problem=error.problem,
                      hint=error.hint, detail=str(error.args[0]))
    again = {"Retry-After": "1"} if status in (429, 503) else {}
    return Response(msgspec.json.encode(problem), status, again, "application/problem+json")


async def handle(request: Request, error: Exception) -> Response:
    """Any error of a handler as a response; what the client did not cause is told to the server's log."""
    if isinstance(error, Refusal):
        return response(error, error.status)
    if isinstance(error, HTTPException):
        told = SevenfoldError(request.url.path[:200], str(error.detail).lower(), "The paths stand at /openapi.json.")
        return response(told, error.status_code)
    if isinstance(error, StoreError):
        logging.getLogger(__name__).error("%s: %s", request.url.path, error)
        return response(SevenfoldError("store", "does not answer", "Send it again: ids make that harmless."), 503)
    logging.getLogger(__name__).error("%s: %s", request.url.path, error, exc_info=error)
    return response(SevenfoldError("server", "has a defect, told in its log", "Tell who runs this server."), 500)
