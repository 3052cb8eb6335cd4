"""The admin socket: the operator's calls over HTTP, for accounts that may open the socket file.

Guarantees: only the hub's own account and root can open it, and each peer is an operator, named by
its uid; few connections are served at a time, the others wait; a silent one is closed, and an
exception in a connection ends that connection alone. Must not know: any call.
"""

import os
import socket
import struct
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import structlog
import trio
from attrs import define, field
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.admin.operator import OPERATOR, Operator
from hub.http.server import Rules, serve_http_connection
from hub.sockets.addresses import listening_at
from persistence.interface import Way

log = structlog.get_logger(__name__)

NAME: Final = "admin.sock"
MODE: Final = 0o600
MAX_PATH_BYTES: Final = 107
PLACES: Final = 64
LAST_SECONDS: Final = 2.0  # for the responses that are being made when the hub stops
PAUSE_SECONDS: Final = 0.1  # after the system had no room for a connection
_CREDENTIALS: Final = struct.Struct("3i")  # pid, uid, gid


@contextmanager
def admin_listener(path: Path) -> Iterator[socket.socket | None]:
    """A listening socket at a path; None, which is logged, if it cannot be opened."""
    with ExitStack() as stack:
        listener = None
        try:
            _require_short(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            listener = stack.enter_context(listening_at(path, MODE))
        except OSError as error:
            log.warning("no_admin_socket", path=str(path), reason=error.strerror or str(error))
        yield listener


def _require_short(path: Path) -> None:
    flaw = flaw_of_path(path)
    if flaw is not None:
        raise OSError(flaw)


def flaw_of_path(path: Path) -> str | None:
    """Why there can be no socket at a path; None: there can."""
    size = len(os.fsencode(path))
    if size <= MAX_PATH_BYTES:
        return None
    return f"its path has {size} bytes, that of a Unix socket {MAX_PATH_BYTES} at most"


@asynccontextmanager
async def open_admin_socket(data_dir: Path, app: ASGIApp, rules: Rules) -> AsyncIterator[None]:
    """Serve operators at the socket of a data folder until the context is left. If it cannot be
    opened, that is logged and none is served. `app`, `rules`: see `serve_operators`.
    """
    with admin_listener(data_dir / NAME) as listener:
        async with serve_operators([] if listener is None else [listener], app, rules):
            yield


@asynccontextmanager
async def serve_operators(
    listeners: Sequence[socket.socket], app: ASGIApp, rules: Rules
) -> AsyncIterator[None]:
    """Serve operators until the context is left.

    Args:
        listeners: the sockets on which they connect.
        app: responds to them.
        rules: those of every connection.
    """
    answering = _Answering(app)
    async with trio.open_nursery() as nursery:
        for listener in listeners:
            nursery.start_soon(_accept, listener, answering, rules)
        yield
        with trio.move_on_after(LAST_SECONDS):
            await answering.drain()
        nursery.cancel_scope.cancel()


@define
class _Answering:
    """The application; `drain` waits for the requests that it is handling."""

    app: ASGIApp
    _count: int = 0
    _changed: trio.Event = field(factory=trio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._count += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._count -= 1
            self._changed.set()

    async def drain(self) -> None:
        """Return when no request is being handled."""
        while self._count:
            self._changed = trio.Event()
            await self._changed.wait()


async def _accept(listener: socket.socket, app: ASGIApp, rules: Rules) -> None:
    listening = trio.SocketListener(trio.socket.from_stdlib_socket(listener))
    places = trio.Semaphore(PLACES)
    async with trio.open_nursery() as nursery:
        while True:
            await places.acquire()
            try:
                stream = await listening.accept()
            except OSError as error:
                places.release()
                log.warning("accept_failed", reason=str(error))
                await trio.sleep(PAUSE_SECONDS)
                continue
            nursery.start_soon(_serve, stream, app, rules, places)


async def _serve(
    stream: trio.SocketStream, app: ASGIApp, rules: Rules, places: trio.Semaphore
) -> None:
    operator = Operator(Way.SOCKET, f"uid {_uid_of(stream)}")

    async def known(scope: Scope, receive: Receive, send: Send) -> None:
        scope[OPERATOR] = operator  # in place: `serve_http_connection` reads the route there
        await app(scope, receive, send)

    try:
        upgrade = await serve_http_connection(
            stream, app=known, rules=rules, peer=operator.peer, scheme="http"
        )
        if upgrade is not None:
            await upgrade.refuse(stream, 404, "Not found")
    except Exception:  # an error ends this connection alone
        log.exception("connection_failed", peer=operator.peer)
    finally:
        await trio.aclose_forcefully(stream)
        places.release()


def _uid_of(stream: trio.SocketStream) -> int:
    given = stream.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(given)
    return int(uid)
