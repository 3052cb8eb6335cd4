"""A connection that arrives gets the presence of others, as far as its user may see it."""

import json
from typing import Any

import pytest
from trio.testing import MockClock

import hub.services.presence.arrivals
from persistence.bus.memory import Medium
from persistence.interface import Store
from persistence.records import StoreUnavailable
from tests.support.clients.websocket import WebSocket
from tests.support.cluster.worlds import new_store, open_node
from tests.support.posting import write
from tests.support.quiet import until_quiet
from tests.support.school import School, on_gateway, open_school
from tests.support.stores.intercept import Interception, Late
from tests.support.world import Person, World, open_world


async def on_chat(school: School, person: Person) -> WebSocket:
    """A connection in `general`; the frames after `joined_channel` are unread."""
    chat = await person.open("/ws/chat")
    await chat.send({"type": "join_channel", "channelId": school.general.id})
    await chat.receive_type("joined_channel")
    await until_quiet()
    return chat


async def on_private(person: Person) -> WebSocket:
    socket = await person.connect("/ws")
    await socket.receive_type("system")
    return socket


async def shown(socket: WebSocket) -> list[Any]:
    """The frames that have come by now."""
    return [json.loads(message) for message in await socket.everything()]


async def friends(world: World, one: Person, other: Person) -> None:
    await write(world, one.user, other.user, "hello")
    await write(world, other.user, one.user, "hello")


async def test_a_new_connection_gets_the_presence_of_related_users(world: World) -> None:
    ann, ben, eve, kim = await world.people("ann", "ben", "eve", "kim")
    await friends(world, ann, ben)
    await write(world, ann.user, eve.user, "a request")
    await friends(world, ann, kim)
    for person in (ben, eve):
        (await person.open()).ignoring("user_online_status")
    anns = await on_private(ann)
    online = {"type": "user_online_status", "user_id": ben.id, "is_online": True}
    assert await shown(anns) == [online]  # neither eve (a request) nor kim (offline)
    second = await on_private(ann)
    assert await shown(second) == [online]  # each connection for itself
    await anns.is_silent()


async def test_a_connection_that_joins_a_channel_gets_the_presence_in_it(world: World) -> None:
    school = await open_school(world)
    for person in (school.ann, school.tea):
        (await on_chat(school, person)).ignoring("user_presence")
    bens = await on_chat(school, school.ben)
    frames = await shown(bens)
    assert [(frame["type"], frame["userId"], frame["status"]) for frame in frames] == [
        ("user_presence", person.id, "online") for person in (school.ann, school.tea)
    ]
    await bens.send({"type": "join_channel", "channelId": school.general.id})
    await bens.receive_type("joined_channel")
    await until_quiet()
    assert await shown(bens) == frames  # joining again sends it again


async def test_an_identified_connection_gets_the_presence_in_its_workspaces(world: World) -> None:
    school = await open_school(world)
    (await school.ann.open("/ws")).ignoring("user_online_status")
    gateway = await on_gateway(school.ben)
    data = {"userId": school.ann.id, "status": "online", "workspaceId": school.workspace.id}
    assert await shown(gateway) == [{"t": "PRESENCE_UPDATE", "d": data}]


@pytest.mark.parametrize("is_blocker", [True, False])
async def test_an_arrival_gets_no_presence_across_a_block(
    world: World, *, is_blocker: bool
) -> None:
    school = await open_school(world)
    ann, ben = school.ann, school.ben
    await friends(world, ann, ben)
    pair = (ben.id, ann.id) if is_blocker else (ann.id, ben.id)
    await world.store.relations.block(*pair)
    await on_chat(school, ann)
    for socket in (await on_private(ben), await on_chat(school, ben), await on_gateway(ben)):
        await socket.is_silent()


async def test_presence_for_everyone_is_not_sent_across_a_block(memory_store: Store) -> None:
    async with open_world(memory_store, presence_audience="everyone") as world:
        ann, ben, eve = await world.people("ann", "ben", "eve")
        await world.store.relations.block(ann.id, ben.id)
        for person in (ann, eve):
            (await person.open()).ignoring("user_online_status")
        frames = await shown(await on_private(ben))
        assert [frame["user_id"] for frame in frames] == [eve.id]


async def test_a_block_applies_to_a_lookup_in_flight(memory_store: Store) -> None:
    audience, late = Interception("relations", "presence_audience"), Late()
    async with open_world(audience.over(memory_store), presence_grace=0.0) as world:
        ann, ben = await world.people("ann", "ben")
        await friends(world, ann, ben)
        anns = (await ann.open()).ignoring("user_online_status", "revoked")
        audience.way = late
        bens = await on_private(ben)
        await late.carried_out.wait()
        audience.way = None
        await world.store.relations.block(ann.id, ben.id)
        await until_quiet()
        late.may_arrive.set()
        await until_quiet()
        frames = await shown(bens)
        assert [frame for frame in frames if frame.get("is_online")] == []
        await anns.is_silent()


