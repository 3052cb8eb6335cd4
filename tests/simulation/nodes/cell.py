"""The hubs of one simulation and the bus between them, with dice of their own: one hub does the
same whether or not there could be others.
"""

import random
from collections.abc import Awaitable, Callable, Sequence
from math import inf
from typing import TYPE_CHECKING, TypeAlias

import trio
from attrs import define, field

from persistence.bus.memory import Medium, Weather
from tests.simulation.nodes.node import Node
from tests.support.world import World

if TYPE_CHECKING:
    from tests.simulation.run import Simulation

COUNTS = {1: 6, 2: 3, 3: 1}  # number of hubs: how often seeds have it, in proportion
NAMES = "abc"
LOST = (0.0, 0.02, 0.2)
SLOWEST = (0.002, 0.05, 0.5)
CALM_SECONDS = 0.02  # that a bulletin takes at most when all is calm
LONGEST = 5.0  # seconds that a fault lasts at most
SETTLED_SECONDS = 12.0  # after which every hub knows which users are online


@define(eq=False)
class Cell:
    """All hubs.

    Args:
        sim: the simulation.
        dice: decide.
        count: how many hubs there are; None: the dice decide.
    """

    sim: "Simulation"
    dice: random.Random
    count: int | None
    nodes: Sequence[Node] = field(init=False)
    _medium: Medium | None = field(default=None, init=False)
    _changed: trio.Event = field(factory=trio.Event, init=False)
    _calm_since: float = field(default=inf, init=False)
    _cut: int = field(default=0, init=False)
    _trouble: trio.CancelScope = field(factory=trio.CancelScope, init=False)
    has_stopped: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        (drawn,) = self.dice.choices(list(COUNTS), list(COUNTS.values()))
        count = self.count or drawn
        if count > 1:
            self._medium = Medium(
                Weather(
                    self.dice,
                    lost=self.dice.choice(LOST),
                    repeated=self.dice.choice(LOST),
                    overtaken=self.dice.choice(LOST),
                    slowest=self.dice.choice(SLOWEST),
                )
            )
        names = ["hub"] if count == 1 else NAMES[:count]
        self.nodes = [Node(self.sim, name, self._medium) for name in names]

    def falls(self, probability: float) -> bool:
        """Whether an event of this probability happens."""
        return self.dice.random() < probability

    def changed(self) -> None:
        """A hub has started."""
        changed, self._changed = self._changed, trio.Event()
        changed.set()

    def running(self) -> list[Node]:
        """The hubs that run."""
        return [node for node in self.nodes if node.world is not None]

    def any(self) -> Node | None:
        """A random one that runs."""
        running = self.running()
        return self.dice.choice(running) if running else None

    async def until_running(self) -> World:
        """A random one, as soon as one runs."""
        while (node := self.any()) is None or node.world is None:
            await self._changed.wait()
        return node.world

    def crash(self) -> None:
        """End one at once; it starts again soon."""
        self.dice.choice(self.nodes).crash()

    def crash_all(self) -> None:
        """End all of them."""
        for node in self.nodes:
            node.crash()

    @property
    def knows_presence(self) -> bool:
        """Whether no recent presence bulletin of the hubs can have been lost."""
        return self._medium is None or trio.current_time() > self._calm_since + SETTLED_SECONDS

    async def make_trouble(self) -> None:
        """Make trouble until `calm`."""
        medium = self._medium
        if medium is None:
            return
        happenings: dict[_Happening, int] = {
            self._crash_at_commit: 4,
            self._stop: 1,
            self._silence: 4,
            self._starve: 2,
            self._cut_off: 1,
            self._stand_still: 1,
            self._begin_anew: 1,
        }
        with self._trouble:
            while True:
                await self._lasts(1.5)
                (happen,) = self.dice.choices(list(happenings), list(happenings.values()))
                await happen(medium, self.dice.choice(self.nodes))

    def calm(self) -> None:
        """From now on the hubs and the bus have no faults."""
        self._calm_since = trio.current_time()
        self._trouble.cancel()
        if self._medium is not None:
            self._disturb(-self._cut)
            self._medium.weather = Weather(self.dice, slowest=CALM_SECONDS)
            self._medium.start()
            self._medium.go_on()
            for node in self.nodes:
                node.recover()

    async def _lasts(self, longest: float = LONGEST) -> None:
        await trio.sleep(self.dice.random() * longest)

    async def _crash_at_commit(self, _: Medium, node: Node) -> None:
        node.crash_at_commit()
        await trio.lowlevel.checkpoint()

    async def _stop(self, _: Medium, node: Node) -> None:
        self._disturb(0)  # requests to it are refused from now on
        self.has_stopped = True
        node.stop()
        await trio.lowlevel.checkpoint()

    async def _silence(self, _: Medium, node: Node) -> None:
        is_mute = self.falls(0.5)
        self.sim.note(node.name, "is not heard" if is_mute else "does not hear")
        node.fall_silent(is_mute=is_mute)
        await self._lasts()
        node.recover()

    async def _starve(self, _: Medium, node: Node) -> None:
        self.sim.note(node.name, "starves")
        self._disturb(1)
        node.way.stand_still()
        await self._lasts()
        self._restore(node)

    async def _cut_off(self, _: Medium, node: Node) -> None:
        self.sim.note(node.name, "does not reach the store")
        self._disturb(1)
        node.way.is_cut = True
        await self._lasts()
        self._restore(node)

    async def _stand_still(self, medium: Medium, _: Node) -> None:
        self.sim.note("bus", "stands still")
        medium.pause()
        await self._lasts()
        medium.go_on()

    async def _begin_anew(self, medium: Medium, _: Node) -> None:
        self.sim.note("bus", "away")
        medium.stop()
        await self._lasts()
        medium.start()

    def _restore(self, node: Node) -> None:
        node.recover()
        self._disturb(-1)
        self.sim.note(node.name, "is restored")

    def _disturb(self, ways: int) -> None:
        self._cut += ways
        self.sim.weather.disturb(self._cut)


_Happening: TypeAlias = Callable[[Medium, Node], Awaitable[None]]
