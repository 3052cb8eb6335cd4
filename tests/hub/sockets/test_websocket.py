"""The whole connection stack on real sockets: what RFC 6455 requires of a server."""

import json
import random
from collections.abc import Sequence
from typing import TypeAlias

import pytest
import trio
from trio.testing import MockClock

from docs.examples import ws_echo
from docs.examples.ws_echo import NO_HEARTBEAT
from hub.limits.pace import BYTES_OF_ONE, FREE_TURN, Meter, Pace, Paces
from hub.sockets.outbox import Outbox
from hub.sockets.transport import StreamTransport
from hub.sockets.websocket import WebSocketConnection, accept
from hub.sockets.websocket_link import WebSocketLink
from protocol.websocket.compression import inflate
from protocol.websocket.frames import FrameCutter
from tests.support.clients.frames import (
    BINARY,
    CLOSE,
    COMPRESSED,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    client_frame,
    deflated,
    text,
)
from tests.support.clients.websocket import first_frame, upgrade_request
from tests.support.posting import private_message
from tests.support.world import World

Frames: TypeAlias = Sequence[tuple[int, bytes]]

GOODBYE = client_frame(CLOSE, (1000).to_bytes(2))
GOODBYE_ANSWER = (CLOSE, (1000).to_bytes(2))


@pytest.fixture
async def port(nursery: trio.Nursery) -> int:
    port: int = await nursery.start(ws_echo.serve, "127.0.0.1", 0)
    return port


async def converse(port: int, *chunks: bytes, read_bytes: int = 65_536) -> Frames:
    """Send an upgrade request and more, a chunk at a time; returns the frames up to a close frame,
    after which the connection ends. The clock stands still, so the server cannot end it by a
    timeout.
    """
    frames: list[tuple[int, bytes]] = []
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    async with stream, trio.open_nursery() as nursery:

        async def send() -> None:
            for chunk in chunks:
                await stream.send_all(chunk)

        nursery.start_soon(send)
        received = b""
        while b"\r\n\r\n" not in received:
            received += await stream.receive_some()
        head, _, received = received.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101"), head
        while not frames or frames[-1][0] != CLOSE:
            frame, received = first_frame(received)
            if frame is not None:
                frames.append(frame)
            else:
                data = await stream.receive_some(read_bytes)
                assert data, "it ended without a close frame"
                received += data
        assert not received
        assert await stream.receive_some() == b""
        nursery.cancel_scope.cancel()
    return frames


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 1_000_000])
async def test_messages_of_every_length_are_echoed(
    mock_clock: MockClock, port: int, size: int
) -> None:
    words, data = b"a" * size, random.Random(size).randbytes(size)
    sent = client_frame(TEXT, words) + client_frame(BINARY, data) + GOODBYE
    answer = await converse(port, upgrade_request("/"), sent)
    assert answer == [(TEXT, words), (BINARY, data), GOODBYE_ANSWER]


async def test_frames_that_come_with_the_handshake_are_handled(
    mock_clock: MockClock, port: int
) -> None:
    sent = upgrade_request("/") + client_frame(TEXT, b"early") + client_frame(PING, b"p") + GOODBYE
    answer = await converse(port, sent)
    assert sorted(answer) == sorted([(TEXT, b"early"), (PONG, b"p"), GOODBYE_ANSWER])


async def test_a_message_in_65_537_fragments_is_one_message(
    mock_clock: MockClock, port: int
) -> None:
    """4 MiB in pieces of 64 bytes and an empty last one, as Autobahn's case 9.3.1 sends them."""
    piece = bytes(range(64))
    sent = client_frame(BINARY, piece, final=False)
    sent += client_frame(CONTINUATION, piece, final=False) * 65_535 + client_frame(CONTINUATION)
    frames = await converse(port, upgrade_request("/"), sent, GOODBYE)
    assert frames == [(BINARY, piece * 65_536), GOODBYE_ANSWER]


