"""What people see of each other when they are connected to several hubs: what they see at one."""

import trio
from trio.testing import MockClock

from persistence.interface import Store
from tests.support.nodes import open_nodes
from tests.support.posting import private_message
from tests.support.quiet import until_quiet
from tests.support.world import Person, World

ONLINE = "user_online_status"


async def related(world: World) -> tuple[Person, Person]:
    """Two who may know that each other is online."""
    ann, ben = await world.people("ann", "ben")
    await world.store.relations.request_follow(ann.id, ben.id)
    return ann, ben


async def test_presence_crosses_and_is_told_once(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    async with open_nodes(memory_store, 2) as (a, b):
        ann, ben = await related(a.world)
        bens = await b.at(ben).open()
        anns = await ann.open()
        status = {"type": ONLINE, "user_id": ann.id, "is_online": True}
        assert await bens.receive() == status
        await anns.close_in_silence(besides={ONLINE})
        left = trio.current_time()
        assert await bens.receive() == {**status, "is_online": False}
        assert trio.current_time() - left == 5.0
        await trio.sleep(30)
        await bens.is_silent()


async def test_who_comes_is_shown_who_is_at_other_nodes(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    async with open_nodes(memory_store, 2) as (a, b):
        ann, ben = await related(a.world)
        await ann.open()
        bens = await b.at(ben).connect("/ws")
        await bens.receive_type("system")
        assert (await bens.receive_type(ONLINE))["user_id"] == ann.id


async def test_typing_crosses_and_ends_by_the_message(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    async with open_nodes(memory_store, 2) as (a, b):
        ann, ben = await a.world.people("ann", "ben")
        anns, bens = await ann.open(), await b.at(ben).open()
        await anns.send({"type": "typing_indicator", "recipient_id": ben.id, "is_typing": True})
        assert (await bens.receive_type("typing_indicator"))["is_typing"] is True
        await anns.send(private_message(ben))
        assert (await bens.receive())["is_typing"] is False
        assert (await bens.receive())["type"] == "private_message"
        await anns.receive_type("private_message")
        await trio.sleep(30)
        await bens.is_silent(besides={ONLINE})
        await until_quiet()
