"""Private messages from one connection to the others, on every store; and stopping."""

import json

import pytest
import trio
from trio.testing import MockClock

from hub.services.posting.lane import Settlement
from persistence.interface import Store
from persistence.records import Draft, StoreUnavailable
from protocol.model import Posted
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.clients.frames import text
from tests.support.clients.socketio import channel_of, enter
from tests.support.posting import post, private_message, write
from tests.support.quiet import until_quiet
from tests.support.school import on_gateway, open_school
from tests.support.stores.stall import Stall
from tests.support.world import World, open_world


async def test_a_message_reaches_all_connections_of_both_participants_and_no_other(
    world: World,
) -> None:
    ann, ben = await world.people("ann", "ben")
    eve = await world.person("eve")
    sockets = [await person.open() for person in (ann, ann, ben, ben)]
    eves = await eve.open()
    await sockets[0].send(private_message(ben))
    frames = [await socket.receive_type("private_message") for socket in sockets]
    assert frames[1:] == frames[:-1]
    message = frames[0]["message"]
    assert (frames[0]["sender_id"], frames[0]["recipient_id"]) == (ann.id, ben.id)
    assert (message["content"], message["seq"], message["is_read"]) == ("hi", 1, False)
    assert (message["sender_id"], message["receiver_id"]) == (ann.id, ben.id)
    await eves.close_in_silence()


