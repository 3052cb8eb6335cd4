"""What holds for every endpoint: errors, origins, CORS."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
import trio
from trio.testing import MockClock

import hub.rest.routes
from hub.limits.pace import PEAK
from hub.limits.quotas import REQUESTS_AT_ONCE
from hub.rest.app import Claim, discover
from hub.services.posting.sequencer import WentBack
from persistence.interface import Store
from protocol.model import ChannelId
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.posting import write
from tests.support.quiet import until_quiet
from tests.support.stores.intercept import Interception, Late
from tests.support.world import DIALECTS, Person, World, open_world

APP = "https://app.example"


def is_get(claim: Claim) -> bool:
    return claim.endpoint.method == "GET"


async def test_errors_of_the_router_are_json_with_a_code(timed_world: World) -> None:
    missing = await timed_world.call("GET", "/nowhere")
    assert (missing.status, missing.json["code"]) == (404, "not_found")
    method = await timed_world.call("DELETE", "/api/auth/login")
    assert (method.status, method.json["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("path", ["/openapi.json", "/asyncapi.json"])
async def test_a_generated_document_is_served_again_without_a_thread(
    timed_world: World, path: str, autojump_clock: MockClock
) -> None:
    """Any peer may request it, as often as it likes."""
    made = (await timed_world.call("GET", path)).body
    threads = trio.to_thread.current_default_thread_limiter()
    others: list[object] = []
    while threads.available_tokens:  # the hub may be using a thread just now
        others.append(object())
        threads.acquire_on_behalf_of_nowait(others[-1])
    try:
        with trio.move_on_after(1) as waiting:
            assert (await timed_world.call("GET", path)).body == made
        assert not waiting.cancelled_caught
    finally:
        for other in others:
            threads.release_on_behalf_of(other)


async def test_a_request_costs_four_frames_and_its_response_one_for_each_kib(
    mock_clock: MockClock, timed_world: World
) -> None:
    ann, ben = [await timed_world.person(name) for name in ("ann", "ben")]
    await write(timed_world, ben.user, ann.user, *("x" * 4_000 for _ in range(10)))
    pace = timed_world.services.quotas.of(ann.id).pace
    spent = pace.take(0, trio.current_time())
    reply = await ann.call("GET", f"/api/messages/{ben.id}")
    assert reply.status == 200
    one = 1 / (timed_world.services.config.user_frames_per_second * PEAK)
    cost = (pace.take(0, trio.current_time()) - spent) / one
    assert cost == pytest.approx(4 + len(reply.body) / 1_024)
    assert cost > 44


async def test_a_user_has_a_few_requests_in_work_and_the_next_one_waits(
    memory_store: Store,
) -> None:
    """Whatever is requested, over all sessions of the user; others' requests are not delayed."""
    reading = Interception("lists", "conversations")
    async with open_world(reading.over(memory_store)) as world:
        ann, ben = await world.people("ann", "ben")
        again = await world.sign_in(ann.user)
        in_work, may_go_on = trio.CapacityLimiter(100), trio.Event()
        replies: list[int] = []

        async def wait(call: Any, *args: Any, **kwargs: Any) -> Any:
            async with in_work:
                await may_go_on.wait()
                return await call(*args, **kwargs)

        async def ask(person: Person) -> None:
            reply = await person.call("GET", "/api/messages/conversations")
            replies.append(reply.status)

        reading.way = wait
        async with trio.open_nursery() as nursery:
            for person in (ann, ann, ann, again, again):
                nursery.start_soon(ask, person)
                await until_quiet()
            assert in_work.borrowed_tokens == REQUESTS_AT_ONCE == 4
            nursery.start_soon(ask, ben)
            await until_quiet()
            assert in_work.borrowed_tokens == REQUESTS_AT_ONCE + 1
            assert replies == []
            may_go_on.set()
        assert replies == [200] * 6


GETS = sorted({claim.paths[0] for claim in discover(hub.rest.routes) if is_get(claim)})


@pytest.mark.parametrize("path", ["/", "/openapi.json", "/web/sdk/parlour.js", "/ws", *GETS])
async def test_head_returns_the_response_of_get_without_its_body(
    timed_world: World, path: str
) -> None:
    ann = await timed_world.person("ann")
    target = re.sub(r"{\w+}", str(ann.id), path)
    cookies = {"Cookie": f"{ann.cookie}; {ann.platform_cookie}"}
    reply = await timed_world.call("GET", target, headers=cookies)
    head = await timed_world.call("HEAD", target, headers=cookies)
    assert (head.status, head.body) == (reply.status, b"")
    assert lasting(head.headers) == lasting(reply.headers)
    assert int(head.headers["content-length"]) == len(reply.body)


async def test_a_path_with_a_trailing_slash_is_404_and_not_redirected(timed_world: World) -> None:
    for path in ("/api/users/", "/api/users/me/"):
        reply = await timed_world.call("GET", path, headers={"Host": "localhost"})
        assert (reply.status, "location" in reply.headers) == (404, False)


