"""A node publishes bulletins in order and with numbers, whatever the bus does."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from attrs import define, evolve, field
from trio.testing import wait_all_tasks_blocked

from hub.actor.letters import Delivery, ToEveryone, ToOutsider, ToUsers
from hub.cluster.bulletins import (
    Change,
    Changed,
    Delivered,
    Goodbye,
    Heartbeat,
    Move,
    Moved,
    Present,
    Repeated,
    Seat,
    Shown,
    Signs,
    Spending,
    Spent,
    StoredMessage,
    Typed,
)
from hub.cluster.codec import Read, StoredMessages, decode
from hub.cluster.digest import mark
from hub.cluster.publishing import (
    ATTEMPTS,
    GATHER_SECONDS,
    MANY,
    MAX_ITEMS,
    MAX_PRESENT,
    MAX_SPENT,
    MAX_WAITING,
    SIGN_SECONDS,
    SPENT_SECONDS,
    Publisher,
)
from hub.limits.quotas import Kind
from persistence.bus.memory import Medium, MemoryBus
from persistence.contents.revisions import Revised
from protocol.events import HeartbeatAcknowledged, PresenceChanged
from protocol.model import ChannelId, MessageId, Posted, UserId
from protocol.revisions import Delete
from tests.support.documents.events import ANN, MESSAGE, PAIR

EPOCH = "e1"


def message(number: int, content: str = "hi") -> StoredMessage:
    posted = Posted(evolve(MESSAGE, id=MessageId(number), seq=number, content=content))
    return StoredMessage(posted, ANN, PAIR)


@define
class Listening:
    """A node that publishes, and the bulletins that the bus delivers."""

    medium: Medium
    bus: MemoryBus
    publisher: Publisher
    bulletins: AsyncIterator[bytes | None]
    epochs: list[str] = field(factory=lambda: [EPOCH])

    async def next(self) -> tuple[int, Read]:
        """The next bulletin that is no heartbeat, with its number."""
        while True:
            number, read = await self.any()
            if not isinstance(read, Heartbeat):
                return number, read

    async def any(self) -> tuple[int, Read]:
        async for data in self.bulletins:
            if data is not None:
                heading, read = decode(self.epochs[0], data)
                assert (heading.node, heading.start) == ("north", "n1")
                return heading.number, read
        raise AssertionError("the bus has ended")


@asynccontextmanager
async def listening() -> AsyncIterator[Listening]:
    medium, epochs = Medium(), [EPOCH]
    bus = medium.member()
    publisher = Publisher(bus, "north", "n1", lambda: epochs[0])
    async with bus.bulletins() as bulletins:
        yield Listening(medium, bus, publisher, bulletins, epochs)


def seqs(read: Read) -> Sequence[int]:
    assert isinstance(read, StoredMessages)
    return [seq for _, seq, _ in read.places]


async def test_waiting_items_are_published_together_in_their_order(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with listening() as node, trio.open_nursery() as nursery:
        node.publisher.stored([message(1), message(2)])
        node.publisher.stored([message(3)])
        revised = Revised(MESSAGE, 1)
        node.publisher.changed([Change(revised, Delete(), ANN, PAIR)])
        node.publisher.stored([message(4)])
        nursery.start_soon(node.publisher.run)
        number, first = await node.next()
        assert (number, seqs(first)) == (1, [1, 2, 3])
        assert await node.next() == (2, Changed((Change(revised, Delete(), ANN, PAIR),)))
        number, last = await node.next()
        assert (number, seqs(last)) == (3, [4])
        nursery.cancel_scope.cancel()


async def test_a_heartbeat_each_second_names_the_last_number(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with listening() as node, trio.open_nursery() as nursery:
        nursery.start_soon(node.publisher.run)
        assert await node.any() == (0, Heartbeat(0, 0.0))
        node.publisher.stored([message(1)])
        number, read = await node.any()
        assert (number, seqs(read)) == (1, [1])
        assert await node.any() == (1, Heartbeat(0, 1.0))
        nursery.cancel_scope.cancel()


async def test_events_for_one_connection_are_not_published(
    autojump_clock: trio.testing.MockClock,
) -> None:
    event = PresenceChanged(UserId(1), online=True)
    nobody: Any = None  # it is not looked into
    outsider = ToOutsider(nobody, nobody)
    async with listening() as node, trio.open_nursery() as nursery:
        nursery.start_soon(node.publisher.run)
        node.publisher.delivered([Delivery(event, outsider)])
        node.publisher.delivered(
            [
                Delivery(HeartbeatAcknowledged(), ToEveryone(frozenset())),
                Delivery(event, ToUsers((UserId(2),))),
            ]
        )
        number, read = await node.next()
        assert isinstance(read, Delivered)
        assert [(each.event, each.to) for each in read.items] == [(event, ToUsers((UserId(2),)))]
        assert number == 1
        nursery.cancel_scope.cancel()


async def test_messages_too_large_for_one_bulletin_are_published_in_parts(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with listening() as node, trio.open_nursery() as nursery:
        node.bus.max_bytes = 4_000
        node.publisher.stored(
            [message(1, "x" * 1_500), message(2, "x" * 5_000), message(3, "x" * 1_500), message(4)]
        )
        nursery.start_soon(node.publisher.run)
        first, second = await node.next(), await node.next()
        assert [(first[0], seqs(first[1])), (second[0], seqs(second[1]))] == [(1, [1]), (3, [3, 4])]
        assert node.publisher.figures.dropped == 1  # other nodes miss its number
        nursery.cancel_scope.cancel()


async def test_a_bulletin_has_a_bounded_number_of_items(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with listening() as node, trio.open_nursery() as nursery:
        for number in range(1, MAX_ITEMS + 2):
            node.publisher.stored([message(number)])
        nursery.start_soon(node.publisher.run)
        assert [len(seqs((await node.next())[1])) for _ in range(2)] == [MAX_ITEMS, 1]
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(("count", "waits"), [(1, 0.0), (MANY, GATHER_SECONDS)])
async def test_after_many_at_once_the_next_ones_are_gathered(
    autojump_clock: trio.testing.MockClock, count: int, waits: float
) -> None:
    """After a few, the next one is published at once."""
    async with listening() as node, trio.open_nursery() as nursery:
        node.publisher.stored(map(message, range(1, count + 1)))
        nursery.start_soon(node.publisher.run)
        await node.next()
        began = trio.current_time()
        node.publisher.stored([message(count + 1)])
        await wait_all_tasks_blocked()
        node.publisher.stored([message(count + 2)])
        _, read = await node.next()
        is_gathered = seqs(read) == [count + 1, count + 2]
        assert is_gathered is bool(waits)
        assert trio.current_time() - began == pytest.approx(waits)
        nursery.cancel_scope.cancel()


async def test_spent_allowances_are_published_at_once_and_then_gathered(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with listening() as node, trio.open_nursery() as nursery:
        nursery.start_soon(node.publisher.run)
        ann, ben = UserId(1), UserId(2)
        node.publisher.spent(ann, Kind.SEARCHES)
        assert await node.next() == (0, Spent((Spending(ann, Kind.SEARCHES, 1),)))
        began = trio.current_time()
        for user_id in (ann, ben, ann):
            node.publisher.spent(user_id, Kind.PINS)
        together = Spent((Spending(ann, Kind.PINS, 2), Spending(ben, Kind.PINS, 1)))
        assert await node.next() == (0, together)
        assert trio.current_time() - began == pytest.approx(SPENT_SECONDS)
        for number in range(MAX_SPENT + 1):
            node.publisher.spent(UserId(number), Kind.PINS)
        sizes = []
        for _ in range(2):
            _, read = await node.next()
            assert isinstance(read, Spent)
            sizes.append(len(read.items))
        assert sizes == [MAX_SPENT, 1]
        nursery.cancel_scope.cancel()


async def test_the_number_of_waiting_spent_allowances_is_bounded(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with listening() as node, trio.open_nursery() as nursery:
        for number in range(MAX_WAITING + 1):
            node.publisher.spent(UserId(number), Kind.PINS)
        nursery.start_soon(node.publisher.run)
        told = 0
        for _ in range(MAX_WAITING // MAX_SPENT):
            _, read = await node.next()
            assert isinstance(read, Spent)
            told += len(read.items)
        assert told == MAX_WAITING
        await trio.sleep(1)
        later = UserId(MAX_WAITING + 1)
        node.publisher.spent(later, Kind.PINS)
        assert await node.next() == (0, Spent((Spending(later, Kind.PINS, 1),)))
        nursery.cancel_scope.cancel()


async def test_an_unavailable_bus_is_tried_again(autojump_clock: trio.testing.MockClock) -> None:
    async with listening() as node, trio.open_nursery() as nursery:
        node.medium.stop()
        node.publisher.stored([message(1)])
        nursery.start_soon(node.publisher.run)
        await trio.testing.wait_all_tasks_blocked()
        assert node.publisher.figures.failures > 0
        node.medium.start()
        number, read = await node.next()
        assert (number, seqs(read)) == (1, [1])
        nursery.cancel_scope.cancel()


async def test_a_bulletin_that_is_given_up_leaves_a_gap_in_the_numbers(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with listening() as node, trio.open_nursery() as nursery:
        node.medium.stop()
        node.publisher.stored([message(1)])
        nursery.start_soon(node.publisher.run)
        await trio.sleep(ATTEMPTS)
        assert node.publisher.figures.dropped == 1
        node.medium.start()
        node.publisher.stored([message(2)])
        number, read = await node.next()
        assert (number, seqs(read)) == (2, [2])
        nursery.cancel_scope.cancel()


async def test_the_number_of_waiting_bulletins_is_bounded(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with listening() as node, trio.open_nursery() as nursery:
        for number in range(1, MAX_WAITING + 3):
            node.publisher.stored([message(number)])
        nursery.start_soon(node.publisher.run)
        number, read = await node.next()
        assert (number, seqs(read)[0]) == (3, 3)
        nursery.cancel_scope.cancel()


async def test_no_heartbeat_overtakes_bulletins_that_wait(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with listening() as node, trio.open_nursery() as nursery:
        nursery.start_soon(node.publisher.run)
        await node.any()
        node.medium.pause()
        for number in (1, 2):
            node.publisher.stored([message(number)])
            await trio.testing.wait_all_tasks_blocked()
        await trio.sleep(1.5)
        node.medium.go_on()
        kinds = [type((await node.any())[1]) for _ in range(3)]
        assert kinds == [StoredMessages, StoredMessages, Heartbeat]
        nursery.cancel_scope.cancel()


async def test_a_bulletin_has_the_epoch_of_when_it_was_made(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with listening() as node, trio.open_nursery() as nursery:
        node.publisher.stored([message(1)])
        node.epochs[0] = "e2"
        node.publisher.stored([message(2)])
        nursery.start_soon(node.publisher.run)
        node.epochs[0] = "e1"
        number, read = await node.next()
        assert (number, seqs(read)) == (1, [1])
        nursery.cancel_scope.cancel()


async def test_the_goodbye_is_published_after_the_waiting_bulletins(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with listening() as node:
        node.publisher.stored([message(1)])
        await node.publisher.say_goodbye(2.5)
        assert seqs((await node.next())[1]) == [1]
        number, read = await node.next()
        assert (number, read) == (1, Goodbye(2.5))


async def test_a_heartbeat_has_the_digest_of_the_users_published_as_present(
    autojump_clock: trio.testing.MockClock,
) -> None:
    ann, ben = UserId(1), UserId(2)
    async with listening() as node, trio.open_nursery() as nursery:
        nursery.start_soon(node.publisher.run)
        await node.any()
        for key, is_here in ((ann, True), (ben, True), (ann, False)):
            node.publisher.moved(key, is_here=is_here)
        moves = (Move(ann, True), Move(ben, True), Move(ann, False))
        assert await node.any() == (1, Moved(moves))
        node.publisher.lacks(("south",))
        assert await node.any() == (1, Heartbeat(mark(ben), 1.0, ("south",)))
        nursery.cancel_scope.cancel()


async def test_a_snapshot_is_published_in_parts_with_its_total_count(
    autojump_clock: trio.testing.MockClock,
) -> None:
    users = [UserId(number) for number in range(1, MAX_PRESENT + 3)]
    seat = Seat(ChannelId(1), UserId(2), "ann", UserId(3))
    async with listening() as node, trio.open_nursery() as nursery:
        node.publisher.present([*users, seat])
        node.publisher.present([])
        nursery.start_soon(node.publisher.run)
        count = len(users) + 1
        assert await node.next() == (1, Present(tuple(users[:MAX_PRESENT]), 1, count))
        assert await node.next() == (2, Present((*users[MAX_PRESENT:], seat), 1, count))
        assert await node.next() == (3, Present((), 2, 0))
        nursery.cancel_scope.cancel()


async def test_missed_bulletins_are_published_again_under_their_numbers(
    autojump_clock: trio.testing.MockClock,
) -> None:
    event, to = PresenceChanged(UserId(1), online=True), ToUsers((UserId(2),))
    async with listening() as node, trio.open_nursery() as nursery:
        node.publisher.delivered([Delivery(event, to)])
        node.publisher.stored([message(1)])
        nursery.start_soon(node.publisher.run)
        assert [(await node.next())[0] for _ in range(2)] == [1, 2]
        node.publisher.repeat([1, 2])
        number, read = await node.next()
        assert isinstance(read, Repeated)
        assert number == 3
        assert [(each.number, len(each.reaching)) for each in read.items] == [(1, 1), (2, 0)]
        assert read.items[0].reaching[0].event == event
        nursery.cancel_scope.cancel()


async def test_typing_and_presence_that_waited_for_the_bus_are_not_published(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """A right may have ended meanwhile; each node announces by itself the users it has missed."""
    typed = Typed(ANN.id, UserId(2), None, is_typing=True, seconds=5.0, after=0, reaching=())
    shown = Shown(ANN.id, online=True, reaching=())
    async with listening() as node, trio.open_nursery() as nursery:
        node.medium.stop()
        node.publisher.signs([typed, shown])
        await trio.sleep(SIGN_SECONDS)
        node.medium.start()
        nursery.start_soon(node.publisher.run)
        await trio.sleep(1)
        assert node.publisher.figures.dropped == 1
        node.publisher.signs([shown, typed])
        assert await node.next() == (1, Signs((shown, typed)))
        nursery.cancel_scope.cancel()


async def test_typing_that_the_bus_does_not_accept_is_given_up(
    autojump_clock: trio.testing.MockClock,
) -> None:
    typed = Typed(ANN.id, UserId(2), None, is_typing=True, seconds=5.0, after=0, reaching=())
    async with listening() as node, trio.open_nursery() as nursery:
        node.medium.stop()
        nursery.start_soon(node.publisher.run)
        node.publisher.signs([typed])
        await trio.sleep(0.1)
        node.medium.start()
        node.publisher.stored([message(1)])
        number, read = await node.next()
        assert (number, seqs(read)) == (2, [1])
        nursery.cancel_scope.cancel()
