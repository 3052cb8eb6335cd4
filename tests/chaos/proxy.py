"""A small TCP proxy in front of the hub, which cuts connections in the middle of a frame."""

import random

import trio
from attrs import define, field

CHUNK = 4_096


@define
class Proxy:
    """Passes bytes on in small pieces.

    Args:
        target: the hub's port.
        dice: decide whom a cut concerns, and after how many bytes.
    """

    target: int
    dice: random.Random
    port: int = 0
    _open: list[trio.CancelScope] = field(factory=list, init=False)

    async def serve(self, task_status: trio.TaskStatus[None]) -> None:
        """Serve until cancelled."""
        async with trio.open_nursery() as nursery:
            (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
            self.port = listener.socket.getsockname()[1]
            await nursery.start(trio.serve_listeners, self._pass_on, [listener])
            task_status.started()

    def cut(self) -> int:
        """Cut about half of the connections; returns how many."""
        chosen = [scope for scope in self._open if self.dice.random() < 0.5]
        for scope in chosen:
            scope.cancel()
        return len(chosen)

    async def _pass_on(self, client: trio.SocketStream) -> None:
        scope = trio.CancelScope()
        self._open.append(scope)
        try:
            with scope:
                async with (
                    await trio.open_tcp_stream("127.0.0.1", self.target) as hub,
                    trio.open_nursery() as nursery,
                ):
                    nursery.start_soon(self._copy, client, hub, scope)
                    nursery.start_soon(self._copy, hub, client, scope)
        except* (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # one of the two is gone
        finally:
            self._open.remove(scope)
            await trio.aclose_forcefully(client)

    async def _copy(
        self, source: trio.SocketStream, sink: trio.SocketStream, scope: trio.CancelScope
    ) -> None:
        while data := await source.receive_some(CHUNK):
            await sink.send_all(data)
        scope.cancel()
