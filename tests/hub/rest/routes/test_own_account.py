"""A user's own account over REST, on every store: password, email address, deletion."""

from pathlib import Path
from typing import Any, Final

import pytest

from persistence.interface import Store
from persistence.records import NewUser
from protocol.model import Role
from tests.support.accounts import ANN, cookie_of, hook_program, log_in, register, sent_by
from tests.support.clients.http import Reply
from tests.support.posting import private_message
from tests.support.world import CHEAP, Person, World, open_world

NEW_PASSWORD: Final = "battery staple"
PASSWORD: Final = ANN["password"]
ME: Final = "/private_messages/api/users/me"


async def test_a_new_password_ends_every_session_but_this_one(world: World) -> None:
    await register(world)
    mine, other = [{"Cookie": cookie_of(await log_in(world))} for _ in range(2)]
    socket = await world.websocket(Cookie=other["Cookie"])
    socket_of_mine = await world.websocket(Cookie=mine["Cookie"])
    await socket.receive_type("system")
    await socket_of_mine.receive_type("system")
    reply = await change_password(world, mine, ANN["password"])
    assert (reply.status, reply.json) == (200, {"status": "success"})
    assert (await socket.closed()).code == 4001
    await socket_of_mine.is_silent()
    assert (await world.call("GET", "/api/auth/session", headers=mine)).status == 200
    assert (await world.call("GET", "/api/auth/session", headers=other)).status == 401
    assert (await log_in(world)).status == 401
    assert (await log_in(world, NEW_PASSWORD)).status == 200


async def change_password(
    world: World, cookie: dict[str, str], current: str, new: str = NEW_PASSWORD, method: str = "PUT"
) -> Reply:
    body = {"current_password": current, "new_password": new}
    return await world.call(method, "/api/users/change-password", body, cookie)


@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_a_new_password_needs_the_current_one_and_must_be_acceptable(
    world: World, method: str
) -> None:
    await register(world)
    cookie = {"Cookie": cookie_of(await log_in(world))}
    wrong = await change_password(world, cookie, "wrong password", method=method)
    assert (wrong.status, wrong.json["code"]) == (403, "invalid_credentials")
    weak = await change_password(world, cookie, ANN["password"], "short", method=method)
    assert (weak.status, weak.json["code"]) == (400, "password_too_short")
    nothing = await world.call(method, "/api/users/change-password", {}, cookie)
    assert (nothing.status, nothing.json["code"]) == (400, "invalid_field")
    assert (await log_in(world)).status == 200


async def test_guesses_of_the_current_password_are_limited(memory_store: Store) -> None:
    async with open_world(memory_store, login_attempts=3) as world:
        await register(world)
        cookie = {"Cookie": cookie_of(await log_in(world))}
        for _ in range(3):
            assert (await change_password(world, cookie, "wrong password")).status == 403
        limited = await change_password(world, cookie, ANN["password"])
        assert (limited.status, limited.json["code"]) == (429, "too_many_attempts")
        assert (await log_in(world, email="ann")).status == 429  # counted together
    async with open_world(memory_store, login_attempts_per_address=3) as world:
        cookie = {"Cookie": cookie_of(await log_in(world))}
        for _ in range(3):
            assert (await change_password(world, cookie, "wrong password")).status == 403
        assert (await change_password(world, cookie, ANN["password"])).status == 429


async def test_the_password_of_another_account_is_refused(world: World) -> None:
    """Even if this account's username is the email of the other one."""
    await register(world)
    lookalike = await world.person(ANN["email"])
    cookie = {"Cookie": lookalike.cookie}
    assert (await change_password(world, cookie, ANN["password"])).status == 403


async def person(world: World, name: str) -> Person:
    """A user with a password."""
    user = await world.store.accounts.create(
        NewUser(name.title(), await CHEAP.hash(PASSWORD), name, f"{name}@example.org")
    )
    return await world.sign_in(user)


async def test_a_password_is_changed_on_the_learning_platform_too(world: World) -> None:
    ann = await person(world, "ann")
    body = {"currentPassword": PASSWORD, "newPassword": NEW_PASSWORD}
    path = "/learning_platform/api/users/change-password"
    assert (await ann.ask("PUT", path, body | {"currentPassword": "x"})).status == 403
    assert (await ann.ask("PUT", path, body)).status == 200
    assert (await ann.ask("GET", "/api/users/me")).status == 200
    assert (await ann.call("GET", "/api/auth/session")).status == 401
    assert (await log_in(world, NEW_PASSWORD)).status == 200


