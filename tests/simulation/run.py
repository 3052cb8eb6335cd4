"""One simulated day of a hub, by the dice of one seed: users, devices, faults, and what must hold.

The hub is whole, over in-memory streams and a mock clock; the store is the one in memory behind
`Weather`. Restarts end the hub at any moment; the log stays. Trio's scheduler uses the same dice,
so a seed is played again exactly (with PYTHONHASHSEED fixed).
"""

import hashlib
import random
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import timedelta
from itertools import combinations
from math import inf
from typing import Any

import h11
import trio
from attrs import define, evolve, field, frozen

from hub.sockets.outbox import MAX_CONTROL_BACKLOG
from persistence.interface import Store
from persistence.records import NewChannel, ProfileChange, StoreUnavailable
from protocol.answers import Changed
from protocol.commands import ReviseMessage
from protocol.events import Refused
from protocol.model import FollowStatus, UserId, WorkspaceId
from tests.simulation.bugs.planting import Bug
from tests.simulation.device import DOZE_SECONDS, Device
from tests.simulation.epilogue import Epilogue
from tests.simulation.judgement.ledger import Ledger
from tests.simulation.judgement.truth import Truth
from tests.simulation.languages import LANGUAGES
from tests.simulation.languages.language import Call, Places
from tests.simulation.nodes.cell import Cell
from tests.simulation.nodes.node import GRACE_SECONDS
from tests.simulation.trouble import Trouble
from tests.simulation.weather import Weather
from tests.support.clients.http import Reply
from tests.support.cluster.worlds import new_store
from tests.support.stores.records import granted
from tests.support.world import Person, World, open_world

ACTIVE_SECONDS = 12.0
CALM_SECONDS = 60.0
ANSWER_SECONDS = 30.0


class Broken(Exception):
    """A promise did not hold."""


@frozen
class Result:
    """The result of one seed."""

    seed: int
    problem: str | None
    acknowledged: int
    messages: int
    changes: int
    copies: int
    mentions: int
    found: int
    notes: int
    threads: int
    restarts: int
    frames: int
    nodes: int
    longest_wait: float
    trace: str = field(repr=False)

    @property
    def digest(self) -> str:
        """A digest of the trace: two runs that did the same have the same one."""
        return hashlib.sha256(self.trace.encode()).hexdigest()


