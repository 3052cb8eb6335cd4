"""A hub as one of several nodes on one database.

Guarantees: a node that gets no bulletins of another one, or not its own heartbeats back, notices
within `SILENT_SECONDS` and reads the log every half second until they come again; whichever
bulletins are lost, repeated or late, what is delivered here is what the log has, in its order. A
node that does not renew its lease counts as dead. Must not know: what carries bulletins, dialects,
SQL.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from math import inf
from typing import Final

import structlog
import trio
from attrs import frozen

from hub.actor.hub import Hub
from hub.cluster.bulletins import Heading
from hub.cluster.peers import SILENT_SECONDS, Peers
from hub.cluster.publishing import Publisher
from hub.cluster.receiving import Company, Inbox, Receiver, ReceivingFigures
from hub.cluster.repair import Repair
from persistence.bus import Bus
from persistence.interface import Store
from persistence.nodes import LEASE_SECONDS, Lease, NameTaken, Node
from persistence.records import StoreUnavailable

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 0.5
PAUSE_SECONDS: Final = 0.05
RENEW_SECONDS: Final = 2.0
GOODBYE_SECONDS: Final = 2.0


@frozen
class KnownNode:
    """A node as another one knows it.

    Args:
        lease: the lease of the node in the database.
        silence: how many seconds ago the last bulletin of it came; None: none came.
        missing: how many of its bulletins are missing.
    """

    lease: Lease
    silence: float | None
    missing: int


class Cluster:
    """What makes a hub a node.

    Args:
        node: the node that the hub is.
        bus: carries bulletins.
        store: has the log, and the leases of nodes.
        epoch: of the log, now.
    """

    def __init__(self, node: Node, bus: Bus, store: Store, epoch: Callable[[], str]) -> None:
        self.node: Final = node
        self._bus = bus
        self._nodes = store.nodes
        self._epoch = epoch
        self._peers = Peers(Heading(node.name, node.start, 0), trio.current_time())
        self.publisher: Final = Publisher(bus, node.name, node.start, epoch, self._peers.missing)
        self.repair: Final = Repair(store.messages, store.nodes)
        self.receiving: Final = ReceivingFigures()
        self._living: Collection[Node] = ()
        self._gap = trio.Event()
        self._is_apart = False
        self.goodbye_seconds = 0.0
        """How long after its end the users of this node are not to be announced as offline."""
        self._connections: Callable[[], int] = int  # none so far
        self._looked = trio.Event()
        self._looks_at = -inf
        self._looking = trio.Lock()

    @property
    def name(self) -> str:
        """The node's name."""
        return self.node.name

    @property
    def living(self) -> Collection[Node]:
        """The nodes whose lease holds, this one among them, as the database had them last."""
        return self._living

    def others(self) -> Collection[str]:
        """The names of the other nodes that hold a lease or send bulletins, as far as is known."""
        living = {each.name for each in self._living}
        return (living | self._peers.names()) - {self.node.name}

    @property
    def bus_delay(self) -> float:
        """How many seconds the bus took for the heartbeat of this node that came back last."""
        return self._peers.delay

    @property
    def is_apart(self) -> bool:
        """Whether the node reads the log because it does not get the bulletins of all nodes."""
        return self._is_apart

    async def known(self) -> Sequence[KnownNode]:
        """Every node that lives, or was killed within the last day, by name. Raises
        StoreUnavailable.
        """
        missing, now = self._peers.missing(), trio.current_time()
        found: list[KnownNode] = []
        for lease in await self._nodes.leases():
            node = lease.node
            heard_at = self._peers.heard_at(node.name, node.start)
            silence = None if heard_at is None else now - heard_at
            found.append(KnownNode(lease, silence, len(missing.get(node.name, ()))))
        return found

    async def find(self, name: str, start: str | None = None) -> Node | None:
        """The living node with that name and, if it is given, that `start`. A node that is not
        known is looked up in the database, which takes `LOOK_SECONDS` at most, and happens at most
        once in that time for all names.
        """
        if (found := self._known(name, start)) is not None:
            return found
        async with self._looking:
            now = trio.current_time()
            if self._known(name, start) is None and now >= self._looks_at:
                self._looks_at = now + LOOK_SECONDS
                with trio.move_on_after(LOOK_SECONDS), suppress(NameTaken, StoreUnavailable):
                    await self._look()
        return self._known(name, start)

    def _known(self, name: str, start: str | None) -> Node | None:
        living = (each for each in self._living if each.name == name)
        return next((each for each in living if start in {None, each.start}), None)

    async def next_look(self) -> Collection[Node]:
        """Wait until the leases are read again; returns the nodes that live."""
        await self._looked.wait()
        return self._living

    async def _look(self) -> None:
        """Renew the lease; read which others hold."""
        self._living = await self._nodes.renew(self.node, connections=self._connections())
        looked, self._looked = self._looked, trio.Event()
        looked.set()

    def note_gap(self) -> None:
        """A bulletin that was published is missing. Never waits."""
        self._gap.set()

    async def join(self) -> None:
        """Take the node's lease. What is stored from now on is not missed. A node that was killed
        has its name until its lease ends: its successor waits for that.

        Raises:
            NameTaken: another node that lives has the name.
            StoreUnavailable: the lease cannot be written now.
        """
        until = trio.current_time() + LEASE_SECONDS + RENEW_SECONDS
        if not await self._has_joined(until):
            log.info("waiting_for_name", name=self.node.name, at_most_seconds=LEASE_SECONDS)
            while not await self._has_joined(until):  # noqa: ASYNC110  nothing reports its end
                await trio.sleep(LOOK_SECONDS)
        await self.repair.begin_anew()

    async def _has_joined(self, until: float) -> bool:
        """Whether the name was free. Raises NameTaken: it is still taken after `until`."""
        try:
            await self._look()
        except NameTaken:
            if trio.current_time() >= until:
                raise
            return False
        return True

    async def run(self, inbox: Inbox, company: Company, hub: Hub) -> None:
        """Be a node until cancelled; then publish that it ends.

        Args:
            inbox: puts what other nodes have stored in order.
            company: knows which users are at which node, and which of them type.
            hub: delivers; the lease has its number of connections.
        """
        self._connections = lambda: len(hub.clients())
        receiver = Receiver(
            self._bus,
            self._epoch,
            self._peers,
            self.find,
            inbox,
            hub,
            self.note_gap,
            company,
            self.publisher,
            self.receiving,
        )
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.publisher.run, inbox.take_doubt)
                nursery.start_soon(receiver.run)
                nursery.start_soon(self._renew)
                nursery.start_soon(self._watch, inbox, company)
        finally:
            with trio.move_on_after(GOODBYE_SECONDS, shield=True):
                await self._leave()

    async def _leave(self) -> None:
        await self.publisher.say_goodbye(self.goodbye_seconds)
        try:
            await self._nodes.leave(self.node)
        except StoreUnavailable as error:
            log.warning("lease_not_ended", reason=str(error))

    async def _renew(self) -> None:
        trouble = ""
        while True:
            await trio.sleep(RENEW_SECONDS)
            try:
                await self._look()
                trouble = ""
            except (NameTaken, StoreUnavailable) as error:
                if trouble != (trouble := str(error)):
                    log.error("lease_not_renewed", reason=trouble)  # noqa: TRY400  text says all

    async def _watch(self, inbox: Inbox, company: Company) -> None:
        """Notice that bulletins are missing, and have the log read."""
        epoch, trouble = self._epoch(), ""
        while True:
            with trio.move_on_after(LOOK_SECONDS):
                await self._gap.wait()
                await trio.sleep(PAUSE_SECONDS)  # more may come at once
            silence = self._peers.silence(self._living, trio.current_time())
            is_apart = silence.own or bool(silence.peers)
            if is_apart != self._is_apart:
                self._is_apart, self.publisher.hears_all = is_apart, not is_apart
                is_new = trio.current_time() < self._peers.began_at + SILENT_SECONDS
                say = log.info if is_new else log.warning  # at first no bulletins have come
                peers = sorted(silence.peers)
                say("apart" if is_apart else "together", own=silence.own, peers=peers)
            try:
                if epoch != self._epoch():
                    await self.repair.begin_anew()
                    epoch = self._epoch()
                await self.repair.sample()
                if is_apart or self._gap.is_set() or self.repair.is_due:
                    self._gap = trio.Event()
                    await self.repair.run_once(inbox.suspect)
                else:
                    self.repair.nothing_is_missing(self._peers.matched_at())
                trouble = ""
            except StoreUnavailable as error:
                if trouble != (trouble := str(error)):
                    log.warning("log_not_read", reason=trouble)
                self._gap.set()
                await trio.sleep(LOOK_SECONDS)
            # a node whose lease has ended publishes nothing more
            dead = silence.peers - {each.name for each in self._living}
            self._peers.forget(dead)
            for name in sorted(dead):
                announces = self._peers.is_first_besides(name)
                company.ended(name, None, announces=announces)
