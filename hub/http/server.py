"""HTTP/1.1 on one connection: requests one at a time, until one asks for a WebSocket.

Guarantees: heads and bodies are bounded in bytes and in time; a malformed request gets a
4xx response and the connection closes; an application only ever sees a valid head, and a body is
received when the application asks for it; a request has an id, which its response and its log lines
name. No input of a peer raises out of here. Must not know: routes, sessions.
"""

import re
from collections.abc import Callable
from http import HTTPStatus
from math import inf
from typing import Final

import h11
import orjson
import structlog
import trio
from attrs import evolve, field, frozen
from starlette.types import ASGIApp

from hub.http.asgi import Exchange, run_app
from hub.http.body import Body, Limits
from hub.http.headers import PROTECTING, REQUEST_ID, RawHeaders
from hub.http.responses import HttpError, RequestErrorObject
from hub.http.visitors import Visitor, Visitors, new_request_id
from hub.limits.pace import Flooded, Meter
from hub.limits.turns import Line
from hub.settings.log_ids import begin_request, end_request
from hub.tracing.tracing import Tracing
from protocol.websocket.handshake import Head, wants_upgrade

WRITE_SECONDS: Final = 1.0  # for a refusal
LINGER_SECONDS: Final = 30.0
LINGER_IDLE_SECONDS: Final = 1.0
LINGER_BODY_IDLE_SECONDS: Final = 5.0
LINGER_BYTES: Final = 268_435_456
log = structlog.get_logger(__name__)

_VERSIONS: Final = (b"1.0", b"1.1")
_HEAD_END: Final = b"\r\n\r\n"
_AMBIGUOUS_LINE: Final = re.compile(rb"(?<!\r)\n|\n[ \t]")
_QUOTED: Final = re.compile(r":? (?:bytearray\()?b['\"].*", re.DOTALL)
_ABSOLUTE_FORM: Final = re.compile(rb"https?://([^/?#@]+)((?:[/?][^#]*)?)", re.IGNORECASE)


@frozen
class Rules:
    """What holds for every connection.

    `limits`: what a request may cost. `visitors`: how fast requests are taken until a user signs
    in. `headers`: those of every response. `admits`: whether the server has the name in a header
    Host. `refused`: gets the status of a request that no application sees. `tracing`: makes spans
    of requests; None: there are none.
    """

    limits: Limits = field(factory=Limits)
    visitors: Visitors = field(factory=Visitors)
    headers: RawHeaders = PROTECTING
    admits: Callable[[bytes | None], bool] = lambda _: True
    refused: Callable[[int], None] = lambda _: None
    tracing: Tracing | None = None


@frozen
class Upgrade:
    """A request with `Upgrade: websocket`, and the bytes that were received after its head.
    `headers`: those of a response that refuses it. The connection's log lines name the request.
    """

    head: Head
    trailing: bytes
    visitor: Visitor
    headers: RawHeaders = PROTECTING

    @property
    def name(self) -> RawHeaders:
        """The header with the request's id, also for a response that grants it."""
        return ((REQUEST_ID, self.visitor.request_id.encode()),)

    async def refuse(
        self, stream: trio.abc.Stream, status: int, text: str, more: RawHeaders = ()
    ) -> None:
        """Send a text/plain response with `Connection: close`; the caller closes the connection.

        Args:
            stream: the connection.
            status: the HTTP status.
            text: what a person reads.
            more: headers beside those of every response.
        """
        headers = (*more, *self.headers)
        log.debug("request_refused", status=status, reason=text)
        await _send_response(stream, status, text.encode(), b"text/plain; charset=utf-8", headers)
        await _linger(stream, LINGER_IDLE_SECONDS)


