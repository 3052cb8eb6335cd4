"""The guarantees of every engine of a bus."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from typing import TypeAlias

import pytest
import trio
import trio.testing

from persistence.bus import Bus, BusUnavailable, require_cell
from tests.support.buses.carriers import (
    CELL,
    Carrier,
    memory_carrier,
    postgres_carrier,
    redis_carrier,
    until,
)

Heard: TypeAlias = AsyncIterator[bytes | None]
SIZES = (0, 1, 7_898, 7_899, 7_900, 7_901, 8_000, 15_799, 15_801, 100_000, 262_143, 262_144)
MANY = 10_000


@pytest.fixture(params=["memory", "postgres", "redis"])
async def carrier(request: pytest.FixtureRequest) -> AsyncIterator[Carrier]:
    """Each engine, one after the other."""
    if request.param == "memory":
        opened = memory_carrier()
    elif request.param == "postgres":
        opened = postgres_carrier(request.getfixturevalue("databases"))
    else:
        opened = redis_carrier()
    async with opened as carrier:
        yield carrier


@asynccontextmanager
async def node(carrier: Carrier, cell: str = CELL) -> AsyncIterator[tuple[Bus, Heard]]:
    """A bus, and the bulletins that arrive over it once it has begun."""
    async with carrier.open(cell) as bus, bus.bulletins() as heard:
        assert await anext(heard) is None
        yield bus, heard


async def publish_until_it_works(bus: Bus, data: bytes) -> None:
    while True:
        try:
            await bus.publish(data)
        except BusUnavailable:
            await trio.lowlevel.checkpoint()
        else:
            return


async def test_every_node_receives_all_bulletins_in_the_order_of_publishing(
    carrier: Carrier,
) -> None:
    sent = [b"%d" % number for number in range(200)]
    async with AsyncExitStack() as stack:
        nodes = [await stack.enter_async_context(node(carrier)) for _ in range(3)]
        for data in sent:
            await nodes[0][0].publish(data)
        for _, heard in nodes:  # the publisher as well
            assert await until(heard, sent[-1]) == sent


async def test_bulletins_of_any_size_up_to_the_limit_arrive_whole(carrier: Carrier) -> None:
    async with node(carrier) as (bus, heard):
        assert bus.max_bytes == SIZES[-1]
        for size in SIZES:
            data = (b"%d " % size * (size // 2 + 1))[:size]
            await bus.publish(data)
            assert await anext(heard) == data
        with pytest.raises(ValueError, match="262144 are allowed"):
            await bus.publish(b"x" * (bus.max_bytes + 1))


@pytest.mark.parametrize(
    "data",
    [
        "größer 你好 👩‍👩‍👧".encode(),
        # wherever it is cut, the cut is within a character
        *((b" " * shift) + "👩é你".encode() * 3_000 for shift in range(4)),
        b"\xff\xfe no text \x80",
        b"\xff" * 20_000,
        b"a\x00b",
        b'{"text":"\\u0000"}',
        b"p.t.b.",
    ],
    ids=count(),
)
async def test_any_bytes_arrive_unchanged(carrier: Carrier, data: bytes) -> None:
    async with node(carrier) as (bus, heard):
        await bus.publish(data)
        assert await anext(heard) == data


@pytest.mark.timeout(180)
async def test_ten_thousand_bulletins_arrive_in_order(carrier: Carrier) -> None:
    sent = [b'{"number":%d}' % number for number in range(MANY)]

    async def publish(bus: Bus) -> None:
        for data in sent:
            await bus.publish(data)

    async with node(carrier) as (_, heard), carrier.open(CELL) as bus, trio.open_nursery() as both:
        both.start_soon(publish, bus)
        assert await until(heard, sent[-1]) == sent


async def test_many_publishers_at_the_same_time_lose_nothing(carrier: Carrier) -> None:
    async with node(carrier) as (bus, heard):
        sent = {b"%d" % number for number in range(100)}
        async with trio.open_nursery() as nursery:
            for data in sent:
                nursery.start_soon(bus.publish, data)
        assert {await anext(heard) for _ in sent} == sent


async def test_an_interruption_is_noticed_and_ends(carrier: Carrier) -> None:
    async with node(carrier) as (bus, heard), node(carrier) as (other, _):
        await bus.publish(b"before")
        assert await anext(heard) == b"before"
        for number in range(3):
            await carrier.interrupt()
            assert await anext(heard) is None
            after = b"after %d" % number
            await publish_until_it_works(other, after)
            assert set(await until(heard, after)) <= {None, after}


async def test_a_cancelled_publisher_does_not_break_the_bus(carrier: Carrier) -> None:
    async with node(carrier) as (bus, heard):
        sent = [b"%d" % number * 5_000 for number in range(20)]
        for data in sent:
            with trio.CancelScope() as scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(bus.publish, data)
                    await trio.lowlevel.checkpoint()
                    scope.cancel()
        await publish_until_it_works(bus, b"last")
        assert set(await until(heard, b"last")) <= {*sent, b"last"}


async def test_reading_that_is_cancelled_loses_nothing(carrier: Carrier) -> None:
    async with node(carrier) as (bus, heard):
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(anext, heard)
                await trio.testing.wait_all_tasks_blocked()
                scope.cancel()
        await bus.publish(b"kept")
        assert await anext(heard) == b"kept"


async def test_cells_do_not_receive_bulletins_of_each_other(carrier: Carrier) -> None:
    async with node(carrier) as (bus, heard), node(carrier, "other") as (other, heard_there):
        await bus.publish(b"here")
        await other.publish(b"there")
        assert await anext(heard) == b"here"
        assert await anext(heard_there) == b"there"


async def test_bulletins_from_before_reading_began_do_not_arrive(carrier: Carrier) -> None:
    async with node(carrier) as (bus, heard):
        await bus.publish(b"before")
        assert await anext(heard) == b"before"
        async with bus.bulletins() as late:
            await bus.publish(b"since")
            assert await until(late, b"since") == [None, b"since"]


async def test_nothing_arrives_once_reading_has_ended(carrier: Carrier) -> None:
    async with carrier.open(CELL) as bus:
        async with bus.bulletins() as heard:
            assert await anext(heard) is None
        assert [data async for data in heard] == []


def names() -> Iterator[str]:
    yield from ("", "Main", "a b", "a'b", "a" * 41, "ä")


@pytest.mark.parametrize("name", list(names()), ids=count())
def test_the_name_of_a_cell_has_a_restricted_form(name: str) -> None:
    with pytest.raises(ValueError, match="1 to 40"):
        require_cell(name)
    usual: Sequence[str] = ("main", "a-1_b", "a" * 40)
    assert [require_cell(each) for each in usual] == list(usual)
