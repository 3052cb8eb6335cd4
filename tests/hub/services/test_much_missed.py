"""Resumes of many messages, under a flood, and while the log cannot be read."""

from typing import Any

import pytest

import hub.services.replay
import hub.services.resume
from persistence.interface import Store
from tests.support.clients.socketio import enter
from tests.support.posting import post, write
from tests.support.quiet import until_quiet
from tests.support.school import open_school
from tests.support.stores.intercept import Held, Interception
from tests.support.stores.outage import Outage
from tests.support.world import RESUMES, World, open_world


@pytest.mark.parametrize("path", RESUMES)
async def test_a_resume_may_take_many_pages(
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


async def test_a_user_readmitted_while_a_flood_is_read_is_not_left_in_a_channel_with_a_gap(
    memory_store: Store,
) -> None:
    reading, finding = Interception("messages", "in_spans"), Interception("channels", "heads")
    checking, held = Interception("channels", "may_join"), Held()
    store = checking.over(finding.over(reading.over(memory_store)))
    async with open_world(store) as world:
        school = await open_school(world)
        ids, by = (school.workspace.id, school.ben.id), school.tea.id
        await post(world, school.ann.user, school.general, "missed")

        async def flood(call: Any, *args: Any, **kwargs: Any) -> Any:
            reading.way, finding.way = None, be_out
            texts = [f"{number} {'x' * 4_000}" for number in range(150)]
            await post(world, school.ann.user, school.general, *texts)
            return await call(*args, **kwargs)

        async def be_out(call: Any, *args: Any, **kwargs: Any) -> Any:
            finding.way = None
            await memory_store.workspaces.remove_member(*ids, by=by)
            heads = await call(*args, **kwargs)
            await memory_store.workspaces.add_member(*ids, by=by)
            held.may_go.set()  # the right is back
            return heads

        reading.way, checking.way = flood, held
        socket = (await school.ben.open("/ws/chat")).ignoring("user_presence", "new_message")
        await socket.send({"type": "resume", "after": {str(school.general.id): 0}})
        await socket.receive_type("joined_channel")
        await socket.receive_type("resumed")
        await socket.receive_type("left_channel")


@pytest.mark.parametrize("path", RESUMES)
async def test_a_connection_whose_missed_messages_cannot_be_read_is_closed(
    memory_store: Store, path: str
) -> None:
    """The client must not continue with a gap that it does not know of."""
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


async def test_a_socketio_client_whose_missed_messages_cannot_be_read_is_closed(
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
