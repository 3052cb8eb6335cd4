"""A small TCP proxy that makes connections fail as networks do: it cuts them in the middle of a
frame, accepts no new ones, or passes nothing on, in one direction or both.
"""

import random
from collections.abc import Callable, Collection
from enum import Enum, auto
from typing import Final, TypeAlias

import trio
from attrs import define, field

CHUNK: Final = 4_096
OPENING_BYTES: Final = 4_096


class Way(Enum):
    """A direction."""

    UP = auto()
    """From the client to the server."""
    DOWN = auto()


BOTH: Final = frozenset(Way)
Concerns: TypeAlias = Callable[[bytes], bool]
"""Whether a fault concerns a connection, by the first bytes that its client sent."""


def everybody(_: bytes) -> bool:
    return True


@define(eq=False)
class Passage:
    """A connection through the proxy. `opening`: the first bytes that the client sent."""

    scope: trio.CancelScope = field(factory=trio.CancelScope)
    opening: bytes = b""


@define
class Proxy:
    """Passes bytes on in small pieces.

    Args:
        target: the server's port.
        dice: decide which connections are cut.

    `held`: how many pieces were held, and `ended`: how many connections it has cut or refused.
    """

    target: int
    dice: random.Random
    port: int = 0
    held: int = field(default=0, init=False)
    ended: int = field(default=0, init=False)
    _open: list[Passage] = field(factory=list, init=False)
    _silent: Collection[Way] = field(default=(), init=False)
    _is_shut: bool = field(default=False, init=False)
    _concerns: Concerns = field(default=everybody, init=False)
    _healed: trio.Event = field(factory=trio.Event, init=False)

    async def serve(self, task_status: trio.TaskStatus[None]) -> None:
        """Serve until cancelled."""
        async with trio.open_nursery() as nursery:
            (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
            self.port = listener.socket.getsockname()[1]
            await nursery.start(trio.serve_listeners, self._pass_on, [listener])
            task_status.started()

    def cut(self) -> int:
        """Cut about half of the connections; returns how many."""
        chosen = [each for each in self._open if self.dice.random() < 0.5]
        for each in chosen:
            each.scope.cancel()
        return len(chosen)

    def shut(self, concerns: Concerns = everybody) -> None:
        """Cut these connections, and new ones, until `heal`."""
        self._is_shut, self._concerns = True, concerns
        for each in self._open:
            if each.opening and concerns(each.opening):
                self.ended += 1
                each.scope.cancel()

    def fall_silent(self, ways: Collection[Way] = BOTH, concerns: Concerns = everybody) -> None:
        """Pass nothing on in these directions, not even the end of a stream, until `heal`; then
        pass on all of it.
        """
        self._silent, self._concerns = ways, concerns

    def heal(self) -> None:
        """Pass everything on."""
        self._silent, self._is_shut = (), False
        self._healed.set()
        self._healed = trio.Event()

    async def _pass_on(self, client: trio.SocketStream) -> None:
        passage = Passage()
        self._open.append(passage)
        try:
            with passage.scope:
                async with (
                    await trio.open_tcp_stream("127.0.0.1", self.target) as server,
                    trio.open_nursery() as nursery,
                ):
                    nursery.start_soon(self._copy, passage, Way.UP, client, server)
                    nursery.start_soon(self._copy, passage, Way.DOWN, server, client)
        except* (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # one of the two has gone
        finally:
            self._open.remove(passage)
            await trio.aclose_forcefully(client)

    async def _copy(
        self, passage: Passage, way: Way, source: trio.SocketStream, sink: trio.SocketStream
    ) -> None:
        while True:
            try:
                data = await source.receive_some(CHUNK)
            except trio.BrokenResourceError:
                data = b""
            if way is Way.UP and len(passage.opening) < OPENING_BYTES:
                passage.opening += data
            if self._is_shut and self._concerns(passage.opening):
                self.ended += 1
                break
            while way in self._silent and self._concerns(passage.opening):
                self.held += 1
                await self._healed.wait()
            if not data:
                break
            await sink.send_all(data)
        passage.scope.cancel()
