"""The token of a call: what is none, and which dialect it decides for."""

from datetime import UTC, datetime, timedelta

import pytest

from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.world import World


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer nonsense", "Basic eDp5"])
async def test_without_a_token_nothing_is_told(timed_world: World, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    path = f"/api/messages/channel/{to_uuid(IdKind.CHANNEL, 1)}"
    reply = await timed_world.call("GET", path, headers=headers)
    assert (reply.status, reply.json["statusCode"]) == (401, 401)
    assert reply.headers["www-authenticate"] == "Bearer"


async def test_a_bearer_token_decides_for_this_dialect_whatever_the_cookies(
    timed_world: World,
) -> None:
    ann = await timed_world.person("ann")
    token = (await ann.call("POST", "/api/auth/token")).json["token"]
    headers = {"Authorization": f"Bearer {token}", "Cookie": ann.cookie}
    reply = await timed_world.call("POST", "/api/messages", {"recipient_id": 1}, headers)
    assert reply.json["statusCode"] == 400
    body = {"content": "x", "channelId": to_uuid(IdKind.CHANNEL, 1)}
    both = {"Cookie": f"{ann.cookie}; {ann.platform_cookie}"}
    by_body = await timed_world.call("POST", "/api/messages", body, both)
    assert by_body.json["statusCode"] == 401


@pytest.mark.parametrize(
    ("session", "token"),
    [(timedelta(days=1), timedelta(hours=1)), (timedelta(minutes=5), timedelta(minutes=5))],
)
async def test_a_token_ends_after_an_hour_or_with_its_session(
    timed_world: World, session: timedelta, token: timedelta
) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    ann = await timed_world.sign_in((await timed_world.person("ann")).user, session)
    issued = (await ann.call("POST", "/api/auth/token")).json["token"]
    ends = timed_world.services.tokens.verify(issued).expires_at
    assert before + token <= ends <= datetime.now(UTC) + token
