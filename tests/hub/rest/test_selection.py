"""Which dialect a call to a shared path means (docs/dialects/README.md#rest-selection)."""

import pytest

from persistence.interface import Store
from tests.support.school import open_school
from tests.support.world import World, open_world


async def test_the_cookie_selects_the_dialect(timed_world: World) -> None:
    school = await open_school(timed_world)
    private = await school.ann.call("GET", f"/api/messages/{school.ben.id}")
    assert (private.status, private.json) == (200, [])
    platform = await school.ann.ask("GET", f"/api/messages/{school.general.id}")
    assert (platform.status, platform.json) == (200, [])
    unknown = await school.ann.ask("GET", "/api/messages/987654")
    assert (unknown.status, unknown.json["message"]) == (404, "Channel not found")
    unknown = await school.ann.call("GET", "/api/messages/987654")
    assert (unknown.status, unknown.json["error"]) == (404, "User not found")


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ({"recipient_id": 1, "content": "x"}, "error"),
        ({"receiver_id": 1, "content": "x"}, "error"),
        ({"channelId": 1, "content": "x"}, "message"),
        ({"content": "x"}, "error"),
    ],
)
async def test_with_both_cookies_the_body_selects_the_dialect_and_else_the_default(
    timed_world: World, body: dict[str, object], key: str
) -> None:
    ann = await timed_world.person("ann")
    headers = {"Cookie": f"{ann.cookie}; {ann.platform_cookie}"}
    reply = await timed_world.call("POST", "/api/messages", body, headers)
    assert reply.status >= 400
    assert key in reply.json


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"email": "a", "password": "x"}, "Invalid email or password"),
        ({"username": "a", "password": "x"}, "Invalid credentials"),
        ({"email": "a", "username": "a", "password": "x"}, "Invalid credentials"),
    ],
)
async def test_without_cookies_the_body_selects_the_dialect(
    timed_world: World, body: dict[str, object], text: str
) -> None:
    reply = await timed_world.call("POST", "/api/auth/login", body)
    assert text in reply.json.values()


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/api/upload"), ("POST", "/api/auth/token"), ("GET", "/uploads/2024-01-01/x.png")],
)
async def test_calls_that_two_dialects_have_work_with_either_cookie(
    timed_world: World, method: str, path: str
) -> None:
    ann = await timed_world.person("ann")
    for call, key in ((ann.call, "error"), (ann.ask, "message")):
        reply = await call(method, path)
        assert reply.status in (200, 400, 404)
        assert reply.status == 200 or key in reply.json
    private = await timed_world.call(method, path, headers={"Cookie": "session_token=x"})
    assert (private.status, private.text) == (401, "Unauthorized")
    platform = await timed_world.call(method, path, headers={"Cookie": "connect.sid=x"})
    assert (platform.status, platform.json["message"]) == (401, "Not authenticated")


async def test_a_shared_call_without_a_cookie_selects_the_dialect_that_owns_it(
    timed_world: World,
) -> None:
    assert (await timed_world.call("POST", "/api/auth/token")).text == "Unauthorized"
    for method, path in (("POST", "/api/upload"), ("GET", "/uploads/2024-01-01/x.png")):
        reply = await timed_world.call(method, path)
        assert (reply.status, reply.json["message"]) == (401, "Not authenticated")


async def test_the_default_dialect_is_a_setting(memory_store: Store) -> None:
    async with open_world(memory_store, rest_default="learning_platform") as world:
        reply = await world.call("GET", "/api/messages/1")
        assert (reply.status, reply.json["message"]) == (401, "Not authenticated")


async def test_a_mount_prefix_selects_the_dialect_whatever_the_cookie(timed_world: World) -> None:
    ann = await timed_world.person("ann")
    reply = await ann.call("GET", "/learning_platform/api/messages/1")
    assert (reply.status, reply.json["message"]) == (401, "Not authenticated")
    reply = await ann.ask("GET", "/private_messages/api/messages/1")
    assert (reply.status, reply.text) == (401, "Unauthorized")
