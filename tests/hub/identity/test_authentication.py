"""Sessions that end, here or elsewhere, and those of an Express application."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from trio.testing import MockClock

from persistence.interface import Store
from persistence.postgres.express import open_express_sessions, parse_session
from persistence.records import StoreUnavailable
from protocol.model import UserId
from protocol.parsing.express_session import sign
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.clients.http import Reply
from tests.support.clients.socketio import connect
from tests.support.clients.websocket import Refused
from tests.support.express import SECRET, open_hub, remember
from tests.support.posting import private_message
from tests.support.quiet import let_pass
from tests.support.stores.databases import Databases, execute
from tests.support.world import World, open_world


async def test_an_express_session_opens_sockets_and_rest(databases: Databases) -> None:
    async with open_hub(databases) as (world, dsn):
        ann = await world.person("ann")
        cookie = await remember(dsn, "abc", ann.id)
        me = await world.call("GET", "/api/users/me", headers={"Cookie": cookie})
        assert (me.status, me.json["username"]) == (200, "ann")
        socket = await world.websocket("/ws/chat", Cookie=cookie)
        assert await socket.receive() == {
            "type": "connected", "userId": ann.id, "username": "ann", "displayName": "Ann",
            "role": "student", "epoch": world.services.log_watch.epoch,
        }  # fmt: skip
        await socket.close_in_silence()
        assert await execute(dsn, "SELECT count(*) FROM app.session") == 1


async def test_invalid_express_sessions_are_refused(databases: Databases) -> None:
    async with open_hub(databases) as (world, dsn):
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


NOW = datetime.now(UTC)
NEXT_YEAR = NOW.replace(tzinfo=None) + timedelta(days=365)


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
async def test_a_malformed_row_is_no_session(text: str) -> None:
    assert parse_session(text, NEXT_YEAR, NOW) is None


async def test_an_express_session_ends_at_the_earlier_of_its_two_ends() -> None:
    cookie = NEXT_YEAR - timedelta(days=1)
    text = json.dumps({"cookie": {"expires": f"{cookie.isoformat()}Z"}, "userId": 7})
    found = parse_session(text, NEXT_YEAR, NOW)
    assert found is not None
    assert (found.user_id, found.expires_at) == (UserId(7), cookie.replace(tzinfo=UTC))
    found = parse_session('{"cookie":{"expires":null},"userId":7}', NEXT_YEAR, NOW)
    assert found is not None
    assert found.expires_at == NEXT_YEAR.replace(tzinfo=UTC)


async def test_a_missing_session_table_is_an_error_at_the_start(databases: Databases) -> None:
    async with databases.migrated() as dsn:
        with pytest.raises(StoreUnavailable, match="session"):
            async with open_express_sessions(dsn, "app.session"):
                pass


async def test_logging_out_closes_the_sessions_sockets_with_4001(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    other = await world.sign_in(ann.user)
    gone, stays = await ann.open(), await other.open()
    assert (await ann.call("POST", "/api/auth/logout", {})).status == 200
    assert (await gone.closed()).code == 4001
    assert (await stays.ask(private_message(ben)))["type"] == "private_message"
    with pytest.raises(Refused):
        await ann.open()


async def test_connections_that_a_token_opened_end_with_the_session_of_the_token(
    world: World,
) -> None:
    """Its connections in every dialect, its calls, and the tokens that were renewed from it."""
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
    assert (await peer.event())[1]["code"] == "login_ended"
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


async def test_a_token_with_the_session_of_another_user_is_refused(world: World) -> None:
    """Even another service that has the key cannot mix up two users."""
    ann, ben = await world.people("ann", "ben")
    token = await token_from(ann.cookie, world)
    session_id = world.services.tokens.verify(token).session_id
    mixed = world.services.tokens.issue(
        to_uuid(IdKind.USER, ben.id), timedelta(hours=1), session_id
    )
    assert (await with_token(world, token)).status == 200
    assert (await with_token(world, mixed)).status == 401


async def test_a_connection_lasts_as_long_as_the_session_of_its_token(
    memory_store: Store, mock_clock: MockClock
) -> None:
    """A token can be renewed, so a stock client that does not renew it keeps its connection."""
    async with open_world(memory_store, token_lifetime=10.0) as world:
        ann = await world.sign_in((await world.person("ann")).user, timedelta(seconds=20))
        subject, lifetime = to_uuid(IdKind.USER, ann.id), timedelta(seconds=10)
        token = world.services.tokens.issue(subject, lifetime, ann.session_id)
        socket = await world.websocket("/ws", Authorization=f"Bearer {token}")
        await socket.receive_type("system")
        peer = await connect(world, {"token": token})
        assert (await peer.packet()).startswith("0")
        mock_clock.jump(10.5)
        for each in (socket, peer.socket):
            await each.is_silent()
        mock_clock.jump(10)
        assert (await socket.closed()).code == 4001
        assert (await peer.event())[1]["code"] == "login_ended"
        assert await peer.packet() == "1"
        assert (await peer.socket.closed()).code == 4001


async def test_a_connection_whose_token_is_renewed_belongs_to_the_new_tokens_session(
    world: World,
) -> None:
    """It ends with that session, and no longer with the one that opened it."""
    ann = await world.person("ann")
    other = await world.sign_in(ann.user)
    peer = await connect(world, {"token": await token_from(ann.cookie, world)})
    assert (await peer.packet()).startswith("0")
    renewed = {"token": await token_from(other.cookie, world)}
    assert await peer.ask("auth:refresh", renewed) == {"success": True}
    assert (await ann.call("POST", "/api/auth/logout", {})).status == 200
    await peer.socket.is_silent()
    assert (await other.call("POST", "/api/auth/logout", {})).status == 200
    assert (await peer.event())[1]["code"] == "login_ended"
    assert await peer.packet() == "1"
    assert (await peer.socket.closed()).code == 4001


async def test_a_token_ends_with_the_express_session_that_it_was_issued_to(
    databases: Databases, mock_clock: MockClock
) -> None:
    async with open_hub(databases, session_recheck=5) as (world, dsn):
        ann = await world.person("ann")
        cookie = await remember(dsn, "abc", ann.id)
        token = await token_from(cookie, world)
        assert (await with_token(world, token)).status == 200
        socket = await world.websocket("/ws", Authorization=f"Bearer {token}")
        await socket.receive_type("system")
        await execute(dsn, "DELETE FROM app.session")
        assert (await with_token(world, token)).status == 401
        await let_pass(mock_clock, 5)
        assert (await socket.closed()).code == 4001


async def token_from(cookie: str | None, world: World, token: str = "") -> str:
    """A new token for the user of this cookie, or of this token."""
    headers = {"Authorization": f"Bearer {token}"} if cookie is None else {"Cookie": cookie}
    reply = await world.call("POST", "/api/auth/token", headers=headers)
    assert reply.status == 200, reply.text
    return str(reply.json["token"])


async def with_token(world: World, token: str) -> Reply:
    return await world.call("GET", "/api/users/me", headers={"Authorization": f"Bearer {token}"})
