"""Forwards the requests of a session to the node that has the session.

Guarantees: a session id names its node, so no node forwards what was forwarded to it; the client's
address and the head of its request reach the node as they were; `Unreachable` is raised if no node
that lives responds in time; a WebSocket ends with its node; the number of requests under way is
bounded. Must not know: sessions, packets.

A polling request is forwarded alone, because the next one on its connection may be for another
session or no session: proxies share connections. A WebSocket is forwarded as two byte streams.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import aclosing, asynccontextmanager, suppress
from functools import partial
from http import HTTPStatus
from typing import Final, Protocol

import h11
import structlog
import trio
from attrs import define
from starlette.requests import Request
from starlette.responses import Response

from hub.engineio.forwarding.signature import Forwarded, Signer
from hub.http.server import Upgrade
from hub.http.visitors import Visitor
from hub.sockets.addresses import unix_path
from hub.sockets.transport import Transport
from persistence.nodes import Node
from protocol.engineio.session import EngineSettings
from protocol.websocket.handshake import Head, request_bytes

log = structlog.get_logger(__name__)

CONNECT_SECONDS: Final = 2.0
SPARE_SECONDS: Final = 5.0  # beyond the time in which a living session sends something
CLIENT_SECONDS: Final = 10.0  # within which a client must read what is sent to it
LAST_SECONDS: Final = 1.0  # in which a client may read the last bytes
MAX_OPEN: Final = 20_000
MAX_RESPONSE_BYTES: Final = 4_194_304
READ_BYTES: Final = 65_536
SAY_SECONDS: Final = 10.0  # between two log lines about nodes that are not reached
SEPARATOR: Final = "."

_OF_ONE_CONNECTION: Final = frozenset({b"connection", b"keep-alive", b"expect"})
_PASSED_BACK: Final = frozenset({b"content-type", b"cache-control", b"retry-after"})


class Unreachable(Exception):
    """No node that has the session can be reached now; the text says why."""


class Nodes(Protocol):
    """The nodes of the database."""

    @property
    def name(self) -> str:
        """The name of this one."""

    async def find(self, name: str) -> Node | None:
        """The node of that name, if it lives."""

    async def next_look(self) -> Collection[Node]:
        """The nodes that live, after the next lookup."""


@define
class ForwardingFigures:
    """Since the start. `polling` and `websockets`: requests to other nodes; `failures`: to nodes
    that live and were not reached.
    """

    polling: int = 0
    websockets: int = 0
    failures: int = 0


class Forwarder:
    """Forwards requests to the other nodes.

    Args:
        nodes: finds them.
        signer: signs what is forwarded.
        settings: of the sessions, which send something at least as often as they are pinged.
    """

    def __init__(self, nodes: Nodes, signer: Signer, settings: EngineSettings) -> None:
        self._nodes = nodes
        self.signer: Final = signer
        self._silence = settings.ping_interval + settings.ping_timeout + SPARE_SECONDS
        self._open: dict[trio.CancelScope, Node] = {}
        self._is_over = False
        self._says_at = -float("inf")
        self.figures: Final = ForwardingFigures()

    @property
    def under_way(self) -> int:
        """How many requests and WebSockets are with other nodes now."""
        return len(self._open)

    @property
    def prefix(self) -> str:
        """The prefix of the ids of this node's sessions."""
        return f"{self._nodes.name}{SEPARATOR}"

    def owner(self, sid: str) -> str | None:
        """The name of the other node that a session is at; None: it can only be at this one."""
        name, separator, _ = sid.partition(SEPARATOR)
        return name if separator and name != self._nodes.name else None

    async def run(self) -> None:
        """Until cancelled, end what is under way to nodes that no longer live."""
        while True:
            living = {each.start for each in await self._nodes.next_look()}
            for scope, node in tuple(self._open.items()):
                if node.start not in living:
                    scope.cancel()

    def close_all(self) -> None:
        """End what is under way, and forward nothing from now on."""
        self._is_over = True
        for scope in tuple(self._open):
            scope.cancel()

    async def answer(self, owner: str, request: Request, head: Head) -> Response:
        """The response of a node to a polling request. Raises Unreachable."""
        visitor: Visitor = request.scope["visitor"]
        self.figures.polling += 1
        state = h11.Connection(h11.CLIENT)
        kept = [each for each in head.headers if each[0] not in _OF_ONE_CONNECTION]
        headers = [*kept, (b"connection", b"close")]
        try:
            begun = h11.Request(method=head.method, target=head.target, headers=headers)
        except h11.LocalProtocolError as error:  # HTTP/1.0 without a Host
            raise Unreachable(str(error)) from None
        async with self._stream_to(owner, state.send(begun) or b"", visitor) as (stream, node):
            with trio.move_on_after(self._silence):
                try:
                    await _send_body(state, stream, request)
                    response = await _response(state, stream)
                except (h11.RemoteProtocolError, trio.BrokenResourceError) as error:
                    raise self._not_reached(node, str(error)) from None
                if response.status_code == HTTPStatus.OK:
                    visitor.meter.pace.give_back(1)  # the other node charges its user
                return response
            raise self._not_reached(node, "it does not respond")

    async def splice(self, owner: str, transport: Transport, upgrade: Upgrade) -> None:
        """Connect a client that asks for a WebSocket with a node, until either ends. Raises
        Unreachable: the client was sent nothing.
        """
        is_begun = False
        self.figures.websockets += 1
        try:
            async with self._stream_to(owner, request_bytes(upgrade.head), upgrade.visitor) as (
                stream,
                node,
            ):
                with suppress(trio.BrokenResourceError):
                    await stream.send_all(upgrade.trailing)
                first = await self._next(stream)
                if not first:
                    raise self._not_reached(node, "it does not respond")
                is_begun = True
                upgrade.visitor.meter.pace.give_back(1)
                transport.is_known = lambda: True  # it has a session, or is refused at once
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(_carry_in, transport, stream, nursery.cancel_scope)
                    await self._carry_out(first, stream, transport)
                    nursery.cancel_scope.deadline = trio.current_time() + LAST_SECONDS
        except Unreachable:
            if not is_begun:
                raise

    async def _carry_out(
        self, first: bytes, stream: trio.SocketStream, transport: Transport
    ) -> None:
        """Copy from the node to the client, until the node sends no more or the client is slow."""
        data = first
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
            while data:
                with trio.fail_after(CLIENT_SECONDS):
                    await transport.send_all(data)
                data = await self._next(stream)
            await transport.send_eof()

    async def _next(self, stream: trio.SocketStream) -> bytes:
        """What the node sends next; nothing: it has ended, or is silent for too long."""
        with trio.move_on_after(self._silence), suppress(trio.BrokenResourceError):
            return bytes(await stream.receive_some(READ_BYTES))
        return b""

    @asynccontextmanager
    async def _stream_to(
        self, owner: str, head: bytes, visitor: Visitor
    ) -> AsyncIterator[tuple[trio.SocketStream, Node]]:
        """A connection to a node, which was sent this head. Raises Unreachable, also when the node
        dies meanwhile.
        """
        node = await self._nodes.find(owner)
        if node is None or self._is_over:
            raise Unreachable(f"no node that lives is called {owner}")
        if len(self._open) >= MAX_OPEN:
            raise self._not_reached(node, "too much is under way to other nodes")
        forwarded = Forwarded(node.name, visitor.peer, visitor.scheme, head)
        with trio.CancelScope() as scope:
            self._open[scope] = node
            try:
                async with await self._connect(node) as stream:
                    with suppress(trio.BrokenResourceError):  # what it sent before can be read
                        await stream.send_all(self.signer.sign(forwarded))
                    yield stream, node
            finally:
                del self._open[scope]
        if scope.cancelled_caught:
            raise Unreachable(f"the node {owner} has ended, or this one does")

    async def _connect(self, node: Node) -> trio.SocketStream:
        if node.address is None:
            raise self._not_reached(node, "it has no address")
        path = unix_path(node.address)
        host, _, port = node.address.rpartition(":")
        connect = (
            partial(trio.open_unix_socket, path)
            if path is not None
            else partial(trio.open_tcp_stream, host.strip("[]"), int(port))
        )
        try:
            with trio.fail_after(CONNECT_SECONDS):
                return await connect()
        except (OSError, trio.TooSlowError) as error:
            raise self._not_reached(node, str(error) or "it does not accept") from None

    def _not_reached(self, node: Node, reason: str) -> Unreachable:
        """The error for a node that lives; it is logged at most every `SAY_SECONDS`."""
        self.figures.failures += 1
        now = trio.current_time()
        if now >= self._says_at:
            self._says_at = now + SAY_SECONDS
            log.warning(
                "node_not_reached",
                node=node.name,
                address=node.address,
                reason=reason,
                silent_for=SAY_SECONDS,
            )
        return Unreachable(reason)


