"""Accounts of `/ws` over REST: every response, on every store."""

from http.cookies import SimpleCookie

import pytest

from persistence.interface import Store
from tests.support.accounts import ANN, cookie_of, log_in, register
from tests.support.world import World, open_world


async def test_a_user_registers_logs_in_reads_the_session_and_logs_out(world: World) -> None:
    made = await register(world)
    assert made.status == 201
    assert made.json["message"] == "User registered successfully"
    session = await log_in(world)
    assert session.status == 200
    user = session.json
    assert user["id"] == made.json["user_id"]
    assert (user["email"], user["date_of_birth"]) == (ANN["email"], "2000-12-31")
    assert (user["first_name"], user["last_name"], user["nickname"]) == ("Ann", "Lee", "annie")
    assert user["is_public"] is True
    assert not any("password" in name for name in user)
    cookie = {"Cookie": cookie_of(session)}
    assert (await world.call("GET", "/api/auth/session", headers=cookie)).json == user
    left = await world.call("POST", "/api/auth/logout", headers=cookie)
    assert (left.status, left.json) == (200, {"message": "Logged out successfully"})
    assert "Max-Age=0" in left.headers["set-cookie"]
    again = await world.call("GET", "/api/auth/session", headers=cookie)
    assert (again.status, again.json["error"]) == (401, "Invalid or expired session")


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(world: World) -> None:
    await register(world)
    cookie = SimpleCookie((await log_in(world)).headers["set-cookie"])["session_token"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/", True, "Lax")
    assert cookie["max-age"] == str(7 * 86_400)
    assert not cookie["secure"]  # only over TLS, or no browser would send it back
    assert len(cookie.value) == 36


async def test_a_request_without_a_cookie_gets_the_texts_that_clients_compare(world: World) -> None:
    for method, path in [("GET", "/api/auth/session"), ("POST", "/api/auth/logout")]:
        reply = await world.call(method, path)
        assert (reply.status, reply.json["error"]) == (401, "No session token provided")
    for method, path in [("GET", "/api/messages/1"), ("GET", "/api/users/online")]:
        reply = await world.call(method, path)
        assert (reply.status, reply.text) == (401, "Unauthorized")


@pytest.mark.parametrize(
    ("changes", "status", "error", "code"),
    [
        ({"email": None}, 400, "Missing required fields", "invalid_field"),
        ({"password": ""}, 400, "Missing required fields", "invalid_field"),
        ({"date_of_birth": None}, 400, "Missing required fields", "invalid_field"),
        ({"email": 5}, 400, "Invalid request payload", "invalid_field"),
        ({"email": "nobody"}, 400, "email must be an address", "invalid_field"),
        ({"email": "a\x00@b.c"}, 400, None, "invalid_field"),
        ({"first_name": "x" * 1_001}, 400, None, "invalid_field"),
        ({"first_name": "\x1b]0;x\x07"}, 400, None, "invalid_field"),
        ({"last_name": "Lee\u202e"}, 400, None, "invalid_field"),
        ({"nickname": "\u200bann"}, 400, None, "invalid_field"),
        ({"date_of_birth": "yesterday"}, 400, None, "invalid_field"),
        ({"date_of_birth": "2999-01-01"}, 400, None, "invalid_field"),
        ({"date_of_birth": "0001-01-01"}, 400, None, "invalid_field"),
        ({"password": "short"}, 400, None, "password_too_short"),
        ({"password": "x" * 1_025}, 400, None, "password_too_long"),
    ],
)
async def test_an_invalid_registration_is_refused_with_a_code(
    world: World, changes: dict[str, object], status: int, error: str | None, code: str
) -> None:
    reply = await register(world, **changes)
    assert (reply.status, reply.json["code"]) == (status, code)
    assert error in (None, reply.json["error"])


async def test_an_email_has_one_account_whatever_its_case(world: World) -> None:
    assert (await register(world)).status == 201
    again = await register(world, email="ANN@example.org")
    assert (again.status, again.json["code"]) == (409, "email_taken")
    same_local_part = await register(world, email="ann@example.net")
    assert same_local_part.status == 201


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"\xff", b"[" * 5_000])
@pytest.mark.parametrize("path", ["/api/auth/register", "/api/auth/login"])
async def test_a_body_that_is_no_json_object_is_400(world: World, path: str, body: bytes) -> None:
    reply = await world.call("POST", path, body)
    assert (reply.status, reply.json["error"]) == (400, "Invalid request payload")
    assert reply.json["code"] in ("invalid_json", "invalid_frame")


async def test_a_wrong_password_and_an_unknown_account_look_the_same(world: World) -> None:
    await register(world)
    wrong = await log_in(world, "wrong password")
    unknown = await log_in(world, email="eve@example.org")
    assert wrong.status == unknown.status == 401
    assert wrong.body == unknown.body
    assert wrong.json["error"] == "Invalid email or password"


async def test_a_user_may_log_in_with_the_username_too(world: World) -> None:
    await register(world)
    assert (await log_in(world, email="ann")).status == 200


async def test_registration_can_be_closed(memory_store: Store) -> None:
    async with open_world(memory_store, registration="closed") as world:
        reply = await register(world)
        assert (reply.status, reply.json["code"]) == (403, "registration_closed")


async def test_others_see_neither_email_nor_birthday(world: World) -> None:
    await register(world)
    ben = await world.person("ben")
    (ann,) = (await ben.call("GET", "/api/users?username=ANN")).json
    assert ann["name"] == "Ann Lee"
    assert (await ben.call("GET", f"/api/users/{ann['id']}")).json == ann
    assert not {"email", "date_of_birth"} & set(ann)
    assert (await ben.call("GET", "/api/users?username=nobody")).json == []
    assert (await ben.call("GET", "/api/users")).status == 400
    assert (await ben.call("GET", "/api/users/987654321")).json["code"] == "user_not_found"
