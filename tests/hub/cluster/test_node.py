"""Two hubs on one store: what is sent at one is delivered at the other, with a bus and without."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trio
import trio.testing
from attrs import evolve
from trio.testing import MockClock

from hub.cluster.node import LOOK_SECONDS, RENEW_SECONDS
from persistence.bus.memory import Medium, MemoryBus
from persistence.memory import open_memory_store
from persistence.nodes import LEASE_SECONDS, NameTaken, Node
from persistence.records import StoreUnavailable
from tests.support.clients.websocket import WebSocket
from tests.support.cluster.worlds import new_store, open_nodes
from tests.support.stores.intercept import Interception, Late, Way
from tests.support.world import Person, open_world


@asynccontextmanager
async def nodes() -> AsyncIterator[tuple[Person, Person, MemoryBus]]:
    """A user at a node, a user at another node, and the bus of the first node."""
    began = datetime.now(UTC)
    store = open_memory_store(now=lambda: began + timedelta(seconds=trio.current_time()))
    medium = Medium()
    bus = medium.member()
    async with (
        open_world(store, carrier=bus, bus="postgres", node_name="north") as north,
        open_world(store, carrier=medium.member(), bus="postgres", node_name="south") as south,
    ):
        ann, ben = await north.people("ann", "ben")
        yield ann, evolve(ben, world=south), bus


async def say(ann: Person, ben: Person, content: str) -> int:
    """Send a message; returns its id."""
    path = f"/private_messages/api/messages/{ben.id}"
    answer = await ann.call("POST", path, {"content": content})
    message_id = answer.json["id"]
    assert isinstance(message_id, int)
    return message_id


async def test_messages_and_edits_at_one_node_are_delivered_at_the_other(
    autojump_clock: MockClock,
) -> None:
    async with nodes() as (ann, ben, _):
        socket = await ben.connect("/ws")
        await socket.receive_type("system")
        message_id = await say(ann, ben, "hi")
        assert (await socket.receive_type("private_message"))["message"]["content"] == "hi"
        path = f"/private_messages/api/messages/{message_id}"
        await ann.call("PATCH", path, {"content": "hello"})
        changed = await socket.receive_type("message_updated")
        assert changed["message"]["content"] == "hello"


async def test_a_killed_node_starts_again_under_its_name_after_its_lease(
    autojump_clock: MockClock,
) -> None:
    store = new_store()
    await store.nodes.renew(Node("north", "killed", None, "1"), connections=0)
    async with open_world(store, carrier=Medium().member(), bus="postgres", node_name="north"):
        assert trio.current_time() == pytest.approx(LEASE_SECONDS, abs=1)


async def test_a_node_does_not_take_the_name_of_a_live_node(autojump_clock: MockClock) -> None:
    store = new_store()

    async def live() -> None:
        while True:
            await store.nodes.renew(Node("north", "other", None, "1"), connections=0)
            await trio.sleep(1)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(live)
        await trio.testing.wait_all_tasks_blocked()
        world = open_world(store, carrier=Medium().member(), bus="postgres", node_name="north")
        with pytest.raises(NameTaken):
            await world.__aenter__()
        nursery.cancel_scope.cancel()


async def test_messages_that_the_bus_loses_are_read_from_the_log(autojump_clock: MockClock) -> None:
    async with nodes() as (ann, ben, bus):
        socket = await ben.connect("/ws")
        await socket.receive_type("system")
        bus.is_mute = True
        began = trio.current_time()
        await say(ann, ben, "hi")
        assert (await socket.receive_type("private_message"))["message"]["content"] == "hi"
        assert trio.current_time() < began + 5


@asynccontextmanager
async def unanswered(
    part: str, method: str, autojump_clock: MockClock
) -> AsyncIterator[tuple[Interception, Person, Person, WebSocket]]:
    """Ann at one node, whose statements can be intercepted; Ben at another, with a connection."""
    store, medium, statements = new_store(), Medium(), Interception(part, method)
    away = statements.over(store)
    async with (
        open_world(away, carrier=medium.member(), bus="postgres", node_name="north") as north,
        open_world(store, carrier=medium.member(), bus="postgres", node_name="south") as south,
    ):
        ann, ben = await north.people("ann", "ben")
        await say(ann, ben, "hi")
        socket = await evolve(ben, world=south).connect("/ws")
        await socket.receive_type("system")
        await trio.sleep(5)  # the nodes have read the log after their start
        yield statements, ann, ben, socket


async def lost(call: Callable[..., Awaitable[object]], *args: Any, **settings: Any) -> object:
    """Carries out a call, and loses its result at once."""
    await call(*args, **settings)
    raise StoreUnavailable("the connection was lost")


@pytest.mark.parametrize("way", [Late(), lost], ids=["late", "lost"])
async def test_a_message_stored_without_a_result_is_soon_delivered_at_other_nodes(
    autojump_clock: MockClock, way: Way
) -> None:
    async with unanswered("messages", "post", autojump_clock) as (posting, ann, ben, socket):
        posting.way = way
        path = f"/private_messages/api/messages/{ben.id}"
        assert (await ann.call("POST", path, {"content": "no answer"})).status == 503
        posting.way, began = None, trio.current_time()
        message = (await socket.receive_type("private_message"))["message"]
        assert message["content"] == "no answer"
        assert trio.current_time() < began + 1.5


async def test_an_edit_stored_without_a_result_is_soon_delivered_at_other_nodes(
    autojump_clock: MockClock,
) -> None:
    async with unanswered("revisions", "revise", autojump_clock) as (revising, ann, ben, socket):
        message_id = await say(ann, ben, "one")
        await socket.receive_type("private_message")
        revising.way = Late()
        path = f"/private_messages/api/messages/{message_id}"
        assert (await ann.call("PATCH", path, {"content": "two"})).status == 503
        revising.way, began = None, trio.current_time()
        edited = await socket.receive_type("message_updated")
        assert edited["message"]["content"] == "two"
        assert trio.current_time() < began + 1.5


async def test_a_new_node_is_found_at_the_next_lookup_until_its_lease_ends(
    autojump_clock: MockClock,
) -> None:
    async with open_nodes(1) as (north,):
        cluster = north.world.services.cluster
        assert cluster is not None
        assert await cluster.find("b") is None
        await north.world.store.nodes.renew(Node("b", "b1", "unix:/b", "1"), connections=0)
        assert await cluster.find("b") is None  # it was looked up just now
        await trio.sleep(LOOK_SECONDS)
        renewed = trio.current_time()
        assert await cluster.find("b") == Node("b", "b1", "unix:/b", "1")
        assert trio.current_time() == renewed
        with trio.fail_after(LEASE_SECONDS + RENEW_SECONDS):
            while "b" in {each.name for each in await cluster.next_look()}:
                pass
        assert await cluster.find("b") is None
