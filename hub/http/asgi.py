"""One request through an ASGI application.

Guarantees: the response goes out complete or the connection is not reused; a GET or HEAD is
cancelled when its client leaves, other requests only get `http.disconnect`; an exception of the
application is logged and becomes a 500; the body is received as it is asked for. A request's line
in the log has the pattern of its path, since the path may hold what a user wrote. Must not know:
how requests are read.
"""

from collections.abc import Callable
from contextlib import suppress
from email.utils import formatdate
from typing import Final
from urllib.parse import unquote

import h11
import orjson
import structlog
import trio
from attrs import define, field
from starlette.types import ASGIApp, Message, Scope

from hub.http.body import Body
from hub.http.headers import PROTECTING, RawHeaders, with_headers
from hub.http.responses import HttpError, RequestErrorObject
from hub.http.visitors import Visitor
from protocol.websocket.handshake import Head

log = structlog.get_logger(__name__)

SAFE_METHODS: Final = frozenset({b"GET", b"HEAD"})
ROUTE: Final = "parlour.route"
"""In a scope: the pattern of the path, from an application that routes by more than the path."""
MAX_PIPELINED_BYTES: Final = 65_536
COPIED_BYTES: Final = 65_536  # larger parts of a body are sent without a copy
_INTERNAL: Final = HttpError(500, "internal", "Internal error")


@define
class Exchange:
    """Sends one response.

    Args:
        state: the connection's, in which the request is complete.
        stream: where bytes go.
        head: the request's.
        seconds: how long the peer may take for each part of the response.
        headers: of every response, unless it has them itself.
    """

    state: h11.Connection
    stream: trio.abc.Stream
    head: Head
    seconds: float
    headers: RawHeaders = PROTECTING
    _start: h11.Response | None = field(default=None, init=False)
    started: bool = field(default=False, init=False)
    status: int | None = field(default=None, init=False)
    """Of the response, once it was begun."""
    route: str | None = field(default=None, init=False)
    """The pattern of the request's path, once it was responded to; None: there is none."""

    async def send(self, message: Message) -> None:
        """ASGI's send: the head waits for the first part of the body and leaves with it. A large
        part is not copied, so that slow readers of one document do not each hold a copy.

        Raises:
            trio.BrokenResourceError: the peer is gone.
            trio.TooSlowError: the peer does not read.
        """
        if message["type"] == "http.response.start":
            headers = with_headers(message.get("headers", ()), self.headers)
            headers.append((b"date", formatdate(usegmt=True).encode()))
            if self.state.their_state is h11.SEND_BODY:
                headers.append((b"connection", b"close"))  # some of the body was not asked for
            self.status = message["status"]
            self._start = h11.Response(status_code=message["status"], headers=headers)
            return
        parts: list[bytes] = []
        if self._start is not None:
            parts.append(self.state.send(self._start) or b"")
            self._start = None
            self.started = True
        body = message.get("body", b"")
        if body and self.head.method != b"HEAD":
            parts.append(self.state.send(h11.Data(data=body)) or b"")
        if not message.get("more_body", False):
            parts.append(self.state.send(h11.EndOfMessage()) or b"")
        if len(body) <= COPIED_BYTES:
            parts = [b"".join(parts)]
        with trio.fail_after(self.seconds):
            for part in filter(None, parts):
                await self.stream.send_all(part)

    async def refuse(self, error: HttpError) -> None:
        """Respond with an error, if no response was begun."""
        if self.started:
            return
        said: RequestErrorObject = {"error": error.text, "code": error.code}
        body = orjson.dumps(said)
        headers = [
            *((name.encode(), value.encode()) for name, value in error.headers.items()),
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        ]
        await self.send({"type": "http.response.start", "status": error.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


async def run_app(
    app: ASGIApp, body: Body, exchange: Exchange, visitor: Visitor, scheme: str
) -> None:
    """Let `app` respond to one request. A peer that does not read its response is no error."""
    request = _Request(body)
    scope = _scope(exchange.head, visitor, scheme)
    begun = trio.current_time()
    async with trio.open_nursery() as nursery:
        is_safe = exchange.head.method in SAFE_METHODS
        leave = nursery.cancel_scope.cancel if is_safe else request.gone.set
        nursery.start_soon(_watch, body, exchange, leave)
        # A response that was not read leaves h11 in a state that ends the connection.
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
            try:
                await _answer(app, scope, request, exchange)
            finally:
                body.close()
        nursery.cancel_scope.cancel()
    exchange.route = _route_of(scope)
    log.debug(
        "request_answered",
        method=scope["method"],
        route=exchange.route,
        status=exchange.status,
        seconds=round(trio.current_time() - begun, 3),
    )


def _route_of(scope: Scope) -> str | None:
    found: str | None = scope.get(ROUTE) or getattr(scope.get("route"), "path", None)
    return found


async def _answer(app: ASGIApp, scope: Scope, request: "_Request", exchange: Exchange) -> None:
    try:
        await app(scope, request.receive, exchange.send)
    except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
        raise
    except HttpError as error:
        await exchange.refuse(error)
    except Exception:
        log.exception("request_failed", method=scope["method"], route=_route_of(scope))
        await exchange.refuse(_INTERNAL)


async def _watch(body: Body, exchange: Exchange, leave: Callable[[], object]) -> None:
    """Call `leave` once the peer has left; a pipelined request is kept."""
    await body.complete.wait()
    received = 0
    while received < MAX_PIPELINED_BYTES:
        try:
            data = bytes(await exchange.stream.receive_some())
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            data = b""
        exchange.state.receive_data(data)
        received += len(data)
        if not data:
            leave()
            return


@define
class _Request:
    """ASGI's receive: the body in its parts, then silence until the peer has left."""

    body: Body
    gone: trio.Event = field(factory=trio.Event, init=False)
    _given: bool = field(default=False, init=False)

    async def receive(self) -> Message:
        if self._given:
            await self.gone.wait()
            return {"type": "http.disconnect"}
        part = await self.body.next_part()
        self._given = not part
        return {"type": "http.request", "body": part, "more_body": bool(part)}


def _scope(head: Head, visitor: Visitor, scheme: str) -> Scope:
    path, _, query = head.target.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": head.http_version.decode(),
        "method": head.method.decode(),
        "scheme": scheme,
        "path": unquote(path.decode("latin-1")),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": head.headers,
        "client": (visitor.network, 0),
        "server": None,
        "visitor": visitor,
    }
