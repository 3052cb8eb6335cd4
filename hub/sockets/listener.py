"""The port: accepts connections, and confines what one of them raises to itself.

Guarantees: whatever one connection raises ends that connection alone; there are never more
connections than the caps and the system's limit of open files allow, in all and per address; when
there are too many in all, the oldest one in which no user has signed in is closed; new ones of one
address are served at a bounded rate, and closed at once if that address is far behind; a TLS
handshake has a deadline, and costs nothing before the peer begins it; all log lines of a connection
have its id.
Must not know: what is spoken on a connection.
"""

import errno
import resource
import socket
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from math import inf
from typing import Final, TypeAlias

import structlog
import trio
from attrs import frozen

from hub.http.visitors import Visitors
from hub.limits.pace import Flooded
from hub.settings.log_ids import begin_connection
from hub.sockets.addresses import peer_of
from hub.sockets.refusals import Reason, Refusals
from hub.sockets.shared_reader import SharedReader
from hub.sockets.transport import SocketTransport, StreamTransport, Transport

log = structlog.get_logger(__name__)

OTHER_FILES: Final = 256  # open files that the hub may need beside connections
RESCAN_SECONDS: Final = 1.0  # after no connection was found that could make room
TLS_SECONDS: Final = 10.0
TLS_COST: Final = 3  # the cost of a handshake, in requests, beside that of the connection
EXHAUSTED_PAUSE_SECONDS: Final = 0.1
SILENT_SECONDS: Final = 10.0  # between two warnings about exhaustion
_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

Handler: TypeAlias = Callable[[Transport, str, str], Awaitable[None]]
"""Serves (transport, peer address, "http" or "https")."""


@frozen
class Caps:
    """How many connections may be open at a time."""

    total: int
    per_address: int

    def within(self, open_files: int) -> "Caps":
        """These caps, lowered to what so many open files allow."""
        possible = max(1, open_files - OTHER_FILES)
        return Caps(min(self.total, possible), min(self.per_address, possible))


