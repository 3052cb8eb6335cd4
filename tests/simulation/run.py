"""One simulated day of a hub, by the dice of one seed: people, devices, faults, and what must hold.

The hub is whole, over in-memory streams and a mock clock; the store is the one in memory behind
`Weather`. Restarts end the hub at any moment; the log stays. Trio's scheduler throws the same dice,
so a seed is played again exactly (with PYTHONHASHSEED fixed).
"""

import hashlib
import logging
import random
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from itertools import combinations
from typing import Any

import structlog
import trio
import trio._core._run
from attrs import define, field, frozen
from trio.testing import MockClock

from persistence.interface import Store
from persistence.records import NewChannel, StoreUnavailable
from protocol.model import ChannelId, UserId
from tests.simulation.bugs import BUGS, Bug
from tests.simulation.device import Device, outbox_overflow
from tests.simulation.languages import LANGUAGES, Places
from tests.simulation.weather import Weather
from tests.support.stores.memory import new_memory_store
from tests.support.world import Person, World, open_world

ACTIVE_SECONDS = 12.0
CALM_SECONDS = 120.0
OUTBOX_BYTES = 8_192


class Broken(Exception):
    """Something that was promised did not hold."""


@frozen
class Result:
    """What came of one seed."""

    seed: int
    problem: str | None
    acknowledged: int
    messages: int
    restarts: int
    trace: str = field(repr=False)

    @property
    def digest(self) -> str:
        """Two runs that did the same have the same one."""
        return hashlib.sha256(self.trace.encode()).hexdigest()