async def test_a_user_logs_in_with_their_new_email(world: World) -> None:
    ann, _ = await person(world, "ann"), await person(world, "ben")
    body: dict[str, Any] = {"current_password": PASSWORD, "email": "lee@example.org"}
    for change, status, code in (
        ({"current_password": "wrong"}, 403, "invalid_credentials"),
        ({"email": "BEN@example.org"}, 409, "email_taken"),
        ({"email": "nobody"}, 400, "invalid_field"),
        ({"email": "a b@example.org"}, 400, "invalid_field"),
    ):
        reply = await ann.call("PUT", f"{ME}/email", body | change)
        assert (reply.status, reply.json["code"]) == (status, code)
    assert (await ann.call("PUT", f"{ME}/email", body)).status == 200
    me = await ann.call("GET", "/api/auth/session")
    assert me.json["email"] == "lee@example.org"
    assert (await log_in(world, email="lee@example.org")).status == 200
    assert (await log_in(world)).status == 401
    same = body | {"email": "LEE@example.org"}
    assert (await ann.call("PUT", f"{ME}/email", same)).status == 200


async def test_an_email_does_not_take_over_an_account_with_that_username(world: World) -> None:
    """The account is older than the rule that a username is no address."""
    password_hash = await CHEAP.hash(NEW_PASSWORD)
    old = await world.store.accounts.create(NewUser("Old", password_hash, ANN["email"]))
    await register(world)
    reply = await log_in(world, NEW_PASSWORD)
    assert (reply.status, reply.json["id"]) == (200, old.id)
    assert (await log_in(world)).status == 401
    assert (await log_in(world, email="ann")).status == 200


async def test_a_deleted_account_is_gone_with_its_connections(world: World) -> None:
    ann, ben = await person(world, "ann"), await world.person("ben")
    sockets = [await ann.open("/ws"), await ann.open("/ws/chat"), await ann.open("/gateway")]
    bens = (await ben.open()).ignoring("user_online_status")
    await sockets[0].send(private_message(ben, "hi"))
    for socket in (sockets[0], bens):
        await socket.receive_type("private_message")
    wrong = await ann.call("DELETE", ME, {"current_password": "wrong"})
    assert (wrong.status, wrong.json["code"]) == (403, "invalid_credentials")
    reply = await ann.call("DELETE", ME, {"current_password": PASSWORD})
    assert reply.status == 200
    assert [value.partition("=")[0] for value in reply.set_cookies] == ["session_token"]
    for socket in sockets:
        assert (await socket.until_closed())[1].code == 4001
    assert (await bens.receive_type("revoked"))["user_id"] == ann.id
    assert (await ann.call("GET", "/api/auth/session")).status == 401
    assert (await ann.ask("GET", "/api/users/me")).status == 401
    assert (await log_in(world)).status == 401
    assert (await ben.call("GET", f"/api/users/{ann.id}")).status == 404
    assert (await ben.call("GET", "/api/messages/conversations")).json == []
    assert (await ben.call("GET", "/api/messages/unread-count")).json == {"count": 0}
    assert (await register(world)).status == 201


async def test_messages_may_be_kept_when_their_author_deletes_the_account(world: World) -> None:
    ann, ben = await person(world, "ann"), await world.person("ben")
    socket = await ben.open("/ws")
    await socket.send(private_message(ann, "hi"))
    await socket.receive_type("private_message")
    wrong = await ann.call("DELETE", ME, {"current_password": PASSWORD, "messages": "some"})
    assert (wrong.status, wrong.json["code"]) == (400, "invalid_field")
    body = {"current_password": PASSWORD, "messages": "keep"}
    assert (await ann.call("DELETE", ME, body)).status == 200
    await socket.close_in_silence()  # the conversation is still there
    (left,) = (await ben.call("GET", "/api/messages/conversations")).json
    assert left["user"]["name"] == "Deleted user"
    assert (await log_in(world)).status == 401
    assert (await register(world)).status == 201


async def test_an_account_that_owns_a_workspace_with_other_members_is_not_deleted(
    world: World,
) -> None:
    tea, ben = await person(world, "tea"), await world.person("ben", role=Role.STUDENT)
    made = await tea.ask("POST", "/api/workspaces", {"name": "School"})
    workspace = f"/api/workspaces/{made.json['id']}"
    await world.store.workspaces.add_member(made.json["id"], ben.id, by=tea.id)
    path, body = "/learning_platform/api/users/me", {"currentPassword": PASSWORD}
    refused = await tea.ask("DELETE", path, body)
    assert (refused.status, refused.json["code"]) == (409, "owns_workspace")
    assert (await ben.ask("GET", workspace)).status == 200
    await world.store.workspaces.remove_member(made.json["id"], ben.id, by=tea.id)
    assert (await tea.ask("DELETE", path, body)).status == 200
    assert await world.store.workspaces.get(made.json["id"]) is None
    assert await world.store.accounts.get(tea.id) is None


