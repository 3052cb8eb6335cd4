"""Listening goes on, whatever happens to its connection."""

import pytest

from persistence.postgres.database.bridge import open_database
from persistence.postgres.servers import listening as module
from persistence.postgres.servers.listening import listen
from tests.support.stores.databases import Databases, execute
from tests.support.wire.proxy import Packet, Session, Silence, open_proxy, pass_to_client

END = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


async def test_a_connection_that_falls_silent_before_it_listens_is_replaced(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STATEMENT_SECONDS", 0.5)
    async with databases.migrated() as dsn, open_proxy(dsn) as proxy:
        proxy.from_client = Silence(lambda packet: b"LISTEN" in packet.data, times=2)
        async with (
            open_database(proxy.dsn, 1) as database,
            listen(database, "numbers", int) as numbers,
        ):
            assert await anext(numbers) is None
            await execute(dsn, "SELECT pg_notify('numbers', '9')")
            assert await anext(numbers) == 9


async def test_a_connection_that_falls_silent_while_it_listens_is_replaced(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TEST_SECONDS", 0.01)
    monkeypatch.setattr(module, "STATEMENT_SECONDS", 0.5)
    async with databases.migrated() as dsn, open_proxy(dsn) as proxy:
        proxy.from_client = Silence(lambda packet: b"listening" in packet.data, times=2)
        async with (
            open_database(proxy.dsn, 1) as database,
            listen(database, "numbers", int) as numbers,
        ):
            for _ in range(3):
                assert await anext(numbers) is None
            await execute(dsn, "SELECT pg_notify('numbers', '9')")
            assert await anext(numbers) == 9


async def test_listening_goes_on_through_checks_nonsense_and_a_lost_connection(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TEST_SECONDS", 0.01)
    async with (
        databases.migrated() as dsn,
        open_database(dsn, 2) as database,
        listen(database, "numbers", int) as numbers,
    ):
        assert await anext(numbers) is None
        for number in range(20):  # each takes longer than the time between two checks
            await execute(dsn, "SELECT pg_notify('numbers', 'nonsense')")
            await execute(dsn, f"SELECT pg_notify('numbers', '{number}')")
            assert await anext(numbers) == number
        await execute(dsn, END)
        assert await anext(numbers) is None
        await execute(dsn, "SELECT pg_notify('numbers', '9')")
        assert await anext(numbers) == 9


async def swallow_notices(session: Session, packet: Packet) -> None:
    """Pass on everything but notifications, as some poolers do."""
    if packet.kind != "A":
        await pass_to_client(session, packet)


async def test_a_connection_that_responds_and_gets_no_notifications_is_replaced(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SILENCE_SECONDS", 0.2)
    monkeypatch.setattr(module, "TEST_SECONDS", 0.05)
    async with databases.migrated() as dsn, open_proxy(dsn) as proxy:
        proxy.from_server = swallow_notices
        async with (
            open_database(proxy.dsn, 1) as database,
            listen(database, "numbers", int) as numbers,
        ):
            for _ in range(2):
                assert await anext(numbers) is None
            proxy.from_server = pass_to_client
            number = None
            while number is None:  # None: it was replaced once more, and the notice may be lost
                await execute(dsn, "SELECT pg_notify('numbers', '9')")
                number = await anext(numbers)
            assert number == 9
