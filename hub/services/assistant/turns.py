"""A queue whose owners take turns, so that many items of one do not delay those of the others.

Guarantees: an owner with waiting items gets a turn after every other such owner has had one; the
number of waiting items is bounded, for each owner and in all. Must not know: what the items are.
"""

from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

import trio

T = TypeVar("T")


class FairQueue(Generic[T]):
    """A queue with a line for each owner.

    Args:
        total: how many items may wait.
        each: how many items of one owner may wait.
    """

    def __init__(self, total: int, each: int) -> None:
        self._each = each
        self._room = total
        self._lines: dict[Hashable, deque[T]] = {}  # the owner whose turn is next comes first
        self._waiting = trio.Semaphore(0)

    def put(self, owner: Hashable, item: T) -> bool:
        """Let an item wait for a turn of its owner; returns whether there is room."""
        line = self._lines.get(owner, ())
        if not self._room or len(line) >= self._each:
            return False
        self._room -= 1
        self._lines.setdefault(owner, deque()).append(item)
        self._waiting.release()
        return True

    async def take(self) -> T:
        """The next item, as soon as there is one."""
        await self._waiting.acquire()
        self._room += 1
        owner = next(iter(self._lines))
        line = self._lines.pop(owner)
        item = line.popleft()
        if line:
            self._lines[owner] = line
        return item