ADDRESS: Final = "lee@example.org"
PUBLIC: Final = "http://127.0.0.1/"


async def ask_for(world: World, cookie: dict[str, str], email: str = ADDRESS) -> Reply:
    body = {"current_password": PASSWORD, "email": email}
    return await world.call("PUT", "/api/users/me/email", body, cookie)


async def confirm(world: World, cookie: dict[str, str], ticket: str) -> Reply:
    return await world.call("POST", "/api/users/me/email/confirm", {"ticket": ticket}, cookie)


def tickets(program: Path) -> list[str]:
    return [each["link"].partition("#email=")[2] for each in sent_by(program)]


async def test_an_email_address_is_used_once_it_is_confirmed(store: Store, tmp_path: Path) -> None:
    program = hook_program(tmp_path)
    async with open_world(store, email_hook=program, public_url=PUBLIC) as world:
        await register(world)
        ann = {"Cookie": cookie_of(await log_in(world))}
        asked = await ask_for(world, ann)
        assert (asked.status, asked.json) == (202, {"status": "pending"})
        (sent,) = sent_by(program)
        assert (sent["email"], sent["username"], sent["seconds"]) == (ADDRESS, "ann", 3_600)
        assert sent["link"].startswith(PUBLIC)
        assert (await log_in(world, email=ADDRESS)).status == 401
        (ticket,) = tickets(program)
        assert ticket not in asked.text
        assert (await confirm(world, ann, ticket)).json == {"status": "success"}
        assert (await log_in(world, email=ADDRESS)).status == 200
        assert (await log_in(world)).status == 401  # with the old address
        again = await confirm(world, ann, ticket)
        assert (again.status, again.json["code"]) == (404, "link_ended")


async def test_only_the_newest_link_is_valid_and_only_for_the_user_who_requested_it(
    memory_store: Store, tmp_path: Path
) -> None:
    program = hook_program(tmp_path)
    async with open_world(memory_store, email_hook=program, public_url=PUBLIC) as world:
        await register(world)
        ann = {"Cookie": cookie_of(await log_in(world))}
        eve = await world.person("eve")
        for email in ("one@example.org", ADDRESS):
            assert (await ask_for(world, ann, email)).status == 202
        first, second = tickets(program)
        for cookie, ticket in (({"Cookie": eve.cookie}, second), (ann, first), (ann, "")):
            refused = await confirm(world, cookie, ticket)
            assert (refused.status, refused.json["code"]) == (404, "link_ended")
        assert (await confirm(world, ann, second)).status == 200


async def test_an_email_link_may_be_followed_at_another_node(
    memory_store: Store, tmp_path: Path
) -> None:
    program = hook_program(tmp_path)
    given: dict[str, Any] = {"email_hook": program, "public_url": PUBLIC}
    async with (
        open_world(memory_store, **given) as one,
        open_world(memory_store, **given) as other,
    ):
        await register(one)
        ann = {"Cookie": cookie_of(await log_in(one))}
        for world in (one, other):
            assert (await ask_for(world, ann)).status == 202
        first, second = tickets(program)
        assert (await confirm(one, ann, first)).status == 404
        assert (await confirm(one, ann, second)).status == 200
        assert (await confirm(other, ann, second)).status == 404


async def test_an_address_that_another_account_has_taken_meanwhile_is_refused(
    memory_store: Store, tmp_path: Path
) -> None:
    program = hook_program(tmp_path)
    async with open_world(memory_store, email_hook=program, public_url=PUBLIC) as world:
        await register(world)
        ann = {"Cookie": cookie_of(await log_in(world))}
        assert (await ask_for(world, ann)).status == 202
        await register(world, email=ADDRESS)
        taken = await confirm(world, ann, *tickets(program))
        assert (taken.status, taken.json["code"]) == (409, "email_taken")
        assert (await log_in(world)).status == 200


async def test_an_email_link_that_cannot_be_sent_changes_nothing(
    memory_store: Store, tmp_path: Path
) -> None:
    program = hook_program(tmp_path, "exit 3")
    async with open_world(memory_store, email_hook=program, public_url=PUBLIC) as world:
        await register(world)
        ann = {"Cookie": cookie_of(await log_in(world))}
        failed = await ask_for(world, ann)
        assert (failed.status, failed.json["code"]) == (503, "not_sent")
        assert (await log_in(world)).status == 200
        assert (await log_in(world, email=ADDRESS)).status == 401
