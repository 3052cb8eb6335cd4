"""Connections follow a workspace exactly while their users are members, whatever the order in which
the store's results arrive; and connections of members are sent its channels.
"""

from typing import Any

import trio
from attrs import evolve
from trio.testing import MockClock, wait_all_tasks_blocked

from hub.actor.letters import Delivery, ToRooms, WorkspaceRoom
from hub.services.workspaces import MAX_ADDED
from persistence.bus.memory import Medium
from persistence.interface import Store
from persistence.records import NewChannel, StoreUnavailable
from protocol.events import WorkspacePresence
from protocol.revisions import React
from tests.support.clients.websocket import WebSocket
from tests.support.cluster.worlds import new_store, open_node
from tests.support.posting import post
from tests.support.school import School, open_school
from tests.support.stores.intercept import Interception, Late
from tests.support.stores.records import changed, granted
from tests.support.world import Person, World, open_world


async def identified(person: Person) -> WebSocket:
    """A connection that follows its user's workspaces; presence is ignored."""
    socket = (await person.connect("/gateway")).ignoring("PRESENCE_UPDATE")
    await socket.send({"op": "IDENTIFY", "d": {"userId": person.id}})
    await socket.receive_type("READY")
    return socket


async def set_member(school: School, person: Person, *, is_member: bool) -> int:
    """Add or remove a member, as the owner; returns the status."""
    path = f"/learning_platform/api/workspaces/{school.workspace.id}/members"
    if is_member:
        reply = await school.tea.ask("POST", path, {"userId": person.id})
    else:
        reply = await school.tea.ask("DELETE", f"{path}/{person.id}")
    return reply.status


