"""Several hubs on one store, as one cluster: `World`s whose bulletins cross on a bus in memory."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import trio
from attrs import define, evolve, field

from hub.cluster.publishing import Publisher
from persistence.bus.memory import Medium, MemoryBus
from persistence.interface import Store
from persistence.memory import open_memory_store
from persistence.nodes import Node, Nodes
from persistence.records import StoreUnavailable
from tests.support.world import Person, World, open_world

NAMES = "abcdefgh"


@define
class _Leases:
    """The leases of the nodes; a dead node neither renews nor ends its own."""

    _nodes: Nodes
    is_dead: bool = field(default=False, init=False)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._nodes, name)

    _own: Node | None = field(default=None, init=False)

    async def end(self) -> None:
        if self._own is not None:
            await self._nodes.leave(self._own)

    async def renew(self, node: Node, *, connections: int) -> Sequence[Node]:
        if self.is_dead:
            raise StoreUnavailable("dead")
        self._own = node
        return await self._nodes.renew(node, connections=connections)

    async def leave(self, node: Node) -> None:
        if not self.is_dead:
            await self._nodes.leave(node)


@define
class OneNode:
    """A hub, and its connection to the others."""

    name: str
    world: World
    bus: MemoryBus
    _leases: _Leases

    def at(self, person: Person) -> Person:
        """The same person as a client of this hub."""
        return evolve(person, world=self.world)

    def die(self) -> None:
        """From now on publish nothing, receive nothing, and do not renew the lease."""
        self.bus.is_mute = self.bus.is_deaf = self._leases.is_dead = True

    async def end_lease(self) -> None:
        """End the lease as if its time had passed."""
        await self._leases.end()

    async def say_goodbye(self, seconds: float) -> None:
        """Announce the end of the hub, and end it."""
        publisher = self.world.services.announcer.elsewhere
        assert isinstance(publisher, Publisher)
        await publisher.say_goodbye(seconds)
        self.die()


def new_store() -> Store:
    """A store in memory whose clock is that of trio."""
    began = datetime.now(UTC)
    return open_memory_store(now=lambda: began + timedelta(seconds=trio.current_time()))


@asynccontextmanager
async def open_node(
    store: Store, medium: Medium, name: str, **settings: Any
) -> AsyncIterator[OneNode]:
    """A hub that exchanges bulletins with the others on this medium."""
    bus, leases = medium.member(), _Leases(store.nodes)
    part: Any = leases
    own = evolve(store, nodes=part)
    async with open_world(own, carrier=bus, bus="postgres", node_name=name, **settings) as world:
        yield OneNode(name, world, bus, leases)


@asynccontextmanager
async def open_nodes(
    count: int, medium: Medium | None = None, **settings: Any
) -> AsyncIterator[Sequence[OneNode]]:
    """So many hubs on one store, on a mock clock."""
    store, medium = new_store(), medium or Medium()
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(open_node(store, medium, name, **settings))
            for name in NAMES[:count]
        ]