@define
class Simulation:
    """One seed.

    `is_calm`: nothing fails any more. `is_still`: devices only read.
    """

    seed: int
    bug: Bug | None = None
    count: int | None = None
    dice: random.Random = field(init=False)
    is_calm: bool = field(default=False, init=False)
    is_still: bool = field(default=False, init=False)
    devices: list[Device] = field(factory=list, init=False)
    is_over: bool = field(default=False, init=False)
    restarts: int = field(default=0, init=False)
    cell: Cell = field(init=False)
    lifetimes: random.Random = field(init=False)
    places: Places = field(init=False)
    people: list[Person] = field(factory=list, init=False)
    store: Store = field(init=False)
    truth: Truth = field(init=False)
    weather: Weather = field(init=False)
    trouble: Trouble = field(init=False)
    at_crash: list[Callable[[], None]] = field(factory=list, init=False)
    _trace: list[str] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        faults = self.dice.choice((0.0, 0.02, 0.1))
        slowest = self.dice.choice((0.002, 0.02, 0.2))
        self.weather = Weather(random.Random(self.seed + 1), faults, slowest)
        self.lifetimes = random.Random(self.seed + 2)
        self.cell = Cell(self, random.Random(self.seed + 3), self.count)

    @property
    def tables(self) -> Any:
        return self.store.messages.tables  # type: ignore[attr-defined]

    def note(self, who: str, what: str) -> None:
        self._trace.append(f"{trio.current_time():.4f} {who} {what}")

    def require(self, holds: bool, problem: str) -> None:
        if not holds:
            self.note("PROBLEM", problem)
            raise Broken(problem)

    def lifetime(self) -> timedelta:
        """A random lifetime of a session. Sessions end by the clock of the machine; with equal
        lifetimes the load of the machine would decide which one ends first.
        """
        return timedelta(days=self.lifetimes.uniform(7, 14))

    async def call(self, person: Person, call: Call) -> Reply | None:
        """Call over REST, with all cookies of the person; None: no response came."""
        node = self.cell.any()
        if node is None or node.world is None:
            return None
        world = node.world
        headers: Mapping[str, str] = {"Cookie": f"{person.cookie}; {person.platform_cookie}"}
        if call.key is not None:
            headers = {**headers, "Idempotency-Key": call.key}
        try:
            return await world.call(call.method, call.path, call.body, headers)
        except (h11.RemoteProtocolError, trio.BrokenResourceError, trio.ClosedResourceError):
            return None  # the hub crashed
        except trio.TooSlowError:
            self.require(False, f"{call} was not answered")
            raise

    async def revise(
        self, person: Person, command: ReviseMessage
    ) -> Changed | Refused | StoreUnavailable | None:
        """Revise a message; None: no result came."""
        node = self.cell.any()
        if node is None or node.world is None:
            return None
        world = node.world
        revisions, quota = world.services.commands.revisions, world.services.quotas.of(person.id)
        with trio.CancelScope() as scope, trio.move_on_after(ANSWER_SECONDS) as patience:
            node.calls.add(scope)
            try:
                return await revisions.revise(person.user, quota, command)
            except StoreUnavailable as error:
                return error
            finally:
                node.calls.discard(scope)
        self.require(not patience.cancelled_caught, f"{command} was not answered")
        return None

    async def play(self) -> None:
        """Play the seed. Raises Broken."""
        with ExitStack() as stack:
            await self._set_up()
            if self.bug is not None:
                stack.enter_context(self.bug(self))
            async with trio.open_nursery() as nursery:
                for node in self.cell.nodes:
                    nursery.start_soon(node.keep)
                for device in self.devices:
                    nursery.start_soon(device.live)
                nursery.start_soon(self._watch)
                if len(self.cell.nodes) > 1:
                    nursery.start_soon(self.cell.make_trouble)
                await self.trouble.make_until(ACTIVE_SECONDS)
                await self._calm_down()
                await Epilogue(self).play()
                self.is_over = True
                self.cell.crash_all()
                nursery.cancel_scope.cancel()
            self._check_log()

    async def _set_up(self) -> None:
        self.store = new_store()
        async with open_world(self.store) as world:
            people = [await world.person(name) for name in ("ann", "ben", "eve")]
            school, club = [
                await self.store.workspaces.create(people[0].id, name, None)
                for name in ("School", "Club")
            ]
            for person in people[1:]:
                for workspace in (school, club):
                    await self.store.workspaces.add_member(workspace.id, person.id, by=people[0].id)
            rooms: dict[Any, WorkspaceId] = {}
            for name, workspace in (("general", school), ("maths", school), ("lounge", club)):
                new = NewChannel(workspace.id, name)
                room = granted(await self.store.channels.create(new, by=people[0].id))
                rooms[room.id] = workspace.id
            ids = [person.id for person in people]
            conversations = {
                frozenset(pair): (await self.store.channels.dm(*pair)).id
                for pair in combinations(ids, 2)
            }
            follows = await self._hide_some(people)
            self.people = people
            self.places = Places(rooms, conversations)
            is_alone = len(self.cell.nodes) == 1
            self.truth = Truth(self.tables, self.places, ids, self.weather.slowest, is_alone)
            self.trouble = Trouble(self, people, [school.id, club.id], follows)
            for number in range(self.dice.randint(3, 6)):
                person = people[number % 3]
                await self._add_device(number, await world.sign_in(person.user, self.lifetime()))

    async def _hide_some(self, people: list[Person]) -> list[tuple[UserId, UserId]]:
        """Some profiles are private; their users all follow each other."""
        if self.dice.random() < 0.5:
            return []
        follows = []
        for number, person in enumerate(people[1:], 1):
            change = ProfileChange(is_public=False)
            user = await self.store.accounts.change_profile(person.id, change)
            people[number] = evolve(person, user=user)
        for one, other in combinations(people, 2):
            status = await self.store.relations.request_follow(one.id, other.id)
            if status is FollowStatus.PENDING:
                await self.store.relations.accept_follow(other.id, one.id)
            follows.append((one.id, other.id))
        return follows

    async def _add_device(self, number: int, person: Person) -> None:
        language = self.dice.choice(LANGUAGES)()
        name = f"{person.user.username}{number}{type(language).__name__[:2]}"
        ledger = Ledger(
            name,
            person.id,
            language,
            self.truth,
            self.require,
            self.note,
            lambda: self.weather.failed_at,
            self._last_here,
            GRACE_SECONDS,
        )
        self.devices.append(Device(self, number // 3, person, language, ledger))

    def _last_here(self, user_id: UserId) -> float:
        if not self.cell.knows_presence:
            return -inf
        devices = [device for device in self.devices if device.me == user_id]
        if any(device.is_here for device in devices):
            return trio.current_time()
        return max((device.gone_at for device in devices), default=-inf)

    async def _watch(self) -> None:
        """Check what no frame shows: an outbox that is too full, or a connection that should be
        closed.
        """
        while True:
            await trio.sleep(1.0 if self.is_calm else 0.3)
            for node in self.cell.nodes:
                problem = None if node.world is None else outbox_overflow(node.world)
                self.require(problem is None, problem or "")
            for device in self.devices:
                if device.here_since is not None:
                    long_ended = self.truth.is_session_long_ended(device.session_hash)
                    slow = device.ledger.connection.is_slow
                    self.require(slow or not long_ended, f"{device.name} outlives its session")

    async def _calm_down(self) -> None:
        """Stop all faults: soon every device must have everything."""
        self.weather.clear()
        self.cell.calm()
        self.truth.calm_since = trio.current_time()
        await self.trouble.restore()
        self.is_calm = True
        self.note("calm", "begins")
        # Events of rights that were lost before may come until then, and be read by a slow device.
        await trio.sleep(self.truth.bound + DOZE_SECONDS)
        if len(self.cell.nodes) > 1:
            self._look_at_notes()
        with trio.move_on_after(CALM_SECONDS):
            while self._missing():  # noqa: ASYNC110  the clock is a mock
                await trio.sleep(0.5)
        self.require(not self._missing(), f"in the end still missing: {self._missing()}")

    def _look_at_notes(self) -> None:
        """Notes that a node did not send before it crashed come only with a resume."""
        for device in self.devices:
            if device.ledger.notes.missing():
                device.ledger.connection.needs_resume = True

    def _missing(self) -> list[str]:
        return [each for device in self.devices for each in device.ledger.missing()]

    def _check_log(self) -> None:
        posted = [
            self.truth.messages[message.position].message
            for row in self.tables.channels.values()
            for message in row.messages
        ]
        contents = [each.content.partition(" ")[0] for each in posted if not each.is_forwarded]
        twice = {name for name in contents if contents.count(name) > 1}
        self.require(not twice, f"stored twice: {sorted(twice)}")
        stored = set(contents)
        copies = [(each.author_id, each.key) for each in posted if each.is_forwarded]
        self.require(len(copies) == len(set(copies)), f"stored twice: {sorted(copies)}")
        self.require(not self.truth.leaks, f"forwarded or mentioned wrongly: {self.truth.leaks}")
        problems = self.truth.threads.problems + self.truth.notes.problems
        self.require(not problems, f"stored wrongly: {problems}")
        for device in self.devices:
            lost = device.ledger.acknowledged - stored
            self.require(not lost, f"acknowledged and lost: {sorted(lost)}")
            kept = device.ledger.refused & stored
            self.require(not kept, f"refused and stored: {sorted(kept)}")
            gone = device.forwards.acknowledged - set(copies)
            self.require(not gone, f"forwarded and lost: {sorted(gone)}")
            there = device.forwards.refused & set(copies)
            self.require(not there, f"not forwarded and stored: {sorted(there)}")
            undone = device.changes.acknowledged - self.truth.settled
            self.require(not undone, f"acknowledged and not done: {sorted(undone)}")
            done = device.changes.refused & self.truth.settled
            self.require(not done, f"refused and done: {sorted(done)}")
        for row in self.tables.channels.values():
            seqs = [message.seq for message in row.messages]
            self.require(seqs == list(range(1, len(seqs) + 1)), f"holes: {seqs}")
            channel_id = row.channel.id
            revs = sorted(rev for channel, rev in self.truth.revisions if channel == channel_id)
            self.require(revs == list(range(1, row.last_rev + 1)), f"holes of revs: {revs}")
            for message in row.messages:
                last = max(self.truth.states[message.position])
                self.require(message.rev == last, f"a lost revision: {message}, {last}")

    def result(self, problem: str | None) -> Result:
        return Result(
            self.seed,
            problem,
            sum(len(device.ledger.acknowledged) for device in self.devices),
            sum(len(row.messages) for row in self.tables.channels.values()),
            sum(len(device.changes.acknowledged) for device in self.devices),
            sum(len(device.forwards.acknowledged) for device in self.devices),
            sum(len(device.ledger.mentions.told) for device in self.devices),
            sum(device.searches.count for device in self.devices),
            sum(device.ledger.wishes.granted for device in self.devices),
            sum(device.threads.count for device in self.devices),
            self.restarts,
            sum(device.ledger.frames for device in self.devices),
            len(self.cell.nodes),
            self.truth.longest_wait,
            "\n".join(self._trace),
        )


def outbox_overflow(world: World) -> str | None:
    """A message if a connection's outbox holds more than it may."""
    for client in world.services.hub._clients:
        outbox = getattr(client.link, "_outbox", None)
        if outbox is not None:
            limit = outbox._capacity + MAX_CONTROL_BACKLOG
            if outbox.size > limit:
                return f"an outbox of {outbox.size} bytes, allowed are {limit}"
    return None
