"""The learning platform's accounts and its session cookie, on every store."""

from http.cookies import SimpleCookie
from typing import Any

import pytest

from persistence.interface import Store
from protocol.parsing.express_session import unsign
from tests.support.clients.http import Reply
from tests.support.world import World, open_world

ANN: dict[str, Any] = {
    "username": "ann",
    "password": "correct horse",
    "name": "Ann Lee",
    "email": "ann@example.org",
    "class": "10A",
    "subject": "Physics",
}


async def register(world: World, **changes: object) -> Reply:
    body = {name: value for name, value in (ANN | changes).items() if value is not None}
    return await world.call("POST", "/api/auth/register", body)


def cookie_of(reply: Reply) -> str:
    return reply.headers["set-cookie"].partition(";")[0]


async def test_a_user_registers_reads_the_account_logs_out_and_logs_in(world: World) -> None:
    made = await register(world, role="student")
    assert made.status == 201
    user = made.json
    assert (user["username"], user["role"], user["class"]) == ("ann", "student", "10A")
    assert not [key for key in user if "password" in key.lower()]
    cookie = cookie_of(made)
    me = await world.call("GET", "/api/users/me", headers={"Cookie": cookie})
    assert me.json == user
    out = await world.call("POST", "/learning_platform/api/auth/logout", headers={"Cookie": cookie})
    assert (out.status, out.json) == (200, {"message": "Logged out successfully"})
    gone = await world.call("GET", "/api/users/me", headers={"Cookie": cookie})
    assert (gone.status, gone.json["message"]) == (401, "Not authenticated")
    back = await world.call(
        "POST", "/api/auth/login", {"username": "ann", "password": "correct horse"}
    )
    assert back.json == user


async def test_a_user_registers_as_a_teacher_only_if_the_operator_allows_it(store: Store) -> None:
    async with open_world(store) as world:
        refused = await register(world, role="teacher")
        assert (refused.status, refused.json["code"]) == (403, "role_not_open")
        assert await store.accounts.find("ann") is None
    async with open_world(store, open_roles="student,teacher") as world:
        assert (await register(world, role="teacher")).json["role"] == "teacher"


async def test_the_cookie_has_the_format_of_express_session(world: World) -> None:
    made = await register(world)
    cookie = SimpleCookie(made.headers["set-cookie"])["connect.sid"]
    assert cookie.value.startswith("s%3A")
    secret = await world.store.sessions.secret("connect.sid", "unused")
    sid = unsign(cookie.value, [secret])
    assert sid is not None
    assert len(sid) == 32
    assert (cookie["path"], cookie["httponly"], cookie["max-age"]) == ("/", True, "86400")
    assert cookie["samesite"] == "Lax"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"username": None}, "username"),
        ({"username": " "}, "username"),
        ({"username": "\u0430nn"}, "username"),
        ({"username": "ann\u200b"}, "username"),
        ({"username": "ann@example.org"}, "username"),
        ({"name": "\u3164"}, "name"),
        ({"name": "Ann\u202e"}, "name"),
        ({"username": "a" * 201}, "username"),
        ({"password": 5}, "password"),
        ({"name": 5}, "name"),
        ({"name": "\x00"}, "name"),
        ({"email": "nowhere"}, "email"),
        ({"email": f"a@{'b' * 260}"}, "email"),
        ({"email": "a@\x00"}, "email"),
        ({"role": "principal"}, "role"),
        ({"role": "assistant"}, "role"),
        ({"role": 5}, "role"),
        ({"avatar": "x" * 201}, "avatar"),
        ({"class": "x" * 201}, "class"),
        ({"class": 5}, "class"),
        ({"subject": "\x00"}, "subject"),
    ],
)
async def test_an_invalid_registration_is_refused_with_the_path_of_the_field(
    timed_world: World, changes: dict[str, object], path: str
) -> None:
    reply = await timed_world.call(
        "POST",
        "/learning_platform/api/auth/register",
        {name: value for name, value in (ANN | changes).items() if value is not None},
    )
    assert (reply.status, reply.json["message"]) == (400, "Invalid input data")
    (error,) = reply.json["errors"]
    assert (error["path"], error["message"].partition(" ")[0]) == (path, path)


async def test_a_weak_password_is_refused(timed_world: World) -> None:
    reply = await register(timed_world, password="short")
    assert (reply.status, reply.json["code"]) == (400, "password_too_short")


async def test_names_and_emails_are_unique(world: World) -> None:
    await register(world)
    taken = await register(world, email="other@example.org", username="ANN")
    assert (taken.status, taken.json["message"]) == (400, "Username already exists")
    taken = await register(world, username="other")
    assert (taken.status, taken.json["message"]) == (400, "Email already exists")


