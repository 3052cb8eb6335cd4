"""What statements and listeners do when the server, or the connection, goes away."""

from contextlib import suppress
from functools import partial

import pytest
import trio
import trio_asyncio
from attrs import define, field
from structlog.contextvars import bind_contextvars

from persistence.postgres import open_postgres_store
from persistence.postgres.database import bridge
from persistence.postgres.database.bridge import open_asyncio, open_connections
from persistence.postgres.database.session import SESSION, connect
from persistence.records import Draft, StoreError, StoreUnavailable
from protocol.model import Posted
from tests.support.stores.databases import Databases, execute, open_transaction, run_script
from tests.support.stores.records import make_users
from tests.support.telemetry.logs import captured_lines
from tests.support.wire.proxy import Packet, Session, open_proxy, pass_to_client

END = "SELECT pg_terminate_backend(pg_backend_pid())"
KILL = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
SLEEPING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"


@define
class Slow:
    """A server whose replies are held until the test releases them."""

    asked: trio.Event = field(factory=trio.Event)
    go_on: trio.Event = field(factory=trio.Event)

    async def __call__(self, session: Session, packet: Packet) -> None:
        self.asked.set()
        await self.go_on.wait()
        await pass_to_client(session, packet)


async def kill_connections(databases: Databases, dsn: str) -> None:
    name = dsn.partition("?")[0].rpartition("/")[2]
    await execute(databases.dsn, KILL, name)


async def test_an_error_that_asyncio_reports_is_only_logged(databases: Databases) -> None:
    lost = {"message": "Future exception was never retrieved", "exception": ConnectionError("cut")}
    async with open_asyncio():
        bind_contextvars(connection="c1")  # of the task that opened the lost connection
        with captured_lines() as lines:
            trio_asyncio.current_loop.get().call_exception_handler(lost)
        assert [(line["event"], line.get("connection")) for line in lines] == [
            ("database_connection_broken", None)
        ]
        async with open_connections(1, partial(connect, databases.dsn, SESSION)) as connections:
            assert await connections.fetch("SELECT 1 AS one")


async def test_a_killed_connection_fails_one_send_at_most_and_is_replaced(
    databases: Databases,
) -> None:
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=2, lanes=1) as store,
    ):
        ann, ben = await make_users(store, "ann", "ben")
        await store.messages.post([Draft(ann.id, ben.id, "1")])
        await kill_connections(databases, dsn)
        draft = Draft(ann.id, ben.id, "2", "k")
        try:  # whether the loss was noticed before the send is a matter of timing
            (outcome,) = await store.messages.post([draft])
        except StoreUnavailable:
            (outcome,) = await store.messages.post([draft])
        assert isinstance(outcome, Posted)
        assert outcome.message.seq == 2
        await kill_connections(databases, dsn)
        for _ in range(2):  # the pool may still hold this many dead connections
            with suppress(StoreUnavailable):
                await store.accounts.get(ann.id)
        assert await store.accounts.get(ann.id) == ann


async def test_a_connection_goes_on_opening_when_its_caller_is_cancelled(
    databases: Databases,
) -> None:
    slow = Slow()
    async with (
        open_asyncio(),
        open_proxy(databases.dsn) as proxy,
        open_connections(1, partial(connect, proxy.dsn, SESSION)) as connections,
    ):
        with suppress(StoreUnavailable):
            await connections.fetch(END)
        proxy.from_server = slow
        async with trio.open_nursery() as impatient:
            impatient.start_soon(connections.fetch, "SELECT 1")
            await slow.asked.wait()
            impatient.cancel_scope.cancel()
        slow.go_on.set()
        assert await connections.fetch("SELECT 1")
        assert [each.number for each in proxy.sessions] == [2]


