"""The other nodes, as services see them: what happens here is published to them.

Guarantees: publishing never waits, and without other nodes does nothing. Must not know: what
carries bulletins, which nodes there are.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Final, Protocol, get_args

from attrs import frozen

from hub.actor.hub import Hub
from hub.actor.letters import Delivery
from hub.cluster.bulletins import (
    Change,
    Crossing,
    Key,
    Named,
    Reaching,
    Sign,
    StoredMessage,
    Takeover,
)
from hub.limits.quotas import Kind
from protocol.model import UserId

_CROSSING: Final = get_args(Crossing)
_NAMED: Final = get_args(Named)


class Elsewhere(Protocol):
    """Publishes to the other nodes.

    `exists`: whether there may be other nodes, whose clients may want what no client here wants;
    `is_apart`: whether this node may not know what happens at the others.
    """

    @property
    def exists(self) -> bool: ...  # noqa: D102

    @property
    def is_apart(self) -> bool: ...  # noqa: D102

    def stored(self, messages: Iterable[StoredMessage]) -> None:
        """Messages were stored here, in this order."""

    def changed(self, changes: Iterable[Change]) -> None:
        """Revisions were made here, in this order."""

    def delivered(self, deliveries: Sequence[Delivery]) -> None:
        """These are delivered here and are to be at other nodes, except those that concern single
        connections.
        """

    def moved(self, key: Key, *, is_here: bool) -> None:
        """The first connection with a key has come to this node, or the last one has ended."""

    def present(self, keys: Collection[Key]) -> None:
        """Exactly these keys are at this node."""

    def signs(self, signs: Sequence[Sign]) -> None:
        """These are delivered here, and are to be at other nodes, where they change something."""

    def took_over(self, takeover: Takeover) -> None:
        """A connection that was perhaps at another node continues here."""

    def spent(self, user_id: UserId, kind: Kind) -> None:
        """A user was allowed one of a kind that all nodes count together."""

    def lacks(self, nodes: Sequence[str]) -> None:
        """It is not known who is at these nodes, until the next call."""


class _Nowhere:
    """There are no other nodes."""

    exists = False
    is_apart = False

    def stored(self, messages: Iterable[StoredMessage]) -> None:
        """Nothing happens."""

    def changed(self, changes: Iterable[Change]) -> None:
        """Nothing happens."""

    def delivered(self, deliveries: Sequence[Delivery]) -> None:
        """Nothing happens."""

    def moved(self, key: Key, *, is_here: bool) -> None:
        """Nothing happens."""

    def present(self, keys: Collection[Key]) -> None:
        """Nothing happens."""

    def signs(self, signs: Sequence[Sign]) -> None:
        """Nothing happens."""

    def took_over(self, takeover: Takeover) -> None:
        """Nothing happens."""

    def spent(self, user_id: UserId, kind: Kind) -> None:
        """Nothing happens."""

    def lacks(self, nodes: Sequence[str]) -> None:
        """Nothing happens."""


NOWHERE: Final[Elsewhere] = _Nowhere()


@frozen
class Announcer:
    """Delivers at every node.

    Args:
        hub: delivers here.
        elsewhere: the other nodes.
    """

    hub: Hub
    elsewhere: Elsewhere = NOWHERE

    async def announce(self, deliveries: Sequence[Delivery]) -> None:
        """Deliver these events in order, here and elsewhere."""
        self.elsewhere.delivered(deliveries)
        await self.hub.broadcast(deliveries)

    async def show(self, deliveries: Sequence[Delivery], signs: Iterable[Sign]) -> None:
        """Deliver these here, and the signs at other nodes; the signs are made only if there may be
        other nodes.
        """
        if self.elsewhere.exists and (made := list(signs)):
            self.elsewhere.signs(made)
        await self.hub.broadcast(deliveries)


def crossing(deliveries: Sequence[Delivery]) -> list[Reaching]:
    """Those of the deliveries that mean something at another node."""
    return [
        Reaching(each.event, each.to)
        for each in deliveries
        if isinstance(each.event, _CROSSING) and isinstance(each.to, _NAMED)
    ]


def local(reaching: Sequence[Reaching]) -> list[Delivery]:
    """Events from another node, as deliveries."""
    return [Delivery(each.event, each.to) for each in reaching]
