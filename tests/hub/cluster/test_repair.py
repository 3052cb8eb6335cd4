"""What a node looks for in the log: as far back as it may have missed something, not further."""

from collections.abc import Sequence

import trio
from attrs import define, field

from hub.cluster.repair import AUDIT_SECONDS, SETTLED_SECONDS, Repair
from persistence.interface import Store
from persistence.nodes import Head
from persistence.records import Draft
from protocol.model import ChannelId, User
from tests.support.stores.memory import new_memory_store
from tests.support.stores.records import make_users, post_one


@define
class Looking:
    """A repair of a store in memory, and what it has looked at."""

    store: Store
    people: Sequence[User]
    repair: Repair
    found: list[Sequence[ChannelId]] = field(factory=list, init=False)
    _count: int = field(default=0, init=False)

    async def say(self) -> ChannelId:
        """Somebody writes in a conversation of its own."""
        self._count += 1
        one, other = self.people[0], self.people[self._count]
        return (await post_one(self.store, Draft(one.id, other.id, "hi"))).channel_id

    async def pass_time(self, seconds: float, *, in_sync: bool) -> None:
        """As `Cluster` does: a sample now and then, and everything has come."""
        for _ in range(round(seconds / 0.5)):
            await trio.sleep(0.5)
            await self.repair.sample()
            if in_sync:
                self.repair.nothing_is_missing(trio.current_time())

    async def look(self) -> Sequence[ChannelId]:
        """Repair once; returns which channels were looked at."""
        await self.repair.run_once(self.suspect)
        return self.found[-1]

    def suspect(self, heads: Sequence[Head]) -> int:
        self.found.append([each.channel_id for each in heads])
        return len(heads)


async def looking() -> Looking:
    store = new_memory_store()
    people = await make_users(store, *(f"user{number}" for number in range(10)))
    repair = Repair(store.messages, store.nodes)
    await repair.begin_anew()
    return Looking(store, people, repair)


async def test_everything_since_the_start(autojump_clock: trio.testing.MockClock) -> None:
    node = await looking()
    first = await node.say()
    await node.pass_time(3, in_sync=False)
    second = await node.say()
    assert await node.look() == [first, second]
    assert (node.repair.figures.repairs, node.repair.figures.channels) == (1, 2)


async def test_nothing_from_long_before_everything_had_come(
    autojump_clock: trio.testing.MockClock,
) -> None:
    node = await looking()
    await node.say()
    await node.pass_time(SETTLED_SECONDS + 2, in_sync=True)
    assert await node.look() == []


async def test_what_may_have_been_committed_late(autojump_clock: trio.testing.MockClock) -> None:
    node = await looking()
    await node.pass_time(20, in_sync=True)
    late = await node.say()
    await node.pass_time(SETTLED_SECONDS - 1, in_sync=True)
    assert await node.look() == [late]


async def test_it_looks_as_far_back_as_something_may_be_missing(
    autojump_clock: trio.testing.MockClock,
) -> None:
    node = await looking()
    await node.pass_time(20, in_sync=True)
    missed = await node.say()
    await node.pass_time(40, in_sync=False)
    assert await node.look() == [missed]
    await node.pass_time(SETTLED_SECONDS + 2, in_sync=False)
    assert await node.look() == []  # the last look has found everything of before


async def test_now_and_then_it_looks_further_back(autojump_clock: trio.testing.MockClock) -> None:
    node = await looking()
    await node.pass_time(20, in_sync=True)
    unnoticed = await node.say()
    await node.pass_time(AUDIT_SECONDS - 21, in_sync=True)
    assert not node.repair.is_due
    assert await node.look() == []
    await node.pass_time(1, in_sync=True)
    assert node.repair.is_due
    assert await node.look() == [unnoticed]
    assert not node.repair.is_due


async def test_another_log_is_looked_at_from_its_end(
    autojump_clock: trio.testing.MockClock,
) -> None:
    node = await looking()
    await node.say()
    await node.repair.begin_anew()
    assert await node.look() == []
    assert await node.say() in await node.look()
