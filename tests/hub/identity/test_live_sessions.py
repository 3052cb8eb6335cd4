"""Sessions that end while they have connections, here or elsewhere, and those that are extended."""

from datetime import UTC, datetime, timedelta

import pytest
import trio
from trio.testing import MockClock

from hub.identity.live_sessions import GRACE_SECONDS
from persistence.interface import Store
from persistence.sessions import time_left
from tests.support.clients.socketio import connect
from tests.support.clients.websocket import WebSocket, upgrade_request
from tests.support.express import open_hub, remember
from tests.support.quiet import let_pass, until_quiet
from tests.support.stores.databases import (
    Databases,
    execute,
    open_store,
    run_script,
    while_nobody_listens,
    with_setting,
)
from tests.support.stores.outage import Outage
from tests.support.world import open_world


@pytest.mark.parametrize("how", ["the row", "the user"])
async def test_a_session_that_sql_ends_closes_its_sockets(
    databases: Databases, how: str, mock_clock: MockClock
) -> None:
    """At once: on a clock that stands still nothing waits for a timer."""
    async with open_hub(databases) as (world, dsn):
        ann, ben = await world.person("ann"), await world.person("ben")
        anns, bens = await ann.open(), await ben.open()
        condition = {"the row": f"id = {ann.session_id}", "the user": f"user_id = {ann.id}"}[how]
        await execute(dsn, f"DELETE FROM sessions WHERE {condition}")
        assert (await anns.closed()).code == 4001
        await bens.close_in_silence()


async def test_a_session_that_ended_while_the_hub_did_not_listen_is_noticed(
    databases: Databases,
) -> None:
    async with open_hub(databases) as (world, dsn):
        ann, ben = await world.person("ann"), await world.person("ben")
        anns, bens = await ann.open(), await ben.open()
        await while_nobody_listens(dsn, f"DELETE FROM sessions WHERE id = {ann.session_id}")
        assert (await anns.closed()).code == 4001
        await bens.close_in_silence()


async def test_an_express_session_that_is_gone_closes_its_sockets(databases: Databases) -> None:
    async with open_hub(databases, session_recheck=0.1) as (world, dsn):
        ann = await world.person("ann")
        gone, stays = await remember(dsn, "gone", ann.id), await remember(dsn, "stays", ann.id)
        first = await world.websocket("/messagepal", Cookie=gone)
        second = await world.websocket("/messagepal", Cookie=stays)
        for socket in (first, second):
            await socket.receive_type("connected")
        await execute(dsn, "DELETE FROM app.session WHERE sid = 'gone'")
        assert (await first.closed()).code == 4001
        await second.close_in_silence()


async def test_an_express_session_is_checked_however_long_it_takes_to_connect(
    databases: Databases, mock_clock: MockClock
) -> None:
    async with (
        open_hub(databases, session_recheck=5) as (world, dsn),
        trio.open_nursery() as nursery,
    ):
        ann = await world.person("ann")
        cookie = await remember(dsn, "abc", ann.id)
        stream = world.connect_lockstep()
        nursery.start_soon(stream.send_all, upgrade_request("/messagepal", Cookie=cookie))
        await let_pass(mock_clock, 5)  # the session was found, and the response waits to be taken
        head, _, rest = bytes(await stream.receive_some()).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101"), head
        socket = WebSocket(stream, rest)
        await socket.receive_type("connected")
        await execute(dsn, "DELETE FROM app.session")
        await let_pass(mock_clock, 5)
        assert (await socket.closed()).code == 4001


async def test_an_express_session_that_expires_closes_its_sockets(
    databases: Databases, mock_clock: MockClock
) -> None:
    async with open_hub(databases) as (world, dsn):
        ann = await world.person("ann")
        soon = (datetime.now(UTC) + timedelta(seconds=50)).isoformat().replace("+00:00", "Z")
        cookie = await remember(dsn, "abc", ann.id, cookie=soon)
        socket = await world.websocket("/ws/chat", Cookie=cookie)
        await socket.receive_type("connected")
        await let_pass(mock_clock, 50)
        assert (await socket.closed()).code == 4001


async def test_a_session_table_that_is_dropped_ends_no_session(databases: Databases) -> None:
    async with open_hub(databases, session_recheck=0.1) as (world, dsn):
        ann = await world.person("ann")
        cookie = await remember(dsn, "abc", ann.id)
        socket = await world.websocket("/messagepal", Cookie=cookie)
        await socket.receive_type("connected")
        await execute(dsn, "DROP TABLE app.session")
        gone = await world.call("GET", "/api/users/me", headers={"Cookie": cookie})
        assert gone.status == 503
        assert (await ann.ask("GET", "/api/users/me")).status == 200  # a session of our own
        await socket.send({"type": "subscribe", "conversationId": "conv_1_2"})
        await socket.receive_type("subscribed")
        await socket.close_in_silence()


async def goes_on(socket: WebSocket) -> None:
    await socket.send({"type": "subscribe", "conversationId": "conv_1_2"})
    await socket.receive_type("subscribed")


async def test_an_express_session_that_its_application_extends_goes_on(
    databases: Databases, mock_clock: MockClock
) -> None:
    """As connect-pg-simple's `touch` does at every request: until the new end."""
    async with open_hub(databases, session_recheck=3_600) as (world, dsn):
        ann = await world.person("ann")
        cookie = await remember(dsn, "abc", ann.id, lives=20)
        socket = await world.websocket("/messagepal", Cookie=cookie)
        await socket.receive_type("connected")
        await execute(dsn, "UPDATE app.session SET expire = expire + interval '30 seconds'")
        await let_pass(mock_clock, 20.5)
        await goes_on(socket)
        await let_pass(mock_clock, 30)
        assert (await socket.closed()).code == 4001


