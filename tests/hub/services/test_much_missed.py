"""Resumes of much, of many at a time, under a flood, and of what cannot be read."""

from typing import Any

import pytest

import hub.services.replay
import hub.services.resume
from persistence.interface import Store
from tests.support.clients.socketio import enter
from tests.support.posting import post, write
from tests.support.quiet import until_quiet
from tests.support.school import open_school
from tests.support.stores.intercept import Interception
from tests.support.stores.outage import Outage
from tests.support.world import RESUMES, World, open_world


@pytest.mark.parametrize("path", RESUMES)
async def test_what_was_missed_may_take_many_pages(
    timed_world: World, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(hub.services.replay, "PAGE_MESSAGES", 3)
    resume, kind, end = RESUMES[path]
    school = await open_school(timed_world)
    texts = [str(number) for number in range(10)]
    for author in (school.ann, school.tea):
        await write(timed_world, author.user, school.ben.user, *texts)
    await post(timed_world, school.ann.user, school.general, *texts)
    socket = (await school.ben.open(path)).ignoring("user_presence", "joined_channel")
    await socket.send(resume)
    told: dict[str, list[str]] = {}
    for _ in range(30 if path in ("/ws/chat", "/gateway") else 20):
        frame = await socket.receive_type(kind)
        message = frame.get("message") or frame.get("payload") or frame["d"]
        where = message.get("channelId") or message.get("conversationId") or message["sender_id"]
        told.setdefault(where, []).append(message["content"])
    assert list(told.values()) == [texts] * len(told)
    marker = await socket.receive_type(end)
    assert marker.get("payload", marker.get("d", marker))["complete"] is True


@pytest.mark.parametrize("path", RESUMES)
async def test_a_resume_under_a_flood_succeeds(memory_store: Store, path: str) -> None:
    reading = Interception("messages", "in_spans")
    async with open_world(reading.over(memory_store)) as world:
        school = await open_school(world)
        ann, ben = school.ann.user, school.ben.user
        resume, kind, _ = RESUMES[path]
        is_private = path in ("/ws", "/messagepal")

        async def send(*texts: str) -> None:
            if is_private:
                await write(world, ann, ben, *texts)
            else:
                await post(world, ann, school.general, *texts)

        await send("missed")
        floods = [[f"{at} {number} {'x' * 4_000}" for number in range(150)] for at in range(2)]
        texts = ["missed", *floods[0], *floods[1], "live"]

        async def flood(call: Any, *args: Any, **kwargs: Any) -> Any:
            if floods:
                await send(*floods.pop(0))
            return await call(*args, **kwargs)

        reading.way = flood
        socket = (await school.ben.open(path)).ignoring("user_presence", "joined_channel")
        if path == "/gateway":
            await socket.send({"op": "IDENTIFY", "d": {"userId": ben.id}})
            await socket.receive_type("READY")
        await socket.send(resume)
        told: list[str] = []
        while len(told) < len(texts) - 1:
            frame = await socket.receive()
            if frame.get("type", frame.get("t")) == kind:
                message = frame.get("message") or frame.get("payload") or frame["d"]
                told.append(message["content"])
        await send("live")
        frame = await socket.receive_type(kind)
        message = frame.get("message") or frame.get("payload") or frame["d"]
        assert [*told, message["content"]] == texts


@pytest.mark.parametrize("path", RESUMES)
async def test_a_connection_that_cannot_be_told_what_it_missed_is_closed(
    memory_store: Store, path: str
) -> None:
    """It must not go on with a gap that it does not know of."""
    outage = Outage()
    async with open_world(outage.over(memory_store)) as world:
        school = await open_school(world)
        await write(world, school.ann.user, school.ben.user, "missed")
        await post(world, school.ann.user, school.general, "missed")
        socket = (await school.ben.open(path)).ignoring("user_presence", "joined_channel")
        outage.begin()
        await socket.send(RESUMES[path][0])
        assert (await socket.closed()).code == 1013
        outage.end()


async def test_a_socketio_client_that_cannot_be_told_what_it_missed_is_ended(
    memory_store: Store,
) -> None:
    outage = Outage()
    async with open_world(outage.over(memory_store)) as world:
        school = await open_school(world)
        await post(world, school.ann.user, school.general, "missed")
        peer = await enter(school.ben)
        outage.begin()
        await peer.emit("resume", {})
        await until_quiet()
        assert (await peer.socket.closed()).code == 1013
        outage.end()
