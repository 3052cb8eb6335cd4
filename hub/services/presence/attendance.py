"""Attendance: which keys are present, at which nodes, and which changes are still to be announced.

Guarantees: present at the first arrival, absent after the last departure and a grace period, so a
quick return changes nothing; every change is due once, at most one per key at a time. The node
where it happened announces it everywhere; the others wait for that, and if the announcement is
lost, announce the change to their own clients. A key that is at any node is not announced as
absent. Must not know: what a key is, to whom changes are announced, how nodes reach each other.
"""

import heapq
from collections.abc import Collection, Hashable, Mapping
from collections.abc import Set as AbstractSet
from math import inf
from typing import Final, Generic, NewType, TypeVar

import trio
from attrs import frozen

K = TypeVar("K", bound=Hashable)

Place = NewType("Place", int)
"""A node, as one bit; several nodes are the sum of their bits."""
OWN: Final = Place(1)

MAX_BATCH = 512
PAUSE_SECONDS: Final = 0.1  # between two full batches: when a node ends, many are due at once
LATELY_SECONDS = 10.0
LATE_SECONDS: Final = 3.0
"""After which an announcement of another node counts as lost."""


@frozen
class _Review:
    """When a key is checked. `number`: of its entry in the heap; `everywhere`: whether the change
    is announced to other nodes too.
    """

    at: float
    number: int
    everywhere: bool