@define
class Simulation:
    """One seed."""

    seed: int
    bug: Bug | None = None
    dice: random.Random = field(init=False)
    over_event: trio.Event = field(factory=trio.Event, init=False)
    is_calm: bool = field(default=False, init=False)
    devices: list[Device] = field(factory=list, init=False)
    acknowledged: set[str] = field(factory=set, init=False)
    refused: set[str] = field(factory=set, init=False)
    restarts: int = field(default=0, init=False)
    hour: timedelta = field(default=timedelta(hours=1), init=False)
    places: Places = field(init=False)
    store: Store = field(init=False)
    weather: Weather = field(init=False)
    at_crash: list[Callable[[], None]] = field(factory=list, init=False)
    _trace: list[str] = field(factory=list, init=False)
    _world: World | None = field(default=None, init=False)
    _changed: trio.Event = field(factory=trio.Event, init=False)
    _crash: trio.Event = field(factory=trio.Event, init=False)
    _lost: dict[tuple[UserId, ChannelId], float] = field(factory=dict, init=False)
    _found: dict[tuple[UserId, ChannelId], float] = field(factory=dict, init=False)
    _blocked_at: dict[frozenset[UserId], float] = field(factory=dict, init=False)
    _people: list[UserId] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        faults = self.dice.choice((0.0, 0.02, 0.1))
        slowest = self.dice.choice((0.002, 0.02, 0.2))
        self.weather = Weather(random.Random(self.seed + 1), faults, slowest)

    @property
    def over(self) -> bool:
        return self.over_event.is_set()

    @property
    def tables(self) -> Any:
        return self.store.messages.tables  # type: ignore[attr-defined]

    def note(self, who: str, what: str) -> None:
        self._trace.append(f"{trio.current_time():.4f} {who} {what}")

    def require(self, holds: bool, problem: str) -> None:
        if not holds:
            self.note("PROBLEM", problem)
            raise Broken(problem)

    async def running(self) -> World:
        """The hub, as soon as it runs."""
        while self._world is None:
            await self._changed.wait()
        return self._world

    def may_see(self, user_id: UserId, channel_id: ChannelId) -> bool:
        return bool(self.tables.may_join(user_id, self.tables.channels[channel_id].channel))

    def lost_since(self, user_id: UserId, channel_id: ChannelId) -> float:
        """Seconds for which the user may not have seen the channel, while the store answered."""
        lost = self._lost.get((user_id, channel_id))
        if lost is None or self.weather.away:
            return 0.0
        return trio.current_time() - max(lost, self.weather.cleared_at)

    def was_lost(self, user_id: UserId, channel_id: ChannelId, since: float) -> bool:
        """Whether the channel was closed to the user at some time since then."""
        return (user_id, channel_id) in self._lost or self.was_found(user_id, channel_id, since)

    def was_found(self, user_id: UserId, channel_id: ChannelId, since: float) -> bool:
        """Whether the channel was opened to the user again since then."""
        return self._found.get((user_id, channel_id), -1.0) >= since

    def related(self, one: UserId, other: UserId) -> bool:
        """Whether presence is theirs to know, for a while at least."""
        blocked = self._blocked_at.get(frozenset((one, other)), -100.0)
        is_blocked = self.tables.blocked_either_way(one, other)
        return not is_blocked and trio.current_time() - blocked > 10.0

    async def play(self) -> None:
        """Raises Broken."""
        with ExitStack() as stack:
            await self._set_up()
            if self.bug is not None:
                stack.enter_context(self.bug(self))
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._keep_hub)
                for device in self.devices:
                    nursery.start_soon(device.live)
                nursery.start_soon(self._watch_outboxes)
                await self._make_trouble()
                await self._calm_down()
                self.over_event.set()
                self._crash.set()
                nursery.cancel_scope.cancel()
            self._check_log()

    async def _set_up(self) -> None:
        self.store = new_memory_store()
        async with open_world(self.store) as world:
            people = [await world.person(name) for name in ("ann", "ben", "eve")]
            workspace = await self.store.workspaces.create(people[0].id, "School", None)
            for person in people[1:]:
                await self.store.workspaces.add_member(workspace.id, person.id)
            room = await self.store.channels.create(NewChannel(workspace.id, "general"))
            assert room is not None
            self._people = [person.id for person in people]
            dms = {
                frozenset(pair): (await self.store.channels.dm(*pair)).id
                for pair in combinations(self._people, 2)
            }
        self.places = Places(room.id, dms)
        for number in range(self.dice.randint(3, 6)):
            person = people[number % 3]
            self.devices.append(self._device(number, person))

    def _device(self, number: int, person: Person) -> Device:
        language = self.dice.choice(LANGUAGES)()
        name = f"{person.user.username}{number}{type(language).__name__[:2]}"
        return Device(self, name, person, language)

    async def _keep_hub(self) -> None:
        while not self.over:
            self._crash = trio.Event()
            try:
                await self._run_hub()
            except* StoreUnavailable:
                self.require(self._world is None, "an outage ended the hub")
                self.note("hub", "cannot start")
            self.restarts += 1
            await trio.sleep(self.dice.random())

    async def _run_hub(self) -> None:
        async with open_world(
            self.weather.over(self.store),
            outbox_bytes=OUTBOX_BYTES,
            max_content_chars=OUTBOX_BYTES // 4,
            presence_grace=2.0,
            db_lanes=2,
        ) as world:
            self._world = world
            self._changed.set()
            self.note("hub", "runs")
            await self._crash.wait()
            self._world, self._changed = None, trio.Event()
            for happen in self.at_crash:
                happen()
        self.note("hub", "crashed")

    async def _watch_outboxes(self) -> None:
        while True:
            await trio.sleep(0.3)
            if self._world is not None:
                problem = outbox_overflow(self._world)
                self.require(problem is None, problem or "")

    async def _make_trouble(self) -> None:
        dice = self.dice
        while trio.current_time() < ACTIVE_SECONDS:
            await trio.sleep(dice.random() * 2.0)
            match dice.randrange(8):
                case 0:
                    self._crash.set()
                case 1:
                    self.note("store", "away")
                    self.weather.away = True
                    await trio.sleep(dice.random() * 3.0)
                    self.weather.end_outage()
                case 2:
                    await self._block()
                case 3:
                    await self._put_out()
                case _:
                    await self._restore()

    async def _block(self) -> None:
        one, other = self.dice.sample(self._people, 2)
        await self.store.relations.block(one, other)
        self.note("trouble", f"{one} blocks {other}")
        self._blocked_at[frozenset((one, other))] = trio.current_time()
        channel_id = self.places.dm(one, other)
        self._lost.setdefault((other, channel_id), trio.current_time())

    async def _put_out(self) -> None:
        user_id = self.dice.choice(self._people[1:])
        (workspace,) = self.tables.workspaces.values()
        await self.store.workspaces.remove_member(workspace.id, user_id)
        self.note("trouble", f"{user_id} is put out")
        self._lost.setdefault((user_id, self.places.room), trio.current_time())

    async def _restore(self) -> None:
        """Everybody may see everything again."""
        for blocker, blocked in list(self.tables.blocks):
            await self.store.relations.unblock(blocker, blocked)
            self._blocked_at[frozenset((blocker, blocked))] = trio.current_time()
        (workspace,) = self.tables.workspaces.values()
        for user_id in self._people:
            await self.store.workspaces.add_member(workspace.id, user_id)
        self._found |= dict.fromkeys(self._lost, trio.current_time())
        self._lost.clear()
        self.note("trouble", "everything is allowed")

    async def _calm_down(self) -> None:
        """Nothing fails any more: soon every device must have everything."""
        await self._restore()
        self.weather.clear()
        self.is_calm = True
        self.note("calm", "begins")
        with trio.move_on_after(CALM_SECONDS):
            while self._behind():  # noqa: ASYNC110  the clock is a mock
                await trio.sleep(0.5)
        self.require(not self._behind(), f"in the end still missing: {self._behind()}")

    def _behind(self) -> list[str]:
        behind: list[str] = []
        for device in self.devices:
            behind += [f"{device.name}: {key} not confirmed" for key in device.pending]
            for channel_id in device.channels():
                last = len(self.tables.channels[channel_id].messages)
                if device.last.get(channel_id, 0) != last:
                    behind.append(f"{device.name}: {channel_id} to {last}")
        return behind

    def _check_log(self) -> None:
        contents = [
            message.content.partition(" ")[0]
            for row in self.tables.channels.values()
            for message in row.messages
        ]
        twice = {key for key in contents if contents.count(key) > 1}
        self.require(not twice, f"stored twice: {sorted(twice)}")
        lost = self.acknowledged - set(contents)
        self.require(not lost, f"acknowledged and lost: {sorted(lost)}")
        kept = self.refused & set(contents)
        self.require(not kept, f"refused and stored: {sorted(kept)}")
        for row in self.tables.channels.values():
            seqs = [message.seq for message in row.messages]
            self.require(seqs == list(range(1, len(seqs) + 1)), f"holes: {seqs}")

    def result(self, problem: str | None) -> Result:
        messages = sum(len(row.messages) for row in self.tables.channels.values())
        trace = "\n".join(self._trace)
        return Result(self.seed, problem, len(self.acknowledged), messages, self.restarts, trace)


def play(seed: int, bug: str | None = None) -> Result:
    """Play one seed, with a mistake if one is named."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    trio._core._run._ALLOW_DETERMINISTIC_SCHEDULING = True  # type: ignore[misc]
    trio._core._run._r.seed(seed)
    simulation = Simulation(seed, None if bug is None else BUGS[bug])
    problem = None
    try:
        trio.run(simulation.play, clock=MockClock(autojump_threshold=0))
    except BaseExceptionGroup as group:
        broken, others = group.split(Broken)
        if others is not None:
            raise
        problem = _first(broken)
    except Broken as error:
        problem = str(error)
    finally:
        structlog.reset_defaults()
    return simulation.result(problem)


def _first(group: BaseException | None) -> str:
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return str(group)
