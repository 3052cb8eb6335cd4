"""Typing indicators: which users get them, and how they end: by time, message or connection."""

import pytest
import trio
from attrs import evolve
from trio.testing import MockClock

from persistence.interface import Store
from persistence.records import NewChannel, ProfileChange
from protocol.model import ChannelKind, Standing
from tests.support.clients.socketio import channel_of, enter
from tests.support.posting import private_message
from tests.support.quiet import until_quiet
from tests.support.school import open_school
from tests.support.stores.held import Held
from tests.support.stores.intercept import Interception, Late
from tests.support.stores.outage import Outage
from tests.support.stores.records import granted
from tests.support.world import World, open_world


async def test_typing_reaches_the_recipient_with_the_true_sender(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    anns, bens = await ann.open(), await ben.open()
    frame = {"type": "typing_indicator", "user_id": 99, "recipient_id": ben.id, "is_typing": True}
    await anns.send(frame)
    seen = await bens.receive_type("typing_indicator")
    assert (seen["user_id"], seen["sender_id"], seen["sender_name"]) == (ann.id, ann.id, "Ann")
    assert seen["is_typing"] is True
    # The message ends the indicator. Ann gets no event for her own typing.
    await anns.send(private_message(ben))
    assert (await bens.receive_type("typing_indicator"))["is_typing"] is False
    await bens.receive_type("private_message")
    await anns.receive_type("private_message")


async def test_typing_to_a_user_who_may_not_be_messaged_is_dropped(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    await world.store.relations.block(ben.id, ann.id)
    anns, bens = await ann.open(), await ben.open()
    await anns.send({"type": "typing_indicator", "recipient_id": ben.id, "is_typing": True})
    await bens.is_silent()


async def test_typing_of_a_user_who_may_only_read_the_channel_is_dropped(world: World) -> None:
    school = await open_school(world)
    new = NewChannel(school.workspace.id, "news", ChannelKind.ANNOUNCEMENT)
    news = granted(await world.store.channels.create(new, by=school.tea.id))
    change = world.store.workspaces.change_role
    granted(await change(school.workspace.id, school.ben.id, Standing.GUEST, by=school.tea.id))
    for channel, types in ((school.general, {"ann", "tea"}), (news, {"tea"})):
        people = [school.tea, school.ann, school.ben]
        sockets = [
            (await school.join(each, channel)).ignoring("user_presence", "user_stop_typing")
            for each in people
        ]
        for person, socket in zip(people, sockets, strict=True):
            await socket.send({"type": "typing", "channelId": channel.id})
            for theirs in sockets:
                if theirs is not socket and person.user.username in types:
                    typing = await theirs.receive_type("user_typing")
                    assert typing["userId"] == person.id
                await theirs.is_silent()


async def test_typing_ends_by_itself_3_s_after_it_was_last_renewed(
    timed_world: World, autojump_clock: MockClock
) -> None:
    ann, ben = await timed_world.person("ann"), await timed_world.person("ben")
    anns, bens = await ann.open(), await ben.open()
    typing = {"type": "typing_indicator", "recipient_id": ben.id, "is_typing": True}
    await anns.send(typing)
    assert (await bens.receive())["is_typing"] is True
    await trio.sleep(2)
    await anns.send(typing)
    assert (await bens.receive())["is_typing"] is True
    renewed = trio.current_time()
    assert (await bens.receive())["is_typing"] is False
    assert trio.current_time() - renewed == pytest.approx(3.0)
    await trio.sleep(30)
    await bens.is_silent()


async def test_typing_that_was_ended_by_its_author_does_not_end_twice(
    timed_world: World, autojump_clock: MockClock
) -> None:
    ann, ben = await timed_world.person("ann"), await timed_world.person("ben")
    anns, bens = await ann.open(), await ben.open()
    for is_typing in (True, False):
        await anns.send(
            {"type": "typing_indicator", "recipient_id": ben.id, "is_typing": is_typing}
        )
        assert (await bens.receive())["is_typing"] is is_typing
    await trio.sleep(30)
    await bens.is_silent()


async def test_typing_during_an_outage_is_dropped_and_the_service_lives(
    memory_store: Store,
) -> None:
    outage = Outage()
    async with open_world(outage.over(memory_store)) as world:
        await typing_is_dropped(world, outage)


async def typing_is_dropped(world: World, outage: Outage) -> None:
    ann, ben = await world.person("ann"), await world.person("ben")
    anns, bens = await ann.open(), await ben.open()
    frame = {"type": "typing_indicator", "recipient_id": ben.id, "is_typing": True}
    outage.begin()
    await anns.send(frame)
    await anns.send({"type": "private_message", "recipient_id": ben.id, "content": "lost"})
    await anns.receive_type("error")
    outage.end()
    await anns.send({**frame, "is_typing": False})
    assert (await bens.receive())["is_typing"] is False


async def test_an_indicator_that_is_checked_after_its_message_is_not_delivered(
    memory_store: Store,
) -> None:
    slow = Held(memory_store.relations, ("may_show_typing",))
    async with open_world(evolve(memory_store, relations=slow)) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        await memory_store.relations.request_follow(ben.id, ann.id)
        anns, bens = await ann.open(), await ben.open()
        for socket in (anns, bens):
            socket.ignoring("user_online_status")
        frame = {"type": "typing_indicator", "recipient_id": ben.id, "is_typing": True}
        await anns.send(frame)
        await slow.asked.wait()
        await anns.send({"type": "private_message", "recipient_id": ben.id, "content": "hi"})
        await bens.receive_type("private_message")
        await anns.send(frame)  # the next message
        await anns.send({"type": "?"})
        assert [(await anns.receive())["type"] for _ in range(2)] == ["private_message", "error"]
        slow.go_on.set()
        assert (await bens.receive_type("typing_indicator"))["is_typing"] is True
        await bens.close_in_silence()  # the first one never came


async def test_typing_checked_while_its_recipient_turns_private_is_not_delivered(
    memory_store: Store,
) -> None:
    """The two have no conversation: typing is all that the change can end."""
    held = Held(memory_store.relations, ("may_show_typing",), answered=True)
    async with open_world(evolve(memory_store, relations=held)) as world:
        ann, ben = await world.person("ann", is_public=False), await world.person("ben")
        anns, bens = await ann.open(), (await ben.open()).ignoring("user_online_status")
        await anns.send({"type": "typing_indicator", "recipient_id": ben.id, "is_typing": True})
        await held.asked.wait()
        await memory_store.accounts.change_profile(ben.id, ProfileChange(is_public=False))
        await until_quiet()
        held.go_on.set()
        await bens.is_silent()


async def test_typing_ends_by_itself_after_five_seconds(
    timed_world: World, autojump_clock: MockClock
) -> None:
    school = await open_school(timed_world)
    anns, bens = await enter(school.ann), await enter(school.ben)
    await bens.ask("room:join", channel_of(school))
    await anns.ask("message:typing:start", {"channelId": channel_of(school)})
    assert (await bens.event())[0] == "message:typing:start"
    started = trio.current_time()
    assert (await bens.event())[0] == "message:typing:stop"
    assert 4.9 < trio.current_time() - started < 5.1


async def test_typing_ends_with_the_connection(timed_world: World) -> None:
    school = await open_school(timed_world)
    channel = channel_of(school)
    anns, bens = await enter(school.ann), await enter(school.ben)
    await bens.ask("room:join", channel)
    assert await anns.ask("message:typing:start", {"channelId": channel}) == {"success": True}
    assert (await bens.event())[0] == "message:typing:start"
    await anns.socket.drop()
    assert (await bens.event())[0] == "message:typing:stop"


@pytest.mark.parametrize(
    ("path", "frame"),
    [
        ("/ws", {"type": "typing_indicator", "is_typing": True}),
        ("/messagepal", {"type": "typing"}),
    ],
)
async def test_private_typing_ends_with_its_connection(
    timed_world: World, mock_clock: MockClock, path: str, frame: dict[str, object]
) -> None:
    """The clock stands still, so it does not end by itself."""
    ann, ben = await timed_world.person("ann"), await timed_world.person("ben")
    bens = await ben.open()
    anns, other = await ann.open(path), await ann.open()
    name = "recipient_id" if path == "/ws" else "recipientId"
    await anns.send({**frame, name: ben.id})
    assert (await bens.receive_type("typing_indicator"))["is_typing"] is True
    await other.close_in_silence()
    await bens.is_silent()
    await anns.close_in_silence()
    assert (await bens.receive_type("typing_indicator"))["is_typing"] is False


async def test_typing_in_a_channel_is_checked_before_it_is_delivered(memory_store: Store) -> None:
    """Not only when the connection joined: the right may have been lost meanwhile."""
    held = Held(memory_store.channels, ("hidden_from",))
    async with open_world(evolve(memory_store, channels=held)) as world:
        school = await open_school(world)
        anns, bens = await school.join(school.ann), await school.join(school.ben)
        anns.ignoring("user_presence")
        await anns.send({"type": "typing", "channelId": school.general.id})
        await held.asked.wait()
        ids = school.workspace.id, school.ann.id
        await world.store.workspaces.remove_member(*ids, by=school.tea.id)
        held.go_on.set()
        await until_quiet()
        assert (await anns.receive_type("left_channel"))["channelId"] == school.general.id
        await bens.close_in_silence(besides=("user_presence",))


async def test_typing_in_a_channel_and_its_end_are_sent_on_chat_and_over_socketio(
    world: World,
) -> None:
    school = await open_school(world)
    anns, bens, events = (
        await school.join(school.ann), await school.join(school.ben), await enter(school.tea),
    )  # fmt: skip
    await events.ask("room:join", channel_of(school))
    for socket in (anns, bens):
        socket.ignoring("user_presence")
    await bens.send({"type": "typing", "channelId": school.general.id})
    await bens.send({"type": "stop_typing", "channelId": school.general.id})
    who = {
        "userId": school.ben.id, "username": "ben", "displayName": "Ben",
        "channelId": school.general.id,
    }  # fmt: skip
    assert await anns.receive() == {"type": "user_typing", **who}
    assert await anns.receive() == {"type": "user_stop_typing", **who}
    assert [(await events.event())[0] for _ in range(2)] == [
        "message:typing:start",
        "message:typing:stop",
    ]
    await bens.is_silent()


async def test_typing_in_a_channel_is_not_delivered_after_its_message(
    memory_store: Store,
) -> None:
    """The indicator was being checked when the message was accepted."""
    hidden, late = Interception("channels", "hidden_from"), Late()
    async with open_world(hidden.over(memory_store), presence_grace=0.0) as world:
        school = await open_school(world)
        anns, bens = await school.join(school.ann), await school.join(school.ben)
        anns.ignoring("user_presence")
        hidden.way = late
        await bens.send({"type": "typing", "channelId": school.general.id})
        await late.carried_out.wait()
        await bens.send({"type": "send_message", "channelId": school.general.id, "content": "hi"})
        await bens.receive_type("new_message")
        await anns.receive_type("new_message")
        late.may_arrive.set()
        await anns.is_silent()


async def test_leaving_a_channel_ends_typing_there(
    timed_world: World, autojump_clock: MockClock
) -> None:
    school = await open_school(timed_world)
    anns, bens = await school.join(school.ann), await school.join(school.ben)
    await anns.receive_type("user_presence")
    stays = await school.join(school.ben)
    stays.ignoring("user_typing", "user_stop_typing")
    await bens.send({"type": "typing", "channelId": school.general.id})
    await anns.receive_type("user_typing")
    await bens.send({"type": "leave_channel", "channelId": school.general.id})
    began = trio.current_time()
    await bens.receive_type("left_channel")
    assert (await anns.receive_type("user_stop_typing"))["userId"] == school.ben.id
    assert trio.current_time() == began  # at once, not when the indicator runs out


async def test_removal_from_a_workspace_ends_typing_in_its_channels(
    timed_world: World, autojump_clock: MockClock
) -> None:
    school = await open_school(timed_world)
    anns, bens = await school.join(school.ann), await school.join(school.ben)
    await anns.receive_type("user_presence")
    await bens.send({"type": "typing", "channelId": school.general.id})
    await anns.receive_type("user_typing")
    began = trio.current_time()
    ids = (school.workspace.id, school.ben.id)
    await timed_world.store.workspaces.remove_member(*ids, by=school.tea.id)
    await bens.receive_type("left_channel")
    await until_quiet()
    await anns.expect("user_stop_typing")
    assert trio.current_time() == began  # at once, not when the indicator runs out
    await anns.receive_type("user_presence")
