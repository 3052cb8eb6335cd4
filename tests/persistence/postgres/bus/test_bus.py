"""What a bus over NOTIFY does when its server, its connection or that of another fails."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import TypeAlias

import asyncpg
import pytest
import trio
import trio_asyncio

from persistence.bus import BusUnavailable
from persistence.postgres import bus as module
from persistence.postgres.bus import PostgresBus, open_postgres_bus
from persistence.postgres.bus.pieces import to_payloads
from persistence.postgres.database.bridge import open_asyncio
from tests.support.buses.carriers import until
from tests.support.stores.databases import Databases, execute, open_transaction, run_script
from tests.support.telemetry.logs import about, captured_lines
from tests.support.wire.proxy import Packet, Session, Silence, open_proxy, pass_to_server

Heard: TypeAlias = AsyncIterator[bytes | None]
NOTIFY = "SELECT pg_notify('parlour_bus_one', $1)"
LONG_SECONDS = 0.5
LATER = "SELECT pg_sleep(0.6)"  # a transaction that lasts for longer
LISTENING = ("LISTEN something", "COMMIT", "BEGIN", LATER)
LOOKS = 3
USAGE = "SELECT pg_notification_queue_usage() > 0"


@asynccontextmanager
async def node(dsn: str) -> AsyncIterator[tuple[PostgresBus, Heard]]:
    async with open_postgres_bus(dsn, "one") as bus, bus.bulletins() as heard:
        assert await anext(heard) is None
        yield bus, heard


async def refusal(bus: PostgresBus, data: bytes = b"?") -> str | None:
    """Why a bulletin is not published; None: it is."""
    try:
        await bus.publish(data)
    except BusUnavailable as error:
        await trio.lowlevel.checkpoint()
        return str(error)
    return None


async def publish_until_it_works(bus: PostgresBus, data: bytes) -> None:
    while await refusal(bus, data) is not None:
        pass


async def test_bulletins_with_mixed_pieces_arrive_and_one_with_a_lost_piece_does_not(
    databases: Databases,
) -> None:
    one, other, lost = (letter * 20_000 for letter in (b"1", b"2", b"3"))
    mixed = zip(to_payloads(one, "a-1"), to_payloads(other, "a-2"), strict=True)
    async with databases.empty() as dsn, open_asyncio(), node(dsn) as (bus, heard):
        for payload in to_payloads(lost, "a-3")[1:]:
            await execute(dsn, NOTIFY, payload)
        for pair in mixed:
            for payload in pair:
                await execute(dsn, NOTIFY, payload)
        await bus.publish(b"last")
        assert await until(heard, b"last") == [one, other, b"last"]


async def test_a_bulletin_that_is_given_up_gives_the_reader_a_none(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("persistence.postgres.bus.pieces.MAX_UNFINISHED", 1)
    async with databases.empty() as dsn, open_asyncio(), node(dsn) as (bus, heard):
        for name in ("a-1", "a-2"):
            await execute(dsn, NOTIFY, to_payloads(b"x" * 10_000, name)[0])
        await bus.publish(b"last")
        assert await until(heard, b"last") == [None, b"last"]


async def test_foreign_notifications_on_the_channel_are_ignored(databases: Databases) -> None:
    async with databases.empty() as dsn, open_asyncio(), node(dsn) as (bus, heard):
        with captured_lines() as lines:
            await execute(dsn, NOTIFY, "hello")
            await execute(dsn, NOTIFY, "")
            await bus.publish(b"next")
            assert await anext(heard) == b"next"
        assert len(about(lines, "bulletin_malformed")) == 1  # and no more for a while


async def test_a_listener_that_receives_nothing_connects_again(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TEST_SECONDS", 0.1)
    monkeypatch.setattr(module, "SILENCE_SECONDS", 0.5)
    deaf: set[Session] = set()

    async def without_notices(session: Session, packet: Packet) -> None:
        if session not in deaf or packet.kind != "A":
            await session.answer_from_server(packet)

    async with databases.empty() as target, open_asyncio(), open_proxy(target) as proxy:
        proxy.from_server = without_notices
        async with node(proxy.dsn) as (bus, heard):
            deaf |= proxy.sessions
            with captured_lines() as lines:
                await bus.publish(b"unheard")
                assert await anext(heard) is None
            (line,) = about(lines, "bus_lost")
            assert line["direction"] == "listening"
            assert line["reason"].startswith("nothing is heard")
            await bus.publish(b"heard")
            assert await anext(heard) == b"heard"


async def test_a_server_that_does_not_respond_is_given_up_and_used_again_later(
    databases: Databases,
) -> None:
    async with (
        databases.empty() as target,
        open_asyncio(),
        open_proxy(target) as proxy,
        node(proxy.dsn) as (bus, heard),
    ):
        await bus.publish(b"first")
        assert await anext(heard) == b"first"
        proxy.from_client = Silence(lambda packet: packet.kind == "B", times=99)
        began = trio.current_time()
        assert await refusal(bus) == "no answer within 2 s"
        assert trio.current_time() < began + 20
        proxy.from_client = pass_to_server
        await publish_until_it_works(bus, b"last")
        assert set(await until(heard, b"last")) <= {None, b"?", b"last"}


async def test_a_bus_may_be_opened_before_its_server_accepts_connections(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BEGIN_SECONDS", 0.1)
    async with databases.empty() as dsn, open_asyncio():
        await run_script(databases.dsn, allow(dsn, allowed=False))
        with captured_lines() as lines:
            async with open_postgres_bus(dsn, "one") as bus, bus.bulletins() as heard:
                for _ in range(3):
                    assert "is not currently accepting connections" in (await refusal(bus) or "")
                await run_script(databases.dsn, allow(dsn, allowed=True))
                await publish_until_it_works(bus, b"first")
                assert await anext(heard) is None
                await publish_until_it_works(bus, b"second")
                assert b"second" in await until(heard, b"second")
        events = [(line["event"], line["direction"]) for line in about(lines, *EVENTS)]
        assert sorted(events) == [
            (event, direction) for event in ("bus_back", "bus_lost") for direction in DIRECTIONS
        ]


EVENTS = ("bus_lost", "bus_back")
DIRECTIONS = ("listening", "publishing")


def allow(dsn: str, *, allowed: bool) -> str:
    name = dsn.partition("?")[0].rpartition("/")[2]
    return f"ALTER DATABASE {name} ALLOW_CONNECTIONS {str(allowed).lower()}"


async def test_a_password_is_neither_in_the_error_nor_in_the_log() -> None:
    dsn = "postgresql://parlour:secret@127.0.0.1:1/parlour"
    with captured_lines() as lines:
        async with open_asyncio(), open_postgres_bus(dsn, "one") as bus:
            reason = await refusal(bus)
    assert reason is not None
    assert "secret" not in f"{reason} {lines}"


async def test_a_session_that_does_not_read_is_logged_once(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TEST_SECONDS", 0.05)
    monkeypatch.setattr(module, "MAX_QUEUE_USAGE", 0.0)
    monkeypatch.setattr(module, "LONG_SECONDS", LONG_SECONDS)
    async with databases.empty() as dsn, open_asyncio(), node(dsn) as (bus, heard):
        with captured_lines() as lines:
            async with open_transaction(dsn, *LISTENING) as pid, open_transaction(dsn, LATER):
                while not about(lines, "bus_queue_grows"):
                    await bus.publish(b"x" * 100_000)
                    assert await anext(heard) == b"x" * 100_000
                assert await execute(dsn, USAGE)
                await until_looked(dsn)
            while not about(lines, "bus_queue_shrinks"):
                await trio.lowlevel.checkpoint()
        (line,) = about(lines, "bus_queue_grows")
        assert line["not_reading"]["pid"] == pid
        assert line["not_reading"]["state"] == "idle in transaction"
        assert line["not_reading"]["may_end"] is True
        assert len(about(lines, "bus_queue_shrinks")) == 1


async def until_looked(dsn: str) -> None:
    """Wait until the listener has looked at the queue."""
    heard, looked = count(1), trio.Event()

    def hear(*_: object) -> None:
        if next(heard) == LOOKS:
            looked.set()

    async def listen() -> asyncpg.Connection:
        connection = await asyncpg.connect(dsn)
        await connection.add_listener("parlour_bus_one", hear)
        return connection

    connection = await trio_asyncio.aio_as_trio(listen)()
    await looked.wait()
    connection.terminate()


NO_ROLES = "DROP ROLE IF EXISTS bus_one; DROP ROLE IF EXISTS bus_other;"
ROLES = f"{NO_ROLES} CREATE ROLE bus_one LOGIN; CREATE ROLE bus_other LOGIN;"


@pytest.mark.parametrize(
    ("rights", "seen"), [("", None), ("pg_read_all_stats", False), ("pg_monitor, bus_other", True)]
)
async def test_the_session_of_another_role_is_logged_if_the_role_may_see_it(
    databases: Databases, monkeypatch: pytest.MonkeyPatch, rights: str, seen: bool | None
) -> None:
    monkeypatch.setattr(module, "TEST_SECONDS", 0.05)
    monkeypatch.setattr(module, "MAX_QUEUE_USAGE", 0.0)
    monkeypatch.setattr(module, "LONG_SECONDS", LONG_SECONDS)
    grant = f"GRANT {rights} TO bus_one" if rights else ""
    async with databases.empty() as dsn, open_asyncio():
        await run_script(databases.dsn, ROLES + grant)
        try:
            one, other = (with_role(dsn, name) for name in ("bus_one", "bus_other"))
            with captured_lines() as lines:
                async with open_transaction(other, *LISTENING), node(one) as (bus, _):
                    while not about(lines, "bus_queue_grows"):
                        await bus.publish(b"x" * 100_000)
            (line,) = about(lines, "bus_queue_grows")
            named = line["not_reading"]
            assert (None if named is None else named["may_end"]) is seen
        finally:
            await run_script(databases.dsn, NO_ROLES)


def with_role(dsn: str, role: str) -> str:
    scheme, _, rest = dsn.partition("://")
    return f"{scheme}://{role}@{rest.rpartition('@')[2]}"
