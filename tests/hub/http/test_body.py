"""Bodies are received when the application reads them, within bounds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from attrs import define, field
from starlette.types import Receive, Scope, Send
from trio.testing import MockClock, memory_stream_pair

from hub.http.body import LEAST_BYTES_PER_SECOND, Limits, Places
from hub.http.server import Rules, serve_http_connection

LARGE = 1_000_000


@define
class App:
    """Reads the body of every path but `/refused`."""

    received: list[int] = field(factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        more, size = scope["path"] != "/refused", 0
        while more:
            message = await receive()
            size += len(message["body"])
            more = message["more_body"]
        self.received.append(size)
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def serving(
    app: App, limits: Limits, count: int = 1, *, elsewhere: int = 0
) -> AsyncIterator[list[trio.abc.Stream]]:
    """`count` connections from one network, and `elsewhere` more, each from one of its own."""
    pairs = [memory_stream_pair() for _ in range(count + elsewhere)]

    async def serve(stream: trio.abc.Stream, peer: str) -> None:
        async with stream:
            await serve_http_connection(
                stream, app=app, rules=Rules(limits), peer=peer, scheme="http"
            )

    async with trio.open_nursery() as nursery:
        for number, (_, theirs) in enumerate(pairs):
            nursery.start_soon(serve, theirs, "p" if number < count else f"p{number}")
        yield [ours for ours, _ in pairs]
        nursery.cancel_scope.cancel()


def head(path: str, length: int) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()


async def response(stream: trio.abc.Stream) -> bytes:
    received = b""
    while not received.endswith((b"ok", b"}")):
        part = await stream.receive_some()
        assert part, received
        received += part
    return received


async def test_a_request_is_refused_before_its_body_arrives() -> None:
    app = App()
    async with serving(app, Limits()) as (stream,):
        await stream.send_all(head("/refused", 60_000))
        received = (await response(stream)).lower()
        assert received.startswith(b"http/1.1 200")
        assert b"connection: close" in received
    assert app.received == [0]


async def test_a_body_that_came_with_the_head_keeps_the_connection_open() -> None:
    async with serving(App(), Limits()) as (stream,):
        for _ in range(2):
            await stream.send_all(head("/refused", 3) + b"abc")
            assert b"connection: close" not in (await response(stream)).lower()


@pytest.mark.parametrize("rate", [0.5, 2.0])
async def test_a_body_has_a_minimum_rate(rate: float, autojump_clock: MockClock) -> None:
    app = App()
    async with serving(app, Limits(larger_bodies={"/x": LARGE})) as (stream,):
        await stream.send_all(head("/x", LARGE))
        sent = 0

        async def send() -> None:
            nonlocal sent
            while sent < LARGE:
                part = min(LARGE - sent, int(LEAST_BYTES_PER_SECOND * rate))
                await stream.send_all(b"x" * part)
                sent += part
                await trio.sleep(1)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(send)
            received = await response(stream)
            nursery.cancel_scope.cancel()
    assert received.startswith(b"HTTP/1.1 200" if rate > 1 else b"HTTP/1.1 408")


async def test_large_bodies_wait_for_a_place_and_small_ones_do_not(
    autojump_clock: MockClock,
) -> None:
    limits = Limits(larger_bodies={"/x": LARGE}, larger_places=Places(1))
    async with serving(App(), limits, 3) as (one, two, three):
        await one.send_all(head("/x", LARGE))
        await trio.testing.wait_all_tasks_blocked()
        await two.send_all(head("/x", LARGE))
        await three.send_all(head("/x", 2))
        await trio.testing.wait_all_tasks_blocked()
        await three.send_all(b"ab")
        assert (await response(three)).startswith(b"HTTP/1.1 200")
        assert b'"busy"' in await response(two)
        assert b'"request_timeout"' in await response(one)
        assert limits.larger_places.taken == 0


async def test_a_network_gets_only_a_share_of_the_places_for_large_bodies(
    autojump_clock: MockClock,
) -> None:
    """However many bodies it sends, other networks get a place."""
    limits = Limits(larger_bodies={"/x": LARGE}, larger_places=Places(4, 2))
    async with serving(App(), limits, 8, elsewhere=1) as (one, two, three, *more, other):
        for stream in (one, two, three, *more, other):
            await stream.send_all(head("/x", LARGE))
            await trio.testing.wait_all_tasks_blocked()
        assert limits.larger_places.taken == 3
        await other.send_all(b"x" * LARGE)
        assert (await response(other)).startswith(b"HTTP/1.1 200")
        await two.send_all(b"x" * LARGE)
        assert (await response(two)).startswith(b"HTTP/1.1 200")
        await three.send_all(b"x" * LARGE)  # it has waited for that place
        assert (await response(three)).startswith(b"HTTP/1.1 200")
        assert b'"request_timeout"' in await response(one)
    assert limits.larger_places.taken == 0


async def test_a_wait_for_a_place_costs_neither_a_share_nor_the_time_for_the_body(
    autojump_clock: MockClock,
) -> None:
    """A request that waited in vain keeps no share; one that waited has the full time."""
    places = Places(1, 1)
    limits = Limits(body_seconds=5, larger_bodies={"/x": LARGE}, larger_places=places)
    async with serving(App(), limits, 2, elsewhere=1) as (one, two, other):
        await other.send_all(head("/x", LARGE))
        await trio.testing.wait_all_tasks_blocked()
        await one.send_all(head("/x", LARGE))
        await trio.sleep(4)
        await two.send_all(head("/x", LARGE))
        await other.send_all(b"x" * (LARGE // 2))
        assert b'"busy"' in await response(one)
        await trio.sleep(3)
        await other.send_all(b"x" * (LARGE // 2))
        assert (await response(other)).startswith(b"HTTP/1.1 200")
        await trio.sleep(3)
        await two.send_all(b"x" * LARGE)
        assert (await response(two)).startswith(b"HTTP/1.1 200")
    assert places.taken == 0
