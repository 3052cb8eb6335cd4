"""Bulletins of a node that has ended are dropped when they arrive again, also after its restart."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import pytest
import trio
from trio.testing import MockClock

from hub.actor.letters import Delivery, ToEveryone
from persistence.bus.memory import Medium
from persistence.interface import Store
from protocol.events import Announced
from tests.support.cluster.presence import ONLINE, related
from tests.support.cluster.worlds import OneNode, new_store, open_node
from tests.support.posting import write
from tests.support.telemetry.logs import captured_lines
from tests.support.world import Person


@asynccontextmanager
async def recorded(medium: Medium) -> AsyncIterator[list[bytes]]:
    """Yields the list of all bulletins that are published meanwhile."""
    found: list[bytes] = []

    async def record() -> None:
        async with medium.member().bulletins() as bulletins:
            async for data in bulletins:
                found.extend(() if data is None else (data,))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(record)
        await trio.testing.wait_all_tasks_blocked()
        yield found
        nursery.cancel_scope.cancel()


async def live(
    store: Store, medium: Medium, ann: Person, ben: Person, autojump_clock: MockClock
) -> None:
    """A node at which Ann connects, types, writes to Ben and leaves, and an operator announces."""
    async with open_node(store, medium, "north") as node:
        anns = (await node.at(ann).open()).ignoring(ONLINE)
        typing = {"type": "typing_indicator", "recipient_id": ben.id, "is_typing": True}
        await anns.send(typing)
        await write(node.world, ann.user, ben.user, "hi")
        said = Announced("soon", datetime.now(UTC))
        await node.world.services.announcer.announce([Delivery(said, ToEveryone(frozenset()))])
        await trio.sleep(1)
        await anns.everything()
        await anns.close_in_silence()
        await trio.sleep(10)


async def frames_after(
    node: OneNode, ben: Person, published: Sequence[bytes], autojump_clock: MockClock
) -> Sequence[str | bytes]:
    """The frames that Ben gets when all these bulletins arrive again."""
    bens = await node.at(ben).open()
    await trio.sleep(5)
    await bens.everything()
    for data in published:
        await node.bus.publish(data)
    await trio.sleep(30)
    return await bens.everything()


@pytest.mark.parametrize("is_back", [False, True], ids=["ended", "begun anew"])
async def test_bulletins_of_a_node_that_has_ended_are_dropped_when_they_arrive_again(
    autojump_clock: MockClock, *, is_back: bool
) -> None:
    store, medium = new_store(), Medium()
    async with open_node(store, medium, "south") as south, AsyncExitStack() as later:
        ann, ben = await related(south.world)
        async with recorded(medium) as published:
            await live(store, medium, ann, ben, autojump_clock)
            old = list(published)
        assert len(old) > 10
        if is_back:
            await later.enter_async_context(open_node(store, medium, "north"))
        with captured_lines() as lines:
            assert await frames_after(south, ben, old, autojump_clock) == []
        assert {each["reason"] for each in lines if each["event"] == "bad_bulletin"} == {
            "north has ended, or has not begun"
        }
        assert south.world.services.cluster is not None
        assert not south.world.services.cluster.is_apart
