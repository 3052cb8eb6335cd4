"""Takes the bulletins of other nodes, as they come.

Guarantees: messages and revisions are delivered in their order or held back by their lanes; a
bulletin that cannot be read, or is of a node that has ended, is dropped and does not affect others.
A gap is reported as soon as it can be known. Must not know: what carries bulletins, how gaps are
closed.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol, assert_never

import structlog
import trio
from attrs import define

from hub.actor.hub import Hub
from hub.actor.letters import Delivery
from hub.cluster.bulletins import (
    Changed,
    Delivered,
    Goodbye,
    Heading,
    Heartbeat,
    Move,
    Moved,
    Present,
    Reaching,
    Repeated,
    Sign,
    Signs,
    Spending,
    Spent,
    TakenOver,
    Takeover,
)
from hub.cluster.codec import (
    BadBulletin,
    Read,
    StoredMessages,
    beginning,
    decode,
    is_numbered,
)
from hub.cluster.peers import Arrival, Peers
from persistence.bus import Bus
from persistence.nodes import Head, Node

log = structlog.get_logger(__name__)

SAY_SECONDS: Final = 60.0  # between two lines about bulletins that cannot be read


class Inbox(Protocol):
    """Puts messages and revisions of other nodes in order."""

    async def stored(self, messages: StoredMessages) -> None:
        """Deliver what may be delivered now of these messages, and of those that waited for
        them. Raises BadBulletin: one is damaged; the others are delivered.
        """

    async def changed(self, changed: Changed) -> None:
        """The same for revisions."""

    def suspect(self, heads: Sequence[Head]) -> int:
        """See `hub.cluster.repair.Suspect`."""

    def take_doubt(self) -> bool:
        """Whether this node may have stored something since the last call without publishing it,
        because the outcome is unknown, or was then.
        """


class Company(Protocol):
    """Acts on bulletins about the users of other nodes. Must not block."""

    def beat(self, heading: Heading, beat: Heartbeat) -> None:
        """A heartbeat of a node has come, which no later bulletin has overtaken."""

    def moved(self, heading: Heading, moves: Sequence[Move]) -> None:
        """Users came to a node, or left it."""

    def present(self, heading: Heading, part: Present) -> None:
        """A part of a snapshot of the users at a node."""

    def signs(self, heading: Heading, signs: Sequence[Sign]) -> Sequence[Delivery]:
        """The deliveries to make here for these signs."""

    def delivered(self, items: Sequence[Reaching]) -> Sequence[Delivery]:
        """The deliveries to make here for these events."""

    def taken_over(self, takeovers: Sequence[Takeover]) -> None:
        """Connections continue at another node."""

    def spent(self, items: Sequence[Spending]) -> None:
        """Another node has allowed users these numbers of each kind."""

    def ended(self, node: str, seconds: float | None, *, announces: bool) -> None:
        """A node has ended. `seconds`: how long its users are not announced as offline; None: there
        was no goodbye; `announces`: whether this node announces them.
        """


class Repeating(Protocol):
    """Publishes again what others have missed."""

    def repeat(self, numbers: Sequence[int]) -> None:
        """Publish the bulletins with these numbers again."""


@define
class ReceivingFigures:
    """Since the start. `bulletins`: of other nodes; `repeated`: that had come before; `bad`: that
    could not be read; `gaps`: times that something was missing.
    """

    bulletins: int = 0
    repeated: int = 0
    bad: int = 0
    gaps: int = 0


class Receiver:
    """Takes bulletins from the bus, and passes on what is in them.

    Args:
        bus: delivers the bulletins.
        epoch: of the log, now.
        peers: the other nodes.
        find: returns the living node with a name and a start, if there is one.
        inbox: puts messages and revisions in order.
        hub: delivers.
        on_gap: is called when something is missing.
        company: knows which users are at which node, and which of them type.
        repeating: publishes again what others have missed.
        figures: counts.
    """

    def __init__(  # noqa: PLR0913, PLR0917  bulletins are for each of them
        self,
        bus: Bus,
        epoch: Callable[[], str],
        peers: Peers,
        find: Callable[[str, str], Awaitable[Node | None]],
        inbox: Inbox,
        hub: Hub,
        on_gap: Callable[[], None],
        company: Company,
        repeating: Repeating,
        figures: ReceivingFigures,
    ) -> None:
        self._bus = bus
        self._epoch = epoch
        self._peers = peers
        self._find = find
        self._inbox = inbox
        self._hub = hub
        self._on_gap = on_gap
        self._company = company
        self._repeating = repeating
        self._says_at = -float("inf")
        self._figures = figures

    async def run(self) -> None:
        """Take bulletins until cancelled."""
        own = self._peers.own
        async with self._bus.bulletins() as bulletins:
            async for data in bulletins:
                epoch = self._epoch()
                if data is None:
                    self._missing("the bus began anew")
                elif not is_numbered(data, beginning(epoch, own.node, own.start)):
                    # of the node's own bulletins only heartbeats are used
                    try:
                        await self._take(*decode(epoch, data))
                    except BadBulletin as error:
                        self._say_bad(error)

    async def _take(self, heading: Heading, read: Read) -> None:
        if self._peers.is_own(heading):
            if isinstance(read, Heartbeat):
                self._peers.echoed(trio.current_time(), read.at)
        elif self._peers.knows(heading) or await self._find(heading.node, heading.start):
            await self._take_of_another(heading, read, trio.current_time())
        else:
            self._on_gap()
            raise BadBulletin(f"{heading.node} has ended, or has not begun")

    async def _take_of_another(self, heading: Heading, read: Read, now: float) -> None:
        match read:
            case Heartbeat():
                if self._note(heading, self._peers.beat(heading, now)):
                    self._company.beat(heading, read)
                if misses := read.misses.get(self._peers.own.node):
                    self._repeating.repeat(misses)
            case Spent(items=items):
                self._company.spent(items)
            case Goodbye(seconds=seconds):
                self._peers.ended(heading)
                announces = self._peers.is_first_besides(heading.node)
                self._company.ended(heading.node, seconds, announces=announces)
            case (
                StoredMessages()
                | Changed()
                | Delivered()
                | Moved()
                | Present()
                | Signs()
                | Repeated()
                | TakenOver()
            ):
                self._figures.bulletins += 1
                if self._note(heading, self._peers.take(heading, now)):
                    await self._act_on(heading, read)
                elif isinstance(read, Delivered) and self._peers.fill(heading, heading.number):
                    await self._act_on(heading, read)  # it was overtaken
            case _:
                assert_never(read)

    async def _act_on(
        self,
        heading: Heading,
        read: StoredMessages | Changed | Delivered | Moved | Present | Signs | Repeated | TakenOver,
    ) -> None:
        match read:
            case StoredMessages():
                await self._inbox.stored(read)
            case Changed():
                await self._inbox.changed(read)
            case Delivered(items=items):
                await self._hub.broadcast(self._company.delivered(items))
            case Signs(items=signs):
                await self._hub.broadcast(self._company.signs(heading, signs))
            case Repeated(items=items):
                for each in items:
                    if self._peers.fill(heading, each.number):
                        await self._hub.broadcast(self._company.delivered(each.reaching))
            case Moved() | Present() | TakenOver():
                self._follow(heading, read)
            case _:
                assert_never(read)

    def _follow(self, heading: Heading, read: Moved | Present | TakenOver) -> None:
        match read:
            case Moved(items=moves):
                self._company.moved(heading, moves)
            case Present():
                self._company.present(heading, read)
            case TakenOver(items=takeovers):
                self._company.taken_over(takeovers)
            case _:
                assert_never(read)

    def _note(self, heading: Heading, arrival: Arrival) -> bool:
        """Whether the bulletin is to be acted on. One that was missing comes too late: the log is
        read instead.
        """
        match arrival:
            case Arrival.NEXT:
                return True
            case Arrival.REPEATED:
                self._figures.repeated += 1
                return False
            case Arrival.AFTER_MISSING:
                self._missing(f"bulletins of {heading.node} before {heading.number}")
                return True
            case _:
                assert_never(arrival)

    def _missing(self, what: str) -> None:
        self._figures.gaps += 1
        log.info("bulletins_missing", what=what)
        self._on_gap()

    def _say_bad(self, error: BadBulletin) -> None:
        self._figures.bad += 1
        now = trio.current_time()
        if now >= self._says_at:
            self._says_at = now + SAY_SECONDS
            log.warning("bad_bulletin", reason=str(error), so_far=self._figures.bad)
