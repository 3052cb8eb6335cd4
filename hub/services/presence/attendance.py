"""Attendance: which keys are present, and which changes are still to be announced.

Guarantees: present at the first arrival, absent after the last departure and a grace period, so a
quick return changes nothing; every change is due once, at most one per key at a time.
Must not know: what a key is, to whom changes are announced.
"""

import heapq
from collections.abc import Hashable
from collections.abc import Set as AbstractSet
from math import inf
from typing import Generic, TypeVar

import trio

K = TypeVar("K", bound=Hashable)

MAX_BATCH = 512
LATELY_SECONDS = 10.0


class Attendance(Generic[K]):
    """Presence of many keys."""

    def __init__(self) -> None:
        self._here: set[K] = set()
        self._announced: set[K] = set()
        self._departed: dict[K, float] = {}  # lately, in the order in which that was announced
        # A key's next review: the dict holds the valid time, the heap may hold stale ones too.
        # The number keeps the heap from comparing keys.
        self._review_at: dict[K, tuple[float, int]] = {}
        self._reviews: list[tuple[float, int, K]] = []
        self._count = 0
        self._changed = trio.Event()

    def arrived(self, key: K) -> None:
        """The key's first connection has come."""
        self._here.add(key)
        self._review(key, trio.current_time())

    def left(self, key: K, grace: float) -> None:
        """The key's last connection has ended; without a new one within `grace` seconds it is
        absent.
        """
        self._here.discard(key)
        self._review(key, trio.current_time() + grace)

    def present(self) -> frozenset[K]:
        """Every key that is present now, or within its grace period."""
        return frozenset(self._here | self._announced)

    def announced(self) -> AbstractSet[K]:
        """Every key that was announced as present and not as absent since."""
        return self._announced

    def shown(self) -> AbstractSet[K]:
        """Every key that somebody may still take for present: also those that were announced as
        absent a moment ago, of which somebody may have been left out who was told of their arrival.
        """
        long_ago = trio.current_time() - LATELY_SECONDS
        while self._departed and next(iter(self._departed.values())) < long_ago:
            del self._departed[next(iter(self._departed))]
        return self._announced | self._departed.keys()

    async def due(self) -> list[K]:
        """Wait for changes that are to be announced, oldest first."""
        while not (changes := self._take_due()):
            next_review = self._reviews[0][0] if self._reviews else inf
            with trio.move_on_at(next_review):
                await self._changed.wait()
            self._changed = trio.Event()
        return changes

    def announce(self, key: K) -> bool | None:
        """The change is announced now; returns whether the key is here, or None if nothing has
        changed after all: it has left or come back since it was due.
        """
        here = key in self._here
        if here == (key in self._announced):
            return None
        (self._announced.add if here else self._announced.discard)(key)
        self._departed.pop(key, None)
        if not here:
            self._departed[key] = trio.current_time()
        return here

    def postpone(self, key: K, seconds: float) -> None:
        """The change could not be announced; it is due again later."""
        if key not in self._review_at:
            self._review(key, trio.current_time() + seconds)

    def _review(self, key: K, at: float) -> None:
        self._count += 1
        self._review_at[key] = (at, self._count)
        heapq.heappush(self._reviews, (at, self._count, key))
        self._changed.set()

    def _take_due(self) -> list[K]:
        """Keys whose review time has come and whose state differs from what was announced."""
        now = trio.current_time()
        due: list[K] = []
        while self._reviews and self._reviews[0][0] <= now and len(due) < MAX_BATCH:
            at, number, key = heapq.heappop(self._reviews)
            if self._review_at.get(key) == (at, number):
                del self._review_at[key]
                if (key in self._here) != (key in self._announced):
                    due.append(key)
        return due
