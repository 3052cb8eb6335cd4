"""The bulletins of a node, which wait here for the bus.

Guarantees: bulletins go out in their order, one at a time, each with the next number; the number
that wait is bounded, and a dropped one leaves a gap in the numbers, so other nodes notice. No
caller waits for the bus, and no message is lost for clients while it is away: the log has it. Must
not know: what the other nodes do with bulletins.
"""

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import count, islice
from math import inf
from typing import Any, Final

import structlog
import trio
from attrs import define, evolve, frozen

from hub.actor.letters import Delivery
from hub.cluster.bulletins import (
    Change,
    Changed,
    Delivered,
    Goodbye,
    Heading,
    Heartbeat,
    Key,
    Move,
    Moved,
    Numbered,
    Present,
    Reaching,
    Repeat,
    Repeated,
    Sign,
    Signs,
    Spending,
    Spent,
    Stored,
    StoredMessage,
    TakenOver,
    Takeover,
)
from hub.cluster.codec import encode
from hub.cluster.digest import mark
from hub.cluster.elsewhere import crossing
from hub.limits.quotas import Kind
from persistence.bus import Bus, BusUnavailable
from protocol.model import UserId

log = structlog.get_logger(__name__)

BEAT_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 0.2
MANY: Final = 16  # items in a bulletin, after which the next one gathers for a while
GATHER_SECONDS: Final = 0.005
ATTEMPTS: Final = 5
SPENT_SECONDS: Final = 0.02  # between two bulletins of what users were allowed
MAX_SPENT: Final = 100  # in one of them
SIGN_SECONDS: Final = 2.0  # for which typing and presence may wait: later they are outdated
MAX_WAITING: Final = 1_000  # bulletins, and users with what they were allowed
MAX_ITEMS: Final = 500  # in one that is put together
MAX_KEPT: Final = 1_000  # bulletins that can be repeated
MAX_REPEATS: Final = 200  # in one bulletin
MAX_PRESENT: Final = 5_000  # in one part of a snapshot, and moves that wait as one bulletin


@define
class PublishingFigures:
    """Since the start. `sent`: bulletins that the bus took; `dropped`: that were too many or too
    large for it; `failures`: attempts that it refused.
    """

    sent: int = 0
    dropped: int = 0
    failures: int = 0


@frozen
class _Waiting:
    """A bulletin about the log of an epoch, and since when it waits."""

    since: float
    epoch: str
    bulletin: Numbered


