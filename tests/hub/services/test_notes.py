"""Notes of a user: sent to the connections of that user alone, live and by a resume."""

from collections.abc import Mapping
from typing import Any

import pytest

from persistence.interface import Store
from persistence.records import StoreUnavailable
from protocol.model import Message
from protocol.revisions import Delete
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.clients.http import Reply
from tests.support.clients.socketio import Peer, enter, token_of
from tests.support.clients.websocket import WebSocket
from tests.support.posting import post, write
from tests.support.quiet import until_quiet
from tests.support.school import School, on_gateway, open_school
from tests.support.stores.intercept import Interception
from tests.support.stores.records import changed
from tests.support.world import Person, World, open_world

PRESENCE = ("user_presence", "user_online_status", "PRESENCE_UPDATE")
LATER = "2100-01-31T12:00:00.000Z"


async def devices(person: Person) -> tuple[dict[str, WebSocket], Peer]:
    """One connection in each dialect."""
    sockets = {path: await person.open(path) for path in ("/ws", "/messagepal", "/ws/chat")}
    sockets["/gateway"] = await on_gateway(person)
    events = await enter(person)
    await until_quiet()
    for socket in sockets.values():
        socket.ignoring(*PRESENCE)
    return sockets, events


async def told(sockets: Mapping[str, WebSocket], events: Peer) -> list[tuple[str, Any]]:
    """The kind of the next frame of each, and the number of the note in it."""
    found: list[tuple[str, Any]] = []
    for socket in sockets.values():
        frame = await socket.receive()
        inner = frame.get("payload", frame.get("d", frame))
        found.append((frame.get("type", frame.get("t")), inner["note"]))
    name, payload = await events.event()
    return [*found, (name, payload["note"])]


def noted(number: int) -> list[tuple[str, int]]:
    names = ("conversation_noted",) * 2, ("channel_noted", "CHANNEL_NOTED", "channel:noted")
    return [(name, number) for some in names for name in some]


def hidden(number: int) -> list[tuple[str, int]]:
    names = ("message_hidden",) * 3, ("MESSAGE_HIDDEN", "message:hidden")
    return [(name, number) for some in names for name in some]


