"""An Engine.IO 4 server: handshakes, polling requests, WebSockets and upgrades.

Guarantees: a session id cannot be guessed and works only for the client it was given to; a wrong
request gets one of the protocol's error codes; a session's handler runs in the
server's own nursery and outlives the requests that carry it; sessions without a user make room for
others. Must not know: what a message says.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from enum import Enum
from math import inf
from typing import Final, TypeAlias

import structlog
import trio
from attrs import frozen
from starlette.requests import Request
from starlette.responses import Response

from hub.actor.link import Frames
from hub.engineio.binding import Binding
from hub.engineio.connection import STRANGER_BYTES, EngineConnection
from hub.engineio.forwarding.forwarder import Forwarder, Unreachable
from hub.engineio.strangers import Strangers
from hub.http.responses import JSON
from hub.http.server import Upgrade
from hub.http.visitors import Visitor
from hub.limits.pace import Meter
from hub.settings.log_ids import begin_connection, connection_id, know_user
from hub.sockets.outbox import Outbox
from hub.sockets.transport import Transport
from hub.sockets.websocket import WebSocketConnection, accept
from hub.sockets.websocket_link import WebSocketLink
from protocol.dialect import Heartbeat
from protocol.engineio.packets import (
    EngineError,
    Packet,
    PacketType,
    decode_packet,
    encode_packet,
    encode_payload,
)
from protocol.engineio.session import Carrier, EngineSession, EngineSettings
from protocol.errors import PROTOCOL_ERROR, TOO_SLOW
from protocol.websocket.frames import FrameCutter, text_frame
from protocol.websocket.handshake import Head, request_bytes

log = structlog.get_logger(__name__)

OUTBOX_BYTES: Final = 1_048_576
MAX_SESSIONS: Final = 20_000
NO_PINGS: Final = Heartbeat(inf, inf)  # the session pings in packets of its own


class Fault(Enum):
    """What is wrong with a request: the protocol's code and text, and the HTTP status."""

    TRANSPORT_UNKNOWN = (0, "Transport unknown", 400)
    SESSION_UNKNOWN = (1, "Session ID unknown", 400)
    BAD_METHOD = (2, "Bad handshake method", 400)
    BAD_REQUEST = (3, "Bad request", 400)
    FORBIDDEN = (4, "Forbidden", 403)
    UNSUPPORTED_VERSION = (5, "Unsupported protocol version", 400)
    TOO_MANY = (4, "Too many sessions", 503)


class _Refused(Exception):
    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault.value[1])


@frozen
class Opening:
    """How a session was opened: the head of its first request, and the client's network."""

    head: Head
    network: str


Handler: TypeAlias = Callable[[EngineConnection, Opening], Awaitable[None]]
OriginRule: TypeAlias = Callable[[Head], bool]
"""Whether the page that a request comes from may use the server."""


