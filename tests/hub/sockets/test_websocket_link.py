"""The writing half: heartbeats, deadlines, ends, and a peer that does not read."""

from datetime import timedelta
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from persistence.interface import Store
from protocol.model import UserId
from tests.support.clients.frames import CLOSE, PONG, client_frame, server_frames
from tests.support.clients.websocket import WebSocket, open_websocket
from tests.support.world import Person, World, open_world

SMALL_OUTBOX = 16_384


async def open_unread(world: World, person: Person) -> WebSocket:
    """A connection on which nothing is buffered: what is not read waits in the hub."""
    socket = await world.websocket(stream=world.connect_lockstep(), Cookie=person.cookie)
    await socket.receive_type("system")
    return socket


async def test_typing_is_shed_first_and_counted(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    async with open_world(
        memory_store, outbox_bytes=SMALL_OUTBOX, user_typing_per_second=1_000
    ) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        anns, bens, quick = await ann.open(), await open_unread(world, ben), await ben.open()
        for number in range(200):
            is_typing = number % 2 == 0
            frame = {"type": "typing_indicator", "recipient_id": ben.id, "is_typing": is_typing}
            await anns.send(frame)
        for _ in range(200):
            await quick.receive_type("typing_indicator")
        await anns.send({"type": "private_message", "recipient_id": ben.id, "content": "hi"})
        await anns.receive_type("private_message")
        await quick.receive_type("private_message")
        frames: list[dict[str, Any]] = []
        while not frames or frames[-1]["type"] != "shed":
            frames.append(await bens.receive())
        typing = [frame for frame in frames if frame["type"] == "typing_indicator"]
        messages = [frame for frame in frames if frame["type"] == "private_message"]
        assert len(messages) == 1
        assert 0 < len(typing) < 200
        assert len(typing) + frames[-1]["events"] == 200
        shed = world.services.hub.figures.shed
        assert shed.events == frames[-1]["events"]
        assert shed.events < shed.size


async def test_a_full_outbox_closes_its_client_with_4008_and_no_one_else(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    async with open_world(memory_store, outbox_bytes=SMALL_OUTBOX) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        anns, slow, quick = await ann.open(), await open_unread(world, ben), await ben.open()
        started = trio.current_time()
        for number in range(10):
            content = f"{number}" * 3_000
            await anns.send({"type": "private_message", "recipient_id": ben.id, "content": content})
            for socket in (anns, quick):
                frame = await socket.receive_type("private_message")
                assert frame["message"]["seq"] == number + 1
        assert trio.current_time() == started  # none waited for the slow one
        frames, end = await slow.until_closed()
        assert (end.code, end.reason) == (4008, "Too slow, reconnect and resume")
        assert world.services.hub.figures.closed == {("private_messages", 4008): 1}
        seqs = [frame["message"]["seq"] for frame in frames]
        assert seqs == list(range(1, len(seqs) + 1))  # no message is missing in between
        assert len(seqs) < 10
        again = await ben.call(
            "GET", f"/api/messages/{ann.id}?after_seq={len(seqs)}&mark_read=true"
        )
        assert [message["seq"] for message in again.json] == list(range(len(seqs) + 1, 11))
        await quick.receive_type("messages_read")  # over REST


async def test_a_silent_peer_is_pinged_at_54_s_and_dropped_at_60_s_without_a_close_frame(
    timed_world: World, autojump_clock: MockClock
) -> None:
    ann = await timed_world.person("ann")
    socket = await ann.open()
    socket.answers_pings = False
    started = trio.current_time()
    end = await socket.closed()
    assert socket.pings == 1
    assert end.code == 1006
    assert trio.current_time() - started == pytest.approx(60.0)


async def test_a_peer_that_answers_pings_stays(
    timed_world: World, autojump_clock: MockClock
) -> None:
    ann = await timed_world.person("ann")
    socket = await ann.open()
    with trio.move_on_after(540) as ten_intervals:
        await socket.receive()
    assert ten_intervals.cancelled_caught
    assert socket.pings in (9, 10)


async def test_an_unsolicited_pong_counts_as_a_sign_of_life(
    timed_world: World, autojump_clock: MockClock
) -> None:
    ann = await timed_world.person("ann")
    socket = await ann.open()
    socket.answers_pings = False
    await trio.sleep(50)
    await socket.stream.send_all(client_frame(PONG))
    started = trio.current_time()
    await socket.closed()
    assert trio.current_time() - started == pytest.approx(60.0)


async def test_a_socket_does_not_outlive_its_session(
    timed_world: World, autojump_clock: MockClock
) -> None:
    ann = await timed_world.person("ann")
    short = await timed_world.sign_in(ann.user, timedelta(seconds=40))
    socket = await short.open()
    started = trio.current_time()
    assert (await socket.closed()).code == 4001
    assert trio.current_time() - started == pytest.approx(40.0, abs=1.0)


async def test_a_peer_that_never_answers_our_close_is_dropped_after_5_s(
    timed_world: World, autojump_clock: MockClock
) -> None:
    ann = await timed_world.person("ann")
    socket = await open_websocket(timed_world.connect(), Cookie=ann.cookie)
    await socket.receive_type("system")
    await timed_world.services.hub.end_sessions([ann.session_id])
    started = trio.current_time()
    data = b""
    while received := bytes(await socket.stream.receive_some()):
        data += received
    ((opcode, payload),) = server_frames(data)
    assert (opcode, payload[:2]) == (CLOSE, (4001).to_bytes(2))
    assert trio.current_time() - started == pytest.approx(5.0)


async def test_a_peer_that_does_not_read_is_aborted_at_the_write_deadline(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    """Over a stream with back-pressure, from which nothing is read."""
    async with open_world(memory_store) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        slow = await world.websocket(stream=world.connect_lockstep(), Cookie=ann.cookie)
        await slow.receive()
        started = trio.current_time()
        bens = await ben.open()
        await bens.send({"type": "private_message", "recipient_id": ann.id, "content": "x"})
        await bens.receive_type("private_message")
        await world.until_gone(UserId(ann.id))
        assert trio.current_time() - started == pytest.approx(10.0, abs=1.0)
        frames, end = await slow.until_closed()
        assert ([frame["type"] for frame in frames], end.code) == (["private_message"], 1006)


@pytest.mark.parametrize("path", ["/ws/chat", "/messagepal", "/gateway"])
async def test_a_silent_peer_is_pinged_every_30_s_and_dropped_within_60_s(
    timed_world: World, autojump_clock: MockClock, path: str
) -> None:
    ann = await timed_world.person("ann")
    socket = await ann.open(path)
    socket.answers_pings = False
    started = trio.current_time()
    end = await socket.closed()
    assert (socket.pings, end.code) == (1, 1006)
    assert trio.current_time() - started == pytest.approx(60.0)