async def test_messages_of_one_sender_arrive_in_the_order_they_were_sent(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    anns, bens = await ann.open(), await ben.open()
    frames = b"".join(text(json.dumps(private_message(ben, str(n)))) for n in range(200))
    await anns.stream.send_all(frames)
    for socket in (anns, bens):
        messages = [(await socket.receive())["message"] for _ in range(200)]
        assert [message["content"] for message in messages] == [str(n) for n in range(200)]
        assert [message["seq"] for message in messages] == list(range(1, 201))


async def test_a_repeated_send_is_confirmed_again_but_delivered_once(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    anns, bens = await ann.open(), await ben.open()
    first = await anns.ask(private_message(ben, client_id="k1"))
    assert await anns.ask(private_message(ben, client_id="k1")) == first
    assert await bens.receive() == first
    await bens.is_silent()


async def test_a_key_with_another_body_is_a_conflict(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    socket = await ann.open()
    await socket.ask(private_message(ben, client_id="k1"))
    error = await socket.ask(private_message(ben, "other", client_id="k1"))
    assert (error["type"], error["code"], error["client_id"]) == ("error", "key_conflict", "k1")


async def test_a_reply_to_a_message_of_another_conversation_is_refused(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    eve = await world.person("eve")
    socket = await ann.open()
    elsewhere = (await socket.ask(private_message(eve)))["message"]["id"]
    error = await socket.ask(private_message(ben, client_id="k1", parent_id=elsewhere))
    assert (error["type"], error["code"], error["client_id"]) == ("error", "invalid_field", "k1")
    parent = (await socket.ask(private_message(ben)))["message"]
    reply = await socket.ask(private_message(ben, client_id="k1", parent_id=parent["id"]))
    assert reply["message"]["parent_id"] == parent["id"]
    assert reply["message"]["seq"] == 2


@pytest.mark.parametrize("is_private", [False, True])
async def test_a_follower_of_a_thread_gets_its_replies_without_joining_the_channel(
    world: World, is_private: bool
) -> None:
    school = await open_school(world)
    ann, ben = school.ann, school.ben
    if is_private:
        (root,) = await write(world, ann.user, ben.user, "first")
        draft = Draft(ben.id, ann.id, "re", parent_id=root.id)
    else:
        (root,) = await post(world, ann.user, school.general, "first")
        draft = Draft(ben.id, None, "re", channel_id=school.general.id, parent_id=root.id)
    sockets = {path: await ann.open(path) for path in ("/ws", "/messagepal", "/ws/chat")}
    sockets["/gateway"] = await on_gateway(ann)
    events, others = await enter(ann), [await ben.open("/ws/chat"), await on_gateway(school.tea)]
    await until_quiet()
    for socket in (*sockets.values(), *others):
        socket.ignoring("user_presence", "user_online_status", "PRESENCE_UPDATE", "MESSAGE_CREATE")
    posted = await world.services.messaging.send(ben.user, draft)
    assert isinstance(posted, Posted)
    reply = posted.message
    if is_private:
        assert (await sockets["/ws"].receive())["message"]["thread_id"] == root.id
        received = (await sockets["/messagepal"].receive())["payload"]
        assert (received["parentId"], received["threadId"]) == (str(root.id), str(root.id))
    chat = await sockets["/ws/chat"].receive()
    assert (chat["type"], chat["messageId"], chat["channelId"]) == (
        "thread_reply", reply.id, reply.channel_id,
    )  # fmt: skip
    assert (chat["userId"], chat["thread"]["parentId"]) == (ben.id, root.id)
    gateway = await sockets["/gateway"].receive()
    assert (gateway["t"], gateway["d"]) == (
        "THREAD_REPLY", {name: value for name, value in chat.items() if name != "type"},
    )  # fmt: skip
    name, payload = await events.event()
    assert (name, payload["messageId"]) == ("thread:reply", to_uuid(IdKind.MESSAGE, reply.id))
    await until_quiet()
    for socket in (*sockets.values(), events.socket, *others):
        await socket.is_silent()


async def test_two_people_may_use_the_same_key(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    anns, bens = await ann.open(), await ben.open()
    for socket in (anns, bens):
        socket.ignoring("user_online_status")
    await anns.ask(private_message(ben, client_id="k1"))
    await bens.receive()
    answer = await bens.ask(private_message(ann, "mine", client_id="k1"))
    assert answer["message"]["content"] == "mine"
    assert await anns.receive() == answer


async def test_too_long_content_and_a_message_to_oneself_are_refused(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    socket = await ann.open()
    assert (await socket.ask(private_message(ben, "x" * 4_001)))["code"] == "content_too_long"
    assert (await socket.ask(private_message(ann)))["code"] == "cannot_message_self"
    longest = await socket.ask(private_message(ben, "😀" * 4_000))
    assert longest["message"]["content"] == "😀" * 4_000


async def test_messages_across_a_block_or_to_a_private_stranger_are_refused(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    eve = await world.person("eve", is_public=False)
    socket = await ann.open()
    relations = world.store.relations
    assert (await socket.ask(private_message(eve)))["code"] == "not_allowed"
    await relations.request_follow(ann.id, eve.id)
    assert (await socket.ask(private_message(eve)))["code"] == "not_allowed"
    await relations.accept_follow(eve.id, ann.id)
    assert (await socket.ask(private_message(eve)))["type"] == "private_message"
    await relations.block(ann.id, ben.id)
    assert (await socket.ask(private_message(ben)))["code"] == "not_allowed"
    await relations.unblock(ann.id, ben.id)
    await relations.block(ben.id, ann.id)
    assert (await socket.ask(private_message(ben)))["code"] == "recipient_not_found"


async def test_stopping_waits_for_accepted_messages_and_refuses_later_ones(
    memory_store: Store, mock_clock: MockClock
) -> None:
    stall = Stall()
    async with open_world(stall.over(memory_store)) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        messaging, settled = world.services.messaging, list[Settlement]()
        bens = await ben.open()
        stall.begin()
        await messaging.submit(ann.user, Draft(ann.id, ben.id, "in time"), settled.append)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(messaging.drain)
            await until_quiet()
            assert len(nursery.child_tasks) == 1
            await messaging.submit(ann.user, Draft(ann.id, ben.id, "late"), settled.append)
            assert [type(each) for each in settled] == [StoreUnavailable]
            stall.end()
        assert [type(each) for each in settled] == [StoreUnavailable, Posted]
        assert (await bens.receive())["message"]["content"] == "in time"


async def test_while_stopping_sends_are_refused_as_unavailable_in_every_dialect(
    timed_world: World,
) -> None:
    school = await open_school(timed_world)
    ann, ben, channel = school.ann, school.ben, school.general.id
    private, chat, events = await ann.open(), await school.join(ann), await enter(ann)
    messenger = await ann.open("/messagepal")
    await timed_world.services.messaging.drain()
    for socket, frame in (
        (private, {"type": "private_message", "recipient_id": ben.id, "content": "x"}),
        (messenger, {"type": "send_message", "recipientId": ben.id, "content": "x"}),
        (chat, {"type": "send_message", "channelId": channel, "content": "x"}),
    ):
        await socket.send(frame)
        assert (await socket.receive_type("error"))["code"] == "unavailable"
    refused = await events.ask("message:send", {"channelId": channel_of(school), "content": "x"})
    assert (refused["success"], refused["code"]) == (False, "unavailable")
    assert (await events.event())[0] == "message:error"
    replies = (
        await ann.call("POST", f"/api/messages/{ben.id}", {"content": "x"}),
        await ann.ask("POST", "/api/messages", {"channelId": channel, "content": "x"}),
    )
    assert [(reply.status, reply.json["code"]) for reply in replies] == [(503, "unavailable")] * 2
    assert await timed_world.store.messages.last_id() == 0
