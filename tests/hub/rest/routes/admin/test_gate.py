"""Which HTTP requests are accepted as those of an operator."""

import pytest
from trio.testing import MockClock

from persistence.interface import Store
from tests.support.clients.operators import TOKEN, operated
from tests.support.telemetry.logs import about, captured_lines
from tests.support.world import World

STATUS = "/admin/status"


async def test_without_an_admin_token_the_admin_paths_are_404(timed_world: World) -> None:
    for headers in ({}, {"Authorization": "Bearer"}, {"Authorization": f"Bearer {TOKEN}"}):
        reply = await timed_world.call("GET", STATUS, headers=headers)
        assert (reply.status, reply.json["code"]) == (404, "not_found")


@pytest.mark.parametrize("token", ["x", TOKEN[:-1], f"{TOKEN}x", TOKEN.upper()])
async def test_only_the_admin_token_is_accepted(memory_store: Store, token: str) -> None:
    async with operated(memory_store) as (_, operators):
        assert (await operators.call("GET", STATUS)).status == 200
        reply = await operators.call("GET", STATUS, token=token)
        assert (reply.status, reply.json["code"]) == (401, "unauthorized")
        assert reply.headers["www-authenticate"] == "Bearer"


async def test_a_user_with_a_session_is_no_operator(memory_store: Store) -> None:
    async with operated(memory_store) as (world, operators):
        ann = await world.person("ann")
        for headers in (
            {"Cookie": f"session_token={TOKEN}"},
            {"Cookie": ann.cookie, "X-Operator": "yes", "Operator": "root"},
        ):
            assert (await world.call("GET", STATUS, headers=headers)).status == 401
        assert (await world.call("GET", f"/admin{STATUS}")).status == 404
        assert (await operators.call("GET", f"/private_messages{STATUS}")).status == 404


async def test_guesses_of_the_token_are_limited_per_network(
    memory_store: Store, mock_clock: MockClock
) -> None:
    settings = {"login_attempts": 3, "login_window": 60}
    async with operated(memory_store, **settings) as (world, operators):
        for _ in range(5):
            assert (await operators.call("GET", STATUS)).status == 200
            assert (await world.call("GET", STATUS)).status == 401  # no guess
        with captured_lines() as lines:
            for _ in range(3):
                assert (await operators.call("GET", STATUS, token="wrong")).status == 401
        refused = about(lines, "admin_token_refused")
        assert [(each["log_level"], each["network"]) for each in refused] == [
            ("warning", "::/64")
        ] * 3
        assert "wrong" not in repr(lines)
        reply = await operators.call("GET", STATUS)
        assert (reply.status, reply.json["code"]) == (429, "too_many_attempts")
        assert int(reply.headers["retry-after"]) > 0
        assert (await operators.call("GET", STATUS, peer="192.0.2.9")).status == 200
        mock_clock.jump(61)
        assert (await operators.call("GET", STATUS)).status == 200


async def test_a_page_of_another_site_changes_nothing(memory_store: Store) -> None:
    async with operated(memory_store) as (world, operators):
        headers = {"Authorization": f"Bearer {TOKEN}", "Origin": "https://evil.example"}
        reply = await world.call("POST", "/admin/drain", {"draining": True}, headers)
        assert (reply.status, reply.json["code"]) == (403, "origin_refused")
        assert await operators.audit() == []
