"""Two Engine.IO servers, each of a node, which forward to each other over Unix sockets."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path

import trio
from attrs import define, field, frozen

from hub.engineio.forwarding.forwarder import Forwarder
from hub.engineio.forwarding.listener import internal_listener
from hub.engineio.forwarding.signature import Signer
from hub.settings.parsers import Place
from persistence.nodes import Node
from protocol.engineio.session import EngineSettings
from tests.support.clients.engine import SETTINGS, EngineWorld, open_engine

KEY = b"a key that the nodes share"
NOW = 1_800_000_000.0


@define
class Registry:
    """The nodes that live."""

    nodes: dict[str, Node] = field(factory=dict)
    _looked: trio.Event = field(factory=trio.Event)

    def changed(self, *nodes: Node) -> None:
        """From now on these nodes live, and no others."""
        self.nodes = {each.name: each for each in nodes}
        looked, self._looked = self._looked, trio.Event()
        looked.set()

    async def next_look(self) -> Collection[Node]:
        await self._looked.wait()
        return self.nodes.values()


@frozen
class Seen:
    """The registry, as a node sees it."""

    name: str
    registry: Registry

    async def find(self, name: str) -> Node | None:
        return self.registry.nodes.get(name)

    async def next_look(self) -> Collection[Node]:
        return await self.registry.next_look()


@frozen
class Engines:
    """Two servers, and the registry through which they know each other."""

    north: EngineWorld
    south: EngineWorld
    registry: Registry

    async def end(self, name: str) -> None:
        """The lease of a node ends."""
        self.registry.changed(*(each for each in self.registry.nodes.values() if each.name != name))


def new_node(name: str, address: str | None = None) -> Node:
    return Node(name, f"start of {name}", address, "1")


def forwarder(name: str, registry: Registry, settings: EngineSettings = SETTINGS) -> Forwarder:
    return Forwarder(Seen(name, registry), Signer(name, KEY, lambda: NOW), settings)


@asynccontextmanager
async def open_engines(
    folder: Path, settings: EngineSettings = SETTINGS, place: Place | None = None
) -> AsyncIterator[Engines]:
    """Every session echoes what it receives. `place`: where the first server can be reached."""
    registry = Registry()
    with (
        internal_listener(new_node("north"), folder, place) as north,
        internal_listener(new_node("south"), folder, None) as south,
    ):
        assert north.node is not None
        assert south.node is not None
        registry.changed(north.node, south.node)
        async with (
            open_engine(
                settings=settings,
                forwarder=forwarder("north", registry, settings),
                internal=north,
            ) as norths,
            open_engine(
                settings=settings,
                forwarder=forwarder("south", registry, settings),
                internal=south,
            ) as souths,
        ):
            yield Engines(norths, souths, registry)
