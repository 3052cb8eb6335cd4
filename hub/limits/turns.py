"""Turns: places for work, which those who want them get one after another.

Guarantees: whoever waits does so behind their own work and behind one piece of everybody else's, so
nobody gets a place later because others want many; what waits is bounded, for each and in all, but
whoever has nothing waiting may always wait; whoever is cancelled leaves. Must not know: what is
done.
"""

from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from math import inf
from typing import Final
from weakref import WeakValueDictionary

import trio


class NoTurn(Exception):
    """Too much of the same owner waits, or too much in all."""


class Turns:
    """Places for work. An owner has one of them at a time.

    Args:
        places: how much is done at a time.
        each: how much of one owner may wait, beside what is done.
        total: how much may wait in all, beside what can be done.
    """

    def __init__(self, places: int = 1, *, each: float = inf, total: float = inf) -> None:
        self.places: Final = trio.CapacityLimiter(places)
        self.each: Final = each
        self.total: Final = total
        self.begun = 0  # what waits or is done
        self._lines: WeakValueDictionary[Hashable, Line] = WeakValueDictionary()

    @property
    def waiting(self) -> int:
        """How much waits."""
        return self.begun - self.places.statistics().borrowed_tokens

    def line(self, owner: Hashable) -> "Line":
        """The line of an owner, to be kept as long as it is used."""
        line = self._lines.get(owner)
        if line is None:
            line = self._lines[owner] = Line(self)
        return line


class Line:
    """What one owner wants, in its order.

    Args:
        turns: has the places.
    """

    __slots__ = ("__weakref__", "_first", "_turns")

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._first = trio.Lock()  # held by what waits for a place before others, and has it then

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place, once it is this owner's turn.

        Raises:
            NoTurn: see there.
        """
        turns, first = self._turns, self._first
        is_full = turns.begun >= turns.total + turns.places.total_tokens and first.locked()
        if is_full or first.statistics().tasks_waiting >= turns.each:
            raise NoTurn
        turns.begun += 1
        try:
            async with first, turns.places:
                yield
        finally:
            turns.begun -= 1

    async def turn(self) -> None:
        """Wait for one of the turns of the loop, each of which is one owner's: before the next one,
        all other tasks that can run do so.
        """
        try:
            self._first.acquire_nowait()
        except trio.WouldBlock:
            await self._first.acquire()
        try:
            async with self._turns.places:
                pass
        finally:
            self._first.release()
