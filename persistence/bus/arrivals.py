"""A queue of the bulletins that have arrived for one reader.

Guarantees: bounded in number and bytes; when a bulletin does not fit, all that wait are dropped
and the reader gets a None in their place. Reading may be cancelled at any time without a loss.
"""

from collections import deque
from typing import Final

import trio

MAX_WAITING: Final = 20_000
MAX_WAITING_BYTES: Final = 33_554_432


class Arrivals:
    """An iterator over what is put into it, for one reader; it ends when it is closed."""

    def __init__(self) -> None:
        self._waiting: deque[bytes | None] = deque()
        self._bytes = 0
        self._is_closed = False
        self._readers = trio.lowlevel.ParkingLot()
        self._writers = trio.lowlevel.ParkingLot()

    def put(self, data: bytes) -> None:
        """Add a bulletin that has arrived."""
        if self._is_full(len(data)):
            self._waiting.clear()
            self._bytes = 0
            self.begin_anew()
        self._waiting.append(data)
        self._bytes += len(data)
        self._readers.unpark()

    def begin_anew(self) -> None:
        """Add a None: bulletins may have been missed."""
        if not self._waiting or self._waiting[-1] is not None:
            self._waiting.append(None)
            self._readers.unpark()

    async def until_read(self) -> None:
        """Wait until half of what may wait has been read."""
        await trio.lowlevel.checkpoint()
        while len(self._waiting) > MAX_WAITING / 2 or self._bytes > MAX_WAITING_BYTES / 2:
            await self._writers.park()

    def close(self) -> None:
        """End the iterator once all that waits has been read."""
        self._is_closed = True
        self._readers.unpark_all()

    def __aiter__(self) -> "Arrivals":
        return self

    async def __anext__(self) -> bytes | None:
        await trio.lowlevel.checkpoint()
        while not self._waiting:
            if self._is_closed:
                raise StopAsyncIteration
            await self._readers.park()
        data = self._waiting.popleft()
        self._bytes -= len(data or b"")
        self._writers.unpark()
        return data

    def _is_full(self, size: int) -> bool:
        return len(self._waiting) >= MAX_WAITING or self._bytes + size > MAX_WAITING_BYTES
