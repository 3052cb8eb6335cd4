"""How far back a node reads the log: as far as it may have missed messages, not further."""

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
    """A repair of a store in memory, and the channels that it has looked at."""

    store: Store
    people: Sequence[User]
    repair: Repair
    found: list[Sequence[ChannelId]] = field(factory=list, init=False)
    _count: int = field(default=0, init=False)

    async def say(self) -> ChannelId:
        """Store a message in a new conversation."""
        self._count += 1
        one, other = self.people[0], self.people[self._count]
        return (await post_one(self.store, Draft(one.id, other.id, "hi"))).channel_id

    async def pass_time(
        self, autojump_clock: trio.testing.MockClock, seconds: float, *, in_sync: bool
    ) -> None:
        """As `Cluster` does: take samples and, if `in_sync`, report that nothing is missing."""
        assert autojump_clock.autojump_threshold == 0
        for _ in range(round(seconds / 0.5)):
            await trio.sleep(0.5)
            await self.repair.sample()
            if in_sync:
                self.repair.nothing_is_missing(trio.current_time())

    async def look(self) -> Sequence[ChannelId]:
        """Repair once; returns the channels that were looked at."""
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


async def test_a_repair_looks_at_everything_since_the_start(
    autojump_clock: trio.testing.MockClock,
) -> None:
    node = await looking()
    first = await node.say()
    await node.pass_time(autojump_clock, 3, in_sync=False)
    second = await node.say()
    assert await node.look() == [first, second]
    assert (node.repair.figures.repairs, node.repair.figures.channels) == (1, 2)


async def test_a_repair_skips_messages_from_long_before_the_node_was_in_sync(
    autojump_clock: trio.testing.MockClock,
) -> None:
    node = await looking()
    await node.say()
    await node.pass_time(autojump_clock, SETTLED_SECONDS + 2, in_sync=True)
    assert await node.look() == []


async def test_a_repair_includes_messages_that_may_have_been_committed_late(
    autojump_clock: trio.testing.MockClock,
) -> None:
    node = await looking()
    await node.pass_time(autojump_clock, 20, in_sync=True)
    late = await node.say()
    await node.pass_time(autojump_clock, SETTLED_SECONDS - 1, in_sync=True)
    assert await node.look() == [late]


async def test_a_repair_looks_as_far_back_as_messages_may_be_missing(
    autojump_clock: trio.testing.MockClock,
) -> None:
    node = await looking()
    await node.pass_time(autojump_clock, 20, in_sync=True)
    missed = await node.say()
    await node.pass_time(autojump_clock, 40, in_sync=False)
    assert await node.look() == [missed]
    await node.pass_time(autojump_clock, SETTLED_SECONDS + 2, in_sync=False)
    assert await node.look() == []  # the last repair has found everything before


async def test_an_occasional_repair_looks_further_back(
    autojump_clock: trio.testing.MockClock,
) -> None:
    node = await looking()
    await node.pass_time(autojump_clock, 20, in_sync=True)
    unnoticed = await node.say()
    await node.pass_time(autojump_clock, AUDIT_SECONDS - 21, in_sync=True)
    assert not node.repair.is_due
    assert await node.look() == []
    await node.pass_time(autojump_clock, 1, in_sync=True)
    assert node.repair.is_due
    assert await node.look() == [unnoticed]
    assert not node.repair.is_due


async def test_a_repair_of_another_log_begins_at_its_end(
    autojump_clock: trio.testing.MockClock,
) -> None:
    node = await looking()
    await node.say()
    await node.repair.begin_anew()
    assert await node.look() == []
    assert await node.say() in await node.look()
