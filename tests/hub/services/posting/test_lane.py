"""A log that is away or stands still: nobody waits long, and nothing is acknowledged."""

import trio
from attrs import evolve
from trio.testing import MockClock

from persistence.interface import Store
from tests.support.stores.held import Held
from tests.support.stores.outage import Outage
from tests.support.world import open_world


async def test_sends_are_refused_as_unavailable_and_succeed_later(memory_store: Store) -> None:
    outage = Outage()
    async with open_world(outage.over(memory_store)) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        socket = await ann.open()
        frame = {
            "type": "private_message", "recipient_id": ben.id, "content": "hi", "client_id": "k",
        }  # fmt: skip
        outage.begin()
        await socket.send(frame)
        error = await socket.receive()
        assert (error["type"], error["code"], error["client_id"]) == ("error", "unavailable", "k")
        outage.end()
        await socket.send(frame)
        assert (await socket.receive_type("private_message"))["message"]["seq"] == 1


async def test_nobody_waits_long_for_a_store_that_stands_still(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    log = Held(memory_store.messages, ("post", "in_gaps"))
    async with open_world(evolve(memory_store, messages=log), db_lanes=1) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        one, other = await ann.open(), await ben.open()
        started = trio.current_time()
        frame = {"type": "private_message", "recipient_id": ben.id, "content": "hi"}
        await one.send(frame | {"client_id": "first"})
        await trio.sleep(1.0)
        await other.send(frame | {"recipient_id": ann.id, "client_id": "behind it"})
        for socket, key in ((one, "first"), (other, "behind it")):
            error = await socket.receive_type("error")
            assert (error["code"], error["client_id"]) == ("unavailable", key)
            assert trio.current_time() - started < 2.1
        for _ in range(5):  # while it still stands
            began = trio.current_time()
            await one.send(frame | {"client_id": "again"})
            assert (await one.receive_type("error"))["code"] == "unavailable"
            assert trio.current_time() - began < 4.1
        log.go_on.set()
        await one.send(frame | {"client_id": "again"})
        for socket in (one, other):
            message = (await socket.receive_type("private_message"))["message"]
            assert message["client_id"] == "again"