def lasting(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that are the same in the next response."""
    return {name: v for name, v in headers.items() if name not in ("date", "x-request-id")}


@pytest.mark.parametrize(
    ("path", "cookie", "allowed", "key"),
    [
        ("/api/messages/1", "session_token", "DELETE, GET, HEAD, PATCH, POST", "error"),
        ("/api/messages/1", "connect.sid", "DELETE, GET, HEAD, PATCH", "message"),
        (
            "/private_messages/api/messages/1",
            "connect.sid",
            "DELETE, GET, HEAD, PATCH, POST",
            "error",
        ),
        (
            "/learning_platform/api/messages/1",
            "session_token",
            "DELETE, GET, HEAD, PATCH",
            "message",
        ),
        ("/api/messages/conversations", "session_token", "GET, HEAD", "error"),
    ],
)
async def test_the_allow_header_names_the_methods_of_the_selected_dialect(
    timed_world: World, path: str, cookie: str, allowed: str, key: str
) -> None:
    reply = await timed_world.call("PUT", path, {}, {"Cookie": f"{cookie}=x"})
    assert (reply.status, reply.json["code"]) == (405, "method_not_allowed")
    assert reply.headers["allow"] == allowed
    assert key in reply.json


@pytest.mark.parametrize("path", DIALECTS.by_path)
async def test_a_plain_request_to_the_path_of_a_websocket_gets_426(
    timed_world: World, path: str
) -> None:
    for method in ("GET", "POST"):
        reply = await timed_world.call(method, path)
        assert (reply.status, reply.json["code"]) == (426, "upgrade_required")
        assert (reply.headers["upgrade"], reply.headers["connection"]) == ("websocket", "Upgrade")


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://parlour.test", 200),
        (APP, 200),
        ("https://evil.example", 403),
        ("null", 403),
        ("https://chat.example", 200),
        ("http://chat.example", 403),
    ],
)
async def test_a_page_of_another_site_cannot_change_anything(
    memory_store: Store, origin: str, status: int
) -> None:
    public_url = "https://chat.example/chat/"
    async with open_world(memory_store, allowed_origins=(APP,), public_url=public_url) as world:
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
async def test_a_content_type_that_a_form_can_send_is_refused(
    timed_world: World, method: str, path: str, kind: str
) -> None:
    ann = await timed_world.person("ann")
    reply = await ann.call(method, path, b'{"content":"x"}', {"Content-Type": kind})
    assert (reply.status, reply.json["code"]) == (415, "json_required")


@pytest.mark.parametrize(
    "path", ["/api/auth/session", "/api/messages/conversations", "/api/users/987", "/nowhere"]
)
async def test_responses_to_a_user_are_not_cached(timed_world: World, path: str) -> None:
    ann = await timed_world.person("ann")
    assert (await ann.call("GET", path)).headers["cache-control"] == "no-store"


async def test_cors_allows_the_configured_origins_with_credentials(memory_store: Store) -> None:
    async with open_world(memory_store, allowed_origins=(APP,)) as world:
        preflight = {
            "Origin": APP,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,idempotency-key,x-user-id",
        }
        reply = await world.call("OPTIONS", "/api/messages", headers=preflight)
        assert reply.status == 200
        sent = preflight["Access-Control-Request-Headers"]
        assert reply.headers["access-control-allow-headers"] == sent
        assert reply.headers["access-control-allow-origin"] == APP
        assert reply.headers["access-control-allow-credentials"] == "true"
        missing = await world.call("GET", "/api/users/me", headers={"Origin": APP})
        exposed = missing.headers["access-control-expose-headers"]
        assert {"Retry-After", "Link"} <= set(exposed.split(", "))
        preflight["Origin"] = "https://evil.example"
        refused = await world.call("OPTIONS", "/api/messages", headers=preflight)
        assert refused.status == 400
        assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize(
    "path", ["/private_messages/api/auth/session", "/learning_platform/api/users/me"]
)
async def test_a_token_counts_where_there_is_no_cookie(world: World, path: str) -> None:
    ann, ben = await world.people("ann", "ben")
    token = world.services.tokens.issue(to_uuid(IdKind.USER, ann.id), timedelta(hours=1))
    bearer = {"Authorization": f"Bearer {token}"}
    both = {**bearer, "Cookie": f"{ben.cookie}; {ben.platform_cookie}"}
    assert (await world.call("GET", path, headers=bearer)).json["username"] == "ann"
    assert (await world.call("GET", path, headers=both)).json["username"] == "ben"
    assert (await world.call("GET", path, headers={"Authorization": "Bearer junk"})).status == 401


async def test_a_response_has_the_epoch_of_the_log_in_a_header(timed_world: World) -> None:
    ann = await timed_world.person("ann")
    for path in ("/api/messages/conversations", "/learning_platform/api/users/me/channels"):
        reply = await ann.ask("GET", path)
        assert reply.headers["parlour-epoch"] == timed_world.services.log_watch.epoch


async def test_a_response_that_was_read_before_the_log_went_back_has_the_old_epoch(
    memory_store: Store,
) -> None:
    reading = Interception("lists", "conversations", late := Late())
    async with open_world(reading.over(memory_store)) as world:
        ann = await world.person("ann")
        watch = world.services.log_watch
        before = watch.epoch
        replies = []

        async def ask() -> None:
            replies.append(await ann.call("GET", "/api/messages/conversations"))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await late.carried_out.wait()
            await watch.went_back(WentBack(ChannelId(1), 3, 2), before)
            late.may_arrive.set()
        assert replies[0].headers["parlour-epoch"] == before != watch.epoch
