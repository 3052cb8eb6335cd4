"""Faults of an installation: of a node, the bus, Postgres, and the networks between them."""

import random
import signal
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from enum import StrEnum
from functools import partial
from typing import Final

import trio
from attrs import define, field, frozen

from tests.chaos.patience import until
from tests.chaos.proxy import BOTH, Proxy, Way, everybody
from tests.chaos.servers.cluster import until_it_answers
from tests.cluster.installation import Engine, Installation, Node
from tests.cluster.packets import packets_lost
from tests.support.buses.redis_process import RedisProcess

SHORTEST_SECONDS: Final = 0.3
NOTICED_SECONDS: Final = 5.0  # after which a node must have noticed that it has no bus
SHOW_SECONDS: Final = 15.0
ANSWER_SECONDS: Final = 0.2
NO_BUS: Final = ("apart", "bus_lost", "bus_does_not_take")


class Fault(StrEnum):
    """The faults. A cut ends connections, and new ones at once; silence keeps them, and delivers
    later what was sent; if packets are lost, no segment is acknowledged and no connection accepted.
    """

    NODE_KILL = "node_kill"
    NODE_STOP = "node_stop"
    BUS_KILL = "bus_kill"
    """The server of the bus is killed, and restarts without any data."""
    BUS_STOP = "bus_stop"
    BUS_CUT = "bus_cut"
    BUS_SILENT = "bus_silent"
    BUS_SILENT_UP = "bus_silent_up"
    BUS_SILENT_DOWN = "bus_silent_down"
    BUS_LOST = "bus_lost"
    BUS_LOST_UP = "bus_lost_up"
    BUS_LOST_DOWN = "bus_lost_down"
    POSTGRES_KILL = "postgres_kill"
    POSTGRES_STOP = "postgres_stop"
    DATABASE_CUT = "database_cut"
    DATABASE_SILENT = "database_silent"
    DATABASE_SILENT_UP = "database_silent_up"
    DATABASE_SILENT_DOWN = "database_silent_down"
    DATABASE_LOST = "database_lost"
    DATABASE_LOST_UP = "database_lost_up"
    DATABASE_LOST_DOWN = "database_lost_down"


LOST_TO_BUS: Final = frozenset({Fault.BUS_LOST, Fault.BUS_LOST_UP, Fault.BUS_LOST_DOWN})
LOST_TO_DATABASE: Final = frozenset(
    {Fault.DATABASE_LOST, Fault.DATABASE_LOST_UP, Fault.DATABASE_LOST_DOWN}
)
PACKETS: Final = LOST_TO_BUS | LOST_TO_DATABASE
SERVER_OF_BUS: Final = LOST_TO_BUS | {Fault.BUS_KILL, Fault.BUS_STOP}


def faults_of(engine: Engine, *, with_packets: bool) -> Sequence[Fault]:
    """The faults of an engine. Where Postgres is the bus, faults of its server, and of packets on
    the way there, are those of the database.
    """
    return [
        each
        for each in Fault
        if (engine is Engine.REDIS or each not in SERVER_OF_BUS)
        and (with_packets or each not in PACKETS)
    ]


@frozen
class Planned:
    """A fault that is to happen. `seconds`: its duration; None: a random one."""

    fault: Fault
    seconds: float | None = None


def parse_planned(text: str) -> Planned:
    """Parse `name` or `name:seconds`. Raises ValueError."""
    name, _, seconds = text.partition(":")
    return Planned(Fault(name), float(seconds) if seconds else None)


@frozen
class Happened:
    """A fault, and the signs that it had an effect; none: it had no effect."""

    fault: Fault
    node: str
    seconds: float
    signs: Sequence[str]


@define
class Scene:
    """A fault while it lasts. `node`: the one that it concerns; `signs`: the effects so far."""

    node: Node
    seconds: float
    signs: list[str] = field(factory=list)

    async def last(self) -> None:
        """Wait as long as the fault shall last."""
        await trio.sleep(self.seconds)

    async def until_not_ready(self, nodes: Collection[Node]) -> None:
        """Wait until one of these reports that it cannot serve."""
        with trio.move_on_after(SHOW_SECONDS):
            while True:
                for node in nodes:
                    if (status := await node.status("/readyz")) != 200:
                        self.signs.append(f"/readyz of {node.name}: {status}")
                        return
                await trio.sleep(0.1)


