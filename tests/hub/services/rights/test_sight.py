"""Across a block neither user gets events of the other, but messages in channels reach both."""

from trio.testing import MockClock

from persistence.interface import Store
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.clients.socketio import channel_of, enter
from tests.support.posting import post
from tests.support.quiet import until_quiet
from tests.support.school import School, on_gateway, open_school
from tests.support.stores.intercept import Interception, Late
from tests.support.world import Person, World, open_world


async def block(school: School, *, by_ann: bool = True) -> None:
    one, other = (school.ann, school.ben) if by_ann else (school.ben, school.ann)
    await school.world.store.relations.block(one.id, other.id)
    await until_quiet()


def presence(school: School, person: Person, status: str) -> dict[str, object]:
    return {
        "type": "user_presence", "userId": person.id, "username": person.user.username,
        "status": status, "channelId": school.general.id,
    }  # fmt: skip


async def test_presence_typing_and_receipts_in_a_channel_are_not_sent_across_a_block(
    world: World,
) -> None:
    school = await open_school(world)
    await block(school)
    anns, bens = await school.join(school.ann), await school.join(school.ben)
    events = [await enter(each) for each in (school.ann, school.ben)]
    for peer in events:
        await peer.ask("room:join", channel_of(school))
    await post(world, school.ann.user, school.general, "hi")
    ids = [(await each.receive_type("new_message"))["message"]["id"] for each in (anns, bens)]
    for peer in events:
        assert (await peer.event())[0] == "message:new"
    for socket in (anns, bens):
        await socket.send({"type": "typing", "channelId": school.general.id})
        where = {"channelId": school.general.id, "messageId": ids[0]}
        await socket.send({"type": "mark_read", **where})
    await until_quiet()
    await anns.close_in_silence()
    await bens.close_in_silence()
    typed = {"message:typing:start", "message:typing:stop"}
    for peer, person, names in (
        (events[0], school.ann, typed),
        (events[1], school.ben, typed | {"message:read"}),
    ):  # what they type and read themselves, on the other connection
        told = [await peer.event() for _ in names]
        assert {name for name, _ in told} == names
        assert {each["userId"] for _, each in told} == {to_uuid(IdKind.USER, person.id)}


async def test_a_third_user_gets_the_events_of_both_sides_of_a_block(world: World) -> None:
    school = await open_school(world)
    await block(school)
    teas = await school.join(school.tea)
    for person in (school.ann, school.ben):
        socket = await school.join(person)
        assert await teas.receive() == presence(school, person, "online")
        await socket.send({"type": "typing", "channelId": school.general.id})
        assert (await teas.receive_type("user_typing"))["userId"] == person.id
        await socket.close_in_silence(besides={"user_presence"})
        await teas.receive_type("user_stop_typing")
        assert await teas.receive() == presence(school, person, "offline")


async def test_a_block_ends_presence_and_typing_that_were_shown_in_a_channel(world: World) -> None:
    school = await open_school(world)
    anns, bens = await school.join(school.ann), await school.join(school.ben)
    await anns.receive_type("user_presence")
    await anns.send({"type": "typing", "channelId": school.general.id})
    await bens.receive_type("user_typing")
    await block(school)
    assert (await bens.receive_type("user_stop_typing"))["userId"] == school.ann.id
    assert await bens.receive() == presence(school, school.ann, "offline")
    assert await anns.receive() == presence(school, school.ben, "offline")
    await anns.close_in_silence()
    await bens.close_in_silence()


async def test_on_the_gateway_a_blocker_is_shown_as_offline_from_the_block_on(
    world: World,
) -> None:
    school = await open_school(world)
    gateway = await on_gateway(school.ben)
    anns = await school.ann.open()
    assert (await gateway.receive_type("PRESENCE_UPDATE"))["d"]["userId"] == school.ann.id
    await block(school)
    offline = {"userId": school.ann.id, "status": "offline", "workspaceId": school.workspace.id}
    assert (await gateway.receive_type("PRESENCE_UPDATE"))["d"] == offline
    await anns.close_in_silence(besides={"user_online_status"})
    await school.ann.open()
    await gateway.is_silent()


async def test_presence_for_everyone_is_not_sent_across_a_block(memory_store: Store) -> None:
    async with open_world(memory_store, presence_audience="everyone", presence_grace=0.0) as world:
        ann, ben, eve = await world.people("ann", "ben", "eve")
        await world.store.relations.block(ann.id, ben.id)
        bens, eves = await ben.open(), await eve.open()
        assert (await bens.receive_type("user_online_status"))["user_id"] == eve.id
        await ann.open()
        assert (await eves.receive_type("user_online_status"))["user_id"] == ann.id
        await bens.is_silent()
        online = (await ben.call("GET", "/private_messages/api/users/online")).json
        assert [each["id"] for each in online] == [eve.id]


async def test_a_block_applies_to_lookups_in_flight(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    """The recipients of Ann's presence and typing are being looked up when she blocks Ben."""
    blocked = Interception("relations", "blocked_either_way")
    hidden = Interception("channels", "hidden_from")
    store = blocked.over(hidden.over(memory_store))
    async with open_world(store, presence_grace=0.0) as world:
        school = await open_school(world)
        bens = await school.join(school.ben)
        blocked.way, hidden.way = joins, types = Late(), Late()
        anns = await school.join(school.ann)
        await anns.send({"type": "typing", "channelId": school.general.id})
        await joins.carried_out.wait()
        await types.carried_out.wait()
        await block(school)
        joins.may_arrive.set()
        types.may_arrive.set()
        await until_quiet()
        await bens.close_in_silence()
        await anns.close_in_silence(besides={"user_presence"})
