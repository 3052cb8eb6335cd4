"""One hub of the simulation: it ends at any moment, and starts again."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import trio
from attrs import define, field, frozen

from hub.actor.goodbye import say_goodbye
from persistence.bus import MAX_BYTES, Bus
from persistence.bus.memory import Medium, MemoryBus
from persistence.nodes import NameTaken
from persistence.records import StoreUnavailable
from tests.simulation.weather import Way
from tests.support.world import World, open_world

if TYPE_CHECKING:
    from tests.simulation.run import Simulation

OUTBOX_BYTES = 8_192  # of frames that the hub keeps for a device
GRACE_SECONDS = 2.0
STOP_SECONDS = 5.0


@define(eq=False)
class Node:
    """One hub.

    Args:
        sim: the simulation.
        name: of the node.
        medium: carries its bulletins; None: it is alone.

    `world`: the hub, if it runs. `calls`: the calls that it carries out now, beside connections.
    """

    sim: "Simulation"
    name: str
    medium: Medium | None
    world: World | None = field(default=None, init=False)
    way: Way = field(factory=Way, init=False)
    calls: set[trio.CancelScope] = field(factory=set, init=False)
    _bus: MemoryBus | None = field(default=None, init=False)
    _is_trapped: bool = field(default=False, init=False)
    _is_dead: bool = field(default=True, init=False)
    _starts: int = field(default=0, init=False)
    _end: trio.Event = field(factory=trio.Event, init=False)

    def crash(self) -> None:
        """End the hub at once; it sends nothing any more."""
        self._is_dead = True
        if self._bus is not None:
            self._bus.is_mute = self._bus.is_deaf = self.way.is_dead = True
        self._end.set()

    def stop(self) -> None:
        """End the hub in good order."""
        self._end.set()

    def crash_at_commit(self) -> None:
        """Crash between the next commit and its effects."""
        self._is_trapped = True

    def fall_silent(self, *, is_mute: bool) -> None:
        """What it publishes is lost, or it receives no bulletins."""
        if self._bus is not None:
            self._bus.is_mute = is_mute
            self._bus.is_deaf = not is_mute

    def recover(self) -> None:
        """It publishes, receives and reaches the store again."""
        self._is_trapped = False
        self.way.go_on()
        if self._bus is not None and not self._is_dead:
            self._bus.is_mute = self._bus.is_deaf = False

    async def keep(self) -> None:
        """Run the hub again and again, until cancelled."""
        sim = self.sim
        while not sim.is_over:
            self._end = trio.Event()
            try:
                await self._run()
            except* StoreUnavailable:
                sim.require(self.world is None, "an outage ended the hub")
                sim.note(self.name, "cannot start")
            except* NameTaken:
                sim.note(self.name, "is still said to live")
            sim.restarts += 1
            await trio.sleep(sim.dice.random())

    async def _run(self) -> None:
        sim = self.sim
        self.way, self._is_dead = Way(self._committed), False
        async with open_world(
            sim.weather.over(sim.store, sim.truth, self.way),
            outbox_bytes=OUTBOX_BYTES,
            max_content_chars=OUTBOX_BYTES // 4,
            presence_grace=GRACE_SECONDS,
            db_lanes=2,
            **self._as_node(),
        ) as world:
            self.world = world
            sim.cell.changed()
            sim.note(self.name, "runs")
            await self._end.wait()
            self.world = None
            if not self._is_dead:
                sim.note(self.name, "stops")
                await _stop(world)
            self._is_dead = True
            for call in tuple(self.calls):
                call.cancel()
            for happen in sim.at_crash:
                happen()
        sim.note(self.name, "crashed")

    def _as_node(self) -> dict[str, Any]:
        """The settings of a node. It restarts under its own name, or another one."""
        if self.medium is None:
            return {}
        self._starts += 1
        self._bus = self.medium.member()
        name = self.name if self.sim.cell.falls(0.5) else f"{self.name}-{self._starts}"
        return {"carrier": _Carrier(self._bus, self.way), "bus": "postgres", "node_name": name}

    def _committed(self) -> None:
        if self._is_trapped:
            self._is_trapped = False
            self.sim.note(self.name, "has committed, and crashes")
            self.crash()


async def _stop(world: World) -> None:
    """Stop as the server does."""
    with trio.move_on_after(STOP_SECONDS):
        await world.services.messaging.drain()
        await say_goodbye(world.services.hub, STOP_SECONDS)
        await world.admission.drain()


@frozen
class _Carrier:
    """The bus of a node, which stands still when the node's way to the store does."""

    bus: Bus
    way: Way
    max_bytes: int = MAX_BYTES

    async def publish(self, data: bytes) -> None:
        """See `Bus`."""
        await self.way.passable()
        await self.bus.publish(data)

    @asynccontextmanager
    async def bulletins(self) -> AsyncGenerator[AsyncIterator[bytes | None]]:
        """See `Bus`."""
        async with self.bus.bulletins() as bulletins:
            yield _Arrivals(bulletins, self.way)


@frozen
class _Arrivals:
    bulletins: AsyncIterator[bytes | None]
    way: Way

    def __aiter__(self) -> "_Arrivals":
        return self

    async def __anext__(self) -> bytes | None:
        found = await anext(self.bulletins)
        await self.way.passable()
        return found
