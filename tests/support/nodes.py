"""Several hubs on one store, as one cluster: `World`s whose bulletins cross on a bus in memory."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import trio
from attrs import define, evolve, field, frozen

from hub.actor.letters import Delivery
from hub.cluster.bulletins import Changed, Heading
from hub.cluster.codec import StoredMessages
from hub.cluster.node import Cluster
from hub.cluster.peers import Peers
from hub.cluster.publishing import Publisher
from hub.cluster.receiving import Receiver
from hub.cluster.repair import Repair
from hub.services.posting.order import Outgoing
from persistence.bus.memory import Medium, MemoryBus
from persistence.interface import Store
from persistence.nodes import Head, Node
from persistence.records import Outcome
from protocol.model import MessageId, Posted
from tests.support.stores.intercept import Interception
from tests.support.world import Person, World, open_world

EPOCH = "e1"
NAMES = "abcdefgh"


@define
class OneNode:
    """A hub, its way to the others, and what ends it."""

    name: str
    world: World
    bus: MemoryBus
    publisher: Publisher
    peers: Peers
    scope: trio.CancelScope = field(factory=trio.CancelScope)

    def at(self, person: Person) -> Person:
        """The same person as a client of this hub."""
        return evolve(person, world=self.world)

    def die(self) -> None:
        """Say nothing any more, not even goodbye."""
        self.bus.is_mute = self.bus.is_deaf = True
        self.scope.cancel()


@frozen
class Inbox:
    """Hands what other nodes have stored to the lanes."""

    world: World

    def stored(self, messages: StoredMessages) -> Sequence[Delivery]:
        """See `hub.cluster.receiving.Inbox`."""
        out, messaging = Outgoing(), self.world.services.messaging
        for index in range(len(messages)):
            posted, author = messages.build(index)
            message = posted.message
            pair = frozenset((message.author_id, message.recipient_id))
            where = message.channel_id if message.recipient_id is None else pair
            messaging.lane(where).receive(posted, author, out)
        return out.deliveries

    def changed(self, changed: Changed) -> Sequence[Delivery]:
        """See `hub.cluster.receiving.Inbox`."""
        del changed
        return ()


async def _publish(
    store: Store, publisher: Publisher, post: Callable[..., Awaitable[Any]], *args: Any
) -> Sequence[Outcome]:
    """Store messages, and say so."""
    outcomes: Sequence[Outcome] = await post(*args)
    stored = [each for each in outcomes if isinstance(each, Posted) and not each.repeated]
    authors = await store.accounts.get_many([each.message.author_id for each in stored])
    publisher.stored([(each, authors[each.message.author_id]) for each in stored])
    return outcomes


@asynccontextmanager
async def open_node(
    store: Store, medium: Medium, name: str, start: str = "1", **settings: Any
) -> AsyncIterator[OneNode]:
    """A hub that hears the others on this medium, and is heard."""
    bus = medium.member()
    publisher = Publisher(bus, name, start, lambda: EPOCH)
    posting = Interception("messages", "post", partial(_publish, store, publisher))
    peers = Peers(Heading(name, start, 0), trio.current_time())
    async with (
        open_world(posting.over(store), node=name, elsewhere=publisher, **settings) as world,
        trio.open_nursery() as nursery,
    ):
        services = world.services
        receiver = Receiver(
            bus,
            lambda: EPOCH,
            peers,
            Inbox(world),
            services.hub,
            lambda: cluster.note_gap(),  # noqa: PLW0108  it is made later
            services.from_elsewhere,
        )
        cluster = Cluster(
            Node(name, start, None, "1"),
            store.nodes,
            peers,
            publisher,
            receiver,
            Repair(store.messages, store.nodes, _nothing_is_missing, MessageId(0)),
            lambda: len(services.hub.clients()),
            services.from_elsewhere,
        )
        node = OneNode(name, world, bus, publisher, peers)
        await cluster.join()

        async def run() -> None:
            with node.scope:
                await cluster.run()

        nursery.start_soon(run)
        yield node
        node.scope.cancel()


@asynccontextmanager
async def open_nodes(
    store: Store, count: int, medium: Medium | None = None, **settings: Any
) -> AsyncIterator[Sequence[OneNode]]:
    """So many hubs on one store."""
    medium = medium or Medium()
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(open_node(store, medium, name, **settings))
            for name in NAMES[:count]
        ]


def _nothing_is_missing(heads: Sequence[Head]) -> int:
    return len(heads) * 0
