"""What holds for every endpoint: errors, origins, CORS."""

import pytest

from persistence.interface import Store
from tests.support.world import World, open_world

APP = "https://app.example"


async def test_errors_of_the_router_are_json_with_a_code(timed_world: World) -> None:
    missing = await timed_world.call("GET", "/nowhere")
    assert (missing.status, missing.json["code"]) == (404, "not_found")
    method = await timed_world.call("DELETE", "/api/auth/login")
    assert (method.status, method.json["code"]) == (405, "method_not_allowed")


async def test_head_is_answered_without_a_body(timed_world: World) -> None:
    reply = await timed_world.call("HEAD", "/healthz")
    assert (reply.status, reply.body) == (200, b"")


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://parlour.test", 200),
        (APP, 200),
        ("https://evil.example", 403),
        ("null", 403),
    ],
)
async def test_a_page_of_another_site_cannot_change_anything(
    memory_store: Store, origin: str, status: int
) -> None:
    async with open_world(memory_store, allowed_origins=(APP,)) as world:
        ann = await world.person("ann")
        body = {"is_public": False}
        reply = await ann.call("PUT", "/api/users/me/profile", body, {"Origin": origin})
        assert reply.status == status


CHANGES = [
    ("POST", "/api/messages/1"),
    ("PUT", "/api/users/me/profile"),
    ("PATCH", "/api/messagepal/messages/1/read"),
    ("DELETE", "/api/users/1/block"),
]


@pytest.mark.parametrize(("method", "path"), CHANGES)
async def test_no_method_that_changes_something_is_open_to_other_sites(
    timed_world: World, method: str, path: str
) -> None:
    ann = await timed_world.person("ann")
    headers = {"Origin": "https://evil.example", "Content-Length": "0"}
    reply = await ann.call(method, path, headers=headers)
    assert (reply.status, reply.json["code"]) == (403, "origin_refused")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
@pytest.mark.parametrize(("method", "path"), CHANGES[:2])
async def test_what_a_form_can_send_is_no_body(
    timed_world: World, method: str, path: str, kind: str
) -> None:
    ann = await timed_world.person("ann")
    reply = await ann.call(method, path, b'{"content":"x"}', {"Content-Type": kind})
    assert (reply.status, reply.json["code"]) == (415, "json_required")


@pytest.mark.parametrize(
    "path", ["/api/auth/session", "/api/messages/conversations", "/api/users/987", "/nowhere"]
)
async def test_what_one_user_may_see_is_not_cached(timed_world: World, path: str) -> None:
    ann = await timed_world.person("ann")
    assert (await ann.call("GET", path)).headers["cache-control"] == "no-store"


async def test_cors_answers_allowed_origins_with_credentials(memory_store: Store) -> None:
    async with open_world(memory_store, allowed_origins=(APP,)) as world:
        preflight = {
            "Origin": APP,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,idempotency-key",
        }
        reply = await world.call("OPTIONS", "/api/messages", headers=preflight)
        assert reply.status == 200
        assert reply.headers["access-control-allow-origin"] == APP
        assert reply.headers["access-control-allow-credentials"] == "true"
        preflight["Origin"] = "https://evil.example"
        refused = await world.call("OPTIONS", "/api/messages", headers=preflight)
        assert refused.status == 400
        assert "access-control-allow-origin" not in refused.headers
