"""Byte streams that can also be written without waiting.

Guarantees: `send_now` never blocks and returns how much it wrote; `abort` ends a connection at
once, from any task. Must not know: what the bytes mean.
"""

import socket
import struct
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import trio
from attrs import frozen

from hub.sockets.shared_reader import READ_BYTES, SharedReader, SocketReader

# The offsets of two counters in Linux's `struct tcp_info`.
_BYTES_RECEIVED: Final = 128
_BYTES_SENT: Final = 200
_TCP_INFO_BYTES: Final = 208
_COUNTER: Final = struct.Struct("@Q")
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


@frozen
class Traffic:
    """The bytes of a connection, as the kernel has counted them."""

    received: int
    sent: int


class Transport(trio.abc.HalfCloseableStream):
    """A connection's byte stream. `is_known` returns whether a user has signed in on it; `traffic`
    is set when it is closed.
    """

    def __init__(self) -> None:
        self.is_known: Callable[[], bool] = lambda: False
        self.traffic: Traffic | None = None

    @abstractmethod
    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """At least one byte, or b"" at the end of the stream.

        Raises:
            trio.BrokenResourceError: the connection is gone.
            trio.ClosedResourceError: it was closed here.
        """

    async def wait_for_bytes(self) -> None:
        """Wait until something can be received; returns at once if the stream cannot detect it."""
        await trio.lowlevel.checkpoint()

    @abstractmethod
    def send_now(self, data: bytes) -> int:
        """Write what can be written without waiting; returns how many bytes that were.

        Raises:
            trio.BrokenResourceError: the connection is gone.
            trio.ClosedResourceError: it was closed here.
        """

    @abstractmethod
    def abort(self) -> None:
        """Close at once, without a farewell to the peer. Harmless when closed."""

    async def finish(self) -> None:
        """Close without waiting for the peer, also in a cancelled scope."""
        await trio.aclose_forcefully(self)


class SocketTransport(Transport):
    """A connected stream socket, owned by this object.

    Args:
        sock: a standard-library socket; it becomes non-blocking.
        reader: reads it.
    """

    def __init__(self, sock: socket.socket, reader: SharedReader) -> None:
        super().__init__()
        sock.setblocking(False)  # noqa: FBT003  the standard library's signature
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = sock
        self._inlet = SocketReader(sock, reader)

    def send_now(self, data: bytes) -> int:
        """One non-blocking `send`."""
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise self._failure(error) from error

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Write all of `data`, waiting for the kernel as often as needed."""
        await trio.lowlevel.checkpoint()
        view = memoryview(data)
        while view:
            try:
                sent = self._socket.send(view)
            except BlockingIOError:
                await trio.lowlevel.wait_writable(self._open())
            except OSError as error:
                raise self._failure(error) from error
            else:
                view = view[sent:]

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until the kernel has room."""
        await trio.lowlevel.wait_writable(self._open())

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """At least one byte, or b"" at the end of the stream."""
        await self._inlet.wait()
        try:
            return self._inlet.take(max_bytes or READ_BYTES)
        except OSError as error:
            raise self._failure(error) from error

    async def wait_for_bytes(self) -> None:
        """Wait until something can be received, or nothing will be any more."""
        await self._inlet.wait()

    async def send_eof(self) -> None:
        """End the sending direction."""
        await trio.lowlevel.checkpoint()
        try:
            self._open().shutdown(socket.SHUT_WR)
        except OSError as error:
            raise self._failure(error) from error

    async def aclose(self) -> None:
        """Close the socket; a waiting task gets ClosedResourceError."""
        self._close()
        await trio.lowlevel.checkpoint()

    async def finish(self) -> None:
        """Close the socket, without the cost of a scope: it waits for nothing."""
        self._close()

    def abort(self) -> None:
        """Close with a reset."""
        if self._socket.fileno() != -1:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._close()

    def _close(self) -> None:
        if self._socket.fileno() != -1:
            self.traffic = _traffic_of(self._socket)
            self._inlet.close()
            trio.lowlevel.notify_closing(self._socket)
            self._socket.close()

    def _open(self) -> socket.socket:
        if self._socket.fileno() == -1:
            raise trio.ClosedResourceError("the connection was closed")
        return self._socket

    def _failure(self, error: OSError) -> trio.BrokenResourceError | trio.ClosedResourceError:
        if self._socket.fileno() == -1:
            return trio.ClosedResourceError("the connection was closed")
        return trio.BrokenResourceError(f"the connection broke: {error}")


def _traffic_of(sock: socket.socket) -> Traffic | None:
    """The bytes that went over a socket; None: the kernel does not report them."""
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
    except OSError:  # not a TCP socket
        return None
    if len(info) < _TCP_INFO_BYTES:
        return None
    (received,), (sent,) = (_COUNTER.unpack_from(info, at) for at in (_BYTES_RECEIVED, _BYTES_SENT))
    return Traffic(received, sent)


class StreamTransport(Transport):
    """Any other stream: TLS, or an in-memory pair. Nothing can be written without waiting.

    Args:
        stream: what to wrap; owned by this object.
    """

    def __init__(self, stream: trio.abc.Stream) -> None:
        super().__init__()
        self._stream = stream
        self._aborted = False
        self._waiting: set[trio.CancelScope] = set()

    def send_now(self, data: bytes) -> int:
        """Always 0: the write pump does the writing."""
        del data
        return 0

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Write all of `data`."""
        with self._until_aborted():
            await self._stream.send_all(data)
            return
        raise trio.ClosedResourceError("the connection was aborted")

    async def wait_send_all_might_not_block(self) -> None:
        """As the stream below."""
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """At least one byte, or b"" at the end of the stream."""
        with self._until_aborted():
            return bytes(await self._stream.receive_some(max_bytes))
        raise trio.ClosedResourceError("the connection was aborted")

    async def send_eof(self) -> None:
        """As the stream below, if it can: TLS ends in both directions at once."""
        if isinstance(self._stream, trio.abc.HalfCloseableStream):
            await self._stream.send_eof()

    async def aclose(self) -> None:
        """Close the stream."""
        await self._stream.aclose()

    def abort(self) -> None:
        """Tasks that read or write get ClosedResourceError; the owner then closes the stream."""
        self._aborted = True
        for scope in self._waiting:
            scope.cancel()

    @contextmanager
    def _until_aborted(self) -> Iterator[None]:
        with trio.CancelScope() as scope:
            if self._aborted:
                scope.cancel()
            self._waiting.add(scope)
            try:
                yield
            finally:
                self._waiting.remove(scope)
