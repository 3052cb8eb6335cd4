"""A user's message on its way to the log: rates, sends in flight, and what does not block."""

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from hub.limits.quotas import HOUR, MAX_SENDS_IN_FLIGHT, Kind
from hub.services.asker import Asker, ChannelScope
from persistence.interface import Store
from persistence.records import Draft, StoreUnavailable
from protocol.answers import Answer
from protocol.commands import SendPrivateMessage
from protocol.errors import ErrorCode
from protocol.events import Refused
from protocol.model import MessageId, Posted
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.clients.socketio import channel_of, enter
from tests.support.posting import say
from tests.support.quiet import let_pass
from tests.support.school import open_school
from tests.support.stores.intercept import Interception
from tests.support.stores.stall import Stall
from tests.support.world import Person, World, open_world

LANE_QUEUE = 4_096


def asker_of(person: Person) -> Asker:
    quota = person.world.services.quotas.of(person.id)
    return Asker(person.user, quota, ChannelScope.VISIBLE, "some")


async def fill_lane(world: World, author: Person, recipient: Person) -> None:
    """With the log stalled: submit one message, and as many behind it as the lane can queue."""
    for number in range(LANE_QUEUE + 1):
        draft = Draft(author.id, recipient.id, "x")
        await world.services.messaging.submit(author.user, draft, lambda _: None)
        if number == 0:
            await wait_all_tasks_blocked()  # it is taken out of the queue


async def test_a_send_that_is_cancelled_while_it_waits_for_the_lane_is_not_in_flight_any_more(
    memory_store: Store, mock_clock: MockClock
) -> None:
    stall = Stall()
    async with open_world(stall.over(memory_store), db_lanes=1) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        asker = asker_of(ann)
        stall.begin()
        await fill_lane(world, ben, ann)
        answers: list[Answer] = []
        async with trio.open_nursery() as nursery:
            command = SendPrivateMessage(ben.id, "hi")
            nursery.start_soon(world.services.commands.carry_out, asker, command, answers.append)
            await wait_all_tasks_blocked()
            assert (asker.quota.in_flight, len(nursery.child_tasks)) == (1, 1)
            nursery.cancel_scope.cancel()
        assert asker.quota.in_flight == 0
        assert answers == []
        stall.end()
        await wait_all_tasks_blocked()
        await world.services.commands.carry_out(asker, command, answers.append)
        await wait_all_tasks_blocked()
        assert [type(answer) for answer in answers] == [Posted]


async def test_each_send_gets_one_answer_and_is_not_in_flight_any_more(
    memory_store: Store, mock_clock: MockClock
) -> None:
    stall = Stall()
    async with open_world(stall.over(memory_store), user_messages_per_second=1_000) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        asker = asker_of(ann)
        answers: list[Answer] = []
        stall.begin()
        async with trio.open_nursery() as nursery:
            for _ in range(MAX_SENDS_IN_FLIGHT + 1):
                command = SendPrivateMessage(ben.id, "hi")
                nursery.start_soon(
                    world.services.commands.carry_out, asker, command, answers.append
                )
            await wait_all_tasks_blocked()
            assert (asker.quota.in_flight, len(nursery.child_tasks)) == (MAX_SENDS_IN_FLIGHT, 1)
            stall.end()
        await wait_all_tasks_blocked()
        assert [type(answer) for answer in answers] == [Posted] * (MAX_SENDS_IN_FLIGHT + 1)
        assert asker.quota.in_flight == 0
        orphan = SendPrivateMessage(ben.id, "hi", parent_id=MessageId(1_000))
        await world.services.commands.carry_out(asker, orphan, answers.append)
        await wait_all_tasks_blocked()
        refused = answers[-1]
        assert isinstance(refused, Refused)
        assert refused.code is ErrorCode.INVALID_FIELD
        assert asker.quota.in_flight == 0


async def test_a_message_with_a_parent_does_not_block_its_connection_while_the_log_stalls(
    memory_store: Store, mock_clock: MockClock
) -> None:
    stall = Stall()
    async with open_world(stall.over(memory_store)) as world:
        school = await open_school(world)
        ann, channel = school.ann, school.general.id
        private, chat, events = await ann.open(), await school.join(ann), await enter(ann)
        assert (await events.ask("room:join", channel_of(school)))["success"] is True
        stall.begin()
        await private.send({
            "type": "private_message", "recipient_id": school.ben.id, "content": "x",
            "parent_id": 1,
        })  # fmt: skip
        await private.send({"type": "heartbeat"})
        await private.receive_type("heartbeat_ack")
        await chat.send({
            "type": "send_message", "channelId": channel, "content": "x", "parentId": 1,
        })  # fmt: skip
        await chat.send({"type": "heartbeat"})
        await chat.receive_type("heartbeat_ack")
        parent = to_uuid(IdKind.MESSAGE, 1)
        message = {"channelId": channel_of(school), "content": "x", "parentId": parent}
        await events.emit("message:send", message)
        left = await events.ask("room:leave", channel_of(school))
        assert left["success"] is True
        stall.end()
        for socket in (private, chat):
            assert (await socket.receive_type("error"))["code"] == "invalid_field"
        name, refused = await events.event()
        assert (name, refused["code"]) == ("message:error", "invalid_field")


