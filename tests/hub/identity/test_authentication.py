"""Sessions that end, here or elsewhere, and those of an Express application."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from persistence.postgres.express import open_express_sessions, parse_session
from persistence.records import StoreUnavailable
from protocol.express_session import sign
from protocol.model import UserId
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.clients.http import Reply
from tests.support.clients.socketio import connect
from tests.support.clients.websocket import Refused, WebSocket, upgrade_request
from tests.support.posting import private_message
from tests.support.quiet import Counted, until_quiet
from tests.support.stores.databases import Databases, execute, open_store
from tests.support.world import World, open_world

SECRET = "the secret of the application"
TABLE = (
    "CREATE SCHEMA app",
    (
        "CREATE TABLE app.session ("
        " sid varchar PRIMARY KEY, sess json NOT NULL, expire timestamp(6) NOT NULL)"
    ),
    "CREATE INDEX ON app.session (expire)",
)


@asynccontextmanager
async def hub(databases: Databases, **settings: Any) -> AsyncIterator[tuple[World, str]]:
    """A hub on Postgres beside an Express application, and the database's address."""
    async with databases.migrated() as dsn:
        for statement in TABLE:
            await execute(dsn, statement)
        async with open_store(dsn) as store, open_express_sessions(dsn, "app.session") as sessions:
            foreign: Any = Counted(sessions)
            secrets = (SECRET,)
            async with open_world(
                store, foreign_sessions=foreign, session_secrets=secrets, **settings
            ) as world:
                yield world, dsn


async def remember(
    dsn: str, sid: str, user_id: int, *, lives: float = 60.0, cookie: object = None
) -> str:
    """A session as express-session writes it; returns the Cookie header."""
    expires = {"originalMaxAge": None, "expires": cookie, "httpOnly": True, "path": "/"}
    session = json.dumps({"cookie": expires, "userId": user_id, "role": "student"})
    await execute(
        dsn,
        "INSERT INTO app.session VALUES"
        f" ('{sid}', '{session}', (to_timestamp(extract(epoch FROM now()) + {lives}))"
        " AT TIME ZONE 'UTC')",
    )
    return f"connect.sid={sign(sid, SECRET)}"


@pytest.mark.parametrize("how", ["the row", "the user"])
async def test_a_session_that_sql_ends_closes_its_sockets(
    databases: Databases, how: str, mock_clock: MockClock
) -> None:
    """At once: on a clock that stands still nothing waits for a timer."""
    async with hub(databases) as (world, dsn):
        ann, ben = await world.person("ann"), await world.person("ben")
        anns, bens = await ann.open(), await ben.open()
        condition = {"the row": f"id = {ann.session_id}", "the user": f"user_id = {ann.id}"}[how]
        await execute(dsn, f"DELETE FROM sessions WHERE {condition}")
        assert (await anns.closed()).code == 4001
        await bens.close_in_silence()


async def test_a_session_that_ended_while_nobody_listened_is_noticed(databases: Databases) -> None:
    async with hub(databases) as (world, dsn):
        ann, ben = await world.person("ann"), await world.person("ben")
        anns, bens = await ann.open(), await ben.open()
        cut = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query ILIKE 'listen%' AND datname = current_database()"
        )
        await execute(
            dsn, f"DO $$ BEGIN PERFORM * FROM ({cut}) AS cut;"
            f" DELETE FROM sessions WHERE id = {ann.session_id}; END $$",
        )  # fmt: skip
        assert (await anns.closed()).code == 4001
        await bens.close_in_silence()


async def test_an_express_session_opens_sockets_and_rest(databases: Databases) -> None:
    async with hub(databases) as (world, dsn):
        ann = await world.person("ann")
        cookie = await remember(dsn, "abc", ann.id)
        me = await world.call("GET", "/api/users/me", headers={"Cookie": cookie})
        assert (me.status, me.json["username"]) == (200, "ann")
        socket = await world.websocket("/ws/chat", Cookie=cookie)
        assert await socket.receive() == {
            "type": "connected", "userId": ann.id, "username": "ann", "displayName": "Ann",
            "role": "student",
        }  # fmt: skip
        await socket.close_in_silence()
        assert await execute(dsn, "SELECT count(*) FROM app.session") == 1


async def test_an_express_session_that_is_gone_closes_its_sockets(databases: Databases) -> None:
    async with hub(databases, session_recheck=0.1) as (world, dsn):
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
    async with hub(databases, session_recheck=5) as (world, dsn), trio.open_nursery() as nursery:
        ann = await world.person("ann")
        cookie = await remember(dsn, "abc", ann.id)
        stream = world.connect_lockstep()
        nursery.start_soon(stream.send_all, upgrade_request("/messagepal", Cookie=cookie))
        await until_quiet()  # the session was found, and the response waits to be taken
        mock_clock.jump(5)
        await until_quiet()
        head, _, rest = bytes(await stream.receive_some()).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101"), head
        socket = WebSocket(stream, rest)
        await socket.receive_type("connected")
        await execute(dsn, "DELETE FROM app.session")
        mock_clock.jump(5)
        assert (await socket.closed()).code == 4001


async def test_an_express_session_that_expires_closes_its_sockets(
    databases: Databases, mock_clock: MockClock
) -> None:
    async with hub(databases) as (world, dsn):
        ann = await world.person("ann")
        soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
        cookie = await remember(dsn, "abc", ann.id, cookie=soon)
        socket = await world.websocket("/ws/chat", Cookie=cookie)
        await socket.receive_type("connected")
        mock_clock.jump(3_600)
        assert (await socket.closed()).code == 4001


