"""Waits for a database that is not available yet, and responds at the port meanwhile.

Guarantees: after an error that may pass the start waits, however long it takes, and logs the
reason when it changes; any other error ends the start. Meanwhile `/healthz` returns 200 and
everything else 503. Must not know: which database it is.
"""

import random
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Final, TypeAlias, TypeVar

import structlog
import trio
from attrs import define

from hub.sockets.listener import Acceptor, Caps
from hub.sockets.transport import Transport
from persistence.records import StoreUnavailable

log = structlog.get_logger(__name__)

T = TypeVar("T")
Notify: TypeAlias = Callable[[str], None]
"""Reports the state of the process to its supervisor, in the format of sd_notify(3)."""

FIRST_PAUSE_SECONDS: Final = 0.25
LONGEST_PAUSE_SECONDS: Final = 5.0
HEAD_SECONDS: Final = 10.0
HEAD_BYTES: Final = 16_384
STAND_IN_CAPS: Final = Caps(256, 64)
_ALIVE: Final = "200 OK"
_STARTING: Final = "503 Service Unavailable"


async def open_patiently(
    stack: AsyncExitStack,
    name: str,
    open_one: Callable[[], AbstractAsyncContextManager[T]],
    note: Callable[[str], None],
) -> T:
    """Enter a context on `stack` once its database is available; returns the context's value.

    Args:
        stack: exits it.
        name: of the database, for people.
        open_one: makes the context.
        note: gets each new reason to wait.

    Raises:
        Exception: an error that does not pass by itself.
    """
    logged = ""
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            return await stack.enter_async_context(open_one())
        except Exception as error:
            reason = _passing(error)
            if reason is None:
                raise
        if reason != logged:
            logged = reason
            log.warning("waiting_for_database", database=name, reason=reason)
            note(reason)
        await trio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  hubs shall not retry together
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _passing(error: BaseException) -> str | None:
    """Why the start has to wait; None: waiting does not help."""
    if isinstance(error, BaseExceptionGroup):
        reasons = [_passing(each) for each in error.exceptions]
        return None if None in reasons else reasons[0]
    return str(error) if isinstance(error, StoreUnavailable) and error.heals else None


@define
class Waiting:
    """Responds to clients, and reports to the supervisor, while the hub waits.

    Args:
        places: the sockets where clients connect, and the context of TLS there.
        notify: reports to the supervisor.
        nursery: runs the task that responds.
    """

    places: Sequence[tuple[Sequence[socket.socket], ssl.SSLContext | None]]
    notify: Notify
    nursery: trio.Nursery
    _answering: trio.CancelScope | None = None

    def begin(self, reason: str) -> None:
        """There is a reason to wait, perhaps another one than before."""
        self.notify(f"STATUS=Waiting for the database: {reason}")
        if self._answering is None:
            self._answering = trio.CancelScope()
            self.nursery.start_soon(self._answer_all, self._answering)

    def end(self) -> None:
        """Leave new connections to the hub, from now on."""
        if self._answering is not None:
            self._answering.cancel()

    async def _answer_all(self, scope: trio.CancelScope) -> None:
        with scope:
            async with trio.open_nursery() as nursery:
                for listeners, tls in self.places:
                    copies = [each.dup() for each in listeners]  # the acceptor closes them
                    acceptor = Acceptor(_answer, STAND_IN_CAPS, tls)
                    nursery.start_soon(acceptor.accept_forever, copies, nursery)


async def _answer(transport: Transport, peer: str, scheme: str) -> None:
    del peer, scheme
    head = b""
    with trio.fail_after(HEAD_SECONDS):
        while b"\r\n\r\n" not in head and len(head) < HEAD_BYTES:
            part = await transport.receive_some()
            if not part:
                return
            head += part
        path = (*head.split(b" ", 2), b"", b"")[1].partition(b"?")[0]
        status = _ALIVE if path == b"/healthz" else _STARTING
        body = '{"status":"ok"}' if status == _ALIVE else '{"status":"starting"}'
        lines = (
            f"HTTP/1.1 {status}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            "Cache-Control: no-store",
            "Retry-After: 2",
            "Connection: close",
        )
        await transport.send_all("\r\n".join((*lines, "", body)).encode())