async def test_a_block_between_strangers_applies_to_a_lookup_for_a_channel(
    memory_store: Store,
) -> None:
    blocked, late = Interception("relations", "blocked_either_way"), Late()
    async with open_world(blocked.over(memory_store)) as world:
        school = await open_school(world)
        await on_chat(school, school.ann)
        blocked.way = late
        bens = await school.ben.open("/ws/chat")
        await bens.send({"type": "join_channel", "channelId": school.general.id})
        await late.carried_out.wait()
        blocked.way = None
        await world.store.relations.block(school.ann.id, school.ben.id)
        await until_quiet()
        late.may_arrive.set()
        await until_quiet()
        assert [frame for frame in await shown(bens) if frame.get("status") == "online"] == []


async def test_a_block_of_a_user_at_another_node_applies_to_a_lookup_in_flight(
    autojump_clock: MockClock,
) -> None:
    audience, late, medium = Interception("relations", "presence_audience"), Late(), Medium()
    store = new_store()
    async with (
        open_node(store, medium, "a") as first,
        open_node(audience.over(store), medium, "b") as second,
    ):
        ann, ben = await first.world.people("ann", "ben")
        await friends(first.world, ann, ben)
        (await ann.open()).ignoring("user_online_status", "revoked")
        await until_quiet()
        audience.way = late
        bens = await on_private(second.at(ben))
        await late.carried_out.wait()
        audience.way = None
        await store.relations.block(ann.id, ben.id)
        await until_quiet()
        late.may_arrive.set()
        await until_quiet()
        assert [frame for frame in await shown(bens) if frame.get("is_online")] == []


@pytest.mark.parametrize("waits_behind_others", [False, True])
async def test_the_end_of_a_membership_applies_to_a_lookup_in_flight(
    memory_store: Store, *, waits_behind_others: bool
) -> None:
    """Also if the lookup itself has not begun, because another one is running."""
    blocked, late = Interception("relations", "blocked_either_way"), Late()
    async with open_world(blocked.over(memory_store)) as world:
        school = await open_school(world)
        await friends(world, school.ann, school.ben)
        (await school.ann.open("/ws")).ignoring("user_online_status")
        blocked.way = late
        if waits_behind_others:
            (await on_gateway(school.tea)).ignoring("PRESENCE_UPDATE", "GUILD_MEMBER_REMOVE")
        bens = await on_gateway(school.ben)
        await late.carried_out.wait()
        blocked.way = None
        ids = school.workspace.id, school.ann.id
        await world.store.workspaces.remove_member(*ids, by=school.tea.id)
        await until_quiet()
        late.may_arrive.set()
        await until_quiet()
        frames = await shown(bens)
        assert [frame["t"] for frame in frames if frame["d"]["userId"] == school.ann.id] == [
            "GUILD_MEMBER_REMOVE"
        ]


async def test_a_connection_that_has_left_again_gets_no_presence(memory_store: Store) -> None:
    blocked, late = Interception("relations", "blocked_either_way"), Late()
    async with open_world(blocked.over(memory_store)) as world:
        school = await open_school(world)
        (await on_chat(school, school.ann)).ignoring("user_presence")
        bens = await school.ben.open("/ws/chat")
        blocked.way = late
        for kind in ("join_channel", "leave_channel"):
            await bens.send({"type": kind, "channelId": school.general.id})
        for kind in ("joined_channel", "left_channel"):
            await bens.receive_type(kind)
        await late.carried_out.wait()
        late.may_arrive.set()
        await bens.is_silent()


async def test_the_presence_events_for_one_arrival_are_bounded(
    memory_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub.services.presence.arrivals, "MAX_EVENTS", 2)
    async with open_world(memory_store) as world:
        ann, *others = await world.people("ann", "ben", "eve", "kim")
        for other in others:
            await friends(world, ann, other)
            (await other.open()).ignoring("user_online_status")
        assert len(await shown(await on_private(ann))) == 2


async def test_an_arrival_waits_while_the_store_is_unavailable(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    audience = Interception("relations", "presence_audience")

    async def away(*_: Any) -> Any:
        raise StoreUnavailable("away")

    async with open_world(audience.over(memory_store)) as world:
        ann, ben = await world.people("ann", "ben")
        await friends(world, ann, ben)
        (await ann.open()).ignoring("user_online_status")
        audience.way = away
        bens = await on_private(ben)
        assert await shown(bens) == []
        audience.way = None
        assert (await bens.receive_type("user_online_status"))["user_id"] == ann.id
