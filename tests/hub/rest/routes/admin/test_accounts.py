"""Accounts that operators change while the hub runs, and accounts that are deactivated."""

import pytest
import trio
from trio.testing import MockClock

from persistence.interface import AuditEntry, Store, Way
from tests.support.accounts import ANN, cookie_of, log_in, register
from tests.support.clients.operators import TOKEN, Operators, operated
from tests.support.clients.socketio import connect, enter, token_of
from tests.support.clients.websocket import Refused
from tests.support.express import open_hub, remember
from tests.support.oidc.visitor import problem, provided_world, sign_in
from tests.support.posting import write
from tests.support.stores.databases import Databases, execute, while_nobody_listens
from tests.support.world import World

PASSWORD = "correct horse"
USER = {"user": "ann"}
GONE = {"user": "ben"}


def entry(action: str, **details: object) -> AuditEntry:
    return AuditEntry(Way.HTTP, "::/64", action, details)


async def test_accounts_are_made_listed_and_changed_while_the_hub_runs(store: Store) -> None:
    async with operated(store) as (world, operators):
        body = {"username": "ann", "password": PASSWORD, "name": "Ann", "email": ANN["email"]}
        made = await operators.call("POST", "/admin/users", body)
        assert (made.status, made.json["deactivated_at"]) == (201, None)
        assert (await log_in(world)).status == 200
        assert (await operators.seen("/admin/users"))["users"] == [made.json]
        page = await operators.seen("/admin/users?limit=1")
        assert page["next"] == made.json["id"]
        assert (await operators.seen(f"/admin/users?after={page['next']}"))["users"] == []
        role = {**USER, "role": "teacher"}
        for changed in (True, False):
            account = await operators.done("/admin/users/role", role)
            assert (account["role"], account["changed"]) == ("teacher", changed)
        await operators.done("/admin/users/password", {**USER, "password": "another horse"})
        assert (await log_in(world)).status == 401
        assert (await log_in(world, "another horse")).status == 200
        assert (await operators.done("/admin/sessions/revoke", USER))["ended"] == 1
        told = [(row.entry, row.user_id, row.username) for row in await operators.audit()]
        assert told == [
            (each, made.json["id"], "ann")
            for each in (
                entry("user add"),
                entry("user role", role="teacher", before="student"),
                entry("user passwd"),
                entry("session revoke"),
            )
        ]
        shown = (await operators.seen("/admin/audit?limit=2"))["actions"]
        assert [each["action"] for each in shown] == ["session revoke", "user passwd"]
        (first,) = (await operators.seen(f"/admin/audit?before={shown[1]['id'] - 1}"))["actions"]
        assert (first["action"], first["details"]) == ("user add", {})


async def test_an_action_that_fails_returns_a_code_and_is_not_in_the_audit(store: Store) -> None:
    async with operated(store) as (_, operators):
        made = {"username": "ann", "password": PASSWORD, "email": ANN["email"]}
        assert (await operators.call("POST", "/admin/users", made)).status == 201
        for path, body, status, code in (
            ("/admin/users", {**made, "email": None}, 409, "username_taken"),
            ("/admin/users", {**made, "username": "eve"}, 409, "email_taken"),
            ("/admin/users", {**made, "username": " "}, 400, "name_refused"),
            ("/admin/users", {**made, "email": "no"}, 400, "email_refused"),
            ("/admin/users", {**made, "password": "short"}, 400, "password_too_short"),
            ("/admin/users/role", {**USER, "role": "assistant"}, 400, "invalid_field"),
            ("/admin/users/role", {**GONE, "role": "teacher"}, 404, "user_not_found"),
            ("/admin/users/password", {**GONE, "password": PASSWORD}, 404, "user_not_found"),
            ("/admin/sessions/revoke", GONE, 404, "user_not_found"),
            ("/admin/deactivate", GONE, 404, "user_not_found"),
            ("/admin/deactivate", {"user": "AI Tutor"}, 404, "user_not_found"),
            ("/admin/reactivate", GONE, 404, "user_not_found"),
        ):
            assert await operators.refused(path, body) == (status, code), (path, body)
        assert len(await operators.audit()) == 1


async def test_a_deactivated_user_is_disconnected_and_cannot_sign_in(store: Store) -> None:
    async with operated(store) as (world, operators):
        await register(world)
        ben = await world.person("ben")
        ann = await world.store.accounts.find("ann")
        assert ann is not None
        cookie = cookie_of(await log_in(world))
        await write(world, ben.user, ann, "hi")
        sockets = [await world.websocket("/ws", Cookie=cookie)]
        await sockets[0].receive_type("system")
        bens = await ben.open()
        bens.ignoring("user_online_status", "messages_read")
        account = await operators.done("/admin/deactivate", USER)
        assert (account["deactivated_at"] is None, account["changed"]) == (False, True)
        again = await operators.done("/admin/deactivate", USER)
        assert again == {**account, "changed": False}
        assert (await sockets[0].closed()).code == 4001
        session = await world.call("GET", "/api/auth/session", headers={"Cookie": cookie})
        assert (session.status, session.json["code"]) == (401, "invalid_session")
        refused = await log_in(world)
        assert (refused.status, refused.json["code"]) == (403, "account_deactivated")
        assert "set-cookie" not in refused.headers
        platform = await world.call(
            "POST",
            "/learning_platform/api/auth/login",
            {"username": "ann", "password": PASSWORD},
        )
        assert (platform.status, platform.json["code"]) == (403, "account_deactivated")
        # without the password, a client cannot find out that it is deactivated
        wrong, nobody = await log_in(world, "wrong"), await log_in(world, email="x@example.org")
        assert (wrong.status, wrong.body) == (nobody.status, nobody.body)
        history = await ben.call("GET", f"/api/messages/{ann.id}")
        assert [each["content"] for each in history.json] == ["hi"]
        await bens.close_in_silence()
        for changed in (True, False):
            account = await operators.done("/admin/reactivate", USER)
            assert (account["deactivated_at"], account["changed"]) == (None, changed)
        again = await world.websocket(Cookie=cookie_of(await log_in(world)))
        await again.receive_type("system")
        await again.close_in_silence()
        with pytest.raises(Refused):
            await world.websocket(Cookie=cookie)  # the cookie of a session that ended
        actions = [row.entry.action for row in await operators.audit()]
        assert actions == ["deactivate", "reactivate"]


