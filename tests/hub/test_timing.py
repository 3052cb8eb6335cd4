"""Heartbeat, grace, expiry and deadlines, on a mock clock."""

from datetime import timedelta

import pytest
import trio
from trio.testing import MockClock

from persistence.interface import Store
from protocol.model import UserId
from tests.support.clients.frames import CLOSE, PONG, client_frame, server_frames
from tests.support.clients.websocket import open_websocket
from tests.support.world import World, open_world


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


async def test_offline_is_told_after_the_grace_period(
    timed_world: World, autojump_clock: MockClock
) -> None:
    ann, ben = await timed_world.person("ann"), await timed_world.person("ben")
    await timed_world.store.relations.request_follow(ann.id, ben.id)
    bens, anns = await ben.open(), await ann.open()
    assert (await bens.receive())["is_online"] is True
    await anns.close_in_silence()
    left = trio.current_time()
    assert ann.id in timed_world.services.presence.online()
    assert (await bens.receive())["is_online"] is False
    assert trio.current_time() - left == pytest.approx(5.0)
    assert ann.id not in timed_world.services.presence.online()


async def test_a_reconnect_within_the_grace_period_is_not_announced(
    timed_world: World, autojump_clock: MockClock
) -> None:
    ann, ben = await timed_world.person("ann"), await timed_world.person("ben")
    await timed_world.store.relations.request_follow(ann.id, ben.id)
    bens, anns = await ben.open(), await ann.open()
    await bens.receive()
    for _ in range(3):
        await anns.close_in_silence()
        await trio.sleep(4)
        anns = await ann.open()
    await trio.sleep(30)
    await bens.is_silent()


async def test_everybody_hears_of_presence_when_the_setting_says_so(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    async with open_world(memory_store, presence_audience="everyone") as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        bens = await ben.open()
        await ann.open()
        assert await bens.receive() == {
            "type": "user_online_status",
            "user_id": ann.id,
            "is_online": True,
        }


async def test_typing_ends_by_itself_3_s_after_it_was_last_renewed(
    timed_world: World, autojump_clock: MockClock
) -> None:
    ann, ben = await timed_world.person("ann"), await timed_world.person("ben")
    anns, bens = await ann.open(), await ben.open()
    typing = {"type": "typing_indicator", "recipient_id": ben.id, "is_typing": True}
    await anns.send(typing)
    assert (await bens.receive())["is_typing"] is True
    await trio.sleep(2)
    await anns.send(typing)
    assert (await bens.receive())["is_typing"] is True
    renewed = trio.current_time()
    assert (await bens.receive())["is_typing"] is False
    assert trio.current_time() - renewed == pytest.approx(3.0)
    await trio.sleep(30)
    await bens.is_silent()


async def test_typing_that_was_ended_by_its_author_does_not_end_twice(
    timed_world: World, autojump_clock: MockClock
) -> None:
    ann, ben = await timed_world.person("ann"), await timed_world.person("ben")
    anns, bens = await ann.open(), await ben.open()
    for is_typing in (True, False):
        await anns.send(
            {"type": "typing_indicator", "recipient_id": ben.id, "is_typing": is_typing}
        )
        assert (await bens.receive())["is_typing"] is is_typing
    await trio.sleep(30)
    await bens.is_silent()


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
    """Over a stream with back-pressure: nobody takes what is written to it."""
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