async def _carry_in(
    transport: Transport, stream: trio.SocketStream, scope: trio.CancelScope
) -> None:
    """Copy from a client to its node, as fast as the node reads, until the client ends."""
    with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        while data := await transport.receive_some(READ_BYTES):
            await stream.send_all(data)
    scope.cancel()


async def _send_body(state: h11.Connection, stream: trio.SocketStream, request: Request) -> None:
    """The body of a request as it comes, unless the node has responded before its end."""
    async with aclosing(request.stream()) as parts:
        async for part in parts:
            if part and not await _is_sent(stream, state.send(h11.Data(data=part))):
                return
    await _is_sent(stream, state.send(h11.EndOfMessage()))


async def _is_sent(stream: trio.SocketStream, data: bytes | None) -> bool:
    try:
        await stream.send_all(data or b"")
    except trio.BrokenResourceError:
        return False
    return True


async def _response(state: h11.Connection, stream: trio.SocketStream) -> Response:
    """Raises h11.RemoteProtocolError: it is no response that a node sends."""
    status, headers, body = 0, {}, bytearray()
    while True:
        match event := state.next_event():
            case h11.NEED_DATA:
                state.receive_data(bytes(await stream.receive_some(READ_BYTES)))
            case h11.InformationalResponse():
                pass
            case h11.Response():
                status = event.status_code
                headers = {
                    name.decode(): value.decode("latin-1")
                    for name, value in event.headers
                    if name in _PASSED_BACK
                }
            case h11.Data() if len(body) <= MAX_RESPONSE_BYTES:
                body += event.data
            case h11.EndOfMessage():
                return Response(bytes(body), status, headers)
            case _:
                raise h11.RemoteProtocolError("it ended before its response did")
