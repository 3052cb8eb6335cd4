"""How far a user has read, and which users get receipts, in every dialect (docs/delivery.md)."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import pytest
from attrs import evolve, frozen

from persistence.interface import Store
from protocol.dialects.messenger.conversations import conversation_id
from protocol.revisions import Delete
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.clients.socketio import Peer, channel_of, enter
from tests.support.clients.websocket import WebSocket
from tests.support.posting import post, say, write
from tests.support.quiet import until_quiet
from tests.support.school import School, open_school
from tests.support.stores.held import Held
from tests.support.stores.records import revised
from tests.support.world import Person, World, open_world


async def test_reading_history_marks_messages_read_and_sends_a_receipt(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    await world.store.relations.request_follow(ben.id, ann.id)
    await say(ann, ben, "one")
    await say(ann, ben, "two")
    anns = await ann.open()
    assert (await ben.call("GET", "/api/messages/unread-count")).json == {"count": 2}
    await ben.call("GET", f"/api/messages/{ann.id}")
    assert await anns.receive_type("messages_read") == {
        "type": "messages_read",
        "reader_id": ben.id,
        "sender_id": ann.id,
        "seq": 2,
    }
    assert (await ben.call("GET", "/api/messages/unread-count")).json == {"count": 0}
    seen = (await ann.call("GET", f"/api/messages/{ben.id}")).json
    assert [message["is_read"] for message in seen] == [True, True]
    await anns.receive_type("messages_read")  # now Ann is the reader


async def test_marking_read_moves_only_forward_and_sends_one_receipt(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    await world.store.relations.request_follow(ben.id, ann.id)
    await say(ann, ben, "one")
    anns = await ann.open()
    for _ in range(3):
        reply = await ben.call("PUT", f"/api/messages/{ann.id}/read")
        assert (reply.status, reply.json) == (200, {"status": "success"})
    await say(ann, ben, "two")
    await ben.call("PUT", f"/api/messages/{ann.id}/read")
    assert (await anns.receive())["seq"] == 1
    assert (await anns.receive())["type"] == "private_message"
    assert (await anns.receive())["seq"] == 2


PRESENCE = ("user_online_status", "user_presence", "private_message", "message_received")


@frozen
class Devices:
    """One connection of a person in each dialect, which show receipts alone."""

    private: WebSocket
    messenger: WebSocket
    chat: WebSocket
    events: Peer

    def all(self) -> tuple[WebSocket, ...]:
        return self.private, self.messenger, self.chat, self.events.socket


async def devices(school: School, person: Person) -> Devices:
    """The devices of a person; ann and ben have joined their dm."""
    is_in = person in (school.ann, school.ben)
    chat = await (school.join(person, school.dm) if is_in else person.open("/ws/chat"))
    return Devices(
        (await person.open()).ignoring(*PRESENCE),
        (await person.open("/messagepal")).ignoring(*PRESENCE),
        chat.ignoring(*PRESENCE, "new_message"),
        (await enter(person)).ignoring("message:new"),
    )


Mark: TypeAlias = Callable[[School, Devices, int], Awaitable[WebSocket | None]]
"""ben marks a message read; returns the connection that did, which gets no receipt of it."""


async def on_chat(school: School, bens: Devices, message: int) -> WebSocket | None:
    frame = {"type": "mark_read", "channelId": school.dm.id, "messageId": message}
    await bens.chat.send(frame)
    return bens.chat


async def on_messenger(school: School, bens: Devices, message: int) -> WebSocket | None:
    """Here the connection itself gets a receipt, for the message that it named."""
    await bens.messenger.send({"type": "mark_read", "messageId": str(message)})
    told = await bens.messenger.receive_type("message_read")
    assert told["payload"]["messageId"] == str(message)
    return bens.messenger


async def on_socketio(school: School, bens: Devices, message: int) -> WebSocket | None:
    uuid = to_uuid(IdKind.MESSAGE, message)
    assert (await bens.events.ask("message:read", {"messageId": uuid}))["success"] is True
    return None


async def over_rest(school: School, bens: Devices, message: int) -> WebSocket | None:
    reply = await school.ben.call("PUT", f"/api/messages/{school.ann.id}/read")
    assert reply.status == 200
    return None


@pytest.mark.parametrize("mark", [on_chat, on_messenger, on_socketio, over_rest])
async def test_a_receipt_of_a_private_message_is_sent_to_both_participants_only(
    world: World, mark: Mark
) -> None:
    school = await open_school(world)
    anns, bens = await devices(school, school.ann), await devices(school, school.ben)
    await devices(school, school.tea)  # gets nothing: an unread frame fails the test
    await write(world, school.ann.user, school.ben.user, "one", "two")
    newest = await world.store.messages.last_id()
    besides = await mark(school, bens, newest)
    for person in (anns, bens):
        read = await person.private.receive_type("messages_read")
        assert (read["reader_id"], read["sender_id"], read["seq"]) == (
            school.ben.id, school.ann.id, 2,
        )  # fmt: skip
        for _ in range(2):
            if person.messenger is not besides:
                told = await person.messenger.receive_type("message_read")
                assert told["payload"]["readBy"] == school.ben.id
            if person.chat is not besides:
                assert (await person.chat.receive_type("message_read"))["userId"] == school.ben.id
    told = [anns.events] * 2 + ([] if mark is on_socketio else [bens.events])
    for events in told:
        name, seen = await events.event()
        assert (name, seen["userId"]) == ("message:read", to_uuid(IdKind.USER, school.ben.id))
        if events is bens.events:
            assert seen["messageId"] == to_uuid(IdKind.MESSAGE, newest)
    for device in (*anns.all(), *bens.all()):
        await device.is_silent()
    assert await mark(school, bens, newest) is besides  # again: nothing moves, no event is sent


async def test_the_readers_other_connections_get_receipts_of_a_channel(world: World) -> None:
    """In every dialect with channels, joined or not; the author's /ws/chat gets none."""
    school = await open_school(world)
    reading, joined = await school.join(school.ben), await school.join(school.ben)
    outside, gateway = await school.ben.open("/ws/chat"), await school.ben.open("/gateway")
    await gateway.send({"op": "IDENTIFY", "d": {"userId": school.ben.id}})
    events, others = await enter(school.ben), await school.ann.open("/ws/chat")
    for socket in (reading, joined, outside, gateway):
        socket.ignoring("new_message", "user_presence", "MESSAGE_CREATE", "READY")
        socket.ignoring("PRESENCE_UPDATE")
    await post(world, school.ann.user, school.general, "one", "two")
    newest = await world.store.messages.last_id()
    frame = {"type": "mark_read", "channelId": school.general.id, "messageId": newest}
    await reading.send(frame)
    read = {"messageId": newest, "channelId": school.general.id, "userId": school.ben.id}
    assert [(await joined.receive())["messageId"] for _ in range(2)] == [newest - 1, newest]
    assert await outside.receive() == {"type": "message_read", **read}
    assert await gateway.receive() == {"t": "MESSAGE_READ", "d": read}
    name, seen = await events.event()
    assert (name, seen["messageId"]) == ("message:read", to_uuid(IdKind.MESSAGE, newest))
    await reading.send(frame)  # again: nothing moves
    for socket in (reading, joined, outside, gateway, events.socket, others):
        await socket.is_silent()


