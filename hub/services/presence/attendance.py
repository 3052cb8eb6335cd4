"""Attendance: which keys are present, at which nodes, and which changes are still to be announced.

Guarantees: present at the first arrival, absent after the last departure and a grace period, so a
quick return changes nothing; every change is due once, at most one per key at a time. It is due
everywhere at the node where it happened; the others wait for its announcement, and announce to
their own clients what was lost on the way. Nobody who is at any node is announced as absent.
Must not know: what a key is, to whom changes are announced, how nodes hear of each other.
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
"""A node: one bit. Those of several are added up."""
OWN: Final = Place(1)

MAX_BATCH = 512
PAUSE_SECONDS: Final = 0.1  # between two full batches: when a node ends, many are due at once
LATELY_SECONDS = 10.0
LATE_SECONDS: Final = 3.0
"""After which an announcement of another node counts as lost."""


@frozen
class _Review:
    """When a key is looked at. `number`: of its entry in the heap; `everywhere`: whether other
    nodes are to hear what it leads to.
    """

    at: float
    number: int
    everywhere: bool


class Attendance(Generic[K]):
    """Presence of many keys."""

    def __init__(self) -> None:
        self._here: dict[K, int] = {}  # at which nodes
        self._announced: set[K] = set()
        self._left_at: dict[K, int] = {}  # the node that an absent one left whose end is to come
        self._departed: dict[K, float] = {}  # lately, in the order in which that was announced
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
        """A node has ended. Who was there, or had left it a moment ago, is absent if they are not
        back within so many seconds. `everywhere`: whether other nodes are to hear it from here.
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
        """Who is at a node."""
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
        """Whether the key is one of them."""
        return key in self._here or key in self._announced

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

    async def due(self) -> Mapping[K, bool]:
        """Wait for changes that are to be announced, oldest first: whether other nodes are to hear
        of each.
        """
        while not (changes := self._take_due()):
            next_review = self._reviews[0][0] if self._reviews else inf
            with trio.move_on_at(next_review):
                await self._changed.wait()
            self._changed = trio.Event()
        return changes

    def announce(self, key: K) -> bool | None:
        """The change is announced now; returns whether the key is here, or None if nothing has
        changed after all: it has left or come back since it was due, or another node said it first.
        """
        here = key in self._here
        if here == (key in self._announced):
            return None
        self._note(key, online=here)
        return here

    def heard(self, key: K, grace: float, *, online: bool) -> bool:
        """Another node announces this; returns whether it is news here. Whoever is here is not
        absent: who was told so is told otherwise.
        """
        if online:
            if key in self._announced:
                return False
            self._note(key, online=True)
            self._settle(key)
            if key not in self._here:  # what led to it was lost, or they have left again
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
        """Whether the key is nowhere now, and its end is to be announced."""
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
