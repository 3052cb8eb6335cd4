"""The port: caps, TLS, and errors in one connection that affect no other."""

import resource
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing
import trustme
from trio.testing import MockClock

from hub.http.visitors import Visitors
from hub.limits.pace import PATIENCE_SECONDS, Paces
from hub.sockets.addresses import open_listeners
from hub.sockets.listener import (
    OTHER_FILES,
    TLS_COST,
    Acceptor,
    Caps,
    raise_file_limit,
)
from hub.sockets.transport import Transport

MANY = Caps(100, 100)


async def echo(transport: Transport, peer: str, scheme: str) -> None:
    while data := await transport.receive_some():
        if data == b"crash":
            raise RuntimeError("this must not reach anybody else")
        await transport.send_all(f"{scheme} {peer} ".encode() + data)


@asynccontextmanager
async def listening(
    handler: Callable[[Transport, str, str], Awaitable[None]] = echo,
    caps: Caps = MANY,
    tls: ssl.SSLContext | None = None,
    visitors: Visitors | None = None,
) -> AsyncIterator[int]:
    listeners = open_listeners("127.0.0.1", 0)
    (listener,) = listeners
    port: int = listener.getsockname()[1]
    acceptor = Acceptor(handler, caps, tls, visitors)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(acceptor.accept_forever, listeners, nursery)
        yield port
        nursery.cancel_scope.cancel()
    assert listener.fileno() == -1


async def exchange(stream: trio.abc.Stream, data: bytes) -> bytes:
    await stream.send_all(data)
    return bytes(await stream.receive_some())


async def test_connections_are_served_side_by_side() -> None:
    async with listening() as port:
        streams = [await trio.open_tcp_stream("127.0.0.1", port) for _ in range(5)]
        for stream in reversed(streams):
            assert await exchange(stream, b"hi") == b"http 127.0.0.1 hi"
        for stream in streams:
            await stream.aclose()


async def test_an_exception_in_one_connection_affects_no_other() -> None:
    async with listening() as port, await trio.open_tcp_stream("127.0.0.1", port) as good:
        async with await trio.open_tcp_stream("127.0.0.1", port) as bad:
            assert await exchange(bad, b"crash") == b""
        assert await exchange(good, b"hi") == b"http 127.0.0.1 hi"


async def known(transport: Transport, peer: str, scheme: str) -> None:
    """Serves a client that has signed in."""
    transport.is_known = lambda: True
    await echo(transport, peer, scheme)


@pytest.mark.parametrize("caps", [Caps(2, 100), Caps(100, 2)])
async def test_connections_over_a_cap_are_closed_at_once_and_places_come_back(caps: Caps) -> None:
    async with listening(known, caps) as port:
        first = await trio.open_tcp_stream("127.0.0.1", port)
        async with await trio.open_tcp_stream("127.0.0.1", port) as second:
            assert await exchange(first, b"1")
            assert await exchange(second, b"2")
            async with await trio.open_tcp_stream("127.0.0.1", port) as third:
                assert await refused(third)
        await first.aclose()
        while True:  # the server notices the free places after a while
            async with await trio.open_tcp_stream("127.0.0.1", port) as fourth:
                if not await refused(fourth):
                    break


async def refused(stream: trio.SocketStream) -> bool:
    try:
        return await exchange(stream, b"hi") == b""
    except trio.BrokenResourceError:
        return True


async def test_tls_is_accepted_and_plain_text_is_refused() -> None:
    server, client = tls_contexts()
    async with listening(tls=server) as port:
        async with await trio.open_tcp_stream("127.0.0.1", port) as plain:
            assert b"http " not in await exchange(plain, b"GET / HTTP/1.1\r\n\r\n")
        stream = await trio.open_ssl_over_tcp_stream(
            "127.0.0.1", port, ssl_context=client, https_compatible=True
        )
        assert await exchange(stream, b"hi") == b"https 127.0.0.1 hi"
        await stream.aclose()


