"""Collects what arrives while a statement is in flight and runs it as the next one.

Guarantees: an idle batcher starts at once or, with `turns`, waits for the items of the next turns
of the loop; a busy one grows its batches instead of its queue; items are processed in the order
they were put; waiting items are bounded: beyond that, `put` waits.
Must not know: what an item is, or that there is a database.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeAlias, TypeVar

import trio

T = TypeVar("T")
MAX_BATCH: Final = 512  # items
GATHERING_TURNS: Final = 20  # that a batch of lookups waits at most: see `Batcher`

Run: TypeAlias = Callable[[Sequence[T]], Awaitable[None]]


class Batcher(Generic[T]):
    """One batch at a time.

    Args:
        run: processes one batch. An exception that it raises ends `serve`.
        max_batch: items in one batch.
        max_waiting: items not yet in a batch; `put` waits beyond that.
        turns: how many turns of the loop a batch waits at most for more items; it stops waiting
            after a turn that adds none. A busy loop adds many items; an idle one loses a turn.
    """

    def __init__(
        self, run: Run[T], *, max_batch: int = MAX_BATCH, max_waiting: int = 4_096, turns: int = 0
    ) -> None:
        self._turns = turns
        self._run = run
        self._max_batch = max_batch
        self._send, self._receive = trio.open_memory_channel[T](max_waiting)

    async def put(self, item: T) -> None:
        """Queue an item. Returns at once while there is room.

        Raises:
            trio.BrokenResourceError: `serve` has ended.
        """
        try:
            self._send.send_nowait(item)
        except trio.WouldBlock:
            await self._send.send(item)

    @property
    def waiting(self) -> int:
        """How many items are not in a batch yet."""
        return self._send.statistics().current_buffer_used

    def take_waiting(self) -> list[T]:
        """Take back what is not in a batch yet."""
        waiting: list[T] = []
        while True:
            try:
                waiting.append(self._receive.receive_nowait())
            except trio.WouldBlock:
                return waiting

    async def serve(self) -> None:
        """Process batches until cancelled."""
        with self._receive:
            async for item in self._receive:
                batch = [item]
                self._fill(batch)
                for _ in range(self._turns):
                    size = len(batch)
                    await trio.lowlevel.checkpoint()
                    self._fill(batch)
                    if len(batch) == size:
                        break
                await self._run(batch)

    def _fill(self, batch: list[T]) -> None:
        while len(batch) < self._max_batch:
            try:
                batch.append(self._receive.receive_nowait())
            except trio.WouldBlock:
                return