class EngineServer:
    """Serves one path.

    Args:
        settings: the intervals and sizes of handshakes.
        handler: serves one session; the session ends when it returns.
        origin_rule: which pages are allowed.
        max_sessions: how many there are at a time.
        forwarder: forwards requests for sessions of other nodes; None: there are none.
    """

    def __init__(
        self,
        settings: EngineSettings,
        handler: Handler,
        origin_rule: OriginRule,
        max_sessions: int = MAX_SESSIONS,
        forwarder: Forwarder | None = None,
    ) -> None:
        self._settings = settings
        self._handler = handler
        self._origin_rule = origin_rule
        self._max_sessions = max_sessions
        self.forwarder: Final = forwarder
        self._sessions: dict[str, EngineConnection] = {}
        self._strangers = Strangers()
        self._nursery: trio.Nursery | None = None

    @property
    def max_payload(self) -> int:
        """The largest body of a polling request, in bytes."""
        return self._settings.max_payload

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Own the sessions until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            if self.forwarder is not None:
                nursery.start_soon(self.forwarder.run)
            task_status.started()
            await trio.sleep_forever()

    def close_all(self) -> None:
        """End every session, and what is forwarded."""
        if self.forwarder is not None:
            self.forwarder.close_all()
        for connection in tuple(self._sessions.values()):
            connection.close()

    # Polling.

    async def answer(self, request: Request) -> Response:
        """The response to a polling request; an error of the protocol if it is wrong."""
        head = _head(request)
        if not self._origin_rule(head):
            return _error(Fault.FORBIDDEN)
        try:
            response = await self._poll(request, head)
        except _Refused as refusal:
            response = _error(refusal.fault)
        except Unreachable:
            response = _error(Fault.SESSION_UNKNOWN)
        origin = head.header(b"origin")
        if origin is not None:
            response.headers.update(_cors(origin.decode("latin-1")))
        return response

    async def _poll(self, request: Request, head: Head) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204)
        query = head.query
        visitor: Visitor = request.scope["visitor"]
        if query.get("transport") not in ("polling", "websocket"):
            raise _Refused(Fault.TRANSPORT_UNKNOWN)
        sid = query.get("sid")
        if sid is None:
            if request.method != "GET":
                raise _Refused(Fault.BAD_METHOD)
            if query["transport"] != "polling" or "j" in query:
                raise _Refused(Fault.BAD_REQUEST)
            _require_version(query)
            connection = self._open(Carrier.POLLING, head, visitor, Meter(visitor.meter.pace))
            return _payload(connection.session.take_payload())
        forwarder = self.forwarder
        if forwarder is not None and (owner := forwarder.owner(sid)) is not None:
            return await forwarder.answer(owner, request, head)
        connection = self._find(sid, head)
        await visitor.meter.recognize(connection.meter.pace)
        carried = connection.session.carrier is Carrier.POLLING
        if query["transport"] != "polling" or "j" in query or not carried:
            raise _Refused(Fault.BAD_REQUEST)
        return await self._carry(connection, request)

    async def _carry(self, connection: EngineConnection, request: Request) -> Response:
        try:
            if request.method == "GET":
                return _payload(await connection.poll())
            if request.method == "POST":
                await connection.post(await _text(request, connection))
                return Response("ok", media_type="text/plain")
        except (EngineError, UnicodeDecodeError):
            connection.close()
            raise _Refused(Fault.BAD_REQUEST) from None
        except trio.BrokenResourceError:
            raise _Refused(Fault.SESSION_UNKNOWN) from None
        raise _Refused(Fault.BAD_METHOD)

    # WebSocket.

    async def upgrade(self, transport: Transport, request: Upgrade) -> None:
        """A valid WebSocket handshake: a new session, or a polling one that is upgraded."""
        head = request.head
        try:
            if await self._is_forwarded(transport, request):
                return
            connection = self._carried_by_websocket(head)
        except _Refused as refusal:
            _, text, status = refusal.fault.value
            await request.refuse(transport, status, text)
            return
        await accept(request_bytes(head), transport, None, request.name)
        async with trio.open_nursery() as nursery:
            link = WebSocketLink(transport, Outbox(OUTBOX_BYTES), lambda _: b"")
            cutter = FrameCutter(self._settings.max_payload)
            meter = request.visitor.meter if connection is None else connection.meter
            websocket = WebSocketConnection(transport, link, request.trailing, cutter, meter)
            if connection is None:
                connection = self._open(Carrier.WEBSOCKET, head, request.visitor, meter)
                connection.attach(link)
            elif connection.begin_upgrade(link):
                nursery.start_soon(self._give_up_upgrade, connection, link)
            else:
                link.close(PROTOCOL_ERROR)
            transport.is_known = connection.is_known
            try:
                await websocket.serve(NO_PINGS, _take(connection, link))
            finally:
                _name_user(connection)
                connection.detach(link)
                nursery.cancel_scope.cancel()

    async def _is_forwarded(self, transport: Transport, request: Upgrade) -> bool:
        """Whether it was for a session of another node; if so, it was forwarded and is over."""
        owner = None
        if self.forwarder is not None and self._origin_rule(request.head):
            owner = self.forwarder.owner(request.head.query.get("sid", ""))
        if self.forwarder is None or owner is None:
            return False
        try:
            await self.forwarder.splice(owner, transport, request)
        except Unreachable:
            raise _Refused(Fault.SESSION_UNKNOWN) from None
        return True

    def _carried_by_websocket(self, head: Head) -> EngineConnection | None:
        """The session that is to be upgraded, or None for a new one."""
        query = head.query
        if query.get("transport") != "websocket":
            raise _Refused(Fault.TRANSPORT_UNKNOWN)
        if not self._origin_rule(head):
            raise _Refused(Fault.FORBIDDEN)
        sid = query.get("sid")
        if sid is None:
            _require_version(query)
            self._make_room()
            return None
        return self._find(sid, head)

    async def _give_up_upgrade(self, connection: EngineConnection, link: WebSocketLink) -> None:
        await trio.sleep(self._settings.upgrade_timeout)
        if not connection.is_carried_by(link):
            connection.detach(link)
            link.close(TOO_SLOW)

    # Sessions.

    def _make_room(self) -> None:
        if len(self._sessions) >= self._max_sessions and not self._strangers.make_room():
            raise _Refused(Fault.TOO_MANY)

    def _open(
        self, carrier: Carrier, head: Head, visitor: Visitor, meter: Meter
    ) -> EngineConnection:
        self._make_room()
        if self._nursery is None:
            raise _Refused(Fault.TOO_MANY)
        prefix = "" if self.forwarder is None else self.forwarder.prefix
        session = EngineSession(f"{prefix}{secrets.token_urlsafe(15)}", carrier, self._settings)
        connection = EngineConnection(session, self._settings, Binding.of(head), meter)
        self._sessions[session.sid] = connection
        self._strangers.add(visitor.network, connection)
        self._nursery.start_soon(self._live, connection, Opening(head, visitor.network))
        return connection

    def _find(self, sid: str, head: Head) -> EngineConnection:
        connection = self._sessions.get(sid)
        if connection is None:
            raise _Refused(Fault.SESSION_UNKNOWN)
        if not connection.binding.admits(head):
            raise _Refused(Fault.FORBIDDEN)
        _name_user(connection)
        return connection

    async def _live(self, connection: EngineConnection, opening: Opening) -> None:
        """A session from opening to end; an exception of its handler ends that session alone. A
        session that begins with polling gets a connection id of its own in the log, because its
        requests come over any connection.
        """
        over, begun = connection_id(), trio.current_time()
        if connection.session.carrier is Carrier.POLLING:
            begin_connection()
        log.debug("session_opened", over=over)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(connection.keep_alive)
                nursery.start_soon(self._forget_when_closed, connection)
                try:
                    await self._handler(connection, opening)
                except trio.EndOfChannel:
                    pass  # the session ended while the handler read from it
                except Exception:
                    log.exception("session_failed")
                connection.close()
        finally:
            self._sessions.pop(connection.session.sid, None)
            seconds = round(trio.current_time() - begun, 3)
            log.debug("session_closed", code=connection.close_code, seconds=seconds)

    async def _forget_when_closed(self, connection: EngineConnection) -> None:
        await connection.closed.wait()
        self._sessions.pop(connection.session.sid, None)


