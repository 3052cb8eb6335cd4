"""Pairs of users, each of which is acted on by one step at a time.

Guarantees: the events about a pair are sent in the order of their lookups: an event whose lookup
was made before a change never follows one whose lookup was made after it. Must not know: what is
looked up.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Final, TypeAlias

import trio
from attrs import define, field

from protocol.model import UserId

Pair: TypeAlias = tuple[UserId, UserId]
"""A user, and the peer whom they see."""

MAX_PAIRS: Final = 200  # looked up in one statement


@define
class Pairs:
    """The pairs that are being acted on, whichever of the two users is named first."""

    _held: dict[frozenset[UserId], trio.Event] = field(factory=dict, init=False)

    @asynccontextmanager
    async def hold(self, pairs: Sequence[Pair]) -> AsyncGenerator[None]:
        """Wait until no step acts on any of the pairs, and let no other one act on them inside."""
        wanted = {frozenset(pair) for pair in pairs}
        while True:
            busy = next((self._held[each] for each in wanted if each in self._held), None)
            if busy is None:
                break
            await busy.wait()
        released = trio.Event()
        self._held.update(dict.fromkeys(wanted, released))
        try:
            yield
        finally:
            for each in wanted:
                del self._held[each]
            released.set()


def parts(pairs: Sequence[Pair]) -> list[Sequence[Pair]]:
    """The pairs, as many at a time as one statement looks up."""
    return [pairs[at : at + MAX_PAIRS] for at in range(0, len(pairs), MAX_PAIRS)]


def both_ways(user_id: UserId, peers: Sequence[UserId]) -> list[Pair]:
    """The user with each peer, and each peer with the user."""
    return [
        pair for peer in peers if peer != user_id for pair in ((user_id, peer), (peer, user_id))
    ]
