"""Waiting at the start for a database that is not available yet."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

import pytest
import trio
from trio.testing import MockClock

from hub.sockets.addresses import listening
from hub.starting import LONGEST_PAUSE_SECONDS, Waiting, open_patiently
from persistence.postgres.database.migrate import SchemaTooNew
from persistence.postgres.database.session import UnsafeDatabase
from persistence.records import StoreUnavailable
from tests.support.clients.http import request


def failing_with(*errors: Exception) -> Callable[[], AbstractAsyncContextManager[str]]:
    """A context manager that raises each of these errors once, and then opens."""
    left = list(errors)

    @asynccontextmanager
    async def open_one() -> AsyncIterator[str]:
        if left:
            raise left.pop(0)
        yield "open"

    return open_one


async def test_transient_errors_are_retried_and_each_new_reason_is_reported_once(
    autojump_clock: MockClock,
) -> None:
    reasons: list[str] = []
    one, other = StoreUnavailable("one"), StoreUnavailable("other")
    grouped = ExceptionGroup("", [ExceptionGroup("", [one])])
    errors = [one, grouped, other, one, *[one] * 200]
    async with AsyncExitStack() as stack:
        opened = await open_patiently(stack, "x", failing_with(*errors), reasons.append)
    assert opened == "open"
    assert reasons == ["one", "other", "one"]
    assert 100 < trio.current_time() < 205 * LONGEST_PAUSE_SECONDS


@pytest.mark.parametrize(
    "error",
    [
        UnsafeDatabase("it loses messages"),
        SchemaTooNew("it is newer"),
        ExceptionGroup("", [StoreUnavailable("away"), UnsafeDatabase("it loses messages")]),
        OSError("no room"),
    ],
)
async def test_permanent_errors_are_not_retried(error: Exception) -> None:
    async with AsyncExitStack() as stack:
        with pytest.raises(type(error)):
            await open_patiently(stack, "x", failing_with(error), pytest.fail)


async def test_while_the_hub_waits_its_port_reports_that_it_is_alive_and_not_ready() -> None:
    told: list[str] = []
    async with trio.open_nursery() as nursery:
        with listening("127.0.0.1", 0) as listeners:
            port = listeners[0].getsockname()[1]
            waiting = Waiting([(listeners, None)], told.append, nursery)
            waiting.end()  # nothing was waited for
            waiting.begin("away")
            waiting.begin("still away")
            for path, status in (("/healthz", 200), ("/readyz?x", 503), ("/ws", 503)):
                async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
                    reply = await request(stream, "GET", path)
                assert reply.status == status
                assert reply.json == {"status": "ok" if status == 200 else "starting"}
            async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
                await stream.send_all(b"nonsense\r\n\r\n")
                assert (await stream.receive_some()).startswith(b"HTTP/1.1 503 ")
            waiting.end()
            assert [each.fileno() for each in listeners] != [-1], "the hub goes on with them"
    assert told == [f"STATUS=Waiting for the database: {each}" for each in ("away", "still away")]
