"""Socket.IO 5 as its protocol document describes it, with the cases of the protocol's own test
suite, with the reference's timers. The suite's cases of Engine.IO are in test_engineio_protocol.py.
"""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial

import pytest
import trio

from tests.support.clients.engine import EngineClient
from tests.support.clients.frames import BINARY, client_frame
from tests.support.clients.websocket import Closed, WebSocket
from tests.support.programs.command import listening


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with listening("tests.apps.socketio_echo") as (_, port):
        yield port


@pytest.fixture
async def socket(port: int) -> AsyncIterator[WebSocket]:
    """A WebSocket on which nothing was sent."""
    connect = partial(trio.open_tcp_stream, "127.0.0.1", port)
    client = EngineClient(connect=connect, path="/socket.io/")
    yield (await client.websocket("")).ignoring("0")
    await client.end()


async def answer_pings(socket: WebSocket) -> str | bytes:
    """The next message that is not a ping; pings get their pongs. Raises Closed."""
    while (message := await socket.take(lambda _: True)) == "2":
        await socket.send_text("3")
    return message


async def say(socket: WebSocket, *messages: str | bytes) -> None:
    for message in messages:
        if isinstance(message, str):
            await socket.send_text(message)
        else:
            await socket.stream.send_all(client_frame(BINARY, message))


async def hears(socket: WebSocket, *messages: str | bytes) -> None:
    for message in messages:
        assert await answer_pings(socket) == message


async def ends(socket: WebSocket) -> None:
    with pytest.raises(Closed):
        await answer_pings(socket)


async def enter(socket: WebSocket, packet: str, auth: object) -> None:
    """Join a namespace, which is confirmed with an id and nothing else."""
    await say(socket, packet)
    namespace = packet.removeprefix("40").partition("{")[0].rstrip(",")
    prefix = f"{namespace}," if namespace else ""
    confirmed = str(await answer_pings(socket))
    assert confirmed.startswith(f"40{prefix}"), confirmed
    joined = json.loads(confirmed.removeprefix(f"40{prefix}"))
    assert joined.keys() == {"sid"}
    assert isinstance(joined["sid"], str)
    await hears(socket, f"42{prefix}" + json.dumps(["auth", auth], separators=(",", ":")))


@pytest.mark.parametrize(
    ("packet", "auth"),
    [
        ("40", {}),
        ('40{"token":"123"}', {"token": "123"}),
        ("40/custom,", {}),
        ("40/custom", {}),
        ('40/custom,{"token":"abc"}', {"token": "abc"}),
    ],
)
async def test_a_namespace_is_joined(socket: WebSocket, packet: str, auth: object) -> None:
    await enter(socket, packet, auth)


@pytest.mark.parametrize("packet", ["40/random", "40/random,", '40/random,{"token":"1"}'])
async def test_an_unknown_namespace_is_refused(socket: WebSocket, packet: str) -> None:
    await say(socket, packet)
    await hears(socket, '44/random,{"message":"Invalid namespace"}')


async def test_a_malformed_first_packet_ends_the_connection(socket: WebSocket) -> None:
    await say(socket, "4abc")
    await ends(socket)


async def test_a_client_that_joins_nothing_is_disconnected(socket: WebSocket) -> None:
    await ends(socket)  # although it answers pings


async def test_the_main_namespace_is_left(socket: WebSocket) -> None:
    await enter(socket, "40", {})
    await say(socket, "41")
    assert await socket.take(lambda _: True) == "2"  # the session goes on, and no packet comes


@pytest.mark.parametrize("comma", ["", ","])
async def test_a_custom_namespace_is_left(socket: WebSocket, comma: str) -> None:
    await enter(socket, "40", {})
    await enter(socket, f"40/custom{comma}", {})
    await say(socket, f"41/custom{comma}", '42["message","to the main namespace"]')
    await hears(socket, '42["message-back","to the main namespace"]')


PLACES = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}'
BLOBS = (b"\x01\x02\x03", b"\x04\x05\x06")


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        (['42["message",1,"2",{"3":[true]}]'], ['42["message-back",1,"2",{"3":[true]}]']),
        ([f'452-["message",{PLACES}]', *BLOBS], [f'452-["message-back",{PLACES}]', *BLOBS]),
        (['42456["message-with-ack",1,"2",{"3":[false]}]'], ['43456[1,"2",{"3":[false]}]']),
        ([f'452-789["message-with-ack",{PLACES}]', *BLOBS], [f"462-789[{PLACES}]", *BLOBS]),
    ],
    ids=["text", "binary", "acknowledged", "binary and acknowledged"],
)
async def test_an_event_is_handled(
    socket: WebSocket, sent: Sequence[str | bytes], received: Sequence[str | bytes]
) -> None:
    await enter(socket, "40", {})
    await say(socket, *sent)
    await hears(socket, *received)


@pytest.mark.parametrize(
    "message",
    ["4abc", "42{}", '42abc["message-with-ack",1,"2",{"3":[false]}]'],
    ids=["packet type", "payload", "acknowledgement id"],
)
async def test_a_malformed_packet_ends_the_connection(socket: WebSocket, message: str) -> None:
    await enter(socket, "40", {})
    await say(socket, message)
    await ends(socket)
