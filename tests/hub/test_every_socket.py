"""What every WebSocket dialect does with hostile bytes, on whole connections."""

import pytest

from protocol.events import Connected
from tests.support.clients.frames import BINARY, PING, TEXT, client_frame, text
from tests.support.clients.websocket import Refused, WebSocket
from tests.support.documents.dialect_pages import JSON_DIALECTS
from tests.support.world import DIALECTS, World

PATHS = sorted(DIALECTS.by_path)
JSON_PATHS = [path for path in PATHS if DIALECTS.by_path[path].name in JSON_DIALECTS]
PROBES = {
    "/ws": ({"type": "?"}, "error"),
    "/ws/chat": ({"type": "?"}, "error"),
    "/messagepal": ({"type": "?"}, "error"),
    "/message": ({"type": "?"}, "error"),
    "/gateway": ({"op": "HEARTBEAT"}, "HEARTBEAT_ACK"),
}
TEXTS = [
    "",
    "{",
    "null",
    "[" * 5_000,
    '{"a":' * 5_000 + "1" + "}" * 5_000,
    r'{"type":"send_message","channelId":1,"recipientId":1,"content":"\ud800"}',
    "NaN",
    "\ufeff{}",
    "9" * 5_000,
    "\x00",
]


async def greeted(world: World, path: str) -> WebSocket:
    ann = await world.person("ann")
    socket = await ann.connect(path)
    if Connected in DIALECTS.by_path[path].encodes:
        await socket.receive_text()
    return socket


async def still_works(socket: WebSocket, path: str) -> None:
    """A harmless frame gets its reply, after the errors for the frames sent before."""
    frame, answer = PROBES[path]
    await socket.send(frame)
    received = await socket.receive()
    while answer not in received.values() or received.get("message", "?")[-1] != "?":
        assert received["type"] == "error"
        received = await socket.receive()
    await socket.close_in_silence()


def test_every_path_with_frames_of_json_is_probed() -> None:
    assert sorted(PROBES) == JSON_PATHS


@pytest.mark.parametrize("path", JSON_PATHS)
async def test_texts_that_are_no_frames_do_not_close_the_connection(
    timed_world: World, path: str
) -> None:
    socket = await greeted(timed_world, path)
    for sent in TEXTS:
        await socket.stream.send_all(text(sent))
    await still_works(socket, path)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (client_frame(BINARY, b"{}"), 1003),
        (client_frame(TEXT, b"x" * 65_537), 1009),
        (client_frame(TEXT, b"\xff"), 1007),
        (client_frame(PING, b"x" * 126), 1002),
    ],
)
async def test_broken_framing_closes_with_its_code(
    timed_world: World, path: str, data: bytes, code: int
) -> None:
    socket = await greeted(timed_world, path)
    await socket.stream.send_all(data)
    assert (await socket.closed()).code == code


DOORS = (*PATHS, "/socket.io/?EIO=4&transport=websocket")


@pytest.mark.parametrize("path", DOORS)
async def test_a_page_of_another_origin_may_open_no_socket(timed_world: World, path: str) -> None:
    ann = await timed_world.person("ann")
    cookies = f"{ann.cookie}; {ann.platform_cookie}\r\nOrigin: https://evil.example"
    with pytest.raises(Refused) as refused:
        await timed_world.websocket(path, Cookie=cookies)
    assert refused.value.status == 403


@pytest.mark.parametrize("path", DOORS)
async def test_no_socket_is_opened_while_the_server_stops(timed_world: World, path: str) -> None:
    ann = await timed_world.person("ann")
    timed_world.services.status.accepting = False
    with pytest.raises(Refused) as refused:
        await ann.connect(path)
    assert refused.value.status == 503
