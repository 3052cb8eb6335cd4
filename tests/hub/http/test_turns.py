"""In each turn of the loop one request or body over HTTP is handled."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio
import trio.testing
from attrs import define
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.http.server import Rules, serve_http_connection


@define(eq=False)
class Loop(trio.abc.Instrument):
    """Counts turns of the loop."""

    turn: int = 0

    def after_io_wait(self, timeout: float) -> None:
        self.turn += 1


@asynccontextmanager
async def waiting(
    app: ASGIApp, count: int
) -> AsyncIterator[tuple[Loop, list[trio.testing.MemoryReceiveStream]]]:
    """`count` connections of one address; on exit, all data put into them has been handled."""
    loop, streams = Loop(), list[trio.testing.MemoryReceiveStream]()
    serve = partial(serve_http_connection, app=app, rules=Rules(), peer="p", scheme="http")
    trio.lowlevel.add_instrument(loop)
    async with trio.open_nursery() as nursery:
        for _ in range(count):
            _, stream = trio.testing.memory_stream_pair()
            nursery.start_soon(serve, stream)
            streams.append(stream.receive_stream)
        await trio.testing.wait_all_tasks_blocked()
        yield loop, streams
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    trio.lowlevel.remove_instrument(loop)


@pytest.mark.parametrize("pipelined", [1, 5])
async def test_one_request_is_handled_in_each_turn_of_the_loop(pipelined: int) -> None:
    """A client with many connections delays others no longer than a client with one."""
    handled: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        handled.append(loop.turn)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with waiting(app, 20) as (loop, streams):
        for stream in streams:
            stream.put_data(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n" * pipelined)
    assert len(set(handled)) == len(handled) == 20 * pipelined


async def test_bodies_that_end_together_are_handled_in_different_turns() -> None:
    handled: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        handled.append(loop.turn)

    async with waiting(app, 20) as (loop, streams):
        for part in (b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n", b"x"):
            for stream in streams:
                stream.put_data(part)
            await trio.testing.wait_all_tasks_blocked()
    assert len(set(handled)) == len(handled) == 20
