"""What a device does with threads, over REST: it follows and unfollows them, marks replies read,
and lists the replies to a message and the threads that its user follows.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import trio
from attrs import define, field, frozen

from protocol.model import Message, MessageId
from tests.simulation.judgement.answers import is_transient
from tests.simulation.judgement.found import Asked
from tests.simulation.judgement.truth import Right
from tests.simulation.languages.language import Call
from tests.simulation.languages.private_messages import PRIVATE_THREADS
from tests.simulation.languages.threads import NUMBERED, Spelling, Thread
from tests.simulation.searching import ENGINES, Engine
from tests.support.clients.http import Reply
from tests.support.world import Person

if TYPE_CHECKING:
    from tests.simulation.device import Device
    from tests.simulation.run import Simulation

RECENT = 10  # the last messages of a channel
PAGE = 500
LISTED = 100


@frozen
class _Listed:
    """A thread in a user's list."""

    root: MessageId
    thread: Thread
    unread: int
    read_seq: int


@define
class Threads:
    """The thread calls of one device. `count`: how many threads and replies it was shown."""

    device: "Device"
    count: int = field(default=0, init=False)

    async def make_some(self) -> None:
        """Make one call about a message that the device has, or about any."""
        device, dice = self.device, self.device.sim.dice
        of_all = device.sim.truth.messages
        known = sorted(device.ledger.states.held if dice.random() < 0.9 else of_all)
        if not known:
            return
        replies = [each for each in known if of_all[each].message.parent_id is not None]
        position = dice.choice(replies if replies and dice.random() < 0.7 else known)
        message, engine = of_all[position].message, dice.choice(ENGINES)
        chosen = dice.random()
        if chosen < 0.35:
            await self._follow(engine, message, is_following=dice.random() < 0.5)
        elif chosen < 0.45:
            await self._mark(engine, message)
        elif chosen < 0.75:
            await self._list_replies(engine, message)
        else:
            await self._list_threads(engine)

    async def _follow(self, engine: Engine, message: Message, *, is_following: bool) -> None:
        log, since = self.device.sim.truth.threads, trio.current_time()
        method = "PUT" if is_following else "DELETE"
        reply = await self._call(Call(method, f"{_path(engine, message)}/follow"))
        if reply is None:
            return
        if reply.status == 200:
            did = log.did(self.device.me, message.id, since, is_following=is_following)
            is_so = reply.json == {"following": is_following}
            self._require(did and is_so, f"{reply.text}, and that was not done: {message}")
        else:
            self._require(self._may_lack(engine, message, reply, since), f"{message}: {reply.text}")

    async def _mark(self, engine: Engine, message: Message) -> None:
        log, since = self.device.sim.truth.threads, trio.current_time()
        up_to = message.seq + self.device.sim.dice.randint(0, 3)
        path = f"{_path(engine, message)}/replies/read?up_to_seq={up_to}"
        reply = await self._call(Call("POST", path))
        if reply is None or reply.status == 200:
            return
        root = log.root_of(message.id)
        follows = not log.follows_since(self.device.me, root).was_closed_since(since)
        may_lack = not follows or self._may_lack(engine, message, reply, since)
        self._require(may_lack and reply.status == 404, f"{message}: {reply.text}")

    async def _list_replies(self, engine: Engine, message: Message) -> None:
        since, asked = trio.current_time(), asked_replies(self.device, engine, message)
        path = f"{_path(engine, message)}/replies?order=newest"
        reply = await self._call(Call("GET", path))
        if reply is None:
            return
        if reply.status != 200:
            self._require(self._may_lack(engine, message, reply, since), f"{message}: {reply.text}")
            return
        views = reply.json if isinstance(reply.json, list) else reply.json["replies"]
        hits = [engine.hit(self.device.sim.places, each) for each in views]
        self.count += len(hits)
        flaw = asked.flaw(hits)
        self._require(flaw is None, f"looks at the replies to {message}: {flaw}")
        for view in views:
            self._check_threads(_spelling(engine).shown(view["id"], view), since)

    async def _list_threads(self, engine: Engine) -> None:
        since, before = trio.current_time(), self._certain(engine)
        reply = await self._call(Call("GET", f"{_threads_path(engine)}?limit={LISTED}"))
        if reply is None:
            return
        self._require(reply.status == 200, f"sees no threads: {reply.text}")
        listed = _listed(engine, reply.json)
        self.count += len(listed)
        for each in listed:
            self._require(self._may_list(engine, each.root, since), f"follows no {each}")
            self._check_threads([each.thread], since)
        there = {each.root for each in listed}
        missing = {root for root in before if self._is_certain(engine, root, since)} - there
        self._require(not missing or len(listed) == LISTED, f"lacks the threads {missing}")

    def _certain(self, engine: Engine) -> list[MessageId]:
        now, log = trio.current_time(), self.device.sim.truth.threads
        followed = log.followed_by(self.device.me)
        return [root for root in followed if self._is_certain(engine, root, now)]

    def _is_certain(self, engine: Engine, root: MessageId, since: float) -> bool:
        """Whether a thread was in the list all the time since then."""
        truth, me = self.device.sim.truth, self.device.me
        follows = truth.threads.follows_since(me, root)
        hidden = truth.notes.hidden(me, root)
        message = self._message(root)
        return (
            not follows.was_closed_since(since)
            and not hidden.was_open_since(since)
            and not truth.is_deleted(*message.position)
            and not truth.sight(Right.SEE, me, message.channel_id).was_closed_since(since)
            and not self._is_elsewhere(engine, message)
        )

    def _may_list(self, engine: Engine, root: MessageId, since: float) -> bool:
        """Whether a thread may have been in the list at some time since then."""
        truth, me, message = self.device.sim.truth, self.device.me, self._message(root)
        return (
            truth.threads.follows_since(me, root).was_open_since(since)
            and truth.notes.hidden(me, root).was_closed_since(since)
            and truth.sight(Right.SEE, me, message.channel_id).was_open_since(since)
            and not self._is_elsewhere(engine, message)
        )

    def _may_lack(self, engine: Engine, message: Message, reply: Reply, since: float) -> bool:
        """Whether the device's user may get the error that there is no such thread."""
        truth = self.device.sim.truth
        root = self._message(truth.threads.root_of(message.id))
        sight = truth.sight(Right.SEE, self.device.me, message.channel_id)
        is_gone = any(truth.is_deleted(*each.position) for each in (message, root))
        may_lack = is_gone or sight.was_closed_since(since) or self._is_elsewhere(engine, message)
        return may_lack and reply.status == 404

    def _is_elsewhere(self, engine: Engine, message: Message) -> bool:
        return engine.only_private and message.channel_id in self.device.sim.places.rooms

    def _check_threads(self, threads: Sequence[Thread], since: float) -> None:
        log = self.device.sim.truth.threads
        for each in threads:
            now = log.now(each.parent_id)
            self._require(log.was(each, since), f"is shown {each}, and it is {now}")

    def _message(self, message_id: MessageId) -> Message:
        committed = self.device.sim.truth.find(message_id)
        assert committed is not None
        return committed.message

    async def _call(self, call: Call) -> Reply | None:
        """Make a call; None: no response came, or a transient error."""
        device = self.device
        device.sim.note(device.name, f"{call.method} {call.path}")
        reply = await device.sim.call(device.person, call)
        is_answer = reply is not None and not is_transient(device, reply, "use threads")
        return reply if is_answer else None

    def _require(self, holds: bool, problem: str) -> None:
        self.device.sim.require(holds, f"{self.device.name} {problem}")


