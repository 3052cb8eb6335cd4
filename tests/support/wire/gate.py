"""A proxy in front of an HTTP server that makes connections fail as networks and servers do."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final

import trio
from attrs import define, field

CHUNK: Final = 65_536
GONE: Final = (OSError, trio.BrokenResourceError, trio.ClosedResourceError)


@define(eq=False)
class Gate:
    """Passes everything on, unless its fields are set otherwise.

    `is_shut`: connections end. `is_silent`: nothing is passed on any more. `status`: each request
    gets this status instead of the server's. `up`, `down`: how many more bytes go to the server and
    to the client before connections end; None: any number. `pause`: seconds between two bytes that
    the client gets.
    """

    target: int
    port: int = field(default=0, init=False)
    is_shut: bool = field(default=False, init=False)
    is_silent: bool = field(default=False, init=False)
    status: int | None = field(default=None, init=False)
    up: int | None = field(default=None, init=False)
    down: int | None = field(default=None, init=False)
    pause: float = field(default=0.0, init=False)
    passed_up: int = field(default=0, init=False)
    passed_down: int = field(default=0, init=False)

    def heal(self) -> None:
        """Pass everything on again."""
        self.is_shut = self.is_silent = False
        self.status = self.up = self.down = None

    async def serve(self, client: trio.SocketStream) -> None:
        """One connection."""
        with suppress(*GONE):
            async with (
                client,
                await trio.open_tcp_stream("127.0.0.1", self.target) as server,
                trio.open_nursery() as nursery,
            ):
                end = nursery.cancel_scope.cancel
                nursery.start_soon(self._to_server, client, server, end)
                nursery.start_soon(self._to_client, client, server, end)

    async def _to_server(
        self, client: trio.SocketStream, server: trio.SocketStream, end: Callable[[], None]
    ) -> None:
        with suppress(*GONE):
            async for data in client:
                await self._wait()
                if self.is_shut:
                    break
                if self.status is not None:
                    head = f"HTTP/1.1 {self.status} No\r\nContent-Length: 0\r\nConnection: close"
                    await client.send_all(f"{head}\r\n\r\n".encode())
                    break
                some = data if self.up is None else data[: self.up]
                await server.send_all(some)
                self.passed_up += len(some)
                self.up = None if self.up is None else self.up - len(some)
                if len(some) < len(data):
                    break
        end()

    async def _to_client(
        self, client: trio.SocketStream, server: trio.SocketStream, end: Callable[[], None]
    ) -> None:
        with suppress(*GONE):
            async for data in server:
                await self._wait()
                if self.is_shut:
                    break
                for each in data if self.pause else b"":
                    await client.send_all(bytes([each]))
                    await trio.sleep(self.pause)
                some = data if self.down is None else data[: self.down]
                await client.send_all(some)
                self.passed_down += len(some)
                self.down = None if self.down is None else self.down - len(some)
                if len(some) < len(data):
                    break
        end()

    async def _wait(self) -> None:
        if self.is_silent:
            await trio.sleep_forever()


@asynccontextmanager
async def open_gate(target: int) -> AsyncIterator[Gate]:
    """A proxy in front of a port of this machine."""
    gate = Gate(target)
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    gate.port = listener.socket.getsockname()[1]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(trio.serve_listeners, gate.serve, [listener]))
        yield gate
        nursery.cancel_scope.cancel()
