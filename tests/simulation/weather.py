"""A store that fails as a network does, by the dice of one seed.

Every call may be slow, fail before it was carried out, or fail after it; now and then no call gets
through at all, and notices of the database are lost meanwhile.
"""

import random
from collections.abc import AsyncIterator, Callable
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
    "channels", "recoveries", "search", "health", "notes", "threads", "nodes",
)  # fmt: skip
COMMITS = {("messages", "post"), ("revisions", "revise")}
FEEDS = {"ended", "changes"}
ASKED_ABOUT_RIGHTS = {"accounts", "sessions", "relations", "workspaces", "channels"}


def _nothing() -> None:
    """Nothing happens."""


@define(eq=False)
class Way:
    """One hub's way to the store.

    Args:
        committed: called after messages or revisions of the hub were stored.

    `is_cut`: no call gets through. While it stands still, all calls wait. `is_dead`: the hub has
    crashed.
    """

    committed: Callable[[], None] = _nothing
    is_cut: bool = field(default=False, init=False)
    is_dead: bool = field(default=False, init=False)
    _goes_on: trio.Event | None = field(default=None, init=False)
    reopened: trio.Event = field(factory=trio.Event, init=False)

    def stand_still(self) -> None:
        """Let calls wait until `go_on`."""
        self._goes_on = trio.Event()

    def go_on(self) -> None:
        """Let calls get through again."""
        self.is_cut = False
        if self._goes_on is not None:
            self._goes_on.set()
            self._goes_on = None

    def reopen(self) -> None:
        """Notices that were sent meanwhile are lost."""
        reopened, self.reopened = self.reopened, trio.Event()
        reopened.set()

    async def passable(self) -> None:
        """Wait while it stands still."""
        while self._goes_on is not None:
            await self._goes_on.wait()


@define
class Weather:
    """The faults of the calls.

    Args:
        dice: decide.
        faults: the probability that a call fails; half of those fail after they were carried out.
        slowest: seconds that a call takes at most, on each way.

    The truth gets each call at the moment it was carried out.
    """

    dice: random.Random
    faults: float
    slowest: float
    away: bool = False
    failed_at: float = -inf
    _cut: int = field(default=0, init=False)
    _truth: Truth | None = field(default=None, init=False)
    _ways: list[Way] = field(factory=list, init=False)

    def over(self, store: Store, truth: Truth, way: Way | None = None) -> Store:
        """The store as a hub reaches it by this way."""
        self._truth = truth
        way = way or Way()
        self._ways.append(way)
        parts: dict[str, Any] = {
            name: _Part(name, getattr(store, name), self, way) for name in PARTS
        }
        return evolve(store, **parts)

    def clear(self) -> None:
        """From now on nothing fails."""
        self.faults = 0.0
        self.end_outage()

    def begin_outage(self) -> None:
        """No call gets through."""
        self.away = True
        self._note_disturbance()

    def end_outage(self) -> None:
        """Calls get through again; notices of the outage are lost."""
        self.away = False
        self._note_disturbance()
        for way in self._ways:
            way.reopen()

    async def call(
        self, way: Way, place: tuple[str, str], method: Any, args: Any, kwargs: Any
    ) -> Any:
        """One call of the store. `place`: the part, and the name of the method."""
        if way.is_dead:
            raise StoreUnavailable("the hub is no more")
        fault = self.dice.random() < self.faults
        is_late = self.dice.random() < 0.5
        await self._travel(way)
        if self.away or way.is_cut or (fault and not is_late):
            self._failed(place)
            raise StoreUnavailable("lost on the way there")
        result = await method(*args, **kwargs)
        if self._truth is not None:
            happened(self._truth, place, args, kwargs, result)
        if place in COMMITS:
            way.committed()
        await self._travel(way)
        if self.away or way.is_cut or fault:
            self._failed(place)
            raise StoreUnavailable("lost on the way back")
        return result

    def disturb(self, ways: int) -> None:
        """From now on this many hubs are cut off."""
        self._cut = ways
        self.failed_at = trio.current_time()
        self._note_disturbance()

    def _failed(self, place: tuple[str, str]) -> None:
        self.failed_at = trio.current_time()
        if place[0] in ASKED_ABOUT_RIGHTS:
            self._note_disturbance()

    def _note_disturbance(self) -> None:
        if self._truth is not None:
            self._truth.disturbed(is_away=self.away or self._cut > 0)

    async def _travel(self, way: Way) -> None:
        await way.passable()
        if self.dice.random() < 0.7:
            await trio.sleep(self.dice.random() * self.slowest)
        else:
            await trio.lowlevel.checkpoint()
        await way.passable()

    @asynccontextmanager
    async def feed(
        self, way: Way, context: AbstractAsyncContextManager[AsyncIterator[Any]]
    ) -> AsyncIterator[AsyncIterator[Any]]:
        """The notices of the store, as far as they get through."""
        give, take = trio.open_memory_channel[Any](inf)

        async def pass_on(announced: AsyncIterator[Any]) -> None:
            async for each in announced:
                await way.passable()
                if not self.away:
                    give.send_nowait(each)

        async def begin_again() -> None:
            while True:
                await way.reopened.wait()
                give.send_nowait(None)  # a notice may have been missed

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
    _way: Way

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._part, name)
        if name in FEEDS:
            return lambda: self._weather.feed(self._way, method())

        async def call(*args: Any, **kwargs: Any) -> Any:
            return await self._weather.call(self._way, (self._name, name), method, args, kwargs)

        return call
