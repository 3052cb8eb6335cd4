"""The separate listener to which other nodes forward requests; clients do not use it.

Guarantees: only a request that a node of this database has signed for this node is served, as if
its client had connected here; anything else is refused, with a line in the log. Must not know:
sessions, the protocols of connections.
"""

import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, TypeAlias

import structlog
import trio
from attrs import define, evolve, field, frozen

from hub.engineio.forwarding.forwarder import Forwarder
from hub.engineio.forwarding.signature import MAX_LINE_BYTES, Forwarded, Line, NotForwarded, Signer
from hub.settings.parsers import Place
from hub.sockets.addresses import UNIX, listening, listening_at, remove_stale, unix_path
from hub.sockets.listener import Acceptor, Caps
from hub.sockets.transport import Transport
from persistence.nodes import Node

log = structlog.get_logger(__name__)

HEAD_SECONDS: Final = 5.0
REFUSAL_SECONDS: Final = 1.0
SAY_SECONDS: Final = 10.0  # between two log lines about refusals
MODE: Final = 0o600
_REFUSAL: Final = (
    b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 31\r\n"
    b"Connection: close\r\n\r\nNo node has signed this request"
)

Serve: TypeAlias = Callable[[Transport, str, str, bytes], Awaitable[None]]
"""Serves (transport, peer address, "http" or "https", what was read already)."""


@frozen
class InternalListener:
    """Listening sockets of a node, and the node with the address where the others reach them; None:
    there are no other nodes.
    """

    node: Node | None
    listeners: Sequence[socket.socket]


@contextmanager
def internal_listener(
    node: Node, data_dir: Path, place: Place | None
) -> Iterator[InternalListener]:
    """Listen for other nodes; closed on exit.

    Args:
        node: whose listener it is.
        data_dir: where nodes of one machine have a Unix socket each.
        place: where to listen instead, for nodes of other machines.

    Raises:
        OSError: the place cannot be bound.
    """
    with ExitStack() as stack:
        if place is not None:
            found = stack.enter_context(listening(place.host, place.port))
            port = 0 if unix_path(place.host) else found[0].getsockname()[1]
            yield InternalListener(evolve(node, address=str(Place(place.host, port))), found)
            return
        path = data_dir.resolve() / f"node-{node.name}.sock"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            remove_stale(path.parent, "node-*.sock")
            listener = stack.enter_context(listening_at(path, MODE))
        except OSError as error:
            reason = error.strerror or str(error)
            log.warning("no_internal_socket", path=str(path), reason=reason)
            yield InternalListener(node, ())
        else:
            yield InternalListener(evolve(node, address=f"{UNIX}{path}"), (listener,))


async def accept_forwarded(
    forwarder: Forwarder | None,
    listeners: Sequence[socket.socket],
    serve: Serve,
    most: int,
    connections: trio.Nursery,
) -> None:
    """Serve in `connections` what other nodes forward, until cancelled; then close `listeners`.

    Args:
        forwarder: forwards to them; None: there are none.
        listeners: where they connect.
        serve: serves a connection of a client.
        most: how many at a time.
        connections: where they are served.
    """
    if forwarder is not None:
        handler = ForwardedConnections(forwarder.signer, serve)
        acceptor = Acceptor(handler.serve, Caps(most, most))
        await acceptor.accept_forever(listeners, connections)


@define
class ForwardedConnections:
    """Serves what comes in by an internal listener.

    Args:
        signer: verifies it.
        serve: serves a connection of a client.
    """

    signer: Signer
    serve_client: Serve
    _says_at: float = field(default=-float("inf"), init=False)

    async def serve(self, transport: Transport, peer: str, scheme: str) -> None:
        """A connection; the handler of an `Acceptor`."""
        del scheme
        try:
            with trio.fail_after(HEAD_SECONDS):
                received = await transport.receive_some()
                if not received:
                    return  # another node checks whether this one listens
                forwarded, received = await self._read(transport, received)
        except NotForwarded as error:
            await self._refuse(transport, peer, str(error))
            return
        except trio.TooSlowError:
            await self._refuse(transport, peer, "it was not sent in time")
            return
        await self.serve_client(transport, forwarded.peer, forwarded.scheme, received)

    async def _read(self, transport: Transport, received: bytes) -> tuple[Forwarded, bytes]:
        """The request, and its head with all bytes received after it. Raises NotForwarded."""
        while b"\n" not in received[:MAX_LINE_BYTES]:
            if len(received) >= MAX_LINE_BYTES:
                raise NotForwarded("it is not signed")
            received += await _some(transport)
        end = received.index(b"\n") + 1
        line, received = Line.of(received[:end]), received[end:]
        while len(received) < line.head_bytes:
            received += await _some(transport)
        return self.signer.verify(line, received[: line.head_bytes]), received

    async def _refuse(self, transport: Transport, peer: str, reason: str) -> None:
        now = trio.current_time()
        if now >= self._says_at:
            self._says_at = now + SAY_SECONDS
            log.warning("forwarding_refused", peer=peer, reason=reason, silent_for=SAY_SECONDS)
        with trio.move_on_after(REFUSAL_SECONDS):
            await transport.send_all(_REFUSAL)
            await transport.send_eof()
            while await transport.receive_some():
                pass  # closing on unread bytes could discard the response


async def _some(transport: Transport) -> bytes:
    data = await transport.receive_some()
    if not data:
        raise NotForwarded("it ended before its signature, or its head, did")
    return data