def raise_file_limit() -> int:
    """Raise the process's limit of open files to the highest allowed; returns it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


class Acceptor:
    """Turns a listening socket into served connections.

    Args:
        handler: serves one connection.
        caps: how many at a time; beyond `total`, a connection without a user makes room, or else
            the new one is closed at once.
        tls: the TLS context of every connection, if they use TLS.
        visitors: how fast connections of one address are served; by default at once.
    """

    def __init__(
        self,
        handler: Handler,
        caps: Caps,
        tls: ssl.SSLContext | None = None,
        visitors: Visitors | None = None,
    ) -> None:
        self._handler = handler
        self._visitors = visitors or Visitors()
        self.caps = caps
        """May be changed; connections that are open stay."""
        self.tls = tls
        """May be replaced, for connections that come from then on."""
        self._open: Counter[str] = Counter()
        self._serving: dict[trio.CancelScope, Transport] = {}  # the oldest first
        self._no_room_until = -inf
        self.refusals: Final = Refusals()
        self._silent_until = -inf

    @property
    def open(self) -> int:
        """How many connections there are, whatever is spoken on them."""
        return len(self._serving)

    async def accept_forever(
        self, listeners: Sequence[socket.socket], connections: trio.Nursery
    ) -> None:
        """Accept connections from `listeners` until cancelled, then close the listeners. Each
        connection is served in the nursery `connections`, until that is cancelled.
        """
        reader = SharedReader()
        connections.start_soon(reader.run)
        connections.start_soon(self.refusals.report)
        async with trio.open_nursery() as nursery:
            for listener in listeners:
                nursery.start_soon(self._accept, listener, reader, connections)

    async def _accept(
        self, listener: socket.socket, reader: SharedReader, connections: trio.Nursery
    ) -> None:
        with listener:
            while True:
                await trio.lowlevel.wait_readable(listener)
                try:
                    accepted, address = listener.accept()
                except BlockingIOError:
                    continue
                except OSError as error:
                    if error.errno in _EXHAUSTED:
                        self._warn_of_exhaustion(error)
                        await trio.sleep(EXHAUSTED_PAUSE_SECONDS)
                    continue  # other errors mean that the peer left before it was accepted
                peer = peer_of(address)
                if (reason := self._refusal(peer)) is not None:
                    self.refusals.note(peer, reason)
                    accepted.close()
                    continue
                connections.start_soon(self.serve, SocketTransport(accepted, reader), peer)

    def _warn_of_exhaustion(self, error: OSError) -> None:
        """Log a warning, at most one every `SILENT_SECONDS`: it may last."""
        now = trio.current_time()
        if now >= self._silent_until:
            self._silent_until = now + SILENT_SECONDS
            log.warning("accept_failed", reason=str(error), silent_for=SILENT_SECONDS)

    async def serve(self, transport: Transport, peer: str) -> None:
        """Serve one connection and close it. Raises nothing but cancellation."""
        begin_connection()
        log.debug("connection_opened", peer=peer)
        begun = trio.current_time()
        self._open[peer] += 1
        try:
            with trio.CancelScope() as scope:
                await self._serve(transport, peer, scope)
        finally:
            traffic = transport.traffic
            log.debug(
                "connection_closed",
                seconds=round(trio.current_time() - begun, 3),
                bytes_in=None if traffic is None else traffic.received,
                bytes_out=None if traffic is None else traffic.sent,
            )

    async def _serve(self, transport: Transport, peer: str, scope: trio.CancelScope) -> None:
        tls = self.tls
        self._serving[scope] = transport
        try:
            await self._visitors.arrive(peer, 1)
            if tls is None:
                await self._handler(transport, peer, "http")
            else:
                transport = StreamTransport(await self._handshake(transport, peer, tls))
                self._serving[scope] = transport
                await self._handler(transport, peer, "https")
        except Exception as error:  # noqa: BLE001  the boundary where one connection's trouble ends
            _log_failure(error, peer)
        finally:
            await transport.finish()
            del self._serving[scope]
            self._open[peer] -= 1
            if not self._open[peer]:
                del self._open[peer]

    async def _handshake(
        self, transport: Transport, peer: str, context: ssl.SSLContext
    ) -> "trio.SSLStream[Transport]":
        with trio.fail_after(TLS_SECONDS) as patience:
            await transport.wait_for_bytes()
            patience.deadline = inf  # from here on the hub makes the peer wait
            await self._visitors.arrive(peer, TLS_COST)
            patience.deadline = trio.current_time() + TLS_SECONDS
            stream = trio.SSLStream(transport, context, server_side=True, https_compatible=True)
            await stream.do_handshake()
        return stream

    def _refusal(self, peer: str) -> Reason | None:
        """Why a connection is not served; None: it is."""
        if self._visitors.is_far_behind(peer):
            return Reason.TOO_FAST
        is_full = len(self._serving) >= self.caps.total
        if self._open[peer] >= self.caps.per_address or (is_full and not self._make_room()):
            return Reason.TOO_MANY
        return None

    def _make_room(self) -> bool:
        """End the oldest connection in which no user has signed in, if there is one."""
        now = trio.current_time()
        if now < self._no_room_until:
            return False
        for scope, transport in self._serving.items():
            if not (transport.is_known() or scope.cancel_called):
                scope.cancel()
                return True
        self._no_room_until = now + RESCAN_SECONDS
        return False


def _log_failure(error: Exception, peer: str) -> None:
    """Log a peer's fault at debug level, anything else as an error with its traceback."""
    leaves = _leaves(error)
    peers_fault = (
        trio.BrokenResourceError,
        trio.ClosedResourceError,
        trio.TooSlowError,
        Flooded,
    )
    if all(isinstance(leaf, peers_fault) for leaf in leaves):
        log.debug("connection_broke", peer=peer, reason=str(leaves[0]))
    else:
        log.error("connection_failed", peer=peer, exc_info=error)


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in _leaves(inner)]
    return [error]