async def test_a_used_up_limit_of_five_messages_is_reset_all_at_once(
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


async def test_a_message_to_a_channel_that_was_not_joined_costs_nothing(
    timed_world: World,
) -> None:
    school = await open_school(timed_world)
    chat = await school.ann.connect("/ws/chat")
    await chat.receive_type("connected")
    message = {"type": "send_message", "channelId": school.general.id, "content": "x"}
    for _ in range(10):
        await chat.send(message)
        assert (await chat.receive_type("error"))["code"] == "not_joined"
    await chat.send({"type": "join_channel", "channelId": school.general.id})
    await chat.receive_type("joined_channel")
    await chat.send(message)
    assert (await chat.receive_type("new_message"))["message"]["content"] == "x"


async def test_a_removed_member_who_repeats_a_send_gets_the_stored_message(world: World) -> None:
    school = await open_school(world)
    body = {"channelId": school.general.id, "content": "x", "clientMessageId": "k"}
    first = await school.ben.ask("POST", "/api/messages", body)
    ids = school.workspace.id, school.ben.id
    await world.store.workspaces.remove_member(*ids, by=school.tea.id)
    again = await school.ben.ask("POST", "/api/messages", body)
    assert (again.status, again.json) == (201, first.json)
    other = await school.ben.ask("POST", "/api/messages", body | {"clientMessageId": "l"})
    assert (other.status, other.json["code"]) == (404, "channel_not_found")
    chat = await school.ben.open("/ws/chat")
    await chat.send({"type": "send_message", **body})
    assert (await chat.receive_type("new_message"))["message"]["id"] == first.json["id"]
    await chat.send({"type": "send_message", **body, "content": "y"})
    assert (await chat.receive_type("error"))["code"] == "not_joined"


async def test_a_key_does_not_let_a_user_write_to_a_channel_that_is_not_joined(
    world: World,
) -> None:
    school = await open_school(world)
    chat = await school.ann.open("/ws/chat")
    message = {"type": "send_message", "channelId": school.general.id, "content": "x"}
    await chat.send({**message, "clientMessageId": "k"})
    assert (await chat.receive_type("error"))["code"] == "not_joined"
    assert await world.store.messages.channel_page(school.general.id, before=None, limit=1) == []


async def test_a_flood_beyond_a_connections_own_limit_leaves_the_users_quota_alone(
    timed_world: World,
) -> None:
    school = await open_school(timed_world)
    chat, private = await school.ann.connect("/ws/chat"), await school.ann.open()
    await chat.receive_type("connected")
    await chat.send({"type": "join_channel", "channelId": school.general.id})
    await chat.receive_type("joined_channel")
    codes = []
    for _ in range(school.world.services.config.user_messages_per_second + 5):
        await chat.send({"type": "send_message", "channelId": school.general.id, "content": "x"})
        codes.append((await chat.receive()).get("code"))
    assert codes.count("rate_limited") > 5
    await private.send({"type": "private_message", "recipient_id": school.ben.id, "content": "x"})
    await private.receive_type("private_message")


async def test_a_first_message_opens_a_conversation_and_counts_as_one(
    store: Store, mock_clock: MockClock
) -> None:
    async with open_world(store, user_conversations_per_hour=2) as world:
        ann, ben, eve, ida = await world.people("ann", "ben", "eve", "ida")
        quota = world.services.quotas.of(ann.id)

        def left() -> int:
            return quota.left(Kind.CONVERSATIONS, trio.current_time())

        for peer, expected in ((ben, 1), (ben, 1), (eve, 0), (ben, 0), (eve, 0)):
            await say(ann, peer, "hi")
            assert left() == expected
        refused = await ann.call("POST", f"/api/messages/{ida.id}", {"content": "hi"})
        assert (refused.status, refused.json["code"]) == (429, "rate_limited")
        assert int(refused.headers["retry-after"]) == HOUR
        await say(ida, ann, "hi")  # counts for Ida
        await say(ann, ida, "hi")
        assert left() == 0
        await let_pass(mock_clock, HOUR + 1)
        assert left() == 2


async def test_a_send_is_unavailable_if_its_conversation_cannot_be_looked_up(
    memory_store: Store,
) -> None:
    asking = Interception("relations", "conversation_view")
    async with open_world(asking.over(memory_store), user_conversations_per_hour=1) as world:
        ann, ben, eve = await world.people("ann", "ben", "eve")
        await say(ann, ben, "hi")

        async def away(*_: object) -> None:
            raise StoreUnavailable("away")

        asking.way = away
        refused = await ann.call("POST", f"/api/messages/{eve.id}", {"content": "hi"})
        assert (refused.status, refused.json["code"]) == (503, "unavailable")
