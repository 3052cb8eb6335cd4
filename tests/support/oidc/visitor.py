"""A visitor who signs in with a provider: what the browser does, step by step."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import trio
from attrs import frozen

from persistence.interface import Store
from tests.support.clients.http import Reply, request
from tests.support.oidc.provider import CLIENT_ID, CLIENT_SECRET, OidcProvider, oidc_provider
from tests.support.world import World, open_world

BEGIN: Final = "/api/auth/provider"
HOME: Final = "https://parlour.test/"


@frozen
class Begun:
    """A sign-in that a browser began: the cookie that it keeps, and where it goes."""

    cookie: str
    url: str


async def begin(world: World) -> Begun:
    """Press the button."""
    reply = await world.call("POST", BEGIN)
    assert reply.status == 200, reply.body
    return Begun(reply.headers["set-cookie"].partition(";")[0], reply.json["url"])


async def visit(url: str) -> str:
    """Go to the provider, which redirects back; returns the path and query of the redirect."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    async with await trio.open_tcp_stream(parts.hostname, parts.port or 80) as stream:
        reply = await request(stream, "GET", f"{parts.path}?{parts.query}")
    assert reply.status == 303, reply.body
    back = urlsplit(reply.headers["location"])
    return f"{back.path}?{back.query}"


async def come_back(world: World, cookie: str, target: str, *, peer: str = "192.0.2.1") -> Reply:
    """Follow the redirect back to the hub."""
    return await world.call("GET", target, headers={"Cookie": cookie}, peer=peer)


async def sign_in(world: World) -> Reply:
    """All steps together."""
    begun = await begin(world)
    return await come_back(world, begun.cookie, await visit(begun.url))


def problem(reply: Reply) -> str | None:
    """The code of the error that the page gets; None: the visitor is signed in."""
    assert reply.status == 303, reply.body
    location = reply.headers["location"]
    assert location.startswith(HOME)
    names = [each.partition("=")[0] for each in reply.set_cookies]
    is_in = "__Host-session_token" in names
    assert is_in != ("#" in location), "with a session or with a reason"
    return None if is_in else location.removeprefix(f"{HOME}#sign-in=")


def cookies(reply: Reply) -> Mapping[str, str]:
    """The cookies that a browser has after a sign-in, as a header."""
    pairs = [each.partition(";")[0] for each in reply.set_cookies]
    return {"Cookie": "; ".join(pair for pair in pairs if not pair.endswith("="))}


@asynccontextmanager
async def provided_world(
    store: Store, **settings: Any
) -> AsyncIterator[tuple[World, OidcProvider]]:
    """A hub with a provider."""
    async with oidc_provider() as provider:
        given = {
            "public_url": HOME,
            "oidc_issuer": provider.url,
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret": CLIENT_SECRET,
        }
        async with open_world(store, **(given | settings)) as world:
            yield world, provider