async def test_fragments_with_control_frames_between_them_arrive_whole(
    mock_clock: MockClock, port: int
) -> None:
    parts = [f"part {number}, ".encode() for number in range(50)]
    sent = client_frame(TEXT, parts[0], final=False)
    for number, part in enumerate(parts[1:], 1):
        sent += client_frame(PING, str(number).encode())
        sent += client_frame(CONTINUATION, part, final=part is parts[-1])
    answer = await converse(port, upgrade_request("/"), sent, client_frame(TEXT, b"after"), GOODBYE)
    pongs = [payload for opcode, payload in answer if opcode == PONG]
    assert pongs == [str(number).encode() for number in range(1, 50)]
    assert [payload for opcode, payload in answer if opcode == TEXT] == [b"".join(parts), b"after"]
    assert answer[-1] == GOODBYE_ANSWER


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 100])
async def test_the_same_frames_come_back_however_the_bytes_are_cut(
    mock_clock: MockClock, port: int, chunk: int
) -> None:
    sent = client_frame(TEXT, "größer".encode()) + client_frame(PING, b"x" * 125)
    sent += client_frame(BINARY, bytes(300)) + GOODBYE
    pieces = [sent[at : at + chunk] for at in range(0, len(sent), chunk)]
    answer = await converse(port, upgrade_request("/"), *pieces)
    assert answer == [
        (TEXT, "größer".encode()),
        (PONG, b"x" * 125),
        (BINARY, bytes(300)),
        GOODBYE_ANSWER,
    ]


async def test_nothing_is_written_inside_a_frame_when_writes_are_partial(
    mock_clock: MockClock, port: int
) -> None:
    """The peer reads slowly, so that the kernel takes parts of frames, while pings come in."""
    rng = random.Random(1)
    messages = [rng.randbytes(rng.randrange(400_000)) for _ in range(30)]
    chunks = [
        client_frame(BINARY, message) + client_frame(PING, str(number).encode())
        for number, message in enumerate(messages)
    ]
    frames = await converse(port, upgrade_request("/"), *chunks, GOODBYE, read_bytes=1_000)
    assert [payload for opcode, payload in frames if opcode == BINARY] == messages
    pongs = [payload for opcode, payload in frames if opcode == PONG]
    assert pongs == [str(number).encode() for number in range(len(messages))]
    assert frames[-1] == GOODBYE_ANSWER


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (client_frame(3, b"x"), 1002),
        (client_frame(11), 1002),
        (bytes((0xC1, 0x80)) + bytes(4), 1002),
        (client_frame(CONTINUATION, b"x"), 1002),
        (client_frame(PING, b"x" * 126), 1002),
        (client_frame(PING, b"x", final=False), 1002),
        (client_frame(TEXT, b"x", final=False) + client_frame(TEXT, b"y"), 1002),
        (client_frame(TEXT, b"\xce\xba\xe1\xbd\xb9\xcf\x83\xed\xa0\x80"), 1007),
        (client_frame(CLOSE, b"\x03"), 1002),
        (client_frame(CLOSE, (1005).to_bytes(2)), 1002),
        (client_frame(CLOSE, (1000).to_bytes(2) + b"\xff"), 1007),
        (bytes((0x82, 0xFF)) + (16 * 1024 * 1024 + 1).to_bytes(8) + bytes(4), 1009),
        (b"\x81\x01x", 1002),
    ],
)
async def test_violations_end_the_connection_with_their_code(
    mock_clock: MockClock, port: int, frame: bytes, code: int
) -> None:
    answer = await converse(port, upgrade_request("/"), client_frame(TEXT, b"before"), frame)
    assert answer[0] == (TEXT, b"before")
    assert [(opcode, payload[:2]) for opcode, payload in answer[1:]] == [(CLOSE, code.to_bytes(2))]


@pytest.mark.parametrize("payload", [b"", (1000).to_bytes(2), (3000).to_bytes(2) + b"bye"])
async def test_a_close_frame_is_echoed_and_frames_after_it_are_ignored(
    mock_clock: MockClock, port: int, payload: bytes
) -> None:
    sent = client_frame(CLOSE, payload) + client_frame(TEXT, b"too late")
    assert await converse(port, upgrade_request("/"), sent) == [(CLOSE, payload[:2])]


async def test_unsolicited_pongs_are_ignored(mock_clock: MockClock, port: int) -> None:
    sent = client_frame(PONG, b"nobody asked") + client_frame(TEXT, b"x") + GOODBYE
    assert await converse(port, upgrade_request("/"), sent) == [(TEXT, b"x"), GOODBYE_ANSWER]


async def test_fragments_and_pings_between_them_make_one_message(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    socket = await ann.open()
    data = json.dumps(private_message(ben)).encode()
    await socket.stream.send_all(
        client_frame(TEXT, data[:10], final=False)
        + client_frame(PING, b"now")
        + client_frame(CONTINUATION, data[10:])
    )
    assert (await socket.receive())["message"]["content"] == "hi"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (client_frame(BINARY, b"x"), 1003),
        (text("x" * 65_537), 1009),
        (client_frame(TEXT, b"\xff"), 1007),
        (b"\x81\x03abc", 1002),
        (client_frame(3), 1002),
    ],
)
async def test_broken_framing_closes_this_connection_alone(
    world: World, data: bytes, code: int
) -> None:
    ann, ben = await world.people("ann", "ben")
    anns, bens = await ann.open(), await ben.open()
    await anns.stream.send_all(data)
    assert (await anns.closed()).code == code
    assert (await bens.ask(private_message(ann)))["type"] == "private_message"


