"""Commands over sockets that change messages: the frames that are sent, and concurrent changes."""

from collections.abc import Mapping

import pytest
import trio

from protocol.model import Message
from protocol.revisions import Delete, Edit, React
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.clients.socketio import channel_of, enter
from tests.support.clients.websocket import WebSocket
from tests.support.posting import post, write
from tests.support.quiet import until_quiet
from tests.support.school import open_school
from tests.support.stores.records import changed, revised
from tests.support.world import Person, World

HEART = "❤\ufe0f"


async def of_both(world: World) -> tuple[Person, Person, Message]:
    ann, ben = await world.person("ann"), await world.person("ben")
    (posted,) = await write(world, ann.user, ben.user, "helo")
    return ann, ben, posted


def frame(path: str, kind: str, message: Message, **more: object) -> dict[str, object]:
    match path:
        case "/ws":
            return {"type": kind, "message_id": message.id, **more}
        case "/messagepal":
            return {"type": kind, "messageId": str(message.id), **more}
        case _:
            place = {"channelId": message.channel_id, "messageId": message.id}
            return {"type": kind, **place, **more}


async def told(socket: WebSocket) -> tuple[str, object]:
    """The kind of the next frame, and the rev or the code that it carries."""
    received = await socket.receive()
    inner = received.get("payload", received.get("message"))
    state: Mapping[str, object] = inner if isinstance(inner, dict) else received
    return received["type"], state.get("rev", received.get("code"))


@pytest.mark.parametrize("path", ["/ws", "/messagepal", "/ws/chat"])
async def test_messages_are_changed_over_a_socket(world: World, path: str) -> None:
    ann, ben, posted = await of_both(world)
    anns, bens = await ann.open(path), await ben.open(path)
    if path == "/ws/chat":
        for socket in (anns, bens):
            await socket.send({"type": "join_channel", "channelId": posted.channel_id})
            await socket.receive_type("joined_channel")
        await until_quiet()
        for socket in (anns, bens):
            await socket.past("user_presence")
    for sender, kind, more, expected in (
        (anns, "edit_message", {"content": "hello"}, "message_updated"),
        (bens, "react", {"emoji": "❤"}, "message_reaction"),
        (bens, "remove_reaction", {"emoji": HEART}, "message_reaction"),
        (anns, "delete_message", {}, "message_deleted"),
    ):
        await sender.send(frame(path, kind, posted, **more))
        assert [(await told(socket))[0] for socket in (anns, bens)] == [expected] * 2
    for kind, more, code in (
        ("edit_message", {"content": "x"}, "message_not_found"),
        ("edit_message", {"content": "x" * 4_001}, "content_too_long"),
        ("edit_message", {"content": "x\0"}, "content_invalid"),
        ("react", {"emoji": "no"}, "no_emoji"),
        ("react", {"emoji": "👍👍"}, "no_emoji"),
        ("remove_reaction", {"emoji": ""}, "no_emoji"),
    ):
        await anns.send(frame(path, kind, posted, **more))
        assert await told(anns) == ("error", code)
    await bens.is_silent()


WRONG: tuple[tuple[str, dict[str, object], str], ...] = (
    ("edit_message", {"content": ""}, "content_empty"),
    ("edit_message", {"content": "  \n"}, "content_empty"),
    ("edit_message", {"content": 5}, "invalid_field"),
    ("edit_message", {}, "invalid_field"),
    ("react", {"emoji": 5}, "invalid_field"),
    ("react", {"emoji": "5"}, "no_emoji"),
    ("react", {"emoji": ""}, "no_emoji"),
    ("delete_message", {"key": ""}, "invalid_field"),
    ("delete_message", {"key": 5}, "invalid_field"),
    ("delete_message", {"key": "k" * 256}, "invalid_field"),
)
"""What is wrong with a command, and the error code for it in every dialect."""


