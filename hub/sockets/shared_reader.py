"""One task reads every socket.

Guarantees: a socket stays registered while it is read, so a message costs no system call but
its own; bytes are handed on in order; while a reader is busy, at most one chunk of its socket
leaves the kernel, so that backpressure reaches the peer. Must not know: what the bytes mean.
"""

import selectors
import socket
from typing import Final

import trio
from attrs import define, field

READ_BYTES: Final = 65_536


class SharedReader:
    """Reads the sockets of many `SocketReader`s; they receive only while `run` runs."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._is_over = False

    def watch(self, inlet: "SocketReader") -> None:
        """Begin to read a socket."""
        if not self._is_over:
            self._selector.register(inlet.sock, selectors.EVENT_READ, inlet)

    def unwatch(self, inlet: "SocketReader") -> None:
        """Stop reading a socket that is watched, and is still open."""
        if not self._is_over:
            self._selector.unregister(inlet.sock)

    async def run(self) -> None:
        """Read until cancelled. Tasks that wait for bytes are cancelled by their own nursery."""
        try:
            while True:
                await trio.lowlevel.wait_readable(self._selector)
                for key, _ in self._selector.select(0):
                    key.data.read()
        finally:
            self._is_over = True
            self._selector.close()


@define(eq=False)
class SocketReader:
    """The receiving side of one socket.

    Args:
        sock: non-blocking, owned by the caller.
        reader: reads it.
    """

    sock: socket.socket
    _reader: SharedReader
    _arrived: bytes | None = field(default=None, init=False)
    _failure: OSError | None = field(default=None, init=False)
    _is_watched: bool = field(default=False, init=False)
    _is_closed: bool = field(default=False, init=False)
    _waiting: trio.lowlevel.Task | None = field(default=None, init=False)

    def take(self, max_bytes: int) -> bytes:
        """What was received since `wait` returned: at least one byte, or b"" at the end of the
        stream.

        Raises:
            OSError: the connection broke.
            trio.ClosedResourceError: it was closed here.
        """
        if self._is_closed:
            raise trio.ClosedResourceError("the connection was closed")
        if self._failure is not None:
            raise self._failure
        data = self._arrived or b""
        if data:  # the end of the stream stays
            self._arrived = data[max_bytes:] or None
        return data[:max_bytes]

    async def wait(self) -> None:
        """Wait until there is something to receive: bytes, the end or a failure.

        Raises:
            trio.BusyResourceError: another task waits already.
        """
        if self._arrived is not None or self._failure is not None or self._is_closed:
            await trio.lowlevel.checkpoint()
            return
        if self._waiting is not None:
            raise trio.BusyResourceError("another task is receiving")
        if not self._is_watched:
            self._is_watched = True
            self._reader.watch(self)
        self._waiting = trio.lowlevel.current_task()
        await trio.lowlevel.wait_task_rescheduled(self._give_up)

    def close(self) -> None:
        """The socket is about to be closed; a waiting task gets ClosedResourceError."""
        self._unwatch()
        self._is_closed = True
        self._wake()

    def read(self) -> None:
        """Read a chunk; called by the reader when the socket is readable."""
        if self._arrived is not None:
            self._unwatch()  # the last chunk was not taken yet
            return
        try:
            self._arrived = self.sock.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._failure = error
        if not self._arrived:
            self._unwatch()
        self._wake()

    def _give_up(self, _: object) -> trio.lowlevel.Abort:
        self._waiting = None
        return trio.lowlevel.Abort.SUCCEEDED

    def _wake(self) -> None:
        task, self._waiting = self._waiting, None
        if task is not None:
            trio.lowlevel.reschedule(task)

    def _unwatch(self) -> None:
        if self._is_watched:
            self._is_watched = False
            self._reader.unwatch(self)
