"""The HTTP application: routes and limits, nothing that computes.

Whoever sends too much, too slowly, to another host or without a key is refused before anything is read into memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager
from time import monotonic
from types import coroutine
from typing import Any

import msgspec
from msgspec.structs import replace
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sevenfold.serving import meters
from sevenfold.serving.access import Door, Key
from sevenfold.serving.asked import MOST_ITEMS, Ask, Asks, Attribute, Event, Events, Items, Refusal, Users, read
from sevenfold.serving.attributes import sorted_out
from sevenfold.serving.openapi import document
from sevenfold.serving.problems import handle
from sevenfold.serving.server import Server

LARGEST = 4 << 20  # bytes of a body
SLOWEST = 10.0  # s to send one
Handler = Callable[[Request], Awaitable[Response]]


def made(server: Server, hosts: Sequence[str], keys: tuple[Key, ...] = ()) -> ASGIApp:
    """The application over a server that is loaded and warm; asked for by these names only, with a key where there are any."""
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        server.open()
        watching = asyncio.create_task(server.watch())
        yield
        watching.cancel()
        await asyncio.to_thread(server.close)

    app = Starlette(routes=ROUTES, lifespan=lifespan,
                    exception_handlers=dict.fromkeys((Exception, Refusal, HTTPException), handle))
    app.state.server = server
    return Door(straight(app), frozenset(hosts), keys)


def straight(app: Starlette) -> ASGIApp:
    """What is asked most goes to its handler at once, all else through the router and its layers."""
    async def found(scope: Scope, receive: Receive, send: Send) -> None:
        handler = STRAIGHT.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if handler is None:
            await app(scope, receive, send)
            return
        scope["app"] = app
        response = await handler(Request(scope, receive))
        await response(scope, receive, send)
    return found


def metered(handler: Handler) -> Handler:
    """A handler whose time and outcome are counted; its errors become problems here."""
    async def wrapped(request: Request) -> Response:
        began = monotonic()
        try:
            found = await handler(request)
        except Exception as error:
            found = await handle(request, error)
        meters.of(meters.REQUESTS, handler.__name__, found.status_code).inc()
        meters.of(meters.SECONDS, handler.__name__).observe(monotonic() - began)
        return found
    return wrapped


async def body_of(request: Request) -> bytes:
    """The body, within the limits of size and time; one that came with its head needs no timer, which takes a while to set."""
    parts: list[bytes] = []
    first = request.receive()
    try:
        rest: Awaitable[Message] = resumed(first, first.send(None))  # type: ignore[attr-defined]
    except StopIteration as told:
        if last(told.value, parts):
            return parts[0]
        rest = request.receive()
    try:
        async with asyncio.timeout(SLOWEST):
            while not last(await rest, parts):
                rest = request.receive()
    except TimeoutError:
        raise Refusal("body", f"did not arrive within {SLOWEST:g} s", "Send it again, faster.", 408) from None
    return b"".join(parts)


@coroutine
def resumed(begun: Any, waits: Any) -> Generator[Any, None, Message]:
    """What a coroutine returns whose first step was taken already, and which now waits for something."""
    while True:
        try:
            try:
                yield waits
            except BaseException as error:
                waits = begun.throw(error)
            else:
                waits = begun.send(None)
        except StopIteration as told:
            return dict(told.value)


def last(message: Message, parts: list[bytes]) -> bool:
    """Whether this is the last part of a body, put to the others."""
    if message["type"] == "http.disconnect":
        raise Refusal("body", "ends before its end", "Send it whole.", 400)
    parts.append(message.get("body", b""))
    if sum(map(len, parts)) > LARGEST:
        raise Refusal("body", f"is larger than {LARGEST} bytes", "Send it in several calls.", 413)
    return not message.get("more_body")


@metered
async def answer(request: Request) -> Response:
    """One question, or several in one call."""
    server = request.app.state.server
    asks, single = read(await body_of(request), Ask, Asks)
    for ask in asks:
        server.check(ask)
    answers = await server.answer(asks)
    server.keep(answers)
    for one in answers:
        for stage in one.degraded:
            meters.DEGRADED.labels(stage).inc()
    return _json(answers[0] if single else {"answers": answers})


@metered
async def events(request: Request) -> Response:
    """What happened, durable before it is acknowledged."""
    server = request.app.state.server
    if server.live.context.silent:
        raise Refusal("events", server.live.context.silent, "Name their time, data.events.time, and run the design again.", 501)
    sent, single = read(await body_of(request), Event, Events)
    outcome = await asyncio.wrap_future(server.intake.submit(sent))
    for name, count in (("taken", outcome.taken), ("known", outcome.known), ("refused", len(outcome.refused))):
        meters.EVENTS.labels(name).inc(count)
    if single and outcome.refused:
        fault = outcome.refused[0]
        raise Refusal(f"body.{fault.where}", fault.problem, fault.hint)
    outcome.refused = {place: replace(fault, where=f"body.events[{place}].{fault.where}")
                       for place, fault in outcome.refused.items()}
    return _json(outcome)


@metered
async def items(request: Request) -> Response:
    """What is known of items from now on, durable before it is acknowledged; a new one is part of the catalogue."""
    return await _told(request, "items", Items)


@metered
async def users(request: Request) -> Response:
    """What is known of users from now on, durable before it is acknowledged."""
    return await _told(request, "users", Users)


async def _told(request: Request, of: str, many: type[msgspec.Struct]) -> Response:
    server = request.app.state.server
    sent, single = read(await body_of(request), Attribute, many)
    entries, refused = sorted_out(server.live.memory, of, sent, server.answering.clock(), single)
    found = await asyncio.wrap_future(server.intake.submit([], entries))
    found.refused = refused
    return _json(found)


@metered
async def explain(request: Request) -> Response:
    """One answer, with who proposed what, and what fell out where."""
    server = request.app.state.server
    query = _query(request, "user", "item", "text", "k")
    about = query.get("item") if server.live.context.predicts else None
    ask = Ask(user=query.get("user"), item=about, text=query.get("text"), k=_size(query))
    server.check(ask)
    return _json(await server.explain(ask, None if about else query.get("item")))


@metered
async def similar(request: Request) -> Response:
    """The items that the sources put next to this one."""
    server, item = request.app.state.server, request.path_params["id"]
    found = await asyncio.to_thread(server.similar, item, _size(_query(request, "k")))
    if found is None:
        raise Refusal("id", f"no item is called '{item[:60]}'", "Ask for an item of the bundle's catalogue.", 404)
    return _json({"item": item, "items": found, "version": server.version})


@metered
async def forget(request: Request) -> Response:
    """Delete a user; the receipt says what that ended."""
    user = request.path_params["id"]
    if len(user) > 256:
        raise Refusal("id", f"expected 1 to 256 characters, got {len(user)}", "Name a user of the log.")
    return _json(await asyncio.to_thread(request.app.state.server.forget, user))


async def live(request: Request) -> Response:
    """The process runs."""
    return _json({"status": "live"})


async def ready(request: Request) -> Response:
    """It answers: loaded, warm, not about to end."""
    server = request.app.state.server
    if not server.ready:
        raise Refusal("server", "does not answer yet, or no more", "Ask again a little later.", 503)
    return _json({"status": "ready", "version": server.version})


async def metrics(request: Request) -> Response:
    """Counts and times, as Prometheus reads them."""
    request.app.state.server.gauge()
    return Response(meters.written(), media_type=meters.KIND)


async def openapi(request: Request) -> Response:
    """What this application takes and gives."""
    live = request.app.state.server.live
    return _json(document(live.context, live.memory))


def _query(request: Request, *known: str) -> dict[str, str]:
    for name, value in request.query_params.multi_items():
        if name not in known:
            raise Refusal(f"query.{name[:60]}", "is not known", f"Known: {', '.join(known)}.")
        if not 1 <= len(value) <= 256:
            raise Refusal(f"query.{name}", f"expected 1 to 256 characters, got {len(value)}", "Ask for an id of the log.")
    return dict(request.query_params)


def _size(query: dict[str, str]) -> int | None:
    text = query.get("k")
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 6 and 1 <= int(text) <= MOST_ITEMS):
        raise Refusal("query.k", f"expected a number from 1 to {MOST_ITEMS}, got '{text[:20]}'", "Ask for k=10.")
    return int(text)


def _json(found: Any) -> Response:
    return Response(msgspec.json.encode(found), media_type="application/json")



ROUTES = [Route("/v1/answer", answer, methods=["POST"]), Route("/v1/events", events, methods=["POST"]),
          Route("/v1/items", items, methods=["POST"]), Route("/v1/users", users, methods=["POST"]),
          Route("/v1/explain", explain), Route("/v1/items/{id}/similar", similar),
          Route("/v1/users/{id}", forget, methods=["DELETE"]), Route("/health/live", live),
          Route("/health/ready", ready), Route("/metrics", metrics), Route("/openapi.json", openapi)]
STRAIGHT = {("POST", "/v1/answer"): answer, ("POST", "/v1/events"): events}
