"""Engine.IO 4 as its protocol document describes it, with the cases of the protocol's own test
suite: on the echo programs of Engine.IO and of Socket.IO. Except in cases about the end of a
session, the timeouts of the programs are longer than the suite expects, for a busy machine.
"""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Final

import pytest
import trio

from tests.support.clients.engine import EngineClient, polling
from tests.support.clients.frames import BINARY, client_frame
from tests.support.clients.websocket import Closed, Refused, WebSocket
from tests.support.programs.command import listening

ECHO: Final = "/engine.io/"
PATHS: Final = {"tests.apps.engineio_echo": ECHO, "tests.apps.socketio_echo": "/socket.io/"}
PINGS: Final = 3
PATIENT: Final = ("--ping-timeout", "20", "--connect-timeout", "20")


@pytest.fixture(scope="module", params=PATHS)
def program(request: pytest.FixtureRequest) -> Iterator[tuple[str, int]]:
    """The path and the port."""
    with listening(request.param, *PATIENT) as (_, port):
        yield PATHS[request.param], port


@pytest.fixture(scope="module", params=PATHS)
def hasty_program(request: pytest.FixtureRequest) -> Iterator[tuple[str, int]]:
    """The same with the timers that the suite expects."""
    with listening(request.param) as (_, port):
        yield PATHS[request.param], port


@pytest.fixture
async def client(program: tuple[str, int]) -> AsyncIterator[EngineClient]:
    client = client_of(*program)
    yield client
    await client.end()


@pytest.fixture
async def hasty(hasty_program: tuple[str, int]) -> AsyncIterator[EngineClient]:
    client = client_of(*hasty_program)
    yield client
    await client.end()


def client_of(path: str, port: int) -> EngineClient:
    return EngineClient(connect=partial(trio.open_tcp_stream, "127.0.0.1", port), path=path)


only_the_echo = pytest.mark.parametrize("program", ["tests.apps.engineio_echo"], indirect=True)
"""The kinds of messages; those of Socket.IO are tested in test_socketio_protocol.py."""


async def next_of(socket: WebSocket) -> str | bytes:
    return await socket.take(lambda _: True)


async def until_closed(socket: WebSocket) -> list[str | bytes]:
    """The messages that come before the end."""
    received: list[str | bytes] = []
    with suppress(Closed):
        while True:
            received.append(await next_of(socket))
    return received


async def speak(client: EngineClient, socket: WebSocket) -> None:
    """The application echoes over this WebSocket."""
    if client.path == ECHO:
        await socket.send_text("4hello")
        await socket.take(lambda message: message == "4hello")
    else:
        await socket.send_text("40")
        await socket.take(lambda message: str(message).startswith('40{"sid":'))
        await socket.take(lambda message: message == '42["auth",{}]')


async def upgrade(client: EngineClient, sid: str) -> WebSocket:
    socket = (await client.websocket(f"&sid={sid}")).ignoring("2")
    await socket.send_text("2probe")
    assert await socket.receive_text() == "3probe"
    await socket.send_text("5")
    return socket


def opened(text: str, upgrades: list[str]) -> dict[str, Any]:
    handshake: dict[str, Any] = json.loads(text.removeprefix("0"))
    assert handshake == {
        "sid": handshake["sid"],
        "upgrades": upgrades,
        "pingInterval": 300,
        "pingTimeout": 20_000,
        "maxPayload": 1_000_000,
    }
    assert isinstance(handshake["sid"], str)
    return handshake


async def test_polling_opens_a_session(client: EngineClient) -> None:
    reply = await client.ask("GET", "EIO=4&transport=polling")
    assert reply.status == 200
    assert reply.text.startswith("0")
    opened(reply.text, ["websocket"])


@pytest.mark.parametrize("query", ["transport=polling", "EIO=abc&transport=polling"])
async def test_polling_needs_a_version(client: EngineClient, query: str) -> None:
    assert (await client.ask("GET", query)).status == 400


@pytest.mark.parametrize("query", ["EIO=4", "EIO=4&transport=abc"])
async def test_polling_needs_a_transport(client: EngineClient, query: str) -> None:
    assert (await client.ask("GET", query)).status == 400


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_only_get_opens_a_session(client: EngineClient, method: str) -> None:
    assert (await client.ask(method, "EIO=4&transport=polling")).status == 400


async def test_a_websocket_opens_a_session(client: EngineClient) -> None:
    socket = await client.websocket("")
    opened(await socket.receive_text(), [])


@pytest.mark.parametrize("version", ["", "EIO=abc&"])
async def test_a_websocket_needs_a_version(client: EngineClient, version: str) -> None:
    with pytest.raises(Refused) as refused:
        await client.websocket_of(f"{version}transport=websocket")
    assert refused.value.status == 400


@pytest.mark.parametrize("transport", ["", "&transport=abc"])
async def test_a_websocket_needs_a_transport(client: EngineClient, transport: str) -> None:
    with pytest.raises(Refused) as refused:
        await client.websocket_of(f"EIO=4{transport}")
    assert refused.value.status == 400