async def test_incomplete_and_wrong_logins_are_refused(world: World) -> None:
    await register(world)
    for body in ({"username": "ann"}, {"username": 5, "password": "x"}):
        reply = await world.call("POST", "/learning_platform/api/auth/login", body)
        assert (reply.status, reply.json["message"]) == (400, "Username and password are required")
    for name in ("ann", "nobody"):
        reply = await world.call("POST", "/api/auth/login", {"username": name, "password": "wrong"})
        assert (reply.status, reply.json["message"]) == (401, "Invalid credentials")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        "s:abc",
        "s%3Aabc.def",
        "j:{}",
        "s:..",
        "s%3A%00.x",
        "s%3A%FF.x",
        "s:" + "a" * 5_000,
    ],
)
async def test_a_cookie_that_the_hub_did_not_sign_is_refused(
    timed_world: World, value: str
) -> None:
    reply = await timed_world.call(
        "GET", "/api/users/me", headers={"Cookie": f"connect.sid={value}"}
    )
    assert reply.status == 401


async def test_the_cookies_name_is_matched_exactly(world: World) -> None:
    cookie = cookie_of(await register(world))
    for name in (f"x{cookie}", cookie.replace("connect.sid", "Connect.sid")):
        assert (await world.call("GET", "/api/users/me", headers={"Cookie": name})).status == 401


async def test_session_secrets_can_be_rotated(memory_store: Store) -> None:
    old, new = "the old secret of this hub", "the new secret of this hub"
    async with open_world(memory_store, session_secrets=(old,)) as world:
        cookie = cookie_of(await register(world))
    async with open_world(memory_store, session_secrets=(new, old)) as world:
        assert (await world.call("GET", "/api/users/me", headers={"Cookie": cookie})).status == 200
        login = {"username": "ann", "password": "correct horse"}
        fresh = cookie_of(await world.call("POST", "/api/auth/login", login))
    async with open_world(memory_store, session_secrets=(new,)) as world:
        assert (await world.call("GET", "/api/users/me", headers={"Cookie": cookie})).status == 401
        assert (await world.call("GET", "/api/users/me", headers={"Cookie": fresh})).status == 200


async def test_hubs_on_one_store_share_their_secret(memory_store: Store) -> None:
    async with open_world(memory_store) as world:
        cookie = cookie_of(await register(world))
    async with open_world(memory_store) as other:
        assert (await other.call("GET", "/api/users/me", headers={"Cookie": cookie})).status == 200


@pytest.mark.parametrize(
    ("path", "frames", "reason"),
    [
        (
            "/ws/chat",
            [{"type": "error", "message": "Unauthorized. Please log in."}],
            "Unauthorized",
        ),
        ("/messagepal", [], "Authentication required"),
        ("/message", [], "Authentication required"),
        ("/gateway", [], "Unauthorized"),
    ],
)
async def test_sockets_without_a_session_are_accepted_and_closed_with_4001(
    world: World, path: str, frames: list[object], reason: str
) -> None:
    for cookie in ("", "connect.sid=s%3Aabc.def"):
        socket = await world.websocket(path, Cookie=cookie)
        heard, end = await socket.until_closed()
        assert (heard, end.code, end.reason) == (frames, 4001, reason)


@pytest.mark.parametrize("path", ["/ws/chat", "/messagepal", "/gateway"])
async def test_logging_out_closes_the_sessions_sockets(world: World, path: str) -> None:
    ann = await world.person("ann")
    socket = await ann.open(path)
    await ann.ask("POST", "/learning_platform/api/auth/logout")
    assert (await socket.closed()).code == 4001


async def test_a_session_of_private_messages_opens_one_of_the_learning_platform(
    world: World,
) -> None:
    ann = (await world.people("ann"))[0]
    token = {"Cookie": ann.cookie}
    opened = await world.call("POST", "/learning_platform/api/auth/session", headers=token)
    assert (opened.status, opened.json["username"]) == (201, "ann")
    cookie = {"Cookie": cookie_of(opened)}
    me = await world.call("GET", "/api/users/me", headers=cookie)
    assert me.json == opened.json
    again = await world.call("POST", "/learning_platform/api/auth/session", headers=cookie)
    assert again.status == 401
    assert (await world.call("POST", "/api/auth/session")).status == 401


async def test_a_session_that_another_one_opened_lasts_no_longer_than_that_one(
    memory_store: Store,
) -> None:
    async with open_world(memory_store, platform_session_hours=2_000, session_days=1) as world:
        ann = (await world.people("ann"))[0]
        path = "/learning_platform/api/auth/session"
        opened = await world.call("POST", path, headers={"Cookie": ann.cookie})
        cookie = SimpleCookie(opened.headers["set-cookie"])["connect.sid"]
        assert int(cookie["max-age"]) <= 7 * 86_400