async def by_patch(school: School, bens: Devices, message: int) -> WebSocket | None:
    conversation = conversation_id(school.ann.id, school.ben.id)
    body = {"conversationId": conversation, "userId": school.ben.id}
    reply = await school.ben.ask("PATCH", f"/api/messagepal/messages/{message}/read", body)
    assert (reply.status, reply.json) == (200, {"success": True})
    return None


async def by_post(school: School, bens: Devices, message: int) -> WebSocket | None:
    reply = await school.ben.ask("POST", f"/api/messages/{message}/read")
    assert (reply.status, reply.json["content"]) == (200, "")
    return None


@pytest.mark.parametrize("mark", [on_chat, on_messenger, on_socketio, over_rest, by_patch, by_post])
async def test_a_deleted_message_can_still_be_marked_read(world: World, mark: Mark) -> None:
    school = await open_school(world)
    bens = await devices(school, school.ben)
    for device in bens.all():
        if mark is not on_messenger or device is not bens.messenger:
            device.ignoring("messages_read", "message_read", "message:read")
    await write(world, school.ann.user, school.ben.user, "one", "two", "three")
    newest = await world.store.messages.last_id()
    await revised(world.store, newest, Delete(), by=school.ann.id)
    assert await world.store.lists.unread_count(school.ben.id) == 2
    await mark(school, bens, newest)
    await until_quiet()
    assert await world.store.lists.unread_count(school.ben.id) == 0