async def test_a_note_is_sent_to_all_connections_of_its_user_and_no_other(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    one, two = await write(world, ann.user, ben.user, "1", "2")
    await world.store.messages.mark_read(ben.id, ann.id)
    anns, bens = await devices(ann), await devices(ben)
    unread = await ben.call("PUT", f"/api/messages/{two.id}/unread")
    expected = {
        "user_id": ann.id, "note": 1, "unread_from": 2, "is_muted": False, "muted_until": None,
    }  # fmt: skip
    assert (unread.status, unread.json) == (200, expected)
    assert await told(*bens) == noted(1)
    shown = await ben.call("PUT", f"/api/messages/{one.id}/hidden")
    assert shown.json == {
        "user_id": ann.id, "note": 2, "message_id": one.id, "seq": 1, "is_hidden": True,
    }  # fmt: skip
    assert await told(*bens) == hidden(2)
    muted = await ben.call("PUT", f"/api/messages/{ann.id}/muted?until={LATER}")
    assert muted.json == {
        **expected, "note": 3, "is_muted": True, "muted_until": LATER,
    }  # fmt: skip
    assert await told(*bens) == noted(3)
    again = await ben.call("PUT", f"/api/messages/{ann.id}/muted?until={LATER}")
    assert again.json["note"] == 3  # no event is sent again
    await ben.call("DELETE", f"/api/messages/{ann.id}/muted")
    assert await told(*bens) == noted(4)
    await ben.call("DELETE", f"/api/messages/{one.id}/hidden")
    assert await told(*bens) == hidden(5)
    await ben.call("PUT", f"/api/messages/{ann.id}/read")  # the watermark does not move
    assert await told(*bens) == noted(6)
    await until_quiet()
    for sockets, events in (anns, bens):
        for socket in (*sockets.values(), events.socket):
            await socket.is_silent()


async def test_notes_are_taken_over_sockets(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    (one,) = await write(world, ann.user, ben.user, "1")
    await world.store.messages.mark_read(ben.id, ann.id)
    sockets, events = await devices(ben)
    place = {"channelId": one.channel_id, "messageId": one.id}
    uuid, channel = to_uuid(IdKind.MESSAGE, one.id), to_uuid(IdKind.CHANNEL, one.channel_id)
    messenger, chat = sockets["/messagepal"], sockets["/ws/chat"]
    number = 0
    for sender, frame, expected in (
        (messenger, {"type": "mark_unread", "messageId": str(one.id)}, noted),
        (messenger, {"type": "hide_message", "messageId": str(one.id)}, hidden),
        (messenger, {"type": "unhide_message", "messageId": str(one.id)}, hidden),
        (messenger, {"type": "mute_conversation", "recipientId": ann.id}, noted),
        (messenger, {"type": "unmute_conversation", "recipientId": ann.id}, noted),
        (messenger, {"type": "mark_read", "messageId": str(one.id)}, noted),
        (chat, {"type": "mark_unread", **place}, noted),
        (chat, {"type": "hide_message", **place}, hidden),
        (chat, {"type": "unhide_message", **place}, hidden),
        (chat, {"type": "mute_channel", "channelId": one.channel_id, "until": LATER}, noted),
        (chat, {"type": "unmute_channel", "channelId": one.channel_id}, noted),
    ):
        number += 1
        await sender.send(frame)
        await until_quiet()
        if frame["type"] == "mark_read":
            assert (await sender.receive())["type"] in {"message_read", "conversation_noted"}
            await until_quiet()
            await sender.past("message_read", "conversation_noted")
            others = {path: each for path, each in sockets.items() if each is not sender}
            assert len(await told(others, events)) == 4
            continue
        assert await told(sockets, events) == expected(number)
    for name, payload, expected in (
        ("message:hide", {"messageId": uuid}, hidden),
        ("message:unhide", {"messageId": uuid}, hidden),
        ("channel:mute", {"channelId": channel}, noted),
        ("channel:unmute", {"channelId": channel}, noted),
    ):
        number += 1
        assert (await events.ask(name, payload))["success"] is True
        assert await told(sockets, events) == expected(number)
    assert (await events.ask("message:unread", {"messageId": uuid}))["success"] is True
    await events.event()  # as it is: it was marked on /ws/chat already


@pytest.mark.parametrize("path", ["/ws", "/messagepal", "/ws/chat", "/gateway"])
async def test_a_resume_sends_the_notes_that_a_device_has_missed(world: World, path: str) -> None:
    ann, ben = await world.people("ann", "ben")
    one, two = await write(world, ann.user, ben.user, "1", "2")
    await world.store.messages.mark_read(ben.id, ann.id)
    notes = world.store.notes
    await notes.hide(ben.id, one.id)  # 1
    await notes.hide(ben.id, two.id)  # 2
    await notes.hide(ben.id, one.id, is_hidden=False)  # 3
    await notes.mark_unread(ben.id, two.id)  # 4
    assert await resumed(ben, path, 0) == ([2, 4], 4, True)
    assert await resumed(ben, path, 1) == ([2, 3, 4], 4, True)
    assert await resumed(ben, path, 4) == ([], 4, True)
    assert await resumed(ben, path, 99) == ([2, 4], 4, True)  # of another log
    assert await resumed(ben, path, None) == ([], None, True)
    assert await resumed(ann, path, 0) == ([], 0, True)


async def resumed(
    person: Person, path: str, number: int | None
) -> tuple[list[int], int | None, bool]:
    """The notes that a resume sends, the number in its marker, and whether it is complete."""
    socket = await (on_gateway(person) if path == "/gateway" else person.open(path))
    asked: dict[str, object] = {"after": {}, "only": True}
    if number is not None:
        asked["notes"] = number
    if path == "/gateway":
        await socket.send({"op": "RESUME", "d": asked})
    else:
        await socket.send({"type": "resume", **asked})
    await until_quiet()
    numbers: list[int] = []
    while True:
        frame = await socket.receive()
        inner = frame.get("payload", frame.get("d", frame))
        if frame.get("type", frame.get("t")) in {"resumed", "RESUMED"}:
            await socket.drop()
            return numbers, inner.get("notes"), inner["complete"]
        if "note" in inner:
            numbers.append(inner["note"])


@pytest.mark.parametrize("number", [-1, 1.5, "1", True, [], 2**53])
async def test_an_invalid_note_number_is_refused(world: World, number: object) -> None:
    ann = await world.person("ann")
    socket = await ann.open("/ws")
    error = await socket.ask({"type": "resume", "notes": number})
    assert (error["type"], error["code"], error["field"]) == ("error", "invalid_field", "notes")


def spelt(school: School, message: Message) -> dict[str, tuple[str, str, Mapping[str, str] | None]]:
    """By dialect: the paths of a message and of its conversation or channel, and the headers."""
    uuid, channel = to_uuid(IdKind.MESSAGE, message.id), to_uuid(IdKind.CHANNEL, message.channel_id)
    pair = f"conv_{school.ann.id}_{school.ben.id}"
    bearer = {"Authorization": f"Bearer {token_of(school.ben)}"}
    return {
        "private": (f"/api/messages/{message.id}", f"/api/messages/{school.ann.id}", None),
        "messenger": (
            f"/api/messagepal/messages/{message.id}", f"/api/messagepal/conversations/{pair}", {},
        ),
        "learning": (f"/api/messages/{message.id}", f"/api/channels/{message.channel_id}", {}),
        "events": (f"/api/messages/{uuid}", f"/api/channels/{channel}", bearer),
    }  # fmt: skip


async def by_ben(
    school: School, headers: Mapping[str, str] | None, method: str, path: str
) -> Reply:
    if headers is None:
        return await school.ben.call(method, path)
    if headers:
        return await school.world.call(method, path, None, headers)
    return await school.ben.ask(method, path)


@pytest.mark.parametrize("dialect", ["private", "messenger", "learning", "events"])
async def test_notes_are_made_over_rest_in_every_dialect(world: World, dialect: str) -> None:
    school = await open_school(world)
    one, two = await write(world, school.ann.user, school.ben.user, "1", "2")
    await world.store.messages.mark_read(school.ben.id, school.ann.id)
    message, place, headers = spelt(school, one)[dialect]
    for number, (method, path) in enumerate(
        (
            ("PUT", f"{message}/unread"),
            ("PUT", f"{message}/hidden"),
            ("DELETE", f"{message}/hidden"),
            ("PUT", f"{place}/muted"),
            ("DELETE", f"{place}/muted"),
        ),
        start=1,
    ):
        reply = await by_ben(school, headers, method, path)
        assert (reply.status, reply.json["note"]) == (200, number), reply.text
    listed = await world.store.notes.of_channels(school.ben.id, [two.channel_id])
    assert listed[two.channel_id].unread_from == 1
    for until in ("2020-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "soon"):
        reply = await by_ben(school, headers, "PUT", f"{place}/muted?until={until}")
        assert (reply.status, reply.json["code"]) == (400, "invalid_field"), reply.text
        assert "until" in reply.text
    assert await world.store.notes.last_number(school.ben.id) == 5


@pytest.mark.parametrize("dialect", ["private", "messenger", "learning", "events"])
async def test_a_message_that_the_user_may_not_see_is_treated_as_missing(
    world: World, dialect: str
) -> None:
    school = await open_school(world)
    (theirs,) = await write(world, school.ann.user, school.tea.user, "1")
    (gone,) = await write(world, school.ann.user, school.ben.user, "2")
    await changed(world.store, gone.id, Delete(), by=school.ann.id)
    missing = spelt(school, theirs)[dialect][0].replace(str(theirs.id), "987654321")
    if dialect == "events":
        missing = f"/api/messages/{to_uuid(IdKind.MESSAGE, 987_654_321)}"
    headers = spelt(school, theirs)[dialect][2]
    answers = {
        (reply.status, reply.text)
        for path in (spelt(school, theirs)[dialect][0], missing)
        for method, what in (("PUT", "unread"), ("PUT", "hidden"), ("DELETE", "hidden"))
        for reply in [await by_ben(school, headers, method, f"{path}/{what}")]
    }
    assert len(answers) == 1
    assert next(iter(answers))[0] == 404
    deleted = await by_ben(school, headers, "PUT", f"{spelt(school, gone)[dialect][0]}/hidden")
    assert deleted.status == 404
    place = spelt(school, theirs)[dialect][1]
    if dialect == "private":
        place = f"/api/messages/{school.tea.id}"  # they never wrote to each other
    if dialect == "messenger":
        pair = sorted((school.ben.id, school.tea.id))
        place = f"/api/messagepal/conversations/conv_{pair[0]}_{pair[1]}"
    reply = await by_ben(school, headers, "PUT", f"{place}/muted")
    assert reply.status in {403, 404}
    assert await world.store.notes.last_number(school.ben.id) == 0


async def test_a_private_dialect_makes_and_shows_no_notes_of_channels(world: World) -> None:
    school = await open_school(world)
    (posted,) = await post(world, school.tea.user, school.general, "x")
    for what in ("unread", "hidden"):
        reply = await school.ben.call("PUT", f"/api/messages/{posted.id}/{what}")
        assert (reply.status, reply.json["code"]) == (404, "message_not_found")
    chat, private = await school.join(school.ben), await school.ben.open("/ws")
    frame = {"type": "hide_message", "channelId": school.dm.id, "messageId": posted.id}
    assert (await chat.ask(frame))["code"] == "message_not_found"
    frame["channelId"] = school.general.id
    assert (await chat.ask(frame))["type"] == "message_hidden"
    await until_quiet()
    await private.is_silent(besides=PRESENCE)


async def _lost(call: Any, *args: Any, **kwargs: Any) -> Any:
    await call(*args, **kwargs)
    raise StoreUnavailable("lost on the way back")


async def test_a_note_whose_result_was_lost_is_sent(store: Store) -> None:
    """Although it is not repeated, and the next note is one that the dialect does not send."""
    hiding = Interception("notes", "hide", _lost)
    settling = Interception("notes", "latest", _lost)
    async with open_world(settling.over(hiding.over(store))) as world:
        school = await open_school(world)
        (one,) = await write(world, school.ann.user, school.ben.user, "1")
        private = await school.ben.open("/ws")
        assert (await school.ben.call("PUT", f"/api/messages/{one.id}/hidden")).status == 503
        hiding.way = None
        (posted,) = await post(world, school.tea.user, school.general, "x")
        chat = await school.join(school.ben)
        chat.ignoring(*PRESENCE, "message_hidden")
        await chat.send(
            {"type": "hide_message", "channelId": school.general.id, "messageId": posted.id}
        )
        settling.way = None
        assert (await private.receive_type("message_hidden"))["note"] == 1


async def test_the_end_of_an_unread_mark_is_sent_although_its_result_was_lost(store: Store) -> None:
    reading = Interception("messages", "mark_read")
    async with open_world(reading.over(store)) as world:
        ann, ben = await world.people("ann", "ben")
        (one,) = await write(world, ann.user, ben.user, "1")
        await world.store.messages.mark_read(ben.id, ann.id)
        await world.store.notes.mark_unread(ben.id, one.id)
        socket = await ben.open("/ws")
        reading.way = _lost
        assert (await ben.call("PUT", f"/api/messages/{ann.id}/read")).status == 503
        reading.way = None
        told = await socket.receive_type("conversation_noted")
        assert (told["note"], told["unread_from"]) == (2, None)


async def test_lists_show_the_notes(world: World) -> None:
    school = await open_school(world)
    one, _ = await write(world, school.ann.user, school.ben.user, "1", "2")
    await post(world, school.tea.user, school.general, "x")
    ben, notes = school.ben, world.store.notes
    await world.store.messages.mark_read(ben.id, school.ann.id)
    await notes.mark_unread(ben.id, one.id)
    assert (await ben.call("GET", "/api/messages/unread-count")).json == {"count": 2}
    for path in ("muted",):
        await ben.call("PUT", f"/api/messages/{school.ann.id}/{path}")
    await ben.ask("PUT", f"/api/channels/{school.general.id}/muted?until={LATER}")
    assert (await ben.call("GET", "/api/messages/unread-count")).json == {"count": 0}
    counted = await ben.ask("GET", f"/api/messagepal/users/{ben.id}/unread-count")
    assert counted.json == {"unreadCount": 0}
    (private,) = (await ben.call("GET", "/api/messages/conversations")).json
    assert (private["unread_from"], private["is_muted"], private["unread_count"]) == (1, True, 2)
    (messenger,) = (await ben.ask("GET", "/api/messagepal/conversations")).json
    assert (messenger["unreadFrom"], messenger["isMuted"]) == (1, True)
    (general,) = (await ben.ask("GET", "/api/users/me/channels")).json
    assert (general["isMuted"], general["mutedUntil"], general["unreadCount"]) == (True, LATER, 1)
    chat = {each["id"]: each for each in (await ben.ask("GET", "/api/chat/conversations")).json}
    assert chat[str(school.general.id)]["mutedUntil"] == LATER
    assert chat[str(school.dm.id)]["unreadFrom"] == 1


async def test_notes_are_rate_limited(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    (one,) = await write(world, ann.user, ben.user, "1")
    socket = await ben.open("/messagepal")
    for number in range(300):
        kind = "unhide_message" if number % 2 else "hide_message"
        await socket.send({"type": kind, "messageId": str(one.id)})
        assert (await socket.receive())["type"] == "message_hidden"
    await socket.send({"type": "hide_message", "messageId": str(one.id)})
    assert (await socket.receive())["code"] == "rate_limited"
