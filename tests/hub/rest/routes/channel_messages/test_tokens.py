"""The token of a call: which are refused, which dialect it selects, and how long it lasts."""

from datetime import UTC, datetime, timedelta

import pytest

from persistence.interface import Store
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.clients.http import Reply
from tests.support.world import World, open_world


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer nonsense", "Basic eDp5"])
async def test_a_call_without_a_valid_token_is_refused(
    timed_world: World, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    path = f"/api/messages/channel/{to_uuid(IdKind.CHANNEL, 1)}"
    reply = await timed_world.call("GET", path, headers=headers)
    assert (reply.status, reply.json["statusCode"]) == (401, 401)
    assert reply.headers["www-authenticate"] == "Bearer"


async def test_a_bearer_token_selects_this_dialect_whatever_the_cookies(timed_world: World) -> None:
    ann = await timed_world.person("ann")
    token = (await ann.call("POST", "/api/auth/token")).json["token"]
    headers = {"Authorization": f"Bearer {token}", "Cookie": ann.cookie}
    reply = await timed_world.call("POST", "/api/messages", {"recipient_id": 1}, headers)
    assert reply.json["statusCode"] == 400
    body = {"content": "x", "channelId": to_uuid(IdKind.CHANNEL, 1)}
    both = {"Cookie": f"{ann.cookie}; {ann.platform_cookie}"}
    by_body = await timed_world.call("POST", "/api/messages", body, both)
    assert by_body.json["statusCode"] == 401


MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(("session", "token"), [(60 * MINUTE, 5 * MINUTE), (MINUTE, MINUTE)])
async def test_a_token_ends_after_five_minutes_or_with_its_session(
    timed_world: World, session: timedelta, token: timedelta
) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    ann = await timed_world.sign_in((await timed_world.person("ann")).user, session)
    tokens = timed_world.services.tokens
    older = tokens.issue(to_uuid(IdKind.USER, ann.id), 60 * MINUTE, ann.session_id)
    issued = (await renew(timed_world, older)).json
    ends = timed_world.services.tokens.verify(issued["token"]).expires_at
    assert before + token <= ends <= datetime.now(UTC) + token
    assert 0 <= token.total_seconds() - issued["expiresIn"] <= 2


async def test_a_token_is_renewed_as_long_as_its_session_lives(memory_store: Store) -> None:
    """By any peer that has it. A token that was issued elsewhere is not made to last longer."""
    async with open_world(memory_store, token_lifetime=100.0) as world:
        ann = await world.person("ann")
        for_session, elsewhere = [
            world.services.tokens.issue(to_uuid(IdKind.USER, ann.id), timedelta(seconds=50), number)
            for number in (ann.session_id, None)
        ]
        renewed = await renew(world, for_session)
        assert renewed.json["expiresIn"] > 90
        assert (await renew(world, elsewhere)).json["expiresIn"] <= 50
        assert (await ann.call("POST", "/api/auth/logout", {})).status == 200
        for token in (for_session, renewed.json["token"]):
            assert (await renew(world, token)).status == 401


async def renew(world: World, token: str) -> Reply:
    headers = {"Authorization": f"Bearer {token}"}
    return await world.call("POST", "/api/auth/token", headers=headers)