def _take(
    connection: EngineConnection, link: WebSocketLink
) -> Callable[[str | bytes], Awaitable[None]]:
    """Handles the messages of a session's WebSocket, before and after the upgrade."""

    async def take(message: str | bytes) -> None:
        if link.closing is not None:
            return
        try:
            packet = (
                decode_packet(message)
                if isinstance(message, str)
                else Packet(PacketType.MESSAGE, message)
            )
            if connection.is_carried_by(link):
                await connection.take(packet)
                return
            answer = connection.probe(packet)
        except EngineError:
            if connection.is_carried_by(link):
                connection.close(PROTOCOL_ERROR)
            else:
                connection.detach(link)
                link.close(PROTOCOL_ERROR)
        except trio.BrokenResourceError:
            pass  # the session is over, and its end is on the way
        else:
            if answer is None:
                connection.attach(link)
            else:
                link.offer(Frames(text_frame(encode_packet(answer).encode())))
                link.flush()

    return take


def _name_user(connection: EngineConnection) -> None:
    """Name the session's user in the log lines of the connection that carries it."""
    if connection.user_id is not None:
        know_user(connection.user_id)


async def _text(request: Request, connection: EngineConnection) -> str:
    """The body of a polling request; it must be short until a user has signed in.

    Raises:
        EngineError: it is too large.
        UnicodeDecodeError: it is no text.
    """
    parts: list[bytes] = []
    size = 0
    async with aclosing(request.stream()) as stream:
        async for part in stream:
            size += len(part)
            if size > STRANGER_BYTES and not connection.is_known():
                raise EngineError("a stranger's payload is too large")
            parts.append(part)
    return b"".join(parts).decode()


def _require_version(query: Mapping[str, str]) -> None:
    if query.get("EIO") != "4":
        raise _Refused(Fault.UNSUPPORTED_VERSION)


def _error(fault: Fault) -> Response:
    code, text, status = fault.value
    return JSON({"code": code, "message": text}, status)


def _payload(packets: list[Packet]) -> Response:
    return Response(
        encode_payload(packets), media_type="text/plain", headers={"Cache-Control": "no-store"}
    )


def _head(request: Request) -> Head:
    scope = request.scope
    target: bytes = b"%s?%s" % (scope["raw_path"], scope["query_string"])
    return Head(request.method.encode(), target, b"1.1", tuple(request.headers.raw))


def _cors(allowed: str) -> Mapping[str, str]:
    return {
        "Access-Control-Allow-Origin": allowed,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
        "Access-Control-Allow-Headers": "Content-Type, Authorization",
        "Vary": "Origin",
    }
