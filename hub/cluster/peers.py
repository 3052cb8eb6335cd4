"""What a node knows of the others: which of them send bulletins, and which bulletins are missing.

Guarantees: it reports that bulletins of a peer are missing as soon as that can be known: by the
number of the next one, or by the next heartbeat. Must not know: clocks, what is in bulletins, what
carries them.
"""

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum, auto
from typing import Final

from attrs import define, field, frozen

from hub.cluster.bulletins import Heading
from persistence.nodes import Node

SILENT_SECONDS: Final = 3.0
"""A node of which no bulletin has come for so long counts as silent."""
MAX_PEERS: Final = 256
MAX_MISSING: Final = 200  # bulletins of one node that it is asked to repeat


class Arrival(Enum):
    """How the number of a bulletin follows those before."""

    NEXT = auto()
    REPEATED = auto()
    """The number is not new: the bulletin has come before, or is late."""
    AFTER_MISSING = auto()
    """Bulletins before it may be missing."""


@define
class Peer:
    """Another node, as of its last bulletin.

    Args:
        start: of the node; see `Heading`.
        number: of its last bulletin.
        heard_at: when a bulletin of it came last.
        matched_at: when it was known last which of its bulletins were missing.
        missing: the numbers of bulletins that did not come, the newest `MAX_MISSING`.
    """

    start: str
    number: int
    heard_at: float
    matched_at: float
    missing: dict[int, None] = field(factory=dict)

    def misses(self, first: int, last: int) -> None:
        """The bulletins with these numbers did not come."""
        self.missing |= dict.fromkeys(range(max(first, last - MAX_MISSING + 1), last + 1))
        while len(self.missing) > MAX_MISSING:
            del self.missing[next(iter(self.missing))]


@frozen
class Silence:
    """Which nodes are silent. `own`: the node's own heartbeats do not come back."""

    own: bool
    peers: frozenset[str]


@define
class Peers:
    """The other nodes.

    Args:
        own: the node's own heading; its number is not used.
        began_at: when the node began to listen.
    """

    own: Heading
    began_at: float
    _peers: dict[str, Peer] = field(factory=dict, init=False)
    _echoed_at: float = field(init=False)  # when an own heartbeat came back
    _delay: float = field(default=0.0, init=False)  # how long it was under way
    _ended: set[tuple[str, str]] = field(factory=set, init=False)  # their leases may still hold

    def __attrs_post_init__(self) -> None:
        self._echoed_at = self.began_at

    def is_own(self, heading: Heading) -> bool:
        """Whether it is a bulletin of this node, of this start."""
        return (heading.node, heading.start) == (self.own.node, self.own.start)

    def knows(self, heading: Heading) -> bool:
        """Whether a bulletin of this start of a node has come, and no goodbye."""
        peer = self._peers.get(heading.node)
        return peer is not None and peer.start == heading.start

    def echoed(self, now: float, sent_at: float) -> None:
        """An own heartbeat has come back."""
        self._echoed_at = now
        self._delay = now - sent_at

    def take(self, heading: Heading, now: float) -> Arrival:
        """A numbered bulletin of another node has come."""
        peer = self._peers.get(heading.node)
        if peer is None or peer.start != heading.start:
            return self._begin(heading, now, before=heading.number - 1)
        peer.heard_at = now
        if heading.number <= peer.number:
            return Arrival.REPEATED
        is_next = heading.number == peer.number + 1
        peer.misses(peer.number + 1, heading.number - 1)
        peer.number = heading.number
        return Arrival.NEXT if is_next else Arrival.AFTER_MISSING

    def beat(self, heading: Heading, now: float) -> Arrival:
        """A heartbeat of another node has come, which names the number of its last bulletin."""
        peer = self._peers.get(heading.node)
        if peer is None or peer.start != heading.start:
            return self._begin(heading, now, before=heading.number)
        peer.heard_at = now
        if heading.number < peer.number:
            return Arrival.REPEATED
        is_missing = heading.number > peer.number
        peer.misses(peer.number + 1, heading.number)
        peer.number, peer.matched_at = heading.number, now
        return Arrival.AFTER_MISSING if is_missing else Arrival.NEXT

    def fill(self, heading: Heading, number: int) -> bool:
        """A bulletin is not missing any more; returns whether it was."""
        peer = self._peers.get(heading.node)
        if peer is None or peer.start != heading.start or number not in peer.missing:
            return False
        del peer.missing[number]
        return True

    def missing(self) -> Mapping[str, Sequence[int]]:
        """The numbers of the bulletins that did not come, by node."""
        return {name: list(peer.missing) for name, peer in self._peers.items() if peer.missing}

    def ended(self, heading: Heading) -> None:
        """The goodbye of a node has come, which is the last of its bulletins."""
        peer = self._peers.get(heading.node)
        if peer is not None and peer.start == heading.start:
            del self._peers[heading.node]
            self._ended.add((heading.node, heading.start))

    def silence(self, living: Collection[Node], now: float) -> Silence:
        """The silent ones of the nodes that hold a lease (`living`) and have not said goodbye, and
        of those whose bulletins have come.
        """
        since = now - SILENT_SECONDS
        heard = {name for name, peer in self._peers.items() if peer.heard_at > since}
        self._ended &= {(each.name, each.start) for each in living}
        expected = {each.name for each in living if (each.name, each.start) not in self._ended}
        unheard = {*expected, *self._peers} - heard - {self.own.node}
        return Silence(self._echoed_at <= since, frozenset(unheard))

    def is_first_besides(self, name: str) -> bool:
        """Whether this node has the first name of all known nodes except `name`."""
        return all(self.own.node < each for each in self._peers if each != name)

    def forget(self, names: Collection[str]) -> None:
        """These nodes do not live any more."""
        for name in names:
            self._peers.pop(name, None)

    def heard_at(self, name: str, start: str) -> float | None:
        """When a bulletin of this start of a node, or of this node, came last; None: never."""
        if (name, start) == (self.own.node, self.own.start):
            return self._echoed_at
        peer = self._peers.get(name)
        return peer.heard_at if peer is not None and peer.start == start else None

    @property
    def delay(self) -> float:
        """How many seconds the last own heartbeat was under way."""
        return self._delay

    def matched_at(self) -> float:
        """The time up to which all that was published has come, by the heartbeats of the nodes, if
        these take as long as the own ones do.
        """
        came_at = [self._echoed_at, *(peer.matched_at for peer in self._peers.values())]
        return min(came_at) - self._delay

    def names(self) -> AbstractSet[str]:
        """The nodes whose bulletins have come, and which have neither said goodbye nor been
        forgotten.
        """
        return self._peers.keys()

    def __len__(self) -> int:
        return len(self._peers)

    def _begin(self, heading: Heading, now: float, *, before: int) -> Arrival:
        """The first bulletin of a node, or of its new start, has come: what it published `before`,
        and the last bulletins of its former start, may be missing.
        """
        is_known = heading.node in self._peers
        if len(self._peers) >= MAX_PEERS and not is_known:
            del self._peers[next(iter(self._peers))]
        self._peers[heading.node] = Peer(heading.start, heading.number, now, now)
        return Arrival.AFTER_MISSING if is_known or before else Arrival.NEXT
