"""Typing indicators that are on, and when each of them ends.

Guarantees: each ends once: when it is stopped, or at its time unless it was renewed before; a later
indicator of the same author for the same recipient or channel replaces the earlier one, whichever
nodes the two began at, and its end is delivered to all users who got either. Must not know: who may
type where, how indicators are delivered.
"""

import heapq
from collections.abc import Callable, Iterable
from math import inf
from typing import TypeAlias

import trio
from attrs import evolve, frozen

from hub.actor.client import Client
from hub.actor.letters import ChannelRoom, Delivery
from protocol.model import UserId

Place: TypeAlias = tuple[UserId, UserId | ChannelRoom]
"""An author, and the recipient or the channel."""
End: TypeAlias = Callable[[frozenset[UserId]], list[Delivery]]
"""Makes the deliveries of an indicator's end, for all but these users."""
Source: TypeAlias = Client | str
"""The connection that started an indicator, or the name of the node where it began."""


@frozen
class Ended:
    """The end of an indicator. `is_own`: whether it began at this node."""

    place: Place
    deliveries: list[Delivery]
    is_own: bool


@frozen
class _Running:
    """When an indicator ends, the deliveries of its end, the users it is hidden from, and what
    started it. `number` identifies its entry in the heap of ends; a renewed indicator keeps it.
    """

    expires: float
    end: End
    hidden_from: frozenset[UserId]
    source: Source
    number: int

    def deliveries(self) -> list[Delivery]:
        """The deliveries of its end."""
        return self.end(self.hidden_from)


class Running:
    """The indicators that are on."""

    def __init__(self) -> None:
        self._active: dict[Place, _Running] = {}
        # A heap of times to look at indicators; an entry is valid while its number is in use.
        self._ends: list[tuple[float, int, Place]] = []
        self._started = trio.Event()
        self._count = 0

    def start(
        self,
        place: Place,
        source: Source,
        end: End,
        expires: float,
        hidden_from: frozenset[UserId] = frozenset(),
    ) -> None:
        """Start an indicator, or renew it, until `expires`; it is hidden from these users."""
        hidden_from = self.hidden_from(place, hidden_from)
        before = self._active.get(place)
        if before is not None and before.expires <= expires:
            # its entry is moved when the old end is reached
            self._active[place] = _Running(expires, end, hidden_from, source, before.number)
        else:
            self._count += 1
            self._run_until(place, _Running(expires, end, hidden_from, source, self._count))

    def hidden_from(self, place: Place, now: frozenset[UserId]) -> frozenset[UserId]:
        """Of the users an indicator is hidden from now, those who did not get it before either."""
        before = self._active.get(place)
        return now if before is None else now & before.hidden_from

    def stop(self, place: Place) -> list[Delivery]:
        """End the indicator there, if one is on; returns the deliveries of its end."""
        running = self._active.pop(place, None)
        return [] if running is None else running.deliveries()

    def forget(self, place: Place) -> None:
        """Forget the indicator there, whose end the caller delivers."""
        self._active.pop(place, None)

    def is_on(self, place: Place) -> bool:
        """Whether an indicator is on there."""
        return place in self._active

    def places(self, source: Source | None = None, author: UserId | None = None) -> list[Place]:
        """The places of indicators that are on, of this source and this author where given."""
        return [
            place
            for place, running in self._active.items()
            if source in (None, running.source) and author in (None, place[0])
        ]

    def end_now(self, places: Iterable[Place]) -> None:
        """Have `due` return the ends of the indicators at these places now."""
        now = trio.current_time()
        for place in places:
            running = self._active.get(place)
            if running is not None:
                self._run_until(place, evolve(running, expires=now))

    async def due(self) -> list[Ended]:
        """Wait until an indicator may have expired; returns the ends that are due, perhaps none."""
        self._started = trio.Event()
        with trio.move_on_at(self._ends[0][0] if self._ends else inf):
            await self._started.wait()
        return self._take_expired()

    def _run_until(self, place: Place, running: _Running) -> None:
        self._active[place] = running
        heapq.heappush(self._ends, (running.expires, running.number, place))
        self._started.set()

    def _take_expired(self) -> list[Ended]:
        now = trio.current_time()
        ended: list[Ended] = []
        while self._ends and self._ends[0][0] <= now:
            _, number, place = heapq.heappop(self._ends)
            running = self._active.get(place)
            if running is None or running.number != number:
                continue
            if running.expires > now:
                heapq.heappush(self._ends, (running.expires, number, place))
            else:
                del self._active[place]
                is_own = not isinstance(running.source, str)
                ended.append(Ended(place, running.deliveries(), is_own))
        return ended
