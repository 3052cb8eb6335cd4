"""HTTP/1.1 on one connection: bounds, refusals, keep-alive, upgrades."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import h11
import pytest
import trio
import trio.testing
from attrs import define, field
from starlette.types import Receive, Scope, Send
from trio.testing import MockClock

from hub.http.body import Limits
from hub.http.server import (
    LINGER_BODY_IDLE_SECONDS,
    LINGER_BYTES,
    LINGER_SECONDS,
    Rules,
    serve_http_connection,
)
from hub.http.visitors import Visitors
from hub.limits.turns import Line
from protocol.websocket.handshake import Head
from tests.support.clients.http import Reply, request
from tests.support.world import World

LIMITS = Limits(head_bytes=2_000, body_bytes=100)
POST = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"


@define
class App:
    """An application that records its requests."""

    seen: list[tuple[str, bytes]] = field(factory=list)
    finished: list[str] = field(factory=list)
    hold: trio.Event = field(factory=trio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message["body"]
            more = message["more_body"]
        self.seen.append((f"{scope['method']} {scope['path']}", body))
        match scope["path"]:
            case "/crash":
                raise RuntimeError("this must not reach anybody else")
            case "/crash-late":
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": b"a", "more_body": True})
                raise RuntimeError("this must not reach anybody else")
            case "/hold":
                try:
                    await self.hold.wait()
                finally:
                    self.finished.append("cancelled" if not self.hold.is_set() else "done")
            case _:
                pass
        body = b"hello"
        headers = [(b"content-length", b"5")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@define
class Server:
    """A connection to the server under test."""

    stream: "trio.StapledStream[trio.testing.MemorySendStream, trio.testing.MemoryReceiveStream]"
    app: App
    upgrades: list[tuple[Head, bytes]]
    ended: trio.Event

    async def ask(self, data: bytes) -> bytes:
        """Send raw bytes; everything that comes back until the server closes."""
        await self.stream.send_all(data)
        return await self.rest()

    async def rest(self) -> bytes:
        answer = b""
        while received := bytes(await self.stream.receive_some()):
            answer += received
        return answer


@asynccontextmanager
async def connected(
    limits: Limits = LIMITS, visitors: Visitors | None = None
) -> AsyncIterator[Server]:
    ours, theirs = trio.testing.memory_stream_pair()
    app, ended = App(), trio.Event()
    upgrades: list[tuple[Head, bytes]] = []

    rules = Rules(limits, visitors or Visitors())

    async def serve() -> None:
        async with theirs:
            upgrade = await serve_http_connection(
                theirs, app=app, rules=rules, peer="p", scheme="http"
            )
            if upgrade is not None:
                upgrades.append((upgrade.head, upgrade.trailing))
                await theirs.send_all(b"upgraded")
        ended.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve)
        yield Server(ours, app, upgrades, ended)
        await ours.aclose()
        await ended.wait()


def status(answer: bytes) -> int:
    return int(answer.split()[1])


def code(answer: bytes) -> bytes:
    return answer.rpartition(b'"code":"')[2].partition(b'"')[0]


async def test_two_requests_on_one_connection() -> None:
    async with connected() as server:
        state = h11.Connection(h11.CLIENT)
        for body in (None, {"a": 1}):
            method = "GET" if body is None else "POST"
            reply = await request(server.stream, method, "/x", body, state=state)
            assert (reply.status, reply.body) == (200, b"hello")
            assert "date" in reply.headers
            state.start_next_cycle()
        assert server.app.seen == [("GET /x", b""), ("POST /x", b'{"a": 1}')]


async def test_pipelined_requests_get_their_responses_in_order() -> None:
    async with connected() as server:
        one = b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\n"
        two = b"POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
        last = b"GET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        answer = await server.ask(one + two + last)
        assert answer.count(b"HTTP/1.1 200") == 3
        assert server.app.seen == [("GET /1", b""), ("POST /2", b"hi"), ("GET /3", b"")]


async def test_a_chunked_body_arrives_whole() -> None:
    async with connected() as server:
        head = b"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
        head += b"Connection: close\r\n\r\n"
        assert status(await server.ask(head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")) == 200
        assert server.app.seen == [("POST /x", b"abcde")]


async def test_a_client_that_waits_for_100_continue_gets_it() -> None:
    async with connected() as server:
        await server.stream.send_all(
            b"POST /x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"
            b"Connection: close\r\n\r\n"
        )
        assert (await server.stream.receive_some()).startswith(b"HTTP/1.1 100")
        assert status(await server.ask(b"hi")) == 200


async def test_head_has_no_body() -> None:
    async with connected() as server:
        answer = await server.ask(b"HEAD /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert status(answer) == 200
        assert answer.endswith(b"\r\n\r\n")


async def test_http_1_0_gets_a_response_and_is_closed() -> None:
    async with connected() as server:
        assert status(await server.ask(b"GET /x HTTP/1.0\r\n\r\n")) == 200


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET /x HTTP/1.1\r\n\r\n", 400),
        (b"GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /x HTTP/1.1\r\nHost: x\r\nBad Name: y\r\n\r\n", 400),
        (b"GET /x HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET /x HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 1_000 + b"\r\n\r\n", 400),
        (b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (
            b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
        ),
        (b"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"GET /" + b"x" * 2_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431),
        (b"GET /x HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 500 + b"\r\n", 431),
        (b"GET /x HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 100_000, 431),
        (b"GET /x HTTP/1.1\nHost: x\n\n", 400),
        (b"GET /x HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", 400),
        (b"GET /x HTTP/1.1\r\nHost: x\r\nA: b\r\n\n", 400),
        (b"GET /x HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", 400),
        (b"GET /x HTTP/1.1\r\nHost: x\r\nA: b\r\n\tc\r\n\r\n", 400),
        (b"GET /x HTTP/1.1\r\n Host: x\r\n\r\n", 400),
    ],
)
async def test_a_malformed_request_is_refused_and_closed(data: bytes, expected: int) -> None:
    async with connected() as server:
        answer = await server.ask(data)
        assert status(answer) == expected, answer
        assert code(answer) in (b"bad_request", b"head_too_large", b"http_version")
        assert b"connection: close" in answer.lower()
        assert b"b'" not in answer  # no repr of Python
        assert server.app.seen == []


async def test_a_head_in_pieces_is_not_refused_for_a_line_end_that_comes_later() -> None:
    async with connected() as server:
        for byte in b"GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n":
            await server.stream.send_all(bytes([byte]))
        assert status(await server.rest()) == 200


@pytest.mark.parametrize("framing", [b"Content-Length: 101", b"Transfer-Encoding: chunked"])
async def test_a_body_that_is_too_large_never_reaches_the_application(framing: bytes) -> None:
    async with connected() as server:
        head = b"POST /x HTTP/1.1\r\nHost: x\r\n" + framing + b"\r\n\r\n"
        body = b"x" * 101 if b"Length" in framing else b"65\r\n" + b"x" * 101 + b"\r\n0\r\n\r\n"
        answer = await server.ask(head + body)
        assert (status(answer), code(answer)) == (413, b"body_too_large")
        assert server.app.seen == []


@pytest.mark.parametrize(
    ("pause", "until"),
    [(0.7, LINGER_SECONDS), (LINGER_BODY_IDLE_SECONDS + 1, LINGER_BODY_IDLE_SECONDS)],
)
async def test_a_refused_body_is_still_read_for_a_bounded_time(
    pause: float, until: float, autojump_clock: MockClock
) -> None:
    async with connected() as server, trio.open_nursery() as nursery:
        head = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
        assert status(await server.ask(head)) == 413
        started = trio.current_time()

        async def trickle() -> None:
            while not server.ended.is_set():
                await server.stream.send_all(b"x")
                await trio.sleep(pause)

        nursery.start_soon(trickle)
        await server.ended.wait()
        assert trio.current_time() - started == pytest.approx(until)
        nursery.cancel_scope.cancel()


async def test_a_refused_body_is_still_read_up_to_a_bounded_number_of_bytes() -> None:
    sent, chunk = 0, b"x" * 16_777_216
    async with connected() as server:
        head = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"
        assert status(await server.ask(head)) == 413
        while not server.ended.is_set():
            await server.stream.send_all(chunk)
            sent += len(chunk)
            await trio.testing.wait_all_tasks_blocked()
    assert LINGER_BYTES <= sent <= LINGER_BYTES + 2 * len(chunk)


async def test_a_body_that_ends_early_is_refused() -> None:
    async with connected() as server:
        await server.stream.send_all(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab")
        await server.stream.send_eof()
        assert status(await server.rest()) == 400


async def test_a_slow_body_is_given_up(autojump_clock: MockClock) -> None:
    async with connected() as server:
        started = trio.current_time()
        answer = await server.ask(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab")
        assert (status(answer), code(answer)) == (408, b"request_timeout")
        assert trio.current_time() - started == pytest.approx(LIMITS.body_seconds, abs=1.1)


async def test_a_head_that_trickles_in_has_one_deadline(autojump_clock: MockClock) -> None:
    async with connected() as server, trio.open_nursery() as nursery:
        started = trio.current_time()

        async def trickle() -> None:
            for byte in b"GET /x HTTP/1.1\r\nHost: " + b"x" * 100:
                try:
                    await server.stream.send_all(bytes((byte,)))
                except trio.BrokenResourceError:
                    return
                await trio.sleep(1)

        nursery.start_soon(trickle)
        assert status(await server.rest()) == 408
        assert trio.current_time() - started == pytest.approx(LIMITS.head_seconds, abs=1.1)
        nursery.cancel_scope.cancel()


async def occupy(line: Line) -> None:
    async with line.place():
        await trio.sleep_forever()


@pytest.mark.parametrize("part", [b"GET /x HTTP/1.1\r\n", POST])
async def test_the_time_in_which_a_request_waits_for_its_turn_is_not_counted(
    autojump_clock: MockClock, part: bytes
) -> None:
    visitors = Visitors()
    line = visitors.line("p")
    async with connected(visitors=visitors) as server:
        if part is POST:
            await server.stream.send_all(part)
            await trio.testing.wait_all_tasks_blocked()
            part = b"ab"
        async with trio.open_nursery() as others:
            others.start_soon(occupy, line)
            await trio.testing.wait_all_tasks_blocked()
            await server.stream.send_all(part)
            await trio.sleep(LIMITS.head_seconds + LIMITS.body_seconds)
            others.cancel_scope.cancel()
        await trio.sleep(LIMITS.head_seconds - 1)
        await server.stream.send_all(b"cde" if part == b"ab" else b"Host: x\r\n\r\n")
        assert status(bytes(await server.stream.receive_some())) == 200


async def test_an_idle_connection_is_closed_silently(autojump_clock: MockClock) -> None:
    async with connected() as server:
        state = h11.Connection(h11.CLIENT)
        await request(server.stream, "GET", "/x", state=state)
        started = trio.current_time()
        assert await server.rest() == b""
        assert trio.current_time() - started == pytest.approx(LIMITS.idle_seconds)


async def test_an_exception_is_a_500_and_the_next_connection_works() -> None:
    async with connected() as server:
        answer = await server.ask(b"GET /crash HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (status(answer), code(answer)) == (500, b"internal")
        assert b"must not reach" not in answer
    async with connected() as server:
        assert (await request(server.stream, "GET", "/x")).status == 200


async def test_a_response_that_breaks_off_closes_the_connection() -> None:
    async with connected() as server:
        answer = await server.ask(b"GET /crash-late HTTP/1.1\r\nHost: x\r\n\r\n")
        assert status(answer) == 200
        assert b"500" not in answer


async def test_a_get_is_cancelled_when_its_client_leaves() -> None:
    async with connected() as server:
        await server.stream.send_all(b"GET /hold HTTP/1.1\r\nHost: x\r\n\r\n")
        await trio.testing.wait_all_tasks_blocked()
        await server.stream.aclose()
        await server.ended.wait()
        assert server.app.finished == ["cancelled"]


async def test_a_post_is_finished_though_its_client_left() -> None:
    async with connected() as server:
        await server.stream.send_all(b"POST /hold HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        await trio.testing.wait_all_tasks_blocked()
        await server.stream.aclose()
        await trio.testing.wait_all_tasks_blocked()
        server.app.hold.set()
        await server.ended.wait()
        assert server.app.finished == ["done"]


@pytest.mark.parametrize(
    ("target", "path", "host"),
    [
        (b"http://parlour.test/a/b?c=d", b"/a/b?c=d", b"parlour.test"),
        (b"HTTPS://parlour.test:8443/", b"/", b"parlour.test:8443"),
        (b"http://parlour.test", b"/", b"parlour.test"),
        (b"http://parlour.test?c", b"/?c", b"parlour.test"),
        (b"/http://x/", b"/http://x/", b"other"),
        (b"//x/y", b"//x/y", b"other"),
        (b"ftp://x/y", b"ftp://x/y", b"other"),
        (b"http://user@x/y", b"http://user@x/y", b"other"),
        (b"*", b"*", b"other"),
    ],
)
async def test_a_target_may_be_a_whole_url_whose_host_then_counts(
    target: bytes, path: bytes, host: bytes
) -> None:
    async with connected() as server:
        head = b"GET " + target + b" HTTP/1.1\r\nHost: other\r\n"
        assert await server.ask(head + UPGRADE.split(b"\r\n", 2)[2]) == b"upgraded"
        ((received, _),) = server.upgrades
        assert (received.target, received.all(b"host")) == (path, [host])


UPGRADE = b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


async def test_an_upgrade_gets_the_head_and_the_bytes_after_it() -> None:
    async with connected() as server:
        assert await server.ask(UPGRADE + b"\x81\x80abcd") == b"upgraded"
        ((head, trailing),) = server.upgrades
        assert (head.path, trailing) == ("/ws", b"\x81\x80abcd")
        assert head.header(b"upgrade") == b"websocket"


async def test_a_kept_alive_connection_may_upgrade_later() -> None:
    async with connected() as server:
        state = h11.Connection(h11.CLIENT)
        reply: Reply = await request(server.stream, "GET", "/x", state=state)
        assert reply.status == 200
        assert await server.ask(UPGRADE) == b"upgraded"


async def test_no_mutation_of_a_request_raises() -> None:
    rng = random.Random(3)
    base = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
    for _ in range(2_000):
        data = bytearray(base)
        for _ in range(rng.randrange(1, 5)):
            at = rng.randrange(len(data))
            data[at : at + rng.randrange(2)] = rng.randbytes(rng.randrange(3))
        async with connected() as server:
            await server.stream.send_all(bytes(data))
            await server.stream.send_eof()
            answer = await server.rest()
            assert not answer or 200 <= status(answer) < 600


@pytest.mark.parametrize("silent_after", [b"", b"GET /ws HTTP/1.1\r\nHost: x\r\n"])
async def test_an_unfinished_request_head_is_given_10_s(
    timed_world: World, autojump_clock: MockClock, silent_after: bytes
) -> None:
    started = trio.current_time()
    async with timed_world.connect() as stream:
        if silent_after:
            await stream.send_all(silent_after)
        while await stream.receive_some():
            pass
    assert trio.current_time() - started == pytest.approx(10.0, abs=1.1)


@define
class Kept(trio.abc.SendStream):
    """Keeps what is sent."""

    parts: list[bytes | bytearray | memoryview] = field(factory=list)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.lowlevel.checkpoint()
        self.parts.append(data)

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


async def test_a_large_document_is_not_copied_for_each_of_its_readers() -> None:
    document, kept = bytes(300_000), Kept()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"300000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": document})

    ours, theirs = trio.testing.memory_stream_pair()
    stream = trio.StapledStream(kept, theirs.receive_stream)
    await ours.send_all(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
    await ours.send_eof()
    await serve_http_connection(stream, app=app, rules=Rules(), peer="p", scheme="http")
    head, body = kept.parts
    assert bytes(head).startswith(b"HTTP/1.1 200")
    assert body is document
