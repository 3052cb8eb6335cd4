"""Who is next: a queue in which everybody waits behind themself, not behind who asks most.

Guarantees: whoever has something waiting gets a turn after everybody else has had one; what waits
is bounded, for each and in all. Must not know: what waits.
"""

from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

import trio

T = TypeVar("T")


class FairQueue(Generic[T]):
    """A queue with a line for each owner.

    Args:
        total: how much may wait.
        each: how much of one owner may wait.
    """

    def __init__(self, total: int, each: int) -> None:
        self._each = each
        self._room = total
        self._lines: dict[Hashable, deque[T]] = {}  # whose turn is next comes first
        self._waiting = trio.Semaphore(0)

    def put(self, owner: Hashable, item: T) -> bool:
        """Let something wait for a turn of its owner; returns whether there is room."""
        line = self._lines.get(owner, ())
        if not self._room or len(line) >= self._each:
            return False
        self._room -= 1
        self._lines.setdefault(owner, deque()).append(item)
        self._waiting.release()
        return True

    async def take(self) -> T:
        """What is next, as soon as there is something."""
        await self._waiting.acquire()
        self._room += 1
        owner = next(iter(self._lines))
        line = self._lines.pop(owner)
        item = line.popleft()
        if line:
            self._lines[owner] = line
        return item
