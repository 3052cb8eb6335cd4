"""A resume with positions of another log: messages that were sent live before are sent again."""

import pytest

from protocol.dialects.messenger.conversations import conversation_id
from tests.support.clients.socketio import channel_of, enter
from tests.support.clients.websocket import kind_of_frame
from tests.support.posting import post, write
from tests.support.school import open_school
from tests.support.world import GREETINGS, RESUMES, World


@pytest.mark.parametrize("path", RESUMES)
@pytest.mark.parametrize("is_other_log", [False, True])
async def test_after_a_reset_live_messages_are_sent_again_in_every_dialect(
    timed_world: World, path: str, *, is_other_log: bool
) -> None:
    """Messages that an earlier resume sent are sent again too, once in each reset."""
    resume, kind, end = RESUMES[path]
    school = await open_school(timed_world)
    is_private = path in {"/ws", "/messagepal"}

    async def said(text: str) -> None:
        if is_private:
            await write(timed_world, school.ann.user, school.ben.user, text)
        else:
            await post(timed_world, school.ann.user, school.general, text)

    keys = {
        "/ws": str(school.ann.id),
        "/messagepal": conversation_id(school.ben.id, school.ann.id),
    }
    await said("1")
    place = keys.get(path, str(school.general.id))
    socket = await school.ben.connect(f"{path}?resume")
    if path == "/gateway":
        await socket.send({"op": "IDENTIFY", "d": {"userId": school.ben.id}})
    await socket.receive_type(GREETINGS[path] or "READY")

    async def told(asked: dict[str, object]) -> int:
        is_gateway = path == "/gateway"
        await socket.send({"op": "RESUME", "d": asked} if is_gateway else {**resume, **asked})
        count = 0
        while (type_of := kind_of_frame(await socket.receive_text())) != end:
            count += type_of == kind
        return count

    assert await told({"after": {place: 1}}) == 0
    await said("2")
    await socket.receive_type(kind)
    false: dict[str, object] = {"after": {place: 2}, "revs": {place: 9}}
    if is_other_log:
        false = {"after": {place: 2}, "epoch": "another"}
    assert [await told(false), await told(false), await told({"after": {place: 0}})] == [2, 2, 0]
    await said("3")
    await socket.receive_type(kind)
    await socket.is_silent()


@pytest.mark.parametrize("false", [{"revs": 9}, {"epoch": "another"}])
async def test_after_a_reset_live_messages_are_sent_again_over_socketio(
    timed_world: World, false: dict[str, object]
) -> None:
    school = await open_school(timed_world)
    peer, place = await enter(school.ben), channel_of(school)
    await peer.ask("room:join", place)
    await post(timed_world, school.ann.user, school.general, "1")
    assert (await peer.event())[0] == "message:new"
    told = {name: {place: value} if name == "revs" else value for name, value in false.items()}
    for _ in range(2):
        await peer.ask("resume", {"after": {place: 1}, **told})
        assert (await peer.event())[1]["content"] == "1"
        name, marker = await peer.event()
        assert (name, marker["reset"]) == ("resumed", True)
    await peer.socket.is_silent()
