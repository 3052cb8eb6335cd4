"""Another worker of the same parent, which gives the same reply to every request."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from hub.cluster.siblings import SUFFIX
from hub.sockets.addresses import listening_at


@asynccontextmanager
async def worker(folder: Path, name: str, response: bytes | None) -> AsyncIterator[list[bytes]]:
    """A worker that gives this reply to each request, or none; yields the requests that it got."""
    asked: list[bytes] = []

    async def serve(stream: trio.SocketStream) -> None:
        async with stream:
            asked.append(bytes(await stream.receive_some()))
            if response is None:
                await trio.sleep_forever()
            await stream.send_all(response or b"")

    with listening_at(folder / f"{name}{SUFFIX}", 0o600) as listener:
        async with trio.open_nursery() as nursery:
            listening = trio.SocketListener(trio.socket.from_stdlib_socket(listener))
            nursery.start_soon(trio.serve_listeners, serve, [listening])
            yield asked
            nursery.cancel_scope.cancel()
