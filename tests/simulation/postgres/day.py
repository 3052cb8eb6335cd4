"""One day of a hub on a real Postgres, by the dice of one seed: the real bridge and the real store,
and between them and the server a proxy at which every message may meet a fault.

In the end these must hold: an acknowledged message is stored once; the seqs of a conversation have
no gaps; a refused message is not stored; and every device of both users has received exactly what
is stored, once and in order, even if the store's result was lost and no sender repeats. A search
finds the messages in their current state, and in the end all of them. Threads are as their user
left them, at any time, and every device knows its user's notes, in the end all of them.
"""

import random
from collections import Counter
from typing import Any, NoReturn

import structlog
import trio
from attrs import define, field, frozen

from persistence.records import StoreUnavailable
from tests.simulation.postgres.faults import LATE, Faults
from tests.simulation.postgres.limits import short_limits
from tests.simulation.postgres.noting import Keeper, NoteDevice
from tests.simulation.postgres.people import Device, Sender
from tests.simulation.postgres.seeking import Seeker
from tests.support.stores.databases import Databases, execute, open_store, run_script
from tests.support.telemetry.logs import restored_logging
from tests.support.wire.proxy import WireProxy, open_proxy
from tests.support.world import Person, World, open_world

ACTIVE_SECONDS = 3.0
CALM_SECONDS = 40.0
PAIRS = 4
HUB: Any = {"presence_grace": 0.0, "db_lanes": 2, "user_searches_per_minute": 1_000_000}
WRITERS_ENDED = "DO $$ BEGIN LOCK TABLE messages IN SHARE MODE; END $$"
LOG = """
    SELECT string_agg(m.seq || ' ' || m.content, chr(10) ORDER BY m.seq)
      FROM messages m JOIN channels c ON c.id = m.channel_id
     WHERE c.user_lo = $1 AND c.user_hi = $2
"""


@frozen
class Result:
    """The result of one seed."""

    seed: int
    problems: list[str]
    acknowledged: int = 0
    stored: int = 0
    faults: int = 0
    restarts: int = 0
    searches: int = 0
    notes: int = 0
    trace: str = field(default="", repr=False)


@frozen
class Pair:
    """Two users and their devices."""

    one: Person
    other: Person
    devices: tuple[Device, ...]

    @property
    def senders(self) -> list[Sender]:
        return [each for each in self.devices if isinstance(each, Sender)]


