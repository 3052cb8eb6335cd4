"""Pins and grades, as sockets show them. The rest of moderation is done over REST: see
tests/hub/rest/routes/learning_chat/test_messages.py.
"""

from protocol.model import GradingStatus, MessageId
from protocol.revisions import Grade
from tests.support.clients.socketio import channel_of, enter
from tests.support.posting import post
from tests.support.school import School, on_gateway, open_school
from tests.support.stores.records import changed
from tests.support.world import World


async def posted(school: School) -> int:
    await post(school.world, school.ann.user, school.general, "x")
    return int(await school.world.store.messages.last_id())


def state(change: str, school: School, **more: object) -> dict[str, object]:
    return {
        "change": change, "userId": school.tea.id, "content": "x", "editedAt": None,
        "isDeleted": False, "isPinned": False, "reactions": [], **more,
    }  # fmt: skip


async def test_a_pin_over_a_socket_or_rest_is_sent_to_joined_connections(world: World) -> None:
    school = await open_school(world)
    message, second = await posted(school), await posted(school)
    teas, anns = await school.join(school.tea), await school.join(school.ann)
    await teas.receive_type("user_presence")
    bens = await school.ben.open("/ws/chat")
    channel = school.general.id
    told = {
        "type": "message_pinned",
        "channelId": channel,
        "pinnedBy": {"userId": school.tea.id, "displayName": "Tea"},
        **state("pinned", school, isPinned=True),
    }
    await teas.send({"type": "pin_message", "channelId": channel, "messageId": message})
    for socket in (teas, anns):
        assert await socket.receive() == {**told, "messageId": message, "rev": 1, "seq": 1}
    pinned = await school.tea.ask("POST", f"/api/channels/{channel}/pin/{second}")
    assert pinned.json["pinnedMessages"] == [message, second]
    for socket in (teas, anns):
        assert await socket.receive() == {**told, "messageId": second, "rev": 2, "seq": 2}
    await school.tea.ask("DELETE", f"/api/channels/{channel}/pin/{second}")
    by = {"unpinnedBy": told["pinnedBy"], "channelId": channel, "rev": 3, "seq": 2}
    by |= state("unpinned", school)
    for socket in (teas, anns):
        assert await socket.receive() == {"type": "message_unpinned", "messageId": second, **by}
    for socket in (teas, anns, bens):
        await socket.is_silent()


async def test_a_grade_is_sent_to_joined_connections(world: World) -> None:
    school = await open_school(world)
    message = await posted(school)
    anns, outside = await school.join(school.ann), await school.ben.open("/ws/chat")
    path = f"/api/messages/{message}/grade"
    assert (await school.ann.ask("POST", path, {"status": "graded"})).status == 401
    assert (await school.tea.ask("POST", path, {"status": "graded"})).status == 200
    assert await anns.receive() == {
        "type": "message_graded", "messageId": message, "gradingStatus": "graded",
        "gradedBy": {"userId": school.tea.id, "displayName": "Tea"},
        "channelId": school.general.id, "rev": 1, "seq": 1, **state("graded", school),
    }  # fmt: skip
    for socket in (anns, outside):
        await socket.is_silent()


async def test_a_resume_sends_a_missed_grade_in_every_dialect_with_channels(world: World) -> None:
    school = await open_school(world)
    message = MessageId(await posted(school))
    await changed(world.store, message, Grade(GradingStatus.GRADED), by=school.tea.id)
    channel = str(school.general.id)
    chat = await school.ann.open("/ws/chat")
    await chat.send({"type": "resume", "after": {channel: 1}, "revs": {channel: 0}})
    await chat.receive_type("joined_channel")
    missed = await chat.receive_type("message_updated")
    gateway = await on_gateway(school.ann)
    await gateway.send({"op": "RESUME", "d": {"after": {channel: 1}, "revs": {channel: 0}}})
    event = await gateway.receive()
    peer = await enter(school.ann)
    place = channel_of(school)
    await peer.ask("resume", {"after": {place: 1}, "revs": {place: 0}})
    name, told = await peer.event()
    while name != "message:updated":
        name, told = await peer.event()
    found = [missed, event["d"], told]
    assert [(each["change"], each["gradingStatus"]) for each in found] == [("missed", "graded")] * 3
    (shown,) = (await peer.ask("messages:get", channel_of(school)))["messages"]
    assert shown["gradingStatus"] == "graded"
    for socket in (chat, gateway, peer.socket):
        await socket.everything()


async def test_a_refused_pin_gets_an_error_with_the_reason(world: World) -> None:
    school = await open_school(world)
    message = await posted(school)
    teas, anns = await school.tea.open("/ws/chat"), await school.join(school.ann)
    frame = {"type": "pin_message", "channelId": school.general.id, "messageId": message}
    await anns.send(frame)
    assert await anns.receive() == {
        "type": "error", "message": "Only teachers can pin messages.", "code": "staff_only",
    }  # fmt: skip
    await teas.send({**frame, "messageId": 987_654})
    assert (await teas.receive())["code"] == "message_not_found"
    await teas.send({**frame, "channelId": school.dm.id})
    assert (await teas.receive())["code"] == "message_not_found"
    await teas.send({**frame, "channelId": 987_654})
    assert (await teas.receive())["code"] == "message_not_found"
    await anns.is_silent()
    pinned = await school.ann.ask("GET", f"/api/channels/{school.general.id}/pinned")
    assert pinned.json == []