async def test_an_author_gets_a_receipt_for_each_of_many_messages_read_at_once(
    world: World,
) -> None:
    school = await open_school(world)
    anns = (await school.ann.open("/messagepal")).ignoring("message_received")
    await write(world, school.ann.user, school.ben.user, *map(str, range(130)))
    await school.ben.call("PUT", f"/api/messages/{school.ann.id}/read")
    for _ in range(130):
        await anns.receive_type("message_read")


async def test_in_a_channel_each_author_gets_receipts_of_their_own_messages(world: World) -> None:
    school = await open_school(world)
    anns, teas, reader = await enter(school.ann), await enter(school.tea), await enter(school.ben)
    made: list[str] = []
    for person in (school.ann, school.tea, school.ann):
        await post(world, person.user, school.general, "x")
        made.append(to_uuid(IdKind.MESSAGE, await world.store.messages.last_id()))
    for name in ("message:delivered", "message:read"):
        assert (await reader.ask(name, {"messageId": made[-1]}))["success"] is True
        for author, messages in ((anns, made[::2]), (teas, made[1:2])):
            for message in messages:
                event, seen = await author.event()
                assert (event, seen["messageId"]) == (name, message)
                assert seen["userId"] == to_uuid(IdKind.USER, school.ben.id)
                assert seen["channelId"] == channel_of(school)


async def test_a_delivery_receipt_is_sent_to_the_author_on_chat_and_over_socketio(
    world: World,
) -> None:
    school = await open_school(world)
    anns, bens = await school.join(school.ann), await school.join(school.ben)
    teas, events = await school.join(school.tea), await enter(school.ann)
    await post(world, school.ann.user, school.general, "x")
    message = await world.store.messages.last_id()
    for socket in (anns, bens, teas):
        socket.ignoring("user_presence")
        await socket.receive_type("new_message")
    frame = {"type": "mark_delivered", "channelId": school.general.id, "messageId": message}
    await bens.send(frame)
    assert await anns.receive_type("message_delivered") == {
        "type": "message_delivered", "channelId": school.general.id, "messageId": message,
        "userId": school.ben.id,
    }  # fmt: skip
    assert (await events.event())[0] == "message:delivered"
    await bens.send(frame)  # again: nothing moves
    for socket in (anns, bens, teas):
        await socket.is_silent()


async def test_a_connection_that_has_not_joined_a_channel_cannot_mark_it_read(world: World) -> None:
    school = await open_school(world)
    bens, anns = await school.ben.open("/ws/chat"), await school.join(school.ann)
    await post(world, school.ann.user, school.general, "x")
    message = (await anns.receive_type("new_message"))["message"]["id"]
    await bens.send({
        "type": "mark_read", "channelId": school.general.id, "messageId": message,
    })  # fmt: skip
    await bens.is_silent()
    await anns.is_silent()
    unread = await school.ben.ask("GET", f"/api/channels/{school.general.id}/unread")
    assert unread.json == {"unreadCount": 1}


async def test_a_receipt_that_was_overtaken_does_not_go_back(memory_store: Store) -> None:
    """Two devices of one person move the watermark; the store's first result arrives last."""
    messages = Held(memory_store.messages, ("mark_delivered_up_to",), answered=True)
    async with open_world(evolve(memory_store, messages=messages)) as world:
        ann, ben = await world.people("ann", "ben")
        await world.store.relations.request_follow(ben.id, ann.id)
        first, second = [(await say(ann, ben, content))["id"] for content in ("one", "two")]
        anns = (await ann.open()).ignoring("user_online_status")
        phone, laptop = await ben.open(), await ben.open()
        await phone.send({"type": "mark_delivered", "message_id": first})
        await messages.asked.wait()
        messages.methods = ()
        await laptop.send({"type": "mark_delivered", "message_id": second})
        overtaking = await anns.receive_type("messages_delivered")
        messages.go_on.set()
        overtaken = await anns.receive_type("messages_delivered")
        assert (overtaking["seq"], overtaken["seq"]) == (2, 2)
