"""Turns: places for work, which the owners of the work get one after another.

Guarantees: a piece of work waits behind earlier work of its owner and behind one piece of each
other owner, so an owner that wants many places does not delay the others; the waiting work is
bounded, for each owner and in all, but an owner with no waiting work may always wait; work that is
cancelled gives up its place. Must not know: what the work is.
"""

from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from math import inf
from typing import Final
from weakref import WeakValueDictionary

import trio


class NoTurn(Exception):
    """Too much work of the same owner waits, or too much in all."""


class Turns:
    """Places for work. An owner has one of them at a time.

    Args:
        places: how many pieces of work are done at a time.
        each: how many pieces of one owner may wait behind its first one.
        total: how many pieces may wait in all, beside those for which there are places.
    """

    def __init__(self, places: int = 1, *, each: float = inf, total: float = inf) -> None:
        self.places: Final = trio.CapacityLimiter(places)
        self.each: Final = each
        self.total: Final = total
        self.begun = 0  # pieces that wait or are being done
        self._lines: WeakValueDictionary[Hashable, Line] = WeakValueDictionary()

    @property
    def waiting(self) -> int:
        """How many pieces of work wait."""
        return self.begun - self.places.statistics().borrowed_tokens

    def line(self, owner: Hashable) -> "Line":
        """The line of an owner, to be kept as long as it is used."""
        line = self._lines.get(owner)
        if line is None:
            line = self._lines[owner] = Line(self)
        return line


class Line:
    """The work of one owner, in its order.

    Args:
        turns: has the places.
    """

    __slots__ = ("__weakref__", "_first", "_turns")

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._first = trio.Lock()  # held by the owner's piece that waits for a place, or has one

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place, once it is this owner's turn.

        Raises:
            NoTurn: see `NoTurn`.
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
        """Wait for a turn of the loop, each of which belongs to one owner. Before the next turn,
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