async def serve_http_connection(
    stream: trio.abc.Stream,
    *,
    app: ASGIApp,
    rules: Rules,
    peer: str,
    scheme: str,
    received: bytes = b"",
) -> Upgrade | None:
    """Serve requests from `stream` until it ends, or one of them asks for a WebSocket.

    Args:
        stream: the connection; the caller closes it.
        app: responds to requests.
        rules: for every connection.
        peer: the address it came from.
        scheme: "http" or "https".
        received: what was read of it already.
    """
    limits, headers = rules.limits, rules.headers
    line, meter = rules.visitors.line(peer), rules.visitors.meter(peer)
    connection = _HttpConnection(stream, limits, rules.admits, line)
    if received:
        connection.receive(received)
    try:
        while (head := await connection.next_head()) is not None:
            visitor = rules.visitors.of(head, peer, scheme, meter)
            headers = (*rules.headers, (REQUEST_ID, visitor.request_id.encode()))
            begin_request(visitor.request_id)
            await _take(meter)
            if wants_upgrade(head):
                return Upgrade(head, connection.trailing(), visitor, headers)
            body = connection.body(head, visitor)
            exchange = Exchange(connection.state, stream, head, limits.response_seconds, headers)
            if rules.tracing is None:
                await run_app(app, body, exchange, visitor, scheme)
            else:
                method = head.method.decode()
                with rules.tracing.request(method, visitor.scheme, visitor.trace) as responded:
                    await run_app(app, body, exchange, visitor, scheme)
                    responded(exchange.route, exchange.status)
            if body.was_left:
                await _linger(stream, LINGER_BODY_IDLE_SECONDS)
            end_request()
            headers = rules.headers
    except HttpError as refusal:
        rules.refused(refusal.status)
        if headers is rules.headers:  # it was refused before it got an id
            name = new_request_id()
            headers = (*headers, (REQUEST_ID, name.encode()))
            begin_request(name)
        log.debug("request_refused", status=refusal.status, reason=refusal.code)
        error: RequestErrorObject = {"error": refusal.text, "code": refusal.code}
        said = tuple((name.encode(), value.encode()) for name, value in refusal.headers.items())
        await _send_response(
            stream, refusal.status, orjson.dumps(error), b"application/json", (*said, *headers)
        )
        await _linger(stream, LINGER_BODY_IDLE_SECONDS)
    except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
        pass  # the peer is gone or does not read its response
    end_request()
    return None


async def _take(meter: Meter) -> None:
    try:
        await meter.take(1)
    except Flooded:
        text = "Too many requests come from this network, please wait"
        raise HttpError(429, "too_many_requests", text, {"Retry-After": "60"}) from None


class _HttpConnection:
    """h11's state with the stream that feeds it. Each read waits for a turn of the loop."""

    def __init__(
        self,
        stream: trio.abc.Stream,
        limits: Limits,
        admits: Callable[[bytes | None], bool],
        line: Line,
    ) -> None:
        self._stream = stream
        self._limits = limits
        self._admits = admits
        self._line = line
        self.state = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.head_bytes)

    async def next_head(self) -> Head | None:
        """The head of the next request, once the response to the last one is sent; None at the end.

        Raises:
            HttpError: it is malformed, too big or too slow.
        """
        if self.state.our_state is h11.DONE and self.state.their_state is h11.DONE:
            self.state.start_next_cycle()
            return await self._head(may_idle=True)
        if self.state.our_state is h11.IDLE:
            return await self._head(may_idle=False)  # the first request must come at once
        return None

    def trailing(self) -> bytes:
        """What was received beyond the current request's head."""
        return bytes(self.state.trailing_data[0])

    def body(self, head: Head, visitor: Visitor) -> Body:
        """The current request's body.

        Raises:
            HttpError: its length is given in two ways.
        """
        send, limits = self._stream.send_all, self._limits
        return Body(self.state, self._event, send, head, limits, visitor.network)

    async def _head(self, *, may_idle: bool) -> Head | None:
        if may_idle and not self.state.trailing_data[0]:
            with trio.move_on_after(self._limits.idle_seconds):
                self.receive(await self._stream.receive_some())
            if not self.state.trailing_data[0]:
                return None
        with trio.move_on_after(self._limits.head_seconds) as patience:
            if may_idle:
                await self._turn(patience)  # for what is there already
            match await self._event(patience):
                case h11.Request() as request:
                    return self._checked(request)
                case _:
                    return None
        if not self.state.trailing_data[0]:
            return None  # no request was begun
        raise HttpError(408, "request_timeout", "The request head took too long")

    def _checked(self, request: h11.Request) -> Head:
        head = Head(request.method, request.target, request.http_version, tuple(request.headers))
        size = len(head.target) + sum(len(name) + len(value) + 4 for name, value in head.headers)
        if size > self._limits.head_bytes:
            raise _HEAD_TOO_BIG
        if head.http_version not in _VERSIONS:
            raise HttpError(505, "http_version", "Only HTTP/1.1 is spoken here")
        head = _in_origin_form(head)
        if not self._admits(head.header(b"host")):
            raise HttpError(421, "host_refused", _NO_SUCH_HOST)
        return head

    async def _event(
        self, patience: trio.CancelScope
    ) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """The next event. Reads as often as h11 needs, within a scope with a deadline."""
        while True:
            if self.state.their_state is h11.IDLE:
                self._refuse_ambiguous_lines()
            try:
                event = self.state.next_event()
            except h11.RemoteProtocolError as error:
                if error.error_status_hint == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
                    raise _HEAD_TOO_BIG from None
                text = f"Malformed request: {_QUOTED.sub('', str(error))}"
                raise HttpError(error.error_status_hint, "bad_request", text) from None
            if event is not h11.NEED_DATA:
                return event
            self.receive(await self._stream.receive_some())
            await self._turn(patience)

    async def _turn(self, patience: trio.CancelScope) -> None:
        """Wait for a turn of the loop. The wait does not count against the deadline."""
        left = patience.deadline - trio.current_time()
        patience.deadline = inf
        await self._line.turn()
        patience.deadline = trio.current_time() + left

    def _refuse_ambiguous_lines(self) -> None:
        """Refuse a head with lines that a proxy may split or join otherwise than h11: that end
        without a carriage return, or continue in the next one (RFC 9112 sections 2.2 and 5.2).
        """
        head = self.state.trailing_data[0].partition(_HEAD_END)[0]
        if _AMBIGUOUS_LINE.search(head):
            raise HttpError(400, "bad_request", "Malformed request: illegal line ending")

    def receive(self, data: bytes | bytearray) -> None:
        """Bytes have come; if there are none, the stream is at its end."""
        self.state.receive_data(bytes(data))


