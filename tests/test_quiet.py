"""`until_quiet` returns for everybody who waits, however many there are, and not before the changes
are heard of that were made while listening began; `until_noticed` not before all are.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager

import trio
import trio.testing
from attrs import define, field
from trio.testing import MockClock

from persistence.changes import Change, PairMet
from persistence.interface import Store
from protocol.model import UserId
from tests.support.quiet import NOBODY_OPENED, Counted, CountedRelations, until_noticed, until_quiet
from tests.support.stores.held import Held


async def test_all_who_wait_for_one_statement_learn_of_its_end(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    accounts = Held(memory_store.accounts, ("get",))
    counted = Counted(accounts)
    returned: list[int] = []

    async def wait(number: int) -> None:
        await until_quiet()
        assert accounts.go_on.is_set()
        returned.append(number)

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(counted.get, UserId(1))
            await accounts.asked.wait()
            for number in range(3):
                nursery.start_soon(wait, number)
            await trio.testing.wait_all_tasks_blocked()
            accounts.go_on.set()
    assert sorted(returned) == [0, 1, 2]


@define
class Reporting:
    """A part that reports one change, when the test says so."""

    may_begin: trio.Event = field(factory=trio.Event)

    @asynccontextmanager
    async def changes(self) -> AsyncGenerator[AsyncGenerator[None]]:
        async with aclosing(self._changes()) as changes:
            yield changes

    async def _changes(self) -> AsyncGenerator[None]:
        await self.may_begin.wait()
        yield


async def test_nothing_is_quiet_before_listening_has_begun(autojump_clock: MockClock) -> None:
    reporting = Reporting()

    async def listen() -> None:
        async with Counted(reporting).changes() as changes:
            async for _ in changes:
                pass

    async def wait() -> None:
        await until_quiet()
        assert reporting.may_begin.is_set()

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen)
            nursery.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked(0.1)
            reporting.may_begin.set()


MET = PairMet(UserId(1), UserId(2))


@define
class Notifying:
    """Relations of which one change has not been heard of yet when another is asked for: Postgres
    notifies of them in order.
    """

    asked: trio.Event = field(factory=trio.Event)

    @property
    def database(self) -> "Notifying":
        return self

    async def fetch(self, _: str) -> None:
        self.asked.set()

    @asynccontextmanager
    async def changes(self) -> AsyncGenerator[AsyncGenerator[Change | None]]:
        async with aclosing(self._changes()) as changes:
            yield changes

    async def _changes(self) -> AsyncGenerator[Change | None]:
        yield None
        await self.asked.wait()
        for change in (MET, NOBODY_OPENED):
            yield change


async def test_every_change_is_noticed_and_what_was_asked_for_shows_to_nobody(
    autojump_clock: MockClock,
) -> None:
    heard: list[Change | None] = []

    async def listen() -> None:
        async with CountedRelations(Notifying()).changes() as changes:
            async for change in changes:
                heard.append(change)  # noqa: PERF401  also before the end
            await trio.sleep_forever()

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen)
            await until_noticed()
            assert heard == [None, MET]
            nursery.cancel_scope.cancel()