def in_memory(
    pace: Pace, cutter: FrameCutter | None = None
) -> tuple[trio.abc.HalfCloseableStream, WebSocketConnection]:
    """A peer, and the connection that serves it at a pace."""
    ours, theirs = trio.testing.memory_stream_pair()
    transport = StreamTransport(theirs)
    link = WebSocketLink(transport, Outbox(1_000_000), lambda _: b"")
    return ours, WebSocketConnection(
        transport, link, b"", cutter or FrameCutter(65_536), Meter(pace)
    )


async def test_other_tasks_run_after_every_few_frames() -> None:
    ours, connection = in_memory(Paces().of(None))
    frames = 200
    await ours.send_all(client_frame(TEXT, b"x") * frames)
    await ours.send_eof()
    taken, turns = 0, 0

    async def take(_: str | bytes) -> None:
        nonlocal taken
        taken += 1

    async def other() -> None:
        nonlocal turns
        while taken < frames:
            turns += 1
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(other)
        await connection.serve(NO_HEARTBEAT, take)
    assert turns >= frames // FREE_TURN


async def test_connections_of_one_user_share_a_burst(mock_clock: MockClock) -> None:
    """None of them gets a read for free before it waits."""
    pace, taken = Pace(rate=1, burst=25), 0

    async def take(_: str | bytes) -> None:
        nonlocal taken
        taken += 1

    async with trio.open_nursery() as nursery:
        for _ in range(10):
            ours, connection = in_memory(pace)
            await ours.send_all(client_frame(TEXT, b"x") * 10)
            nursery.start_soon(connection.serve, NO_HEARTBEAT, take)
        await trio.testing.wait_all_tasks_blocked()
        assert taken == 20
        mock_clock.jump(100)
        await trio.testing.wait_all_tasks_blocked()
        assert taken == 100
        nursery.cancel_scope.cancel()


async def test_a_compressed_message_is_charged_by_its_inflated_size(mock_clock: MockClock) -> None:
    ours, connection = in_memory(Pace(rate=1, burst=20), FrameCutter(65_536, inflate))
    await ours.send_all(client_frame(COMPRESSED | TEXT, deflated(b" " * 60_000)))
    taken = 0

    async def take(_: str | bytes) -> None:
        nonlocal taken
        taken += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(connection.serve, NO_HEARTBEAT, take)
        await trio.testing.wait_all_tasks_blocked()
        assert taken == 0
        mock_clock.jump(50)
        await trio.testing.wait_all_tasks_blocked()
        assert taken == 1
        nursery.cancel_scope.cancel()


async def test_a_message_in_several_reads_is_charged_once(mock_clock: MockClock) -> None:
    size = 20 * BYTES_OF_ONE
    ours, connection = in_memory(Pace(rate=1, burst=2 * 22))
    await ours.send_all(client_frame(TEXT, b"x" * size) * 3)
    taken = 0

    async def take(_: str | bytes) -> None:
        nonlocal taken
        taken += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(connection.serve, NO_HEARTBEAT, take)
        await trio.testing.wait_all_tasks_blocked()
        assert taken == 2
        nursery.cancel_scope.cancel()


async def test_a_peer_that_leaves_during_the_handshake_raises_broken_resource_error() -> None:
    """The listener would log any other error with a traceback, as a fault of the hub."""
    client, server = trio.testing.memory_stream_pair()
    await client.aclose()
    with pytest.raises(ExceptionGroup) as raised:
        await accept(upgrade_request(), StreamTransport(server))
    assert raised.group_contains(trio.BrokenResourceError)


async def test_a_client_that_floods_is_closed_with_1008(autojump_clock: MockClock) -> None:
    ours, connection = in_memory(Pace(rate=1, burst=1))

    async def take(_: str | bytes) -> None:
        await trio.lowlevel.checkpoint()

    async def flood() -> None:
        while True:
            try:
                await ours.send_all(client_frame(TEXT, b"x"))
            except trio.BrokenResourceError:
                return
            await trio.sleep(0.01)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(flood)
        await connection.serve(NO_HEARTBEAT, take)
        nursery.cancel_scope.cancel()
    assert bytes(await ours.receive_some())[2:4] == (1008).to_bytes(2)