async def test_the_same_fault_has_the_same_code_in_every_dialect(world: World) -> None:
    ann, ben, posted = await of_both(world)
    del ben
    keys = {"/ws": "client_id", "/messagepal": "clientMessageId", "/ws/chat": "clientMessageId"}
    for path, key in keys.items():
        socket = await ann.open(path)
        for kind, more, code in WRONG:
            named = {key if name == "key" else name: value for name, value in more.items()}
            await socket.send(frame(path, kind, posted, **named))
            assert await told(socket) == ("error", code), (path, kind, more)
    peer = await enter(ann)
    events = {
        "edit_message": "message:update", "react": "message:react",
        "delete_message": "message:delete",
    }  # fmt: skip
    message = {"messageId": to_uuid(IdKind.MESSAGE, posted.id)}
    for kind, more, code in WRONG:
        named = {"tempId" if name == "key" else name: value for name, value in more.items()}
        answer = await peer.ask(events[kind], {**message, **named})
        assert answer["code"] == code, (kind, more)
    await peer.socket.everything()
    for call, dialect in ((ann.call, "private_messages"), (ann.ask, "learning_platform")):
        path = f"/{dialect}/api/messages/{posted.id}"
        for kind, more, code in WRONG:
            if kind == "edit_message":
                assert (await call("PATCH", path, more)).json["code"] == code, (path, more)
        keyed = await call("DELETE", path, None, {"Idempotency-Key": ""})
        assert (keyed.status, keyed.json["code"]) == (400, "invalid_field")
    found = await world.store.messages.get(posted.id)
    assert found is not None
    assert (found.content, found.rev) == ("helo", 0)


@pytest.mark.parametrize("path", ["/ws", "/messagepal"])
async def test_a_private_dialect_changes_no_message_of_a_channel(world: World, path: str) -> None:
    school = await open_school(world)
    (posted,) = await post(world, school.ann.user, school.general, "secret")
    socket = await school.ann.open(path)
    await socket.send(frame(path, "edit_message", posted, content="x"))
    assert await told(socket) == ("error", "message_not_found")
    found = await world.store.messages.get(posted.id)
    assert found is not None
    assert found.content == "secret"


async def test_a_repeated_edit_is_shown_only_to_the_connection_that_repeats_it(
    world: World,
) -> None:
    ann, ben, posted = await of_both(world)
    anns, bens = await ann.open(), await ben.open()
    edit = frame("/ws", "edit_message", posted, content="hello", client_id="k")
    await anns.send(edit)
    assert [await told(anns), await told(bens)] == [("message_updated", 1)] * 2
    await anns.send(edit)
    assert await told(anns) == ("message_updated", 1)
    await anns.send(edit | {"content": "other"})
    refusal = await anns.receive()
    assert (refusal["code"], refusal["client_id"]) == ("key_conflict", "k")
    await bens.is_silent()


@pytest.mark.parametrize("path", ["/ws", "/messagepal", "/ws/chat"])
async def test_a_command_that_changes_nothing_leads_to_the_frame_of_the_command(
    world: World, path: str
) -> None:
    """Without a rev while the message has none; `message_deleted` if it was deleted meanwhile."""
    ann, ben, posted = await of_both(world)
    anns, bens = await ann.open(path), await ben.open(path)
    for kind, more, expected in (
        ("remove_reaction", {"emoji": HEART}, ("message_reaction", "reaction_removed")),
        ("edit_message", {"content": "helo", "client_id": "k"}, ("message_updated", "edited")),
    ):
        await anns.send(frame(path, kind, posted, **more))
        received = await anns.receive()
        shown = received.get("payload", received)
        assert (received["type"], shown["change"]) == expected
        assert "rev" not in shown.get("message", shown)
        assert shown.get("user_id", shown.get("userId")) == ann.id
    edit = frame(path, "edit_message", posted, content="x", client_id="d", clientMessageId="d")
    await revised(world.store, posted.id, Edit("x"), by=ann.id, key="d")
    await changed(world.store, posted.id, Delete(), by=ann.id)
    await anns.send(edit)
    # The command makes the hub notice the changes that it did not see; the asker gets the answer
    # after them. On /ws/chat neither has joined the conversation.
    for socket in (anns,) if path == "/ws/chat" else (bens, anns, anns):
        received = await socket.receive()
        shown = received.get("payload", received)
        assert (received["type"], shown["change"]) == ("message_deleted", "deleted")
    await bens.is_silent()


async def test_a_command_that_changes_nothing_leads_to_its_event_over_socketio(
    world: World,
) -> None:
    school = await open_school(world)
    (posted,) = await post(world, school.ann.user, school.general, "helo")
    peer, other = await enter(school.ann), await enter(school.ben)
    for each in (peer, other):
        await each.ask("room:join", channel_of(school))
    named = {"messageId": to_uuid(IdKind.MESSAGE, posted.id)}
    await peer.emit("message:unreact", {**named, "emoji": HEART})
    name, told = await peer.event()
    assert (name, told["change"], told["emoji"], told["content"]) == (
        "message:reaction", "reaction_removed", HEART, "helo",
    )  # fmt: skip
    assert "rev" not in told
    await other.socket.is_silent()