class Publisher:
    """Publishes the bulletins of a node.

    Args:
        bus: carries them.
        node: the node's name.
        start: another text each time that the node starts.
        epoch: of the log, now.
        misses: the numbers of bulletins that did not come, by node.

    `hears_all`: whether the bulletins of all nodes come, and the node's own heartbeats.
    """

    exists = True

    def __init__(
        self,
        bus: Bus,
        node: str,
        start: str,
        epoch: Callable[[], str],
        misses: Callable[[], Mapping[str, Sequence[int]]] = dict,
    ) -> None:
        self._misses = misses
        self._bus = bus
        self._node = node
        self._start = start
        self._epoch = epoch
        self._online = 0  # the digest of the users that were published as here
        self._lacks: Sequence[str] = ()
        self._snapshots = count(1)
        self._delivered: dict[int, Sequence[Reaching]] = {}  # lately, by number
        self.hears_all = True
        self._number = 0  # of the last bulletin that was taken from those that wait
        self._waiting: deque[_Waiting] = deque()
        self._ready = trio.Event()
        self._gathers_until = -inf
        self._spent: Counter[tuple[UserId, Kind]] = Counter()
        self._spends_at = -inf
        self._is_away = False
        self.figures: Final = PublishingFigures()

    @property
    def is_apart(self) -> bool:
        """Whether this node may not know who is at the others."""
        return not self.hears_all or bool(self._lacks)

    @property
    def waiting(self) -> int:
        """How many bulletins the bus has still to take."""
        return len(self._waiting)

    def stored(self, messages: Iterable[StoredMessage]) -> None:
        """Messages were stored here, in this order."""
        self._put(Stored(tuple(messages)))

    def changed(self, changes: Iterable[Change]) -> None:
        """Revisions were made here, in this order."""
        self._put(Changed(tuple(changes)))

    def delivered(self, deliveries: Sequence[Delivery]) -> None:
        """These are delivered here, in this order, and to the other nodes as well, but for those
        that concern single connections.
        """
        self._put(Delivered(crossing(deliveries)))

    def moved(self, key: Key, *, is_here: bool) -> None:
        """The first connection with a key has come to this node, or the last one has ended."""
        move = Move(key, is_here)
        last = self._waiting[-1] if self._waiting else None
        if (
            last is not None
            and isinstance(last.bulletin, Moved)
            and isinstance(last.bulletin.items, list)
            and len(last.bulletin.items) < MAX_PRESENT
            and last.epoch == self._epoch()
        ):
            last.bulletin.items.append(move)
        else:
            self._put(Moved([move]))

    def present(self, keys: Collection[Key]) -> None:
        """Exactly these keys are at this node, once everything that waits is published."""
        snapshot, listed = next(self._snapshots), list(keys)
        for at in range(0, len(listed) or 1, MAX_PRESENT):
            self._put(Present(listed[at : at + MAX_PRESENT], snapshot, len(listed)))

    def repeat(self, numbers: Sequence[int]) -> None:
        """Publish again what other nodes miss: the bulletins with these numbers."""
        repeats = [
            Repeat(number, self._delivered.get(number, ())) for number in numbers[:MAX_REPEATS]
        ]
        self._put(Repeated(repeats))

    def signs(self, signs: Sequence[Sign]) -> None:
        """These are delivered here, and are to be at other nodes, where they change something."""
        self._put(Signs(signs))

    def took_over(self, takeover: Takeover) -> None:
        """A connection that was perhaps at another node continues here."""
        self._put(TakenOver((takeover,)))

    def spent(self, user_id: UserId, kind: Kind) -> None:
        """A user was allowed one of a kind that all nodes count together."""
        if len(self._spent) < MAX_WAITING:  # what is left out, the other nodes allow on top
            self._spent[user_id, kind] += 1
            self._ready.set()

    def lacks(self, nodes: Sequence[str]) -> None:
        """It is not known who is at these nodes, until the next call."""
        self._lacks = nodes

    async def run(self, take_doubt: Callable[[], bool] = bool) -> None:
        """Publish what waits, and a heartbeat each second, until cancelled. `take_doubt`: see
        `hub.cluster.receiving.Inbox`.
        """
        beats_at = trio.current_time()
        while True:
            now = trio.current_time()
            if now < self._gathers_until:
                await trio.sleep_until(self._gathers_until)
            elif now >= beats_at and not self._is_late(now):
                beats_at = now + BEAT_SECONDS
                if take_doubt():
                    self._number += 1  # without a bulletin: the others miss it and read the log
                await self._say(Heartbeat(self._online, now, self._lacks, self._misses()))
            elif self._spent and now >= self._spends_at:
                self._spends_at = now + SPENT_SECONDS
                await self._say(self._take_spent())
            elif self._waiting:
                await self._hand_over(self._take())
            else:
                self._ready = trio.Event()
                with trio.move_on_at(min(beats_at, self._spends_at) if self._spent else beats_at):
                    await self._ready.wait()

    async def say_goodbye(self, seconds: float) -> None:
        """Publish what waits and a goodbye, if the bus takes them. Not to be called while `run`
        runs.
        """
        while self._waiting and not self._is_away:
            await self._hand_over(self._take())
        await self._say(Goodbye(seconds))

    def _is_late(self, now: float) -> bool:
        """Whether a bulletin has waited for so long that a heartbeat would be wrong: a heartbeat
        means that all bulletins before it were published.
        """
        return bool(self._waiting) and self._waiting[0].since < now - BEAT_SECONDS

    def _take_spent(self) -> Spent:
        """What users were allowed since the last call, or as much of it as one bulletin holds."""
        keys = [*islice(self._spent, MAX_SPENT)]
        spent = Spent(tuple(Spending(*key, self._spent.pop(key)) for key in keys))
        if self._spent:
            self._spends_at = -inf
        return spent

    def _put(self, bulletin: Numbered) -> None:
        if not bulletin.items and not isinstance(bulletin, Present):
            return
        if len(self._waiting) >= MAX_WAITING:
            self._count(self._waiting.popleft().bulletin)
            self.figures.dropped += 1
        self._waiting.append(_Waiting(trio.current_time(), self._epoch(), bulletin))
        self._ready.set()

    def _take(self) -> _Waiting:
        """The first bulletin that waits, merged with those behind it as far as possible."""
        first = self._waiting.popleft()
        if isinstance(first.bulletin, Present):
            return first
        items: list[Any] = list(first.bulletin.items)
        while self._waiting and len(items) < MAX_ITEMS:
            after = self._waiting[0]
            if (after.epoch, type(after.bulletin)) != (first.epoch, type(first.bulletin)):
                break
            items += self._waiting.popleft().bulletin.items
        if len(items) >= MANY:
            self._gathers_until = trio.current_time() + GATHER_SECONDS
        return evolve(first, bulletin=_with(first.bulletin, items))

    async def _hand_over(self, waiting: _Waiting) -> None:
        """Publish a bulletin, in parts if it is too large. One that the bus does not take has used
        its number, so that the others notice that it is missing.
        """
        is_sign = isinstance(waiting.bulletin, Signs)
        if is_sign and trio.current_time() >= waiting.since + SIGN_SECONDS:
            # a right may have ended since; every node announces by itself what it misses
            self.figures.dropped += 1
            return
        parts = deque([waiting.bulletin])
        while parts:
            part = parts.popleft()
            heading = Heading(self._node, self._start, self._number + 1)
            data = encode(waiting.epoch, heading, part)
            is_small = len(data) <= self._bus.max_bytes
            if not is_small and len(part.items) > 1:
                half = len(part.items) // 2
                parts.extendleft((_with(part, part.items[half:]), _with(part, part.items[:half])))
                continue
            self._count(part)
            attempts = 1 if is_sign else ATTEMPTS
            if not is_small or not await self._insist(data, attempts):
                self.figures.dropped += 1

    def _count(self, bulletin: Numbered) -> None:
        """Use the next number for the bulletin, whether the bus takes it or not."""
        self._number += 1
        match bulletin:
            case Moved(items=moves):
                for move in moves:
                    self._online ^= mark(move.key)
            case Delivered(items=items):
                self._delivered[self._number] = items
                if len(self._delivered) > MAX_KEPT:
                    del self._delivered[next(iter(self._delivered))]
            case _:
                pass

    async def _insist(self, data: bytes, attempts: int) -> bool:
        """Publish, with several attempts if needed; returns whether the bus has taken it."""
        for _ in range(attempts - 1):
            if await self._publish(data):
                return True
            await trio.sleep(RETRY_SECONDS)
        return await self._publish(data)

    async def _publish(self, data: bytes) -> bool:
        """Publish; returns whether the bus has taken it. If not, it may still be delivered."""
        try:
            await self._bus.publish(data)
        except BusUnavailable as error:
            self.figures.failures += 1
            if not self._is_away:
                log.warning("bus_does_not_take", reason=str(error))
            self._is_away = True
            return False
        if self._is_away:
            log.info("bus_takes_again")
        self._is_away = False
        self.figures.sent += 1
        return True

    async def _say(self, bulletin: Spent | Heartbeat | Goodbye) -> None:
        heading = Heading(self._node, self._start, self._number)
        await self._publish(encode(self._epoch(), heading, bulletin))


def _with(bulletin: Numbered, items: Sequence[Any]) -> Numbered:
    """A bulletin of the same kind with these items."""
    if isinstance(bulletin, Present):
        return evolve(bulletin, items=items)
    return type(bulletin)(items)
