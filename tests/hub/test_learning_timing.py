"""The learning platform's timers, on a mock clock."""

import pytest
import trio
from trio.testing import MockClock

from tests.support.school import open_school
from tests.support.world import World


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


async def test_a_user_who_comes_back_within_the_grace_period_was_never_gone(
    timed_world: World, autojump_clock: MockClock
) -> None:
    school = await open_school(timed_world)
    anns, bens = await school.join(school.ann), await school.join(school.ben)
    assert (await anns.receive_type("user_presence"))["status"] == "online"
    await bens.close_in_silence()
    await trio.sleep(4.9)
    back = await school.join(school.ben)
    await trio.sleep(20)
    await anns.is_silent()
    await back.close_in_silence()
    started = trio.current_time()
    gone = await anns.receive_type("user_presence")
    assert (gone["userId"], gone["status"]) == (school.ben.id, "offline")
    assert trio.current_time() - started == pytest.approx(5.0)


async def test_leaving_on_purpose_is_told_at_once(
    timed_world: World, autojump_clock: MockClock
) -> None:
    school = await open_school(timed_world)
    anns, bens = await school.join(school.ann), await school.join(school.ben)
    await anns.receive_type("user_presence")
    started = trio.current_time()
    await bens.send({"type": "leave_channel", "channelId": school.general.id})
    await bens.receive_type("left_channel")
    assert (await anns.receive_type("user_presence"))["status"] == "offline"
    assert trio.current_time() == started


async def test_five_messages_come_back_all_at_once(
    timed_world: World, autojump_clock: MockClock
) -> None:
    school = await open_school(timed_world)
    socket = await school.join(school.ann)

    async def send() -> str:
        await socket.send({"type": "send_message", "channelId": school.general.id, "content": "x"})
        return str((await socket.receive())["type"])

    assert [await send() for _ in range(6)] == ["new_message"] * 5 + ["error"]
    await trio.sleep(4.9)
    assert await send() == "error"
    await trio.sleep(0.2)
    assert [await send() for _ in range(6)] == ["new_message"] * 5 + ["error"]
