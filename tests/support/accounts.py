"""Signing up and in over REST, in the private dialect."""

from typing import Any

from tests.support.clients.http import Reply
from tests.support.world import World

ANN: dict[str, Any] = {
    "email": "ann@example.org",
    "password": "correct horse",
    "first_name": "Ann",
    "last_name": "Lee",
    "date_of_birth": "2000-12-31",
    "nickname": "annie",
}


async def register(world: World, **changes: object) -> Reply:
    """Ann's account, with changes; None leaves a field out."""
    body = {name: value for name, value in (ANN | changes).items() if value is not None}
    return await world.call("POST", "/api/auth/register", body)


async def log_in(world: World, password: str = ANN["password"], **more: str) -> Reply:
    body = {"email": ANN["email"], "password": password} | more
    return await world.call("POST", "/api/auth/login", body)


def cookie_of(reply: Reply) -> str:
    return reply.headers["set-cookie"].partition(";")[0]
