"""`until_quiet` returns for every task that waits, however many there are, and not while any part
of a store queries the database; `until_noticed` returns after the notices of all changes have come.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from functools import partial

import pytest
import trio
import trio.testing
from attrs import define, field
from trio.testing import MockClock

from persistence.changes import PairMet
from persistence.postgres.servers import listening
from persistence.sessions import SessionEnded
from protocol.model import SessionId, UserId
from tests.support.quiet import (
    NOBODY_CHANGED,
    NOBODY_OPENED,
    Heard,
    Notice,
    counting,
    let_pass,
    until_noticed,
    until_quiet,
)
from tests.support.stores.databases import Databases, execute, open_store
from tests.support.wire.proxy import Packet, Session, open_proxy


async def test_all_tasks_that_wait_for_one_statement_return_when_it_ends(
    autojump_clock: MockClock,
) -> None:
    begun, may_end = trio.Event(), trio.Event()
    returned: list[int] = []

    async def run() -> None:
        with counting().span("a statement"):
            begun.set()
            await may_end.wait()

    async def wait(number: int) -> None:
        await until_quiet()
        assert may_end.is_set()
        returned.append(number)

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run)
            await begun.wait()
            for number in range(3):
                nursery.start_soon(wait, number)
            await trio.testing.wait_all_tasks_blocked()
            may_end.set()
    assert sorted(returned) == [0, 1, 2]


@define
class Gate:
    """Messages of a client that contain `word` wait until the test lets them pass."""

    word: bytes
    reached: trio.Event = field(factory=trio.Event)
    is_open: trio.Event = field(factory=trio.Event)

    async def __call__(self, session: Session, packet: Packet) -> None:
        if self.word in packet.data:
            self.reached.set()
            await self.is_open.wait()
        await session.to_server(packet)


async def returns_behind(gate: Gate, wait: Callable[[], Awaitable[None]]) -> None:
    """`wait` returns once the gate is open, and not before."""
    returned = trio.Event()

    async def run() -> None:
        await wait()
        returned.set()

    async with trio.open_nursery() as nursery:
        await gate.reached.wait()
        nursery.start_soon(run)
        for _ in range(2):  # `wait` resumes at the same time as this task
            await trio.testing.wait_all_tasks_blocked()
        assert not returned.is_set()
        gate.is_open.set()


async def test_until_quiet_waits_until_a_store_listens(
    databases: Databases, mock_clock: MockClock
) -> None:
    gate = Gate(b"LISTEN")
    async with (
        databases.migrated() as dsn,
        open_proxy(dsn) as proxy,
        open_store(proxy.dsn) as store,
    ):
        proxy.from_client = gate

        async def listen() -> None:
            async with store.sessions.changes() as changes:
                assert await anext(changes) is None

        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen)
            await returns_behind(gate, until_quiet)


@asynccontextmanager
async def checked(
    databases: Databases, clock: MockClock
) -> AsyncIterator[tuple[list[object], Gate, str]]:
    """The changes of sessions that are received while it is checked whether their connection still
    listens; the gate that holds this check, and the database.
    """
    gate, heard = Gate(b"listening"), list[object]()
    async with (
        databases.migrated() as dsn,
        open_proxy(dsn) as proxy,
        open_store(proxy.dsn) as store,
        store.sessions.changes() as changes,
        trio.open_nursery() as nursery,
    ):

        async def hear() -> None:
            async for change in changes:
                heard.append(change)

        nursery.start_soon(hear)
        await until_quiet()
        proxy.from_client = gate
        clock.jump(listening.TEST_SECONDS)
        yield heard, gate, dsn
        nursery.cancel_scope.cancel()


async def test_until_quiet_waits_while_a_listening_connection_is_checked(
    databases: Databases, mock_clock: MockClock
) -> None:
    async with checked(databases, mock_clock) as (_, gate, _):
        await returns_behind(gate, until_quiet)


async def test_time_passes_when_nothing_waits_for_the_database(
    databases: Databases, mock_clock: MockClock
) -> None:
    """Otherwise the connection would be given up, and on this clock never replaced."""
    async with checked(databases, mock_clock) as (heard, gate, dsn):
        before = trio.current_time()
        await returns_behind(gate, partial(let_pass, mock_clock, 30))
        assert trio.current_time() == before + 30
        await execute(dsn, "SELECT pg_notify('parlour_sessions', '7')")
        await until_noticed()
        assert heard == [None, SessionEnded(SessionId(7))]


MET = PairMet(UserId(1), UserId(2))


@define
class Notifying:
    """A part of a store with one change whose notice has not come yet when another notice is
    requested: Postgres sends them in order.
    """

    notice: Notice
    asked: trio.Event = field(factory=trio.Event)

    @property
    def database(self) -> "Notifying":
        return self

    async def fetch(self, sql: str) -> None:
        assert sql == self.notice.sql
        self.asked.set()

    @asynccontextmanager
    async def changes(self) -> AsyncGenerator[AsyncGenerator[object]]:
        async with aclosing(self._changes()) as changes:
            yield changes

    async def _changes(self) -> AsyncGenerator[object]:
        yield None
        await self.asked.wait()
        for change in (MET, self.notice.change):
            yield change


@pytest.mark.parametrize("notice", [NOBODY_OPENED, NOBODY_CHANGED])
async def test_until_noticed_waits_for_earlier_changes_and_hides_its_own_notice(
    autojump_clock: MockClock, notice: Notice
) -> None:
    heard: list[object] = []

    async def listen() -> None:
        async with Heard(Notifying(notice), notice).changes() as changes:
            async for change in changes:
                heard.append(change)  # noqa: PERF401  also before the end
            await trio.sleep_forever()

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen)
            await until_noticed()
            assert heard == [None, MET]
            nursery.cancel_scope.cancel()