async def test_express_sessions_that_are_none(databases: Databases) -> None:
    async with hub(databases) as (world, dsn):
        ann = await world.person("ann")
        over = await remember(dsn, "over", ann.id, lives=-5.0)
        forged = (await remember(dsn, "abc", ann.id)).replace("abc", "abd")
        for cookie in (over, forged, f"connect.sid={sign('unknown', SECRET)}"):
            socket = await world.websocket("/ws/chat", Cookie=cookie)
            frames, end = await socket.until_closed()
            assert frames == [{"type": "error", "message": "Unauthorized. Please log in."}]
            assert (end.code, end.reason) == (4001, "Unauthorized")
        nobody = await remember(dsn, "nobody", 987_654)
        socket = await world.websocket("/ws/chat", Cookie=nobody)
        frames, end = await socket.until_closed()
        assert frames == [{"type": "error", "message": "User not found."}]
        assert (end.code, end.reason) == (4001, "User not found")


NEXT_YEAR = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=365)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"cookie":{},"userId":"7"}',
        '{"cookie":{},"userId":true}',
        '{"cookie":{},"userId":0}',
        '{"cookie":null,"userId":7}',
        '{"userId":7}',
        '{"cookie":{"expires":"nonsense"},"userId":7}',
        '{"cookie":{"expires":"2000-01-01T00:00:00.000Z"},"userId":7}',
        '{"cookie":{"expires":7},"userId":7}',
    ],
)
def test_a_row_that_cannot_be_understood_is_no_session(text: str) -> None:
    assert parse_session(text, NEXT_YEAR) is None


def test_the_earlier_end_counts() -> None:
    cookie = NEXT_YEAR - timedelta(days=1)
    text = json.dumps({"cookie": {"expires": f"{cookie.isoformat()}Z"}, "userId": 7})
    found = parse_session(text, NEXT_YEAR)
    assert found is not None
    assert (found.user_id, found.expires_at) == (UserId(7), cookie.replace(tzinfo=UTC))
    found = parse_session('{"cookie":{"expires":null},"userId":7}', NEXT_YEAR)
    assert found is not None
    assert found.expires_at == NEXT_YEAR.replace(tzinfo=UTC)


async def test_a_table_that_is_missing_is_told_at_the_start(databases: Databases) -> None:
    async with databases.migrated() as dsn:
        with pytest.raises(StoreUnavailable, match="session"):
            async with open_express_sessions(dsn, "app.session"):
                pass


async def test_a_table_that_goes_away_ends_nothing(databases: Databases) -> None:
    async with hub(databases, session_recheck=0.1) as (world, dsn):
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


async def test_logging_out_closes_the_sessions_sockets_with_4001(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    other = await world.sign_in(ann.user)
    gone, stays = await ann.open(), await other.open()
    assert (await ann.call("POST", "/api/auth/logout", {})).status == 200
    assert (await gone.closed()).code == 4001
    assert (await stays.ask(private_message(ben)))["type"] == "private_message"
    with pytest.raises(Refused):
        await ann.open()


async def test_what_a_token_opened_ends_with_the_session_that_it_was_issued_to(
    world: World,
) -> None:
    """Its sockets in every dialect, its calls, and tokens that were made of it."""
    ann = await world.person("ann")
    other = await world.sign_in(ann.user)
    token, others = [await token_from(each.cookie, world) for each in (ann, other)]
    made_of_it = await token_from(None, world, token)
    paths = ("/ws", "/ws/chat", "/messagepal", "/gateway")
    gone = [await world.websocket(path, Authorization=f"Bearer {token}") for path in paths]
    peer = await connect(world, {"token": token})
    stays = await connect(world, {"token": others})
    for each in (peer, stays):
        assert (await each.packet()).startswith('0{"sid":')
    assert (await ann.call("POST", "/api/auth/logout", {})).status == 200
    for socket in gone:
        assert (await socket.until_closed())[1].code == 4001
    assert await peer.packet() == "1"
    assert (await peer.socket.closed()).code == 4001
    for ended in (token, made_of_it):
        assert (await with_token(world, ended)).status == 401
        with pytest.raises(Refused):
            await world.websocket("/ws", Authorization=f"Bearer {ended}")
        name = (await connect(world, {"token": ended})).packet
        assert (await name()).startswith("4{")
    assert (await with_token(world, others)).status == 200
    await stays.socket.is_silent()


async def test_a_token_of_somebody_elses_session_is_none(world: World) -> None:
    """Who knows the key of an operator's other service still cannot mix up two people."""
    ann, ben = await world.people("ann", "ben")
    token = await token_from(ann.cookie, world)
    session_id = world.services.tokens.verify(token).session_id
    mixed = world.services.tokens.issue(
        to_uuid(IdKind.USER, ben.id), timedelta(hours=1), session_id
    )
    assert (await with_token(world, token)).status == 200
    assert (await with_token(world, mixed)).status == 401


async def token_from(cookie: str | None, world: World, token: str = "") -> str:
    """A token for who has this cookie, or this token."""
    headers = {"Authorization": f"Bearer {token}"} if cookie is None else {"Cookie": cookie}
    reply = await world.call("POST", "/api/auth/token", headers=headers)
    assert reply.status == 200, reply.text
    return str(reply.json["token"])


async def with_token(world: World, token: str) -> Reply:
    return await world.call("GET", "/api/users/me", headers={"Authorization": f"Bearer {token}"})