class Attendance(Generic[K]):
    """Presence of many keys."""

    def __init__(self) -> None:
        self._here: dict[K, int] = {}  # at which nodes
        self._announced: set[K] = set()
        self._left_at: dict[K, int] = {}  # the node it left last, until its absence is announced
        self._departed: dict[K, float] = {}  # when its absence was announced lately, oldest first
        # A key's next review: the dict holds the valid one, the heap may hold stale ones too.
        # The number keeps the heap from comparing keys.
        self._review_at: dict[K, _Review] = {}
        self._reviews: list[tuple[float, int, K]] = []
        self._count = 0
        self._changed = trio.Event()

    def arrived(self, key: K, place: Place = OWN) -> None:
        """The key's first connection has come to a node."""
        before = self._here.get(key, 0)
        self._here[key] = before | place
        if key in self._announced:
            self._settle(key)
        elif not before:
            late = 0.0 if place == OWN else LATE_SECONDS
            self._review(key, trio.current_time() + late, everywhere=place == OWN)

    def left(self, key: K, grace: float, place: Place = OWN) -> None:
        """The key's last connection at a node has ended; without a new one at any within `grace`
        seconds it is absent.
        """
        if self._leaves(key, place):
            late = 0.0 if place == OWN else LATE_SECONDS
            self._review(key, trio.current_time() + grace + late, everywhere=place == OWN)

    def ended(self, place: Place, seconds: float, *, everywhere: bool) -> None:
        """A node has ended. Keys that were there, or had left it a moment ago, are absent if they
        are not back within so many seconds. `everywhere`: whether this node announces it to others.
        """
        at = trio.current_time() + seconds + (0.0 if everywhere else LATE_SECONDS)
        for key, left in tuple(self._left_at.items()):
            if left == place:
                self._left_at[key] = 0
                review = self._review_at.get(key)
                if review is None or review.at < at:
                    self._review(key, at, everywhere=everywhere)
        for key in self.keys_at(place):
            if self._leaves(key, place):
                self._left_at.pop(key, None)  # the bit may soon mean another node
                self._review(key, at, everywhere=everywhere)

    def replace(self, place: Place, keys: Collection[K], grace: float) -> None:
        """Exactly these are at a node."""
        now_there = frozenset(keys)
        for key in self.keys_at(place):
            if key not in now_there:
                self.left(key, grace, place)
        for key in keys:
            if not self.is_at(key, place):
                self.arrived(key, place)

    def keys_at(self, place: Place) -> list[K]:
        """The keys that are at a node."""
        return [key for key, here in self._here.items() if here & place]

    def is_at(self, key: K, place: Place) -> bool:
        """Whether the key is at a node."""
        return bool(self._here.get(key, 0) & place)

    def count_of(self, key: K, *, besides: int = 0) -> int:
        """At how many nodes the key is, but for these."""
        return (self._here.get(key, 0) & ~besides).bit_count()

    def present(self) -> frozenset[K]:
        """Every key that is present now, or within its grace period."""
        return frozenset(self._here.keys() | self._announced)

    def is_present(self, key: K) -> bool:
        """Whether the key is present now, or within its grace period."""
        return key in self._here or key in self._announced

    def announced(self) -> AbstractSet[K]:
        """Every key that was announced as present and not as absent since."""
        return self._announced

    def shown(self) -> AbstractSet[K]:
        """Every key that a client may still show as present: also those that were announced as
        absent a moment ago, because a client that got the arrival may have been left out then.
        """
        long_ago = trio.current_time() - LATELY_SECONDS
        while self._departed and next(iter(self._departed.values())) < long_ago:
            del self._departed[next(iter(self._departed))]
        return self._announced | self._departed.keys()

    async def due(self) -> Mapping[K, bool]:
        """Wait for changes that are to be announced, oldest first; returns for each key whether the
        change is announced to other nodes too.
        """
        while not (changes := self._take_due()):
            next_review = self._reviews[0][0] if self._reviews else inf
            with trio.move_on_at(next_review):
                await self._changed.wait()
            self._changed = trio.Event()
        return changes

    def announce(self, key: K) -> bool | None:
        """The change is announced now; returns whether the key is present, or None if nothing has
        changed after all: it has left or come back since, or another node has announced it.
        """
        here = key in self._here
        if here == (key in self._announced):
            return None
        self._note(key, online=here)
        return here

    def heard(self, key: K, grace: float, *, online: bool) -> bool:
        """Another node has announced a key; returns whether that is new here. If it announced a key
        that is at this node as absent, the key is announced as present again, everywhere.
        """
        if online:
            if key in self._announced:
                return False
            self._note(key, online=True)
            self._settle(key)
            if key not in self._here:  # its arrival was lost, or it has left again
                self._review(key, trio.current_time() + grace + LATE_SECONDS, everywhere=False)
            return True
        if self.is_at(key, OWN):
            self._announced.discard(key)
            self._review(key, trio.current_time(), everywhere=True)
            return False
        if key in self._here or key not in self._announced:
            return False
        self._note(key, online=False)
        self._settle(key)
        return True

    def postpone(self, key: K, seconds: float, *, everywhere: bool = True) -> None:
        """The change could not be announced; it is due again later."""
        if key not in self._review_at:
            self._review(key, trio.current_time() + seconds, everywhere=everywhere)

    def _leaves(self, key: K, place: Place) -> bool:
        """Remove a key from a node; returns whether it is at none now, which is to be announced."""
        here = self._here.get(key, 0) & ~place
        if here:
            self._here[key] = here
            return False
        self._here.pop(key, None)
        if key not in self._announced:
            self._settle(key)
            return False
        self._left_at[key] = place
        return True

    def _note(self, key: K, *, online: bool) -> None:
        self._departed.pop(key, None)
        if online:
            self._announced.add(key)
        else:
            self._announced.discard(key)
            self._left_at.pop(key, None)
            self._departed[key] = trio.current_time()

    def _settle(self, key: K) -> None:
        """There is nothing to announce of the key."""
        self._review_at.pop(key, None)
        self._left_at.pop(key, None)

    def _review(self, key: K, at: float, *, everywhere: bool) -> None:
        self._count += 1
        self._review_at[key] = _Review(at, self._count, everywhere)
        heapq.heappush(self._reviews, (at, self._count, key))
        self._changed.set()

    def _take_due(self) -> Mapping[K, bool]:
        """Keys whose review time has come and whose state differs from what was announced."""
        now = trio.current_time()
        due: dict[K, bool] = {}
        while self._reviews and self._reviews[0][0] <= now and len(due) < MAX_BATCH:
            _, number, key = heapq.heappop(self._reviews)
            review = self._review_at.get(key)
            if review is not None and review.number == number:
                del self._review_at[key]
                if (key in self._here) != (key in self._announced):
                    due[key] = review.everywhere
        return due
