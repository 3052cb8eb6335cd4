"""A bus within one process, for tests and the simulation: several members on one medium, which
loses, repeats, delays and reorders bulletins at random.

Guarantees: the same dice and the same calls give the same arrivals; with the default `Weather`
nothing is lost, and the order is that of publishing.
"""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from heapq import heappop, heappush
from itertools import count

import trio
from attrs import define, field

from persistence.bus import MAX_BYTES, PUBLISH_SECONDS, BusUnavailable, require_size
from persistence.bus.arrivals import MAX_WAITING, Arrivals


@define
class Weather:
    """What happens to bulletins on their way to each member.

    Args:
        dice: the source of randomness.
        lost, repeated, overtaken: the probability of each.
        slowest: seconds that a bulletin is under way at most; one that is overtaken or repeated
            may take twice as long.
    """

    dice: random.Random = field(factory=random.Random)
    lost: float = 0.0
    repeated: float = 0.0
    overtaken: float = 0.0
    slowest: float = 0.0

    def falls(self, probability: float) -> bool:
        """Whether an event of this probability happens now."""
        return probability > 0.0 and self.dice.random() < probability

    def delay(self) -> float:
        """For how many seconds a bulletin is under way."""
        return self.dice.uniform(0.0, self.slowest) if self.slowest > 0.0 else 0.0


class _Way:
    """The bulletins on their way to one reader."""

    def __init__(self) -> None:
        self.arrivals = Arrivals()
        self._coming: list[tuple[float, int, bytes]] = []  # a heap, by when it arrives
        self._numbers = count()
        self._last_due = 0.0
        self._changed = trio.Event()

    def send(self, data: bytes, weather: Weather) -> None:
        if weather.falls(weather.lost):
            return
        due = trio.current_time() + weather.delay()
        if weather.falls(weather.overtaken):
            self._push(due + weather.delay(), data)
            return
        self._last_due = max(due, self._last_due)
        self._push(self._last_due, data)
        if weather.falls(weather.repeated):
            self._push(due + weather.delay(), data)

    def _push(self, due: float, data: bytes) -> None:
        if len(self._coming) >= MAX_WAITING:
            self.clear()
            self.arrivals.begin_anew()
        heappush(self._coming, (due, next(self._numbers), data))
        self._changed.set()

    def clear(self) -> None:
        self._coming.clear()

    async def carry(self) -> None:
        while True:
            self._changed = trio.Event()
            with trio.move_on_at(self._coming[0][0] if self._coming else float("inf")):
                await self._changed.wait()
            while self._coming and self._coming[0][0] <= trio.current_time():
                self.arrivals.put(heappop(self._coming)[2])


class Medium:
    """The medium that the members share.

    Args:
        weather: what happens to bulletins; may be changed at any time.
    """

    def __init__(self, weather: Weather | None = None) -> None:
        self.weather = weather or Weather()
        self._members: list[MemoryBus] = []
        self._is_running = True
        self._given_up: list[bytes] = []
        self._goes_on = trio.Event()
        self._goes_on.set()

    def member(self) -> "MemoryBus":
        """The bus of one more node."""
        member = MemoryBus(self)
        self._members.append(member)
        return member

    def stop(self) -> None:
        """Refuse to publish, and lose what is under way."""
        self._is_running = False
        for member in self._members:
            member.lose()

    def start(self) -> None:
        """Accept bulletins again, with nothing under way; readers get a None."""
        self._is_running = True
        for member in self._members:
            member.lose()
            member.begin_anew()

    def pause(self) -> None:
        """Stand still: publishers wait, until they give up after `PUBLISH_SECONDS`."""
        if self._goes_on.is_set():
            self._goes_on = trio.Event()

    def go_on(self) -> None:
        """Carry what waits, and about half of the bulletins whose publishers have given up."""
        given_up, self._given_up = self._given_up, []
        for data in given_up:
            self._carry(data)
        self._goes_on.set()

    async def publish(self, data: bytes) -> None:
        """Carry a bulletin to all members.

        Raises:
            BusUnavailable: the medium does not run, or stands still.
        """
        await trio.lowlevel.checkpoint()
        if not self._is_running:
            raise BusUnavailable("the medium does not run")
        with trio.move_on_after(PUBLISH_SECONDS) as patience:
            await self._goes_on.wait()
        if not patience.cancelled_caught:
            self._carry(data)
            return
        if self.weather.falls(0.5) and len(self._given_up) < MAX_WAITING:
            self._given_up.append(data)
        raise BusUnavailable(f"no answer within {PUBLISH_SECONDS:g} s")

    def _carry(self, data: bytes) -> None:
        for member in self._members:
            member.receive(data, self.weather)


class MemoryBus:
    """The bus of one node. `is_mute`: what it publishes is lost without an error; `is_deaf`: it
    receives no bulletins, not even its own.
    """

    max_bytes = MAX_BYTES

    def __init__(self, medium: Medium) -> None:
        self.is_mute = False
        self.is_deaf = False
        self._medium = medium
        self._ways: list[_Way] = []

    async def publish(self, data: bytes) -> None:
        """See `Bus`."""
        require_size(data)
        if self.is_mute:
            await trio.lowlevel.checkpoint()
        else:
            await self._medium.publish(data)

    def receive(self, data: bytes, weather: Weather) -> None:
        """Put a bulletin on its way."""
        if not self.is_deaf:
            for way in self._ways:
                way.send(data, weather)

    def lose(self) -> None:
        """Lose the bulletins that are under way."""
        for way in self._ways:
            way.clear()

    def begin_anew(self) -> None:
        """Give the readers a None: bulletins may have been lost."""
        for way in self._ways:
            way.arrivals.begin_anew()

    @asynccontextmanager
    async def bulletins(self) -> AsyncIterator[AsyncIterator[bytes | None]]:
        """See `Bus`."""
        way = _Way()
        way.arrivals.begin_anew()
        self._ways.append(way)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(way.carry)
                yield way.arrivals
                nursery.cancel_scope.cancel()
        finally:
            self._ways.remove(way)
            way.arrivals.close()