def _in_origin_form(head: Head) -> Head:
    """A target in the form for proxies, `http://host/path`, becomes the path, and its host becomes
    the request's Host (RFC 9112 section 3.2.2).
    """
    found = _ABSOLUTE_FORM.fullmatch(head.target)
    if found is None:
        return head
    host, path = found.groups()
    headers = tuple(each for each in head.headers if each[0] != b"host")
    target = path if path.startswith(b"/") else b"/" + path
    return evolve(head, target=target, headers=((b"host", host), *headers))


_NO_SUCH_HOST: Final = (
    "This server does not have this host name; whoever runs it can name it in allowed_hosts"
)
_HEAD_TOO_BIG: Final = HttpError(431, "head_too_large", "The request head is too large")


async def _send_response(
    stream: trio.abc.Stream,
    status: int,
    body: bytes,
    content_type: bytes,
    headers: RawHeaders,
) -> None:
    options = b"close, Upgrade" if b"Upgrade" in dict(headers) else b"close"
    lines = [
        b"HTTP/1.1 %d %s" % (status, HTTPStatus(status).phrase.encode()),
        b"Content-Type: " + content_type,
        b"Content-Length: %d" % len(body),
        b"Connection: " + options,
        *(b"%s: %s" % header for header in headers),
    ]
    try:
        with trio.move_on_after(WRITE_SECONDS):
            await stream.send_all(b"\r\n".join((*lines, b"", body)))
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        pass  # the peer left before its response


async def _linger(stream: trio.abc.Stream, idle_seconds: float) -> None:
    """Read what the peer still sends, until it closes: closing on unread bytes resets the
    connection, a reset can discard the response, and many clients read it only when they have sent
    their whole body. Ends `idle_seconds` after the last byte.
    """
    try:
        with trio.move_on_after(LINGER_SECONDS):
            if isinstance(stream, trio.abc.HalfCloseableStream):
                await stream.send_eof()
            left = LINGER_BYTES
            with trio.move_on_after(idle_seconds) as idle:
                while left > 0 and (data := await stream.receive_some()):
                    left -= len(data)
                    idle.deadline = trio.current_time() + idle_seconds
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        pass  # the peer has closed
