"""The headers of every response, whichever part of the hub makes it."""

from collections.abc import Mapping

import pytest
import trio
from trio.testing import memory_stream_pair

from hub.http.headers import with_headers
from hub.http.server import Rules, serve_http_connection
from persistence.interface import Store
from tests.support.clients.websocket import upgrade_request
from tests.support.world import World, open_world

PROTECTING = {
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
}
HSTS = "strict-transport-security"
CLOSE = "Host: hub\r\nConnection: close\r\n\r\n"
POLL = "/socket.io/?EIO=4&transport=polling"
ANSWERS: Mapping[str, tuple[int, str | bytes]] = {
    "a page": (200, f"GET / HTTP/1.1\r\n{CLOSE}"),
    "a script": (200, f"GET /web/sdk/parlour.js HTTP/1.1\r\n{CLOSE}"),
    "JSON": (200, f"GET /healthz HTTP/1.1\r\n{CLOSE}"),
    "a document": (200, f"GET /openapi.json HTTP/1.1\r\n{CLOSE}"),
    "an error of a dialect": (401, f"GET /api/blocks HTTP/1.1\r\n{CLOSE}"),
    "an error in plain text": (401, f"GET /api/messages/conversations HTTP/1.1\r\n{CLOSE}"),
    "no such path": (404, f"GET /nowhere HTTP/1.1\r\n{CLOSE}"),
    "no such method": (405, f"PUT /api/blocks HTTP/1.1\r\n{CLOSE}"),
    "polling": (200, f"GET {POLL} HTTP/1.1\r\n{CLOSE}"),
    "polling that is refused": (400, f"GET {POLL}&sid=x HTTP/1.1\r\n{CLOSE}"),
    "no WebSocket": (426, f"GET /ws HTTP/1.1\r\n{CLOSE}"),
    "another host": (421, "GET / HTTP/1.1\r\nHost: evil.example.com\r\n\r\n"),
    "no HTTP": (400, "nonsense\r\n\r\n"),
    "an upgrade of no path": (404, upgrade_request("/nowhere")),
    "an upgrade of another version": (426, upgrade_request(Sec_WebSocket_Version="8")),
    "an upgrade without a session": (401, upgrade_request("/ws")),
    "an upgrade of Engine.IO": (400, upgrade_request("/socket.io/?EIO=4&transport=x")),
}


async def answer(world: World, asked: str | bytes) -> tuple[int, Mapping[str, str]]:
    """The status and headers of a response; each comes once, but for Connection."""
    async with world.connect() as stream:
        await stream.send_all(asked.encode() if isinstance(asked, str) else asked)
        received = b""
        while b"\r\n\r\n" not in received:
            received += await stream.receive_some()
    first, *lines = received.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    named = [line.lower().partition(": ") for line in lines]
    found = {name: value for name, _, value in named}
    assert len(found) == len([name for name, _, _ in named if name != "connection"]) + 1, lines
    return int(first.split()[1]), found


@pytest.mark.parametrize("kind", ANSWERS)
async def test_every_response_has_the_protecting_headers(memory_store: Store, kind: str) -> None:
    status, asked = ANSWERS[kind]
    async with open_world(memory_store) as world:
        got, headers = await answer(world, asked)
        assert got == status
        assert PROTECTING.items() <= headers.items()
        assert HSTS not in headers


@pytest.mark.parametrize("kind", ANSWERS)
async def test_every_response_of_a_hub_with_an_https_url_has_hsts(
    memory_store: Store, kind: str
) -> None:
    async with open_world(memory_store, public_url="https://hub.example.org/") as world:
        _, headers = await answer(world, ANSWERS[kind][1])
        assert headers[HSTS] == "max-age=31536000"


async def test_a_response_to_a_crash_has_the_protecting_headers_too() -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a fault")

    ours, theirs = memory_stream_pair()
    async with ours, theirs, trio.open_nursery() as nursery:
        await ours.send_all(f"GET / HTTP/1.1\r\n{CLOSE}".encode())
        await ours.send_eof()
        await serve_http_connection(theirs, app=broken, rules=Rules(), peer="p", scheme="http")
        received = bytes(await ours.receive_some())
        nursery.cancel_scope.cancel()
    assert b" 500 " in received
    assert b"x-content-type-options: nosniff" in received


def test_headers_that_a_response_sets_itself_are_kept() -> None:
    given = [(b"Referrer-Policy", b"origin")]
    more = [(b"referrer-policy", b"no-referrer"), (b"x-a", b"b")]
    assert with_headers(given, more) == [(b"Referrer-Policy", b"origin"), (b"x-a", b"b")]