@define
class Faults:
    """Makes the faults.

    Args:
        at: the installation.
        dice: decide which nodes they concern, and how long they last.
        hold: seconds that a fault lasts at most, unless its time is planned.
    """

    at: Installation
    dice: random.Random
    hold: float
    happened: list[Happened] = field(factory=list, init=False)

    async def happen(self, planned: Planned) -> Happened:
        """Make a fault, from its begin to its end."""
        seconds = planned.seconds
        if seconds is None:
            seconds = self.dice.uniform(SHORTEST_SECONDS, self.hold)
        scene = Scene(self.dice.choice(self.at.nodes), seconds)
        async with self._ways[planned.fault](scene):
            await scene.last()
        found = Happened(planned.fault, scene.node.name, scene.seconds, scene.signs)
        self.happened.append(found)
        return found

    @property
    def _ways(self) -> Mapping[Fault, Callable[[Scene], AbstractAsyncContextManager[None]]]:
        up, down = {Way.UP}, {Way.DOWN}
        return {
            Fault.NODE_KILL: self._node_kill,
            Fault.NODE_STOP: self._node_stop,
            Fault.BUS_KILL: self._bus_kill,
            Fault.BUS_STOP: self._bus_stop,
            Fault.BUS_CUT: self._bus_cut,
            Fault.BUS_SILENT: partial(self._bus_silent, ways=BOTH),
            Fault.BUS_SILENT_UP: partial(self._bus_silent, ways=up),
            Fault.BUS_SILENT_DOWN: partial(self._bus_silent, ways=down),
            Fault.BUS_LOST: partial(self._bus_lost, ways=BOTH),
            Fault.BUS_LOST_UP: partial(self._bus_lost, ways=up),
            Fault.BUS_LOST_DOWN: partial(self._bus_lost, ways=down),
            Fault.POSTGRES_KILL: self._postgres_kill,
            Fault.POSTGRES_STOP: self._postgres_stop,
            Fault.DATABASE_CUT: self._database_cut,
            Fault.DATABASE_SILENT: partial(self._database_silent, ways=BOTH),
            Fault.DATABASE_SILENT_UP: partial(self._database_silent, ways=up),
            Fault.DATABASE_SILENT_DOWN: partial(self._database_silent, ways=down),
            Fault.DATABASE_LOST: partial(self._database_lost, ways=BOTH),
            Fault.DATABASE_LOST_UP: partial(self._database_lost, ways=up),
            Fault.DATABASE_LOST_DOWN: partial(self._database_lost, ways=down),
        }

    @asynccontextmanager
    async def _node_kill(self, scene: Scene) -> AsyncIterator[None]:
        node = scene.node
        with self.at.health.unwell([node.name]):
            code = await trio.to_thread.run_sync(node.kill)
            if code == -signal.SIGKILL:
                scene.signs.append(f"exit code {code}")
            yield
            await node.start()

    @asynccontextmanager
    async def _node_stop(self, scene: Scene) -> AsyncIterator[None]:
        node = scene.node
        with self.at.health.unwell([node.name]):
            node.signal(signal.SIGSTOP)
            try:
                if await node.status("/healthz") == 0:
                    scene.signs.append("/healthz does not respond")
                yield
            finally:
                node.signal(signal.SIGCONT)

    @asynccontextmanager
    async def _bus_kill(self, scene: Scene) -> AsyncIterator[None]:
        redis = self.at.redis
        assert redis is not None
        async with self._without_bus(scene, self.at.nodes):
            redis.kill()
            if not await _answers(redis):
                scene.signs.append("no server")
            yield
            await trio.to_thread.run_sync(redis.start)

    @asynccontextmanager
    async def _bus_stop(self, scene: Scene) -> AsyncIterator[None]:
        redis = self.at.redis
        assert redis is not None
        async with self._without_bus(scene, self.at.nodes):
            redis.stand_still()
            try:
                if not await _answers(redis):
                    scene.signs.append("no answer")
                yield
            finally:
                redis.go_on()

    @asynccontextmanager
    async def _bus_cut(self, scene: Scene) -> AsyncIterator[None]:
        node = scene.node
        async with self._without_bus(scene, [node]), _healed(scene, node.bus):
            node.bus.shut(node.bus_connections)
            yield

    @asynccontextmanager
    async def _bus_silent(self, scene: Scene, ways: Collection[Way]) -> AsyncIterator[None]:
        node = scene.node
        async with self._without_bus(scene, [node]), _healed(scene, node.bus):
            node.bus.fall_silent(ways, node.bus_connections)
            yield

    @asynccontextmanager
    async def _bus_lost(self, scene: Scene, ways: Collection[Way]) -> AsyncIterator[None]:
        node = scene.node
        async with self._without_bus(scene, [node]), _losing(scene, node.bus, ways):
            yield

    @asynccontextmanager
    async def _without_bus(self, scene: Scene, nodes: Sequence[Node]) -> AsyncIterator[None]:
        """These nodes must log that they have no bus, if the fault lasts."""
        before = {node.name: _said(node) for node in nodes}
        yield
        if scene.seconds < NOTICED_SECONDS:
            return
        await until(
            lambda: all(_said(node) > before[node.name] for node in nodes),
            lambda: f"{[node.name for node in nodes]} notice that they have no bus",
            SHOW_SECONDS,
        )
        scene.signs.append("noticed")

    @asynccontextmanager
    async def _postgres_kill(self, scene: Scene) -> AsyncIterator[None]:
        cluster = self.at.cluster
        with self.at.health.unwell(self.at.names):
            await trio.to_thread.run_sync(cluster.kill)
            await scene.until_not_ready(self.at.nodes)
            yield
            cluster.start()
            await until_it_answers(cluster)

    @asynccontextmanager
    async def _postgres_stop(self, scene: Scene) -> AsyncIterator[None]:
        cluster = self.at.cluster
        with self.at.health.unwell(self.at.names):
            cluster.signal(signal.SIGSTOP)
            try:
                await scene.until_not_ready(self.at.nodes)
                yield
            finally:
                cluster.signal(signal.SIGCONT)

    @asynccontextmanager
    async def _database_cut(self, scene: Scene) -> AsyncIterator[None]:
        node = scene.node
        with self.at.health.unwell([node.name]):
            async with _healed(scene, node.database):
                node.database.shut(everybody)
                await scene.until_not_ready([node])
                yield

    @asynccontextmanager
    async def _database_silent(self, scene: Scene, ways: Collection[Way]) -> AsyncIterator[None]:
        node = scene.node
        with self.at.health.unwell([node.name]):
            async with _healed(scene, node.database):
                node.database.fall_silent(ways, everybody)
                await scene.until_not_ready([node])
                yield

    @asynccontextmanager
    async def _database_lost(self, scene: Scene, ways: Collection[Way]) -> AsyncIterator[None]:
        node = scene.node
        with self.at.health.unwell([node.name]):
            async with _losing(scene, node.database, ways):
                await scene.until_not_ready([node])
                yield


@asynccontextmanager
async def _losing(scene: Scene, proxy: Proxy, ways: Collection[Way]) -> AsyncIterator[None]:
    """In the context, packets to a proxy, or back, are lost."""
    async with packets_lost(proxy.port, ways) as lost:
        yield
    if lost.packets:
        scene.signs.append(f"{lost.packets} packets lost")


@asynccontextmanager
async def _healed(scene: Scene, proxy: Proxy) -> AsyncIterator[None]:
    """The proxy must hold or cut something in the context; then it is healed."""
    before = proxy.held + proxy.ended
    try:
        yield
    finally:
        proxy.heal()
    if proxy.held + proxy.ended > before:
        scene.signs.append(f"{proxy.held + proxy.ended - before} held or cut")


async def _answers(redis: RedisProcess) -> bool:
    """Whether it responds at all."""
    with trio.move_on_after(ANSWER_SECONDS), suppress(OSError, trio.BrokenResourceError):
        async with await trio.open_tcp_stream("127.0.0.1", redis.port) as stream:
            await stream.send_all(b"PING\r\n")
            return bool(await stream.receive_some())
    return False


def _said(node: Node) -> int:
    return sum(node.said[each] for each in NO_BUS)