async def test_a_later_end_that_sql_sets_takes_effect(
    databases: Databases, mock_clock: MockClock
) -> None:
    async with open_hub(databases) as (world, dsn):
        ann = await world.sign_in((await world.person("ann")).user, timedelta(seconds=20))
        socket = await ann.open("/messagepal")
        await execute(dsn, "UPDATE sessions SET expires_at = expires_at + interval '30 seconds'")
        await let_pass(mock_clock, 20.5)
        await goes_on(socket)
        await let_pass(mock_clock, 30)
        assert (await socket.closed()).code == 4001


@pytest.mark.parametrize(  # the clock of the database goes on by itself
    ("end", "status"), [("now()", 401), ("now() + interval '20 seconds'", 200)]
)
async def test_an_earlier_end_that_sql_sets_takes_effect(
    databases: Databases, mock_clock: MockClock, end: str, status: int
) -> None:
    async with open_hub(databases) as (world, dsn):
        ann, ben = await world.people("ann", "ben")
        anns, bens = await ann.open(), await ben.open()
        await execute(dsn, f"UPDATE sessions SET expires_at = {end} WHERE id = {ann.session_id}")
        if "20" in end:
            await anns.is_silent()
            await let_pass(mock_clock, 20.5)
        assert (await anns.closed()).code == 4001
        assert (await ann.call("GET", "/api/auth/session")).status == status
        await bens.close_in_silence()


async def test_a_session_whose_end_comes_during_an_outage_stays_for_a_grace_period(
    memory_store: Store, mock_clock: MockClock
) -> None:
    """It may have been extended; but an outage does not keep its connections open for ever."""
    outage = Outage()
    async with open_world(outage.over(memory_store)) as world:
        ann = await world.sign_in((await world.person("ann")).user, timedelta(seconds=10))
        socket = await ann.open()
        outage.begin()
        mock_clock.jump(10)
        for _ in range(int(GRACE_SECONDS) - 1):
            mock_clock.jump(1)
            await until_quiet()
        await socket.is_silent()
        mock_clock.jump(2)
        assert (await socket.closed()).code == 4001
        assert datetime.now(UTC) < ann.session.expires_at  # but by the mock clock it is over


@pytest.mark.parametrize("how", ["a new password", "every session ends", "the row"])
async def test_a_session_that_ends_closes_connections_that_its_token_opened(
    databases: Databases, how: str, mock_clock: MockClock
) -> None:
    """A Socket.IO connection and a WebSocket, at once; those of another user stay open."""
    async with open_hub(databases) as (world, dsn):
        ann, ben = await world.people("ann", "ben")
        peers, sockets = [], []
        for each in (ann, ben):
            token = (await each.call("POST", "/api/auth/token")).json["token"]
            peers.append(await connect(world, {"token": token}))
            assert (await peers[-1].packet()).startswith('0{"sid":')
            bearer = f"Bearer {token}"
            sockets.append(await world.websocket("/messagepal", Authorization=bearer))
            await sockets[-1].receive_type("connected")
        match how:
            case "a new password":
                await world.store.accounts.set_password(ann.id, "none")
            case "every session ends":
                await world.store.sessions.close_all(ann.id)
            case _:
                await execute(dsn, f"DELETE FROM sessions WHERE id = {ann.session_id}")
        assert (await peers[0].event())[1]["code"] == "login_ended"
        assert await peers[0].packet() == "1"
        assert (await peers[0].socket.closed()).code == 4001
        assert (await sockets[0].closed()).code == 4001
        await peers[1].socket.is_silent()
        await sockets[1].close_in_silence()


# Found before the functions of Postgres when this schema is first in the search path.
OTHER_CLOCK = """
    CREATE SCHEMA skewed;
    CREATE FUNCTION skewed.clock_timestamp() RETURNS timestamptz LANGUAGE sql
    AS $$ SELECT pg_catalog.clock_timestamp() + interval '{skew}' $$;
    CREATE FUNCTION skewed.now() RETURNS timestamptz LANGUAGE sql
    AS $$ SELECT pg_catalog.now() + interval '{skew}' $$;
"""


@pytest.mark.parametrize("skew", ["3 days", "-3 days"])
async def test_the_clock_of_the_database_decides_when_a_session_ends(
    databases: Databases, skew: str, mock_clock: MockClock
) -> None:
    """However wrong the clock of the hub's machine is."""
    async with databases.migrated() as dsn:
        await run_script(dsn, OTHER_CLOCK.format(skew=skew))
        skewed = with_setting(dsn, "search_path", "skewed,pg_catalog,public")
        async with open_store(skewed) as store, open_world(store, session_days=7) as world:
            first = await world.person("ann")
            ann = await world.sign_in(first.user, timedelta(days=5))
            short = await world.sign_in(first.user, timedelta(seconds=50))
            assert timedelta(days=4) < time_left(ann.session.due) <= timedelta(days=5)
            long_one, short_one = await ann.open(), await short.open()
            for _ in range(2):
                reply = await ann.call("GET", "/api/auth/session")
                assert (reply.status, reply.set_cookies) == (200, [])  # it is not extended yet
            assert world.services.session_cache.hits
            await short_one.is_silent()
            await let_pass(mock_clock, 50)
            assert (await short_one.closed()).code == 4001
            await long_one.close_in_silence()