async def test_a_connection_that_is_being_opened_ends_with_its_pool(databases: Databases) -> None:
    slow = Slow()
    async with open_asyncio(), open_proxy(databases.dsn) as proxy:
        async with open_connections(1, partial(connect, proxy.dsn, SESSION)) as connections:
            with suppress(StoreUnavailable):
                await connections.fetch(END)
            proxy.from_server = slow
            async with trio.open_nursery() as impatient:
                impatient.start_soon(connections.fetch, "SELECT 1")
                await slow.asked.wait()
                impatient.cancel_scope.cancel()
        slow.go_on.set()
        while proxy.sessions:
            await trio.lowlevel.checkpoint()


async def test_if_every_connection_is_busy_a_statement_is_unavailable_within_seconds(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge, "ACQUIRE_SECONDS", 0.1)
    async with (
        databases.migrated() as dsn,
        open_connections(1, partial(connect, dsn, SESSION), name="some") as connections,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(connections.fetch, "SELECT pg_sleep(4)")
        while not await execute(dsn, SLEEPING):
            pass
        figures = connections.figures
        assert (figures.name, figures.size, figures.in_use) == ("some", 1, 1)
        with pytest.raises(StoreUnavailable, match="busy"):
            await connections.fetch("SELECT 1")
        assert figures.errors == {"no_connection_free": 1}
        assert (len(figures.waits), figures.waiting) == (1, 0)
        assert figures.waits.total >= bridge.ACQUIRE_SECONDS
        nursery.cancel_scope.cancel()


async def test_statements_that_fail_are_counted_by_their_class(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge, "STATEMENT_SECONDS", 0.1)
    dsn = databases.dsn
    async with open_asyncio(), open_connections(1, partial(connect, dsn, {})) as connections:
        figures = connections.figures
        before = len(figures.statements)
        await connections.fetch("SELECT 1")
        assert len(figures.statements) == before + 1
        for sql in ("SELECT 1 / 0", "SELECT no_such_function()", "SELECT pg_sleep(9)"):
            with pytest.raises(StoreError):
                await connections.fetch(sql)
        monkeypatch.undo()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(connections.fetch, "SELECT pg_sleep(9)")
            while not await execute(dsn, SLEEPING):
                pass
            nursery.cancel_scope.cancel()
        assert figures.errors == {"22": 1, "42": 1, "timeout": 1, "cancelled": 1}
        assert (len(figures.statements), figures.in_use) == (before + 1, 0)


async def test_a_statement_that_conflicts_with_another_transaction_is_repeated(
    databases: Databases,
) -> None:
    strict = {**SESSION, "default_transaction_isolation": "repeatable read"}
    count = "UPDATE counters SET n = n + 1 RETURNING n"
    async with databases.migrated() as dsn:
        await run_script(dsn, "CREATE TABLE counters (n int); INSERT INTO counters VALUES (1)")
        rows: list[int] = []

        async def add() -> None:
            async with open_connections(1, partial(connect, dsn, strict)) as connections:
                rows.extend(row["n"] for row in await connections.fetch(count))

        async with trio.open_nursery() as nursery, open_transaction(dsn, count, commit=True):
            nursery.start_soon(add)
            while not await execute(dsn, WAITING):
                pass
        assert rows == [3]


async def test_the_statement_of_a_cancelled_caller_is_cancelled(databases: Databases) -> None:
    settings = {**SESSION, "statement_timeout": "0"}
    async with (
        databases.migrated() as dsn,
        open_connections(1, partial(connect, dsn, settings)) as connections,
    ):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(connections.fetch, "SELECT pg_sleep(300)")
            while not await execute(dsn, SLEEPING):
                pass
            nursery.cancel_scope.cancel()
        while await execute(dsn, SLEEPING):
            pass
        assert await connections.fetch("SELECT 1 AS one")


async def test_a_connection_of_another_era_is_not_used(databases: Databases) -> None:
    """It may be a connection to a server that is gone, without an error that shows it."""
    sql, era = "SELECT pg_backend_pid() AS pid", 0
    async with open_asyncio():
        opened = partial(connect, databases.dsn, SESSION)
        async with open_connections(1, opened, era=lambda: era) as connections:
            first, again = [await connections.fetch(sql) for _ in range(2)]
            assert first == again
            era = 1
            assert await connections.fetch(sql) != first
