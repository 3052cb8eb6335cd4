"""A store that fails the way a network does, by the dice of one seed.

Every call may be slow, fail before anything happened, or fail after it happened; now and then
nothing gets through at all, and what the database would have announced meanwhile is lost.
"""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from math import inf
from typing import Any

import trio
from attrs import define, evolve, field

from persistence.interface import Store
from persistence.records import StoreUnavailable

PARTS = (
    "accounts", "sessions", "relations", "messages", "workspaces", "channels", "recoveries",
    "health",
)  # fmt: skip
FEEDS = {"ended", "changes"}


@define
class Weather:
    """What befalls the calls.

    Args:
        dice: decide.
        faults: the probability that a call fails; half of those fail after they happened.
        slowest: seconds that a call takes at most, on each way.
    """

    dice: random.Random
    faults: float
    slowest: float
    away: bool = False
    cleared_at: float = 0.0
    calls: int = 0
    _returned: trio.Event = field(factory=trio.Event, init=False)

    def over(self, store: Store) -> Store:
        """The store as the hub sees it."""
        return evolve(store, **{name: _Part(getattr(store, name), self) for name in PARTS})

    def clear(self) -> None:
        """From now on nothing fails."""
        self.faults = 0.0
        self.end_outage()

    def end_outage(self) -> None:
        """What was away is back."""
        self.away = False
        self.cleared_at = trio.current_time()
        returned, self._returned = self._returned, trio.Event()
        returned.set()

    async def call(self, method: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """One call of the store."""
        self.calls += 1
        fault = self.dice.random() < self.faults
        is_late = self.dice.random() < 0.5
        await self._travel()
        if self.away or (fault and not is_late):
            raise StoreUnavailable("lost on the way there")
        result = await method(*args, **kwargs)
        await self._travel()
        if self.away or fault:
            raise StoreUnavailable("lost on the way back")
        return result

    async def _travel(self) -> None:
        if self.dice.random() < 0.7:
            await trio.sleep(self.dice.random() * self.slowest)
        else:
            await trio.lowlevel.checkpoint()

    @asynccontextmanager
    async def feed(
        self, context: AbstractAsyncContextManager[AsyncIterator[Any]]
    ) -> AsyncIterator[AsyncIterator[Any]]:
        """What the store announces, as far as it gets through."""
        give, take = trio.open_memory_channel[Any](inf)

        async def pass_on(announced: AsyncIterator[Any]) -> None:
            async for each in announced:
                if not self.away:
                    give.send_nowait(each)

        async def begin_again() -> None:
            while True:
                await self._returned.wait()
                give.send_nowait(None)  # something may have been missed

        async with context as announced, trio.open_nursery() as nursery:
            nursery.start_soon(pass_on, announced)
            nursery.start_soon(begin_again)
            yield take
            nursery.cancel_scope.cancel()


@define
class _Part:
    _part: Any
    _weather: Weather

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._part, name)
        if name in FEEDS:
            return lambda: self._weather.feed(method())

        async def call(*args: Any, **kwargs: Any) -> Any:
            return await self._weather.call(method, args, kwargs)

        return call