async def test_a_socketio_acknowledgement_contains_the_changed_message(world: World) -> None:
    school = await open_school(world)
    (posted,) = await post(world, school.ann.user, school.general, "helo")
    peer = await enter(school.ann)
    await peer.ask("room:join", channel_of(school))
    named = {"messageId": to_uuid(IdKind.MESSAGE, posted.id)}
    for event, more, content in (
        ("message:update", {"content": "hello", "tempId": "k"}, "hello"),
        ("message:react", {"emoji": "❤"}, "hello"),
        ("message:unreact", {"emoji": "❤"}, "hello"),
        ("message:delete", {}, ""),
    ):
        answer = await peer.ask(event, {**named, **more})
        assert (answer["success"], answer["content"]) == (True, content), answer
        assert answer["data"]["id"] == named["messageId"]
    for event, more, code in (
        ("message:update", {"content": "x"}, "message_not_found"),
        ("message:update", {"content": "x" * 2_001}, "content_too_long"),
        ("message:react", {"emoji": "no"}, "no_emoji"),
    ):
        answer = await peer.ask(event, {**named, **more})
        assert (answer["success"], answer["code"]) == (False, code)
    await peer.socket.everything()


async def states(socket: WebSocket, count: int) -> list[tuple[int, str]]:
    found = [(await socket.receive())["message"] for _ in range(count)]
    return [(message["rev"], message["content"]) for message in found]


async def test_of_two_concurrent_edits_every_client_ends_with_the_later_one(world: World) -> None:
    ann, ben, posted = await of_both(world)
    sockets = [await person.open() for person in (ann, ann, ben)]
    async with trio.open_nursery() as nursery:
        for socket, content in zip(sockets, ("one", "two"), strict=False):
            edit = frame("/ws", "edit_message", posted, content=content)
            nursery.start_soon(socket.send, edit)
    seen = [await states(socket, 2) for socket in sockets]
    assert seen == [seen[0]] * 3
    assert [rev for rev, _ in seen[0]] == [1, 2]
    found = await world.store.messages.get(posted.id)
    assert found is not None
    assert found.content == seen[0][-1][1]


async def test_a_concurrent_edit_and_deletion_leave_a_message_without_content(world: World) -> None:
    ann, ben, posted = await of_both(world)
    one, other, bens = [await person.open() for person in (ann, ann, ben)]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(one.send, frame("/ws", "edit_message", posted, content="secret"))
        nursery.start_soon(other.send, frame("/ws", "delete_message", posted))
    await until_quiet()
    *_, last = [message for message in await bens.everything() if "message_deleted" in str(message)]
    assert "secret" not in str(last)
    found = await world.store.messages.get(posted.id, even_deleted=True)
    assert found is not None
    assert (found.content, found.is_deleted) == ("", True)
    await one.everything()
    await other.everything()


async def test_a_read_mark_takes_effect_beside_a_concurrent_deletion(world: World) -> None:
    ann, ben, first = await of_both(world)
    await write(world, ben.user, ann.user, "an answer, so that it is no request")
    (posted,) = await write(world, ann.user, ben.user, "secret")
    anns, bens = await ann.open(), await ben.open("/messagepal")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(anns.send, frame("/ws", "delete_message", posted))
        nursery.start_soon(bens.send, {"type": "mark_read", "messageId": str(posted.id)})
    await until_quiet()
    assert await world.store.messages.get(posted.id) is None
    assert await world.store.lists.unread_count(ben.id) == 0
    found = await world.store.messages.get(first.id, viewer=ann.id)
    assert found is not None
    assert found.is_read
    await anns.everything()
    await bens.everything()


async def test_a_resume_does_not_send_the_content_of_a_deleted_message(world: World) -> None:
    ann, ben, posted = await of_both(world)
    await changed(world.store, posted.id, React(HEART), by=ben.id)
    anns = await ann.open()
    await anns.send(frame("/ws", "edit_message", posted, content="secret"))
    await anns.send(frame("/ws", "delete_message", posted))
    await anns.receive_type("message_updated")
    await anns.receive_type("message_deleted")
    bens = await ben.open()
    peer = str(ann.id)
    await bens.send({"type": "resume", "after": {peer: 1}, "revs": {peer: 0}})
    message = (await bens.receive_type("message_deleted"))["message"]
    assert (message["content"], message["reactions"], message["rev"]) == ("", [], 3)
    await bens.everything()
