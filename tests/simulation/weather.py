"""A store that fails the way a network does, by the dice of one seed.

Every call may be slow, fail before anything happened, or fail after it happened; now and then
nothing gets through at all, and what the database would have announced meanwhile is lost.
"""

import random
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from math import inf
from typing import Any

import trio
from attrs import define, evolve, field

from persistence.interface import Store
from persistence.records import StoreUnavailable
from tests.simulation.judgement.happenings import happened
from tests.simulation.judgement.truth import Truth

PARTS = (
    "accounts", "sessions", "relations", "messages", "revisions", "mentions", "workspaces",
    "channels", "recoveries", "search", "health", "notes", "threads",
)  # fmt: skip
FEEDS = {"ended", "changes"}
ASKED_ABOUT_RIGHTS = {"accounts", "sessions", "relations", "workspaces", "channels"}


@define
class Weather:
    """What befalls the calls.

    Args:
        dice: decide.
        faults: the probability that a call fails; half of those fail after they happened.
        slowest: seconds that a call takes at most, on each way.

    `truth` hears what the calls did, at the moment they did it.
    """

    dice: random.Random
    faults: float
    slowest: float
    away: bool = False
    failed_at: float = -inf
    _truth: Truth | None = field(default=None, init=False)
    _returned: trio.Event = field(factory=trio.Event, init=False)

    def over(self, store: Store, truth: Truth) -> Store:
        """The store as the hub sees it."""
        self._truth = truth
        parts: dict[str, Any] = {name: _Part(name, getattr(store, name), self) for name in PARTS}
        return evolve(store, **parts)

    def clear(self) -> None:
        """From now on nothing fails."""
        self.faults = 0.0
        self.end_outage()

    def begin_outage(self) -> None:
        """Nothing gets through."""
        self.away = True
        self._note_disturbance()

    def end_outage(self) -> None:
        """What was away is back."""
        self.away = False
        self._note_disturbance()
        returned, self._returned = self._returned, trio.Event()
        returned.set()

    async def call(self, part: str, name: str, method: Any, args: Any, kwargs: Any) -> Any:
        """One call of the store."""
        fault = self.dice.random() < self.faults
        is_late = self.dice.random() < 0.5
        await self._travel()
        if self.away or (fault and not is_late):
            self._failed(part)
            raise StoreUnavailable("lost on the way there")
        result = await method(*args, **kwargs)
        if self._truth is not None:
            happened(self._truth, (part, name), args, kwargs, result)
        await self._travel()
        if self.away or fault:
            self._failed(part)
            raise StoreUnavailable("lost on the way back")
        return result

    def _failed(self, part: str) -> None:
        self.failed_at = trio.current_time()
        if part in ASKED_ABOUT_RIGHTS:
            self._note_disturbance()

    def _note_disturbance(self) -> None:
        if self._truth is not None:
            self._truth.disturbed(is_away=self.away)

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
    _name: str
    _part: Any
    _weather: Weather

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._part, name)
        if name in FEEDS:
            return lambda: self._weather.feed(method())

        async def call(*args: Any, **kwargs: Any) -> Any:
            return await self._weather.call(self._name, name, method, args, kwargs)

        return call