async def check_followed(sim: "Simulation", person: Person) -> None:
    """Check, now that all is calm, that a list is exact, with its unread counts."""
    log, notes = sim.truth.threads, sim.truth.notes
    for engine in ENGINES:
        reply = await sim.call(person, Call("GET", f"{_threads_path(engine)}?limit={LISTED}"))
        assert reply is not None
        sim.require(reply.status == 200, f"{person.id} sees no threads: {reply.text}")
        expected = {}
        for root in log.followed_by(person.id):
            committed = sim.truth.find(root)
            assert committed is not None
            message = committed.message
            is_shown = (
                sim.truth.sees(person.id, message.channel_id)
                and not sim.truth.is_deleted(*message.position)
                and not notes.hidden(person.id, root).is_open
                and not (engine.only_private and message.channel_id in sim.places.rooms)
            )
            if is_shown:
                read_seq = log.read[person.id, root]
                unread = _unread(sim, person, root, read_seq)
                expected[root] = _Listed(root, log.now(root), unread, read_seq)
        listed = {each.root: each for each in _listed(engine, reply.json)}
        same = listed == expected or len(listed) == LISTED
        sim.require(same, f"{person.id} follows {expected}, listed is {listed}")


def _unread(sim: "Simulation", person: Person, root: MessageId, read_seq: int) -> int:
    found = [sim.truth.find(each) for each in sim.truth.threads.replies(root)]
    blocked = sim.truth.tables.hidden_from(person.id)
    return sum(
        each is not None
        and each.message.author_id not in {person.id, *blocked}
        and each.message.seq > read_seq
        and not sim.truth.notes.hidden(person.id, each.message.id).is_open
        for each in found
    )


def asked_replies(device: "Device", engine: Engine, message: Message) -> Asked:
    """The replies to a message, as a search made now."""
    places = device.sim.places
    of_me = places.conversations_of(device.me)
    channels = of_me if engine.only_private else places.all_of(device.me)
    root = device.sim.truth.threads.root_of(message.id)
    return Asked(device.sim.truth, device.me, channels, lambda _: True, PAGE, root)


def _path(engine: Engine, message: Message) -> str:
    return f"{engine.path.removesuffix('/search')}/{message.id}"


def _threads_path(engine: Engine) -> str:
    return f"{engine.path.removesuffix('/messages/search')}/threads"


def _spelling(engine: Engine) -> Spelling:
    return PRIVATE_THREADS if engine.only_private else NUMBERED


def _listed(engine: Engine, answer: Mapping[str, Any]) -> list[_Listed]:
    unread, read = (
        ("unread_count", "read_seq") if engine.only_private else ("unreadCount", "readSeq")
    )
    found = []
    for each in answer["threads"]:
        (thread,) = _spelling(engine).shown(each["message"]["id"], each["message"])
        found.append(_Listed(thread.parent_id, thread, each[unread], each[read]))
    return found
