"""The errors of a Redis server that cannot be used."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from persistence.bus import BusUnavailable
from persistence.bus.redis_server import server_of
from tests.support.buses.redis_process import QUOTED, redis_process


@pytest.mark.parametrize("scheme", ["rediss", "rediss+sentinel"])
def test_rediss_uses_tls_and_checks_the_name_of_the_server(scheme: str) -> None:
    tls = server_of(f"{scheme}://h/{'main' if 'sentinel' in scheme else 0}").tls
    assert tls is not None
    assert tls.check_hostname


def test_a_file_that_is_missing_is_named_without_repeating_secrets() -> None:
    with pytest.raises(ValueError, match="cannot be used") as refused:
        server_of("rediss://u:secret@h?ca_certs=/no/such/file")
    assert "secret" not in str(refused.value)


def test_a_password_is_in_no_repr() -> None:
    url = "redis+sentinel://u:secret@h/main?sentinel_password=secret"
    assert "secret" not in repr(server_of(url))


async def reason_of(url: str) -> str:
    """Why there is no connection."""
    async with trio.open_nursery() as nursery:
        with pytest.raises(BusUnavailable) as refused:
            await server_of(url).connect(nursery)
        nursery.cancel_scope.cancel()
    return str(refused.value)


async def is_said(url: str, words: str) -> str:
    """Connect until the reason has these words; timeouts of a slow machine are ignored."""
    while words not in (reason := await reason_of(url)):
        assert "within" in reason or "no answer" in reason
    return reason


async def test_the_certificate_of_the_server_is_verified() -> None:
    with redis_process(tls=True) as server:
        server.start()
        await is_said(server.url.partition("?")[0], "certificate verify failed")
        other = server.url.replace("127.0.0.1", "localhost")
        await is_said(other, "not valid for 'localhost'")
        plain = server.url.replace("rediss", "redis").partition("?")[0]
        await is_said(plain, "Connection lost")


async def test_a_client_certificate_is_sent() -> None:
    with redis_process(tls=True) as server:
        server.start("--tls-auth-clients", "yes")
        assert await reason_of(server.url)
        files = "&".join(f"{kind}file={server.folder}/{kind}.pem" for kind in ("cert", "key"))
        async with trio.open_nursery() as nursery:
            connection = await server_of(f"{server.url}&{files}").connect(nursery)
            assert await connection.ask(b"PING") == b"PONG"
            connection.close()


@asynccontextmanager
async def saying(*answers: bytes) -> AsyncIterator[int]:
    """The port of a server that sends these responses, in order on each connection, and from then
    on the last one.
    """

    async def serve(stream: trio.SocketStream) -> None:
        waiting = list(answers)
        async with stream:
            async for _ in stream:
                await stream.send_all(waiting.pop(0) if waiting[1:] else waiting[0])

    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, serve, [listener])
        yield listener.socket.getsockname()[1]
        nursery.cancel_scope.cancel()


HELLO = b"%3\r\n$5\r\nproto\r\n:3\r\n$7\r\nversion\r\n$6\r\n6.2.14\r\n$2\r\nid\r\n:1\r\n"


@pytest.mark.parametrize("answer", [b"\x00\xff what?\r\n", b":x\r\n"])
async def test_a_malformed_reply_ends_only_the_connection(answer: bytes) -> None:
    async with saying(HELLO.replace(b"6.2", b"7.0"), answer) as port, trio.open_nursery() as both:
        connection = await server_of(f"redis://127.0.0.1:{port}").connect(both)
        with pytest.raises(BusUnavailable):
            await connection.ask(b"PING")
        await connection.ended.wait()


async def test_a_server_that_is_too_old_is_refused() -> None:
    async with saying(HELLO) as port:
        await is_said(f"redis://127.0.0.1:{port}", "6.2.14: Redis 7 or Valkey is needed")


async def test_a_server_that_repeats_a_password_is_not_quoted() -> None:
    echo = b"-ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'u' 'secret'\r\n"
    async with saying(echo) as port:
        for url in (
            f"redis://u:secret@127.0.0.1:{port}",
            f"redis+sentinel://127.0.0.1:{port}/main?sentinel_username=u&sentinel_password=secret",
        ):
            assert "secret" not in await is_said(url, "unknown command")


async def test_a_redis_cluster_is_refused_by_name() -> None:
    async with saying(b"-MOVED 3999 127.0.0.1:6381\r\n") as port:
        await is_said(f"redis://127.0.0.1:{port}", "Redis Cluster")


async def test_a_server_that_sends_nothing_is_given_up() -> None:
    with redis_process() as server:
        server.start()
        server.stand_still()
        assert await reason_of(server.url) == "no connection within 2 s"


async def test_the_reason_names_an_unknown_name_a_missing_password_or_a_replica() -> None:
    with redis_process() as server, redis_process() as sentinel:
        server.start()
        sentinel.start_sentinel(server)
        start = f"redis+sentinel://:{QUOTED}@127.0.0.1:{sentinel.port}"
        end = f"?sentinel_password={QUOTED}"
        await is_said(f"{start}/other{end}", "does not know that name")
        await is_said(f"{start}/main", "wants a password")
        server.ask("REPLICAOF 127.0.0.1 1")
        await is_said(f"{start}/main{end}", "is no primary")