async def test_an_addition_whose_result_was_lost_is_announced_when_it_is_repeated(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    async def lose(call: Any, *args: Any, **kwargs: Any) -> Any:
        await call(*args, **kwargs)
        raise StoreUnavailable("the answer is lost")

    adding = Interception("workspaces", "add_member")
    async with open_world(adding.over(memory_store)) as world:
        school = await open_school(world)
        ann, eve = await identified(school.ann), await identified(school.eve)
        adding.way = lose
        assert await set_member(school, school.eve, is_member=True) == 503
        adding.way = None
        assert await set_member(school, school.eve, is_member=True) == 200
        await post(world, school.ann.user, school.general, "welcome")
        for socket in (ann, eve):
            assert (await socket.receive_type("GUILD_MEMBER_ADD"))["d"]["userId"] == school.eve.id
            assert (await socket.receive_type("MESSAGE_CREATE"))["d"]["content"] == "welcome"


async def test_a_repeated_addition_is_not_announced_while_the_member_identifies(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    looking, late = Interception("workspaces", "of_user"), Late()
    async with open_world(looking.over(memory_store)) as world:
        school = await open_school(world)
        ann = await identified(school.ann)
        ben = (await school.ben.connect("/gateway")).ignoring("PRESENCE_UPDATE")
        looking.way = late
        await ben.send({"op": "IDENTIFY", "d": {"userId": school.ben.id}})
        await late.carried_out.wait()
        looking.way = None
        assert await set_member(school, school.ben, is_member=True) == 200
        late.may_arrive.set()
        await ben.receive_type("READY")
        await post(world, school.tea.user, school.general, "hello")
        for socket in (ann, ben):
            await socket.receive_type("MESSAGE_CREATE")


async def test_a_node_that_could_not_look_up_an_addition_announces_it_when_repeated_there(
    autojump_clock: MockClock,
) -> None:
    async def fail(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("it does not respond")

    looking, store, medium = Interception("workspaces", "get"), new_store(), Medium()
    async with (
        open_node(store, medium, "a") as first,
        open_node(looking.over(store), medium, "b") as second,
    ):
        school = await open_school(first.world)
        eve = await identified(second.at(school.eve))
        looking.way = fail
        assert await set_member(school, school.eve, is_member=True) == 200
        await wait_all_tasks_blocked()
        looking.way = None
        there = evolve(school, tea=second.at(school.tea))
        assert await set_member(there, school.eve, is_member=True) == 200
        await wait_all_tasks_blocked()
        assert "GUILD_MEMBER_ADD" in str(await eve.everything())
        await trio.sleep(5.0)  # it is looked up again, but is announced already
        assert "GUILD_MEMBER_ADD" not in str(await eve.everything())


async def test_a_member_removed_before_the_result_of_the_addition_gets_no_messages(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    adding, late = Interception("workspaces", "add_member"), Late()
    async with open_world(adding.over(memory_store)) as world, trio.open_nursery() as nursery:
        school = await open_school(world)
        eve = await identified(school.eve)
        adding.way = late
        nursery.start_soon(lambda: set_member(school, school.eve, is_member=True))
        await late.carried_out.wait()
        assert await set_member(school, school.eve, is_member=False) == 200
        await wait_all_tasks_blocked()  # the removal was acted on
        late.may_arrive.set()
        await wait_all_tasks_blocked()
        await post(world, school.ann.user, school.general, "secret")
        await eve.is_silent()


async def test_a_member_added_again_while_the_removal_is_looked_up_gets_messages(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    looking, late = Interception("workspaces", "get"), Late()
    async with open_world(looking.over(memory_store)) as world:
        school = await open_school(world)
        ben = await identified(school.ben)
        looking.way = late
        ids = school.workspace.id, school.ben.id
        await memory_store.workspaces.remove_member(*ids, by=school.tea.id)
        await late.carried_out.wait()
        looking.way = None
        assert await set_member(school, school.ben, is_member=True) == 200
        late.may_arrive.set()
        await wait_all_tasks_blocked()
        await post(school.world, school.ann.user, school.general, "welcome back")
        await ben.receive_type("GUILD_MEMBER_ADD")
        await ben.receive_type("MESSAGE_CREATE")


async def test_the_removal_is_the_last_event_that_a_former_member_gets(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    """Also when members can no longer be looked up."""

    async def fail(call: Any, *args: Any) -> Any:
        raise StoreUnavailable("away")

    asking = Interception("workspaces", "of_users")
    async with open_world(asking.over(memory_store)) as world:
        school = await open_school(world)
        ben = await identified(school.ben)
        asking.way = fail
        assert await set_member(school, school.ben, is_member=False) == 200
        await ben.receive_type("GUILD_MEMBER_REMOVE")
        await post(world, school.ann.user, school.general, "secret")
        await ben.is_silent()


async def test_no_event_follows_the_removal_while_many_are_broadcast(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    async with open_world(memory_store) as world:
        school = await open_school(world)
        sockets = [await school.ben.connect("/gateway") for _ in range(2)]
        for socket in sockets:
            await socket.send({"op": "IDENTIFY", "d": {"userId": school.ben.id}})
            await socket.receive_type("READY")
        room, hub = WorkspaceRoom(school.workspace.id), world.services.hub
        presence = WorkspacePresence(school.workspace.id, school.tea.id, online=True)

        async def announce_much() -> None:
            while True:
                await hub.broadcast((Delivery(presence, ToRooms((room,))),))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(announce_much)
            assert await set_member(school, school.ben, is_member=False) == 200
            for socket in sockets:
                while (frame := await socket.receive())["t"] != "GUILD_MEMBER_REMOVE":
                    assert frame["t"] == "PRESENCE_UPDATE"
            nursery.cancel_scope.cancel()
        for socket in sockets:
            await socket.is_silent()


async def test_a_new_channel_is_sent_to_every_chat_connection_of_the_members(world: World) -> None:
    school = await open_school(world)
    anns = [await school.ann.open("/ws/chat") for _ in range(2)]
    teas, eves = await school.tea.open("/ws/chat"), await school.eve.open("/ws/chat")
    private = await school.ann.open("/ws")
    body = {"name": "maths"}
    path = f"/learning_platform/api/workspaces/{school.workspace.id}/channels"
    made = await school.tea.ask("POST", path, body)
    expected = {"type": "channels_added", "channels": [made.json | {"lastSeq": 0, "lastRev": 0}]}
    for socket in (*anns, teas):
        assert await socket.receive() == expected
    await eves.is_silent()
    await private.is_silent(besides={"user_online_status"})


async def test_a_new_member_is_sent_the_channels_with_their_last_seq_and_rev(world: World) -> None:
    school = await open_school(world)
    _, two = await post(world, school.ann.user, school.general, "one", "two")
    await changed(world.store, two.id, React("👋"), by=school.ben.id)
    eve, ann = await school.eve.open("/ws/chat"), await school.ann.open("/ws/chat")
    for _ in range(2):
        assert await set_member(school, school.eve, is_member=True) == 200
    (added,) = (await eve.receive_type("channels_added"))["channels"]
    assert (added["id"], added["lastSeq"], added["lastRev"]) == (school.general.id, 2, 1)
    await eve.is_silent()
    await ann.is_silent()  # it is new to eve alone


async def test_many_channels_are_sent_in_parts(memory_store: Store) -> None:
    async with open_world(memory_store) as world:
        school = await open_school(world)
        for number in range(MAX_ADDED):
            new = NewChannel(school.workspace.id, str(number))
            granted(await memory_store.channels.create(new, by=school.tea.id))
        eve = await school.eve.open("/ws/chat")
        assert await set_member(school, school.eve, is_member=True) == 200
        parts = [await eve.receive_type("channels_added") for _ in range(2)]
        assert [len(part["channels"]) for part in parts] == [MAX_ADDED, 1]


async def test_a_channel_is_created_even_if_it_cannot_be_announced(memory_store: Store) -> None:
    async def fail(call: Any, *args: Any) -> Any:
        raise StoreUnavailable("away")

    looking = Interception("workspaces", "get")
    async with open_world(looking.over(memory_store)) as world:
        school = await open_school(world)
        ann = await school.ann.open("/ws/chat")
        looking.way = fail
        new = NewChannel(school.workspace.id, "maths")
        granted(await world.services.workspaces.create_channel(new, by=school.tea.id))
        await ann.is_silent()
