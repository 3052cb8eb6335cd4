"""The store is away: everybody is told, nothing is acknowledged, and it works again afterwards."""

import pytest
from attrs import evolve
from trio.testing import MockClock

from persistence.interface import Store
from tests.support.clients.websocket import Refused
from tests.support.stores.held import Held
from tests.support.stores.outage import Outage
from tests.support.world import World, open_world


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


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/messages/conversations"),
        ("GET", "/api/auth/session"),
        ("POST", "/api/auth/logout"),
        ("PUT", "/api/messages/1/read"),
    ],
)
async def test_rest_answers_503_and_when_to_try_again(
    memory_store: Store, method: str, path: str
) -> None:
    outage = Outage()
    async with open_world(outage.over(memory_store)) as world:
        ann = await world.person("ann")
        outage.begin()
        reply = await ann.call(method, path)
        assert (reply.status, reply.json["code"]) == (503, "unavailable")
        assert int(reply.headers["retry-after"]) > 0
        outage.end()
        assert (await ann.call(method, path)).status == 200


async def test_readiness_tells_and_a_new_socket_is_refused_with_503(memory_store: Store) -> None:
    outage = Outage()
    async with open_world(outage.over(memory_store)) as world:
        ann = await world.person("ann")
        outage.begin()
        ready = await world.call("GET", "/readyz")
        assert (ready.status, ready.json) == (503, {"status": "store_unavailable"})
        assert (await world.call("GET", "/healthz")).status == 200
        with pytest.raises(Refused) as refused:
            await world.websocket(Cookie=ann.cookie)
        assert refused.value.status == 503
        outage.end()
        assert (await world.call("GET", "/readyz")).status == 200
        await (await ann.open()).close_in_silence()


async def test_presence_is_announced_when_the_store_is_back(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    outage = Outage()
    async with open_world(outage.over(memory_store)) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        await world.store.relations.request_follow(ann.id, ben.id)
        bens, anns = await ben.open(), await ann.open()
        assert (await bens.receive())["is_online"] is True
        outage.begin()
        await anns.close_in_silence()
        await world.until_gone(ann.id)
        assert ann.id in world.services.presence.online()
        outage.end()
        assert await bens.receive() == {
            "type": "user_online_status", "user_id": ann.id, "is_online": False,
        }  # fmt: skip


async def test_typing_during_an_outage_is_dropped_and_the_service_lives(
    memory_store: Store,
) -> None:
    outage = Outage()
    async with open_world(outage.over(memory_store)) as world:
        await typing_is_dropped(world, outage)


async def typing_is_dropped(world: World, outage: Outage) -> None:
    ann, ben = await world.person("ann"), await world.person("ben")
    anns, bens = await ann.open(), await ben.open()
    frame = {"type": "typing_indicator", "recipient_id": ben.id, "is_typing": True}
    outage.begin()
    await anns.send(frame)
    await anns.send({"type": "private_message", "recipient_id": ben.id, "content": "lost"})
    await anns.receive_type("error")
    outage.end()
    await anns.send({**frame, "is_typing": False})
    assert (await bens.receive())["is_typing"] is False


async def test_an_indicator_that_is_checked_after_its_message_is_not_told(
    memory_store: Store,
) -> None:
    slow = Held(memory_store.relations, ("may_message",))
    async with open_world(evolve(memory_store, relations=slow)) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        anns, bens = await ann.open(), await ben.open()
        frame = {"type": "typing_indicator", "recipient_id": ben.id, "is_typing": True}
        await anns.send(frame)
        await slow.asked.wait()
        await anns.send({"type": "private_message", "recipient_id": ben.id, "content": "hi"})
        await bens.receive_type("private_message")
        await anns.send(frame)  # the next message
        await anns.send({"type": "?"})
        assert [(await anns.receive())["type"] for _ in range(2)] == ["private_message", "error"]
        slow.go_on.set()
        assert (await bens.receive_type("typing_indicator"))["is_typing"] is True
        await bens.close_in_silence()  # the first one never came