async def test_a_deactivated_user_cannot_sign_in_with_a_link_of_the_demo(
    memory_store: Store,
) -> None:
    async with operated(memory_store) as (world, operators):
        await register(world)
        ann = await world.store.accounts.find("ann")
        assert ann is not None
        ticket = world.services.entries.issue(ann.id, "entry", trio.current_time())
        await operators.done("/admin/deactivate", USER)
        refused = await log_in(world, ticket)
        assert (refused.status, refused.json["code"]) == (403, "account_deactivated")


async def test_a_deactivated_user_cannot_sign_in_with_a_provider(store: Store) -> None:
    async with provided_world(store, admin_token=TOKEN) as (world, _):
        assert problem(await sign_in(world)) is None
        await Operators(world).done("/admin/deactivate", USER)
        assert problem(await sign_in(world)) == "account_deactivated"
        await Operators(world).done("/admin/reactivate", USER)
        assert problem(await sign_in(world)) is None


async def test_a_token_of_another_issuer_is_refused_for_a_deactivated_user(
    memory_store: Store,
) -> None:
    async with operated(memory_store) as (world, operators):
        ann = await world.person("ann")
        token, peer = token_of(ann), await enter(ann)
        bearer = {"Authorization": f"Bearer {token}"}
        path = "/private_messages/api/users/me/limits"
        assert (await world.call("GET", path, headers=bearer)).status == 200
        await operators.done("/admin/deactivate", USER)
        assert (await peer.event())[1]["code"] == "login_ended"
        await peer.packet()
        assert (await peer.socket.closed()).code == 4001
        assert (await world.call("GET", path, headers=bearer)).status == 401
        refused = await connect(world, {"token": token})
        assert await refused.packet() == '4{"message":"Unauthorized"}'
        with pytest.raises(Refused):
            await world.websocket("/ws", Authorization=f"Bearer {token}")
        await operators.done("/admin/reactivate", USER)
        assert (await world.call("GET", path, headers=bearer)).status == 200


async def test_an_express_session_of_a_deactivated_user_is_refused(databases: Databases) -> None:
    async with open_hub(databases, admin_token=TOKEN) as (world, dsn):
        ann = await world.person("ann")
        cookie = await remember(dsn, "abc", ann.id)
        socket = await world.websocket("/messagepal", Cookie=cookie)
        await socket.receive_type("connected")
        await Operators(world).done("/admin/deactivate", USER)
        assert (await socket.closed()).code == 4001
        await is_nobody(world, cookie)


async def is_nobody(world: World, cookie: str) -> None:
    """The hub treats this Express session as if its user had no account."""
    me = await world.call("GET", "/api/users/me", headers={"Cookie": cookie})
    assert me.status == 401
    refused = await world.websocket("/ws/chat", Cookie=cookie)
    frames, end = await refused.until_closed()
    assert frames == [{"type": "error", "message": "User not found."}]
    assert (end.code, end.reason) == (4001, "User not found")


async def test_a_user_that_sql_deactivates_is_disconnected_at_once(
    databases: Databases, mock_clock: MockClock
) -> None:
    """On a clock that stands still nothing waits for a timer."""
    async with open_hub(databases) as (world, dsn):
        ann, ben = await world.people("ann", "ben")
        cookie = await remember(dsn, "abc", ann.id)
        foreign = await world.websocket("/messagepal", Cookie=cookie)
        await foreign.receive_type("connected")
        own, bens = await ann.open(), await ben.open()
        await execute(dsn, f"UPDATE users SET deactivated_at = now() WHERE id = {ann.id}")
        for socket in (foreign, own):
            assert (await socket.closed()).code == 4001
        await is_nobody(world, cookie)
        assert (await ann.call("GET", "/api/users/me/limits")).status == 401
        await execute(dsn, f"UPDATE users SET deactivated_at = NULL WHERE id = {ann.id}")
        again = await world.websocket("/messagepal", Cookie=cookie)
        await again.receive_type("connected")
        for socket in (again, bens):
            await socket.close_in_silence()


async def test_a_deactivation_while_the_hub_does_not_listen_is_noticed(
    databases: Databases,
) -> None:
    async with open_hub(databases, session_recheck=3_600) as (world, dsn):
        ann = await world.person("ann")
        cookie = await remember(dsn, "abc", ann.id)
        socket = await world.websocket("/messagepal", Cookie=cookie)
        await socket.receive_type("connected")
        deactivate = f"UPDATE users SET deactivated_at = now() WHERE id = {ann.id}"
        await while_nobody_listens(dsn, deactivate)
        assert (await socket.closed()).code == 4001