async def test_a_tls_handshake_is_given_ten_seconds(autojump_clock: MockClock) -> None:
    server, _ = tls_contexts()
    async with (
        listening(tls=server) as port,
        await trio.open_tcp_stream("127.0.0.1", port) as silent,
    ):
        with trio.fail_after(60):
            assert await silent.receive_some() == b""
        assert trio.current_time() == pytest.approx(10.0)


def tls_contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server with a fresh certificate, and a client that trusts it."""
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client


async def test_a_peer_that_has_not_signed_in_makes_room_for_a_new_one() -> None:
    async with listening(caps=Caps(2, 10)) as port:
        first, second = [await trio.open_tcp_stream("127.0.0.1", port) for _ in range(2)]
        assert await exchange(first, b"hi") == b"http 127.0.0.1 hi"
        assert await exchange(second, b"hi") == b"http 127.0.0.1 hi"
        third = await trio.open_tcp_stream("127.0.0.1", port)
        assert await exchange(third, b"hi") == b"http 127.0.0.1 hi"
        assert await first.receive_some() == b""
        assert await exchange(second, b"hi") == b"http 127.0.0.1 hi"
        for stream in (first, second, third):
            await stream.aclose()


async def test_a_signed_in_client_makes_no_room() -> None:
    async with listening(known, Caps(1, 10)) as port:
        first = await trio.open_tcp_stream("127.0.0.1", port)
        assert await exchange(first, b"hi") == b"http 127.0.0.1 hi"
        second = await trio.open_tcp_stream("127.0.0.1", port)
        assert await second.receive_some() == b""
        assert await exchange(first, b"hi") == b"http 127.0.0.1 hi"
        for stream in (first, second):
            await stream.aclose()


def test_there_are_no_more_connections_than_files() -> None:
    assert Caps(20_000, 10_000).within(1_024) == Caps(1_024 - OTHER_FILES, 1_024 - OTHER_FILES)
    assert Caps(100, 10).within(65_536) == Caps(100, 10)


def test_the_process_may_open_as_many_files_as_the_system_allows() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, before[1]), before[1]))
    try:
        assert raise_file_limit() == before[1]
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == before[1]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_an_address_that_is_far_behind_is_closed_at_once(mock_clock: MockClock) -> None:
    """So a flood of connections does not become an unbounded number of waiting tasks."""
    visitors = Visitors(Paces(rate=1, burst=1))
    async with listening(visitors=visitors) as port:
        visitors.meter("127.0.0.1").pace.take(PATIENCE_SECONDS + 1, trio.current_time())
        waiting = await trio.open_tcp_stream("127.0.0.1", port)
        await trio.testing.wait_all_tasks_blocked(0.01)
        refusing = await trio.open_tcp_stream("127.0.0.1", port)
        assert await refused(refusing)
        mock_clock.jump(PATIENCE_SECONDS + 2)
        assert await exchange(waiting, b"hi") == b"http 127.0.0.1 hi"
        for stream in (waiting, refusing):
            await stream.aclose()


async def test_a_tls_handshake_costs_nothing_before_it_begins() -> None:
    server, _ = tls_contexts()
    visitors = Visitors(Paces(rate=0.001, burst=1_000))
    pace = visitors.meter("127.0.0.1").pace

    async def spent(tokens: int) -> None:
        while round(1_000 + pace.behind(trio.current_time()) * 0.001) != tokens:
            await trio.lowlevel.checkpoint()

    async with listening(tls=server, visitors=visitors) as port:
        streams = [await trio.open_tcp_stream("127.0.0.1", port) for _ in range(5)]
        await spent(5)
        await trio.testing.wait_all_tasks_blocked(0.01)
        await spent(5)
        await streams[0].send_all(b"\x16")
        await spent(5 + TLS_COST)
        for stream in streams:
            await stream.aclose()