@define
class Day:
    """One seed.

    Args:
        seed: of the dice.
        dsn: a migrated database for this seed alone.
        patience: seconds after the last fault until everything must have arrived.
    """

    seed: int
    dsn: str
    patience: float = CALM_SECONDS
    dice: random.Random = field(init=False)
    pairs: list[Pair] = field(factory=list, init=False)
    seeker: Seeker = field(init=False)
    keeper: Keeper = field(init=False)
    note_devices: list[NoteDevice] = field(factory=list, init=False)
    problems: list[str] = field(factory=list, init=False)
    restarts: int = field(default=0, init=False)
    stored: int = field(default=0, init=False)
    faults: Faults = field(init=False)
    _trace: list[str] = field(factory=list, init=False)
    _world: World | None = field(default=None, init=False)
    _runs: trio.Event = field(factory=trio.Event, init=False)
    _crash: trio.Event = field(factory=trio.Event, init=False)
    _began: float = field(default=0.0, init=False)

    def __attrs_post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def note(self, who: str, what: str) -> None:
        self._trace.append(f"{trio.current_time() - self._began:.3f} {who} {what}")

    async def play(self) -> Result:
        """Play it to its end."""
        self._began = trio.current_time()
        with restored_logging():
            structlog.configure(processors=[self._log_line], cache_logger_on_first_use=False)
            return await self._play()

    def _log_line(self, _: object, __: str, event: structlog.typing.EventDict) -> NoReturn:
        self.note("log", str(event))
        raise structlog.DropEvent

    async def _play(self) -> Result:
        await run_script(self.dsn, LATE)
        async with open_store(self.dsn) as store, open_world(store) as world:
            await self._meet(world)
        with short_limits():
            async with open_proxy(self.dsn) as proxy, trio.open_nursery() as nursery:
                await self._live(proxy, nursery)
        acknowledged = sum(len(each.acknowledged) for pair in self.pairs for each in pair.senders)
        return Result(
            self.seed,
            self.problems,
            acknowledged,
            self.stored,
            self.faults.happened,
            self.restarts,
            self.seeker.searches,
            self.keeper.last_note,
            "\n".join(self._trace),
        )

    async def _live(self, proxy: WireProxy, nursery: trio.Nursery) -> None:
        self.faults = self._faults(proxy)
        nursery.start_soon(self._keep_hub, proxy.dsn)
        await self._running()
        for pair in self.pairs:
            for device in pair.devices:
                nursery.start_soon(device.live)
        for caller in (self.seeker, self.keeper):
            nursery.start_soon(caller.live)
        for device in self.note_devices[:-1]:
            nursery.start_soon(device.live)
        self.faults.begin()
        with trio.move_on_after(ACTIVE_SECONDS):
            await self._trouble()
        await self._calm_down(nursery)
        nursery.cancel_scope.cancel()

    def _faults(self, proxy: WireProxy) -> Faults:
        rate = self.dice.choice((0.0, 0.002, 0.01, 0.03))
        longest = self.dice.choice((0.1, 0.5, 1.5))
        return Faults(proxy, random.Random(self.seed + 1), self.note, rate, longest)

    async def _connect(self) -> trio.abc.Stream:
        return (await self._running()).connect()

    async def _running(self) -> World:
        while self._world is None:
            await self._runs.wait()
        return self._world

    async def _keep_hub(self, dsn: str) -> None:
        """Start the hub until it runs, and again after each crash."""
        while True:
            self._crash = trio.Event()
            try:
                async with (
                    open_store(dsn, pool_size=4, lanes=2) as store,
                    open_world(store, **HUB) as world,
                ):
                    self._begin(world)
                    await self._crash.wait()
                    self._world = None
            except* StoreUnavailable as group:
                if self._world is not None:
                    self.problems.append(f"the hub ended: {group.exceptions}")
                    self._world = None
            self.note("hub", "is down")
            await trio.sleep(0.02)

    def _begin(self, world: World) -> None:
        self.note("hub", "runs")
        self._world = world
        self._runs.set()
        self._runs = trio.Event()

    async def _meet(self, world: World) -> None:
        for number in range(PAIRS):
            one, other = await world.people(f"one{number}", f"other{number}")
            repeats = number % 2 == 0
            devices: list[Device] = []
            for person, peer in ((one, other), (other, one)):
                name = person.user.username
                common = (person.cookie, peer.id, self._connect, self.note)
                devices += [
                    Device(f"{name}/ear", *common),
                    Device(f"{name}/guest", *common, random.Random(f"{self.seed}{name}")),
                    Sender(name, *common, random.Random(f"{self.seed}{name}s"), repeats=repeats),
                ]
            self.pairs.append(Pair(one, other, tuple(devices)))
        seeker, friend = await world.people("seeker", "friend")
        dice = random.Random(f"{self.seed}seeker")
        self.seeker = Seeker(seeker.cookie, friend.id, self._connect, self.note, dice)
        keeper, reader = await world.people("keeper", "reader")
        common = (keeper.cookie, reader.id, self._connect, self.note)
        self.keeper = Keeper(*common, random.Random(f"{self.seed}keeper"))
        self.note_devices = [
            NoteDevice("keeper/ear", *common),
            NoteDevice("keeper/guest", *common, random.Random(f"{self.seed}guest")),
            NoteDevice("keeper/late", *common),  # connects after all notes are made
        ]

    async def _trouble(self) -> None:
        may_crash = self.dice.random() < 0.25
        while True:
            await trio.sleep(self.dice.random() * 0.8)
            if may_crash and self.dice.random() < 0.3:
                self.note("hub", "crashes")
                self.restarts += 1
                self._crash.set()
            elif self.dice.random() < 0.7:
                await self.faults.trouble_server()

    async def _calm_down(self, nursery: trio.Nursery) -> None:
        self.note("calm", "begins")
        self.faults.end()
        self.keeper.is_calm = True
        with trio.move_on_after(CALM_SECONDS):
            while not self.keeper.is_done:  # noqa: ASYNC110  until it has done enough
                await trio.sleep(0.1)
        nursery.start_soon(self.note_devices[-1].live)
        for device in self._devices():
            device.is_calm = True
        self.seeker.is_calm, self.seeker.has_found_all = True, False
        await self._running()
        with trio.move_on_after(self.patience):
            while await self._missing():  # noqa: ASYNC110  it queries the database
                await trio.sleep(0.1)
        await trio.sleep(0.3)  # a message that comes now is too much
        self.problems += await self._missing()
        self.problems += [*self.seeker.problems, *self.keeper.problems]
        for device in self.note_devices:
            self.problems += device.problems
        for pair in self.pairs:
            await self._judge(pair)

    def _devices(self) -> list[Device]:
        return [*self.note_devices, *(each for pair in self.pairs for each in pair.devices)]

    async def _log(self, pair: Pair) -> list[str]:
        lo, hi = sorted((pair.one.id, pair.other.id))
        found: Any = await execute(self.dsn, LOG, lo, hi)
        return [] if found is None else found.split("\n")

    async def _missing(self) -> list[str]:
        await execute(self.dsn, WRITERS_ENDED)
        missing = [] if self.seeker.has_found_all else ["not everything is found"]
        for device in self.note_devices:
            missing += device.differs(self.keeper)
        for pair in self.pairs:
            log = await self._log(pair)
            missing += [
                f"{each.name} has heard {len(each.heard)} of {len(log)}"
                for each in pair.devices
                if len(each.heard) != len(log)
            ]
            missing += [
                f"{sender.name}: {content} is not confirmed"
                for sender in pair.senders
                if sender.repeats
                for content in sender.pending
            ]
        return missing

    async def _judge(self, pair: Pair) -> None:
        log = await self._log(pair)
        self.stored += len(log)
        seqs = [int(each.partition(" ")[0]) for each in log]
        contents = [each.partition(" ")[2] for each in log]
        if seqs != list(range(1, len(seqs) + 1)):
            self.problems.append(f"gaps: {seqs}")
        twice = [content for content, count in Counter(contents).items() if count > 1]
        if twice:
            self.problems.append(f"stored twice: {twice}")
        for device in pair.devices:
            self.problems += device.problems
            if device.heard != contents[: len(device.heard)]:
                self.problems.append(f"{device.name} heard something else than is stored")
        for sender in pair.senders:
            lost = sender.acknowledged - set(contents)
            if lost:
                self.problems.append(f"acknowledged and lost: {sorted(lost)}")
            kept = sender.refused & set(contents)
            if kept:
                self.problems.append(f"refused and stored: {sorted(kept)}")


async def play(seed: int, databases: Databases, patience: float = CALM_SECONDS) -> Result:
    """One seed, on a database of its own; `patience`: for what is missing in the end."""
    async with databases.migrated() as dsn:
        return await Day(seed, dsn, patience).play()