async def polled(client: EngineClient, sid: str, count: int) -> list[str]:
    """The next packets, this many without the pings, to which it responds."""
    packets: list[str] = []
    while len(packets) < count:
        for packet in (await client.poll(sid)).text.split("\x1e"):
            if packet == "2":
                await client.post(sid, "3")
            else:
                packets.append(packet)
    return packets


@only_the_echo
@pytest.mark.parametrize(
    "packets", [("4hello",), ("4test1", "4test2", "4test3"), ("4hello", "bAQIDBA==")]
)
async def test_polling_carries_payloads(client: EngineClient, packets: tuple[str, ...]) -> None:
    sid = await client.open()
    reply = await client.post(sid, "\x1e".join(packets))
    assert (reply.status, reply.text) == (200, "ok")
    assert await polled(client, sid, len(packets)) == list(packets)


async def test_a_malformed_payload_ends_the_session(client: EngineClient) -> None:
    sid = await client.open()
    assert (await client.post(sid, "abc")).status == 400
    assert (await client.poll(sid)).status == 400


@asynccontextmanager
async def waiting_poll(client: EngineClient, sid: str) -> AsyncIterator[trio.abc.Stream]:
    """A connection whose polling request waits for a packet."""
    async with await client.connect() as stream:
        head = f"GET {client.path}?{polling(sid)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        await stream.send_all(head.encode())
        await client.post(sid, "3")  # it came later, and its response has come
        yield stream


async def response(stream: trio.abc.Stream) -> tuple[bytes, bytes]:
    """The status and the body."""
    data = b""
    while received := bytes(await stream.receive_some()):
        data += received
    head, _, body = data.partition(b"\r\n\r\n")
    return head.split()[1], body


async def test_two_polls_at_a_time_end_the_session(client: EngineClient) -> None:
    sid = await client.open()
    async with waiting_poll(client, sid) as first:
        assert (await client.poll(sid)).status == 400
        assert await response(first) == (b"200", b"1")
    assert (await client.poll(sid)).status == 400


async def test_a_cancelled_poll_ends_the_session(client: EngineClient) -> None:
    sid = await client.open()
    async with waiting_poll(client, sid):
        pass
    assert (await client.poll(sid)).status == 400


@only_the_echo
async def test_a_websocket_carries_text_and_binary_packets(client: EngineClient) -> None:
    socket = (await client.websocket("")).ignoring("0", "2")
    await socket.send_text("4hello")
    assert await next_of(socket) == "4hello"
    await socket.stream.send_all(client_frame(BINARY, b"\x01\x02\x03\x04"))
    assert await next_of(socket) == b"\x01\x02\x03\x04"


async def test_a_malformed_packet_ends_the_websocket(client: EngineClient) -> None:
    socket = (await client.websocket("")).ignoring("0", "2")
    await socket.send_text("abc")
    assert await until_closed(socket) == []


async def test_polling_is_pinged(client: EngineClient) -> None:
    sid = await client.open()
    for _ in range(PINGS):
        reply = await client.poll(sid)
        assert (reply.status, reply.text) == (200, "2")
        assert (await client.post(sid, "3")).status == 200


async def test_polling_ends_without_pongs(hasty: EngineClient) -> None:
    sid = await hasty.open()
    assert (await hasty.poll(sid)).text == "2"
    assert (await hasty.poll(sid)).status == 400


async def test_a_websocket_is_pinged(client: EngineClient) -> None:
    socket = (await client.websocket("")).ignoring("0")
    for _ in range(PINGS):
        assert await socket.receive_text() == "2"
        await socket.send_text("3")


async def test_a_websocket_ends_without_pongs(hasty: EngineClient) -> None:
    socket = (await hasty.websocket("")).ignoring("0")
    assert await until_closed(socket) == ["2"]


async def test_the_client_ends_polling(client: EngineClient) -> None:
    sid = await client.open()
    async with waiting_poll(client, sid) as poll:
        assert (await client.post(sid, "1")).status == 200
        assert await response(poll) == (b"200", b"6")
    assert (await client.poll(sid)).status == 400


async def test_the_client_ends_a_websocket(client: EngineClient) -> None:
    socket = (await client.websocket("")).ignoring("0", "2")
    await socket.send_text("1")
    assert (await socket.closed()).code == 1000


async def test_polling_becomes_a_websocket(client: EngineClient) -> None:
    sid = await client.open()
    socket = (await client.websocket(f"&sid={sid}")).ignoring("2")
    await socket.send_text("2probe")
    assert await socket.receive_text() == "3probe"
    reply = await client.poll(sid)
    assert (reply.status, reply.text) == (200, "6")  # so that polling ends as it should
    await socket.send_text("5")
    await speak(client, socket)


async def test_polling_is_over_after_the_upgrade(client: EngineClient) -> None:
    sid = await client.open()
    socket = await upgrade(client, sid)
    assert (await client.poll(sid)).status == 400
    await speak(client, socket)


async def test_a_second_websocket_is_closed_after_the_upgrade(client: EngineClient) -> None:
    sid = await client.open()
    socket = await upgrade(client, sid)
    late = await client.websocket(f"&sid={sid}")
    assert await until_closed(late) == []
    await speak(client, socket)
