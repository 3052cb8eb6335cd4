"""Presence in a channel: which connections get it, and when."""

import pytest
import trio
from trio.testing import MockClock

from persistence.interface import Store
from tests.support.clients.websocket import WebSocket
from tests.support.posting import write
from tests.support.quiet import until_quiet
from tests.support.school import open_school
from tests.support.stores.outage import Outage
from tests.support.world import Person, World, open_world


async def test_a_user_who_comes_back_within_the_grace_period_was_never_gone(
    timed_world: World, autojump_clock: MockClock
) -> None:
    school = await open_school(timed_world)
    anns, bens = await school.join(school.ann), await school.join(school.ben)
    assert (await anns.receive_type("user_presence"))["status"] == "online"
    await bens.close_in_silence()
    await trio.sleep(4.9)
    back = await school.join(school.ben)
    await trio.sleep(20)
    await anns.is_silent()
    await back.close_in_silence()
    started = trio.current_time()
    gone = await anns.receive_type("user_presence")
    assert (gone["userId"], gone["status"]) == (school.ben.id, "offline")
    assert trio.current_time() - started == pytest.approx(5.0)


async def test_leaving_a_channel_on_purpose_is_announced_at_once(
    timed_world: World, autojump_clock: MockClock
) -> None:
    school = await open_school(timed_world)
    anns, bens = await school.join(school.ann), await school.join(school.ben)
    await anns.receive_type("user_presence")
    started = trio.current_time()
    await bens.send({"type": "leave_channel", "channelId": school.general.id})
    await bens.receive_type("left_channel")
    assert (await anns.receive_type("user_presence"))["status"] == "offline"
    assert trio.current_time() == started


async def test_while_the_store_is_away_presence_waits(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    """Blocks cannot be looked up, so no presence is sent."""
    outage = Outage()
    async with open_world(outage.over(memory_store)) as world:
        school = await open_school(world)
        anns = await school.join(school.ann)
        bens = await school.ben.open("/ws/chat")
        outage.begin()
        await bens.send({"type": "join_channel", "channelId": school.general.id})
        await bens.receive_type("joined_channel")
        await trio.sleep(10)
        await anns.is_silent()
        outage.end()
        assert (await anns.receive_type("user_presence"))["status"] == "online"
        assert (await bens.receive_type("user_presence"))["userId"] == school.ann.id


async def in_dm(person: Person, channel_id: int) -> WebSocket:
    """A connection that joined; the frames after `joined_channel` are unread."""
    socket = await person.open("/ws/chat")
    await socket.send({"type": "join_channel", "channelId": channel_id})
    await socket.receive_type("joined_channel")
    await until_quiet()
    return socket


async def seen(socket: WebSocket, person: Person) -> str:
    frame = await socket.receive_type("user_presence")
    assert frame["userId"] == person.id
    return str(frame["status"])


async def test_presence_in_the_dm_of_a_request_is_hidden_until_it_is_accepted(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    await write(world, ann.user, ben.user, "hello")
    dm = await world.store.channels.dm(ann.id, ben.id)
    anns, bens = [await in_dm(person, dm.id) for person in (ann, ben)]
    back = await in_dm(ann, dm.id)
    for socket in (anns, bens, back):
        await socket.is_silent()
    await world.store.relations.accept_message_request(ben.id, ann.id)
    assert await seen(anns, ben) == await seen(back, ben) == "online"
    assert await seen(bens, ann) == "online"
    again = await in_dm(ann, dm.id)
    assert await seen(again, ben) == "online"


async def test_the_end_of_a_follow_hides_both_users_in_an_unanswered_dm(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    await world.store.relations.request_follow(ann.id, ben.id)
    await write(world, ann.user, ben.user, "hello")
    dm = await world.store.channels.dm(ann.id, ben.id)
    anns, bens = [await in_dm(person, dm.id) for person in (ann, ben)]
    assert await seen(anns, ben) == "online"
    assert await seen(bens, ann) == "online"
    await world.store.relations.remove_follow(ann.id, ben.id)
    assert await seen(anns, ben) == "offline"
    assert await seen(bens, ann) == "offline"
    await bens.close_in_silence()
    await anns.is_silent()
