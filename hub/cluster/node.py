"""A hub as one of several nodes on one database.

Guarantees: a node that cannot hear the others, or itself, or is not heard, notices within
`SILENT_SECONDS` and reads the log every half second until it hears again; however much of what was
published is lost, repeated or late, what is delivered here is what the log has, in its order. A
node that does not renew its lease counts as dead. Must not know: what carries bulletins, dialects,
SQL.
"""

from collections.abc import Callable, Collection
from typing import Final

import structlog
import trio

from hub.cluster.peers import Peers
from hub.cluster.publishing import Publisher
from hub.cluster.receiving import Company, Receiver
from hub.cluster.repair import Repair
from persistence.nodes import NameTaken, Node, Nodes
from persistence.records import StoreUnavailable

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 0.5
PAUSE_SECONDS: Final = 0.05
RENEW_SECONDS: Final = 2.0
GOODBYE_SECONDS: Final = 2.0


class Cluster:
    """What makes a hub a node.

    Args:
        node: who it is.
        nodes: who lives.
        peers: who is heard.
        publisher: says what happens here.
        receiver: hears what happens elsewhere.
        repair: reads what was not heard.
        connections: how many there are here, now.
        company: knows who is at which node.
    """

    def __init__(  # noqa: PLR0913, PLR0917  what a node is made of
        self,
        node: Node,
        nodes: Nodes,
        peers: Peers,
        publisher: Publisher,
        receiver: Receiver,
        repair: Repair,
        connections: Callable[[], int],
        company: Company,
    ) -> None:
        self._node = node
        self._nodes = nodes
        self._peers = peers
        self.publisher: Final = publisher
        self._receiver = receiver
        self.repair: Final = repair
        self._connections = connections
        self._company = company
        self._living: Collection[Node] = ()
        self._gap = trio.Event()
        self._is_apart = False

    @property
    def living(self) -> Collection[Node]:
        """The nodes whose lease holds, this one among them, as far as was seen last."""
        return self._living

    @property
    def is_apart(self) -> bool:
        """Whether the node reads the log because it does not hear everybody."""
        return self._is_apart

    def note_gap(self) -> None:
        """Something that was published is missing. Never waits."""
        self._gap.set()

    async def join(self) -> None:
        """Say for the first time that the node lives.

        Raises:
            NameTaken: another one that lives has its name.
            StoreUnavailable: it cannot be said now.
        """
        self._living = await self._nodes.renew(self._node, connections=0)

    async def run(self) -> None:
        """Be a node until cancelled; then say that it ends."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.publisher.run)
                nursery.start_soon(self._receiver.run)
                nursery.start_soon(self._renew)
                nursery.start_soon(self._watch)
        finally:
            with trio.move_on_after(GOODBYE_SECONDS, shield=True):
                await self._leave()

    async def _leave(self) -> None:
        await self.publisher.say_goodbye(0.0)
        try:
            await self._nodes.leave(self._node)
        except StoreUnavailable as error:
            log.warning("lease_not_ended", reason=str(error))

    async def _renew(self) -> None:
        trouble = ""
        while True:
            await trio.sleep(RENEW_SECONDS)
            try:
                self._living = await self._nodes.renew(self._node, connections=self._connections())
                trouble = ""
            except (NameTaken, StoreUnavailable) as error:
                if trouble != (trouble := str(error)):
                    log.error("lease_not_renewed", reason=trouble)  # noqa: TRY400  it says all

    async def _watch(self) -> None:
        """Notice what was not heard, and have it read."""
        while True:
            with trio.move_on_after(LOOK_SECONDS):
                await self._gap.wait()
                await trio.sleep(PAUSE_SECONDS)  # more may come at once
            living = [each.name for each in self._living]
            silence = self._peers.silence(living, trio.current_time())
            is_apart = silence.own or bool(silence.peers)
            if is_apart != self._is_apart:
                self._is_apart, self.publisher.hears_all = is_apart, not is_apart
                peers = sorted(silence.peers)
                log.warning("apart" if is_apart else "together", own=silence.own, peers=peers)
            try:
                await self.repair.sample()
                if is_apart or self._gap.is_set() or self.repair.is_due:
                    self._gap = trio.Event()
                    await self.repair.run_once()
                else:
                    self.repair.nothing_is_missing(self._peers.matched_at())
            except StoreUnavailable as error:
                log.warning("log_not_read", reason=str(error))
                self._gap.set()
                await trio.sleep(LOOK_SECONDS)
            # of one whose lease has ended nothing more comes
            dead = silence.peers - set(living)
            self._peers.forget(dead)
            for name in sorted(dead):
                announces = self._peers.is_first_besides(name)
                self._company.ended(name, None, announces=announces)
