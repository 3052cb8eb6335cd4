"""Pairs of users, each of which is acted on by one step at a time.

Guarantees: what is told of a pair is told in the order in which it was asked: no answer of before a
change is told after one of after it. Must not know: what is asked.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Final, TypeAlias

import trio
from attrs import define, field

from protocol.model import UserId

Pair: TypeAlias = tuple[UserId, UserId]
"""A user, and the peer whom they see."""

MAX_PAIRS: Final = 200  # asked about in one statement


@define
class Pairs:
    """Those that are being acted on, whichever of the two is named first."""

    _held: dict[frozenset[UserId], trio.Event] = field(factory=dict, init=False)

    @asynccontextmanager
    async def hold(self, pairs: Sequence[Pair]) -> AsyncGenerator[None]:
        """Wait until nobody acts on any of the pairs, and keep others from it meanwhile."""
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
    """The pairs, as many at a time as one statement asks about."""
    return [pairs[at : at + MAX_PAIRS] for at in range(0, len(pairs), MAX_PAIRS)]


def both_ways(user_id: UserId, peers: Sequence[UserId]) -> list[Pair]:
    """The user with each peer, and each peer with the user."""
    return [
        pair for peer in peers if peer != user_id for pair in ((user_id, peer), (peer, user_id))
    ]
